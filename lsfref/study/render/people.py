"""What people do in the built-in scenes: alone, with a thing, with one another (the paper's kinds).

An act returns poses, and with them the things held, for `n_frames` frames. Two or more figures of
one act share a place; a separate passer-by may join.
"""

import math
from typing import NamedTuple

import numpy as np

from lsfref.arrays import Floats
from lsfref.study.render.limbs import Pose, Thing, draw_person, figure_sprites, joints
from lsfref.study.render.perspective import Camera
from lsfref.study.render.shapes import Sprite

KINDS = ("body", "object", "others")  # general body movement, human-object, human-human
_WALKS = ("walk", "walk", "run")
_STAYS = ("wave", "jumping jack", "pick up", "squat")
_OBJECTS = ("box", "trolley", "ball", "broom", "case")
_OTHERS = ("side by side", "meet", "fight", "hand over")


class Path(NamedTuple):
    """Where somebody goes: place in mid clip, heading, metres a second."""

    x: float
    z: float
    heading: float
    speed: float


def _still_pose(path: Path, n_frames: int, fps: float) -> Pose:
    """Return somebody who glides along the path with arms and legs straight."""
    walked_F = (np.arange(n_frames) - n_frames / 2) / fps * path.speed
    zero_F, zero_2F = np.zeros(n_frames), np.zeros((2, n_frames))
    return Pose(
        path.x + walked_F * math.cos(path.heading),
        path.z + walked_F * math.sin(path.heading),
        zero_F + path.heading,
        zero_2F, zero_2F + 0.06, zero_2F, zero_2F + 0.1, zero_2F + 0.15, zero_F, zero_F,
    )  # fmt: skip


def _clock(n_frames: int, fps: float) -> Floats:
    return np.arange(n_frames) / fps


def walk(rng: np.random.Generator, path: Path, n_frames: int, fps: float) -> Pose:
    """Return a walk, or a run above 2.2 m/s, in step with the speed."""
    pose = _still_pose(path, n_frames, fps)
    runs = path.speed > 2.2
    hertz = path.speed / (2.3 if runs else 1.35)
    turn_F = 2 * np.pi * hertz * _clock(n_frames, fps) + rng.uniform(0, 2 * np.pi)
    turn_2F = np.stack([turn_F, turn_F + np.pi])
    stride = 0.8 if runs else 0.33 + 0.1 * path.speed
    lift = 1.5 if runs else 0.85
    return pose._replace(
        thigh_2F=stride * np.sin(turn_2F) + (0.25 if runs else 0.04),
        knee_2F=0.12 + lift * np.maximum(np.cos(turn_2F + 0.3), 0),
        swing_2F=-1.05 * stride * np.sin(turn_2F),
        elbow_2F=np.full((2, n_frames), 1.5 if runs else 0.3) + 0.15 * np.sin(turn_2F),
        lean_F=np.full(n_frames, 0.22 if runs else 0.05),
        jump_F=(0.06 if runs else 0.0) * np.maximum(np.sin(2 * turn_F), 0),
    )


def stay(rng: np.random.Generator, path: Path, n_frames: int, fps: float, act: str) -> Pose:
    """Return somebody who stays and moves: waves, jumps, bends down, squats."""
    pose = _still_pose(path._replace(speed=0.0), n_frames, fps)
    turn_F = 2 * np.pi * rng.uniform(0.7, 1.2) * _clock(n_frames, fps) + rng.uniform(0, 6.3)
    up_F = 0.5 - 0.5 * np.cos(turn_F)
    both = np.ones((2, 1))
    if act == "wave":
        arms = np.array([[1.0], [rng.choice([0.0, 1.0])]])
        spread_2F = arms * (2.2 + 0.55 * np.sin(1.7 * turn_F)) + (1 - arms) * 0.15
        sway_F = 0.12 * np.sin(0.8 * turn_F)
        return pose._replace(spread_2F=spread_2F, lean_F=sway_F, x_F=pose.x_F + 0.6 * sway_F)
    if act == "jumping jack":
        return pose._replace(
            spread_2F=both * (0.2 + 2.5 * up_F),
            thigh_2F=both * 0.3 * up_F * np.array([[1], [-1]]),
            jump_F=0.16 * np.abs(np.sin(turn_F)),
        )
    if act == "squat":
        return pose._replace(
            thigh_2F=both * 1.3 * up_F,
            knee_2F=both * (0.1 + 2.2 * up_F),
            swing_2F=both * 1.5 * up_F,
            lean_F=0.5 * up_F,
        )
    down_F = np.clip(1.4 * up_F - 0.2, 0, 1)  # pick up
    return pose._replace(
        thigh_2F=both * 0.7 * down_F,
        knee_2F=both * (0.1 + 0.9 * down_F),
        swing_2F=both * 1.1 * down_F,
        lean_F=1.25 * down_F,
    )


