"""Whether a container holds all that it promises: what ffmpeg passes over in silence.

ffmpeg tells most damage, but it takes a stream that stops in the middle of a packet, or whose
packets have lost their heads, for a short recording. The framing of these formats is simple enough
to walk: matroska needs no second look, ffmpeg complains of its damage; mp4 is `boxes.py`'s. What is
no fault: zeros behind the last packet, which fill up a sector.
"""

import os
import re
import struct
from collections.abc import Callable, Iterable
from typing import IO

import numpy as np

CUT = "the file ends in the middle of a packet"
LOST = "a packet has lost its head"
BLANK = "zeros stand in place of coded pictures"
JOINED = "another recording follows in the file, and is not read; split it there"
FILLED = 1 << 16  # bytes at most that fill up a file
_CHUNKS = "[0-9]{2}[A-Za-z]{2}|ix[0-9]{2}|idx1|LIST|JUNK|RIFF"  # of avi
RUN = 256  # zeros: every blank sector of 512 bytes is longer, no coded picture has as many


def fault(descriptor: int) -> str:
    """Return what is wrong with the framing of an open file, or "". Its position is moved."""
    size = os.fstat(descriptor).st_size
    head = os.pread(descriptor, 16, 0)
    with open(descriptor, "rb", closefd=False) as file:
        checks = [check for magic, check in _CHECKS.items() if head.startswith(magic)]
        filled = _filled_from(file, size)
        file.seek(0)
        try:
            return (checks or [_transport_stream])[0](file, size, filled)
        except (struct.error, IndexError):  # the walk ran over the end
            return CUT


def has_several_videos(descriptor: int) -> bool:
    """Return whether an open file may hold more than one video track."""
    head = os.pread(descriptor, 1 << 16, 0)
    return any(head.startswith(magic) and head.count(mark) > 1 for magic, mark in _A_VIDEO.items())


def _filled_from(file: IO[bytes], size: int) -> int:
    """Return where the file's last bytes begin that are all 00 or all FF."""
    file.seek(max(0, size - FILLED))
    tail = file.read()
    return size - len(tail) + min(len(tail.rstrip(b"\0")), len(tail.rstrip(b"\xff")))


def has_blank(pieces: Iterable[bytes]) -> bool:
    """Return whether RUN or more zeros follow each other in what the pieces are cut from.

    Zeros before a byte 1 do not count: they fill up to a start code, as broadcasters do.
    """
    rest = b""
    for piece in pieces:
        rest += piece
        while (start := rest.find(bytes(RUN))) >= 0:
            rest = rest[start + RUN :].lstrip(b"\0")
            if not rest:
                rest = bytes(RUN)  # to be gone on with in the next piece
                break
            if rest[0] != 1:
                return True
        else:
            rest = rest[1 - RUN :]
    return len(rest) == RUN


def _avi(file: IO[bytes], size: int, _: int) -> str:
    """Chunks: a name of four letters, the length, the content padded to an even length.

    Some writers do not pad. What lists but "movi" hold is not looked at.
    """

    def is_chunk(at: int, names: str = "[A-Za-z0-9 ]{4}") -> bool:
        file.seek(at)
        return at + 8 > size or re.fullmatch(names, file.read(4).decode("latin-1")) is not None

    at, end, movie = 0, 0, 0  # movie: where what is shown ends
    while at + 8 <= size:
        file.seek(at)
        name, length, kind = struct.unpack("<4sI4s", file.read(12).ljust(12))
        whole = at + 8 + length if 0 < length < 0x7FFFFFFF else size  # its writer was interrupted
        if at >= end or name == b"RIFF":  # another part follows, or what is no business of ours
            if name != b"RIFF":
                return ""
            end = whole
        elif not is_chunk(at):
            return "" if at >= movie > 0 else LOST
        if name == b"RIFF" or (name == b"LIST" and kind in (b"movi", b"rec ")):
            movie = whole if kind == b"movi" else movie
            at += 12
        else:
            at += 8 + length
            at += at % 2 and (is_chunk(at + 1, _CHUNKS) or not is_chunk(at, _CHUNKS))
    return CUT if max(at - 1, end) > size else ""


def _gif(file: IO[bytes], _size: int, _: int) -> str:
    """Blocks: "!" or "," and a header, then runs of at most 255 bytes; ";" is the end.

    Decoders pass over zeros between them: a few, or those before the end, hide nothing.
    """
    file.seek(10)
    flags = file.read(3)[0]
    file.seek(_colors(flags), os.SEEK_CUR)
    zeros = 0
    while (mark := file.read(1)) != b";":
        if mark == b"\0":
            zeros += 1
            continue
        if mark and zeros > 3:
            return LOST
        zeros = 0
        if mark == b"!":
            file.seek(1, os.SEEK_CUR)
        elif mark == b",":
            header = file.read(9)
            if len(header) < 9:
                return CUT
            file.seek(_colors(header[8]) + 1, os.SEEK_CUR)
        else:
            return LOST if mark else CUT
        while run := file.read(1):
            if run == b"\0":
                break
            file.seek(run[0], os.SEEK_CUR)
    return ""


