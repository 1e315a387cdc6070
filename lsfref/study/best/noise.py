"""Noise and rain in a run of frames (X8). No part of the paper.

In: frames_FHW, grey 0..255, successive.  Out: N_NOISE numbers.

Noise is the same everywhere, has no neighbors and is gone on the next frame: successive
differences then correlate by -1/2. What moves has neighbors and correlates upwards; a drop of rain
is one bright streak, taller than wide, on a single frame.
"""

import numpy as np

from lsfref.arrays import Bools, Floats

FRAMES = 24  # of a run that are looked at
FLAT = 0.4  # share of the pixels, those of least gradient
OFFSETS = ((0, 1), (1, 0), (0, 4), (4, 0))  # pixels down, right
LAGS = (2, 4, 8, 16)  # frames
DEVIATION = 1.4826  # times the median of absolute values, of normal numbers
LEAST = 0.05  # grey levels squared, added to an energy
N_NOISE = 5 + len(OFFSETS) + 2 * len(LAGS) + 4


def noise(frames_FHW: Floats) -> Floats:
    """Return the level (flat parts, everywhere, how far squares exceed it), correlations over
    OFFSETS and with the next difference, growth over LAGS, and what happens on one frame alone."""
    some = frames_FHW[:FRAMES]
    flat_HW = flat_parts(some.mean(axis=0))
    steps_fHW = np.diff(some, axis=0)
    sigma, sigma_flat = deviation(steps_fHW), deviation(steps_fHW[:, flat_HW])
    excess = np.sqrt(np.square(steps_fHW[:, flat_HW]).mean()) + 0.1
    levels = [sigma_flat + 0.1, sigma + 0.1, excess / (sigma_flat + 0.2)]
    limit = 4 * sigma + 2  # what moves does not hide the noise
    even_fHW = steps_fHW - steps_fHW.mean(axis=(1, 2), keepdims=True)
    even_fHW = np.clip(even_fHW, -limit, limit)
    return np.concatenate(
        [
            np.log(levels),
            [_neighbors(even_fHW, *offset) for offset in OFFSETS],
            [_successors(even_fHW), _successors(even_fHW[:, flat_HW])],
            _growth(some, flat_HW),
            _flashes(steps_fHW, least=max(3.6 * sigma, 4.0)),
        ],
        dtype=np.float64,
    )


def flat_parts(picture_HW: Floats) -> Bools:
    """Return flat_HW, where the gradient is among the lowest FLAT."""
    down_HW, right_HW = np.gradient(picture_HW)
    steep_HW = down_HW**2 + right_HW**2
    return steep_HW <= np.quantile(steep_HW, FLAT)


def deviation(steps: Floats) -> float:
    """Return the deviation of one frame's noise from differences of two, whatever moves a bit."""
    return float(DEVIATION * np.median(np.abs(steps)) / np.sqrt(2))


def _neighbors(even_fHW: Floats, down: int, right: int) -> float:
    height, width = even_fHW.shape[1:]
    products = even_fHW[:, down:, right:] * even_fHW[:, : height - down, : width - right]
    return float(products.mean() / (np.square(even_fHW).mean() + LEAST))


def _successors(even: Floats) -> float:
    return float((even[1:] * even[:-1]).mean() / (np.square(even).mean() + LEAST))


def _growth(some_FHW: Floats, flat_HW: Bools) -> list[float]:
    """Return how much larger than over one frame differences over LAGS are, in logs: energy
    everywhere, median in the flat parts; 0 where a run is too short."""
    found = []
    for lag in (1, *LAGS):
        steps = some_FHW[min(lag, len(some_FHW) - 1) :] - some_FHW[: max(len(some_FHW) - lag, 1)]
        median = np.median(np.abs(steps[:, flat_HW]))
        found.append(np.log([np.square(steps).mean() + LEAST, median + 0.3]))
    grown = np.array(found[1:]) - found[0]
    grown[np.array(LAGS) >= len(some_FHW)] = 0
    return grown.ravel().tolist()


def _flashes(steps_fHW: Floats, *, least: float) -> list[float]:
    """Return of pixels that differ from both frames beside by more than `least` the log share that
    is bright, and dark; of the bright ones, coherence and uprightness of the structure tensor."""
    before, after = steps_fHW[:-1], -steps_fHW[1:]
    bright, dark = np.minimum(before, after), np.minimum(-before, -after)
    shares = [np.log((flash > least).mean() + 1e-4) for flash in (bright, dark)]
    excess = np.clip(bright - least, 0, 3 * least)
    down = excess[:, 2:, 1:-1] - excess[:, :-2, 1:-1]
    right = excess[:, 1:-1, 2:] - excess[:, 1:-1, :-2]
    xx, yy, xy = (right**2).mean(), (down**2).mean(), (down * right).mean()
    trace = xx + yy + 1e-3
    return [*shares, np.hypot(xx - yy, 2 * xy) / trace, (xx - yy) / trace]
