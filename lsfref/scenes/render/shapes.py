"""Antialiased capsules and polygons, and how moving things are laid over a still picture.

A sprite is a small picture per frame with its place and depth; `lay_over` lays sprites over the
picture of a frame, far to near, where nothing still stands in front of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from lsfref.arrays import Bools, Floats, Ints

Color = Sequence[float] | Floats  # red, green, blue, 0 to 1


class Window(NamedTuple):
    """A rectangle of one size in every frame: its pixel coordinates and top left corner."""

    columns_F1w: Floats
    rows_Fh1: Floats
    left_F: Ints
    top_F: Ints


class Sprite(NamedTuple):
    """Something that moves: colours times cover, cover, place, depth in metres."""

    color_3Fhw: Floats
    cover_Fhw: Floats
    left_F: Ints
    top_F: Ints
    depth_F: Floats
    on_ground: bool = False  # a shadow: falls on ground only


class Layer(NamedTuple):
    """A sprite in one frame."""

    color_3hw: Floats
    cover_hw: Floats
    left: int
    top: int
    depth: float
    on_ground: bool = False


def window_around(columns: Floats, rows: Floats, *, margin: float) -> Window:
    """Return the window that holds points (..., F), the same size in every frame."""
    flat_columns = columns.reshape(-1, columns.shape[-1])
    flat_rows = rows.reshape(-1, rows.shape[-1])
    left_F = np.floor(flat_columns.min(axis=0) - margin).astype(np.int64)
    top_F = np.floor(flat_rows.min(axis=0) - margin).astype(np.int64)
    width = int(np.max(np.ceil(flat_columns.max(axis=0) + margin) - left_F)) + 1
    height = int(np.max(np.ceil(flat_rows.max(axis=0) + margin) - top_F)) + 1
    columns_Fw = left_F[:, None] + np.arange(width)
    rows_Fh = top_F[:, None] + np.arange(height)
    return Window(
        columns_Fw[:, None, :].astype(np.float32),
        rows_Fh[:, :, None].astype(np.float32),
        left_F,
        top_F,
    )


def capsule(
    window: Window, start_2F: Floats, end_2F: Floats, *, radii_2F: Floats
) -> tuple[Floats, Floats]:
    """Return cover_Fhw of a round-ended limb and side_Fhw, -1 to 1 across it (for shading)."""
    across_F, down_F = end_2F - start_2F
    length_F = np.hypot(across_F, down_F)
    across_F = np.where(length_F > 1e-3, across_F, np.float32(1e-3))  # a point is a disc
    length_F = np.maximum(length_F, np.float32(1e-3))
    unit_x = (across_F / length_F)[:, None, None]
    unit_y = (down_F / length_F)[:, None, None]
    x_F1w = window.columns_F1w - start_2F[0][:, None, None]
    y_Fh1 = window.rows_Fh1 - start_2F[1][:, None, None]
    along_Fhw = x_F1w * unit_x + y_Fh1 * unit_y
    side_Fhw = x_F1w * unit_y - y_Fh1 * unit_x
    inside_Fhw = np.clip(along_Fhw, 0, length_F[:, None, None])
    along_Fhw -= inside_Fhw
    slope_F = (radii_2F[1] - radii_2F[0]) / length_F
    inside_Fhw *= slope_F[:, None, None]
    inside_Fhw += radii_2F[0][:, None, None]  # the radius here
    along_Fhw *= along_Fhw
    along_Fhw += side_Fhw * side_Fhw
    cover_Fhw = np.clip(inside_Fhw - np.sqrt(along_Fhw) + np.float32(0.5), 0, 1)
    side_Fhw /= np.maximum(inside_Fhw, np.float32(0.5))
    return cover_Fhw, np.clip(side_Fhw, -1, 1)


def polygon(window: Window, columns_PF: Floats, rows_PF: Floats) -> Floats:
    """Return cover_Fhw of a convex polygon, corners clockwise as seen; seen from behind it is 0."""
    shape = (len(window.left_F), window.rows_Fh1.shape[1], window.columns_F1w.shape[2])
    cover_Fhw = np.ones(shape, np.float32)
    for k in range(len(columns_PF)):
        x_F, y_F = columns_PF[k - 1], rows_PF[k - 1]
        across_F, down_F = columns_PF[k] - x_F, rows_PF[k] - y_F
        length_F = np.maximum(np.hypot(across_F, down_F), np.float32(1e-3))
        unit_x = (across_F / length_F)[:, None, None]
        unit_y = (down_F / length_F)[:, None, None]
        offset = y_F[:, None, None] * unit_x - x_F[:, None, None] * unit_y - np.float32(0.5)
        np.minimum(
            cover_Fhw, (window.rows_Fh1 * unit_x - offset) - window.columns_F1w * unit_y,
            out=cover_Fhw,
        )  # fmt: skip
    return np.maximum(cover_Fhw, 0)


class Paint:
    """Lays parts of one sprite behind one another: the nearest part is painted first."""

    def __init__(self, window: Window):
        shape = (len(window.left_F), window.rows_Fh1.shape[1], window.columns_F1w.shape[2])
        self.window = window
        self.color_3Fhw = np.zeros((3, *shape), np.float32)
        self.clear_Fhw = np.ones(shape, np.float32)

    def part(self, columns_PF: Floats, rows_PF: Floats, *, margin: float) -> Paint:
        """Return the paint of the rectangle that holds the points in every frame: a view."""
        window, (_, height, width) = self.window, self.clear_Fhw.shape
        across, down = columns_PF - window.left_F, rows_PF - window.top_F
        x0, x1 = (int(value) for value in (across.min() - margin, across.max() + margin + 2))
        y0, y1 = (int(value) for value in (down.min() - margin, down.max() + margin + 2))
        columns = slice(min(max(x0, 0), width - 1), max(min(x1, width), 1))
        rows = slice(min(max(y0, 0), height - 1), max(min(y1, height), 1))
        inner = Paint.__new__(Paint)
        inner.window = window._replace(
            columns_F1w=window.columns_F1w[:, :, columns], rows_Fh1=window.rows_Fh1[:, rows]
        )
        inner.color_3Fhw = self.color_3Fhw[:, :, rows, columns]
        inner.clear_Fhw = self.clear_Fhw[:, rows, columns]
        return inner

    def add(self, cover_Fhw: Floats, color: Color, shade: Floats | float = 1.0) -> None:
        """Paint `color` (three numbers) times `shade` behind what is there."""
        seen_Fhw = self.clear_Fhw * cover_Fhw
        self.clear_Fhw -= seen_Fhw
        seen_Fhw *= shade
        for plane_Fhw, value in zip(self.color_3Fhw, color, strict=True):
            plane_Fhw += seen_Fhw * np.float32(value)

    def limb(
        self,
        start_2F: Floats,
        end_2F: Floats,
        *,
        radii_2F: Floats,
        color: Color,
        sun: float = 0.0,
        stripes_F: Floats | None = None,
    ) -> None:
        """Paint a capsule lit from the side of `sun`, with stripes of that many pixels if given."""
        ends = np.stack([start_2F, end_2F])
        inner = self.part(ends[:, 0], ends[:, 1], margin=float(radii_2F.max()) + 1)
        cover, shade = capsule(inner.window, start_2F, end_2F, radii_2F=radii_2F)
        shade *= np.float32(-0.33 * sun)
        shade += np.float32(0.88)
        if stripes_F is not None:
            wave = (inner.window.rows_Fh1 - end_2F[1][:, None, None]) / stripes_F[:, None, None]
            shade += np.float32(0.2) * np.sin(wave)
        inner.add(cover, color, shade)

    def face(self, columns_PF: Floats, rows_PF: Floats, *, color: Color, shade: float) -> None:
        """Paint a convex polygon, seen from its front only."""
        inner = self.part(columns_PF, rows_PF, margin=1)
        inner.add(polygon(inner.window, columns_PF, rows_PF), color, np.float32(shade))

    def sprite(self, depth_F: Floats, *, on_ground: bool = False, opacity: float = 1.0) -> Sprite:
        """Return what was painted, to stand at depth_F metres."""
        window = self.window
        cover_Fhw = (1 - self.clear_Fhw) * np.float32(opacity)
        color_3Fhw = self.color_3Fhw * np.float32(opacity)
        return Sprite(color_3Fhw, cover_Fhw, window.left_F, window.top_F, depth_F, on_ground)


def layers(sprite: Sprite) -> Iterator[Layer]:
    """Yield a sprite frame by frame."""
    for f, cover_hw in enumerate(sprite.cover_Fhw):
        left, top, depth = int(sprite.left_F[f]), int(sprite.top_F[f]), float(sprite.depth_F[f])
        yield Layer(sprite.color_3Fhw[:, f], cover_hw, left, top, depth, sprite.on_ground)


def lay_over(
    still_3HW: Floats, depth_HW: Floats, ground_HW: Bools, moving: Iterable[Layer]
) -> Floats:
    """Return frame_3HW: the still picture with layers over it, far to near."""
    frame_3HW = still_3HW.copy()
    height, width = depth_HW.shape
    for layer in sorted(moving, key=lambda one: -one.depth):
        h, w = layer.cover_hw.shape
        y0, y1 = max(layer.top, 0), min(layer.top + h, height)
        x0, x1 = max(layer.left, 0), min(layer.left + w, width)
        if y0 >= y1 or x0 >= x1:
            continue
        rows, columns = (
            slice(y0 - layer.top, y1 - layer.top),
            slice(x0 - layer.left, x1 - layer.left),
        )
        place = (slice(y0, y1), slice(x0, x1))
        seen = ground_HW[place] if layer.on_ground else depth_HW[place] > layer.depth
        region = frame_3HW[:, y0:y1, x0:x1]
        region *= 1 - layer.cover_hw[rows, columns] * seen
        region += layer.color_3hw[:, rows, columns] * seen
    return frame_3HW
