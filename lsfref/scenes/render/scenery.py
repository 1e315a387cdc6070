"""One camera of the built-in scenes: its layout drawn from a seed, and its empty picture."""

import math
from typing import NamedTuple

import numpy as np

from lsfref.scenes.render.buildings import paint_fence, paint_house, paint_post
from lsfref.scenes.render.cars import car_sprites, draw_car
from lsfref.scenes.render.foliage import Plant, leaf_layer, trimmed
from lsfref.scenes.render.ground import Picture, Road, as_color, box_of, draw_road, paint_ground
from lsfref.scenes.render.perspective import Camera, column_of, enlarged, row_of, world_x
from lsfref.scenes.render.shapes import Sprite, lay_over, layers
from lsfref.scenes.render.textures import fractal_tile, look_up

_TWICE = 2  # still pictures are painted twice as large and averaged down
_LEAVES = [(0.27, 0.38, 0.15), (0.22, 0.33, 0.16), (0.36, 0.40, 0.17), (0.45, 0.36, 0.14)]


class Scenery(NamedTuple):
    """What a camera sees when nothing happens, and what can move in it."""

    camera: Camera
    picture: Picture
    plants: list[Plant]
    road: Road
    sun: float  # where light comes from: -1 right, 1 left
    margin: int  # pixels around the picture for a camera that shakes
    contrast: float


def draw_camera(rng: np.random.Generator, size: tuple[int, int], *, margin: int) -> Camera:
    """Return a camera of a picture of (width, height) with a margin around it."""
    width, height = size
    return Camera(
        focal=rng.uniform(0.95, 1.3) * width,
        height=rng.uniform(1.9, 3.0),
        horizon=rng.uniform(0.15, 0.36) * height + margin,
        centre=(width - 1) / 2 + margin,
    )


def draw_scenery(rng: np.random.Generator, size: tuple[int, int]) -> Scenery:
    """Return the scenery of one camera for pictures of (width, height)."""
    width, height = size
    margin = int(np.ceil(height / 10))
    camera = draw_camera(rng, size, margin=margin)
    large = enlarged(camera, factor=_TWICE)
    rows = np.arange((height + 2 * margin) * _TWICE, dtype=np.float32)[:, None]
    columns = np.arange((width + 2 * margin) * _TWICE, dtype=np.float32)[None]
    road = draw_road(rng)
    sun = float(rng.choice([-1, 1]) * rng.uniform(0.4, 1))
    picture = paint_ground(rng, large, road, rows, columns)
    picture = _houses(rng, picture, large)
    trees = _draw_trees(rng, camera, width, margin)
    for x, z, tall, half, _shape in trees:
        picture = _tree_shadow(rng, picture, large, x, z, half, tall, sun)
    picture = _furniture(rng, picture, large, width)
    for _ in range(rng.integers(0, 4)):
        picture = _parked(rng, picture, large, road, sun)
    for x, z, tall, half, _shape in trees:
        bark = np.array([0.30, 0.25, 0.20]) * rng.uniform(0.7, 1.2)
        thick = 0.1 + 0.1 * half
        picture = paint_post(picture, large, x=x, z=z, tall=0.6 * tall, thick=thick, color=bark)
    reach = height / 8
    plants = []
    for x, z, tall, half, shape in trees:
        color = _LEAVES[rng.integers(len(_LEAVES))]
        low = tall - min(2.1 * half, 0.75 * tall) if shape == "round" else 0.2 * tall
        plants.append(
            leaf_layer(
                rng, camera, x=x, z=z, low=low, high=tall, half=half, shape=shape, color=color,
                sun=sun, reach=reach,
            )
        )  # fmt: skip
    for _ in range(rng.integers(0, 3)):
        plants.append(_hedge(rng, camera, width, sun, reach))
    tall, wide = height + 2 * margin, width + 2 * margin
    plants = [trimmed(plant, tall, wide, reach=reach) for plant in plants]
    return Scenery(
        camera, _halved(picture), plants, road, sun, margin, float(rng.uniform(0.75, 1.15))
    )


