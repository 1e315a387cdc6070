"""People in a few frames of a video: histograms of oriented gradients in windows (X9).

In: grey_HW of some frames, and where their pixels move.  Out: people_V, N_PEOPLE numbers a video.
No part of the paper.

Dalal and Triggs, CVPR 2005: square roots of grey, gradients, votes for 9 unsigned directions in
cells of 8 px, blocks of 2 x 2 cells normalized by L2-Hys, and a linear classifier of windows of
64 x 128 px at every cell, on pictures of many sizes. Its coefficients are those of OpenCV's people
detector (people.txt); what can be learned from a few hundred clips does not come near.
"""

import functools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from lsfref.arrays import Bools, Floats
from lsfref.kernels import pyramid

CELL, BINS = 8, 9  # pixels; directions from 0 to 180 degrees
WINDOW = (15, 7)  # blocks, down and across: 128 x 64 px
SIGMA = 4.0  # pixels, of the Gaussian that a block is seen through
CLIPPED = 0.2  # L2-Hys
EPSILONS = (0.1 * 4 * BINS, 1e-3)  # added to the norms before and after clipping, as in OpenCV
SIDE = 640  # pixels, the longer side of the largest picture
STEP = 1.2  # each picture is smaller than the last by this factor
MOVING = 0.15  # share of moving pixels that a window wants (X10)
INNER = ((0.10, 0.95), (0.15, 0.85))  # the part of its height and width in which they are counted
NOBODY = -1.0  # a score; lower ones, and none, count as this
N_PEOPLE = 5


class Windows(NamedTuple):
    """All windows of one picture: scores_HW by place, and pixels of a frame for one of it."""

    scores_HW: Floats
    scale_2: Floats  # down, across: frame pixels a picture pixel


def people(frames: Sequence[tuple[Floats, Bools]], *, gated: bool = True) -> Floats:
    """Return people_V of (grey_HW, moving_HW) pairs: the largest and the mean over the frames of
    the best score of all windows, and of those that move; the mean share of moving pixels.

    Choices: X10 gated: only windows with enough moving pixels; otherwise all in their place.
    """
    rows = []
    for grey_HW, moving_HW in frames:
        best = best_moving = NOBODY
        counts = cumulated(moving_HW)
        for windows in search(grey_HW):
            best = max(best, float(windows.scores_HW.max()))
            moves = moving_share(counts, windows) > MOVING
            if gated and moves.any():
                best_moving = max(best_moving, float(windows.scores_HW[moves].max()))
        rows.append([best, best_moving if gated else best, moving_HW.mean()])
    rows_F3 = np.array(rows, dtype=np.float64)
    return np.concatenate([rows_F3[:, :2].max(axis=0), rows_F3.mean(axis=0)])


def search(grey_HW: Floats) -> Iterator[Windows]:
    """Yield the Windows of grey_HW, 0..255, enlarged or shrunk to SIDE, then STEP by STEP smaller,
    while a window fits."""
    largest = SIDE / max(grey_HW.shape)
    base = tuple(round(n * largest) for n in grey_HW.shape)
    picture = pyramid.resize_bilinear(grey_HW.astype(np.float32), (base[0], base[1]))
    least = tuple((n + 1) * CELL for n in WINDOW)
    for level in range(99):
        rows, columns = (round(n / STEP**level) for n in base)
        if rows < least[0] or columns < least[1]:
            return
        small = pyramid.resize_bilinear(picture, (rows, columns)) if level else picture
        scale_2 = np.array(grey_HW.shape) / (rows, columns)
        yield Windows(window_scores(block_histograms(small)), scale_2)


