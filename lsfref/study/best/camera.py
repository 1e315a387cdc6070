"""Motion of the whole picture in a run of frames (X8). No part of the paper.

In: frames_FHW, grey 0..255, successive.  Out: N_CAMERA numbers: of a camera that shakes or pans.

Each pair of frames is aligned by a shift, beside a gain and an offset of the light: first by phase
correlation, then by robust Gauss-Newton steps.
"""

import itertools
from typing import NamedTuple

import numpy as np
import scipy  # its parts are loaded where they are used: every process starts 0.4 s sooner

from lsfref.arrays import Bools, Floats
from lsfref.study.best.changes import block_means
from lsfref.study.best.noise import DEVIATION

SIDE = 128  # pixels, at most, of the longer side
STEPS = 3
FARTHEST = 16  # pixels, of a phase correlation that is believed
WIDTH = 320  # pixels that speeds are told for
STILL = 0.02  # pixels a frame, added before a logarithm
N_CAMERA = 12


class Path(NamedTuple):
    """How the picture moves from each frame to the next; one row a pair."""

    shift_f2: Floats  # down, right, pixels of WIDTH a picture's longer side
    gain_f: Floats
    raw_f: Floats  # mean squared difference
    left_f: Floats  # what is left of it once they are aligned


def camera(frames_FHW: Floats) -> Floats:
    """Return the logs of speeds (root mean square, three quantiles), of accelerations (root mean
    square, median), of the drift and of the path beside it; how vertical that is; the log of how
    much alignment takes off, of what it leaves, and of how the gain varies."""
    path = align(frames_FHW)
    speed_f, drift_2 = np.hypot(*path.shift_f2.T), path.shift_f2.mean(axis=0)
    jerk_g = np.hypot(*np.diff(path.shift_f2, axis=0).T)
    around_f2 = path.shift_f2 - drift_2
    way_f2 = np.cumsum(around_f2, axis=0)
    vertical, total = (np.square(a).sum() for a in (around_f2[:, 0], around_f2))
    slow = [_root(speed_f), *np.quantile(speed_f, (0.25, 0.5, 0.9)), _root(jerk_g)]
    slow += [np.median(jerk_g), np.hypot(*drift_2)]
    return np.array(
        [
            *np.log(np.array(slow) + STILL),
            np.log(_root(np.hypot(*way_f2.T)) + 0.05),
            vertical / (total + 0.01),
            np.log((path.raw_f.mean() + 0.1) / (path.left_f.mean() + 0.1)),
            np.log(path.left_f.mean() + 0.1),
            np.log(path.gain_f.std() + 1e-3),
        ],
        dtype=np.float64,
    )


def _root(values: Floats) -> float:
    return float(np.sqrt(np.square(values).mean()))


def align(frames_FHW: Floats) -> Path:
    """Return the Path of a run of frames."""
    longer = max(frames_FHW.shape[1:])
    side = -(-longer // SIDE)
    small = [block_means(frame_HW, side=side) for frame_HW in frames_FHW]
    found = []
    for before_hw, after_hw in itertools.pairwise(small):
        start_2 = phase_shift(before_hw, after_hw)
        rest = [np.abs(before_hw - _moved(after_hw, s * start_2)).mean() for s in (0, 1)]
        start_2 *= rest[1] < rest[0] and np.abs(start_2).max() <= FARTHEST
        shift_2, gain, left = refine(before_hw, after_hw, start_2)
        raw = np.square(before_hw - after_hw).mean()
        found.append([*shift_2 * (side * WIDTH / longer), gain, raw, left])
    rows = np.array(found)
    return Path(rows[:, :2], *rows[:, 2:].T)


def phase_shift(before_HW: Floats, after_HW: Floats) -> Floats:
    """Return shift_2, the whole pixels (down, right) that `after` is displaced by."""
    height, width = before_HW.shape
    window_HW = np.hanning(height)[:, None] * np.hanning(width)
    first, second = (np.fft.rfft2((a - a.mean()) * window_HW) for a in (before_HW, after_HW))
    cross = np.conj(first) * second
    size = np.abs(cross)
    peak_HW = np.fft.irfft2(cross / (size + 1e-6 * size.max() + 1e-9), before_HW.shape)
    found_2 = np.array(np.unravel_index(peak_HW.argmax(), peak_HW.shape), dtype=np.float64)
    return np.where(found_2 > np.array(peak_HW.shape) // 2, found_2 - peak_HW.shape, found_2)


def refine(before_HW: Floats, after_HW: Floats, start_2: Floats) -> tuple[Floats, float, float]:
    """Return (shift_2, gain, what is left): after(x + shift) = gain before(x) + offset.

    Pixels count by Geman and McClure's weight of their error against its median.
    """
    found_4 = np.array([*start_2, 1, 0], dtype=np.float64)  # shift, gain, offset
    limit_2 = np.array(before_HW.shape) / 4
    for step in range(STEPS + 1):
        moved_HW = _moved(after_HW, found_4[:2])
        left_HW = before_HW * found_4[2] + found_4[3] - moved_HW
        inner_HW = _inner(before_HW.shape, found_4[:2])
        if step == STEPS:
            break
        sigma = DEVIATION * np.median(np.abs(left_HW[inner_HW])) + 0.5
        weight_A = np.where(inner_HW, 1 / (1 + (left_HW / (2 * sigma)) ** 2) ** 2, 0).ravel()
        slopes = [*np.gradient(moved_HW), -before_HW, -np.ones(before_HW.shape)]
        slopes_4A = np.stack(slopes).reshape(4, -1)
        normal_44 = (slopes_4A * weight_A) @ slopes_4A.T + 1e-6 * np.eye(4)
        normal_44[[0, 1], [0, 1]] += 5e-6 * np.trace(normal_44[:2, :2]) + 1e-3
        found_4 = found_4 + np.linalg.solve(normal_44, (slopes_4A * weight_A) @ left_HW.ravel())
        found_4[:2] = np.clip(found_4[:2], -limit_2, limit_2)
    return found_4[:2], float(found_4[2]), float(np.square(left_HW[inner_HW]).mean())


def _moved(after_HW: Floats, shift_2: Floats) -> Floats:
    """Return after_HW as `before` sees it, (down, right) displaced back, its border repeated."""
    return np.asarray(scipy.ndimage.shift(after_HW, -shift_2, order=1, mode="nearest"))


def _inner(shape: tuple[int, ...], shift_2: Floats) -> Bools:
    """Return inner_HW, the pixels whose counterpart lies within the picture, a pixel apart."""
    inside = [
        (np.arange(n) + moved >= 1) & (np.arange(n) + moved <= n - 2)
        for n, moved in zip(shape, shift_2, strict=True)
    ]
    return inside[0][:, None] & inside[1]
