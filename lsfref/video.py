"""Stage 1 of 10, paper Section 3.1: decode a video, frame by frame, to grey.

In: a video file.  Out: grey_HW, one after the other, float64 in 0..255.

What a file is, how it is decoded and what damage is told: `media/decoding.py`.
"""

import contextlib
from collections.abc import Callable, Iterator
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

    def each() -> Iterator[Floats]:
        with contextlib.closing(read_rgb(path, **limits)) as pictures:
            yield from map(formulas[grey], pictures)

    return each()


def grey_luma(rgb_HW3: Ints) -> Floats:
    """Return grey_HW = 0.299 R + 0.587 G + 0.114 B [BT601], float64, rounded once.

    The sum is taken in thousandths: whole numbers below 2^24, exact in float32 in any order.
    """
    grey_HW = np.empty(rgb_HW3.shape[:2])
    for rows, thousandths_hW in _weighted(rgb_HW3, LUMA):
        np.divide(thousandths_hW, 1000, out=grey_HW[rows], dtype=np.float64)
    return grey_HW


def grey_8bit(rgb_HW3: Ints) -> Ints:
    """Return grey_HW, uint8, as the release of dense trajectories rounds it (exact as well)."""
    grey_HW = np.empty(rgb_HW3.shape[:2], np.uint8)
    for rows, shifted_hW in _weighted(rgb_HW3, LUMA_8BIT):
        grey_HW[rows] = (shifted_hW.astype(np.int32) + 16384) >> 15
    return grey_HW


def _weighted(rgb_HW3: Ints, weights: tuple[int, int, int]) -> Iterator[tuple[slice, Floats]]:
    """Yield rows and their weighted sums, of about 16,000 pixels at a time: they stay in the cache.

    The sums are whole numbers in float32.
    """
    step = max(1, (1 << 14) // rgb_HW3.shape[1])
    for rows in (slice(top, top + step) for top in range(0, len(rgb_HW3), step)):
        yield rows, rgb_HW3[rows].astype(np.float32) @ np.array(weights, np.float32)
