"""The ground and sky of a built-in scene: paving, grass, a road, clouds, a far wood."""

import math
from typing import NamedTuple

import numpy as np

from lsfref.arrays import Bools, Floats
from lsfref.scenes.render.perspective import Camera, ground_depth, world_x
from lsfref.scenes.render.textures import fractal_tile, look_up, smooth_step

FARTHEST = 150.0  # meters; the sky is twice as far
HAZE = (0.72, 0.74, 0.76)
_SURFACES = {  # color, strength of coarse and of fine texture
    "asphalt": ((0.37, 0.37, 0.38), 0.04, 0.10),
    "paving": ((0.60, 0.57, 0.52), 0.05, 0.08),
    "grass": ((0.30, 0.38, 0.19), 0.10, 0.22),
    "gravel": ((0.52, 0.47, 0.40), 0.08, 0.20),
}


class Picture(NamedTuple):
    """What stands still: colors 0 to 1, depth in meters."""

    color_3HW: Floats
    depth_HW: Floats


def as_color(numbers: tuple[float, float, float] | Floats) -> Floats:
    """Return three numbers as a color that broadcasts over a picture."""
    return np.asarray(numbers, np.float32)[:, None, None]


def mixed(under: Floats, over: Floats, cover: Floats | Bools) -> Floats:
    """Return a picture with another over it where `cover` is 1, and a mixture in between.

    Colors, 3 in front, and cover, none, broadcast.
    """
    return under + cover * (over - under)


def _surface(
    rng: np.random.Generator, kind: str, x_HW: Floats, z_HW: Floats, blur_HW: Floats
) -> Floats:
    """Return color_3HW of one kind of ground; texture fades where a pixel covers much of it."""
    color, coarse, fine = _SURFACES[kind]
    tile = fractal_tile(rng, slope=1.0)
    light_HW = 1 + coarse * look_up(tile, z_HW * 14, x_HW * 14)
    light_HW += fine * np.clip(1.6 - blur_HW * 9, 0.08, 1) * look_up(tile, x_HW * 61 + 9, z_HW * 61)
    if kind == "paving":
        slab = rng.uniform(0.5, 2.0)
        joint_HW = np.minimum(np.abs(x_HW / slab % 1 - 0.5), np.abs(z_HW / slab % 1 - 0.5)) * slab
        light_HW -= 0.22 * np.clip(1.3 - blur_HW * 14 / slab, 0, 1) * (joint_HW < 0.035)
    return as_color(np.asarray(color) * rng.uniform(0.85, 1.15)) * light_HW


def _sky(rng: np.random.Generator, rows: Floats, columns: Floats, horizon: float) -> Floats:
    """Return color_3HW of a sky that pales toward the horizon, with clouds."""
    high_HW = np.clip((horizon - rows) / max(horizon, 1.0), 0, 1) + 0 * columns
    blue, pale = np.array([0.42, 0.58, 0.80]), np.array([0.82, 0.86, 0.90])
    blue += rng.uniform(0, 1) * (np.array([0.70, 0.72, 0.75]) - blue)  # overcast
    cloud_HW = look_up(fractal_tile(rng, slope=1.7), rows * 0.35 + 20, columns * 0.12)
    white_HW = smooth_step(cloud_HW, -0.4, 1.4) * rng.uniform(0.3, 0.9)
    color_3HW = mixed(as_color(pale), as_color(blue), high_HW)
    return mixed(color_3HW, as_color((0.93, 0.93, 0.94)), white_HW)


def _ground(rng: np.random.Generator, camera: Camera, x_HW: Floats, z_HW: Floats) -> Floats:
    """Return color_3HW of the ground: one kind before a road, another behind it."""
    blur_HW = np.minimum(z_HW**2 / (camera.focal * camera.height), 8) / 3  # meters per pixel
    edge_HW = np.maximum(blur_HW, 0.02)
    away, half, heading = rng.uniform(11.5, 17), rng.uniform(2.4, 3.4), rng.uniform(-0.4, 0.4)
    along_HW = x_HW * math.cos(heading) + (z_HW - away) * math.sin(heading)
    beside_HW = (z_HW - away) * math.cos(heading) - x_HW * math.sin(heading)

    def within(distance_HW: Floats, half: float) -> Floats:
        return np.clip((half - distance_HW) / edge_HW + 0.5, 0, 1)

    kinds = [*map(str, rng.permutation(list(_SURFACES))[:2]), "asphalt"]
    near_3HW, far_3HW, asphalt_3HW = (_surface(rng, kind, x_HW, z_HW, blur_HW) for kind in kinds)
    away_HW = np.abs(beside_HW)
    color_3HW = mixed(near_3HW, far_3HW, within(-beside_HW, 0.0))
    color_3HW = mixed(color_3HW, as_color((0.65, 0.65, 0.65)), within(away_HW, half + 0.25))
    color_3HW = mixed(color_3HW, asphalt_3HW, within(away_HW, half))
    dash_HW = within(away_HW, 0.09) * (along_HW % 5 < 2.5) * rng.uniform(0.5, 0.9)
    return mixed(color_3HW, as_color((0.85, 0.85, 0.80)), dash_HW)


def paint_ground(
    rng: np.random.Generator, camera: Camera, rows: Floats, columns: Floats
) -> Picture:
    """Return the empty place: sky, two kinds of ground and the road between them.

    `rows` (H, 1) and `columns` (1, W) are the pixel coordinates of the picture.
    """
    z_HW = ground_depth(camera, rows, farthest=FARTHEST) + 0 * columns
    ground_3HW = _ground(rng, camera, world_x(camera, columns, z_HW), z_HW)
    ground_3HW = mixed(ground_3HW, as_color(HAZE), 0.5 * (z_HW / FARTHEST) ** 0.7)
    skyline = 1.2 + 0.5 * look_up(fractal_tile(rng, slope=0.9), 0 * columns, columns * 0.5)
    ridge_HW = np.clip(rows - camera.horizon + camera.focal / 130 * 5 * skyline + 0.5, 0, 1)
    wood = as_color(np.array([0.42, 0.47, 0.42]) * rng.uniform(0.9, 1.15))
    mottled = wood * (1 + 0.1 * look_up(fractal_tile(rng, slope=0.6), rows * 1.5, columns * 1.5))
    sky_3HW = mixed(_sky(rng, rows, columns, camera.horizon), mottled, ridge_HW)
    sky_HW = np.clip(camera.horizon - rows + 0.5, 0, 1) + 0 * columns
    depth_HW = np.where(sky_HW < 0.5, z_HW, 2 * FARTHEST).astype(np.float32)
    return Picture(mixed(ground_3HW, sky_3HW, sky_HW).astype(np.float32), depth_HW)
