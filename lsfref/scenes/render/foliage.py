"""Trees of the built-in scenes, and how wind moves them.

A tree's crown is a layer of many overlapping leaf clusters. Wind displaces it by a traveling field
that is correlated in space and time: slow sway of the whole, gusts that run through, flutter of
leaves.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from lsfref.arrays import Floats
from lsfref.kernels.filters import read_at
from lsfref.scenes.render.perspective import Camera, column_of, row_of
from lsfref.scenes.render.shapes import Layer
from lsfref.scenes.render.textures import fractal_tile, look_up, twice

_LEAVES = [(0.27, 0.38, 0.15), (0.22, 0.33, 0.16), (0.36, 0.40, 0.17), (0.45, 0.36, 0.14)]


class Tree(NamedTuple):
    """Where a tree stands and how large it is, in meters; its crown is round."""

    x: float
    z: float
    tall: float
    half: float  # of its width


class Crown(NamedTuple):
    """A layer that wind moves, and how far each row of it gives way."""

    still: Layer
    give_h1: Floats  # share of the wind's displacement, 1 at the top
    scale: float  # pixels per meter


def draw_crown(
    rng: np.random.Generator, camera: Camera, tree: Tree, *, sun: float, reach: float
) -> Crown:
    """Return the crown of a tree as leaf clusters; `reach` is its room to move, in pixels."""
    scale = camera.focal / tree.z
    h, w = min(2.1 * tree.half, 0.75 * tree.tall) * scale, 2 * tree.half * scale
    pad = int(np.ceil(reach + 0.06 * w + 2))
    rows, columns = (np.arange(int(side) + 2 * pad + 1, dtype=np.float32) for side in (h, w))
    color_3hw = np.zeros((3, len(rows), len(columns)), np.float32)
    cover_hw = np.zeros(color_3hw.shape[1:], np.float32)
    grain = 3.4 / max(scale, 6) ** 0.5  # tile pixels per pixel: leaves shrink with distance
    tile = fractal_tile(rng, slope=0.55, lowest=6)
    leaf_hw = look_up(tile, rows[:, None] * grain, columns * grain)
    radius = np.clip(0.2 * min(h, w), 2.5, 0.55 * scale + 2)
    n_clusters = int(np.clip(3.2 * h * w / radius**2 / np.pi, 12, 150))
    color = np.array(_LEAVES[rng.integers(len(_LEAVES))])
    for k in range(n_clusters):
        up = 1 - ((k + rng.random()) / n_clusters) ** 0.8  # from the top down, front last
        lean = rng.uniform(-1, 1) * np.sqrt(max(1 - (2 * up - 1) ** 2, 0.05))
        row = pad + (1 - up) * h + rng.normal(0, 0.15 * radius)
        column = len(columns) / 2 + lean * (w / 2 - 0.4 * radius)
        r = radius * rng.uniform(0.7, 1.25)
        y, x = (slice(max(int(at - r - 1), 0), int(at + r + 2)) for at in (row, column))
        down, across = (rows[y, None] - row) / r, (columns[x] - column) / r
        leaf = np.roll(leaf_hw, 37 * k, axis=0)[y, x]  # no two clusters alike
        cover = np.clip((1 - down**2 - across**2) * 2.2 + 0.55 * leaf, 0, 1)
        light = 0.72 - 0.3 * down + 0.16 * sun * across + 0.26 * leaf + rng.normal(0, 0.1)
        light = np.clip(light * (0.8 + 0.35 * up), 0.12, 1.7)
        shown = light * (color + rng.normal(0, 0.03))[:, None, None]
        color_3hw[:, y, x] += cover * (shown - color_3hw[:, y, x])
        cover_hw[y, x] += cover * (1 - cover_hw[y, x])
    left = int(column_of(camera, tree.x, tree.z) - w / 2) - pad
    top = int(row_of(camera, tree.tall, tree.z)) - pad
    give_h1 = np.clip(0.35 + 0.65 * (len(rows) - pad - rows[:, None]) / h, 0, 1.1)
    still = Layer(color_3hw, cover_hw, left, top, tree.z - 0.3)
    return Crown(still, give_h1.astype(np.float32), scale)


def draw_gusts(rng: np.random.Generator) -> list[Floats]:
    """Return nine waves of wind, from slow and long (sway) to quick and short (flutter).

    Five numbers of each: wave number along x and y per meter, hertz, phase, weight.
    """
    length = np.geomspace(12, 0.9, 9) * rng.uniform(0.8, 1.25, 9)  # meters
    angle = rng.uniform(-0.6, 0.6) + rng.normal(0, 0.7, 9)
    hertz = np.geomspace(0.35, 3.2, 9) * rng.uniform(0.8, 1.25, 9)
    weight = np.geomspace(1.0, 0.4, 9)
    wave = 2 * np.pi / length
    return [wave * np.cos(angle), wave * np.sin(angle), hertz, rng.uniform(0, 6.3, 9), weight]


def blown(
    crown: Crown, gusts: list[Floats], strength_F: Floats, clock_F: Floats
) -> Iterator[Layer]:
    """Yield the crown frame by frame, moved by wind of strength_F meters."""
    still, (h, w) = crown.still, crown.still.cover_hw.shape
    rows = ((still.top + np.arange(0, h + 4, 4)) / crown.scale)[:, None]
    columns = (still.left + np.arange(0, w + 4, 4)) / crown.scale
    turn = 2 * np.pi * clock_F[:, None, None]
    push = np.full((len(clock_F), len(rows), columns.size), 0.4, np.float32)
    lift = np.zeros_like(push)
    for wave_x, wave_y, hertz, phase, weight in zip(*gusts, strict=True):
        angle = (columns * wave_x + rows * wave_y - turn * hertz + phase).astype(np.float32)
        push += np.float32(weight) * np.sin(angle)
        lift += np.float32(0.45 * weight) * np.sin(np.float32(1.3) * angle + np.float32(2 * phase))
    winds = np.stack([push, lift]) * (crown.scale * strength_F[:, None, None]).astype(np.float32)
    x_w, y_h1 = np.arange(w, dtype=np.float32), np.arange(h, dtype=np.float32)[:, None]
    planes = (*still.color_3hw, still.cover_hw)
    for wind in np.moveaxis(winds, 1, 0):
        push_hw, lift_hw = twice(twice(wind))[:, :h, :w] * crown.give_h1
        x_hw, y_hw = x_w - push_hw, y_h1 - lift_hw
        moved = [read_at(plane_hw, x_hw, y_hw)[0] for plane_hw in planes]
        yield still._replace(color_3hw=np.stack(moved[:3]), cover_hw=moved[3])
