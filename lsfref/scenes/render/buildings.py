"""What is built in a scene: houses with windows, fences, lamp posts."""

import numpy as np

from lsfref.arrays import Floats
from lsfref.scenes.render.ground import Picture, as_color, box_of, paint_over
from lsfref.scenes.render.perspective import Camera, column_of, row_of, world_x, world_y
from lsfref.scenes.render.textures import fractal_tile, look_up

_WALLS = [(0.62, 0.44, 0.36), (0.72, 0.66, 0.56), (0.66, 0.66, 0.66), (0.78, 0.75, 0.70)]


def _facade(
    rng: np.random.Generator, along_hw: Floats, y_hw: Floats, tall: float, blur_hw: Floats
) -> Floats:
    """Return color_3hw of a wall with windows: `along_hw` and `y_hw` are metres on it."""
    wall = np.array(_WALLS[rng.integers(len(_WALLS))]) * rng.uniform(0.7, 1.1)
    tile = fractal_tile(rng, slope=1.0)
    fade_hw = np.clip(1.5 - 12 * blur_hw, 0, 1)
    light_hw = 1 + 0.05 * look_up(tile, y_hw * 4, along_hw * 4)
    light_hw += 0.07 * fade_hw * look_up(tile, y_hw * 40, along_hw * 25)
    light_hw -= 0.12 * fade_hw * (y_hw % 0.3 < 0.05)
    light_hw *= 0.82 + 0.18 * np.clip(y_hw / 2.5, 0, 1)  # darker at the foot
    color_3hw = as_color(wall) * light_hw
    pitch, storey = rng.uniform(1.8, 3.2), rng.uniform(2.7, 3.3)
    wide, low, high = rng.uniform(0.45, 0.7), rng.uniform(0.25, 0.4), rng.uniform(0.72, 0.88)
    across_hw, up_hw = along_hw / pitch % 1, y_hw / storey % 1
    frame_hw = (np.abs(across_hw - 0.5) < wide / 2 + 0.05) & (up_hw > low - 0.04)
    frame_hw &= (up_hw < high + 0.04) & (y_hw < tall - 0.5)
    glass_hw = (np.abs(across_hw - 0.5) < wide / 2) & (up_hw > low) & (up_hw < high) & frame_hw
    glass_hw &= np.abs(across_hw - 0.5) > 0.02
    trim = as_color(np.full(3, rng.uniform(0.7, 0.92)))
    color_3hw = np.where(frame_hw, trim, color_3hw)
    cell_hw = np.floor(along_hw / pitch) * 7.3 + np.floor(y_hw / storey) * 3.1
    glint_hw = 0.22 + 0.12 * np.sin(cell_hw * 91.7) + 0.12 * up_hw
    color_3hw = np.where(glass_hw, glint_hw * as_color((0.85, 0.95, 1.1)), color_3hw)
    eaves_hw = np.abs(y_hw - tall + 0.2) < 0.2
    return np.where(eaves_hw, trim * 0.9, color_3hw)


def paint_house(
    rng: np.random.Generator,
    picture: Picture,
    camera: Camera,
    *,
    left: float,
    right: float,
    near: float,
    tall: float,
) -> Picture:
    """Return the picture with a house: its front at depth `near` and the side one can see."""
    style = int(rng.integers(2**31))
    far = near + 9
    if not left < 0 < right:  # the side that faces the middle
        edge = right if right < 0 else left
        ends = sorted(float(column_of(camera, edge, z)) for z in (near, far))
        picture = _wall(
            np.random.default_rng(style), picture, camera, ends, near, tall, side=edge, far=far
        )
    ends = [float(column_of(camera, x, near)) for x in (left, right)]
    return _wall(np.random.default_rng(style), picture, camera, ends, near, tall)


def _wall(
    rng: np.random.Generator,
    picture: Picture,
    camera: Camera,
    ends: list[float],
    near: float,
    tall: float,
    *,
    side: float | None = None,
    far: float = 0.0,
) -> Picture:
    """Return the picture with a front at depth `near`, or with a wall along x = `side`."""
    top, foot = float(row_of(camera, tall, near)), float(row_of(camera, 0.0, near))
    box = box_of(picture, left=ends[0], right=ends[1], top=top, bottom=foot)
    if box is None:
        return picture
    across = box.columns - np.float32(camera.centre)
    if side is None:
        z_hw = np.full((len(box.rows), across.shape[1]), near, np.float32)
        along_hw = world_x(camera, box.columns - ends[0], near) + 0 * box.rows
        along_hw -= world_x(camera, np.float32(0), near)
        light = 1.0
    else:
        z_1w = abs(side) * camera.focal / np.maximum(across * np.sign(side, dtype=np.float32), 0.1)
        z_hw = np.clip(z_1w, near, far) + 0 * box.rows
        along_hw, light = z_hw - near, 0.72
    y_hw = world_y(camera, box.rows, z_hw)
    seen_hw = (y_hw >= 0) & (y_hw <= tall) & (z_hw < picture.depth_HW[box.area] + 0.5)
    wall_3hw = _facade(rng, along_hw, y_hw, tall, z_hw / camera.focal) * light
    wall_3hw += np.clip(z_hw / 150, 0, 0.5) * (as_color((0.74, 0.77, 0.79)) - wall_3hw)
    return paint_over(picture, box, seen_hw.astype(np.float32), wall_3hw, z_hw)


def paint_post(
    picture: Picture,
    camera: Camera,
    *,
    x: float,
    z: float,
    tall: float,
    thick: float,
    color: Floats,
) -> Picture:
    """Return the picture with an upright post (a lamp post, a trunk) standing at (x, z)."""
    middle = float(column_of(camera, x, z))
    top, foot = float(row_of(camera, tall, z)), float(row_of(camera, 0.0, z))
    half = max(thick / 2 * camera.focal / z, 0.5)
    box = box_of(picture, left=middle - half - 1, right=middle + half + 1, top=top, bottom=foot)
    if box is None:
        return picture
    across = (box.columns - middle) / half
    cover_hw = np.clip((1 - np.abs(across)) * half + 0.5, 0, 1)
    cover_hw = cover_hw * np.clip(box.rows - top + 0.5, 0, 1) * np.clip(foot - box.rows + 0.5, 0, 1)
    shade = 0.85 - 0.3 * np.clip(across, -1, 1)
    return paint_over(picture, box, cover_hw, as_color(color) * shade, z)


def paint_fence(
    picture: Picture,
    camera: Camera,
    *,
    z: float,
    tall: float,
    left: float,
    right: float,
    color: Floats,
) -> Picture:
    """Return the picture with a railing across the view at depth z."""
    ends = [float(column_of(camera, x, z)) for x in (left, right)]
    top, foot = float(row_of(camera, tall, z)), float(row_of(camera, 0.0, z))
    box = box_of(picture, left=ends[0], right=ends[1], top=top, bottom=foot)
    if box is None:
        return picture
    x_1w, y_h1 = world_x(camera, box.columns, z), world_y(camera, box.rows, z)
    bars_hw = (x_1w % 0.35 < 0.07) | (np.abs(y_h1 - tall + 0.05) < 0.05)
    bars_hw |= np.abs(y_h1 - 0.25) < 0.04
    return paint_over(picture, box, bars_hw.astype(np.float32) * 0.9, as_color(color), z)
