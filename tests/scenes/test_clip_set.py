"""The labeled set: what is in it, that it repeats, and the command that writes it."""

import csv
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from lsfref.media.writer import recorder, write_video
from lsfref.scenes import clip_set
from lsfref.scenes.clip_set import Settings
from lsfref.scenes.render.clips import CLASSES, FPS, LATER
from lsfref.video import read_frames

SMALL = (96, 74)  # width, height


def test_a_scene_has_every_class_with_and_without_people_in_an_order_that_tells_nothing():
    listed = clip_set.list_clips(Settings(5), 3)
    assert {(c.background, c.foreground) for c in listed} == {
        (b, f) for b in CLASSES for f in ("none", "human")
    }
    assert [c.file for c in listed] == [f"camera04-{k:02d}.mp4" for k in range(1, 13)]
    orders = {tuple(c[1:3] for c in clip_set.list_clips(Settings(5), k)) for k in range(20)}
    assert len(orders) == 20
    first = [clip_set.list_clips(Settings(seed), 0)[0].background for seed in range(60)]
    assert len(set(first)) == 6
    later = clip_set.list_clips(Settings(5, extra=("fog",)), 3)
    assert len(later) == 14
    assert {c.split for k in range(15) for c in clip_set.list_clips(Settings(0), k)} == {"train"}
    assert {c.split for k in range(15, 20) for c in clip_set.list_clips(Settings(0), k)} == {"test"}


def test_same_seed_same_bytes_whatever_else_is_rendered(tmp_path):
    settings = {"seed": 7, "n_scenes": 2, "frames": 2, "size": (64, 66)}
    with ThreadPoolExecutor(2) as pool:
        each = lambda stage, *tasks: pool.map(*tasks)  # noqa: E731
        labels = clip_set.render_set(tmp_path / "both", Settings(**settings), each=each)
    with labels.open() as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["file", "background", "foreground", "group", "split"]
    assert len(rows) == 24
    (tmp_path / "one").mkdir()
    clips = clip_set.render_scene(1, settings=Settings(**settings), out_dir=tmp_path / "one")
    assert [clip._asdict() for clip in clips] == rows[12:]
    for clip in clips:
        both, one = (tmp_path / "both" / clip.file), (tmp_path / "one" / clip.file)
        assert both.read_bytes() == one.read_bytes()
    assert [frame.shape for frame in read_frames(one)] == [(66, 64)] * 2


def test_a_clip_repeats_and_differs_by_seed():
    settings, clip_of = Settings(0, frames=3, size=SMALL), (1, "rain", "human")
    clip = clip_set.render_clip(settings, *clip_of)
    assert clip.shape == (3, SMALL[1], SMALL[0], 3)
    assert clip.dtype == np.uint8
    clip_set.scene_of.cache_clear()
    assert np.array_equal(clip, clip_set.render_clip(settings, *clip_of))
    another = clip_set.render_clip(settings._replace(seed=1), *clip_of)
    assert np.abs(clip.astype(int) - another).mean() > 5


@pytest.mark.parametrize("background", [*CLASSES, *LATER])
def test_every_class_moves_and_lies_in_the_same_range_of_brightness(background):
    settings = Settings(3, frames=6, size=SMALL)
    clip = clip_set.render_clip(settings, 2, background, "none").astype(float)
    assert 70 < clip.mean() < 155
    assert np.abs(np.diff(clip, axis=0)).mean() > 0.1


@pytest.mark.unwatched
def test_quiet_and_noisy_clips_are_files_of_one_size(tmp_path):
    sizes = []
    for background in ("normal", "noise"):
        clip = clip_set.render_clip(Settings(0), 0, background, "none")
        write_video(tmp_path / "clip.mp4", clip, fps=FPS, coding=recorder(FPS, *clip_set.SIZE))
        sizes.append((tmp_path / "clip.mp4").stat().st_size)
    assert max(sizes) < 1.05 * min(sizes)


@pytest.mark.parametrize(
    "wrong", [{"background": "thunder"}, {"foreground": "dog"}, {"background": "human"}]
)
def test_an_unknown_class_is_refused(wrong):
    settings = {"background": "rain", "foreground": "none", **wrong}
    with pytest.raises(ValueError, match="want one of"):
        clip_set.render_clip(Settings(0, frames=1, size=SMALL), 0, **settings)


def test_the_command_renders_and_says_so(tmp_path):
    root = Path(__file__).parents[2]
    program = "import sys; from lsfref.app.cli import main; sys.exit(main())"
    command = [sys.executable, "-c", program]
    words = ["scenes", str(tmp_path / "out"), "--scenes", "1", "--frames", "2", "--size", "64x66"]
    done = subprocess.run(
        [*command, *words, "--jobs", "1"], cwd=root, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert "12 clips of 1 camera" in done.stdout
    assert len(list((tmp_path / "out").iterdir())) == 13
    words[-1] = "65x64"
    done = subprocess.run([*command, *words], cwd=root, capture_output=True, text=True, timeout=120)
    assert done.returncode == 2
    assert "even sides" in done.stderr


@pytest.mark.slow
@pytest.mark.unwatched
def test_a_clip_of_48_frames_takes_at_most_half_a_second():
    best = np.inf
    for seed in range(3):
        start = time.process_time()
        clip_set.render_clip(Settings(seed), 0, "rain", "human")
        best = min(best, time.process_time() - start)
    assert best < 0.5
