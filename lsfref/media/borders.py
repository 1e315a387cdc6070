"""Black bars, and stamps on black boxes: what a picture holds that the camera did not see (R5).

In: grey_HW.  Out: shown_HW, where the picture is.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from lsfref.arrays import Bools, Floats
from lsfref.kernels.filters import box_sums

BLACK = 2  # grey level at most of bars
SIDE, SHARE = 15, 0.06  # pixels: side of the window; black share of it in a border
NIGHT = 0.2  # of the frame, at most, is neither: then nothing is a border
OUTSHONE = 0.5  # of the strongest corner: what the strongest in the picture has where borders rule


def strongest(strength_HW: Floats, grey_HW: Floats) -> Any:
    """Return the strength that a threshold is a share of, of the corners of a picture, as it is.

    Choices: R5 that of the strongest in the picture, where one of a border is twice as strong.
    """
    y, x = np.unravel_index(strength_HW.argmax(), strength_HW.shape)
    most, low, left = strength_HW[y, x], max(y - SIDE // 2, 0), max(x - SIDE // 2, 0)
    if grey_HW[low : y + SIDE // 2 + 1, left : x + SIDE // 2 + 1].min() > BLACK:
        return most  # as mostly: nothing about it is black
    seen = strength_HW.max(where=in_picture(grey_HW), initial=0)
    return seen if seen < OUTSHONE * most else most


def outshone(grey_HW: Floats, strength: Callable[[Floats], Floats]) -> bool:
    """Return whether a border would set the threshold of a frame; `strength` is that of corners."""
    strength_HW = strength(grey_HW)
    return bool(strongest(strength_HW, grey_HW) < strength_HW.max())


def in_picture(grey_HW: Floats) -> Bools:
    """Return shown_HW, all but where much about is black.

    Choices: R5 a picture that is nearly all black is night: all of it counts.
    """
    half = SIDE // 2
    black_hw = np.pad((grey_HW <= BLACK).astype(grey_HW.dtype), half, mode="edge")
    shown_HW = box_sums(black_hw, size=SIDE)[half:-half, half:-half] < SHARE * SIDE**2
    return shown_HW if shown_HW.mean() > NIGHT else np.ones_like(shown_HW)
