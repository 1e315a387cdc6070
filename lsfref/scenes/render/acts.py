"""Moves of the figures of the built-in scenes: joint angles over time, and the things in hand.

An act is a function of (rng, path, clock_F) with clock_F in seconds; it returns a pose, or a pose
and the things held, or the poses of two.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from lsfref.arrays import Floats
from lsfref.scenes.render.limbs import Pose, Thing

_BOTH_21 = np.ones((2, 1))


class Path(NamedTuple):
    """Where somebody goes: place in mid clip, heading from x towards z, metres a second."""

    x: float
    z: float
    heading: float
    speed: float


def _stand(path: Path, clock_F: Floats) -> Pose:
    """Return somebody who glides along the path with arms and legs straight."""
    walked_F = (clock_F - clock_F.mean()) * path.speed
    zero_F, zero_2F = np.zeros_like(clock_F), np.zeros((2, len(clock_F)))
    return Pose(
        path.x + walked_F * math.cos(path.heading),
        path.z + walked_F * math.sin(path.heading),
        zero_F + path.heading,
        thigh_2F=zero_2F,
        knee_2F=zero_2F + 0.06,
        swing_2F=zero_2F,
        spread_2F=zero_2F + 0.1,
        elbow_2F=zero_2F + 0.15,
        lean_F=zero_F,
        jump_F=zero_F,
    )


def walk(rng: np.random.Generator, path: Path, clock_F: Floats) -> Pose:
    """Return a walk, or a run above 2.2 m/s, in step with the speed."""
    runs = path.speed > 2.2
    hertz = path.speed / (2.3 if runs else 1.35)
    turn_F = 2 * np.pi * hertz * clock_F + rng.uniform(0, 2 * np.pi)
    turn_2F = np.stack([turn_F, turn_F + np.pi])
    stride = 0.8 if runs else 0.33 + 0.1 * path.speed
    lift = 1.5 if runs else 0.85
    pose = _stand(path, clock_F)
    return pose._replace(
        thigh_2F=stride * np.sin(turn_2F) + (0.25 if runs else 0.04),
        knee_2F=0.12 + lift * np.maximum(np.cos(turn_2F + 0.3), 0),
        swing_2F=-1.05 * stride * np.sin(turn_2F),
        elbow_2F=(1.5 if runs else 0.3) + 0.15 * np.sin(turn_2F),
        lean_F=pose.lean_F + (0.22 if runs else 0.05),
        jump_F=(0.06 if runs else 0.0) * np.maximum(np.sin(2 * turn_F), 0),
    )


def _beat(rng: np.random.Generator, clock_F: Floats) -> tuple[Floats, Floats]:
    """Return an angle that runs through a cycle about once a second, and 0 to 1 within it."""
    turn_F = 2 * np.pi * rng.uniform(0.7, 1.2) * clock_F + rng.uniform(0, 2 * np.pi)
    return turn_F, 0.5 - 0.5 * np.cos(turn_F)


def wave(rng: np.random.Generator, path: Path, clock_F: Floats) -> Pose:
    """Return somebody who waves with one arm or both."""
    turn_F, _ = _beat(rng, clock_F)
    arms_21 = np.array([[1.0], [float(rng.integers(2))]])
    sway_F = 0.2 * np.sin(0.8 * turn_F)
    pose = _stand(path._replace(speed=0.0), clock_F)
    return pose._replace(
        spread_2F=arms_21 * (2.2 + 0.55 * np.sin(1.7 * turn_F)) + (1 - arms_21) * 0.15,
        lean_F=sway_F,
        x_F=pose.x_F + sway_F,
    )


def jumping_jack(rng: np.random.Generator, path: Path, clock_F: Floats) -> Pose:
    """Return somebody who jumps with arms and legs apart and together."""
    turn_F, up_F = _beat(rng, clock_F)
    return _stand(path._replace(speed=0.0), clock_F)._replace(
        spread_2F=_BOTH_21 * (0.2 + 2.5 * up_F),
        thigh_2F=0.3 * up_F * np.array([[1], [-1]]),
        jump_F=0.16 * np.abs(np.sin(turn_F)),
    )


def squat(rng: np.random.Generator, path: Path, clock_F: Floats) -> Pose:
    """Return somebody who squats down and stands up."""
    _, down_F = _beat(rng, clock_F)
    return _stand(path._replace(speed=0.0), clock_F)._replace(
        thigh_2F=_BOTH_21 * 1.3 * down_F,
        knee_2F=_BOTH_21 * (0.1 + 2.2 * down_F),
        swing_2F=_BOTH_21 * 1.5 * down_F,
        lean_F=0.5 * down_F,
    )


def pick_up(rng: np.random.Generator, path: Path, clock_F: Floats) -> Pose:
    """Return somebody who bends down to the ground and rises."""
    _, down_F = _beat(rng, clock_F)
    down_F = np.clip(1.4 * down_F - 0.2, 0, 1)
    return _stand(path._replace(speed=0.0), clock_F)._replace(
        thigh_2F=_BOTH_21 * 0.7 * down_F,
        knee_2F=_BOTH_21 * (0.1 + 0.9 * down_F),
        swing_2F=_BOTH_21 * 1.1 * down_F,
        lean_F=1.25 * down_F,
    )


Held = tuple[Pose, list[Thing]]


def _at(clock_F: Floats, forward: float, up: float, sideways: float = 0.0) -> Floats:
    """Return a point (3, F) that stays where it is in the figure's axes."""
    return np.repeat([[forward], [up], [sideways]], len(clock_F), axis=1)


