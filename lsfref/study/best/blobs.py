"""What stands out against the median picture (X8). No part of the paper.

In: some frames and the median picture, grey 0..255.  Out: N_BLOBS numbers.
"""

import numpy as np
import scipy  # its parts are loaded where they are used: every process starts 0.4 s sooner

from lsfref.arrays import Bools, Floats

LEAST = 8.0  # grey levels that a pixel stands out by, or three deviations of the noise
AREA = 25  # pixels of a blob that counts
UPRIGHT = 0.4  # log of height over width
NONE = (0.0, 0.0, 0.0, 0.5, 0.5, -4.0, 0.0, 0.0)  # shapes of no blob
N_BLOBS = 6 + len(NONE)


def blobs(frames_FHW: Floats, median_HW: Floats, *, sigma: float) -> Floats:
    """Return the logs of the share of the picture that stands out: its mean, largest and deviation
    over the frames; the shapes of the blobs; how much stands out in many frames, in two of these
    frames running, and anywhere."""
    apart_FHW = np.abs(frames_FHW - median_HW) > max(LEAST, 3 * sigma)
    clean = [_clean(apart_HW) for apart_HW in apart_FHW]
    share_F = np.array([mask_HW.mean() for mask_HW in clean])
    often_HW = apart_FHW.mean(axis=0)
    running = (apart_FHW[1:] & apart_FHW[:-1]).sum()
    return np.array(
        [
            *np.log(np.array([share_F.mean(), share_F.max(), share_F.std()]) + 1e-4),
            *_shapes(clean),
            np.square(often_HW).sum() / (often_HW.sum() + 1),
            np.log(running / (apart_FHW.sum() + 1.0) + 0.01),
            np.log((often_HW > 0).mean() + 1e-3),
        ],
        dtype=np.float64,
    )


def _clean(apart_HW: Bools) -> Bools:
    opened_HW = scipy.ndimage.binary_opening(apart_HW, np.ones((2, 2)))
    return np.asarray(scipy.ndimage.binary_closing(opened_HW, np.ones((5, 5))))


def _shapes(masks: list[Bools]) -> list[float]:
    """Return of all blobs log(height / width): median, mean by area, ninth decile; density: median,
    mean by area; log of the median height of the picture's; how many are upright, and by area."""
    found = []
    for mask_HW in masks:
        labels_HW = scipy.ndimage.label(mask_HW)[0]
        area_B = np.bincount(labels_HW.ravel())[1:]
        for area, (rows, columns) in zip(
            area_B, scipy.ndimage.find_objects(labels_HW), strict=True
        ):
            if area >= AREA:
                found.append((area, rows.stop - rows.start, columns.stop - columns.start))
    if not found:
        return list(NONE)
    area, height, width = np.array(found, dtype=np.float64).T
    upright, density, weight = np.log(height / width), area / (height * width), area / area.sum()
    return [
        np.median(upright), weight @ upright, np.quantile(upright, 0.9),
        np.median(density), weight @ density, np.log(np.median(height) / masks[0].shape[0]),
        (upright > UPRIGHT).mean(), weight @ (upright > UPRIGHT),
    ]  # fmt: skip
