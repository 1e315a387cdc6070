"""What moves in any clip of the built-in scenes, with people or without: cars, flags, litter."""

import math

import numpy as np

from lsfref.study.render.cars import car_sprites, draw_car
from lsfref.study.render.foliage import blown, draw_gusts, flag_layer
from lsfref.study.render.perspective import column_of, row_of
from lsfref.study.render.scenery import Scenery
from lsfref.study.render.shapes import Paint, Sprite, window_around
from lsfref.study.render.textures import course


def passers(
    scenery: Scenery, rng: np.random.Generator, n_frames: int, fps: float, size: tuple[int, int]
) -> list[Sprite]:
    """Return what moves in any clip, with people or without: a car, a flag, something blown by."""
    sprites = []
    which = rng.random(3) < (0.45, 0.35, 0.35)
    if not which.any():
        which[rng.integers(3)] = True
    if which[0]:
        sprites += _car(scenery, rng, n_frames, fps)
    if which[1]:
        sprites += _flag(scenery, rng, n_frames, fps, size)
    if which[2]:
        sprites += _litter(scenery, rng, n_frames, fps, size)
    return sprites


def _car(scenery: Scenery, rng: np.random.Generator, n_frames: int, fps: float) -> list[Sprite]:
    """Return a car on its side of the road."""
    road = scenery.road
    way = rng.choice([-1, 1])
    along_F = way * (np.arange(n_frames) / fps - rng.uniform(0.8, 2.4)) * rng.uniform(2.5, 7)
    beside = -way * road.half * 0.5
    cos, sin = math.cos(road.heading), math.sin(road.heading)
    z_F = road.z + along_F * sin + beside * cos
    if z_F.min() < 5:  # it would drive through the camera
        along_F += (5 - z_F.min()) / sin
        z_F += 5 - z_F.min()
    x_F, z_F = (along_F * cos - beside * sin).astype(np.float32), z_F.astype(np.float32)
    heading = road.heading + (0 if way > 0 else np.pi)
    return car_sprites(scenery.camera, draw_car(rng), x_F, z_F, heading, sun=scenery.sun)


def _flag(
    scenery: Scenery, rng: np.random.Generator, n_frames: int, fps: float, size: tuple[int, int]
) -> list[Sprite]:
    """Return a flag that flies from a pole."""
    camera, (width, height) = scenery.camera, size
    z, high = rng.uniform(9, 16), rng.uniform(3.0, 4.5)
    x = rng.uniform(-0.4, 0.4) * width * z / camera.focal
    flag = flag_layer(rng, camera, x=x, z=z, high=high, reach=height / 14)
    strength_F = np.full(n_frames, rng.uniform(1.0, 2.2) * height / 120, np.float32)
    foot, top = (
        np.stack(
            [column_of(camera, np.full(n_frames, x), z), row_of(camera, np.full(n_frames, y), z)]
        )
        for y in (0.0, high + 0.2)
    )
    pole = Paint(window_around(np.stack([foot[0], top[0]]), np.stack([foot[1], top[1]]), margin=4))
    radii_2F = np.full((2, n_frames), 0.05 * camera.focal / z, np.float32)
    pole.limb(foot, top, radii_2F=radii_2F, color=(0.6, 0.6, 0.6), sun=scenery.sun)
    depth_F = np.full(n_frames, z + 0.1, np.float32)
    return [pole.sprite(depth_F), blown(flag, draw_gusts(rng), strength_F, fps=fps)]


def _litter(
    scenery: Scenery, rng: np.random.Generator, n_frames: int, fps: float, size: tuple[int, int]
) -> list[Sprite]:
    """Return a bag or some paper that the wind rolls over the ground, hopping."""
    camera, (width, _) = scenery.camera, size
    z = rng.uniform(5.5, 12)
    seconds_F = np.arange(n_frames) / fps
    speed = rng.choice([-1, 1]) * rng.uniform(0.7, 2.5)
    middle = rng.uniform(-0.3, 0.3) * width * z / camera.focal
    x_F = middle + speed * (seconds_F - seconds_F.mean())
    x_F += 0.15 * course(rng, n_frames, slowest=0.5, fastest=2, fps=fps)
    hop_F = 0.2 + 0.35 * np.abs(course(rng, n_frames, slowest=0.3, fastest=1.2, fps=fps))
    roll_F = seconds_F * speed * 2.5
    color = np.array([0.8, 0.78, 0.72]) * rng.uniform(0.5, 1.2) + rng.uniform(-0.1, 0.1, 3)
    crumple = rng.uniform(0.08, 0.3, 5)
    corners = []
    for k, long in enumerate(crumple):
        turn_F = roll_F + 2 * np.pi * k / len(crumple)
        x, y = x_F + long * np.cos(turn_F), hop_F + long * np.sin(turn_F)
        corners.append(np.stack([column_of(camera, x, z), row_of(camera, y, z)]))
    radius = rng.uniform(0.06, 0.12) * camera.focal / z
    points = np.array(corners)
    paint = Paint(window_around(points[:, 0], points[:, 1], margin=radius + 2))
    for k, corner in enumerate(corners):
        paint.limb(
            corner, corners[k - 1], radii_2F=np.full((2, n_frames), radius, np.float32),
            color=color * (0.8 + 0.08 * k), sun=scenery.sun,
        )  # fmt: skip
    return [paint.sprite(np.full(n_frames, z, np.float32))]
