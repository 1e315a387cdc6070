"""What stands in a built-in scene: houses with windows, and trunks."""

import numpy as np

from lsfref.arrays import Bools, Floats
from lsfref.scenes.render.foliage import Tree
from lsfref.scenes.render.ground import HAZE, Picture, as_color, mixed
from lsfref.scenes.render.perspective import Camera, column_of, row_of, world_x, world_y
from lsfref.scenes.render.textures import fractal_tile, look_up

_WALLS = [(0.62, 0.44, 0.36), (0.72, 0.66, 0.56), (0.66, 0.66, 0.66), (0.78, 0.75, 0.70)]


def _facade(rng: np.random.Generator, along_HW: Floats, y_HW: Floats) -> Floats:
    """Return color_3HW of a wall with windows: `along_HW` and `y_HW` are meters on it."""
    wall = np.array(_WALLS[rng.integers(len(_WALLS))]) * rng.uniform(0.7, 1.1)
    tile = fractal_tile(rng, slope=1.0)
    light_HW = 1 + 0.05 * look_up(tile, y_HW * 4, along_HW * 4)
    light_HW *= 0.82 + 0.18 * np.clip(y_HW / 2.5, 0, 1)  # darker at the foot
    pitch, storey = rng.uniform(1.8, 3.2), rng.uniform(2.7, 3.3)
    wide, high = rng.uniform(0.45, 0.7), rng.uniform(0.45, 0.6)
    across_HW, up_HW = np.abs(along_HW / pitch % 1 - 0.5), np.abs(y_HW / storey % 1 - 0.55)
    frame_HW = (across_HW < wide / 2 + 0.05) & (up_HW < high / 2 + 0.04)
    glass_HW = (across_HW < wide / 2) & (across_HW > 0.02) & (up_HW < high / 2)
    cell_HW = np.floor(along_HW / pitch) * 7.3 + np.floor(y_HW / storey) * 3.1
    glint_HW = 0.28 + 0.12 * np.sin(cell_HW * 91.7)
    trim = as_color(np.full(3, rng.uniform(0.7, 0.92)))
    color_3HW = np.where(frame_HW, trim, as_color(wall) * light_HW)
    return np.where(glass_HW, glint_HW * as_color((0.85, 0.95, 1.1)), color_3HW)


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
    """Return the picture with the front of a house, meters, at depth `near`."""
    height, width = picture.depth_HW.shape
    y_HW = world_y(camera, np.arange(height, dtype=np.float32)[:, None], near) + np.zeros(width)
    x_HW = world_x(camera, np.arange(width, dtype=np.float32), near) + 0 * y_HW
    seen_HW = (x_HW > left) & (x_HW < right) & (y_HW > 0) & (y_HW < tall)
    wall_3HW = mixed(_facade(rng, x_HW - left, y_HW), as_color(HAZE), np.float32(near / 150))
    return _stand(picture, seen_HW & (picture.depth_HW > near), wall_3HW, near)


def paint_trunk(picture: Picture, camera: Camera, tree: Tree) -> Picture:
    """Return the picture with the upright trunk of a tree, without its crown."""
    x, z, tall, thick = tree.x, tree.z, 0.6 * tree.tall, 0.1 + 0.1 * tree.half
    height, width = picture.depth_HW.shape
    rows, columns = np.arange(height)[:, None], np.arange(width)
    half = max(thick / 2 * camera.focal / z, 0.5)
    across = (columns - column_of(camera, x, z)) / half
    cover_HW = np.clip((1 - np.abs(across)) * half + 0.5, 0, 1)
    cover_HW = cover_HW * ((rows > row_of(camera, tall, z)) & (rows < row_of(camera, 0.0, z)))
    return _stand(picture, cover_HW, as_color((0.30, 0.25, 0.20)) * (0.85 - 0.3 * across), z)


def _stand(picture: Picture, cover_HW: Floats | Bools, color: Floats, depth: float) -> Picture:
    """Return the picture with a color where `cover_HW` is, `depth` meters away."""
    return Picture(
        mixed(picture.color_3HW, color, cover_HW).astype(np.float32),
        np.where(cover_HW > 0.5, np.float32(depth), picture.depth_HW),
    )
