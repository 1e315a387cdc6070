"""Light, haze, rain and snow over the built-in scenes: what happens in the air between."""

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from scipy import ndimage

from lsfref.arrays import Floats
from lsfref.scenes.render.ground import FARTHEST
from lsfref.scenes.render.perspective import Camera, world_x, world_y
from lsfref.scenes.render.textures import course, fractal_tile, look_up, smooth_step, twice

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
) -> Iterator[Floats]:
    """Yield gain_HW, what light multiplies each frame by; `strength` 1 is the class's middle.

    Flicker and ramps act on the whole picture. With `moving`, cloud shadows with clear edges pass
    over the ground and the walls; in some clips it is dusk and headlights sweep over them too.
    """
    flicker_F = course(rng, n_frames, slowest=1.5, fastest=6.0, fps=fps)
    slow_F = course(rng, n_frames, slowest=0.1, fastest=0.5, fps=fps)
    weights = rng.uniform(0.09, 0.13), rng.uniform(0.06, 0.12)
    whole_F = np.exp(strength * (weights[0] * flicker_F + weights[1] * slow_F))
    dusk, beaming = rng.uniform(0.4, 0.8), rng.random() < 0.4
    near_HW = (depth_HW < FARTHEST).astype(np.float32)  # the sky stays as it is
    shadows = _cloud_shadows(rng, camera, depth_HW, n_frames, fps, strength)
    beams = _headlights(rng, depth_HW, n_frames, strength)
    for whole in whole_F:
        gain_HW = np.full(depth_HW.shape, whole, np.float32)
        if moving:
            gain_HW *= 1 - near_HW * next(shadows)
        if moving and beaming:
            gain_HW *= np.float32(dusk)
            gain_HW += near_HW * next(beams)
        yield gain_HW


def _cloud_shadows(
    rng: np.random.Generator,
    camera: Camera,
    depth_HW: Floats,
    n_frames: int,
    fps: float,
    strength: float,
) -> Iterator[Floats]:
    """Yield dark_HW of shadows that drift over what is seen; sampled at every second pixel."""
    depth_hw = np.minimum(depth_HW[::2, ::2], 60)
    height, width = depth_HW.shape
    rows = np.arange(0, height, 2, dtype=np.float32)[:, None]
    columns = np.arange(0, width, 2, dtype=np.float32)[None]
    up_hw = np.maximum(world_y(camera, rows, depth_hw), 0)
    cells = rng.uniform(5, 9)  # tile pixels a metre
    x_hw = (world_x(camera, columns, depth_hw) + 0.5 * up_hw) * np.float32(cells)
    z_hw = (0.6 * depth_hw + 0.3 * up_hw) * np.float32(cells)
    tile = fractal_tile(rng, slope=2.0, lowest=3)
    angle = float(rng.choice([0, np.pi])) + rng.normal(0, 0.35)
    other = angle + np.pi * rng.uniform(0.8, 1.2)  # a higher layer of clouds
    speed, start = rng.uniform(1.6, 2.8), rng.uniform(0, 60)  # metres a second, metres
    edge = rng.uniform(0.04, 0.12)
    dark = min(strength * rng.uniform(0.5, 0.7), 0.85)
    for f in range(n_frames):
        walked = (start + speed * f / fps) * cells
        right, far = np.float32(walked * math.cos(angle)), np.float32(walked * math.sin(angle))
        cloud_hw = look_up(tile, z_hw - far, x_hw - right)
        right, far = np.float32(walked * math.cos(other)), np.float32(walked * math.sin(other))
        cloud_hw = (cloud_hw + look_up(tile, z_hw - far + 41, x_hw - right + 23)) * np.float32(0.7)
        dark_hw = np.float32(dark) * smooth_step(cloud_hw, -edge, edge)
        yield twice(dark_hw[None])[0, :height, :width]


def _headlights(
    rng: np.random.Generator, depth_HW: Floats, n_frames: int, strength: float
) -> Iterator[Floats]:
    """Yield glow_HW of one or two beams that sweep over the picture, some through a railing."""
    height, width = depth_HW.shape
    rows = np.arange(height, dtype=np.float32)[:, None]
    columns = np.arange(width, dtype=np.float32)
    beams = []
    way = float(rng.choice([-1, 1]))
    for turn in (way, -way):
        speed = turn * rng.uniform(4.5, 6.5) * width / 180
        middle, row = rng.uniform(0.3, 0.7) * width, rng.uniform(0.35, 0.8) * height
        wide, tall = rng.uniform(0.10, 0.2) * width, rng.uniform(0.1, 0.22) * height
        bright = strength * rng.uniform(0.6, 1.1)
        bars = rng.uniform(0.5, 0.9) if rng.random() < 0.25 else 0.0
        pitch = rng.uniform(0.5, 1.0) * height / 20
        beams.append((speed, middle, row, wide, tall, bright, bars, pitch))
    for f in range(n_frames):
        glow_HW = np.zeros(depth_HW.shape, np.float32)
        for speed, middle, row, wide, tall, bright, bars, pitch in beams:
            at = middle + speed * (f - n_frames / 2)
            far_HW = ((columns - at) / wide) ** 2 + ((rows - row) / tall) ** 2
            grate = 1 - bars * smooth_step(np.sin((columns - at) / pitch), -0.2, 0.4)
            glow_HW += bright * grate * (1 - smooth_step(far_HW, 0.4, 1.3))
        yield glow_HW


