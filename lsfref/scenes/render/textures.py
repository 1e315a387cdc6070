"""Fractal noise for the built-in scenes: ground, leaves, clouds, and smooth random courses."""

import numpy as np
from scipy import fft

from lsfref.arrays import Floats


def fractal_tile(
    rng: np.random.Generator, *, size: int = 128, slope: float = 1.2, lowest: float = 1.0
) -> Floats:
    """Return tile_HW, periodic noise with amplitudes falling as frequency ** -slope.

    Mean 0, standard deviation 1; nothing below `lowest` cycles a tile. `size` is a power of two.
    """
    white_HW = rng.standard_normal((size, size), dtype=np.float32)
    down = np.fft.fftfreq(size) * size
    right = np.fft.rfftfreq(size) * size
    cycles = np.hypot(down[:, None], right)
    gain = np.where(cycles >= lowest, np.maximum(cycles, lowest) ** -slope, 0).astype(np.float32)
    tile_HW = fft.irfft2(fft.rfft2(white_HW) * gain, s=(size, size))
    return tile_HW / tile_HW.std()


def look_up(tile_HW: Floats, rows: Floats, columns: Floats) -> Floats:
    """Return the periodic tile read bilinearly at fractional (rows, columns), any shape."""
    size = len(tile_HW)
    mask = size - 1
    flat = tile_HW.ravel()
    top, left = np.floor(rows), np.floor(columns)
    below = (rows - top).astype(tile_HW.dtype)
    beside = (columns - left).astype(tile_HW.dtype)
    row, column = top.astype(np.intp) & mask, left.astype(np.intp) & mask
    next_row = ((row + 1) & mask) * size
    next_column = (column + 1) & mask
    row *= size
    upper, right, lower, corner = (
        np.take(flat, at, mode="clip")
        for at in (row + column, row + next_column, next_row + column, next_row + next_column)
    )
    right -= upper
    right *= beside
    upper += right
    corner -= lower
    corner *= beside
    lower += corner
    lower -= upper
    lower *= below
    lower += upper
    return lower


def course(
    rng: np.random.Generator, n_frames: int, *, slowest: float, fastest: float, fps: float
) -> Floats:
    """Return course_F, a band-limited random course of standard deviation about 1.

    Twelve sines of random phase at frequencies between `slowest` and `fastest` hertz.
    """
    hertz = rng.uniform(slowest, fastest, 12)
    phase = rng.uniform(0, 2 * np.pi, 12)
    seconds_F = np.arange(n_frames) / fps
    waves = np.sin(2 * np.pi * hertz[:, None] * seconds_F + phase[:, None])
    course_F = waves.sum(axis=0) / np.sqrt(6)
    return course_F.astype(np.float32)


def smooth_step(values: Floats, low: float, high: float) -> Floats:
    """Return 0 below `low`, 1 above `high` and a smooth ramp between."""
    ramp = np.clip((values - low) / (high - low), 0, 1)
    return ramp * ramp * (3 - 2 * ramp)


def twice(small: Floats) -> Floats:
    """Return (F, 2 h, 2 w) of (F, h, w): means between neighbours, the last ones repeated."""
    n_frames, h, w = small.shape
    large = np.empty((n_frames, 2 * h, 2 * w), small.dtype)
    large[:, ::2, ::2] = small
    large[:, ::2, 1:-1:2] = 0.5 * (small[:, :, :-1] + small[:, :, 1:])
    large[:, ::2, -1] = small[:, :, -1]
    large[:, 1:-1:2] = 0.5 * (large[:, :-2:2] + large[:, 2::2])
    large[:, -1] = large[:, -2]
    return large


def read_at(planes: Floats, x_hw: Floats, y_hw: Floats) -> Floats:
    """Return (C, h, w): planes (C, H, W) read bilinearly at x_hw, y_hw, clipped to their edges."""
    count, height, width = planes.shape
    flat = planes.reshape(count, -1)
    x_hw = np.clip(x_hw, 0, np.float32(width - 1.001))
    y_hw = np.clip(y_hw, 0, np.float32(height - 1.001))
    left_hw, top_hw = x_hw.astype(np.intp), y_hw.astype(np.intp)
    x_hw -= left_hw
    y_hw -= top_hw
    at_hw = top_hw * width + left_hw
    upper, right, lower, corner = (
        np.take(flat, at_hw + step, axis=1, mode="clip") for step in (0, 1, width, width + 1)
    )
    right -= upper
    right *= x_hw
    upper += right
    corner -= lower
    corner *= x_hw
    lower += corner
    lower -= upper
    lower *= y_hw
    upper += lower
    return upper
