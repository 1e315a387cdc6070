"""One clip of the built-in scenes: a camera, what the air and the light do, and who passes by."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from lsfref.arrays import Floats, Ints
from lsfref.scenes.render.foliage import blown, draw_gusts
from lsfref.scenes.render.passers import passers
from lsfref.scenes.render.people import KINDS, people_sprites
from lsfref.scenes.render.scenery import Scenery, foot_limits
from lsfref.scenes.render.sensor import exposure, sensed, shake_path, shaken
from lsfref.scenes.render.shapes import Layer, lay_over, layers
from lsfref.scenes.render.textures import course
from lsfref.scenes.render.weather import HAZE, Air, draw_drops, fog_banks, light, rain

FPS = 15.0
CLASSES = ("normal", "illumination", "noise", "rain", "camera shaking", "tree waving")
MIDDLES = {  # 1 for the others
    "camera shaking": 0.58,
    "tree waving": 1.55,
    "illumination": 0.87,
    "rain": 0.78,
    "noise": 1.1,
}
LATER = ("snow", "fog")  # the paper leaves them to future work


class Strengths(NamedTuple):
    """How strong each process is in one clip; about 1 in its class."""

    illumination: float
    noise: float
    rain: float
    shake: float
    tree: float
    snow: float
    fog: float


def draw_strengths(rng: np.random.Generator, background: str) -> Strengths:
    """Return the process of the class in force, and weaker traces of the others."""
    trace = rng.uniform(0.0, 0.25, 7)
    own = rng.uniform(0.9, 1.2) * MIDDLES.get(background, 1.0)
    illumination, noise, rainy, shake, tree, _, fog = trace
    if rng.random() < 0.5:
        rainy = 0.0
    values = Strengths(
        0.3 * illumination,
        0.04 + 0.3 * noise,
        0.2 * rainy,
        0.3 * shake,
        0.35 * tree,
        0.0,
        0.05 * fog,
    )
    field = {"camera shaking": "shake", "tree waving": "tree"}.get(background, background)
    return values if field == "normal" else values._replace(**{field: own})


def render(
    scenery: Scenery,
    rng: np.random.Generator,
    *,
    background: str,
    people: bool,
    n_frames: int,
    size: tuple[int, int],
) -> Ints:
    """Return frames_FHW3 of one clip of (width, height) in bytes.

    `background` is one of CLASSES or LATER.
    """
    width, height = size
    pick, wind, passing, walking, shining, drifting, falling, holding = rng.spawn(8)
    strengths = draw_strengths(pick, background)
    camera, picture, margin = scenery.camera, scenery.picture, scenery.margin
    air = Air(0.001 + 0.02 * strengths.rain + 0.035 * strengths.fog)
    sprites = passers(scenery, passing, n_frames, FPS, size)
    if people:
        nearest, farthest = foot_limits(camera, height, margin)
        sprites += people_sprites(
            walking, camera, kind=str(walking.choice(KINDS)), n_frames=n_frames, fps=FPS,
            nearest=nearest, farthest=farthest, half_width=width / 2, sun=scenery.sun,
        )  # fmt: skip
    moving = _plants(scenery, wind, strengths.tree, n_frames, height)
    moving += [layers(sprite) for sprite in sprites]
    gains = light(
        shining, camera, picture.depth_HW, n_frames=n_frames, fps=FPS,
        strength=strengths.illumination, moving=background == "illumination",
    )  # fmt: skip
    banks = fog_banks(drifting, air, picture.depth_HW, n_frames=n_frames, fps=FPS)
    shake = shake_path(holding, n_frames=n_frames, fps=FPS, strength=strengths.shake, height=height)
    veils = []
    for strength, snow in ((strengths.rain, False), (strengths.snow, True)):
        if strength > 0:
            drops = draw_drops(falling, size=size, fps=FPS, strength=strength, snow=snow)
            veils.append(rain(drops, size=size, n_frames=n_frames, fps=FPS, soft=snow))
    still_3HW = veiled(picture.color_3HW, air.veil(picture.depth_HW))
    seen_3Fhw = np.empty((3, n_frames, height, width), np.float32)
    for f in range(n_frames):
        shown = [hazed(next(one), air) for one in moving]
        frame_3HW = lay_over(still_3HW, picture.depth_HW, picture.ground_HW, shown)
        frame_3HW *= next(gains)
        if background == "fog":
            frame_3HW = veiled(frame_3HW, next(banks))
        seen_3hw = shaken(frame_3HW, shake, f, margin=margin)
        for veil in veils:
            seen_3hw = veiled(seen_3hw, next(veil), bright=0.15)
        seen_3Fhw[:, f] = seen_3hw
    fade = pick.uniform(0.45, 1.0)  # of all that the camera sees, its noise too
    contrast = scenery.contrast * fade
    gain, offset = exposure(seen_3Fhw, brightness=pick.uniform(80, 145), contrast=contrast)
    noise = strengths.noise * fade
    return sensed(holding, seen_3Fhw, gain=gain, offset=offset, strength=noise)


def hazed(layer: Layer, air: Air) -> Layer:
    """Return a layer as seen through the air in front of it."""
    veil = air.veil(np.float32(layer.depth))
    color_3hw = layer.color_3hw * (1 - veil)
    if not layer.on_ground:
        color_3hw += (veil * layer.cover_hw) * np.array(HAZE, np.float32)[:, None, None]
    return layer._replace(color_3hw=color_3hw)


def veiled(frame_3HW: Floats, veil_HW: Floats, *, bright: float = 0.0) -> Floats:
    """Return a frame behind a veil of haze, `bright` brighter than haze."""
    haze = np.array(HAZE, np.float32)[:, None, None] + np.float32(bright)
    return frame_3HW + veil_HW * (haze - frame_3HW)


def _plants(
    scenery: Scenery, rng: np.random.Generator, strength: float, n_frames: int, height: int
) -> list[Iterator[Layer]]:
    """Return trees and hedges in wind of one strength, which comes in gusts."""
    gusts = draw_gusts(rng)
    surge_F = 1 + 0.35 * course(rng, n_frames, slowest=0.15, fastest=0.6, fps=FPS)
    strength_F = np.clip(strength * surge_F, 0, 2.0) * 5.0 * height / 120
    return [blown(plant, gusts, strength_F, fps=FPS) for plant in scenery.plants]
