"""What moves in any clip of the built-in scenes, people or not: a flag, cars, birds, litter."""

import math

import numpy as np

from lsfref.arrays import Floats
from lsfref.scenes.render.cars import car_sprites, draw_car
from lsfref.scenes.render.perspective import column_of, row_of
from lsfref.scenes.render.scenery import Scenery
from lsfref.scenes.render.shapes import Paint, Sprite, window_around
from lsfref.scenes.render.textures import course


def passers(
    scenery: Scenery, rng: np.random.Generator, n_frames: int, fps: float, size: tuple[int, int]
) -> list[Sprite]:
    """Return what moves: a flag in the wind; now and then a car, a bird, litter."""
    sprites = _flag(scenery, rng, n_frames, fps, size)
    for share, draw in ((0.1, _car), (0.1, _bird), (0.05, _litter)):
        if rng.random() < share:
            sprites += draw(scenery, rng, n_frames, fps, size)
    return sprites


def _car(
    scenery: Scenery, rng: np.random.Generator, n_frames: int, fps: float, _size: tuple[int, int]
) -> list[Sprite]:
    """Return a car on its side of the road."""
    road = scenery.road
    way = rng.choice([-1, 1])
    along_F = way * (np.arange(n_frames) / fps - rng.uniform(1.2, 2.0)) * rng.uniform(5.5, 9)
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
    """Return a striped flag that waves from a pole, in strips that a wave runs through."""
    camera, (width, _) = scenery.camera, size
    z, high = rng.uniform(5.5, 6.5), rng.uniform(2.2, 2.6)
    x = rng.uniform(-0.4, 0.2) * width * z / camera.focal
    long, tall, n_strips = rng.uniform(1.3, 1.6), rng.uniform(0.8, 0.95), 9
    turn_F = 2 * np.pi * rng.uniform(0.9, 1.2) * np.arange(n_frames) / fps
    pale, deep = rng.uniform(0.75, 0.95, 3), rng.uniform(0.05, 0.35, 3)
    colors = [pale, deep, pale] if rng.random() < 0.5 else [deep, pale, deep]

    def seen(along: float, up: float) -> Floats:
        share = along / long
        y_F = high + up - 0.15 * share + 0.3 * share * np.sin(turn_F - 5 * share)
        x_F = x + along * (0.95 - 0.1 * share * np.cos(turn_F - 5 * share))
        return np.stack([column_of(camera, x_F, z), row_of(camera, y_F, z)])

    foot = np.repeat(
        [[float(column_of(camera, x, z))], [float(row_of(camera, 0.0, z))]], n_frames, 1
    )
    top = seen(0.0, 0.1) * 1.0
    points = np.array([seen(a, u) for a in (0.0, long) for u in (-tall, 0.1)] + [foot])
    paint = Paint(window_around(points[:, 0], points[:, 1], margin=0.3 * camera.focal / z + 3))
    for k in range(n_strips):
        ends = [long * (k + side) / n_strips for side in (0, 1)]
        for stripe in range(3):
            levels = [-tall * (stripe + side) / 3 for side in (0, 1)]
            corners = [
                seen(a, u) for a, u in zip((*ends, *ends[::-1]), np.repeat(levels, 2), strict=True)
            ]
            columns_PF, rows_PF = np.moveaxis(np.array(corners), 1, 0)
            paint.face(columns_PF, rows_PF, color=colors[stripe], shade=1 - 0.1 * (k % 3))
    radii_2F = np.full((2, n_frames), 0.05 * camera.focal / z, np.float32)
    foot = foot.astype(np.float32)
    paint.limb(foot, top, radii_2F=radii_2F, color=(0.6, 0.6, 0.6), sun=scenery.sun)
    return [paint.sprite(np.full(n_frames, z, np.float32))]


def _litter(
    scenery: Scenery, rng: np.random.Generator, n_frames: int, fps: float, size: tuple[int, int]
) -> list[Sprite]:
    """Return a bag or some paper that the wind rolls over the ground, hopping."""
    camera, (width, _) = scenery.camera, size
    z = rng.uniform(3.8, 6)
    seconds_F = np.arange(n_frames) / fps
    speed = rng.choice([-1, 1]) * rng.uniform(0.7, 2.5)
    middle = rng.uniform(-0.3, 0.3) * width * z / camera.focal
    x_F = middle + speed * (seconds_F - seconds_F.mean())
    x_F += 0.15 * course(rng, n_frames, slowest=0.5, fastest=2, fps=fps)
    hop_F = 0.2 + 0.35 * np.abs(course(rng, n_frames, slowest=0.3, fastest=1.2, fps=fps))
    roll_F = seconds_F * speed * 2.5
    color = np.array([0.8, 0.78, 0.72]) * rng.uniform(0.5, 1.2) + rng.uniform(-0.1, 0.1, 3)
    crumple = rng.uniform(0.15, 0.36, 5)
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
    for k, corner in enumerate(corners):
        paint.limb(
            corner, points.mean(axis=0), radii_2F=np.full((2, n_frames), 1.6 * radius, np.float32),
            color=color * (0.6 + 0.1 * k), sun=scenery.sun,
        )  # fmt: skip
    return [paint.sprite(np.full(n_frames, z, np.float32))]


def _bird(
    scenery: Scenery, rng: np.random.Generator, n_frames: int, fps: float, size: tuple[int, int]
) -> list[Sprite]:
    """Return a bird that flaps across the view."""
    camera, (width, _) = scenery.camera, size
    z, span = rng.uniform(4.5, 8), rng.uniform(0.35, 0.6)
    seconds_F = np.arange(n_frames) / fps
    speed = rng.choice([-1, 1]) * rng.uniform(1.2, 3.2)
    x_F = rng.uniform(-0.3, 0.3) * width * z / camera.focal + speed * (seconds_F - seconds_F.mean())
    y_F = rng.uniform(0.8, 1.1) * camera.height + 0.3 * np.sin(seconds_F * rng.uniform(0.5, 2))
    beat_F = 0.2 + 0.5 * np.sin(2 * np.pi * rng.uniform(0.6, 1.2) * seconds_F)
    head = float(np.sign(speed)) * 0.5 * span
    spots = [(x_F - head, y_F), (x_F + head, y_F)]
    spots += [
        (x_F - 0.2 * head, y_F + span * beat_F),
        (x_F - 0.5 * head, y_F + 0.8 * span * beat_F),
    ]
    ends = [np.stack([column_of(camera, x, z), row_of(camera, y, z)]) for x, y in spots]
    radius = np.full((2, n_frames), 0.16 * span * camera.focal / z, np.float32)
    points = np.array(ends)
    paint = Paint(window_around(points[:, 0], points[:, 1], margin=float(radius.max()) + 2))
    color = np.full(3, rng.uniform(0.05, 0.9))
    middle = 0.5 * (ends[0] + ends[1])
    for start, end in ((middle, ends[2]), (ends[0], ends[1]), (middle, ends[3])):
        paint.limb(start, end, radii_2F=radius, color=color, sun=scenery.sun)
        color = color * 0.85
    return [paint.sprite(np.full(n_frames, z, np.float32))]
