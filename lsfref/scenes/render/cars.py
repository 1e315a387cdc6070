"""Cars of the built-in scenes: two boxes with glass, wheels and a soft shadow."""

from typing import NamedTuple

import numpy as np

from lsfref.arrays import Floats
from lsfref.scenes.render.perspective import Camera, column_of, row_of
from lsfref.scenes.render.shapes import Paint, Sprite, polygon, window_around

_COLORS = [
    (0.75, 0.75, 0.76),
    (0.20, 0.21, 0.23),
    (0.86, 0.86, 0.84),
    (0.55, 0.14, 0.13),
    (0.17, 0.27, 0.45),
    (0.42, 0.44, 0.46),
    (0.24, 0.35, 0.27),
]
_GLASS = (0.16, 0.19, 0.22)


class Car(NamedTuple):
    """Size in metres and colour of one car; `cabin` is where the cabin lies, -1 to 1."""

    long: float
    wide: float
    tall: float
    cabin: tuple[float, float]
    color: tuple[float, float, float]


def draw_car(rng: np.random.Generator) -> Car:
    """Return a saloon, an estate or a van."""
    color = _COLORS[rng.integers(len(_COLORS))]
    kind = rng.integers(3)
    if kind == 0:
        return Car(rng.uniform(4.0, 4.6), 1.75, rng.uniform(1.4, 1.5), (-0.75, 0.4), color)
    if kind == 1:
        return Car(rng.uniform(4.1, 4.7), 1.8, rng.uniform(1.5, 1.65), (-0.96, 0.4), color)
    return Car(rng.uniform(4.6, 5.4), 1.9, rng.uniform(1.9, 2.2), (-0.98, 0.62), color)


def _box(
    low: tuple[float, float, float], high: tuple[float, float, float], taper: float
) -> list[list[tuple[float, float, float]]]:
    """Return the faces of a box (along, up, across), clockwise from outside: sides, ends, top."""
    (a0, u0, c0), (a1, u1, c1) = low, high
    b0, b1 = a0 + taper, a1 - 1.6 * taper
    d0, d1 = c0 + 0.25 * taper, c1 - 0.25 * taper
    return [
        [(a0, u0, c0), (b0, u1, d0), (b1, u1, d0), (a1, u0, c0)],
        [(a1, u0, c1), (b1, u1, d1), (b0, u1, d1), (a0, u0, c1)],
        [(a1, u0, c0), (b1, u1, d0), (b1, u1, d1), (a1, u0, c1)],
        [(a0, u0, c1), (b0, u1, d1), (b0, u1, d0), (a0, u0, c0)],
        [(b0, u1, d0), (b0, u1, d1), (b1, u1, d1), (b1, u1, d0)],
    ]


def _inset(face: list[tuple[float, float, float]], by: float) -> list[tuple[float, float, float]]:
    """Return the face drawn in towards its middle: the glass in its frame."""
    corners = np.array(face)
    middle = corners.mean(axis=0)
    return [tuple(corner) for corner in middle + (corners - middle) * (1 - by)]


def car_sprites(
    camera: Camera, car: Car, x_F: Floats, z_F: Floats, heading: float, *, sun: float
) -> list[Sprite]:
    """Return the shadow and the body of a car whose middle moves along (x_F, z_F)."""
    cos, sin = np.cos(heading), np.sin(heading)

    def seen(face: list[tuple[float, float, float]]) -> tuple[Floats, Floats]:
        along, up, across = np.array(face, np.float32).T[:, :, None]
        x_PF = x_F + along * cos - across * sin
        z_PF = np.maximum(z_F + along * sin + across * cos, 0.5)
        return column_of(camera, x_PF, z_PF), row_of(camera, up, z_PF)

    half, wide, waist = car.long / 2, car.wide / 2, 0.58 * car.tall
    hull = [(a, u, c) for a in (-half, half) for u in (0.0, car.tall) for c in (-wide, wide)]
    window = window_around(*seen(hull), margin=3)
    paint = Paint(window)
    start, end = car.cabin
    body = _box((-half, 0.25, -wide), (half, waist, wide), 0.12)
    cabin = _box((start * half, waist, -wide), (end * half, car.tall, wide), 0.35)
    light = [0.92 - 0.2 * sun, 0.72 + 0.2 * sun, 0.8, 0.8, 1.15]
    for face, shade in zip(cabin[:4], light, strict=False):
        paint.face(*seen(_inset(face, 0.16)), color=_GLASS, shade=0.7 + shade / 2)
    for face, shade in zip(cabin, light, strict=True):
        paint.face(*seen(face), color=car.color, shade=shade)
    turn = np.linspace(0, 2 * np.pi, 9)[:-1]
    for side in (-1, 1):
        for wheel in (-0.62, 0.62):
            ring = np.stack([0.33 * np.cos(turn), 0.33 * np.sin(turn)], axis=1)
            rim = [(wheel * half + a, 0.33 + u, side * (wide + 0.01)) for a, u in ring * 0.55]
            tyre = [(wheel * half + a, 0.33 + u, side * (wide + 0.01)) for a, u in ring]
            order = 1 if side > 0 else -1
            paint.face(*seen(rim[::order]), color=(0.45, 0.45, 0.46), shade=1)
            paint.face(*seen(tyre[::order]), color=(0.07, 0.07, 0.08), shade=1)
    for a, color in ((half + 0.01, (0.95, 0.95, 0.88)), (-half - 0.01, (0.6, 0.1, 0.1))):
        for c in (-0.7 * wide, 0.7 * wide):
            lamp = [(a, 0.6, c - 0.2), (a, 0.78, c - 0.2), (a, 0.78, c + 0.2), (a, 0.6, c + 0.2)]
            paint.face(*seen(lamp if a > 0 else lamp[::-1]), color=color, shade=1)
    for face, shade in zip(body, light, strict=True):
        paint.face(*seen(face), color=car.color, shade=shade)
    shade_window = window_around(*seen(_shadow(half, wide, sun)), margin=4)
    shadow = Paint(shade_window)
    for grow, dark in ((0.8, 0.3), (1.0, 0.3), (1.15, 0.25)):
        outline = polygon(shade_window, *seen(_shadow(half * grow, wide * grow, sun)))
        shadow.add(outline * np.float32(dark), (0.05, 0.05, 0.06))
    return [shadow.sprite(z_F + 0.2, on_ground=True), paint.sprite(z_F)]


def _shadow(half: float, wide: float, sun: float) -> list[tuple[float, float, float]]:
    reach = 0.5 * sun
    low, high = -wide + min(reach, 0), wide + max(reach, 0)
    return [(-half, 0.0, high), (half, 0.0, high), (half, 0.0, low), (-half, 0.0, low)]
