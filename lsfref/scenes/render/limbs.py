"""Articulated figures of the built-in scenes: joint angles in, shaded limbs out."""

from typing import NamedTuple

import numpy as np

from lsfref.arrays import Floats
from lsfref.scenes.render.perspective import Camera, column_of, row_of
from lsfref.scenes.render.shapes import Color, Layer, Stroke, paint

_SKINS = [(0.86, 0.68, 0.56), (0.72, 0.53, 0.41), (0.50, 0.35, 0.26), (0.36, 0.25, 0.19)]
_CLOTHES = [
    (0.16, 0.17, 0.20), (0.80, 0.79, 0.76), (0.62, 0.16, 0.15), (0.18, 0.26, 0.48),
    (0.78, 0.66, 0.25), (0.24, 0.40, 0.27), (0.45, 0.43, 0.41), (0.55, 0.38, 0.55),
]  # fmt: skip
_SHOE, _BOX = (0.12, 0.11, 0.10), (0.62, 0.46, 0.28)


class Person(NamedTuple):
    """Height in meters and colors; the shirt is striped in two of them."""

    tall: float
    skin: Color
    hair: Color
    shirt: tuple[Color, Color]
    trousers: Color


class Pose(NamedTuple):
    """Where a figure stands and how its joints turn; angles in radians, forward positive."""

    x_F: Floats
    z_F: Floats
    heading: float  # from the x axis toward z
    thigh_2F: Floats
    knee_2F: Floats
    swing_2F: Floats  # upper arm, forward
    spread_2F: Floats  # upper arm, sideways
    elbow_2F: Floats
    carries: bool = False  # a box, in both hands


def draw_person(rng: np.random.Generator) -> Person:
    """Return a person of random size and clothes."""
    first, second, trousers = (np.array(_CLOTHES[k]) for k in rng.permutation(len(_CLOTHES))[:3])
    return Person(
        tall=rng.uniform(1.6, 1.92),
        skin=_SKINS[rng.integers(len(_SKINS))],
        hair=np.array([0.16, 0.12, 0.09]) * rng.uniform(0.5, 4.0),
        shirt=(first, second if rng.random() < 0.55 else first),
        trousers=0.8 * trousers,
    )


def joints(tall: float, pose: Pose) -> dict[str, Floats]:
    """Return joint positions (3, F) in the figure's axes: forward, up, sideways, in meters.

    The lower foot is on the ground.
    """
    thigh, shin, upper, lower = (share * tall for share in (0.245, 0.235, 0.165, 0.16))
    shank_2F = pose.thigh_2F - pose.knee_2F
    reach_2F = thigh * np.cos(pose.thigh_2F) + shin * np.cos(shank_2F)
    hip_F = reach_2F.max(axis=0) + 0.04 * tall

    def point(forward: float, up: float, sideways: float = 0.0) -> Floats:
        return np.stack([np.full_like(hip_F, tall * part) for part in (forward, up, sideways)])

    def turned(angle_F: Floats, aside_F: Floats | float = 0.0) -> Floats:
        ahead_F, down_F = np.sin(angle_F) * np.cos(aside_F), np.cos(angle_F) * np.cos(aside_F)
        return np.stack([ahead_F, -down_F, np.sin(aside_F) + 0 * ahead_F])

    at = {"hip": np.stack([0 * hip_F, hip_F, 0 * hip_F])}
    at["neck"] = at["hip"] + point(0, 0.29)
    at["head"] = at["neck"] + point(0, 0.085)
    for s, side in enumerate((-1, 1)):
        at[f"thigh{s}"] = at["hip"] + point(0, 0, side * 0.05)
        at[f"knee{s}"] = at[f"thigh{s}"] + thigh * turned(pose.thigh_2F[s])
        at[f"foot{s}"] = at[f"knee{s}"] + shin * turned(shank_2F[s])
        at[f"toe{s}"] = at[f"foot{s}"] + 0.09 * tall * turned(0.6 * shank_2F[s] + np.pi / 2)
        at[f"shoulder{s}"] = at["neck"] + point(0, -0.03, side * 0.1)
        swing_F, spread_F = pose.swing_2F[s], side * pose.spread_2F[s]
        at[f"elbow{s}"] = at[f"shoulder{s}"] + upper * turned(swing_F, spread_F)
        fold_F = swing_F + pose.elbow_2F[s]
        at[f"hand{s}"] = at[f"elbow{s}"] + lower * turned(fold_F, spread_F)
    return at


Limb = tuple[Floats, Floats, tuple[float, float], Color]  # from, to, radii in meters, color


def draw_figure(camera: Camera, person: Person, pose: Pose, *, sun: float) -> list[Layer]:
    """Return a figure, frame by frame."""
    cos, sin = np.cos(pose.heading), np.sin(pose.heading)
    scale_F = camera.focal / np.maximum(pose.z_F, 0.7)

    def seen(point_3F: Floats) -> Floats:
        ahead_F, up_F, aside_F = point_3F
        z_F = np.maximum(pose.z_F + ahead_F * sin + aside_F * cos, 0.7)
        x_F = pose.x_F + ahead_F * cos - aside_F * sin
        return np.stack([column_of(camera, x_F, z_F), row_of(camera, up_F, z_F)])

    strokes = []
    for start_3F, end_3F, radii, color in _limbs(person, pose, near=0 if cos > 0 else 1):
        radii_2F = np.multiply.outer(np.array(radii), scale_F).astype(np.float32)
        strokes.append(Stroke(seen(start_3F), seen(end_3F), radii_2F, color))
    return paint(strokes, pose.z_F, sun=sun)


def _limbs(person: Person, pose: Pose, *, near: int) -> list[Limb]:
    """Return the parts of a figure whose side `near` is seen, the nearest first."""
    t, at = person.tall, joints(person.tall, pose)
    shirt = person.shirt[0]

    def arm(s: int) -> list[Limb]:
        hand, elbow, shoulder = at[f"hand{s}"], at[f"elbow{s}"], at[f"shoulder{s}"]
        return [
            (hand, hand, (0.026 * t, 0.026 * t), person.skin),
            (elbow, hand, (0.030 * t, 0.022 * t), shirt),
            (shoulder, elbow, (0.037 * t, 0.030 * t), shirt),
        ]

    def leg(s: int) -> list[Limb]:
        top, knee, foot = at[f"thigh{s}"], at[f"knee{s}"], at[f"foot{s}"]
        return [
            (foot, at[f"toe{s}"], (0.027 * t, 0.02 * t), _SHOE),
            (knee, foot, (0.040 * t, 0.026 * t), person.trousers),
            (top, knee, (0.055 * t, 0.043 * t), person.trousers),
        ]

    up = np.array([[0.0], [1.0], [0.0]])
    head, chest, hip = at["head"], at["neck"] - 0.04 * t * up, at["hip"]
    crown = head + t * np.array([[-0.015], [0.03], [0.0]])
    box = 0.5 * (at["hand0"] + at["hand1"])
    carried = [(box, box + 0.14 * up, (0.13, 0.13), _BOX)] if pose.carries else []
    bands = [chest + k / 6 * (hip - chest) for k in range(7)]
    trunk = [
        (crown, head, (0.06 * t, 0.05 * t), person.hair),
        (head, head, (0.058 * t, 0.058 * t), person.skin),
        *(
            (bands[k], bands[k + 1], ((0.09 - 0.003 * k) * t,) * 2, person.shirt[k % 2])
            for k in range(6)
        ),
    ]
    return [*arm(near), *carried, *trunk, *leg(near), *leg(1 - near), *arm(1 - near)]
