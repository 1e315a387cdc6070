"""Who passes by in the built-in scenes: one to three people of the paper's three kinds.

An act is a function of (rng, path, clock_F), with clock_F in seconds, that returns a pose.
"""

import math
from typing import NamedTuple

import numpy as np

from lsfref.arrays import Floats
from lsfref.scenes.render.limbs import Pose, draw_figure, draw_person
from lsfref.scenes.render.scenery import Scenery, foot_limits
from lsfref.scenes.render.shapes import Layer

KINDS = ("body", "object", "others")  # general body movement, human-object, human-human


class Path(NamedTuple):
    """Where somebody goes: place in mid clip, heading from x toward z, meters per second."""

    x: float
    z: float
    heading: float
    speed: float


def walk(rng: np.random.Generator, path: Path, clock_F: Floats) -> Pose:
    """Return a walk in step with its speed; at speed 0 somebody who stands."""
    walked_F = (clock_F - clock_F.mean()) * path.speed
    turn_F = 2 * np.pi * walked_F / 1.35 + rng.uniform(0, 2 * np.pi)
    turn_2F = np.stack([turn_F, turn_F + np.pi])
    moves = min(path.speed, 1.0)
    stride = 0.33 * moves + 0.1 * path.speed
    return Pose(
        path.x + walked_F * math.cos(path.heading),
        path.z + walked_F * math.sin(path.heading),
        path.heading,
        thigh_2F=stride * np.sin(turn_2F) + 0.04,
        knee_2F=0.12 + 0.85 * moves * np.maximum(np.cos(turn_2F + 0.3), 0),
        swing_2F=-1.05 * stride * np.sin(turn_2F),
        spread_2F=np.full_like(turn_2F, 0.1),
        elbow_2F=0.3 + 0.15 * moves * np.sin(turn_2F),
    )


def wave(rng: np.random.Generator, path: Path, clock_F: Floats) -> Pose:
    """Return somebody who stands, sways, and waves with one arm or both."""
    turn_F = 2 * np.pi * rng.uniform(0.7, 1.2) * clock_F + rng.uniform(0, 2 * np.pi)
    arms_21 = np.array([[1.0], [float(rng.integers(2))]])
    pose = walk(rng, path._replace(speed=0.0), clock_F)
    return pose._replace(
        spread_2F=arms_21 * (2.2 + 0.55 * np.sin(1.7 * turn_F)) + (1 - arms_21) * 0.15,
        x_F=pose.x_F + 0.2 * np.sin(0.8 * turn_F),
    )


def carry(rng: np.random.Generator, path: Path, clock_F: Floats) -> Pose:
    """Return somebody who walks with a box."""
    pose = walk(rng, path, clock_F)
    arms_2F = np.full_like(pose.swing_2F, 0.45)
    return pose._replace(swing_2F=arms_2F, elbow_2F=arms_2F + 0.55, carries=True)


def draw_people(rng: np.random.Generator, scenery: Scenery, clock_F: Floats) -> list[list[Layer]]:
    """Return one to three people, each frame by frame, at least one of whom does one of KINDS.

    Those who walk cross one another.
    """
    nearest, farthest = foot_limits(scenery)
    way = rng.permutation(2)  # one goes left, the next one right
    poses: list[Pose] = []

    def path(slowest: float, fastest: float) -> Path:
        z = nearest * (farthest / nearest) ** (rng.random() ** 2)
        x = rng.uniform(-0.225, 0.225) * scenery.size[0] * z / scenery.camera.focal
        heading = np.pi * float(way[len(poses) % 2]) + rng.normal(0, 0.35)
        return Path(x, z, heading, rng.uniform(slowest, fastest))

    kind = rng.choice(KINDS)
    if kind == "object":
        poses.append(carry(rng, path(0.8, 1.5), clock_F))
    elif kind == "others":  # two walk beside one another
        first, aside = path(0.9, 1.6), rng.uniform(0.55, 0.8)
        x, z = first.x - aside * math.sin(first.heading), first.z + aside * math.cos(first.heading)
        poses += [walk(rng, who, clock_F) for who in (first, first._replace(x=x, z=z))]
    more = int(rng.choice([1, 2, 3, 3, 3])) if kind == "body" else int(rng.random() < 0.85)
    for _ in range(more):
        act = walk if rng.random() < 0.75 else wave
        poses.append(act(rng, path(0.9, 1.7), clock_F))
    return [draw_figure(scenery.camera, draw_person(rng), pose, sun=scenery.sun) for pose in poses]
