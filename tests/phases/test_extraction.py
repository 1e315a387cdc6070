"""Extraction: a video's trajectories, streamed, counted and named; Work over many."""

import dataclasses

import numpy as np
import pytest
from clips import clip

from lsfref.config import PRESETS, Config
from lsfref.errors import Notice, VideoError
from lsfref.media.writer import write_video
from lsfref.phases.extraction import ALONE, Extraction, extract
from lsfref.phases.streaming import extract_frames
from lsfref.study.best.choices import CONFIG as best
from lsfref.video import read_frames

CONFIG = Config(n_scales=1)


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("extraction") / "shaking.mkv"
    write_video(path, clip("camera shaking", 1, n_frames=17))
    return path


def joined(blocks):
    return [np.concatenate(part) for part in zip(*blocks, strict=True)]


def test_it_is_the_stages_one_after_the_other_and_frames_are_counted(path):
    seen = []
    found = extract(path, CONFIG, seen=seen.append)
    assert (found.n_frames, found.n_points) == (0, None)
    rows = joined(found)
    want = joined(extract_frames(read_frames(path), n_scales=1))
    for one, other in zip(rows, want, strict=True):
        np.testing.assert_array_equal(one, other)
    assert found.n_frames == 17
    assert seen == list(range(1, 18))
    assert found.warnings == ()


@pytest.mark.parametrize(("flow", "grey"), [("lucas_kanade", "luma"), ("farneback", "8bit")])
def test_the_grey_of_colors_is_that_of_the_flow(tmp_path, flow, grey):
    """Who looks on sees luma, or nothing."""
    frames = clip("camera shaking", 1, n_frames=3)[..., None] * np.array([1.0, 0.7, 0.3])
    write_video(tmp_path / "red.mkv", frames.astype(np.uint8))
    looked, followed = [], []

    def watch(_stage, name, value, **_where):
        if name == "grey_HW":
            followed.append(value)

    config = dataclasses.replace(CONFIG, flow=flow)
    list(extract(tmp_path / "red.mkv", config, look=looked.append, watch=watch))
    want = list(read_frames(tmp_path / "red.mkv", grey=grey))
    np.testing.assert_array_equal(followed, want)
    np.testing.assert_equal(looked, want if grey == "luma" else [])


def test_what_a_stage_refuses_is_told_with_the_file(tmp_path):
    small = tmp_path / "small.mkv"
    write_video(small, clip("camera shaking", 1, n_frames=3)[:, :30])
    with pytest.raises(VideoError, match=r"small\.mkv: frames of 53x30 pixels are too small"):
        list(extract(small, CONFIG))


def test_damage_is_a_notice_of_the_video(path, tmp_path):
    cut = tmp_path / "cut.mkv"
    data = path.read_bytes()
    cut.write_bytes(data[: len(data) * 3 // 4])
    found = extract(cut, CONFIG)
    list(found)
    assert [notice.kind for notice in found.notices] == ["video"]
    assert "cut.mkv" in found.warnings[0]


@pytest.mark.parametrize("borders", ["ignored", "counted"])
def test_borders_that_are_left_out_are_told_once(tmp_path, borders):
    """A faint picture above white strokes on a black box, on all but the second of four frames."""
    frames = 100 + clip("normal", 2, n_frames=4) // 16
    stamp_HW = np.zeros((22, frames.shape[2]), np.uint8)
    stamp_HW[6:16, 4:-4:7] = stamp_HW[10, 4:-4] = 255
    stamps = np.stack([stamp_HW, np.full_like(stamp_HW, 100), stamp_HW, stamp_HW])
    frames = np.concatenate([frames, stamps], axis=1)
    write_video(tmp_path / "stamp.mkv", frames)
    found = extract(tmp_path / "stamp.mkv", dataclasses.replace(CONFIG, borders=borders))
    list(found)
    assert [w.rpartition(": ")[2][:13] for w in found.warnings] == ["black borders"] * (
        borders == "ignored"
    )


def test_presets_small_and_best_take_repeats_once_and_let_no_border_rule():
    taken = {name: (c.repeats, c.borders) for name, c in {**PRESETS, "best": best}.items()}
    assert taken.pop("paper") == ("kept", "counted")
    assert taken == dict.fromkeys(["small", "best"], ("once", "ignored"))


@pytest.mark.parametrize(("repeats", "n_frames"), [("kept", 40), ("once", 20)])
def test_repeats_that_count_once_are_told(tmp_path, repeats, n_frames):
    write_video(tmp_path / "x.mkv", clip("camera shaking", 1, n_frames=20).repeat(2, axis=0))
    found = extract(tmp_path / "x.mkv", dataclasses.replace(CONFIG, repeats=repeats))
    list(found)
    assert found.n_frames == n_frames
    told = [w.rpartition(": ")[2] for w in found.warnings]
    assert told == ["every frame comes 2 times, and is counted once (R4)"] * (repeats == "once")


def test_notices_are_warnings_whatever_their_kind():
    found = Extraction(iter(()), notices=[Notice("video", "a"), Notice("machine", "b")])
    assert found.warnings == ("a", "b")


def test_work_alone_is_done_in_turn_from_the_start():
    assert list(ALONE.each("adding", max, [1, 40, 3], (10, 20, 30))) == [10, 40, 30]
    assert ALONE.resume("of", "what", "ever") == (None, None)


def test_limits_reach_the_reader(path):
    found = extract(path, dataclasses.replace(CONFIG, max_frames=16))
    list(found)
    assert found.n_frames == 16
    with pytest.raises(VideoError, match="pixels"):
        list(extract(path, dataclasses.replace(CONFIG, max_pixels=41 * 53 - 1)))


def test_repeats_are_told_of_a_name_with_braces(tmp_path):
    frames = np.repeat(clip("camera shaking", 1, n_frames=30), 2, axis=0)
    path = tmp_path / "a{0}{b}.mkv"
    write_video(path, frames)
    found = extract(path, dataclasses.replace(CONFIG, repeats="once"))
    list(found)
    assert found.n_frames == 30
    assert found.warnings == (f"{path}: every frame comes 2 times, and is counted once (R4)",)
