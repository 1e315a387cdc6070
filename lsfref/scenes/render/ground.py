"""The ground and sky of a built-in scene: paving, grass, a road with kerbs and markings, clouds."""

import math
from typing import NamedTuple

import numpy as np

from lsfref.arrays import Bools, Floats
from lsfref.scenes.render.perspective import Camera, ground_depth, world_x
from lsfref.scenes.render.textures import fractal_tile, look_up, smooth_step

FARTHEST = 150.0  # metres
_SURFACES = {  # colour, strength of coarse and of fine texture
    "asphalt": ((0.37, 0.37, 0.38), 0.04, 0.10),
    "paving": ((0.60, 0.57, 0.52), 0.05, 0.08),
    "concrete": ((0.63, 0.62, 0.59), 0.07, 0.06),
    "grass": ((0.30, 0.38, 0.19), 0.10, 0.22),
    "gravel": ((0.52, 0.47, 0.40), 0.08, 0.20),
}


class Road(NamedTuple):
    """A straight road: the nearest point of its middle line, its direction and half its width."""

    z: float
    heading: float  # radians from the x axis towards z
    half: float


class Picture(NamedTuple):
    """What stands still: colours 0 to 1, depth in metres, and what of it is ground."""

    color_3HW: Floats
    depth_HW: Floats
    ground_HW: Bools


def draw_road(rng: np.random.Generator) -> Road:
    """Return a road across the view, or now and then one that runs away from the camera."""
    across = rng.random() < 0.7
    heading = rng.uniform(-0.2, 0.2) if across else rng.choice([-1, 1]) * rng.uniform(0.5, 1.1)
    half = rng.uniform(2.4, 3.4)
    return Road(rng.uniform(11.5, 17), float(heading), half)


class Box(NamedTuple):
    """A rectangle of a picture, and the pixel coordinates in it: rows (h, 1), columns (1, w)."""

    area: tuple[slice, slice]
    rows: Floats
    columns: Floats


def box_of(picture: Picture, *, left: float, right: float, top: float, bottom: float) -> Box | None:
    """Return the part of a picture that lies between these; None where there is nothing of it."""
    height, width = picture.depth_HW.shape
    x0, x1 = max(math.floor(left), 0), min(math.ceil(right) + 1, width)
    y0, y1 = max(math.floor(top), 0), min(math.ceil(bottom) + 1, height)
    if x0 >= x1 or y0 >= y1:
        return None
    rows, columns = np.arange(y0, y1, dtype=np.float32), np.arange(x0, x1, dtype=np.float32)
    return Box((slice(y0, y1), slice(x0, x1)), rows[:, None], columns[None])


def paint_over(
    picture: Picture, box: Box, cover_hw: Floats, color_3hw: Floats, depth: Floats | float
) -> Picture:
    """Return the picture with a colour laid over a box where `cover_hw` is, at `depth` metres."""
    rows, columns = box.area
    new = Picture(*(plane.copy() for plane in picture))
    new.color_3HW[:, rows, columns] += cover_hw * (color_3hw - new.color_3HW[:, rows, columns])
    solid_hw = cover_hw > 0.5
    new.depth_HW[rows, columns] = np.where(solid_hw, depth, new.depth_HW[rows, columns])
    new.ground_HW[rows, columns] &= ~solid_hw
    return new


def as_color(numbers: tuple[float, float, float] | Floats) -> Floats:
    """Return three numbers as a colour that broadcasts over a picture."""
    return np.asarray(numbers, np.float32)[:, None, None]


def _surface(
    rng: np.random.Generator, kind: str, x_hW: Floats, z_hW: Floats, blur_h1: Floats
) -> Floats:
    """Return color_3hW of one kind of ground; texture fades where a pixel covers much of it."""
    color, coarse, fine = _SURFACES[kind]
    tile = fractal_tile(rng, size=256, slope=1.0)
    light_hW = 1 + coarse * look_up(tile, z_hW * 14, x_hW * 14)
    fade_h1 = np.clip(1.6 - blur_h1 * 9, 0.08, 1)
    light_hW += fine * fade_h1 * look_up(tile, x_hW * 61 + 9, z_hW * 61)
    if kind in ("paving", "concrete"):
        slab = rng.uniform(0.5, 1.2) if kind == "paving" else rng.uniform(2, 4)
        joint_hW = np.minimum(np.abs(x_hW / slab % 1 - 0.5), np.abs(z_hW / slab % 1 - 0.5)) * slab
        light_hW -= 0.22 * np.clip(1.3 - blur_h1 * 14 / slab, 0, 1) * (joint_hW < 0.035)
        cells = np.floor(x_hW / slab) * 12.9 + np.floor(z_hW / slab) * 78.2
        light_hW += 0.05 * np.sin(cells * 43.7) * np.clip(1.3 - blur_h1 * 3 / slab, 0, 1)
    tint_hW = 0.012 * look_up(tile, x_hW * 5, z_hW * 5 + 50)
    base = as_color(np.asarray(color) * rng.uniform(0.85, 1.15) + rng.uniform(-0.03, 0.03, 3))
    color_3hW = base * light_hW
    color_3hW[0] += tint_hW
    color_3hW[2] -= tint_hW
    return color_3hW