def with_object(
    rng: np.random.Generator, path: Path, n_frames: int, fps: float, act: str
) -> tuple[Pose, list[Thing]]:
    """Return somebody who carries a box, pushes a trolley, plays with a ball, sweeps, pulls."""
    both = np.ones((2, 1))
    clock_F = _clock(n_frames, fps)
    zero_F = np.zeros(n_frames)
    color = tuple(rng.uniform(0.2, 0.8, 3))
    if act in ("ball", "broom"):
        pose = stay(rng, path, n_frames, fps, "wave")
        turn_F = 2 * np.pi * rng.uniform(1.0, 1.5) * clock_F
        beat_F = np.abs(np.sin(turn_F))
        if act == "ball":
            pose = pose._replace(
                spread_2F=both * 0.15 + 0 * turn_F,
                swing_2F=both * (0.5 + 0.5 * beat_F),
                elbow_2F=both * (0.9 - 0.5 * beat_F),
                thigh_2F=both * 0.25 * (1 - beat_F),
                knee_2F=both * (0.1 + 0.5 * (1 - beat_F)),
            )
            spot_3F = np.stack([zero_F + 0.5, 0.15 + 0.85 * beat_F, zero_F])
            return pose, [Thing(spot_3F, spot_3F, 0.14, (0.85, 0.45, 0.15))]
        reach_F = 0.5 * np.sin(turn_F)
        pose = pose._replace(
            spread_2F=both * 0.2 + 0 * turn_F,
            swing_2F=np.stack([0.7 + reach_F, 0.4 + reach_F]),
            elbow_2F=both * 0.6 + 0 * turn_F,
            lean_F=0.35 + 0.2 * np.sin(turn_F),
        )
        top_3F = np.stack([0.2 + 0.2 * reach_F, zero_F + 1.15, zero_F])
        foot_3F = np.stack([0.8 + 1.0 * reach_F, zero_F + 0.05, zero_F])
        half_31 = np.array([[0.14], [0], [0]])
        stick = Thing(top_3F, foot_3F, 0.025, (0.55, 0.42, 0.25))
        return pose, [stick, Thing(foot_3F - half_31, foot_3F + half_31, 0.06, color)]
    pose = walk(rng, path._replace(speed=min(path.speed, 1.5)), n_frames, fps)
    if act == "box":
        pose = pose._replace(swing_2F=both * 0.45 + 0 * clock_F, elbow_2F=both * 1.0 + 0 * clock_F)
        side = rng.uniform(0.1, 0.16)
        at_3F = np.stack([zero_F + 0.42, zero_F + 1.1, zero_F])
        low_3F = at_3F - [[0], [0.14], [0]]
        return pose, [Thing(low_3F, at_3F, side, (0.62, 0.46, 0.28))]
    if act == "trolley":
        pose = pose._replace(swing_2F=both * 0.75 + 0 * clock_F, elbow_2F=both * 0.35 + 0 * clock_F)
        basket = [np.stack([zero_F + a, zero_F + u, zero_F]) for a, u in ((0.75, 0.7), (1.25, 0.8))]
        frame = [np.stack([zero_F + a, zero_F + u, zero_F]) for a, u in ((0.5, 1.0), (0.8, 0.25))]
        wheels = [np.stack([zero_F + a, zero_F + 0.1, zero_F]) for a in (0.7, 1.25)]
        grey = (0.5, 0.5, 0.5)
        parts = [Thing(basket[0], basket[1], 0.2, color), Thing(frame[0], frame[1], 0.03, grey)]
        return pose, parts + [Thing(one, one, 0.1, (0.1, 0.1, 0.1)) for one in wheels]
    grip_3F = np.stack([zero_F - 0.25, zero_F + 0.75, zero_F + 0.2])  # a case on wheels
    low_3F, high_3F = grip_3F - [[0.3], [0.5], [0]], grip_3F - [[0.15], [0.22], [0]]
    pose = pose._replace(swing_2F=np.stack([pose.swing_2F[0], zero_F - 0.4]))
    return pose, [Thing(low_3F, high_3F, 0.15, color), Thing(high_3F, grip_3F, 0.02, (0.3,) * 3)]


