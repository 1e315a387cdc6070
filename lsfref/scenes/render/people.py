"""Who passes by in the built-in scenes: one to three people of the paper's three kinds."""

import math

import numpy as np

from lsfref.arrays import Floats
from lsfref.scenes.render.acts import Path, carry, walk, wave
from lsfref.scenes.render.limbs import Pose, draw_figure, draw_person
from lsfref.scenes.render.scenery import Scenery, foot_limits
from lsfref.scenes.render.shapes import Layer

KINDS = ("body", "object", "others")  # general body movement, human-object, human-human


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
