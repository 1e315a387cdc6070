"""Boxes of mp4: tracks, edits and joined films, by hand; forged boxes end in nothing."""

import os
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsfref.media import boxes
from lsfref.media.boxes import Film, Track


def box(name, *content):
    content = b"".join(content)
    return struct.pack(">I", 8 + len(content)) + name + content


def movie(*, kind=b"vide", edited=False, n_frames=40, coding=b"avc1"):
    """What is in a film: a header and one track."""
    tables = [box(b"stsd", struct.pack(">4xII4s", 1, 16, coding))]
    tables += [box(b"stsz", struct.pack(">4xII", 0, n_frames))]
    media = box(b"mdia", box(b"hdlr", bytes(8), kind), box(b"minf", box(b"stbl", *tables)))
    edits = [box(b"edts", box(b"elst", bytes(20)))] if edited else []
    return [box(b"mvhd", bytes(20)), box(b"trak", *edits, media)]


def film(folder, content):
    path = folder / "film.mp4"
    path.write_bytes(content)
    descriptor = os.open(path, os.O_RDONLY)
    try:
        return boxes.film(descriptor)
    finally:
        os.close(descriptor)


HEAD = box(b"ftyp", b"isom")


@pytest.mark.parametrize("edited", [False, True])
def test_a_track_by_hand(tmp_path, edited):
    content = HEAD + box(b"moov", *movie(edited=edited))
    assert film(tmp_path, content) == Film([Track("avc1", 40, edited)], 1)


def test_only_videos_are_tracks_and_films_are_counted(tmp_path):
    _, sound = movie(kind=b"soun")
    header, video = movie(coding=b"encv")
    content = HEAD + box(b"moov", header, sound, video, video) + box(b"mdat", b"x" * 99)
    found = film(tmp_path, content + content)
    assert found == Film([Track("encv", 40, False)] * 2, 2)
    assert boxes.is_encrypted(found)
    assert "another recording follows" in boxes.passed_over(found, 40)


def test_what_is_told_of_hidden_frames():
    hidden = Film([Track("avc1", 40, True)], 1)
    assert "hides 3 of 40 coded frames" in boxes.passed_over(hidden, 37)
    assert boxes.passed_over(hidden, 40) == ""
    assert "hides 40 of 40 coded frames" in boxes.passed_over(hidden, 0)
    assert boxes.passed_over(hidden, 20) == ""  # fields
    assert boxes.passed_over(Film([Track("avc1", 40, False)], 1), 37) == ""  # no edit's doing


def test_a_long_box_and_one_to_the_end(tmp_path):
    inside = b"".join(movie())
    for length in (
        struct.pack(">I4sQ", 1, b"moov", 16 + len(inside)),
        struct.pack(">I4s", 0, b"moov"),
    ):
        assert film(tmp_path, HEAD + length + inside) == Film([Track("avc1", 40, False)], 1)


def test_what_is_not_of_boxes_holds_nothing(tmp_path):
    for content in (
        b"",
        b"x",
        b"\x1a\x45\xdf\xa3" * 9,
        bytes(99),
        b"RIFF\x40\0\0\0AVI " + bytes(99),
    ):
        assert film(tmp_path, content) == Film([], 0)


WHOLE = HEAD + box(b"moov", *movie(edited=True))


@given(st.integers(0, len(WHOLE)), st.integers(0, len(WHOLE) - 1), st.integers(0, 255))
def test_cut_and_forged_boxes_have_an_answer(tmp_path_factory, length, at, value):
    hurt = bytearray(WHOLE)
    hurt[at] = value
    found = film(tmp_path_factory.getbasetemp(), bytes(hurt[:length]))
    assert len(found.tracks) <= 1
