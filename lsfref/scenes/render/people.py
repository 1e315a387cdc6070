"""Who passes by in the built-in scenes: one to three people of the paper's three kinds."""

import numpy as np

from lsfref.scenes.render import acts
from lsfref.scenes.render.acts import Path
from lsfref.scenes.render.limbs import Pose, Thing, draw_person, figure_sprites
from lsfref.scenes.render.perspective import Camera
from lsfref.scenes.render.shapes import Sprite

KINDS = ("body", "object", "others")  # general body movement, human-object, human-human


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
    """Return one to three people, at depths between `nearest` and `farthest`, at least one of whom
    does something of `kind` (one of KINDS); those who walk cross one another.
    """
    clock_F = np.arange(n_frames) / fps

    cast: list[tuple[Pose, list[Thing]]] = []
    way = rng.permutation(2)  # one goes left, the next one right

    def path(speed: float) -> Path:
        z = nearest * (farthest / nearest) ** (rng.random() ** 2)
        x = rng.uniform(-0.45, 0.45) * half_width * z / camera.focal
        heading = np.pi * float(way[len(cast) % 2]) + rng.normal(0, 0.35)
        return Path(x, z, heading, speed)

    if kind == "object":
        act = acts.OBJECTS[rng.integers(len(acts.OBJECTS))]
        cast.append(act(rng, path(rng.uniform(0.8, 1.5)), clock_F))
    elif kind == "others":
        pair = acts.OTHERS[rng.integers(len(acts.OTHERS))]
        cast += [(pose, []) for pose in pair(rng, path(rng.uniform(0.9, 1.6)), clock_F)]
    more = int(rng.choice([1, 2, 3, 3, 3])) if kind == "body" else int(rng.random() < 0.85)
    for _ in range(more):
        if rng.random() < 0.75:
            speed = rng.uniform(2.3, 3.0) if rng.random() < 0.2 else rng.uniform(0.9, 1.7)
            cast.append((acts.walk(rng, path(speed), clock_F), []))
        else:
            stay = acts.STAYS[rng.integers(len(acts.STAYS))]
            turned = path(0.0)._replace(heading=rng.uniform(0, 2 * np.pi))
            cast.append((stay(rng, turned, clock_F), []))
    sprites = []
    for pose, held in cast:
        sprites += figure_sprites(camera, draw_person(rng), pose, held, sun=sun)
    return sprites
