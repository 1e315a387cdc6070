"""One clip of the built-in scenes: a camera, what the air and the light do, and who passes by."""

from collections.abc import Iterable, Iterator

import numpy as np

from lsfref.arrays import Floats, Ints
from lsfref.scenes.render.flag import draw_flag
from lsfref.scenes.render.foliage import blown, draw_gusts
from lsfref.scenes.render.ground import HAZE, as_color, mixed
from lsfref.scenes.render.people import draw_people
from lsfref.scenes.render.scenery import Scenery
from lsfref.scenes.render.sensor import exposure, sensed, shake_path, shaken
from lsfref.scenes.render.shapes import Layer, lay_over
from lsfref.scenes.render.textures import course
from lsfref.scenes.render.weather import cloud_shadows, falling, fog_banks, light, veil

FPS = 15.0
STRENGTHS = {  # of a process in its class, and the most of it in clips of the others (S2)
    "illumination": (0.87, 0.075),
    "noise": (1.1, 0.12),
    "rain": (0.78, 0.05),
    "camera shaking": (0.58, 0.075),
    "tree waving": (1.55, 0.09),
    "snow": (1.0, 0.0),
    "fog": (1.0, 0.012),
}
LATER = ("snow", "fog")  # the paper leaves them to future work
CLASSES = ("normal", *(name for name in STRENGTHS if name not in LATER))


def draw_strengths(rng: np.random.Generator, background: str) -> dict[str, float]:
    """Return how strong each process is: that of the class in force, the others as faint traces."""
    strengths = {name: rng.uniform(0.25, 1) * most for name, (_, most) in STRENGTHS.items()}
    strengths["rain"] *= rng.random() < 0.5  # half of the clips are dry
    if background != "normal":
        strengths[background] = rng.uniform(0.9, 1.2) * STRENGTHS[background][0]
    return strengths


def render(
    scenery: Scenery, rng: np.random.Generator, *, background: str, people: bool, n_frames: int
) -> Ints:
    """Return frames_FHW3 of one clip in bytes; `background` is one of CLASSES or LATER."""
    pick, wind, waving, walking, shining, drifting, dropping, holding = rng.spawn(8)
    (width, height), margin = scenery.size, scenery.margin
    still_3HW, depth_HW = scenery.picture
    clock_F = np.arange(n_frames) / FPS
    strengths = draw_strengths(pick, background)
    moving: list[Iterable[Layer]] = [draw_flag(waving, scenery, clock_F)]
    moving += _crowns(scenery, wind, clock_F, strength=strengths["tree waving"])
    if people:
        moving += draw_people(walking, scenery, clock_F)
    density = 0.001 + 0.02 * strengths["rain"] + 0.035 * strengths["fog"]
    haze_HW = veil(depth_HW, density)
    still_3HW = mixed(still_3HW, as_color(HAZE), haze_HW)
    bright = strengths["illumination"]
    lights_F = light(shining, clock_F, strength=bright)
    clouds = cloud_shadows(shining, scenery.camera, depth_HW, clock_F, strength=bright)
    banks = fog_banks(drifting, veil(np.full_like(depth_HW, 10.0), density), clock_F)
    path_3F = shake_path(holding, clock_F, strength=strengths["camera shaking"], height=height)
    drops = [
        falling(dropping, clock_F, size=scenery.size, strength=strengths[name], snow=name == "snow")
        for name in ("rain", "snow")
        if strengths[name] > 0
    ]
    seen_3Fhw = np.empty((3, n_frames, height, width), np.float32)
    for f, layers in enumerate(zip(*moving, strict=True)):
        frame_3HW = lay_over(still_3HW, depth_HW, [hazed(layer, density) for layer in layers])
        frame_3HW *= lights_F[f]
        if background == "illumination":
            frame_3HW *= next(clouds)
        if background == "fog":
            frame_3HW = mixed(frame_3HW, as_color(HAZE), next(banks))
        frame_3hw = shaken(frame_3HW, path_3F[:, f], margin=margin)
        for veils in drops:
            frame_3hw = mixed(frame_3hw, as_color(HAZE) + np.float32(0.15), next(veils))
        seen_3Fhw[:, f] = frame_3hw
    fade = pick.uniform(0.45, 1.0)  # of all that the camera sees, its noise too
    contrast, brightness = scenery.contrast * fade, pick.uniform(80, 145)
    gain, offset = exposure(seen_3Fhw, brightness=brightness, contrast=contrast)
    noise = strengths["noise"] * fade
    return sensed(holding, seen_3Fhw, gain=gain, offset=offset, strength=noise)


def hazed(layer: Layer, density: float) -> Layer:
    """Return a layer as seen through the air in front of it."""
    haze_3hw = layer.cover_hw * as_color(HAZE)
    share = veil(np.float32(layer.depth), density)
    return layer._replace(color_3hw=mixed(layer.color_3hw, haze_3hw, share))


def _crowns(
    scenery: Scenery, rng: np.random.Generator, clock_F: Floats, *, strength: float
) -> list[Iterator[Layer]]:
    """Return the trees in wind of one strength, which comes in gusts."""
    gusts = draw_gusts(rng)
    surge_F = 1 + 0.35 * course(rng, clock_F, slowest=0.15, fastest=0.6)
    meters_F = 0.12 * np.clip(strength * surge_F, 0, 2.0)
    return [blown(crown, gusts, meters_F, clock_F) for crown in scenery.crowns]
