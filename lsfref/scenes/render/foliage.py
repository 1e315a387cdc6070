"""Trees and bushes of the built-in scenes, and how wind moves them.

A plant is a layer of many overlapping leaf clusters. Wind displaces it by a travelling field that
is correlated in space and time: slow sway of the whole, gusts that run through, flutter of leaves.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from lsfref.arrays import Floats
from lsfref.scenes.render.perspective import Camera, column_of, row_of
from lsfref.scenes.render.shapes import Layer
from lsfref.scenes.render.textures import fractal_tile, look_up, read_at, twice


class Plant(NamedTuple):
    """A layer that wind moves: colours times cover, cover, how far each pixel gives way."""

    color_3hw: Floats
    cover_hw: Floats
    give_hw: Floats  # share of the wind's displacement, 0 at what holds it
    left: int
    top: int
    depth: float
    scale: float  # pixels a metre


class Gusts(NamedTuple):
    """Waves of wind: wavelength in metres, direction, hertz, phase, weight, for each of n waves."""

    wave_x: Floats
    wave_y: Floats
    hertz: Floats
    phase: Floats
    weight: Floats


def leaf_layer(
    rng: np.random.Generator,
    camera: Camera,
    *,
    x: float,
    z: float,
    low: float,
    high: float,
    half: float,
    shape: str,
    color: tuple[float, float, float],
    sun: float,
    reach: float,
) -> Plant:
    """Return a plant of leaf clusters `low` to `high` metres above the ground, `half` wide.

    `shape` is round, cone or box; `reach` is the room, in pixels, for it to move.
    """
    scale = camera.focal / z
    middle, top_row = float(column_of(camera, x, z)), float(row_of(camera, high, z))
    h, w = (high - low) * scale, 2 * half * scale
    pad = int(np.ceil(reach + 0.06 * w + 2))
    left, top = int(middle - w / 2) - pad, int(top_row) - pad
    size = (int(h) + 2 * pad + 1, int(w) + 2 * pad + 1)
    color_3hw = np.zeros((3, *size), np.float32)
    cover_hw = np.zeros(size, np.float32)
    tile = fractal_tile(rng, slope=0.55, lowest=6)
    radius = np.clip(0.2 * min(h, w), 2.5, 0.55 * scale + 2)
    n_clusters = int(np.clip(3.2 * h * w / radius**2 / np.pi, 12, 150))
    grain = 3.4 / max(scale, 6) ** 0.5  # tile pixels a pixel: leaves shrink with distance
    rows, columns = (np.arange(n, dtype=np.float32) * grain for n in size)
    shifts = rng.uniform(0, 128, (3, 2)).astype(np.float32)
    leaves = [look_up(tile, rows[:, None] + shift[0], columns + shift[1]) for shift in shifts]
    for k in range(n_clusters):
        up = 1 - ((k + rng.random()) / n_clusters) ** 0.8  # from the top down, front last
        lean = rng.uniform(-1, 1)
        if shape == "round":
            lean *= np.sqrt(max(1 - (2 * up - 1) ** 2, 0.05))
        elif shape == "cone":
            lean *= 1.05 - up
        row = pad + (1 - up) * h + rng.normal(0, 0.15 * radius)
        column = size[1] / 2 + lean * (w / 2 - 0.4 * radius)
        r = radius * rng.uniform(0.7, 1.25)
        y0, x0 = max(int(row - r - 1), 0), max(int(column - r - 1), 0)
        y1, x1 = min(int(row + r + 2), size[0]), min(int(column + r + 2), size[1])
        if y1 <= y0 or x1 <= x0:
            continue
        down = (np.arange(y0, y1, dtype=np.float32)[:, None] - row) / r
        across = (np.arange(x0, x1, dtype=np.float32)[None] - column) / r
        leaf = leaves[k % len(leaves)][y0:y1, x0:x1]
        cover = np.clip((1 - down**2 - across**2) * 2.2 + 0.55 * leaf, 0, 1)
        light = 0.72 - 0.3 * down + 0.16 * sun * across + 0.26 * leaf + rng.normal(0, 0.1)
        light = np.clip(light * (0.8 + 0.35 * up), 0.12, 1.7)
        patch = (slice(y0, y1), slice(x0, x1))
        warm = rng.normal(0, 0.03)
        for plane, value in zip(color_3hw, color, strict=True):
            plane[patch] += cover * (light * (value + warm) - plane[patch])
        cover_hw[patch] += cover * (1 - cover_hw[patch])
    above = (size[0] - pad - np.arange(size[0], dtype=np.float32))[:, None] / max(h, 1.0)
    give_hw = np.clip(0.35 + 0.65 * above, 0, 1.1) if shape != "box" else np.clip(above, 0, 1)
    give_hw = (give_hw + np.zeros(size)).astype(np.float32)
    return Plant(color_3hw, cover_hw, give_hw, left, top, z - 0.3, scale)


def trimmed(plant: Plant, height: int, width: int, *, reach: float) -> Plant:
    """Return the part of a plant that can come into a picture of this height and width."""
    far = int(np.ceil(reach))
    h, w = plant.cover_hw.shape
    y0, y1 = max(-far - plant.top, 0), min(height + far - plant.top, h)
    x0, x1 = max(-far - plant.left, 0), min(width + far - plant.left, w)
    y1, x1 = max(y1, y0 + 2), max(x1, x0 + 2)
    return plant._replace(
        color_3hw=plant.color_3hw[:, y0:y1, x0:x1],
        cover_hw=plant.cover_hw[y0:y1, x0:x1],
        give_hw=plant.give_hw[y0:y1, x0:x1],
        left=plant.left + x0,
        top=plant.top + y0,
    )


def draw_gusts(rng: np.random.Generator, *, n: int = 9) -> Gusts:
    """Return waves from slow and long (sway) to quick and short (flutter)."""
    length = np.geomspace(12, 0.9, n) * rng.uniform(0.8, 1.25, n)  # metres
    angle = rng.uniform(-0.6, 0.6) + rng.normal(0, 0.7, n)
    hertz = np.geomspace(0.35, 3.2, n) * rng.uniform(0.8, 1.25, n)
    weight = np.geomspace(1.0, 0.4, n)
    wave = 2 * np.pi / length
    return Gusts(wave * np.cos(angle), wave * np.sin(angle), hertz, rng.uniform(0, 6.3, n), weight)


def blown(plant: Plant, gusts: Gusts, strength_F: Floats, *, fps: float) -> Iterator[Layer]:
    """Yield the plant frame by frame, moved by wind of strength_F pixels."""
    h, w = plant.cover_hw.shape
    rows = ((plant.top + np.arange(0, h + 4, 4)) / plant.scale)[:, None]
    columns = (plant.left + np.arange(0, w + 4, 4)) / plant.scale
    turn = (2 * np.pi / fps * np.arange(len(strength_F)))[:, None, None]
    push = np.full((len(strength_F), len(rows), columns.size), 0.4, np.float32)
    lift = np.zeros_like(push)
    for wave_x, wave_y, hertz, phase, weight in zip(*gusts, strict=True):
        angle = (columns * wave_x + rows * wave_y - turn * hertz + phase).astype(np.float32)
        push += np.float32(weight) * np.sin(angle)
        angle *= np.float32(1.3)
        lift += np.float32(0.45 * weight) * np.sin(angle + np.float32(2 * phase))
    winds = np.stack([push, lift]) * (0.55 * strength_F[:, None, None]).astype(np.float32)
    layer_4hw = np.concatenate([plant.color_3hw, plant.cover_hw[None]])
    x_w, y_h1 = np.arange(w, dtype=np.float32), np.arange(h, dtype=np.float32)[:, None]
    for wind in np.moveaxis(winds, 1, 0):
        push_hw, lift_hw = twice(twice(wind))[:, :h, :w] * plant.give_hw
        moved_4hw = read_at(layer_4hw, x_w - push_hw, y_h1 - lift_hw)
        yield Layer(moved_4hw[:3], moved_4hw[3], plant.left, plant.top, plant.depth)
