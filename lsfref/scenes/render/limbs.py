"""Articulated figures of the built-in scenes: joint angles in, shaded limbs and a shadow out."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from lsfref.arrays import Floats
from lsfref.scenes.render.perspective import Camera, column_of, row_of
from lsfref.scenes.render.shapes import Color, Paint, Sprite, window_around

_SKINS = [(0.86, 0.68, 0.56), (0.72, 0.53, 0.41), (0.50, 0.35, 0.26), (0.36, 0.25, 0.19)]
_CLOTHES = [
    (0.16, 0.17, 0.20), (0.80, 0.79, 0.76), (0.62, 0.16, 0.15), (0.18, 0.26, 0.48),
    (0.78, 0.66, 0.25), (0.24, 0.40, 0.27), (0.45, 0.43, 0.41), (0.55, 0.38, 0.55),
]  # fmt: skip


class Person(NamedTuple):
    """Size in metres, colours, and whether the shirt is striped."""

    tall: float
    stout: float
    skin: Color
    hair: Color
    shirt: Color
    trousers: Color
    stripes: bool


class Pose(NamedTuple):
    """Where a figure stands and how its joints turn; angles in radians, forward positive."""

    x_F: Floats
    z_F: Floats
    heading_F: Floats  # from the x axis towards z
    thigh_2F: Floats
    knee_2F: Floats
    swing_2F: Floats  # upper arm, forward
    spread_2F: Floats  # upper arm, sideways
    elbow_2F: Floats
    lean_F: Floats
    jump_F: Floats  # metres above the ground


class Thing(NamedTuple):
    """A prop: a thick line between two points in the figure's own axes, metres, per frame."""

    start_3F: Floats  # forward, up, sideways
    end_3F: Floats
    radius: float
    color: Color


def draw_person(rng: np.random.Generator) -> Person:
    """Return a person of random size and clothes."""
    shirt, trousers = rng.permutation(len(_CLOTHES))[:2]
    return Person(
        tall=rng.uniform(1.6, 1.92),
        stout=rng.uniform(0.9, 1.25),
        skin=_SKINS[rng.integers(len(_SKINS))],
        hair=tuple(np.array([0.16, 0.12, 0.09]) * rng.uniform(0.5, 4.0)),
        shirt=_CLOTHES[shirt],
        trousers=tuple(np.array(_CLOTHES[trousers]) * 0.8),
        stripes=bool(rng.random() < 0.55),
    )


def joints(person: Person, pose: Pose) -> dict[str, Floats]:
    """Return joint positions (3, F) in the figure's axes: forward, up, sideways, in metres."""
    tall = person.tall
    thigh, shin, torso = 0.245 * tall, 0.235 * tall, 0.29 * tall
    upper, lower = 0.165 * tall, 0.16 * tall
    knee_2F = pose.thigh_2F - pose.knee_2F
    reach_2F = thigh * np.cos(pose.thigh_2F) + shin * np.cos(knee_2F)
    hip_F = reach_2F.max(axis=0) + 0.04 * tall + pose.jump_F
    zero_F = np.zeros_like(hip_F)
    neck_3F = np.stack([torso * np.sin(pose.lean_F), hip_F + torso * np.cos(pose.lean_F), zero_F])
    nod_F = 0.5 * pose.lean_F
    head_3F = neck_3F + 0.085 * tall * np.stack([np.sin(nod_F), np.cos(nod_F), zero_F])
    found = {"hip": np.stack([zero_F, hip_F, zero_F]), "neck": neck_3F, "head": head_3F}
    for s, side in enumerate((-1, 1)):
        hip_3F = np.stack([zero_F, hip_F, zero_F + side * 0.05 * tall])
        bent_F, shank_F = pose.thigh_2F[s], knee_2F[s]
        knee_3F = hip_3F + thigh * np.stack([np.sin(bent_F), -np.cos(bent_F), zero_F])
        foot_3F = knee_3F + shin * np.stack([np.sin(shank_F), -np.cos(shank_F), zero_F])
        toe_F = shank_F * 0.6
        toe_3F = foot_3F + 0.09 * tall * np.stack([np.cos(toe_F), np.sin(toe_F), zero_F])
        shoulder_3F = neck_3F + np.stack([zero_F, zero_F - 0.03 * tall, zero_F + side * 0.1 * tall])
        swing_F, spread_F = pose.swing_2F[s], pose.spread_2F[s]
        elbow_3F = shoulder_3F + upper * _arm(swing_F, spread_F, side)
        fold_F = pose.elbow_2F[s]
        hand_3F = elbow_3F + lower * _arm(swing_F + fold_F, spread_F, side)
        names = ("thigh", "knee", "foot", "toe", "shoulder", "elbow", "hand")
        parts = (hip_3F, knee_3F, foot_3F, toe_3F, shoulder_3F, elbow_3F, hand_3F)
        found.update({f"{name}{s}": part for name, part in zip(names, parts, strict=True)})
    return found