def block_histograms(picture_HW: Floats) -> Floats:
    """Return blocks_hw36: of each block, one a cell, 4 histograms (down, across, direction)."""
    rows, columns = (n // CELL for n in picture_HW.shape)
    votes = _votes(picture_HW, rows * CELL, columns * CELL)
    half_84 = _cell_weights().reshape(2, CELL, 2).transpose(1, 0, 2).reshape(CELL, 4)
    parts = votes.reshape(BINS * rows * CELL, columns, CELL) @ half_84
    across = (parts[:, :-1, :2] + parts[:, 1:, 2:]).reshape(BINS, rows, CELL, 2 * (columns - 1))
    parts = half_84.T @ across
    down = (parts[:, :-1, :2] + parts[:, 1:, 2:]).reshape(BINS, rows - 1, 2, columns - 1, 2)
    blocks = down.transpose(1, 3, 2, 4, 0).reshape(rows - 1, columns - 1, 4 * BINS)
    norm = np.sqrt(np.square(blocks).sum(axis=2, keepdims=True)) + np.float32(EPSILONS[0])
    blocks = np.minimum(blocks / norm, np.float32(CLIPPED))
    norm = np.sqrt(np.square(blocks).sum(axis=2, keepdims=True)) + np.float32(EPSILONS[1])
    return blocks / norm


def _votes(picture_HW: Floats, height: int, width: int) -> Floats:
    """Return votes_9HW: the size of the gradient of sqrt(grey), shared by the two directions beside
    its own; the border is mirrored."""
    padded = np.pad(np.sqrt(picture_HW), 1, mode="reflect")
    right_hw = (padded[1:-1, 2:] - padded[1:-1, :-2])[:height, :width]
    down_hw = (padded[2:, 1:-1] - padded[:-2, 1:-1])[:height, :width]
    size_hw = np.sqrt(right_hw**2 + down_hw**2)
    at_hw = np.arctan2(down_hw, right_hw) * np.float32(BINS / np.pi) - np.float32(0.5)
    low_hw = np.floor(at_hw)
    upper_hw = size_hw * (at_hw - low_hw)
    bin_A = low_hw.ravel().astype(np.intp) % BINS
    pixel_A = np.arange(bin_A.size)
    votes_9A = np.zeros((BINS, bin_A.size), picture_HW.dtype)
    votes_9A[bin_A, pixel_A] = (size_hw - upper_hw).ravel()
    votes_9A[(bin_A + 1) % BINS, pixel_A] = upper_hw.ravel()
    return votes_9A.reshape(BINS, height, width)


@functools.cache
def _cell_weights() -> Floats:
    """Return weights_B2, what pixel 0..15 along one side of a block counts for its two cells: a
    Gaussian about the middle, shared by the cells beside the pixel."""
    at_B = np.arange(2 * CELL)
    seen_B = np.exp(-((at_B - CELL) ** 2) / (2 * SIGMA**2))
    place_B = (at_B + 0.5) / CELL - 0.5
    share_B2 = np.maximum(1 - np.abs(place_B[:, None] - [0, 1]), 0)
    return (seen_B[:, None] * share_B2).astype(np.float32)


def window_scores(blocks_hw36: Floats) -> Floats:
    """Return scores_HW of the windows that begin with each block. Rounding of float32."""
    weights, bias = coefficients()
    (rows, columns, _), (down, across) = blocks_hw36.shape, WINDOW
    shape = rows - down + 1, columns - across + 1
    products = blocks_hw36.reshape(-1, 4 * BINS) @ weights.reshape(-1, 4 * BINS).T
    products = products.reshape(rows, columns, down, across)
    scores_HW = np.full(shape, bias, np.float32)
    for i in range(down):
        for j in range(across):
            scores_HW += products[i : i + shape[0], j : j + shape[1], i, j]
    return scores_HW


@functools.cache
def coefficients() -> tuple[Floats, float]:
    """Return (weights, bias): 15 x 7 blocks, 4 cells, 9 directions."""
    lines = [
        s for s in (Path(__file__).parent / "people.txt").read_text().splitlines() if s[0] != "#"
    ]
    weights = np.array([line.split() for line in lines[1:]], dtype=np.float32)
    return weights.reshape(*WINDOW, 4, BINS), float(lines[0])


def cumulated(mask_HW: Bools) -> Floats:
    """Return counts_hw, one row and column larger: of the mask above and left of each corner."""
    counts_hw = np.zeros((mask_HW.shape[0] + 1, mask_HW.shape[1] + 1))
    counts_hw[1:, 1:] = mask_HW.cumsum(axis=0, dtype=np.float64).cumsum(axis=1)
    return counts_hw


def moving_share(counts_hw: Floats, windows: Windows) -> Floats:
    """Return shares_HW of moving pixels in the inner part of each window, from `cumulated`."""
    edges = []
    for axis, inner in enumerate(INNER):
        scale, n = windows.scale_2[axis], counts_hw.shape[axis] - 1
        start = np.arange(windows.scores_HW.shape[axis]) * CELL
        side = (WINDOW[axis] + 1) * CELL
        edges.append(
            [np.clip(np.rint((start + p * side) * scale), 0, n).astype(int) for p in inner]
        )
    (top, bottom), (left, right) = edges
    inside_HW = counts_hw[bottom][:, right] - counts_hw[top][:, right]
    inside_HW = inside_HW - counts_hw[bottom][:, left] + counts_hw[top][:, left]
    return inside_HW / np.maximum((bottom - top)[:, None] * (right - left), 1)
