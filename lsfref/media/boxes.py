"""The boxes of mp4 and its kin: what ffmpeg passes over in silence there.

A file is boxes, each with its length and a name, some with boxes in them; a track is one in "moov".
It counts its samples, which are coded frames, and may have an edit list that shows only some.
"""

import os
import struct
from collections.abc import Iterator
from typing import IO, NamedTuple

MOST = 100_000  # boxes in one that are looked at
FIRST = (b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot", b"styp")
ENCRYPTED = ("encv", "drmi")
Box = tuple[str, int, int]  # its name; where its content starts and ends


class Track(NamedTuple):
    """A video track: its coding, its coded frames (0: not counted here), whether it is edited."""

    coding: str
    n_frames: int
    edited: bool


class Film(NamedTuple):
    """What a file of boxes holds: its video tracks, in order, and how many films are joined."""

    tracks: list[Track]
    n_films: int


def film(descriptor: int) -> Film:
    """Return what an open file holds; nothing where it is not of boxes. Its position is moved."""
    size = os.fstat(descriptor).st_size
    if os.pread(descriptor, 4, 4) not in FIRST:
        return Film([], 0)
    with open(descriptor, "rb", closefd=False) as file:
        try:
            films = [box for box in _boxes(file, 0, size) if box[0] == "moov"]
            tracks = [_track(file, box) for film in films[:1] for box in _in(file, film, "trak")]
        except (struct.error, IndexError):  # cut or forged: ffmpeg says so
            return Film([], 0)
    return Film([track for track in tracks if track], len(films))


def is_encrypted(film: Film) -> bool:
    """Return whether nobody can decode a video track without its key."""
    return any(track.coding in ENCRYPTED for track in film.tracks)


def passed_over(film: Film, n_read: int) -> str:
    """Return what of a film is not among the frames read, and what to do, or "".

    Half of the coded frames are all, where each codes one field of an interlaced picture.
    """
    n_frames = max([track.n_frames for track in film.tracks if track.edited], default=0)
    if film.n_films > 1:
        return f"{n_read} frames were read; another recording follows in the file: split it there"
    if n_read >= n_frames or abs(2 * n_read - n_frames) <= 1 < n_read:
        return ""
    return (
        f"its edit list hides {n_frames - n_read} of {n_frames} coded frames, as players do; to"
        " have them, copy it with ffmpeg -ignore_editlist 1 -i OLD -c copy NEW"
    )


def _boxes(file: IO[bytes], at: int, end: int) -> Iterator[Box]:
    for _ in range(MOST):
        if at + 8 > end:
            return
        file.seek(at)
        length, name = struct.unpack(">I4s", file.read(8))
        start = at + 8
        if length == 1:
            (length,), start = struct.unpack(">Q", file.read(8)), at + 16
        stop = at + length if length else end
        if stop < start:
            return
        yield name.decode("latin-1"), start, min(stop, end)
        at = stop


def _in(file: IO[bytes], box: Box, path: str) -> list[Box]:
    """Return the boxes at "name/name" in a box."""
    found = [box]
    for name in path.split("/"):
        found = [b for _, start, end in found for b in _boxes(file, start, end) if b[0] == name]
    return found


def _track(file: IO[bytes], track: Box) -> Track | None:
    def read(path: str, at: int) -> bytes:
        file.seek(_in(file, track, path)[0][1] + at)
        return file.read(4)

    if read("mdia/hdlr", 8) != b"vide":
        return None
    (n_frames,) = struct.unpack(">I", read("mdia/minf/stbl/stsz", 8))
    coding = read("mdia/minf/stbl/stsd", 12).decode("latin-1")
    return Track(coding, n_frames, bool(_in(file, track, "edts/elst")))