def ball(rng: np.random.Generator, path: Path, clock_F: Floats) -> Held:
    """Return somebody who walks and bounces a ball."""
    beat_F = np.abs(np.sin(2 * np.pi * rng.uniform(0.5, 0.75) * clock_F))
    pose = walk(rng, path, clock_F)._replace(
        swing_2F=_BOTH_21 * (0.5 + 0.5 * beat_F),
        elbow_2F=_BOTH_21 * (0.9 - 0.5 * beat_F),
    )
    spot_3F = _at(clock_F, 0.5, 0.15)
    spot_3F[1] += 0.85 * beat_F
    return pose, [Thing(spot_3F, spot_3F, 0.14, (0.85, 0.45, 0.15))]


def broom(rng: np.random.Generator, path: Path, clock_F: Floats) -> Held:
    """Return somebody who sweeps."""
    reach_F = np.sin(2 * np.pi * rng.uniform(0.7, 1.1) * clock_F)
    pose = walk(rng, path._replace(speed=0.4 * path.speed), clock_F)
    pose = pose._replace(
        swing_2F=np.stack([0.7 + 0.5 * reach_F, 0.4 + 0.5 * reach_F]),
        elbow_2F=pose.elbow_2F + 0.3,
        lean_F=0.35 + 0.2 * reach_F,
    )
    top_3F, foot_3F = _at(clock_F, 0.2, 1.15), _at(clock_F, 0.8, 0.05)
    top_3F[0] += 0.1 * reach_F
    foot_3F[0] += 0.5 * reach_F
    half_31 = np.array([[0.14], [0], [0]])
    brush = Thing(foot_3F - half_31, foot_3F + half_31, 0.06, tuple(rng.uniform(0.2, 0.8, 3)))
    return pose, [Thing(top_3F, foot_3F, 0.025, (0.55, 0.42, 0.25)), brush]


def box(rng: np.random.Generator, path: Path, clock_F: Floats) -> Held:
    """Return somebody who carries a box."""
    pose = walk(rng, path, clock_F)
    pose = pose._replace(swing_2F=0 * pose.swing_2F + 0.45, elbow_2F=0 * pose.elbow_2F + 1.0)
    low_3F, high_3F = _at(clock_F, 0.42, 0.96), _at(clock_F, 0.42, 1.1)
    return pose, [Thing(low_3F, high_3F, rng.uniform(0.1, 0.18), (0.62, 0.46, 0.28))]


def trolley(rng: np.random.Generator, path: Path, clock_F: Floats) -> Held:
    """Return somebody who pushes a trolley."""
    pose = walk(rng, path, clock_F)
    pose = pose._replace(swing_2F=0 * pose.swing_2F + 0.75, elbow_2F=0 * pose.elbow_2F + 0.35)
    wheels = [_at(clock_F, ahead, 0.1) for ahead in (0.7, 1.25)]
    color = tuple(rng.uniform(0.2, 0.8, 3))
    return pose, [
        Thing(_at(clock_F, 0.75, 0.7), _at(clock_F, 1.25, 0.8), 0.2, color),
        Thing(_at(clock_F, 0.5, 1.0), _at(clock_F, 0.8, 0.25), 0.03, (0.5, 0.5, 0.5)),
        *(Thing(one, one, 0.1, (0.1, 0.1, 0.1)) for one in wheels),
    ]


