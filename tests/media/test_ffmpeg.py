"""ffmpeg as a child: what it is told; what comes of one that stalls, floods, dies, is missing."""

import os
import stat
import sys
import time

import numpy as np
import pytest

from lsfref.errors import VideoError
from lsfref.media import ffmpeg
from lsfref.media.decoding import count_frames, read_rgb
from lsfref.media.ffmpeg import versions
from lsfref.media.writer import write_video

PIXMAP = r"printf 'P6\n2 1\n255\nabcdef'"


@pytest.fixture
def video(tmp_path):
    path = tmp_path / "clip.mkv"
    write_video(path, np.zeros((3, 8, 8), np.uint8))
    return path


@pytest.fixture
def play(tmp_path, monkeypatch):
    """Put a shell script in ffmpeg's place."""

    def put(script):
        program = tmp_path / "ffmpeg"
        program.write_text("#!/bin/sh\n" + script)
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setattr(ffmpeg, "executable", lambda: str(program))

    return put


def test_a_pixmap_by_hand(video, play):
    play(f"{PIXMAP}; sleep 0.2; {PIXMAP}")
    frames = list(read_rgb(video))
    assert [frame.tolist() for frame in frames] == [[[[97, 98, 99], [100, 101, 102]]]] * 2


def test_leaving_early_ends_a_busy_ffmpeg(video, play):
    play(f"{PIXMAP}; exec sleep 60")
    frames, start = read_rgb(video), time.monotonic()
    next(frames)
    frames.close()
    assert time.monotonic() - start < 20


def test_ctrl_c_does_not_reach_ffmpeg(video):
    output = ["-c:v", "ppm", "-f", "image2pipe"]
    with ffmpeg.Decoder(video, output, 100, "V:0") as decoder:
        assert os.getpgid(decoder.process.pid) != os.getpgid(0)


def test_no_name_and_no_variable_reaches_ffmpeg(video, play, tmp_path, monkeypatch):
    play(f'echo "$@" > {tmp_path}/seen; env >> {tmp_path}/seen; {PIXMAP}')
    monkeypatch.setenv("FFREPORT", "file=report.log")
    monkeypatch.setenv("AV_LOG_FORCE_COLOR", "1")
    list(read_rgb(video))
    seen = (tmp_path / "seen").read_text()
    assert "clip.mkv" not in seen
    assert "FFREPORT" not in seen
    assert "AV_LOG" not in seen
    for words in ("-protocol_whitelist fd", "-i fd:", "-nostdin", "-map 0:V:0", "-max_pixels"):
        assert words in seen


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("sleep 60", "no progress for 0.5 s"),
        (f"{PIXMAP}; sleep 60", "no progress for 0.5 s"),
        ("exec 1>&-; sleep 60", "no progress for 0.5 s"),  # no more frames, no end
        ("exec 1>&- 2>&-; sleep 60", "no progress for 0.5 s"),
        ("while true; do echo nonsense >&2; done", "no progress for 0.5 s"),
        ("while true; do cat /bin/sh >&2; done", "no progress for 0.5 s"),
    ],
)
def test_no_progress_is_an_error_in_time(video, play, script, words, monkeypatch):
    monkeypatch.setattr(ffmpeg, "TIMEOUT", 0.5)
    play(script)
    start = time.monotonic()
    with pytest.raises(VideoError, match=words):
        list(read_rgb(video, warn=print))
    assert time.monotonic() - start < 8


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("kill -SEGV $$", "crashed, signal 11"),
        ("exit 7", "status 7"),
        ("true", "it holds none"),
        ("echo 'a cause' >&2; exit 1", "a cause"),
        ("echo '[mov @ 0x55aa] [x @ 0x1] a cause' >&2", r"\(a cause\)"),
        (r"printf 'esc \033[31m \377\n' >&2", r"esc \\x1b\[31m \\xff"),
        (r"printf 'P6\n2 1\n255\nabc'", "it holds none"),  # dies inside the first frame
        ("echo 'Unrecognized option: fps_mode' >&2; exit 8", "too old"),
    ],
)
def test_no_frame_is_an_error_with_its_cause(video, play, script, words):
    play(script)
    with pytest.raises(VideoError, match=words) as caught:
        list(read_rgb(video))
    assert "clip.mkv" in str(caught.value)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    ("script", "words"),
    [
        (f"{PIXMAP}; kill -SEGV $$", "1 frame was read .ffmpeg crashed, signal 11"),
        (f"{PIXMAP}; {PIXMAP}; exit 3", "2 frames were read .ffmpeg ended with status 3"),
        (f"{PIXMAP}; printf 'no line end' >&2", "no line end"),
        (f"{PIXMAP}; head -c 300000 /dev/zero | tr '\\0' x >&2; {PIXMAP}", "2 frames .*xxx"),
    ],
)
def test_frames_and_then_trouble_is_a_warning(video, play, script, words):
    play(script)
    with pytest.warns(UserWarning, match=words) as caught:
        list(read_rgb(video))
    assert len(str(caught[0].message)) < 500


def test_a_restart_of_the_stamps_without_a_change_of_size(video, play):
    """The second look, by the list of packets, finds one size: told, not refused."""
    line = "non monotonically increasing dts to muxer in stream 0: 1 >= 0"
    packets = r"printf '#tb 0: 1/25\n0, 0, 0, 1, 24, 0x0\n0, 1, 1, 1, SIZE, 0x0\n'"
    frames = f'{PIXMAP}; {PIXMAP}; echo "{line}" >&2; {PIXMAP}'
    script = f'case "$*" in *framecrc*) {packets};; *) {frames};; esac'
    play(script.replace("SIZE", "24"))
    with pytest.warns(UserWarning, match="the pixel format changes after frame 2; all 3 frames"):
        assert len(list(read_rgb(video))) == 3
    play(script.replace("SIZE", "36"))
    frames = read_rgb(video)
    assert [next(frames).shape, next(frames).shape] == [(1, 2, 3)] * 2
    with pytest.raises(VideoError, match="the frame size changes after frame 2"):
        next(frames)


def none_found():
    raise RuntimeError("No ffmpeg exe could be found.")


def test_ffmpeg_that_is_not_there(video, monkeypatch):
    monkeypatch.setattr(ffmpeg, "executable", lambda: "/nowhere/ffmpeg")
    with pytest.raises(VideoError, match=r"/nowhere/ffmpeg: .*No such file.*imageio-ffmpeg"):
        count_frames(video)
    assert versions()["ffmpeg"] == "none"
    monkeypatch.undo()
    monkeypatch.setattr("imageio_ffmpeg.get_ffmpeg_exe", none_found)
    with pytest.raises(VideoError, match="no ffmpeg found; pip install"):
        count_frames(video)
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    with pytest.raises(VideoError, match="no ffmpeg found; pip install"):
        count_frames(video)


def test_versions():
    found = versions()
    assert list(found) == ["imageio-ffmpeg", "ffmpeg"]
    assert all(any(c.isdigit() for c in version) for version in found.values())


def test_the_descriptor_is_the_file_that_was_checked(tmp_path):
    path = tmp_path / "clip.mkv"
    write_video(path, np.zeros((9, 8, 8), np.uint8))
    frames = read_rgb(path)
    next(frames)
    path.unlink()
    path.write_text("another file")
    assert len(list(frames)) == 8
