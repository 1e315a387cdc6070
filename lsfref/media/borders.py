"""Black bars, and stamps on black boxes: what a picture holds that the camera did not see (R5).

In: grey_HW.  Out: shown_HW, where the picture is.
"""

import numpy as np

from lsfref.arrays import Bools, Floats
from lsfref.kernels.filters import box_sums

BLACK = 2  # grey level at most of bars
SIDE, SHARE = 15, 0.06  # pixels: side of the window; black share of it in a border
NIGHT = 0.2  # of the frame, at most, is neither: then nothing is a border


def in_picture(grey_HW: Floats) -> Bools:
    """Return shown_HW, all but where much about is black.

    Choices: R5 a picture that is nearly all black is night: all of it counts.
    """
    half = SIDE // 2
    black_hw = np.pad((grey_HW <= BLACK).astype(grey_HW.dtype), half, mode="edge")
    shown_HW = box_sums(black_hw, size=SIDE)[half:-half, half:-half] < SHARE * SIDE**2
    return shown_HW if shown_HW.mean() > NIGHT else np.ones_like(shown_HW)
