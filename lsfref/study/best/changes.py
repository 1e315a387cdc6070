"""How the pictures of a video change, over time and over scale (X7). No part of the paper.

In: frame_HW after frame_HW, grey 0..255.  Out: changes_V, 80 numbers a video.

Tracks are blind to light: the flow takes local brightness and contrast off (FL4), and where nothing
can be followed they say nothing. How far a pixel, a block of 4 or 16 px and the whole picture are
from what they were 1, 2, 4 and 8 frames ago tells such processes apart: noise averages out over a
block and does not grow with time, light moves all blocks together, rain is rare and strong.
"""

from collections import deque

import numpy as np

from lsfref.arrays import Floats

LAGS = (1, 2, 4, 8)  # frames
BLOCKS = (4, 16)  # sides, pixels; beside them single pixels and the whole picture
QUANTILES = (0.5, 0.9, 0.99)  # of the absolute differences of one scale
LEAST = 0.5  # grey levels, added to a difference: below it logarithms level off
PER_FRAME = len(LAGS) * (len(QUANTILES) * (1 + len(BLOCKS)) + 1)
N_CHANGES = 2 * PER_FRAME


class Changes:
    """How the frames of a video differ from earlier ones: mean and deviation over the frames."""

    def __init__(self) -> None:
        self.n = 0
        self.earlier: deque[list[Floats]] = deque(maxlen=LAGS[-1])
        self.origin_V: Floats = np.zeros(PER_FRAME)
        self.sum_V, self.squares_V = np.zeros(PER_FRAME), np.zeros(PER_FRAME)

    def add(self, frame_HW: Floats) -> None:
        """Take the next frame, of 16 px a side or more.

        From frame number 8 on, counted from 0, its row is log(LEAST + q), grey levels, for lag
        after lag: the quantiles q of the absolute differences of pixels (every second one of every
        second row), of means over blocks of 4 and of 16 px, and the absolute difference of the
        means over the picture.
        """
        scales = [frame_HW[::2, ::2], *(block_means(frame_HW, side=side) for side in BLOCKS)]
        scales.append(frame_HW.mean(keepdims=True))
        if len(self.earlier) == LAGS[-1]:
            rows = []
            for lag in LAGS:
                pairs = zip(scales, self.earlier[-lag], strict=True)
                *parts, whole = (np.abs(a - b) for a, b in pairs)
                rows += [np.quantile(part, QUANTILES) for part in parts]
                rows.append(whole[0])
            self._count(np.log(LEAST + np.concatenate(rows, dtype=np.float64)))
        self.earlier.append(scales)

    def _count(self, row_V: Floats) -> None:
        if not self.n:
            self.origin_V = row_V  # what is constant has deviation 0 exactly
        self.sum_V += row_V - self.origin_V
        self.squares_V += np.square(row_V - self.origin_V)
        self.n += 1

    def summary(self) -> Floats:
        """Return changes_V: the mean of the rows, then their deviation; zeros for none."""
        mean_V = self.sum_V / max(self.n, 1)
        deviation_V = np.sqrt(np.maximum(self.squares_V / max(self.n, 1) - mean_V**2, 0))
        return np.concatenate([self.origin_V + mean_V, deviation_V])


def block_means(images: Floats, *, side: int) -> Floats:
    """Return the mean of each side x side block of the last two axes, from the top left; the rest
    is left out."""
    *others, height, width = images.shape
    rows, columns = height // side, width // side
    blocks = images[..., : rows * side, : columns * side]
    return blocks.reshape(*others, rows, side, columns, side).mean(axis=(-3, -1))