def _sky(rng: np.random.Generator, rows: Floats, columns: Floats, horizon: float) -> Floats:
    """Return color_3HW of a sky that pales towards the horizon, with clouds."""
    high_HW = np.clip((horizon - rows) / max(horizon, 1.0), 0, 1) + 0 * columns
    blue, pale = np.array([0.42, 0.58, 0.80]), np.array([0.82, 0.86, 0.90])
    grey = rng.uniform(0, 1)  # overcast
    blue = blue + grey * (np.array([0.70, 0.72, 0.75]) - blue)
    cloud_HW = look_up(fractal_tile(rng, slope=1.7), rows * 0.35 + 20, columns * 0.12)
    white_HW = smooth_step(cloud_HW, -0.4, 1.4) * rng.uniform(0.3, 0.9)
    color_3HW = as_color(pale) + high_HW * (as_color(blue) - as_color(pale))
    return color_3HW + white_HW * (as_color((0.93, 0.93, 0.94)) - color_3HW)


def _ground(
    rng: np.random.Generator, camera: Camera, road: Road, rows: Floats, columns: Floats
) -> tuple[Floats, Floats]:
    """Return color_3hW of the ground in some rows, and its depth z_h1."""
    z_h1 = ground_depth(camera, rows, farthest=FARTHEST)
    z_hW = z_h1 + 0 * columns
    x_hW = world_x(camera, columns, z_h1)
    blur_h1 = np.minimum(z_h1**2 / (camera.focal * camera.height), 8) / 3  # metres a pixel
    along_hW = x_hW * math.cos(road.heading) + (z_hW - road.z) * math.sin(road.heading)
    beside_hW = (z_hW - road.z) * math.cos(road.heading) - x_hW * math.sin(road.heading)
    near, far = rng.permutation(["paving", "concrete", "grass", "gravel", "asphalt"])[:2]
    color_3hW = _surface(rng, str(near), x_hW, z_hW, blur_h1)
    far_3hW = _surface(rng, str(far), x_hW, z_hW, blur_h1)
    edge_h1 = np.maximum(blur_h1, 0.02)

    def within(distance_hW: Floats, half: float) -> Floats:
        return np.clip((half - distance_hW) / edge_h1 + 0.5, 0, 1)

    color_3hW += within(-beside_hW, 0.0) * (far_3hW - color_3hW)
    away_hW = np.abs(beside_hW)
    kerb = as_color(np.full(3, rng.uniform(0.55, 0.75)))
    color_3hW += within(away_hW, road.half + 0.25) * (kerb - color_3hW)
    asphalt_3hW = _surface(rng, "asphalt", x_hW, z_hW, blur_h1)
    color_3hW += within(away_hW, road.half) * (asphalt_3hW - color_3hW)
    dash_hW = within(away_hW, 0.09) * (along_hW % 5 < 2.5) * rng.uniform(0.5, 0.9)
    color_3hW += dash_hW.astype(np.float32) * (as_color((0.85, 0.85, 0.80)) - color_3hW)
    haze_h1 = np.clip(z_h1 / FARTHEST, 0, 1) ** 0.7 * 0.5
    color_3hW += haze_h1 * (as_color((0.74, 0.77, 0.79)) - color_3hW)
    return color_3hW, z_h1


def paint_ground(
    rng: np.random.Generator, camera: Camera, road: Road, rows: Floats, columns: Floats
) -> Picture:
    """Return the empty place: sky, two kinds of ground and the road between them.

    `rows` (H, 1) and `columns` (1, W) are the pixel coordinates of the picture.
    """
    first = int(np.clip(np.floor(camera.horizon), 0, len(rows) - 2))
    ground_3hW, z_h1 = _ground(rng, camera, road, rows[first:], columns)
    color_3HW = np.zeros((3, len(rows), columns.shape[1]), np.float32)
    color_3HW[:, first:] = ground_3hW
    z_HW = np.full(color_3HW.shape[1:], FARTHEST, np.float32)
    z_HW[first:] = z_h1
    skyline = 1.2 + 0.5 * look_up(fractal_tile(rng, slope=0.9), 0 * columns, columns * 0.5)
    ridge_HW = np.clip(rows - camera.horizon + camera.focal / 130 * 5 * skyline + 0.5, 0, 1)
    sky_HW = np.clip(camera.horizon - rows + 0.5, 0, 1) + 0 * columns
    color_3HW += sky_HW * (_sky(rng, rows, columns, camera.horizon) - color_3HW)
    wood = as_color(np.array([0.42, 0.47, 0.42]) * rng.uniform(0.9, 1.15))  # far trees
    mottled = wood * (1 + 0.1 * look_up(fractal_tile(rng, slope=0.6), rows * 1.5, columns * 1.5))
    color_3HW += ridge_HW * sky_HW * (mottled - color_3HW)
    ground_HW = sky_HW < 0.5
    depth_HW = np.where(ground_HW, z_HW, 2 * FARTHEST).astype(np.float32)
    return Picture(color_3HW.astype(np.float32), depth_HW, ground_HW)
