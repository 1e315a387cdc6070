"""Light, haze, rain and snow over the built-in scenes: what happens in the air between."""

import math
from typing import NamedTuple

import numpy as np
from scipy import ndimage

from lsfref.arrays import Bools, Floats, Ints
from lsfref.study.render.ground import FARTHEST
from lsfref.study.render.perspective import Camera, world_x, world_y
from lsfref.study.render.textures import course, fractal_tile, look_up, smooth_step, twice

HAZE = (0.72, 0.74, 0.76)


def light(
    rng: np.random.Generator,
    camera: Camera,
    depth_HW: Floats,
    *,
    n_frames: int,
    fps: float,
    strength: float,
    moving: bool,
) -> Floats:
    """Return gain_FHW, what light multiplies the frames by; `strength` 1 is the class's middle.

    Flicker and ramps act on the whole picture. With `moving`, cloud shadows with clear edges pass
    over the ground and the walls, or headlights sweep over them, or both.
    """
    flicker_F = course(rng, n_frames, slowest=1.5, fastest=6.0, fps=fps)
    slow_F = course(rng, n_frames, slowest=0.1, fastest=0.5, fps=fps)
    weights = rng.uniform(0.0, 0.08), rng.uniform(0.02, 0.18)
    log_F = strength * (weights[0] * flicker_F + weights[1] * slow_F)
    gain_FHW = np.repeat(np.exp(log_F)[:, None, None], depth_HW.size, axis=1)
    gain_FHW = gain_FHW.reshape(n_frames, *depth_HW.shape).astype(np.float32)
    if not moving:
        return gain_FHW
    which = rng.random()
    near_HW = (depth_HW < FARTHEST).astype(np.float32)  # the sky stays as it is
    if which < 0.75:
        gain_FHW *= 1 - near_HW * _cloud_shadows(rng, camera, depth_HW, n_frames, fps, strength)
    if which > 0.45:
        gain_FHW *= np.float32(rng.uniform(0.4, 0.8))  # dusk
        gain_FHW += near_HW * _headlights(rng, depth_HW, n_frames, strength)
    return gain_FHW


def _cloud_shadows(
    rng: np.random.Generator,
    camera: Camera,
    depth_HW: Floats,
    n_frames: int,
    fps: float,
    strength: float,
) -> Floats:
    """Return dark_FHW of shadows that drift over what is seen; sampled at every second pixel."""
    depth_hw = np.minimum(depth_HW[::2, ::2], 60)
    height, width = depth_HW.shape
    rows = np.arange(0, height, 2, dtype=np.float32)[:, None]
    columns = np.arange(0, width, 2, dtype=np.float32)[None]
    up_hw = np.maximum(world_y(camera, rows, depth_hw), 0)
    x_hw = world_x(camera, columns, depth_hw) + 0.5 * up_hw
    z_hw = depth_hw + 0.5 * up_hw
    tile = fractal_tile(rng, slope=1.9, lowest=3)
    cells = rng.uniform(2.5, 4.5)  # tile pixels a metre
    angle = rng.choice([0, np.pi]) + rng.normal(0, 0.35)
    speed = rng.uniform(1.2, 3.2)  # metres a second
    walked_F = (np.arange(n_frames) * speed / fps + rng.uniform(0, 60)).astype(np.float32)
    right_F, far_F = walked_F * math.cos(angle), walked_F * math.sin(angle)
    across = (x_hw - right_F[:, None, None]) * np.float32(cells)
    away = (0.6 * z_hw - far_F[:, None, None]) * np.float32(cells)
    cloud = look_up(tile, away, across)
    edge = rng.uniform(0.06, 0.2)
    dark = np.clip(strength * rng.uniform(0.45, 0.65), 0, 0.8)
    small = np.float32(dark) * smooth_step(cloud, -edge, edge)
    return twice(small)[:, :height, :width]


def _headlights(
    rng: np.random.Generator, depth_HW: Floats, n_frames: int, strength: float
) -> Floats:
    """Return glow_FHW of one or two beams that sweep over the picture."""
    height, width = depth_HW.shape
    rows = np.arange(height, dtype=np.float32)[:, None]
    columns = np.arange(width, dtype=np.float32)[None]
    glow_FHW = np.zeros((n_frames, height, width), np.float32)
    for _ in range(int(rng.integers(1, 3))):
        speed = rng.choice([-1, 1]) * rng.uniform(1.5, 4.0) * width / 180
        middle = rng.uniform(0.3, 0.7) * width
        row = rng.uniform(0.35, 0.8) * height
        wide, tall = rng.uniform(0.10, 0.2) * width, rng.uniform(0.1, 0.22) * height
        bright = strength * rng.uniform(0.6, 1.1)
        swell_F = 0.8 + 0.2 * np.sin(rng.uniform(0, 6.3) + np.arange(n_frames) * 0.1)
        at_F = middle + speed * (np.arange(n_frames) - n_frames / 2)
        far = ((columns - at_F[:, None, None]) / wide) ** 2 + ((rows - row) / tall) ** 2
        spot = 1 - smooth_step(far.astype(np.float32), 0.6, 1.3)
        glow_FHW += spot * (bright * swell_F).astype(np.float32)[:, None, None]
    return glow_FHW


