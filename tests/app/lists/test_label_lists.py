"""Which files of a folder are videos, and what is said of the others."""

import io
import os

import corpus
import numpy as np
import pytest

from lsfref.app.lists.label_lists import (
    VIDEO_ENDINGS,
    find_videos,
    names_of,
    read_list,
    video_files,
)
from lsfref.app.lists.manifest import read_labels
from lsfref.errors import LabelsError
from lsfref.media.decoding import count_frames
from lsfref.media.writer import write_video

RARE = ".VOB .m2t .LRV .MOD .divx .f4v .3g2 .ogm .qt .insv .Y4M .h264 .MJPEG .ivf".split()
FILLED = {  # a file of each rarer ending, as its devices write it
    ".vob": ("vob", corpus.MPEG2), ".m2t": ("ts", corpus.MPEG2), ".lrv": ("mp4", corpus.H264),
    ".mod": ("mpg", corpus.MPEG2), ".divx": ("avi", corpus.MPEG4), ".f4v": ("mp4", corpus.H264),
    ".3g2": ("3g2", corpus.H264), ".ogm": ("ogg", ("-c:v", "libtheora")),
    ".qt": ("mov", corpus.MPEG4), ".insv": ("mp4", corpus.H264),
    ".y4m": ("y4m", ("-pix_fmt", "yuv420p")),
    ".h264": ("h264", corpus.H264), ".mjpeg": ("mjpeg", corpus.MJPEG), ".ivf": ("ivf", corpus.VP8),
}  # fmt: skip


def names(paths, folder):
    return [os.path.relpath(path, folder) for path in paths]


def test_videos_in_a_folder_and_below_by_their_endings(tmp_path):
    (tmp_path / "deep").mkdir()
    for name in ("b.mp4", "deep/e.WebM", "a.MOV", "notes.txt", "more.txt", "x.jpg", ".ds", "odd"):
        (tmp_path / name).write_bytes(b"x")
    videos, notes = find_videos([str(tmp_path), "given.txt"])
    assert names(videos[:-1], tmp_path) == ["a.MOV", "b.mp4", "deep/e.WebM"]
    assert videos[-1] == "given.txt"
    (note,) = notes
    assert note == f"{tmp_path}: left out: 2 .txt, 1 .jpg, 1 hidden, 1 without an ending"
    assert find_videos([str(tmp_path / "deep")])[1] == []


@pytest.mark.unwatched
def test_every_rarer_ending_is_found_and_read(tmp_path):
    factory = corpus.Factory(tmp_path, port=1)
    folder = tmp_path / "videos"
    folder.mkdir()
    for ending in RARE:
        suffix, coding = FILLED[ending.lower()]
        (folder / f"clip{ending}").write_bytes(factory.encode(suffix, *coding))
    assert all(ending.lower() in VIDEO_ENDINGS for ending in RARE)
    videos, notes = find_videos([str(folder)])
    assert (len(videos), notes) == (len(RARE), [])
    for path in videos:
        assert count_frames(path, warn=pytest.fail) == corpus.FRAMES, path


def test_files_without_an_ending_are_known_by_their_bytes(tmp_path):
    write_video(tmp_path / "a.mkv", np.zeros((3, 8, 8), np.uint8))
    os.rename(tmp_path / "a.mkv", tmp_path / "recording 1")
    (tmp_path / "README").write_text("no video")
    os.mkfifo(tmp_path / "pipe")
    videos, notes = find_videos([str(tmp_path)])
    assert names(videos, tmp_path) == ["recording 1"]
    assert notes == [f"{tmp_path}: left out: 2 without an ending"]


def test_many_endings_make_one_sentence(tmp_path):
    for i in range(30):
        (tmp_path / f"a.x{i:02}\x1b").touch()
    videos, told = video_files(str(tmp_path))
    assert videos == []
    assert told.startswith("1 .x00\\x1b, 1 .x01")
    assert told.endswith("1 .x07\\x1b, 22 of other endings")


def test_a_folder_of_pictures_is_a_video_where_it_is_named(tmp_path):
    frames = tmp_path / "walk" / "frames"
    frames.mkdir(parents=True)
    for i in (1, 2, 10):
        (frames / f"frame_{i}.jpg").write_bytes(b"x")
    assert find_videos([str(frames)]) == ([str(frames)], [])
    assert find_videos([str(tmp_path)]) == ([str(tmp_path)], [f"{tmp_path}: left out: 3 .jpg"])
    listing = tmp_path / "labels.csv"
    (tmp_path / "empty").mkdir()
    listing.write_text("file,background\nwalk/frames,rain\n")
    assert [video.path for video in read_labels(listing).videos] == [str(frames)]
    listing.write_text("file,background\nempty,rain\n")
    with pytest.raises(Exception, match="'empty' is a folder, not a video"):
        read_labels(listing)


def test_a_folder_per_class_says_what_it_leaves_out(tmp_path):
    for label in ("rain", "normal"):
        (tmp_path / label).mkdir()
        (tmp_path / label / "a.mp4").touch()
    (tmp_path / "rain" / "a.srt").touch()
    (tmp_path / "notes.txt").touch()
    listed = read_list(tmp_path)
    assert [(row.file, row.background) for row in listed.rows] == [
        ("normal/a.mp4", "normal"),
        ("rain/a.mp4", "rain"),
    ]
    assert listed.notes == [
        f"{tmp_path}/rain: left out: 1 .srt",
        f"{tmp_path}: left out: 1 beside the folders of classes",
    ]


def test_names_on_stdin_are_lines_or_stand_between_zeros(monkeypatch):
    assert names_of("a b.mp4\n\n c.mp4\r\n") == ["a b.mp4", " c.mp4"]
    assert names_of("a\nb.mp4\0c.mp4\0") == ["a\nb.mp4", "c.mp4"]
    assert names_of("\ufeffa.mp4\n") == ["a.mp4"]
    for code, mark in (("utf-16-le", b"\xff\xfe"), ("utf-16-be", b"\xfe\xff")):
        text = mark + "/a.mp4\n".encode(code)  # as names they would be "/", "a", ".", ...
        with pytest.raises(LabelsError, match="UTF-16"):
            names_of(text.decode("utf-8", "surrogateescape"))
        with pytest.raises(LabelsError, match="UTF-16"):
            names_of("a.mp4\n".encode(code).decode())
    assert names_of("./a\0b\0c\0") == ["./a", "b", "c"]
    monkeypatch.setattr("sys.stdin", io.StringIO("\n"))
    with pytest.raises(LabelsError, match="stdin names no video"):
        find_videos(["-"])
