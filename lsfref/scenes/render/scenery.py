"""One camera of the built-in scenes: its layout drawn from a seed, and its empty picture."""

from typing import NamedTuple

import numpy as np

from lsfref.scenes.render.buildings import paint_house, paint_trunk
from lsfref.scenes.render.foliage import Crown, Tree, draw_crown
from lsfref.scenes.render.ground import Picture, paint_ground
from lsfref.scenes.render.perspective import Camera, world_x


class Scenery(NamedTuple):
    """What a camera sees when nothing happens, and what can move in it."""

    size: tuple[int, int]  # of the pictures: width, height
    camera: Camera
    picture: Picture
    crowns: list[Crown]
    sun: float  # where light comes from: -1 right, 1 left
    margin: int  # pixels around the picture for a camera that shakes
    contrast: float


def draw_scenery(rng: np.random.Generator, size: tuple[int, int]) -> Scenery:
    """Return the scenery of one camera for pictures of (width, height)."""
    width, height = size
    margin = int(np.ceil(height / 10))
    camera = Camera(
        focal=rng.uniform(0.95, 1.3) * width,
        height=rng.uniform(1.9, 3.0),
        horizon=rng.uniform(0.15, 0.36) * height + margin,
        center=(width - 1) / 2 + margin,
    )
    rows = np.arange(height + 2 * margin, dtype=np.float32)[:, None]
    columns = np.arange(width + 2 * margin, dtype=np.float32)[None]
    picture = _houses(rng, paint_ground(rng, camera, rows, columns), camera)
    trees = _draw_trees(rng, camera, width, margin)
    for tree in trees:
        picture = paint_trunk(picture, camera, tree)
    sun = float(rng.choice([-1, 1]) * rng.uniform(0.4, 1))
    crowns = [draw_crown(rng, camera, tree, sun=sun, reach=height / 8) for tree in trees]
    return Scenery(size, camera, picture, crowns, sun, margin, contrast=rng.uniform(0.75, 1.15))


def _houses(rng: np.random.Generator, picture: Picture, camera: Camera) -> Picture:
    """Return the picture with up to three houses side by side."""
    left = rng.uniform(-16, -6)
    for _ in range(rng.integers(0, 4)):
        right = left + rng.uniform(7, 14)
        near, tall = rng.uniform(24, 34), rng.uniform(4, 11)
        picture = paint_house(rng, picture, camera, left=left, right=right, near=near, tall=tall)
        left = right + rng.uniform(0, 5)
    return picture


def _draw_trees(rng: np.random.Generator, camera: Camera, width: int, margin: int) -> list[Tree]:
    """Return two to four trees to the left and right, far to near, one of them large in view."""
    trees = []
    for k in range(rng.integers(2, 5)):
        z = rng.uniform(7.0, 10) if k == 0 else rng.uniform(9, 22)
        share = rng.uniform(0.05, 0.3) if rng.random() < 0.5 else rng.uniform(0.7, 0.95)
        x = float(world_x(camera, np.float32(margin + share * width), z))
        tall = rng.uniform(4.5, 6.0) if k == 0 else rng.uniform(3.5, 8)
        trees.append(Tree(x, z, tall, half=tall * rng.uniform(0.28, 0.38)))
    return sorted(trees, key=lambda tree: -tree.z)


def foot_limits(scenery: Scenery) -> tuple[float, float]:
    """Return the depths, in meters, between which people are well seen."""
    camera, (_, height) = scenery.camera, scenery.size
    lowest = 1.06 * height + scenery.margin  # feet may be just out of the picture
    nearest = camera.focal * camera.height / (lowest - camera.horizon)
    tallest, smallest = 0.9 * height, 0.58 * height
    return max(nearest, 1.75 * camera.focal / tallest), 1.75 * camera.focal / smallest
