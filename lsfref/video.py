"""Stage 1 of 10, paper Section 3.1: decode a video, frame by frame, to grey.

In: a video file.  Out: grey_HW, one after the other, float64 in 0..255.

What a file is, how it is decoded and what damage is told: `media/decoding.py`.
"""

import contextlib
from collections.abc import Callable, Generator, Iterator
from typing import Any

import numpy as np

from lsfref.arrays import Floats, Ints
from lsfref.media.decoding import read_rgb
from lsfref.media.ffmpeg import PathLike

# Grey of (R, G, B): thousandths, and the 15-bit fixed point of the dense-trajectories release.
LUMA = (299, 587, 114)
LUMA_8BIT = (9798, 19235, 3735)


def read_frames(path: PathLike, *, grey: str = "luma", **limits: Any) -> Iterator[Floats]:
    """Return an iterator of grey_HW: every frame of the video at `path`, in order.

    Section 3.1; choice A1. With grey="luma" a pixel is 0.299 R + 0.587 G + 0.114 B, float64,
    unrounded, 0..255; with grey="8bit" it is (9798 R + 19235 G + 3735 B + 16384) >> 15, uint8.
    `limits` (max_frames, max_pixels, warn), warnings and errors are those of `read_rgb`.
    """
    formulas: dict[str, Callable[[Ints], Any]] = {"luma": grey_luma, "8bit": grey_8bit}
    if grey not in formulas:
        raise ValueError(f"want grey one of {sorted(formulas)}, got {grey!r}")
    return _each(formulas[grey], read_rgb(path, **limits))


def _each(
    formula: Callable[[Ints], Any], pictures: Generator[Ints, None, None]
) -> Iterator[Floats]:
    with contextlib.closing(pictures):
        yield from map(formula, pictures)


def grey_luma(rgb_HW3: Ints) -> Floats:
    """Return grey_HW = 0.299 R + 0.587 G + 0.114 B [BT601], float64, rounded once.

    The sum is taken in thousandths: whole numbers below 2^24, exact in float32 in any order.
    """
    grey_HW = np.empty(rgb_HW3.shape[:2])
    for rows in _bands(rgb_HW3):
        thousandths_hW = rgb_HW3[rows].astype(np.float32) @ np.array(LUMA, np.float32)
        np.divide(thousandths_hW, 1000, out=grey_HW[rows], dtype=np.float64)
    return grey_HW


def grey_8bit(rgb_HW3: Ints) -> Ints:
    """Return grey_HW, uint8, as the release of dense trajectories rounds it (exact as well)."""
    grey_HW = np.empty(rgb_HW3.shape[:2], np.uint8)
    for rows in _bands(rgb_HW3):
        shifted_hW = rgb_HW3[rows].astype(np.float32) @ np.array(LUMA_8BIT, np.float32)
        grey_HW[rows] = (shifted_hW.astype(np.int32) + 16384) >> 15
    return grey_HW


def _bands(image: Ints) -> Iterator[slice]:
    """Yield slices of rows, about 16,000 pixels each: what is in between stays in the cache."""
    step = max(1, (1 << 14) // image.shape[1])
    for top in range(0, len(image), step):
        yield slice(top, top + step)
