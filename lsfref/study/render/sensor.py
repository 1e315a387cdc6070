"""The camera of the built-in scenes: it shakes, sets its exposure, and its sensor is noisy."""

from typing import NamedTuple

import numpy as np

from lsfref.arrays import Floats, Ints
from lsfref.study.render.textures import course, read_at


class Shake(NamedTuple):
    """Where the camera points in each frame: pixels, pixels, radians, relative size."""

    dx_F: Floats
    dy_F: Floats
    turn_F: Floats
    zoom_F: Floats


def shake_path(
    rng: np.random.Generator, *, n_frames: int, fps: float, strength: float, height: int
) -> Shake:
    """Return a band-limited random path; `strength` 1 is the middle of the class."""
    slowest, fastest = rng.uniform(0.3, 0.8), rng.uniform(2.0, 4.0)
    size = strength * height / 120
    span = rng.uniform(0.35, 1.0, 2)
    span[rng.integers(2)] = 1.0

    def path(amplitude: float) -> Floats:
        return amplitude * course(rng, n_frames, slowest=slowest, fastest=fastest, fps=fps)

    dx_F, dy_F = path(2.4 * size * span[0]), path(2.4 * size * span[1])
    most = 0.075 * height  # no farther than the margin of the picture
    return Shake(
        most * np.tanh(dx_F / most),
        most * np.tanh(dy_F / most),
        path(0.007 * strength),
        1 + path(0.004 * strength),
    )


def shaken(frames_3FHW: Floats, shake: Shake, *, margin: int) -> Floats:
    """Return frames_3FHW without the margin, each seen by the camera as it points then."""
    _, n_frames, tall, wide = frames_3FHW.shape
    height, width = tall - 2 * margin, wide - 2 * margin
    y_h1 = np.arange(height, dtype=np.float32)[:, None] - np.float32((height - 1) / 2)
    x_w = np.arange(width, dtype=np.float32)[None] - np.float32((width - 1) / 2)
    seen_3Fhw = np.empty((3, n_frames, height, width), np.float32)
    for f in range(n_frames):
        cos = np.float32(np.cos(shake.turn_F[f]) / shake.zoom_F[f])
        sin = np.float32(np.sin(shake.turn_F[f]) / shake.zoom_F[f])
        x_hw = cos * x_w + sin * y_h1 + np.float32((wide - 1) / 2 - shake.dx_F[f])
        y_hw = cos * y_h1 - sin * x_w + np.float32((tall - 1) / 2 - shake.dy_F[f])
        seen_3Fhw[:, f] = read_at(np.ascontiguousarray(frames_3FHW[:, f]), x_hw, y_hw)
    return seen_3Fhw


def exposed(frames_3FHW: Floats, *, brightness: float, contrast: float) -> Floats:
    """Return the frames with mean luma `brightness` over the clip, 0 to 255, and less contrast."""
    red, green, blue = (float(plane.mean()) for plane in frames_3FHW)
    mean = 0.299 * red + 0.587 * green + 0.114 * blue
    gain = np.float32(contrast * brightness / max(mean, 1e-3))
    return frames_3FHW * gain + np.float32(brightness * (1 - contrast))


def sensed(rng: np.random.Generator, frames_3FHW: Floats, *, strength: float) -> Ints:
    """Return frames_FHW3 of bytes with sensor noise; `strength` 1 is the middle of the class.

    Photon noise grows with the root of the signal, read noise does not; rows differ a little from
    frame to frame, and some pixels are hot.
    """
    _, n_frames, height, width = frames_3FHW.shape
    read, photon = rng.uniform(4, 9) * strength, rng.uniform(6, 12) * strength
    rows, colorful = rng.uniform(0.0, 3.0) * strength, rng.uniform(0.3, 0.7)
    grain_FHW = rng.standard_normal((n_frames, height, width), dtype=np.float32)
    half = (2, n_frames, (height + 1) // 2, (width + 1) // 2)
    chroma = np.repeat(np.repeat(rng.standard_normal(half, dtype=np.float32), 2, 2), 2, 3)
    row_FH1 = rng.standard_normal((n_frames, height, 1), dtype=np.float32)
    signal_FHW = np.clip(frames_3FHW[1], 0, 255) / 128
    spread_FHW = np.sqrt(np.float32(read**2) + np.float32(photon**2) * signal_FHW)
    grain_FHW *= spread_FHW
    grain_FHW += np.float32(rows) * row_FH1
    tint = (np.float32(colorful) * spread_FHW) * chroma[:, :, :height, :width]
    noisy = frames_3FHW + grain_FHW
    noisy[0] += tint[0]
    noisy[2] += tint[1]
    n_hot = int(rng.poisson(12 * strength * height * width / 19200))
    hot_y, hot_x = rng.integers(height, size=n_hot), rng.integers(width, size=n_hot)
    noisy[:, :, hot_y, hot_x] += rng.uniform(40, 140, n_hot).astype(np.float32)
    np.clip(noisy + np.float32(0.5), 0, 255, out=noisy)
    return np.ascontiguousarray(np.moveaxis(noisy.astype(np.uint8), 0, 3))
