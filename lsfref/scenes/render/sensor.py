"""The camera of the built-in scenes: it shakes, sets its exposure, and its sensor is noisy."""

import numpy as np

from lsfref.arrays import Floats, Ints
from lsfref.kernels.filters import read_at
from lsfref.scenes.render.textures import course, twice


def shake_path(
    rng: np.random.Generator, clock_F: Floats, *, strength: float, height: int
) -> Floats:
    """Return a random path between 2 and 5 hertz; `strength` 1 is strong.

    path_3F is where the camera points in each frame: pixels, pixels, radians.
    """
    surge_F = 0.9 + 0.1 * course(rng, clock_F, slowest=0.15, fastest=0.5)

    def path(amplitude: float) -> Floats:
        hertz = np.arange(2, 6)[:, None] + rng.normal(0, 0.06, (4, 1))  # as a mast swings
        turn_4F = hertz * clock_F + rng.random((4, 1))
        sway_F = surge_F * (rng.uniform(0.6, 1.0, (4, 1)) * np.sin(2 * np.pi * turn_4F)).sum(axis=0)
        return amplitude * sway_F * np.sqrt(np.mean(surge_F**2) / max(np.mean(sway_F**2), 1e-6))

    most = 0.075 * height  # no farther than the margin of the picture
    dx_F, dy_F = (most * np.tanh(path(0.02 * strength * height) / most) for _ in range(2))
    return np.stack([dx_F, dy_F, path(0.007 * strength)])


def shaken(frame_3HW: Floats, way_3: Floats, *, margin: int) -> Floats:
    """Return frame_3hw, the frame without the margin, as the camera points then."""
    dx, dy, turn = way_3
    _, height, width = frame_3HW.shape
    y_H1 = np.arange(height, dtype=np.float32)[:, None] - np.float32((height - 1) / 2)
    x_W = np.arange(width, dtype=np.float32) - np.float32((width - 1) / 2)
    cos, sin = np.float32(np.cos(turn)), np.float32(np.sin(turn))
    x_HW = cos * x_W + sin * y_H1 + np.float32((width - 1) / 2 - dx)
    y_HW = cos * y_H1 - sin * x_W + np.float32((height - 1) / 2 - dy)
    seen_3HW = np.stack([read_at(plane_HW, x_HW, y_HW)[0] for plane_HW in frame_3HW])
    return seen_3HW[:, margin : height - margin, margin : width - margin]


def exposure(frames_3FHW: Floats, *, brightness: float, contrast: float) -> tuple[float, float]:
    """Return gain and offset that give the clip a mean luma of `brightness`, 0 to 255."""
    red, green, blue = (float(plane.mean()) for plane in frames_3FHW)
    mean = 0.299 * red + 0.587 * green + 0.114 * blue
    return contrast * brightness / max(mean, 1e-3), brightness * (1 - contrast)


def sensed(
    rng: np.random.Generator, frames_3FHW: Floats, *, gain: float, offset: float, strength: float
) -> Ints:
    """Return frames_FHW3 of bytes with sensor noise; `strength` 1 is strong.

    Photon noise grows with the root of the signal, read noise does not; part of the grain is as
    coarse as a camera's own smoothing leaves it, and red and blue have more of that.
    """
    _, n_frames, height, width = frames_3FHW.shape
    read, photon = rng.uniform(11, 15) * strength, rng.uniform(13, 18) * strength
    fine, tinted = rng.uniform(0.35, 0.5), rng.uniform(0.4, 0.7)
    seen_FHW3 = np.empty((n_frames, height, width, 3), np.uint8)
    for f in range(n_frames):
        frame_3HW = frames_3FHW[:, f] * np.float32(gain)
        frame_3HW += np.float32(offset + 0.5)  # to be cut off, not rounded
        spread_HW = np.clip(frame_3HW[1], 0, 255) * np.float32(photon**2 / 128)
        spread_HW = np.sqrt(spread_HW + np.float32(read**2))
        coarse = twice(rng.standard_normal((3, height // 2 + 2, width // 2 + 2), dtype=np.float32))
        coarse_3HW = np.float32(1.6) * spread_HW * coarse[:, 1 : height + 1, 1 : width + 1]
        grain_HW = rng.standard_normal((height, width), dtype=np.float32)
        frame_3HW += np.float32(fine) * spread_HW * grain_HW
        frame_3HW += np.float32(1 - fine) * coarse_3HW[0]
        frame_3HW[::2] += np.float32(tinted) * coarse_3HW[1:]
        seen_FHW3[f] = np.moveaxis(np.clip(frame_3HW, 0, 255).astype(np.uint8), 0, 2)
    return seen_FHW3
