"""Videos of exact sizes, the same bytes every time, whole or not at all."""

import os

import corpus
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lsfref.errors import WriteError
from lsfref.media import ffmpeg
from lsfref.media.decoding import count_frames, frame_rate, read_rgb
from lsfref.media.writer import LOSSLESS, recorder, write_video


def noise(*shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def smooth(frames, height, width):
    t, y, x = np.ogrid[:frames, :height, :width]
    waves = [128 + 60 * np.sin(0.2 * (x + t) + 0.1 * y + c) for c in range(3)]
    return np.stack(waves, axis=-1).astype(np.uint8)


@pytest.mark.parametrize("suffix", ["mkv", "avi"])
@pytest.mark.parametrize("size", [(72, 96), (31, 41), (1, 1), (2, 3)])
def test_ffv1_gives_back_every_pixel(tmp_path, suffix, size):
    path = tmp_path / f"clip.{suffix}"
    frames_FHW3 = noise(7, *size, 3)
    assert write_video(path, frames_FHW3) == 7
    np.testing.assert_array_equal(list(read_rgb(path)), frames_FHW3)


def test_grey_frames_become_grey_pictures(tmp_path):
    path = tmp_path / "grey.mkv"
    frames_FHW = noise(5, 11, 13)
    write_video(path, iter(frames_FHW), fps=30)
    for frame_HW, read_HW3 in zip(frames_FHW, read_rgb(path), strict=True):
        assert (read_HW3 == frame_HW[..., None]).all()
    assert frame_rate(path) == 30


def h264(height, width):
    """Half-size color needs even sides, so odd pictures get full-size color."""
    return (*corpus.H264, "-pix_fmt", "yuv444p") if height % 2 or width % 2 else corpus.H264


@given(
    lossy=st.sampled_from([h264, lambda *_: corpus.MPEG4]),
    suffix=st.sampled_from(["mp4", "mkv", "avi"]),
    height=st.integers(1, 70),
    width=st.integers(1, 70),
    count=st.integers(1, 20),
)
@settings(max_examples=8)
@example(lossy=lambda *_: corpus.MPEG4, suffix="avi", height=1, width=1, count=2)
@example(lossy=h264, suffix="mp4", height=1, width=2, count=1)
def test_lossy_files_keep_size_and_count(tmp_path, lossy, suffix, height, width, count):
    path = tmp_path / f"clip.{suffix}"
    frames_FHW3 = smooth(count, height, width)
    write_video(path, frames_FHW3, coding=lossy(height, width))
    again = np.array(list(read_rgb(path)))
    assert again.shape == frames_FHW3.shape
    assert np.abs(again.astype(int) - frames_FHW3).mean() < 40
    assert count_frames(path) == count


@pytest.mark.parametrize(
    ("coding", "suffix"),
    [(LOSSLESS, "mkv"), (recorder(29.97, 50, 34), "mp4"), (corpus.MPEG4, "avi")],
)
def test_the_same_frames_give_the_same_bytes(tmp_path, coding, suffix):
    paths = [tmp_path / f"{name}.{suffix}" for name in ("a", "b")]
    for path in paths:
        write_video(path, smooth(9, 34, 50), coding=coding, fps=29.97)
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_a_name_is_only_a_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("-dash.mkv", "%03d.mkv", "http:x.mkv", "new\nline.mkv", b"not\xffutf8.mkv"):
        write_video(name, noise(2, 4, 6))
        assert count_frames(name) == 2
    assert len(os.listdir()) == 5


@pytest.mark.parametrize(
    ("frames", "words"),
    [
        ([], "a video needs a frame"),
        ([np.zeros((4, 6))], "want uint8"),
        ([np.zeros((4, 6, 4), np.uint8)], "want uint8"),
        ([np.zeros(6, np.uint8)], "want uint8"),
        (
            [np.zeros((4, 6), np.uint8), np.zeros((6, 4), np.uint8)],
            "one size, got .6, 4, 3. at 1",
        ),
    ],
)
def test_what_is_no_video(tmp_path, frames, words):
    path = tmp_path / "clip.mkv"
    path.write_bytes(b"the old one")
    with pytest.raises(ValueError, match=words):
        write_video(path, frames)
    assert path.read_bytes() == b"the old one"
    assert os.listdir(tmp_path) == ["clip.mkv"]


def test_unknown_kinds(tmp_path):
    with pytest.raises(ValueError, match="xyz"):
        write_video(tmp_path / "clip.xyz", noise(2, 4, 6))
    with pytest.raises(WriteError, match="xyz"):
        write_video(tmp_path / "clip.mkv", noise(2, 4, 6), coding=("-c:v", "xyz"))


def test_an_error_of_the_frames_passes_and_leaves_nothing(tmp_path):
    def frames():
        yield noise(4, 6)
        raise KeyError("source")

    with pytest.raises(KeyError, match="source"):
        write_video(tmp_path / "clip.mkv", frames())
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("exit 1", "it says nothing"),
        ("echo '[vost#0:0/libx264 @ 0x55e0] No space left' >&2; exit 1", "No space left"),
    ],
)
def test_ffmpeg_that_gives_up(tmp_path, monkeypatch, script, words):
    program = tmp_path / "ffmpeg"
    program.write_text("#!/bin/sh\n" + script)
    program.chmod(0o755)
    monkeypatch.setattr(ffmpeg, "executable", lambda: str(program))
    path = tmp_path / "clip.mkv"
    with pytest.raises(WriteError, match=rf"clip\.mkv: ffmpeg cannot write it \({words}\); free"):
        write_video(path, noise(50, 200, 300))
    assert os.listdir(tmp_path) == ["ffmpeg"]


def test_no_such_folder(tmp_path):
    with pytest.raises(WriteError, match="make its folder first"):
        write_video(tmp_path / "nowhere" / "clip.mkv", noise(2, 4, 6))
