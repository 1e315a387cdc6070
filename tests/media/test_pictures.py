"""Folders of numbered pictures: the order, the pixels, what is told, and the digest."""

import hashlib
import os
import subprocess

import imageio.v3
import numpy as np
import pytest

from lsfref.errors import VideoError
from lsfref.media.decoding import count_frames, frame_rate, frame_times, read_rgb
from lsfref.media.ffmpeg import executable
from lsfref.media.pictures import content_digest, holds_pictures, list_pictures
from lsfref.media.writer import write_video
from lsfref.video import read_frames


def noise(*shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


FRAMES_FHW3 = noise(12, 19, 23, 3)


@pytest.fixture
def folder(tmp_path):
    for i, frame_HW3 in enumerate(FRAMES_FHW3, start=1):
        imageio.v3.imwrite(tmp_path / f"frame_{i}.png", frame_HW3)
    return tmp_path


def test_frames_come_in_the_order_of_their_numbers_with_the_pixels_of_a_video(folder):
    (folder / "notes.txt").touch()
    (folder / "flow_x_00001.jpg").touch()
    assert [os.path.basename(path) for path in list_pictures(folder)] == [
        f"frame_{i}.png" for i in range(1, 13)
    ]
    np.testing.assert_array_equal(list(read_rgb(folder)), FRAMES_FHW3)
    np.testing.assert_array_equal(list(read_rgb(folder, max_frames=5)), FRAMES_FHW3[:5])
    assert count_frames(folder) == 12
    video = folder / "video.mkv"
    write_video(video, FRAMES_FHW3)
    np.testing.assert_array_equal(list(read_frames(folder)), list(read_frames(video)))
    assert frame_rate(folder) is None
    assert len(frame_times(folder)) == 0


@pytest.mark.parametrize(
    ("suffix", "pixels", "most"),
    [("png", "rgb24", 0), ("png", "gray", 0), ("png", "rgba", 0), ("png", "pal8", 0),
     ("png", "rgb48be", 1), ("png", "gray16be", 1), ("png", "monob", 0), ("bmp", "bgr24", 0),
     ("ppm", "rgb24", 0), ("pgm", "gray", 0)],
)  # fmt: skip
def test_the_pixels_are_those_that_ffmpeg_gives(tmp_path, suffix, pixels, most):
    command = [executable(), "-v", "error", "-f", "lavfi", "-i", "testsrc=size=36x28:duration=0.2"]
    command += ["-pix_fmt", pixels, str(tmp_path / f"%d.{suffix}")]
    subprocess.run(command, check=True)
    plain = [executable(), "-v", "error", "-i", str(tmp_path / f"%d.{suffix}"), "-f", "rawvideo"]
    want = subprocess.run([*plain, "-pix_fmt", "rgb24", "-"], capture_output=True, check=True)
    found_FHW3 = np.array(list(read_rgb(tmp_path, warn=pytest.fail)))
    want_FHW3 = np.frombuffer(want.stdout, np.uint8).reshape(5, 28, 36, 3)
    np.testing.assert_allclose(found_FHW3, want_FHW3.astype(int), rtol=0, atol=most)


def told_of(folder):
    told = []
    return sum(1 for _ in read_rgb(folder, warn=told.append)), told


def test_damage_and_gaps_are_told(folder):
    (folder / "frame_9.png").unlink()
    count, (text,) = told_of(folder)
    assert count == 11
    assert text == f"{folder}: pictures are missing after frame_8.png; 11 frames were read"
    path = folder / "frame_7.png"
    path.write_bytes(path.read_bytes()[:900])
    count, (text,) = told_of(folder)
    assert count == 6
    assert text.startswith(f"{folder}: damaged: 6 frames were read (frame_7.png: ")
    path.write_bytes(b"%!PS-Adobe-3.0")  # whatever the name: nothing but the four formats
    assert "frame_7.png: not a picture" in told_of(folder)[1][0]


def test_every_third_picture_is_no_gap(tmp_path):
    for i in (3, 6, 9):
        imageio.v3.imwrite(tmp_path / f"{i:03}.png", FRAMES_FHW3[0])
    assert told_of(tmp_path) == (3, [])


def test_errors(folder):
    with pytest.raises(VideoError, match=r"frame_1\.png: a frame has more than 436.*--max-pixels"):
        count_frames(folder, max_pixels=19 * 23 - 1)
    imageio.v3.imwrite(folder / "frame_13.png", noise(19, 24, 3))
    with pytest.raises(VideoError, match="size changes after frame 12"):
        count_frames(folder)
    (folder / "frame_1.png").write_bytes(b"x")
    with pytest.raises(VideoError, match=r"no frame can be decoded .frame_1"):
        count_frames(folder)
    (folder / "other_1.png").touch()
    with pytest.raises(VideoError, match=r"2 series .frame_, other_"):
        count_frames(folder)
    (folder / "empty").mkdir()
    assert not holds_pictures(folder / "empty")
    with pytest.raises(VideoError, match="a folder, not a video"):
        count_frames(folder / "empty")


def test_the_digest_is_of_every_frame_and_their_order(folder, tmp_path):
    first = content_digest(folder)
    (folder / "notes.txt").touch()
    assert content_digest(folder) == first
    two, ten = folder / "frame_2.png", folder / "frame_10.png"
    assert content_digest(two) == hashlib.sha256(two.read_bytes()).hexdigest()
    held = two.read_bytes()
    two.write_bytes(ten.read_bytes())
    ten.write_bytes(held)
    assert content_digest(folder) != first
    for nothing in (folder / "missing", os.path.dirname(os.__file__)):
        with pytest.raises(OSError, match=r"missing|not a regular file"):
            content_digest(nothing)