def together(
    rng: np.random.Generator, path: Path, n_frames: int, fps: float, act: str
) -> list[Pose]:
    """Return two who walk side by side, meet, fight or hand something over."""
    clock_F = _clock(n_frames, fps)
    both = np.ones((2, 1))
    if act == "side by side":
        aside = rng.uniform(0.55, 0.8)
        other = path._replace(
            x=path.x - aside * math.sin(path.heading), z=path.z + aside * math.cos(path.heading)
        )
        return [walk(rng, one, n_frames, fps) for one in (path, other)]
    gap_F = np.full(n_frames, rng.uniform(0.38, 0.5))
    speed, meeting = 0.0, 0.0
    if act == "meet":
        speed, meeting = rng.uniform(0.9, 1.4), rng.uniform(0.45, 0.75) * n_frames / fps
        gap_F = gap_F + speed * np.maximum(meeting - clock_F, 0)
    elif act == "fight":
        gap_F = gap_F + 0.12 * np.sin(2 * np.pi * 0.9 * clock_F)
    cos, sin = math.cos(path.heading), math.sin(path.heading)
    poses = []
    for k, sign in enumerate((-1, 1)):
        heading = path.heading + (np.pi if k else 0)
        here = path._replace(heading=heading, speed=speed)
        pose = walk(rng, here, n_frames, fps)
        moving_F = np.clip((meeting - clock_F) * 3, 0, 1)
        pose = pose._replace(
            x_F=path.x + sign * gap_F * cos,
            z_F=path.z + sign * gap_F * sin,
            thigh_2F=pose.thigh_2F * moving_F,
            knee_2F=0.08 + (pose.knee_2F - 0.08) * moving_F,
            swing_2F=pose.swing_2F * moving_F,
            jump_F=np.zeros(n_frames),
        )
        beat_F = 2 * np.pi * rng.uniform(1.2, 2.0) * clock_F + rng.uniform(0, 6.3)
        if act == "fight":
            rock_F = 0.12 * np.sin(2 * np.pi * 0.7 * clock_F + 0.5 * k)
            pose = pose._replace(
                x_F=pose.x_F + rock_F * cos + 0.25 * np.sin(1.3 * clock_F),
                swing_2F=1.1 + 0.6 * np.stack([np.sin(beat_F), np.sin(beat_F + 2)]),
                elbow_2F=0.9 + 0.7 * np.stack([np.cos(beat_F), np.cos(beat_F + 2)]),
                lean_F=0.15 + 0.2 * np.sin(beat_F / 2),
                thigh_2F=0.3 * np.stack([np.sin(beat_F / 2), -np.sin(beat_F / 2)]),
                knee_2F=both * 0.3 + 0 * clock_F,
            )
        else:  # shake hands, hand over
            near_F = np.clip((clock_F - meeting) * 3, 0, 1)
            shake_F = near_F * (1.0 + 0.2 * np.sin(beat_F * 1.5))
            low_F = near_F * 0.3 * (1 + np.sin(beat_F / 3))
            pose = pose._replace(
                swing_2F=pose.swing_2F + np.stack([low_F, shake_F]),
                elbow_2F=pose.elbow_2F + np.stack([low_F, 0.4 * near_F]),
                lean_F=pose.lean_F + 0.1 * near_F * (1 + np.sin(beat_F / 2)),
            )
        poses.append(pose)
    return poses


def people_sprites(
    rng: np.random.Generator,
    camera: Camera,
    *,
    kind: str,
    n_frames: int,
    fps: float,
    nearest: float,
    farthest: float,
    half_width: float,
    sun: float,
) -> list[Sprite]:
    """Return one to three people doing something of `kind` (one of KINDS)."""

    def path(speed: float) -> Path:
        z = nearest * (farthest / nearest) ** (rng.random() ** 1.6)
        x = rng.uniform(-0.55, 0.55) * half_width * z / camera.focal
        heading = rng.choice([0, np.pi]) + rng.normal(0, 0.35)
        return Path(x, z, float(heading), speed)

    cast: list[tuple[Pose, list[Thing]]] = []
    if kind == "object":
        act = str(rng.choice(_OBJECTS))
        cast.append(with_object(rng, path(rng.uniform(0.8, 1.5)), n_frames, fps, act))
    elif kind == "others":
        act = str(rng.choice(_OTHERS))
        here = path(rng.uniform(0.9, 1.6))
        poses = together(rng, here, n_frames, fps, act)
        things: list[list[Thing]] = [[], []]
        if act == "hand over":
            hand_3F = joints(draw_person(np.random.default_rng(0)), poses[0])["hand1"]
            things[0] = [Thing(hand_3F, hand_3F, 0.11, tuple(rng.uniform(0.2, 0.8, 3)))]
        cast += list(zip(poses, things, strict=True))
    room = 3 - len(cast)
    others = int(rng.integers(1, room + 1)) if kind == "body" else int(rng.random() < 0.35)
    for _ in range(others):
        if rng.random() < 0.7:
            act = str(rng.choice(_WALKS))
            speed = rng.uniform(2.4, 3.4) if act == "run" else rng.uniform(0.9, 1.7)
            cast.append((walk(rng, path(speed), n_frames, fps), []))
        else:
            act = str(rng.choice(_STAYS))
            cast.append((stay(rng, path(0.0), n_frames, fps, act), []))
    sprites = []
    for pose, held in cast:
        sprites += figure_sprites(camera, draw_person(rng), pose, held, sun=sun)
    return sprites