def _halved(picture: Picture) -> Picture:
    """Return the picture averaged down by two, its depth at the nearest pixel."""
    three, h, w = picture.color_3HW.shape
    color = picture.color_3HW.reshape(three, h // 2, 2, w // 2, 2).mean(axis=(2, 4))
    depth = picture.depth_HW[::2, ::2]
    return Picture(
        np.ascontiguousarray(np.clip(color, 0, 1.2), np.float32),
        np.ascontiguousarray(depth),
        np.ascontiguousarray(picture.ground_HW[::2, ::2]),
    )


def _houses(rng: np.random.Generator, picture: Picture, camera: Camera) -> Picture:
    n_houses = int(rng.integers(0, 4))
    left = rng.uniform(-16, -6)
    for _ in range(n_houses):
        right = left + rng.uniform(7, 14)
        near, tall = rng.uniform(24, 34), rng.uniform(4, 11)
        picture = paint_house(rng, picture, camera, left=left, right=right, near=near, tall=tall)
        left = right + rng.uniform(0, 5)
    if rng.random() < 0.35:  # one close by, seen along its side
        side = rng.choice([-1, 1])
        edges = sorted([side * rng.uniform(4.2, 6.5), side * 15])
        near, tall = rng.uniform(9, 15), rng.uniform(4, 8)
        picture = paint_house(
            rng, picture, camera, left=edges[0], right=edges[1], near=near, tall=tall,
        )  # fmt: skip
    return picture


def _draw_trees(
    rng: np.random.Generator, camera: Camera, width: int, margin: int
) -> list[tuple[float, float, float, float, str]]:
    """Return (x, z, tall, half wide, shape) of some trees, one of them large in view."""
    trees = []
    for k in range(int(rng.integers(2, 5))):
        z = rng.uniform(7.0, 10) if k == 0 else rng.uniform(9, 22)
        share = rng.uniform(0.05, 0.3) if rng.random() < 0.5 else rng.uniform(0.7, 0.95)
        x = float(world_x(camera, np.float32(margin + share * width), z))
        tall = rng.uniform(4.5, 6.0) if k == 0 else rng.uniform(3.5, 8)
        shape = "round" if k == 0 or rng.random() < 0.7 else "cone"
        half = tall * (rng.uniform(0.28, 0.38) if shape == "round" else rng.uniform(0.18, 0.26))
        trees.append((x, float(z), float(tall), float(half), shape))
    return sorted(trees, key=lambda tree: -tree[1])


def _tree_shadow(
    rng: np.random.Generator,
    picture: Picture,
    camera: Camera,
    x: float,
    z: float,
    half: float,
    tall: float,
    sun: float,
) -> Picture:
    """Return the picture with a dappled shadow on the ground beside a tree."""
    middle = x + 0.5 * sun * tall
    ends = [float(column_of(camera, middle + side * 1.5 * half, z)) for side in (-1, 1)]
    rows = [float(row_of(camera, 0.0, max(z + away * 1.2 * half, 1.0))) for away in (1, -1)]
    box = box_of(picture, left=ends[0], right=ends[1], top=rows[0], bottom=rows[1])
    if box is None:
        return picture
    z_hw = picture.depth_HW[box.area]
    x_hw = world_x(camera, box.columns, z_hw)
    away_hw = ((x_hw - middle) / half) ** 2 + ((z_hw - z) / (0.8 * half)) ** 2
    dapple_hw = look_up(fractal_tile(rng, slope=1.1), z_hw * 18, x_hw * 18)
    cover_hw = np.clip((1 - away_hw) * 2 + 0.5 * dapple_hw, 0, 1) * (away_hw < 2)
    cover_hw = np.float32(0.42) * cover_hw * picture.ground_HW[box.area]
    color_3HW = picture.color_3HW.copy()
    color_3HW[:, box.area[0], box.area[1]] *= 1 - cover_hw * as_color((1.0, 0.97, 0.9))
    return picture._replace(color_3HW=color_3HW)


def _furniture(
    rng: np.random.Generator,
    picture: Picture,
    camera: Camera,
    width: int,
) -> Picture:
    """Return the picture with a fence and lamp posts, some of them."""
    if rng.random() < 0.4:
        z = rng.uniform(9, 22)
        half = rng.uniform(3, 12)
        middle = rng.uniform(-6, 6)
        picture = paint_fence(
            picture, camera, z=z, tall=rng.uniform(0.9, 1.5),
            left=middle - half, right=middle + half, color=rng.uniform(0.15, 0.7) * np.ones(3),
        )  # fmt: skip
    for _ in range(int(rng.integers(0, 3))):
        z = rng.uniform(5.5, 20)
        x = float(rng.uniform(-0.45, 0.45) * _TWICE * width * z / camera.focal)
        grey = rng.uniform(0.25, 0.6) * np.ones(3)
        tall, thick = rng.uniform(3, 7), rng.uniform(0.1, 0.25)
        picture = paint_post(picture, camera, x=x, z=z, tall=tall, thick=thick, color=grey)
    return picture


def placed(picture: Picture, sprites: list[Sprite]) -> Picture:
    """Return the picture with the first frame of sprites painted into it for good."""
    color_3HW = lay_over(*picture, [next(layers(sprite)) for sprite in sprites])
    depth_HW, ground_HW = picture.depth_HW.copy(), picture.ground_HW.copy()
    for sprite in sprites:
        cover_hw = sprite.cover_Fhw[0]
        top, left = int(sprite.top_F[0]), int(sprite.left_F[0])
        bottom, right = top + cover_hw.shape[0] - 1, left + cover_hw.shape[1] - 1
        box = box_of(picture, left=left, right=right, top=top, bottom=bottom)
        if sprite.on_ground or box is None:
            continue
        rows, columns = (range(part.start, part.stop) for part in box.area)
        solid_hw = cover_hw[np.ix_(np.array(rows) - top, np.array(columns) - left)] > 0.5
        solid_hw &= depth_HW[box.area] > sprite.depth_F[0]
        depth_HW[box.area][solid_hw] = sprite.depth_F[0]
        ground_HW[box.area] &= ~solid_hw
    return Picture(color_3HW, depth_HW, ground_HW)


def _parked(
    rng: np.random.Generator, picture: Picture, camera: Camera, road: Road, sun: float
) -> Picture:
    """Return the picture with a parked car beside the road."""
    side = 1 if rng.random() < 0.9 else -1  # mostly where it hides nothing
    heading = road.heading + float(rng.choice([0, np.pi]))
    along = rng.uniform(-9, 9)
    beside = side * (road.half + rng.uniform(1.2, 1.8))
    x = along * math.cos(road.heading) - beside * math.sin(road.heading)
    z = road.z + along * math.sin(road.heading) + beside * math.cos(road.heading)
    car = draw_car(rng)
    if z < 6:
        return picture
    place = np.array([x], np.float32), np.array([z], np.float32)
    return placed(picture, car_sprites(camera, car, *place, heading, sun=sun))


def _hedge(rng: np.random.Generator, camera: Camera, width: int, sun: float, reach: float) -> Plant:
    """Return a hedge or a bush."""
    z = rng.uniform(8, 20)
    x = float(rng.uniform(-0.5, 0.5) * width * z / camera.focal)
    color = _LEAVES[rng.integers(3)]
    return leaf_layer(
        rng, camera, x=x, z=z, low=0.0, high=rng.uniform(0.6, 1.3), half=rng.uniform(0.8, 3.5),
        shape="box", color=color, sun=sun, reach=reach,
    )  # fmt: skip


def foot_limits(camera: Camera, height: int, margin: int) -> tuple[float, float]:
    """Return the depths, in metres, between which people are well seen."""
    lowest = 1.06 * height + margin  # feet may be just out of the picture
    nearest = camera.focal * camera.height / (lowest - camera.horizon)
    tallest, smallest = 0.9 * height, 0.58 * height
    return max(nearest, 1.75 * camera.focal / tallest), 1.75 * camera.focal / smallest
