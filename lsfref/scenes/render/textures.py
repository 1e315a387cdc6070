"""Fractal noise for the built-in scenes: ground, leaves, clouds, and smooth random courses."""

import numpy as np
from scipy import fft, ndimage

from lsfref.arrays import Floats

_SIDE = 128  # pixels of a tile


def fractal_tile(rng: np.random.Generator, *, slope: float, lowest: float = 1.0) -> Floats:
    """Return tile_HW, periodic noise with amplitudes falling as frequency ** -slope.

    Mean 0, standard deviation 1; nothing below `lowest` cycles per tile.
    """
    white_HW = rng.standard_normal((_SIDE, _SIDE), dtype=np.float32)
    cycles = _SIDE * np.hypot(fft.fftfreq(_SIDE)[:, None], fft.rfftfreq(_SIDE))
    gain = np.where(cycles >= lowest, np.maximum(cycles, lowest) ** -slope, 0).astype(np.float32)
    tile_HW = fft.irfft2(fft.rfft2(white_HW) * gain, s=white_HW.shape)
    return tile_HW / tile_HW.std()


def look_up(tile_HW: Floats, rows: Floats, columns: Floats) -> Floats:
    """Return the periodic tile read bilinearly at fractional (rows, columns), which broadcast."""
    at = np.broadcast_arrays(rows, columns)
    return ndimage.map_coordinates(tile_HW, at, order=1, mode="grid-wrap")


def course(rng: np.random.Generator, clock_F: Floats, *, slowest: float, fastest: float) -> Floats:
    """Return course_F, a band-limited random course of standard deviation about 1.

    Twelve sines of random phase at frequencies between `slowest` and `fastest` hertz; clock_F is
    in seconds.
    """
    hertz = rng.uniform(slowest, fastest, 12)
    phase = rng.uniform(0, 2 * np.pi, 12)
    waves = np.sin(2 * np.pi * hertz[:, None] * clock_F + phase[:, None])
    course_F = waves.sum(axis=0) / np.sqrt(6)
    return course_F.astype(np.float32)


def smooth_step(values: Floats, low: float, high: float) -> Floats:
    """Return 0 below `low`, 1 above `high` and a smooth ramp between."""
    ramp = np.clip((values - low) / (high - low), 0, 1)
    return ramp * ramp * (3 - 2 * ramp)


def twice(small: Floats) -> Floats:
    """Return (C, 2 h, 2 w) of (C, h, w): means between neighbors, the last ones repeated."""
    count, h, w = small.shape
    large = np.empty((count, 2 * h, 2 * w), small.dtype)
    large[:, ::2, ::2] = small
    large[:, ::2, 1:-1:2] = 0.5 * (small[:, :, :-1] + small[:, :, 1:])
    large[:, ::2, -1] = small[:, :, -1]
    large[:, 1:-1:2] = 0.5 * (large[:, :-2:2] + large[:, 2::2])
    large[:, -1] = large[:, -2]
    return large
