"""The built-in labeled set: clips of made-up cameras, for a first run without any video.

A scene (`group`) is one camera. From each come clips of every background class, with and without
people. These are drawings, not recordings: what is learned from them says that the system works,
not how well it does on real cameras.

Choices: S1 how many, S2 how strong, S3 what moves without people, S4 how coded. The pixels of a
         seed are frozen: figures in README.md were measured on seeds that chose nothing.
"""

import csv
import functools
import io
from pathlib import Path
from typing import NamedTuple

import numpy as np

from lsfref.arrays import Ints
from lsfref.media.writer import recorder, write_video
from lsfref.phases.extraction import Each, in_turn
from lsfref.scenes.render.clips import CLASSES, FPS, LATER, render
from lsfref.scenes.render.scenery import Scenery, draw_scenery
from lsfref.storage.files import write_bytes

N_SCENES = 20
FRAMES = 48
SIZE = (160, 120)
TEST_SHARE = 0.25  # of the scenes, the last ones


class Settings(NamedTuple):
    """What a set is drawn with: the same settings give the same pixels."""

    seed: int
    n_scenes: int = N_SCENES
    frames: int = FRAMES
    size: tuple[int, int] = SIZE  # width, height
    extra: tuple[str, ...] = ()  # classes beyond the paper's six


class Clip(NamedTuple):
    """One line of labels.csv."""

    file: str
    background: str
    foreground: str
    group: str
    split: str


def _stream(seed: int, *key: int) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))


def list_clips(settings: Settings, scene: int) -> list[Clip]:
    """Return the clips of one scene in an order that says nothing of their classes."""
    kinds = [(b, f) for b in (*CLASSES, *settings.extra) for f in ("none", "human")]
    order = _stream(settings.seed, scene, 0).permutation(len(kinds))
    split = "train" if scene < round(settings.n_scenes * (1 - TEST_SHARE)) else "test"
    number = f"{scene + 1:02d}"
    return [
        Clip(f"camera{number}-{k:02d}.mp4", background, foreground, f"camera {number}", split)
        for k, (background, foreground) in enumerate([kinds[i] for i in order], start=1)
    ]


def render_clip(settings: Settings, scene: int, background: str, foreground: str) -> Ints:
    """Return frames_FHW3 of bytes, whatever else is rendered: the number of scenes is no matter."""
    names = (*CLASSES, *LATER)
    if background not in names or foreground not in ("none", "human"):
        raise ValueError(f"want one of {names}, none or human; got {background}, {foreground}")
    people = foreground == "human"
    rng = _stream(settings.seed, scene, 2, names.index(background), int(people))
    place = scene_of(settings.seed, scene, settings.size)
    return render(place, rng, background=background, people=people, n_frames=settings.frames)


@functools.lru_cache(maxsize=3)
def scene_of(seed: int, scene: int, size: tuple[int, int]) -> Scenery:
    """Return the camera of one scene."""
    return draw_scenery(_stream(seed, scene, 1), size)


def render_scene(scene: int, *, settings: Settings, out_dir: Path) -> list[Clip]:
    """Write the clips of one scene into `out_dir`; return their lines."""
    clips, coding = list_clips(settings, scene), recorder(FPS, *settings.size)
    for clip in clips:
        frames_FHW3 = render_clip(settings, scene, clip.background, clip.foreground)
        write_video(out_dir / clip.file, frames_FHW3, fps=FPS, coding=coding)
    return clips


def render_set(out_dir: str | Path, drawn: Settings, *, each: Each = in_turn) -> Path:
    """Write the videos and labels.csv (last) into `out_dir`; return the path of labels.csv.

    For `each` a scene is a task of its own; what is written does not depend on where it ran.
    """
    out_dir = Path(out_dir)
    out_dir.mkdir(parents=True, exist_ok=True)
    task = functools.partial(render_scene, settings=drawn, out_dir=out_dir)
    table = io.StringIO(newline="")
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(Clip._fields)
    for clips in each("rendering scenes", task, range(drawn.n_scenes)):
        writer.writerows(clips)
    labels = out_dir / "labels.csv"
    write_bytes(labels, table.getvalue().encode())
    return labels
