"""Boxes around people in a video, as `extract --boxes` reads them (H6)."""

import os

import numpy as np

from lsfref.arrays import Floats
from lsfref.errors import LsfrefError


def read_boxes(path: str | os.PathLike[str]) -> dict[int, Floats]:
    """Return boxes_Z4 (left, top, right, bottom) of each frame that the text file has.

    A line is a frame number, from 0, and any number of groups of x1 y1 x2 y2 confidence. Raises
    LsfrefError with the line that is wrong.
    """
    boxes = {}
    with open(path, encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                frame, *values = map(float, line.split())
                boxes[int(frame)] = np.reshape(values, (-1, 5))[:, :4]
            except ValueError:
                want = "want a frame number and groups of x1 y1 x2 y2 confidence"
                raise LsfrefError(f"{os.fspath(path)}, line {number}: {want}") from None
    return boxes
