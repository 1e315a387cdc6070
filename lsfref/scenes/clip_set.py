"""The built-in labelled set: clips of made-up cameras, for a first run without any video.

A scene (`group`) is one camera. From each come clips of every background class, with and without
people. These are drawings, not recordings: what is learnt from them says that the system works,
not how well it does on real cameras.

Choices: S1 how many, S2 how strong, S3 what moves without people, S4 how coded. The pixels of a
         seed are frozen: figures in README.md were measured on seeds that chose nothing.
"""

import csv
import functools
import io
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from lsfref.arrays import Ints
from lsfref.media.writer import write_video
from lsfref.scenes.render.clips import CLASSES, FPS, LATER, render
from lsfref.scenes.render.scenery import Scenery, draw_scenery
from lsfref.storage.files import write_whole

N_SCENES = 20
FRAMES = 48
SIZE = (160, 120)
TEST_SHARE = 0.25  # of the scenes, the last ones

Mapper = Callable[..., Iterable[Any]]
Progress = Callable[[int, int], None]  # done, of


class Clip(NamedTuple):
    """One line of labels.csv."""

    file: str
    background: str
    foreground: str
    group: str
    split: str


def _stream(seed: int, *key: int) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))


def list_clips(
    seed: int, scene: int, *, n_scenes: int = N_SCENES, extra: tuple[str, ...] = ()
) -> list[Clip]:
    """Return the clips of one scene in an order that says nothing of their classes."""
    kinds = [(b, f) for b in (*CLASSES, *extra) for f in ("none", "human")]
    order = _stream(seed, scene, 0).permutation(len(kinds))
    split = "train" if scene < round(n_scenes * (1 - TEST_SHARE)) else "test"
    group = f"camera {scene + 1:02d}"
    clips = []
    for k in range(len(kinds)):
        background, foreground = kinds[order[k]]
        name = f"camera{scene + 1:02d}-{k + 1:02d}.mp4"
        clips.append(Clip(name, background, foreground, group, split))
    return clips


def render_clip(
    *,
    seed: int,
    scene: int,
    background: str,
    foreground: str,
    frames: int = FRAMES,
    size: tuple[int, int] = SIZE,
) -> Ints:
    """Return frames_FHW3 of bytes, width and height as in `size`.

    The same arguments give the same pixels, whatever else is rendered.
    """
    names = (*CLASSES, *LATER)
    if background not in names or foreground not in ("none", "human"):
        raise ValueError(f"want one of {names}, none or human; got {background}, {foreground}")
    people = foreground == "human"
    rng = _stream(seed, scene, 2, names.index(background), int(people))
    place = scene_of(seed, scene, size)
    return render(place, rng, background=background, people=people, n_frames=frames)


@functools.lru_cache(maxsize=3)
def scene_of(seed: int, scene: int, size: tuple[int, int] = SIZE) -> Scenery:
    """Return the camera of one scene."""
    return draw_scenery(_stream(seed, scene, 1), size)


def render_scene(
    scene: int,
    *,
    out_dir: Path,
    seed: int,
    n_scenes: int,
    frames: int,
    size: tuple[int, int],
    extra: tuple[str, ...],
) -> list[Clip]:
    """Write the clips of one scene into `out_dir`; return their lines."""
    clips = list_clips(seed, scene, n_scenes=n_scenes, extra=extra)
    for clip in clips:
        frames_FHW3 = render_clip(
            seed=seed, scene=scene, background=clip.background, foreground=clip.foreground,
            frames=frames, size=size,
        )  # fmt: skip
        write_video(out_dir / clip.file, frames_FHW3, fps=FPS, codec="recorder")
    return clips


def render_set(
    out_dir: str | Path,
    *,
    seed: int,
    n_scenes: int = N_SCENES,
    frames: int = FRAMES,
    size: tuple[int, int] = SIZE,
    extra: tuple[str, ...] = (),
    mapper: Mapper = map,
    progress: Progress | None = None,
) -> Path:
    """Write the videos and labels.csv (last) into `out_dir`; return the path of labels.csv.

    `mapper` is `map` or the map of any executor: each scene is a task of its own, and what is
    written does not depend on where it ran.
    """
    out_dir = Path(out_dir)
    out_dir.mkdir(parents=True, exist_ok=True)
    task = functools.partial(
        render_scene, out_dir=out_dir, seed=seed, n_scenes=n_scenes, frames=frames, size=size,
        extra=extra,
    )  # fmt: skip
    table = io.StringIO(newline="")
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(Clip._fields)
    for done, clips in enumerate(mapper(task, range(n_scenes))):
        writer.writerows(clips)
        if progress is not None:
            progress(done + 1, n_scenes)
    labels = out_dir / "labels.csv"
    with write_whole(labels) as file:
        file.write(table.getvalue().encode())
    return labels
