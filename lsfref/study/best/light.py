"""Light that changes in a run of frames (X8). No part of the paper.

In: frames_FHW, grey 0..255, successive.  Out: N_LIGHT numbers.

Light changes all parts of a picture in the same direction and does so together; what moves
brightens one part and darkens another.
"""

import numpy as np

from lsfref.arrays import Floats

GRID = (6, 8)  # parts of a picture, down and across
DARK = 8.0  # grey levels, added before the logarithm
LAGS = (1, 4, 16)  # frames
N_LIGHT = 1 + len(LAGS)


def light(frames_FHW: Floats) -> Floats:
    """Return how far the strongest mode of the log means has one sign, 0 to 1, and over LAGS the
    |mean change| of the parts over their mean |change|; 0 where a run is too short."""
    parts_FV = np.log(part_means(frames_FHW) + DARK)
    mode_V = np.linalg.svd(parts_FV - parts_FV.mean(axis=0), full_matrices=False)[2][0]
    found = [abs(mode_V.sum()) / (np.abs(mode_V).sum() + 1e-9)]
    for lag in LAGS:
        changes = parts_FV[lag:] - parts_FV[:-lag]
        together = np.abs(changes.mean(axis=1)) + 1e-4
        found.append(together.mean() / (np.abs(changes).mean() + 3e-4) if len(changes) else 0.0)
    return np.array(found, dtype=np.float64)


def part_means(frames_FHW: Floats) -> Floats:
    """Return means_FV of GRID parts of each frame, row after row."""
    rows = np.array_split(frames_FHW, GRID[0], axis=1)
    parts = [part for row in rows for part in np.array_split(row, GRID[1], axis=2)]
    return np.stack([part.mean(axis=(1, 2), dtype=np.float64) for part in parts], axis=1)