class Air(NamedTuple):
    """Haze: how much of what lies `depth` metres away is lost is 1 - exp(-density depth)."""

    density: float

    def veil(self, depth: Floats) -> Floats:
        """Return the share of haze in front of depths in metres."""
        return (1 - np.exp(-self.density * np.minimum(depth, FARTHEST))).astype(np.float32)


def fog_banks(
    rng: np.random.Generator, air: Air, depth_HW: Floats, *, n_frames: int, fps: float
) -> Floats:
    """Return veil_FHW of drifting banks of fog, thicker with depth."""
    height, width = depth_HW.shape
    tile = fractal_tile(rng, slope=1.8, lowest=2)
    rows = np.arange(height, dtype=np.float32)[:, None] * 40 / height
    columns = np.arange(width, dtype=np.float32)[None] * 40 / width
    drift_F = (np.arange(n_frames) * rng.uniform(4, 12) / fps).astype(np.float32)
    bank_FHW = look_up(tile, rows + 0 * drift_F[:, None, None], columns + drift_F[:, None, None])
    thick_FHW = 0.6 + 0.5 * smooth_step(bank_FHW, -1.5, 1.5)
    return np.clip(thick_FHW * air.veil(depth_HW * 1.0), 0, 0.92)


def rain(
    rng: np.random.Generator,
    *,
    shape: tuple[int, int, int],
    fps: float,
    strength: float,
    snow: bool = False,
) -> Floats:
    """Return veil_FHW, how much each pixel is hidden by streaks of rain, or by flakes.

    Drops fall at constant speed; near ones are longer, quicker and clearer.
    """
    n_frames, height, width = shape
    pixels = height / 120
    n_drops = max(int(rng.uniform(220, 340) * min(strength, 1.6) * pixels), 1)
    z = rng.uniform(2.0, 14, n_drops)
    scale = 170 * pixels / z  # pixels a metre
    fall = (rng.uniform(1.0, 1.6) if snow else rng.uniform(6.5, 8.5)) * rng.normal(1, 0.08, n_drops)
    slant = rng.uniform(-0.25, 0.25) if not snow else rng.uniform(-0.8, 0.8)
    shutter = 1 / rng.uniform(25, 40)
    length = np.clip(fall * shutter * scale, 1.2, 0.2 * height) if not snow else 1.2 + 0 * z
    clear = np.clip((0.85 if snow else 1.9) / np.sqrt(z) * rng.uniform(0.7, 1.0), 0.05, 0.9)
    step = fall * scale / fps
    room = height + 2 * length
    seconds_F1 = np.arange(n_frames)[:, None]
    fallen = rng.uniform(0, 1, n_drops) * room + seconds_F1 * step
    round_trip = np.floor(fallen / room)
    top = fallen - round_trip * room - length
    start = rng.uniform(0, width, n_drops) + round_trip * 61.7 + slant * (top + length)
    if snow:
        start = start + 0.12 * scale * np.sin(seconds_F1 * 3 / fps + rng.uniform(0, 6.3, n_drops))
    samples = np.arange(int(np.ceil(length.max())))
    row = top[:, :, None] + samples
    column = (start[:, :, None] + slant * samples) % width
    opacity = clear[:, None] * np.clip(length[:, None] - samples, 0, 1)
    wide = np.clip(0.018 * scale, 0.5, 2.4) if snow else np.clip(0.006 * scale, 0.45, 1.1)
    frame = np.broadcast_to(np.arange(n_frames)[:, None, None], row.shape)
    weight = np.broadcast_to(opacity * wide[:, None], row.shape)
    seen: Bools = (row >= 0) & (row < height - 1) & (weight > 0)
    return _splat(frame[seen], row[seen], column[seen], weight[seen], shape, soft=snow)


def _splat(
    frame: Ints,
    row: Floats,
    column: Floats,
    weight: Floats,
    shape: tuple[int, int, int],
    *,
    soft: bool,
) -> Floats:
    """Return veil_FHW of points spread bilinearly; `soft` blurs them into flakes."""
    n_frames, height, width = shape
    top, left = np.floor(row).astype(np.int64), np.floor(column).astype(np.int64)
    below, beside = row - top, column - left
    base = (frame * height + top) * width
    right = (left + 1) % width
    veil = np.zeros(n_frames * height * width)
    for index, share in (
        (base + left, (1 - below) * (1 - beside)),
        (base + right, (1 - below) * beside),
        (base + width + left, below * (1 - beside)),
        (base + width + right, below * beside),
    ):
        veil += np.bincount(index, weights=weight * share, minlength=len(veil))
    veil_FHW = veil.reshape(shape).astype(np.float32)
    if soft:
        veil_FHW = 2.6 * ndimage.uniform_filter(veil_FHW, (0, 2, 2), mode="nearest")
    return np.clip(veil_FHW, 0, 0.85)
