"""One clip of the built-in scenes: a camera, what the air and the light do, and who passes by."""

from typing import NamedTuple

import numpy as np

from lsfref.arrays import Floats, Ints
from lsfref.study.render.foliage import blown, draw_gusts
from lsfref.study.render.passers import passers
from lsfref.study.render.people import KINDS, people_sprites
from lsfref.study.render.scenery import Scenery, foot_limits
from lsfref.study.render.sensor import exposed, sensed, shake_path, shaken
from lsfref.study.render.shapes import Sprite, compose
from lsfref.study.render.textures import course
from lsfref.study.render.weather import HAZE, Air, fog_banks, light, rain

FPS = 15.0
CLASSES = ("normal", "illumination", "noise", "rain", "camera shaking", "tree waving")
LATER = ("snow", "fog")  # the paper leaves them to future work


class Strengths(NamedTuple):
    """How strong each process is in one clip; 1 is the middle of its class."""

    illumination: float
    noise: float
    rain: float
    shake: float
    tree: float
    snow: float
    fog: float


def draw_strengths(rng: np.random.Generator, background: str) -> Strengths:
    """Return the process of the class in force, and weaker traces of the others."""
    trace = rng.uniform(0.0, 0.3, 7)
    own = rng.uniform(0.7, 1.3)
    illumination, noise, rainy, shake, tree, _, fog = trace
    if rng.random() < 0.5:
        rainy = 0.0
    values = Strengths(
        illumination, 0.04 + 0.6 * noise, 0.4 * rainy, 0.5 * shake, tree, 0.0, 0.05 * fog
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
    strengths = draw_strengths(rng, background)
    camera, picture, margin = scenery.camera, scenery.picture, scenery.margin
    sprites = _plants(scenery, rng, strengths.tree, n_frames, height)
    sprites += passers(scenery, rng, n_frames, FPS, size)
    if people:
        nearest, farthest = foot_limits(camera, height, margin)
        sprites += people_sprites(
            rng, camera, kind=str(rng.choice(KINDS)), n_frames=n_frames, fps=FPS,
            nearest=nearest, farthest=farthest, half_width=width / 2, sun=scenery.sun,
        )  # fmt: skip
    air = Air(0.001 + 0.02 * strengths.rain + 0.035 * strengths.fog)
    still_3HW, sprites = _hazed(picture.color_3HW, picture.depth_HW, sprites, air)
    frames_3FHW = compose(
        still_3HW, picture.depth_HW, picture.ground_HW, sprites, n_frames=n_frames
    )
    frames_3FHW *= light(
        rng, camera, picture.depth_HW, n_frames=n_frames, fps=FPS,
        strength=strengths.illumination, moving=background == "illumination",
    )  # fmt: skip
    if background == "fog":
        veil_FHW = fog_banks(rng, air, picture.depth_HW, n_frames=n_frames, fps=FPS)
        frames_3FHW = _veiled(frames_3FHW, veil_FHW)
    shake = shake_path(rng, n_frames=n_frames, fps=FPS, strength=strengths.shake, height=height)
    seen_3Fhw = shaken(frames_3FHW, shake, margin=margin)
    for strength, snow in ((strengths.rain, False), (strengths.snow, True)):
        if strength > 0:
            shape = (n_frames, height, width)
            veil_Fhw = rain(rng, shape=shape, fps=FPS, strength=strength, snow=snow)
            seen_3Fhw = _veiled(seen_3Fhw, veil_Fhw, bright=0.15)
    seen_3Fhw = exposed(
        seen_3Fhw,
        brightness=rng.uniform(80, 145),
        contrast=scenery.contrast * rng.uniform(0.8, 1.0),
    )
    return sensed(rng, seen_3Fhw, strength=strengths.noise)


def _hazed(
    still_3HW: Floats, depth_HW: Floats, sprites: list[Sprite], air: Air
) -> tuple[Floats, list[Sprite]]:
    """Return the still picture and the sprites as seen through the air."""
    haze = np.array(HAZE, np.float32)
    veil_HW = air.veil(depth_HW)
    seen_3HW = still_3HW + veil_HW * (haze[:, None, None] - still_3HW)
    seen = []
    for sprite in sprites:
        veil = air.veil(sprite.depth_F)[:, None, None]
        glow = haze[:, None, None, None] * (0 if sprite.on_ground else 1)
        color_3Fhw = sprite.color_3Fhw * (1 - veil) + glow * (veil * sprite.cover_Fhw)
        seen.append(sprite._replace(color_3Fhw=color_3Fhw))
    return seen_3HW, seen


def _veiled(frames_3FHW: Floats, veil_FHW: Floats, bright: float = 0.0) -> Floats:
    """Return the frames behind a veil of haze, `bright` brighter than haze."""
    clear_FHW = 1 - veil_FHW
    seen_3FHW = frames_3FHW * clear_FHW
    for plane_FHW, value in zip(seen_3FHW, HAZE, strict=True):
        plane_FHW += np.float32(value + bright) * veil_FHW
    return seen_3FHW


def _plants(
    scenery: Scenery, rng: np.random.Generator, strength: float, n_frames: int, height: int
) -> list[Sprite]:
    """Return trees and hedges in wind of one strength, which comes in gusts."""
    gusts = draw_gusts(rng)
    surge_F = 1 + 0.35 * course(rng, n_frames, slowest=0.15, fastest=0.6, fps=FPS)
    strength_F = np.clip(strength * surge_F, 0, 1.6) * 1.7 * height / 120
    return [blown(plant, gusts, strength_F, fps=FPS) for plant in scenery.plants]
