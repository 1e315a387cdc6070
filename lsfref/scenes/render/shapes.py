"""Antialiased strokes, and how moving things are laid over the still picture of a built-in scene.

What moves is painted once for all frames from round-ended strokes, then laid over the picture of
each frame, far to near, where nothing still stands in front of it.
"""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from lsfref.arrays import Floats

Color = tuple[float, float, float] | Floats  # red, green, blue, 0 to 1


class Stroke(NamedTuple):
    """A round-ended line: its ends (column, row) and their radii in pixels, and its color."""

    start_2F: Floats
    end_2F: Floats
    radii_2F: Floats
    color: Color


class Layer(NamedTuple):
    """What moves, in one frame: colors times cover, cover, where its corner lies, its depth."""

    color_3hw: Floats
    cover_hw: Floats
    left: int
    top: int
    depth: float  # meters


def capsule(
    x_w: Floats, y_h1: Floats, start_2F: Floats, end_2F: Floats, radii_2F: Floats
) -> tuple[Floats, Floats]:
    """Return cover_Fhw of a round-ended line and side_Fhw, -1 to 1 across it (for shading)."""
    across_F, down_F = end_2F - start_2F
    length_F = np.hypot(across_F, down_F)
    across_F = np.where(length_F > 1e-3, across_F, np.float32(1e-3))  # a point is a disc
    length_F = np.maximum(length_F, np.float32(1e-3))
    unit_x, unit_y = ((part_F / length_F)[:, None, None] for part_F in (across_F, down_F))
    x_F1w = x_w - start_2F[0][:, None, None]
    y_Fh1 = y_h1 - start_2F[1][:, None, None]
    along_Fhw = x_F1w * unit_x + y_Fh1 * unit_y
    side_Fhw = x_F1w * unit_y - y_Fh1 * unit_x
    radius_Fhw = np.clip(along_Fhw, 0, length_F[:, None, None])
    along_Fhw -= radius_Fhw  # beyond the ends
    radius_Fhw *= ((radii_2F[1] - radii_2F[0]) / length_F)[:, None, None]
    radius_Fhw += radii_2F[0][:, None, None]
    cover_Fhw = np.clip(radius_Fhw - np.hypot(along_Fhw, side_Fhw) + np.float32(0.5), 0, 1)
    side_Fhw /= np.maximum(radius_Fhw, np.float32(0.5))
    return cover_Fhw, np.clip(side_Fhw, -1, 1)


def paint(strokes: list[Stroke], depth_F: Floats, *, sun: float) -> list[Layer]:
    """Return one layer per frame of strokes lit from the side of `sun`, the nearest stroke first.

    The window that holds them all moves with them and has one size in every frame.
    """
    ends = np.array([(stroke.start_2F, stroke.end_2F) for stroke in strokes], np.float32)
    margin = 1 + float(max(stroke.radii_2F.max() for stroke in strokes))
    corner_2F = np.floor(ends.min(axis=(0, 1)) - margin)
    sides_2F = np.ceil(ends.max(axis=(0, 1)) - corner_2F + margin) + 1
    width, height = sides_2F.max(axis=1).astype(int)
    color_3FHW = np.zeros((3, len(depth_F), height, width), np.float32)
    clear_FHW = np.ones(color_3FHW.shape[1:], np.float32)
    for stroke, ends_22F in zip(strokes, ends - corner_2F, strict=True):
        margin = 1 + float(stroke.radii_2F.max())
        x0, y0 = np.maximum(ends_22F.min(axis=(0, 2)) - margin, 0).astype(int)
        x1, y1 = (ends_22F.max(axis=(0, 2)) + margin + 2).astype(int)
        part = (..., slice(y0, y1), slice(x0, x1))
        x_w = np.arange(x0, min(x1, width), dtype=np.float32)
        y_h1 = np.arange(y0, min(y1, height), dtype=np.float32)[:, None]
        cover_Fhw, side_Fhw = capsule(x_w, y_h1, ends_22F[0], ends_22F[1], stroke.radii_2F)
        cover_Fhw *= clear_FHW[part]
        clear_FHW[part] -= cover_Fhw
        cover_Fhw *= np.float32(0.88) - np.float32(0.33 * sun) * side_Fhw
        for plane_FHW, value in zip(color_3FHW, stroke.color, strict=True):
            plane_FHW[part] += cover_Fhw * np.float32(value)
    left_F, top_F = corner_2F.astype(int).tolist()
    color_F3HW = np.moveaxis(color_3FHW, 1, 0)
    each = zip(color_F3HW, 1 - clear_FHW, left_F, top_F, depth_F, strict=True)
    return [Layer(color, cover, left, top, float(depth)) for color, cover, left, top, depth in each]


def lay_over(still_3HW: Floats, depth_HW: Floats, layers: Iterable[Layer]) -> Floats:
    """Return frame_3HW: the still picture with layers over it, far to near."""
    frame_3HW = still_3HW.copy()
    height, width = depth_HW.shape
    for layer in sorted(layers, key=lambda layer: -layer.depth):
        h, w = layer.cover_hw.shape
        y0, y1 = max(layer.top, 0), min(layer.top + h, height)
        x0, x1 = max(layer.left, 0), min(layer.left + w, width)
        if y0 >= y1 or x0 >= x1:
            continue
        part = (..., slice(y0 - layer.top, y1 - layer.top), slice(x0 - layer.left, x1 - layer.left))
        place = (..., slice(y0, y1), slice(x0, x1))
        seen = depth_HW[place] > layer.depth
        frame_3HW[place] *= 1 - layer.cover_hw[part] * seen
        frame_3HW[place] += layer.color_3hw[part] * seen
    return frame_3HW
