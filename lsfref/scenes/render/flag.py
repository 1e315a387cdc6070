"""The flag of the built-in scenes: it waves in every clip, so that motion alone says nothing."""

import numpy as np

from lsfref.arrays import Floats
from lsfref.scenes.render.perspective import column_of, row_of
from lsfref.scenes.render.scenery import Scenery
from lsfref.scenes.render.shapes import Layer, Stroke, paint

_STRIPS = 9  # of each stripe, along it


def draw_flag(rng: np.random.Generator, scenery: Scenery, clock_F: Floats) -> list[Layer]:
    """Return a flag of three stripes on its pole, frame by frame; a wave runs through it."""
    camera, n_frames = scenery.camera, len(clock_F)
    z, high = rng.uniform(5.5, 6.5), rng.uniform(2.2, 2.6)
    scale = camera.focal / z
    x = rng.uniform(-0.4, 0.2) * scenery.size[0] / scale
    long, tall = rng.uniform(1.3, 1.6), rng.uniform(0.8, 0.95)
    turn_F = 2 * np.pi * rng.uniform(0.9, 1.2) * clock_F
    colors = [rng.uniform(0.75, 0.95, 3), rng.uniform(0.05, 0.35, 3)]
    rng.shuffle(colors)

    def seen(along: float, up: float) -> Floats:
        share = along / long
        y_F = high + up - 0.15 * share + 0.3 * share * np.sin(turn_F - 5 * share)
        x_F = x + along * (0.95 - 0.1 * share * np.cos(turn_F - 5 * share))
        return np.stack([column_of(camera, x_F, z), row_of(camera, y_F, z)])

    cloth_2F = np.full((2, n_frames), tall / 6 * scale, np.float32)
    strokes = []
    for strip in range(_STRIPS):
        along = [long * (strip + side) / _STRIPS for side in (0, 1)]
        for stripe in range(3):
            start_2F, end_2F = (seen(at, -tall * (stripe + 0.5) / 3) for at in along)
            color = colors[stripe % 2] * (1 - 0.1 * (strip % 3))
            strokes.append(Stroke(start_2F, end_2F, cloth_2F, color))
    foot_2F = np.stack([column_of(camera, np.full(n_frames, x), z), row_of(camera, 0 * turn_F, z)])
    pole_2F = np.full((2, n_frames), 0.05 * scale, np.float32)
    strokes.append(Stroke(foot_2F, seen(0.0, 0.1), pole_2F, (0.6, 0.6, 0.6)))
    return paint(strokes, np.full(n_frames, z), sun=scenery.sun)
