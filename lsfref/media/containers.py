"""Whether a container holds all that it promises: what ffmpeg passes over in silence.

ffmpeg tells most damage, but it takes a stream that stops in the middle of a packet, or whose
packets have lost their heads, for a short recording. The framing of these formats is simple enough
to walk: mp4 and matroska need no second look, ffmpeg complains of theirs.
"""

import os
import struct
from collections.abc import Callable, Iterable
from typing import IO

import numpy as np

CUT = "the file ends in the middle of a packet"
LOST = "a packet has lost its head"
BLANK = "zeros stand in place of coded pictures"
RUN = 256  # zeros: every blank sector of 512 bytes is longer, no coded picture has as many


def fault(descriptor: int) -> str:
    """Return what is wrong with the framing of an open file, or "". Its position is moved."""
    size = os.fstat(descriptor).st_size
    with open(descriptor, "rb", closefd=False) as file:
        file.seek(0)
        head = file.read(16)
        checks = [check for magic, check in _CHECKS.items() if head.startswith(magic)]
        file.seek(0)
        try:
            return (checks or [_transport_stream])[0](file, size)
        except (struct.error, IndexError):  # the walk ran over the end
            return CUT


def has_blank(pieces: Iterable[bytes]) -> bool:
    """Return whether RUN or more zeros follow each other in what the pieces are cut from.

    Zeros before a byte 1 do not count: they fill up to a start code, as broadcasters do.
    """
    rest, blank = b"", False
    for piece in pieces:
        rest += piece
        while rest:
            if blank:
                rest = rest.lstrip(b"\0")
                if rest and rest[0] != 1:
                    return True
                blank = not rest
            start = rest.find(bytes(RUN))
            if start < 0:
                rest = rest[1 - RUN :]
                break
            rest, blank = rest[start + RUN :], True
    return blank


def _avi(file: IO[bytes], size: int) -> str:
    """Chunks: a name of four letters, the length, the content padded to an even length."""
    at, end = 0, size
    while at + 8 <= end:
        file.seek(at)
        name, length = struct.unpack("<4sI", file.read(8))
        if name == b"RIFF":
            end = at + 8 + length if length else size  # 0: its writer was interrupted
        elif not name.replace(b" ", b"x").isalnum():
            return LOST
        at += 12 if name in (b"RIFF", b"LIST") else 8 + length + length % 2
        if at >= end:  # what follows the first part is another one, or no business of ours
            file.seek(end + end % 2)
            end = size if file.read(4) == b"RIFF" else end
    return CUT if at > size + 1 else ""


def _gif(file: IO[bytes], _: int) -> str:
    """Blocks: "!" or "," and a header, then runs of at most 255 bytes; ";" is the end."""
    file.seek(10)
    flags = file.read(3)[0]
    file.seek(_colours(flags), os.SEEK_CUR)
    while (mark := file.read(1)) != b";":
        if mark == b"!":
            file.seek(1, os.SEEK_CUR)
        elif mark == b",":
            header = file.read(9)
            if len(header) < 9:
                return CUT
            file.seek(_colours(header[8]) + 1, os.SEEK_CUR)
        else:
            return LOST if mark else CUT
        while run := file.read(1):
            if run == b"\0":
                break
            file.seek(run[0], os.SEEK_CUR)
    return ""


def _colours(flags: int) -> int:
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _flv(file: IO[bytes], size: int) -> str:
    """Tags: the length of the one before (4 bytes), kind, own length (3), seven more, content."""
    at = 9
    while at + 15 <= size:
        file.seek(at + 4)
        if file.read(1)[0] & 0x1F not in (8, 9, 18):
            return LOST
        at += 15 + int.from_bytes(file.read(3), "big")
    return "" if at + 4 == size else CUT


def _ogg(file: IO[bytes], size: int) -> str:
    """Pages: "OggS", a header whose byte 5 marks the end, and a table of lengths."""
    at, last = 0, 0
    while at + 27 <= size:
        file.seek(at)
        header = file.read(27)
        if not header.startswith(b"OggS"):
            return LOST
        last = header[5]
        at += 27 + header[26] + sum(file.read(header[26]))
    return "" if at == size and last & 4 else CUT


def _asf(file: IO[bytes], size: int) -> str:
    """The header tells the length of the file, unless it was broadcast."""
    head = file.read(1 << 16)
    at = head.find(bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365"))
    if at < 0 or at + 92 > len(head):
        return ""
    (told,) = struct.unpack_from("<Q", head, at + 40)
    return CUT if told > size and not head[at + 88] & 1 else ""


def _program_stream(file: IO[bytes], size: int) -> str:
    """Packs and packets: 00 00 01, a kind, and but for pack headers and the end, a length."""
    at = 0
    while at + 6 <= size:
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


def _transport_stream(file: IO[bytes], size: int) -> str:
    """Packets of one length, 188 or with additions 192 or 204, that begin with 0x47."""
    for length, offset in ((188, 0), (192, 4), (204, 0)):
        file.seek(offset)
        if size > 5 * length and set(file.read(5 * length)[::length]) == {0x47}:
            break
    else:
        return ""
    file.seek(0)
    while block := file.read(length << 12):
        if (np.frombuffer(block, np.uint8)[offset::length] != 0x47).any():
            return LOST
    return CUT if size % length else ""


_CHECKS: dict[bytes, Callable[[IO[bytes], int], str]] = {
    b"RIFF": _avi,
    b"GIF8": _gif,
    b"FLV\1": _flv,
    b"OggS": _ogg,
    bytes.fromhex("3026b2758e66cf11"): _asf,
    b"\0\0\1\xba": _program_stream,
}
