"""Frames come whole, exact and in order, damage is told, and nothing is left behind."""

import contextlib
import os
import subprocess
import sys
import threading
import time
import warnings
from fractions import Fraction
from pathlib import Path

import corpus
import imageio_ffmpeg
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lsfref.errors import VideoError
from lsfref.media import decoding, ffmpeg
from lsfref.media.decoding import count_frames, frame_rate, frame_times, read_rgb
from lsfref.media.writer import write_video
from lsfref.video import read_frames

ROOT = Path(__file__).parents[2]


def noise(*shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """A lossless file and its 23 frames of 29 x 37."""
    path = tmp_path_factory.mktemp("video") / "clip.mkv"
    frames_FHW3 = noise(23, 29, 37, 3)
    write_video(path, frames_FHW3)
    return path, frames_FHW3


# ------------------------------------------------------------------ frames


def test_every_frame_the_first_and_the_last(clip):
    path, frames_FHW3 = clip
    np.testing.assert_array_equal(list(read_rgb(path)), frames_FHW3)
    assert count_frames(path) == 23


@pytest.mark.parametrize("limit", [1, 7, 23, 24])
def test_max_frames(clip, limit):
    path, frames_FHW3 = clip
    np.testing.assert_array_equal(list(read_rgb(path, max_frames=limit)), frames_FHW3[:limit])
    assert count_frames(path, max_frames=limit) == min(limit, 23)


def test_any_kind_of_path(clip, monkeypatch):
    path, _ = clip
    monkeypatch.chdir(path.parent)
    for name in (path, str(path), os.fsencode(path), "clip.mkv", Path("clip.mkv")):
        assert count_frames(name) == 23


def test_a_frame_is_ours_to_change(clip):
    path, frames_FHW3 = clip
    kept = []
    for frame_HW3 in read_rgb(path):
        assert frame_HW3.flags.writeable
        kept.append(frame_HW3.copy())
        frame_HW3[:] = 0
    np.testing.assert_array_equal(kept, frames_FHW3)


def test_same_pixels_as_a_plain_decode(tmp_path):
    """No scaler flag of ours: what ffmpeg gives by default is what we give."""
    path = tmp_path / "lossy.mp4"
    write_video(path, noise(5, 50, 70, 3), coding=corpus.H264)
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", str(path), "-f", "rawvideo"]
    plain = subprocess.run([*command, "-pix_fmt", "rgb24", "-"], capture_output=True, check=True)
    assert np.array(list(read_rgb(path))).tobytes() == plain.stdout


def test_the_first_frame_does_not_wait_for_the_last(tmp_path):
    path = tmp_path / "long.mkv"
    pixels_HW3 = noise(192, 128, 3)
    write_video(path, (np.roll(pixels_HW3, t, axis=1) for t in range(100)))
    with ffmpeg.Decoder(path, READ, 10**6, "V:0") as decoder:
        assert decoder.read_pixmap() is not None
        assert decoder.process.poll() is None  # far from done
    start = time.process_time()
    next(read_frames(path))
    assert time.process_time() - start < 1


READ = "-vf settb=1/25,setpts=N -fps_mode passthrough -c:v ppm -pix_fmt rgb24 -f image2pipe".split()


# ------------------------------------------------------------------ what is told


def cut(path, folder):
    """A copy without its last quarter."""
    content = path.read_bytes()
    short = folder / "short.mkv"
    short.write_bytes(content[: len(content) * 3 // 4])
    return short


def test_damage_is_told_once_after_the_last_good_frame(clip, tmp_path):
    path, frames_FHW3 = clip
    short, told, seen = cut(path, tmp_path), [], 0
    for frame_HW3 in read_rgb(short, warn=told.append):
        assert not told
        np.testing.assert_array_equal(frame_HW3, frames_FHW3[seen])
        seen += 1
    assert 10 < seen < 23
    (text,) = told
    assert text.startswith(f"{short}: damaged: {seen} frames were read (")
    assert "\n" not in text
    again = []
    assert count_frames(short, warn=again.append) == seen
    assert again == told
    with pytest.warns(UserWarning, match=r"short\.mkv: damaged"):
        list(read_frames(short))


def test_damage_beyond_the_limit_is_no_business_of_ours(tmp_path):
    path = tmp_path / "cut.avi"
    write_video(path, noise(23, 29, 37, 3))
    path.write_bytes(path.read_bytes()[:-100])  # of the index: no frame is lost
    told = []
    assert len(list(read_rgb(path, max_frames=2, warn=told.append))) == 2
    assert told == []
    assert len(list(read_rgb(path, warn=told.append))) == 23
    assert "ends in the middle of a packet" in told[0]


def test_a_frame_too_large_is_refused_with_the_limit_and_the_option(clip):
    path, _ = clip
    assert count_frames(path, max_pixels=29 * 37) == 23
    with pytest.raises(VideoError, match=r"clip\.mkv: .* 1072 pixels; .*--max-pixels"):
        next(read_frames(path, max_pixels=29 * 37 - 1))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("missing.mkv", "cannot be opened .No such file"),
        ("zero\0byte.mkv", "cannot be opened"),
        ("x" * 300, "cannot be opened .File name too long"),
        ("", "cannot be opened"),
        ("/", "a folder"),
        ("/dev/null", "a device"),
    ],
)
def test_what_cannot_be_opened(name, words):
    with pytest.raises(VideoError, match=words) as caught:
        next(read_frames(name))
    assert "\0" not in str(caught.value)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read all")
def test_a_file_that_may_not_be_read(clip, tmp_path):
    path = tmp_path / "secret.mkv"
    path.write_bytes(clip[0].read_bytes())
    path.chmod(0)
    with pytest.raises(VideoError, match="Permission denied"):
        count_frames(path)


# ------------------------------------------------------------------ rates


def encode(path, *arguments, frames=31):
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y"]
    command += ["-f", "lavfi", "-i", f"testsrc=size=48x32:rate=25:duration={frames / 25}"]
    subprocess.run([*command, *arguments, str(path)], check=True)
    return path


@pytest.mark.parametrize("suffix", ["mkv", "mp4", "avi"])
@pytest.mark.parametrize("fps", [25, 30, 12.5, 30000 / 1001, 60000 / 1001])
def test_even_rates_are_known_exactly(tmp_path, suffix, fps):
    path = tmp_path / f"even.{suffix}"
    write_video(path, noise(97, 5, 7), fps=fps, coding=corpus.MPEG4)
    assert frame_rate(path) == pytest.approx(fps, rel=1e-12 if suffix != "mkv" else 2e-3)


def test_uneven_and_unknown_rates_are_none(tmp_path):
    uneven = "setpts='(N+if(gt(N,20),1,0))/25/TB'"
    path = encode(tmp_path / "uneven.mkv", "-vf", uneven, "-fps_mode", "passthrough")
    assert frame_rate(path) is None
    assert count_frames(path) == 31
    assert frame_rate(encode(tmp_path / "one.mp4", frames=1)) is None


@pytest.mark.parametrize(("late", "even"), [(0, 1), (1, 1), (1.5, 0), (2, 0), (-1, 1), (-1.5, 0)])
def test_a_stamp_may_be_off_by_one_tick(monkeypatch, tmp_path, late, even):
    """Stamps 0, 40, 80 + late, 120, 160 of a clock of milliseconds: 25 frames per second."""
    stamps_F = np.array([0.0, 40, 80 + late, 120, 160])
    monkeypatch.setattr(decoding, "_stamps", lambda *_: (Fraction(1, 1000), stamps_F))
    assert frame_rate(tmp_path / "any.mkv") == (25 if even else None)


PASSED = ("-fps_mode", "passthrough", "-enc_time_base", "1/90000")


def test_the_times_of_frames(tmp_path):
    jittered = "settb=1/90000,setpts='(N+0.4*mod(N,3)-gt(N,20)*0.1)/15/TB'"
    path = encode(tmp_path / "jitter.mp4", "-vf", jittered, *PASSED)
    frames = np.arange(31)
    want_F = (frames + 0.4 * (frames % 3) - 0.1 * (frames > 20)) / 15
    np.testing.assert_allclose(frame_times(path), want_F, rtol=0, atol=1e-3)
    assert frame_rate(path) is None
    later = encode(tmp_path / "later.mkv", "-output_ts_offset", "100")
    np.testing.assert_allclose(frame_times(later), frames / 25, rtol=0, atol=1e-3)


def test_a_tag_cannot_pretend_a_rate(tmp_path):
    lie = "title=#tb 0: 1/7\n0, 0, 0, 1, 1, 0x00000000\n#tb 0: 1/9"
    assert frame_rate(encode(tmp_path / "lie.mkv", "-metadata", lie)) == 25


# ------------------------------------------------------------------ nothing is left


def belongings():
    """Processes, threads and descriptors of ours."""
    tasks = Path("/proc/self/task")
    children = [c for task in tasks.iterdir() for c in (task / "children").read_text().split()]
    return len(children), threading.active_count(), len(os.listdir("/proc/self/fd"))


def open_and_leave(path, turn):
    frames = read_frames(path)
    if turn % 5 == 0:
        return  # never begun
    next(frames)
    if turn % 5 == 1:
        frames.close()
    elif turn % 5 == 2:
        del frames
    elif turn % 5 == 3:
        for frame in frames:
            raise KeyError(frame.shape)
    else:
        for frame in read_rgb(path, max_frames=3):
            if frame.any():
                break


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="looks into /proc")
@pytest.mark.parametrize("turns", [15, pytest.param(200, marks=pytest.mark.slow)])
def test_nothing_is_left_after_early_stops(clip, tmp_path, turns):
    broken = tmp_path / "broken.mkv"
    broken.write_bytes(b"nothing")
    before = belongings()
    for turn in range(turns):
        with contextlib.suppress(KeyError):
            open_and_leave(clip[0], turn)
        if turn % 10 == 0:
            with pytest.raises(VideoError):
                next(read_frames(broken))
    assert belongings() == before


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="looks into /proc")
def test_a_killed_reader_leaves_no_ffmpeg(tmp_path):
    path = tmp_path / "a rather long one.mkv"
    write_video(path, (noise(64, 96, 3, seed=t) for t in range(300)))
    program = (
        "import sys, time; from lsfref.media.decoding import read_rgb\n"
        "frames = read_rgb(sys.argv[1]); next(frames); print('ready', flush=True); time.sleep(60)"
    )
    command = [sys.executable, "-c", program, str(path)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as child:
        assert child.stdout.readline() == b"ready\n"
        (ffmpeg_id,) = Path(f"/proc/{child.pid}/task/{child.pid}/children").read_text().split()
        child.kill()
    for _ in range(100):
        if not running(ffmpeg_id):
            break
        time.sleep(0.05)
    assert not running(ffmpeg_id)


def running(process_id):
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def test_a_slow_consumer_is_no_stall(clip, monkeypatch):
    monkeypatch.setattr(ffmpeg, "TIMEOUT", 0.3)
    frames = read_rgb(clip[0])
    next(frames)
    time.sleep(0.6)
    assert len(list(frames)) == 22


def test_two_readers_at_once(clip):
    path, _ = clip
    for left, right in zip(read_rgb(path), read_rgb(path), strict=True):
        np.testing.assert_array_equal(left, right)


@given(st.integers(1, 9), st.integers(1, 9), st.integers(1, 4))
@example(2, 1, 1)
@example(1080, 1, 1)
@settings(max_examples=8)
def test_any_size_comes_back(tmp_path, height, width, count):
    path = tmp_path / "any.mkv"
    frames_FHW3 = noise(count, height, width, 3, seed=height * 100 + width)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        write_video(path, frames_FHW3)
        np.testing.assert_array_equal(list(read_rgb(path)), frames_FHW3)