def _colors(flags: int) -> int:
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _flv(file: IO[bytes], size: int, filled: int) -> str:
    """Tags: the length of the one before (4 bytes), kind, own length (3), seven more, content."""
    at = 9
    while at + 4 < filled:
        file.seek(at + 4)
        if file.read(1)[0] & 0x1F not in (8, 9, 18):
            return LOST
        at += 15 + int.from_bytes(file.read(3), "big")
    return CUT if at + 4 > size else ""


def _ogg(file: IO[bytes], size: int, filled: int) -> str:
    """Pages: "OggS", a header whose byte 5 marks the end, and a table of lengths."""
    at, last = 0, 0
    while at < filled:
        file.seek(at)
        header = file.read(27)
        if not header.startswith(b"OggS"):
            return LOST
        last = header[5]
        at += 27 + header[26] + sum(file.read(header[26]))
    return "" if at <= size and last & 4 else CUT


def _asf(file: IO[bytes], size: int, _: int) -> str:
    """The header tells the length of the file, unless it was broadcast."""
    head = file.read(1 << 16)
    at = head.find(bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365"))
    if at < 0 or at + 92 > len(head) or head[at + 88] & 1:
        return ""
    (told,) = struct.unpack_from("<Q", head, at + 40)
    file.seek(min(told, size))
    return CUT if told > size else JOINED if file.read(16) == head[:16] else ""


def _program_stream(file: IO[bytes], size: int, filled: int) -> str:
    """Packs and packets: 00 00 01, a kind, and but for pack headers and the end, a length."""
    at = 0
    while at < filled:
        file.seek(at)
        start = file.read(14)
        if start[:3] == b"\0\0\0":  # zeros may fill a gap
            at += 1
        elif start[:3] != b"\0\0\1":
            return LOST
        elif start[3] == 0xBA:
            at += 14 + (start[-1] & 7) if start[4] & 0x40 else 12
        else:
            at += 4 if start[3] == 0xB9 else 6 + int.from_bytes(start[4:6], "big")
    return CUT if at > size else ""


def _ivf(file: IO[bytes], size: int, filled: int) -> str:
    """Frames: the length, a time stamp of eight bytes, content."""
    at = int.from_bytes(file.read(8)[6:], "little")
    while at < filled:
        file.seek(at)
        at += 12 + struct.unpack("<I", file.read(4))[0]
    return CUT if at > size else ""


def _y4m(file: IO[bytes], size: int, _: int) -> str:
    """Frames of one length, each after a line FRAME."""
    first = len(file.readline(1 << 12))
    file.seek(first + 6)
    again = file.read(1 << 28).find(b"FRAME\n")
    return CUT if again >= 0 and (size - first) % (6 + again) else ""


def _mjpeg(file: IO[bytes], size: int, filled: int) -> str:
    """Pictures, each with a mark at its end."""
    file.seek(max(0, filled - 2))
    return "" if file.read(2) == b"\xff\xd9" else CUT


def _transport_stream(file: IO[bytes], size: int, filled: int) -> str:
    """Packets of one length, 188 or with additions 192 or 204, that begin with 0x47."""
    for length, offset in ((188, 0), (192, 4), (204, 0)):
        file.seek(offset)
        if size > 5 * length and set(file.read(5 * length)[::length]) == {0x47}:
            break
    else:
        return ""
    whole = -(-filled // length)  # packets; the last may end in zeros of its own
    for first in range(0, whole, 4096):
        file.seek(first * length)
        block = np.frombuffer(file.read(length << 12), np.uint8)
        if (block[offset::length][: whole - first] != 0x47).any():
            return LOST
    return CUT if whole * length > size else ""


_CHECKS: dict[bytes, Callable[[IO[bytes], int, int], str]] = {
    b"RIFF": _avi,
    b"GIF8": _gif,
    b"FLV\1": _flv,
    b"OggS": _ogg,
    bytes.fromhex("3026b2758e66cf11"): _asf,
    b"\0\0\1\xba": _program_stream,
    b"DKIF": _ivf,
    b"YUV4MPEG2": _y4m,
    b"\xff\xd8\xff": _mjpeg,
}
_A_VIDEO = {  # what stands in the head for each video track
    b"RIFF": b"strh8\0\0\0vids",
    b"\x1a\x45\xdf\xa3": b"\x83\x81\1",
    bytes.fromhex("3026b2758e66cf11"): bytes.fromhex("c0ef19bc4d5bcf11a8fd00805f5c442b"),
}
