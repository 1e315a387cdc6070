"""The camera of the built-in scenes: it shakes, sets its exposure, and its sensor is noisy."""

from typing import NamedTuple

import numpy as np

from lsfref.arrays import Floats, Ints
from lsfref.scenes.render.textures import course, read_at, twice


class Shake(NamedTuple):
    """Where the camera points in each frame: pixels, pixels, radians, relative size."""

    dx_F: Floats
    dy_F: Floats
    turn_F: Floats
    zoom_F: Floats


def shake_path(
    rng: np.random.Generator, *, n_frames: int, fps: float, strength: float, height: int
) -> Shake:
    """Return a random path between 2 and 5 hertz; `strength` 1 is the middle of the class."""
    surge_F = 0.9 + 0.1 * course(rng, n_frames, slowest=0.15, fastest=0.5, fps=fps)
    size = strength * height / 120
    span = rng.uniform(0.85, 1.0, 2)
    span[rng.integers(2)] = 1.0

    def path(amplitude: float) -> Floats:
        hertz = np.arange(2, 6)[:, None] + rng.normal(0, 0.06, (4, 1))  # as a mast swings
        turn_4F = hertz * np.arange(n_frames) / fps + rng.random((4, 1))
        sway_F = surge_F * (rng.uniform(0.6, 1.0, (4, 1)) * np.sin(2 * np.pi * turn_4F)).sum(axis=0)
        return amplitude * sway_F * np.sqrt(np.mean(surge_F**2) / max(np.mean(sway_F**2), 1e-6))

    dx_F, dy_F = path(2.4 * size * span[0]), path(2.4 * size * span[1])
    most = 0.075 * height  # no farther than the margin of the picture
    return Shake(
        most * np.tanh(dx_F / most),
        most * np.tanh(dy_F / most),
        path(0.007 * strength),
        1 + path(0.004 * strength),
    )


def shaken(frame_3HW: Floats, shake: Shake, f: int, *, margin: int) -> Floats:
    """Return frame_3hw, frame f without the margin, as the camera points then."""
    _, tall, wide = frame_3HW.shape
    height, width = tall - 2 * margin, wide - 2 * margin
    y_h1 = np.arange(height, dtype=np.float32)[:, None] - np.float32((height - 1) / 2)
    x_w = np.arange(width, dtype=np.float32) - np.float32((width - 1) / 2)
    cos = np.float32(np.cos(shake.turn_F[f]) / shake.zoom_F[f])
    sin = np.float32(np.sin(shake.turn_F[f]) / shake.zoom_F[f])
    x_hw = cos * x_w + sin * y_h1 + np.float32((wide - 1) / 2 - shake.dx_F[f])
    y_hw = cos * y_h1 - sin * x_w + np.float32((tall - 1) / 2 - shake.dy_F[f])
    return read_at(frame_3HW, x_hw, y_hw)


def exposure(frames_3FHW: Floats, *, brightness: float, contrast: float) -> tuple[float, float]:
    """Return gain and offset that give the clip a mean luma of `brightness`, 0 to 255."""
    red, green, blue = (float(plane.mean()) for plane in frames_3FHW)
    mean = 0.299 * red + 0.587 * green + 0.114 * blue
    return contrast * brightness / max(mean, 1e-3), brightness * (1 - contrast)


def sensed(
    rng: np.random.Generator,
    frames_3FHW: Floats,
    *,
    gain: float,
    offset: float,
    strength: float,
) -> Ints:
    """Return frames_FHW3 of bytes with sensor noise; `strength` 1 is the middle of the class.

    Photon noise grows with the root of the signal, read noise does not; part of the grain is as
    coarse as a camera's own smoothing leaves it; rows differ a little from frame to frame, and some
    pixels are hot.
    """
    _, n_frames, height, width = frames_3FHW.shape
    read, photon = rng.uniform(11, 15) * strength, rng.uniform(13, 18) * strength
    fine, tinted, rows = rng.uniform(0.35, 0.5), rng.uniform(0.4, 0.7), rng.uniform(1, 3) * strength
    n_hot = int(rng.poisson(12 * strength * height * width / 19200))
    hot = rng.integers(height, size=n_hot), rng.integers(width, size=n_hot)
    glow = rng.uniform(40, 140, n_hot).astype(np.float32)
    seen_FHW3 = np.empty((n_frames, height, width, 3), np.uint8)
    for f in range(n_frames):
        frame_3HW = frames_3FHW[:, f] * np.float32(gain)
        frame_3HW += np.float32(offset + 0.5)  # to be cut off, not rounded
        spread_HW = np.clip(frame_3HW[1], 0, 255) * np.float32(photon**2 / 128)
        spread_HW += np.float32(read**2)
        np.sqrt(spread_HW, out=spread_HW)
        coarse = twice(rng.standard_normal((3, height // 2 + 2, width // 2 + 2), dtype=np.float32))
        grain_HW = rng.standard_normal((height, width), dtype=np.float32)
        grain_HW *= np.float32(fine)
        grain_HW += np.float32(1.6 * (1 - fine)) * coarse[0, 1 : height + 1, 1 : width + 1]
        grain_HW *= spread_HW
        grain_HW += np.float32(rows) * rng.standard_normal((height, 1), dtype=np.float32)
        frame_3HW += grain_HW
        spread_HW *= np.float32(1.6 * tinted)
        frame_3HW[0] += spread_HW * coarse[1, 1 : height + 1, 1 : width + 1]
        frame_3HW[2] += spread_HW * coarse[2, 1 : height + 1, 1 : width + 1]
        frame_3HW[:, hot[0], hot[1]] += glow
        np.clip(frame_3HW, 0, 255, out=frame_3HW)
        seen_FHW3[f] = np.moveaxis(frame_3HW.astype(np.uint8), 0, 2)
    return seen_FHW3