class Air(NamedTuple):
    """Haze: how much of what lies `depth` metres away is lost is 1 - exp(-density depth)."""

    density: float

    def veil(self, depth: Floats) -> Floats:
        """Return the share of haze in front of depths in metres."""
        return (1 - np.exp(-self.density * np.minimum(depth, FARTHEST))).astype(np.float32)


def fog_banks(
    rng: np.random.Generator, air: Air, depth_HW: Floats, *, n_frames: int, fps: float
) -> Iterator[Floats]:
    """Yield veil_HW of drifting banks of fog, thicker with depth."""
    height, width = depth_HW.shape
    tile = fractal_tile(rng, slope=1.8, lowest=2)
    rows = np.arange(height, dtype=np.float32)[:, None] * 40 / height + 0 * depth_HW
    columns = np.arange(width, dtype=np.float32) * 40 / width + 0 * depth_HW
    veil_HW = air.veil(depth_HW)
    drift = rng.uniform(4, 12) / fps
    for f in range(n_frames):
        bank_HW = look_up(tile, rows, columns + np.float32(drift * f))
        yield np.clip((0.6 + 0.5 * smooth_step(bank_HW, -1.5, 1.5)) * veil_HW, 0, 0.92)


class Drops(NamedTuple):
    """Rain or snow: place, length and speed in pixels, and how much each hides, drop by drop."""

    start: Floats
    fallen: Floats  # share of its way that a drop has behind it in the first frame
    length: Floats
    step: Floats  # pixels a frame
    cover: Floats
    sway: Floats
    slant: float


def draw_drops(
    rng: np.random.Generator,
    *,
    size: tuple[int, int],
    fps: float,
    strength: float,
    snow: bool = False,
) -> Drops:
    """Return drops between 2 and 14 metres away: near ones are longer, quicker and clearer."""
    width, height = size
    pixels = height / 120
    n = max(int(rng.uniform(460, 540) * min(strength, 1.6) * pixels), 1)
    z = rng.uniform(2.0, 14, n)
    scale = 170 * pixels / z  # pixels a metre
    fall = (rng.uniform(1.0, 1.6) if snow else rng.uniform(6.5, 8.5)) * rng.normal(1, 0.08, n)
    shutter = 1 / rng.uniform(16, 28)
    length = 1.2 + 0 * z if snow else np.clip(fall * shutter * scale, 1.2, 0.2 * height)
    wide = np.clip(0.018 * scale, 0.5, 2.4) if snow else np.clip(0.006 * scale, 0.45, 1.1)
    faint = 0.85 if snow else 3.4 * min(0.35 + strength, 1.0)
    clear = np.clip(faint / np.sqrt(z) * rng.uniform(0.7, 1.0), 0.05, 0.9)
    return Drops(
        start=rng.uniform(0, width, n),
        fallen=rng.uniform(0, 1, n),
        length=length,
        step=fall * scale / fps,
        cover=clear * wide,
        sway=0.12 * scale * snow,
        slant=rng.uniform(-0.8, 0.8) if snow else rng.uniform(-0.15, 0.15),
    )


def rain(
    drops: Drops, *, size: tuple[int, int], n_frames: int, fps: float, soft: bool = False
) -> Iterator[Floats]:
    """Yield veil_HW, how much each pixel is hidden by falling drops; `soft` makes them flakes."""
    width, height = size
    room = height + 2 * drops.length
    samples = np.arange(int(np.ceil(drops.length.max())))
    weight = drops.cover[:, None] * np.clip(drops.length[:, None] - samples, 0, 1)
    phase = np.arange(len(drops.start))
    for f in range(n_frames):
        rounds, share = np.divmod(drops.fallen + f * drops.step / room, 1)
        top = share * room - drops.length
        start = drops.start + rounds * 61.7 + drops.slant * (top + drops.length)
        start = start + drops.sway * np.sin(3 * f / fps + phase)
        row = top[:, None] + samples
        column = (start[:, None] + drops.slant * samples) % width
        seen = (row >= 0) & (row < height - 1) & (weight > 0)
        veil_HW = spread(row[seen], column[seen], weight[seen], height=height, width=width)
        if soft:
            veil_HW = 2.6 * ndimage.uniform_filter(veil_HW, 2, mode="nearest")
        yield np.clip(veil_HW, 0, 0.85)


def spread(row: Floats, column: Floats, weight: Floats, *, height: int, width: int) -> Floats:
    """Return plane_HW of weights spread bilinearly over the four pixels around each point.

    Rows lie between 0 and the last but one; columns wrap.
    """
    top, left = np.floor(row).astype(np.int64), np.floor(column).astype(np.int64)
    below, beside = row - top, column - left
    right = (left + 1) % width
    corners = [top * width + left, top * width + right]
    corners += [corner + width for corner in corners]
    shares = [(1 - below) * (1 - beside), (1 - below) * beside]
    shares += [below * (1 - beside), below * beside]
    plane = np.bincount(
        np.concatenate(corners),
        weights=np.concatenate([weight * share for share in shares]),
        minlength=height * width,
    )
    return plane.reshape(height, width).astype(np.float32)