def _arm(swing_F: Floats, spread_F: Floats, side: int) -> Floats:
    """Return the unit vector (3, F) of an arm that swings forward and spreads sideways."""
    return np.stack(
        [
            np.sin(swing_F) * np.cos(spread_F),
            -np.cos(swing_F) * np.cos(spread_F),
            side * np.sin(spread_F),
        ]
    )


def figure_sprites(
    camera: Camera, person: Person, pose: Pose, things: list[Thing], *, sun: float
) -> list[Sprite]:
    """Return the shadow and the body of a figure, with the things it holds."""
    cos_F, sin_F = np.cos(pose.heading_F), np.sin(pose.heading_F)

    def world(point_3F: Floats) -> tuple[Floats, Floats, Floats]:
        ahead_F, up_F, aside_F = point_3F
        x_F = pose.x_F + ahead_F * cos_F - aside_F * sin_F
        z_F = pose.z_F + ahead_F * sin_F + aside_F * cos_F
        return x_F, up_F, np.maximum(z_F, 0.7)

    def seen(point_3F: Floats) -> Floats:
        x_F, y_F, z_F = world(point_3F)
        return np.stack([column_of(camera, x_F, z_F), row_of(camera, y_F, z_F)])

    def fallen(point_3F: Floats) -> Floats:
        x_F, y_F, z_F = world(point_3F)
        z_F = z_F + 0.12 * y_F
        return np.stack([column_of(camera, x_F + 0.8 * sun * y_F, z_F), row_of(camera, 0.0, z_F)])

    at = joints(person, pose)
    scale_F = (camera.focal / np.maximum(pose.z_F, 0.7)).astype(np.float32)
    limbs = _limbs(person, at, things, near=0 if np.mean(cos_F) > 0 else 1)
    widest = 0.16 * float(scale_F.max()) + 2
    ends = [(seen(limb[0]), seen(limb[1])) for limb in limbs]
    points = np.array(ends)
    paint = Paint(window_around(points[:, :, 0], points[:, :, 1], margin=widest))
    for (start_2F, end_2F), (_, _, radii, color, stripes) in zip(ends, limbs, strict=True):
        paint.limb(
            start_2F, end_2F,
            radii_2F=np.multiply.outer(np.array(radii, np.float32), scale_F),
            color=color, sun=sun, stripes_F=scale_F / 45 if stripes else None,
        )  # fmt: skip
    solid = [limb for limb in limbs if limb[2][0] > 0.05]  # what casts a shadow worth drawing
    ends = [(fallen(limb[0]), fallen(limb[1])) for limb in solid]
    points = np.array(ends)
    shadow = Paint(window_around(points[:, :, 0], points[:, :, 1], margin=widest))
    for (start_2F, end_2F), limb in zip(ends, solid, strict=True):
        radii_2F = np.multiply.outer(0.8 * np.array(limb[2], np.float32), scale_F)
        shadow.limb(start_2F, end_2F, radii_2F=radii_2F, color=(0.0, 0.0, 0.0))
    cast = shadow.sprite((pose.z_F + 0.15).astype(np.float32), on_ground=True, opacity=0.4)
    return [cast, paint.sprite(pose.z_F.astype(np.float32))]


Limb = tuple[Floats, Floats, Sequence[float], Color, bool]


def _limbs(person: Person, at: dict[str, Floats], things: list[Thing], *, near: int) -> list[Limb]:
    """Return (start, end, radii, colour, stripes) of each part, the nearest first."""
    t, wide = person.tall, person.stout
    shoe = (0.12, 0.11, 0.10)
    far = 1 - near
    crown_3F = at["head"] + np.array([[-0.015 * t], [0.03 * t], [0]])
    chest_3F = at["neck"] - np.array([[0], [0.04 * t], [0]])
    held = [(one.start_3F, one.end_3F, (one.radius,) * 2, one.color, False) for one in things]

    def arm(s: int) -> list[Limb]:
        hand, elbow, shoulder = at[f"hand{s}"], at[f"elbow{s}"], at[f"shoulder{s}"]
        sleeve = person.shirt
        return [
            (hand, hand, (0.026 * t, 0.026 * t), person.skin, False),
            (elbow, hand, (0.028 * t * wide, 0.022 * t), sleeve, False),
            (shoulder, elbow, (0.035 * t * wide, 0.028 * t * wide), sleeve, False),
        ]

    def leg(s: int) -> list[Limb]:
        top, knee, foot = at[f"thigh{s}"], at[f"knee{s}"], at[f"foot{s}"]
        return [
            (foot, at[f"toe{s}"], (0.027 * t, 0.02 * t), shoe, False),
            (knee, foot, (0.038 * t * wide, 0.026 * t), person.trousers, False),
            (top, knee, (0.052 * t * wide, 0.040 * t * wide), person.trousers, False),
        ]

    trunk = [
        (chest_3F, at["hip"], (0.085 * t * wide, 0.068 * t * wide), person.shirt, person.stripes),
        (at["head"], at["head"], (0.058 * t, 0.058 * t), person.skin, False),
        (crown_3F, at["head"], (0.06 * t, 0.05 * t), person.hair, False),
    ]
    return [*arm(near), *held, trunk[2], trunk[1], trunk[0], *leg(near), *leg(far), *arm(far)]