def case(rng: np.random.Generator, path: Path, clock_F: Floats) -> Held:
    """Return somebody who pulls a case on wheels."""
    pose = walk(rng, path, clock_F)
    pose = pose._replace(swing_2F=np.stack([pose.swing_2F[0], 0 * clock_F - 0.4]))
    low_3F, high_3F = _at(clock_F, -0.55, 0.25, 0.2), _at(clock_F, -0.40, 0.53, 0.2)
    color = tuple(rng.uniform(0.2, 0.8, 3))
    handle = Thing(high_3F, _at(clock_F, -0.25, 0.75, 0.2), 0.02, (0.3, 0.3, 0.3))
    return pose, [Thing(low_3F, high_3F, 0.15, color), handle]


def side_by_side(rng: np.random.Generator, path: Path, clock_F: Floats) -> list[Pose]:
    """Return two who walk beside one another."""
    aside = rng.uniform(0.55, 0.8)
    x = path.x - aside * math.sin(path.heading)
    z = path.z + aside * math.cos(path.heading)
    return [walk(rng, one, clock_F) for one in (path, path._replace(x=x, z=z))]


def meet(rng: np.random.Generator, path: Path, clock_F: Floats) -> list[Pose]:
    """Return two who walk up to one another and shake hands."""
    speed, meeting = rng.uniform(0.9, 1.4), rng.uniform(0.45, 0.75) * clock_F[-1]
    gap_F = rng.uniform(0.38, 0.5) + speed * np.maximum(meeting - clock_F, 0)
    moving_F, near_F = (
        np.clip((meeting - clock_F) * 3, 0, 1),
        np.clip((clock_F - meeting) * 3, 0, 1),
    )
    poses = []
    for pose in _face_to_face(path, gap_F, clock_F):
        steps = walk(rng, path._replace(speed=speed), clock_F)
        shake_F = near_F * (1.0 + 0.2 * np.sin(2 * np.pi * rng.uniform(2, 3) * clock_F))
        swing_2F = moving_F * steps.swing_2F
        swing_2F[1] += shake_F
        poses.append(
            pose._replace(
                thigh_2F=moving_F * steps.thigh_2F,
                knee_2F=0.08 + moving_F * (steps.knee_2F - 0.08),
                swing_2F=swing_2F,
                elbow_2F=pose.elbow_2F + np.array([[0.0], [0.4]]) * near_F,
            )
        )
    return poses


def fight(rng: np.random.Generator, path: Path, clock_F: Floats) -> list[Pose]:
    """Return two who push and hit one another."""
    gap_F = rng.uniform(0.38, 0.5) + 0.12 * np.sin(2 * np.pi * 0.9 * clock_F)
    poses = []
    for pose in _face_to_face(path, gap_F, clock_F):
        beat_F = 2 * np.pi * rng.uniform(1.2, 2.0) * clock_F + rng.uniform(0, 2 * np.pi)
        beats_2F = np.stack([beat_F, beat_F + 2])
        poses.append(
            pose._replace(
                x_F=pose.x_F + 0.25 * np.sin(1.3 * clock_F) + 0.1 * np.sin(beat_F / 2),
                swing_2F=1.1 + 0.6 * np.sin(beats_2F),
                elbow_2F=0.9 + 0.7 * np.cos(beats_2F),
                lean_F=0.15 + 0.2 * np.sin(beat_F / 2),
                thigh_2F=0.3 * np.sin(beat_F / 2) * np.array([[1], [-1]]),
                knee_2F=pose.knee_2F + 0.25,
            )
        )
    return poses


def _face_to_face(path: Path, gap_F: Floats, clock_F: Floats) -> list[Pose]:
    """Return two who stand gap_F metres from their middle and look at one another."""
    poses = []
    for sign, turn in ((-1, 0.0), (1, math.pi)):
        pose = _stand(path._replace(heading=path.heading + turn, speed=0.0), clock_F)
        x_F = path.x + sign * gap_F * math.cos(path.heading)
        poses.append(pose._replace(x_F=x_F, z_F=path.z + sign * gap_F * math.sin(path.heading)))
    return poses


STAYS: list[Callable[..., Pose]] = [wave, jumping_jack, squat, pick_up]
OBJECTS: list[Callable[..., Held]] = [ball, broom, box, trolley, case]
OTHERS: list[Callable[..., list[Pose]]] = [side_by_side, meet, fight]
