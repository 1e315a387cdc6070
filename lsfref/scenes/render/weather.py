"""Light, haze, fog, rain and snow over the built-in scenes: what happens in the air between."""

import itertools
import math
from collections.abc import Iterator

import numpy as np
from scipy import ndimage

from lsfref.arrays import Floats
from lsfref.scenes.render.ground import FARTHEST
from lsfref.scenes.render.perspective import Camera, world_x, world_y
from lsfref.scenes.render.textures import course, fractal_tile, look_up, smooth_step, twice


def light(rng: np.random.Generator, clock_F: Floats, *, strength: float) -> Floats:
    """Return gain_F, the light on the whole picture: flicker and ramps; `strength` 1 is strong."""
    flicker_F = course(rng, clock_F, slowest=1.5, fastest=6.0)
    slow_F = course(rng, clock_F, slowest=0.1, fastest=0.5)
    quick, slow = rng.uniform(0.09, 0.13), rng.uniform(0.06, 0.12)
    return np.exp(np.float32(strength) * (quick * flicker_F + slow * slow_F)).astype(np.float32)


def cloud_shadows(
    rng: np.random.Generator, camera: Camera, depth_HW: Floats, clock_F: Floats, *, strength: float
) -> Iterator[Floats]:
    """Yield gain_HW of shadows with clear edges that drift over ground and walls, not the sky.

    They are sampled at every second pixel.
    """
    height, width = depth_HW.shape
    depth_hw = np.minimum(depth_HW[::2, ::2], 60)
    rows = np.arange(0, height, 2, dtype=np.float32)[:, None]
    columns = np.arange(0, width, 2, dtype=np.float32)[None]
    up_hw = np.maximum(world_y(camera, rows, depth_hw), 0)
    cells = rng.uniform(5, 9)  # tile pixels per meter
    x_hw = (world_x(camera, columns, depth_hw) + 0.5 * up_hw) * cells
    z_hw = (0.6 * depth_hw + 0.3 * up_hw) * cells
    tile = fractal_tile(rng, slope=2.0, lowest=3)
    angle = float(rng.choice([0, np.pi])) + rng.normal(0, 0.35)
    speed, edge = rng.uniform(1.6, 2.8), rng.uniform(0.04, 0.12)  # meters per second, of the tile
    dark = min(strength * rng.uniform(0.5, 0.7), 0.85)
    dark_HW = dark * (depth_HW < FARTHEST).astype(np.float32)
    for seconds in clock_F:
        walked = speed * seconds * cells
        cloud_hw = look_up(tile, z_hw - walked * math.sin(angle), x_hw - walked * math.cos(angle))
        shade_HW = twice(smooth_step(cloud_hw, -edge, edge)[None])[0, :height, :width]
        yield 1 - dark_HW * shade_HW


def veil(depth: Floats, density: float) -> Floats:
    """Return the share of haze in front of depths in meters: 1 - exp(-density depth)."""
    return (1 - np.exp(-density * np.minimum(depth, FARTHEST))).astype(np.float32)


def fog_banks(rng: np.random.Generator, veil_HW: Floats, clock_F: Floats) -> Iterator[Floats]:
    """Yield a veil_HW like that of still air, in drifting banks, thicker and thinner."""
    height, width = veil_HW.shape
    tile = fractal_tile(rng, slope=1.8, lowest=2)
    rows = np.arange(height, dtype=np.float32)[:, None] * 40 / height
    columns = np.arange(width, dtype=np.float32) * 40 / width
    drift = rng.uniform(4, 12)  # tile pixels per second
    for seconds in clock_F:
        bank_HW = look_up(tile, rows, columns + np.float32(drift * seconds))
        yield np.clip((0.6 + 0.5 * smooth_step(bank_HW, -1.5, 1.5)) * veil_HW, 0, 0.92)


def falling(
    rng: np.random.Generator, clock_F: Floats, *, size: tuple[int, int], strength: float, snow: bool
) -> Iterator[Floats]:
    """Yield veil_HW, how much each pixel is hidden by rain or snow.

    Drops are 2 to 14 meters away: near ones are longer, quicker and clearer.
    """
    width, height = size
    pixels = height / 120
    n = max(int(rng.uniform(460, 540) * min(strength, 1.6) * pixels), 1)
    z = rng.uniform(2.0, 14, n)
    scale = 170 * pixels / z  # pixels per meter
    fall = rng.uniform(1.0, 1.6) if snow else rng.uniform(6.5, 8.5)  # meters per second
    speed = fall * rng.normal(1, 0.08, n) * scale
    exposed = 1 / rng.uniform(16, 28)  # seconds
    length = np.full(n, 1.2) if snow else np.clip(exposed * speed, 1.2, 0.2 * height)
    wide = np.clip(0.018 * scale, 0.5, 2.4) if snow else np.clip(0.006 * scale, 0.45, 1.1)
    faint = 2.5 if snow else 3.4 * min(0.35 + strength, 1.0)
    clear = np.clip(faint / np.sqrt(z) * rng.uniform(0.7, 1.0), 0.05, 0.9)
    slant = rng.uniform(-0.8, 0.8) if snow else rng.uniform(-0.15, 0.15)
    begin, fallen = rng.uniform(0, width, n), rng.uniform(0, 1, n)
    room = height + 2 * length
    samples = np.arange(int(np.ceil(length.max())))
    weight = (clear * wide)[:, None] * np.clip(length[:, None] - samples, 0, 1)
    for seconds in clock_F:
        rounds, share = np.divmod(fallen + seconds * speed / room, 1)
        row = (share * room - length)[:, None] + samples
        column = ((begin + rounds * 61.7)[:, None] + slant * row) % width
        seen = (row >= 0) & (row < height - 1) & (weight > 0)
        veil_HW = spread(row[seen], column[seen], weight[seen], height=height, width=width)
        if snow:  # flakes are soft
            veil_HW = 2.6 * ndimage.uniform_filter(veil_HW, 2, mode="nearest")
        yield np.clip(veil_HW, 0, 0.85)


def spread(row: Floats, column: Floats, weight: Floats, *, height: int, width: int) -> Floats:
    """Return plane_HW of weights spread bilinearly over the four pixels around each point.

    Rows lie between 0 and the last but one; columns wrap.
    """
    top, left = np.floor(row).astype(np.int64), np.floor(column).astype(np.int64)
    below, beside = row - top, column - left
    plane = np.zeros(height * width)
    for down, across in itertools.product((0, 1), (0, 1)):
        corner = (top + down) * width + (left + across) % width
        share = abs(1 - down - below) * abs(1 - across - beside)
        plane += np.bincount(corner, weights=weight * share, minlength=height * width)
    return plane.reshape(height, width).astype(np.float32)
