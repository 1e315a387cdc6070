"""`extract`: what is written, and what is said of a video that has nothing to write."""

import numpy as np
import pytest
from clips import clip

from lsfref.app import cli
from lsfref.app.commands import extract
from lsfref.errors import WriteError
from lsfref.media.writer import write_video
from lsfref.storage import recorder

pytestmark = pytest.mark.unwatched


def test_a_video_without_trajectories_says_why(tmp_path, capsys):
    write_video(tmp_path / "still.mkv", np.full((20, 41, 53), 90, np.uint8))
    write_video(tmp_path / "short.mkv", clip("normal", 1)[:9])
    words = ["extract", *map(str, sorted(tmp_path.glob("*.mkv"))), "--out", str(tmp_path / "out")]
    assert cli.main([*words, "--jobs", "1", "--cache", "none"]) == 0
    out, err = capsys.readouterr()
    assert out.count(": 0 trajectories") == 2
    assert f"warning: {tmp_path}/still.mkv: no trajectories: nothing moves, or nothing" in err
    assert f"warning: {tmp_path}/short.mkv: 9 frames; a trajectory needs 16" in err
    assert np.load(tmp_path / "out" / "still.mkv.npy").shape == (0, 436)


def test_outputs_are_checked_before_the_work_and_replaced_ones_are_mentioned(tmp_path, capsys):
    write_video(tmp_path / "a.mkv", clip("normal", 1))
    out = tmp_path / "out"
    words = ["extract", str(tmp_path / "a.mkv"), "--jobs", "1", "--cache", "none", "--out"]
    assert cli.main([*words, str(out)]) == 0
    assert "replaces" not in capsys.readouterr().err
    (out / "a.mkv.npy").chmod(0o600)
    assert cli.main([*words, str(out)]) == 0
    assert f"will replace what is there: {out}/a.mkv.npy" in capsys.readouterr().err
    assert (out / "a.mkv.npy").stat().st_mode & 0o777 == 0o600
    assert cli.main([*words, str(tmp_path / "a.mkv")]) == 3
    assert "extracting" not in capsys.readouterr().err
    (out / "a.mkv.npy").unlink()
    (out / "a.mkv.npy").mkdir()
    assert cli.main([*words, str(out)]) == 3
    assert "a folder or a device" in capsys.readouterr().err


def test_the_boxes_of_a_video_are_not_replaced(tmp_path, capsys):
    write_video(tmp_path / "a.mkv", clip("normal", 1))
    boxes = tmp_path / "a.mkv.txt"
    boxes.write_text("0\n")
    words = ["extract", str(tmp_path / "a.mkv"), "--camera-motion", "homography", "--text"]
    assert cli.main([*words, "--boxes", str(boxes), "--out", str(tmp_path)]) == 2
    assert f"{boxes} would replace what this command works on" in capsys.readouterr().err
    assert boxes.read_text() == "0\n"


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return str(tmp_path_factory.mktemp("cache"))


def test_extract_writes_the_436_columns(labeled_clips, cache, tmp_path, capsys):
    video = str(labeled_clips.parent / "00.mkv")
    words = ["extract", video, "--out", str(tmp_path), "--jobs", "1", "--cache", cache]
    assert cli.main([*words, "--set", "n_scales=2"]) == 0
    rows = np.load(tmp_path / "00.mkv.npy", allow_pickle=False)
    assert rows.shape[1] == 436
    assert rows.dtype == np.float32
    assert rows[:, 0].min() >= 15
    assert f"{len(rows)} trajectories" in capsys.readouterr().out
    assert cli.main([*words, "--set", "n_scales=2", "--text"]) == 0
    text = np.loadtxt(tmp_path / "00.mkv.txt", delimiter="\t")
    np.testing.assert_allclose(text, rows, atol=1e-5)
    first = (tmp_path / "00.mkv.txt").read_text().split("\t")
    assert first[0] == "15"
    assert len(first[1].partition(".")[2]) == 6
    assert len(first[40].partition(".")[2]) == 7


def test_extract_leaves_nothing_of_a_bad_video(tmp_path, cache, capsys):
    (tmp_path / "text.mp4").write_text("no video")
    out = tmp_path / "out"
    words = ["extract", str(tmp_path / "text.mp4"), "--out", str(out), "--jobs", "1"]
    assert cli.main([*words, "--cache", cache]) == 1
    assert list(out.iterdir()) == []
    assert "text.mp4" in capsys.readouterr().err


def test_a_disk_that_takes_no_more_ends_the_command(labeled_clips, tmp_path, capsys, monkeypatch):
    def full(path):
        raise WriteError(f"{path}: cannot be written (No space left on device)")

    monkeypatch.setattr(extract, "write_whole", full)
    clip = str(labeled_clips.parent / "00.mkv")
    words = ["extract", clip, "--out", str(tmp_path), "--cache", "none", "--jobs", "1"]
    assert cli.main(words) == 3
    assert "00.mkv.npy: cannot be written (No space" in capsys.readouterr().err
    monkeypatch.setattr(recorder.Recorder, "add", lambda self, *a, **k: full("tensor"))
    assert cli.main(["trace", clip, str(tmp_path / "trace")]) == 3
    assert "tensor: cannot be written" in capsys.readouterr().err


def test_shares_of_frames_that_count_once_are_of_those_frames(tmp_path):
    """R4: a clip of half the rate has the rows of its own frames, and the same from the cache."""
    frames = clip("camera shaking", 3, n_frames=30)
    write_video(tmp_path / "own.mkv", frames)
    write_video(tmp_path / "twice.mkv", frames.repeat(2, axis=0))
    for out in ("first", "second"):
        words = ["extract", *map(str, tmp_path.glob("*.mkv")), "--out", str(tmp_path / out)]
        assert cli.main([*words, "--cache", str(tmp_path / "cache"), "--jobs", "1"]) == 0
        own, twice = (np.load(tmp_path / out / f"{name}.mkv.npy") for name in ("own", "twice"))
        np.testing.assert_array_equal(own, twice)
