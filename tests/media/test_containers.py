"""Framing, walked: cases by hand, and files that ffmpeg made, whole and hurt."""

import os
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsfref.media import containers
from lsfref.media.containers import CUT, LOST, RUN, has_blank


def fault(folder, content):
    path = folder / "file"
    path.write_bytes(content)
    descriptor = os.open(path, os.O_RDONLY)
    try:
        return containers.fault(descriptor)
    finally:
        os.close(descriptor)


def chunk(name, content):
    return name + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)


def avi(*chunks, told=None):
    content = b"AVI " + chunk(b"LIST", b"movi" + b"".join(chunks))
    return b"RIFF" + struct.pack("<I", len(content) if told is None else told) + content


def ogg(*pages):
    """Pages of (flags, content)."""
    return b"".join(
        b"OggS\0" + bytes([flags]) + bytes(20) + b"\1" + bytes([len(content)]) + content
        for flags, content in pages
    )


def flv(*tags):
    content = b"FLV\1\1" + struct.pack(">I", 9) + bytes(4)
    for kind, data in tags:
        tag = bytes([kind]) + len(data).to_bytes(3, "big") + bytes(7) + data
        content += tag + struct.pack(">I", len(tag))
    return content


GIF = b"GIF89a\2\0\1\0\x80\0\0" + bytes(6) + b"!\xf9\4\0\0\0\0\0"
IMAGE = b",\0\0\0\0\2\0\1\0\0\2\3abc\1d\0"
PALETTE_IMAGE = b",\0\0\0\0\2\0\1\0\x81" + bytes(12) + b"\2\0"
PACKET = b"\x47" + bytes(187)
PACK = b"\0\0\1\xba\x44" + bytes(9)
VIDEO = b"\0\0\1\xe0\0\3abc"
OLD_PACK = b"\0\0\1\xba\x21" + bytes(7)
ASF = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
ASF += bytes(14) + bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365") + bytes(24)

WHOLE = {
    "avi": avi(chunk(b"00dc", b"abc"), chunk(b"01wb", b"")),
    "avi of two parts": avi(chunk(b"00dc", b"abc")) + avi(chunk(b"00dc", b"x")),
    "avi and rubbish": avi(chunk(b"00dc", b"abc")) + b"rubbish behind",
    "interrupted avi": avi(chunk(b"00dc", b"abc"), told=0),
    "gif": GIF + IMAGE + PALETTE_IMAGE + IMAGE + b";",
    "gif and rubbish": GIF + IMAGE + b";rubbish",
    "flv": flv((9, b"abc"), (8, b""), (18, b"x" * 300)),
    "ogg": ogg((2, b"abc"), (4, b"x" * 255)),
    "program stream": PACK + VIDEO + bytes(5) + OLD_PACK + b"\0\0\1\xc0\0\0\0\0\1\xb9",
    "stuffed pack": PACK[:-1] + b"\2xx" + b"\0\0\1\xe0\0\0",
    "transport stream": PACKET * 7,
    "transport stream of 192": (b"\0\0\0\0" + PACKET) * 7,
    "transport stream of 204": (PACKET + bytes(16)) * 7,
    "asf": ASF + struct.pack("<Q", 94) + bytes(64),
    "broadcast asf": ASF + struct.pack("<Q", 9999) + bytes(40) + b"\1" + bytes(63),
    "short asf": ASF,
    "something else": b"It rained all day." * 20,
    "nothing": b"",
    "one byte": b"G",
}  # fmt: skip

HURT = {
    "avi cut in a chunk": (WHOLE["avi"][:-9], CUT),
    "avi cut at a chunk": (WHOLE["avi"][:-8], CUT),
    "interrupted avi, cut": (avi(chunk(b"00dc", b"abcdef"), told=0)[:-3], CUT),
    "avi with a bad name": (WHOLE["avi"].replace(b"01wb", b"\0\0\0\0"), LOST),
    "gif without its end": (GIF + IMAGE, CUT),
    "gif cut in a block": (GIF + IMAGE[:-3], CUT),
    "gif cut in a header": (GIF + IMAGE[:5], CUT),
    "gif with zeros": (GIF + IMAGE + bytes(9) + IMAGE + b";", LOST),
    "flv cut in a tag": (WHOLE["flv"][:-20], CUT),
    "flv cut at a tag": (WHOLE["flv"][:-4], CUT),
    "flv with a bad tag": (flv((9, b"abc"), (3, b"")), LOST),
    "ogg without its end": (ogg((2, b"abc"), (0, b"x")), CUT),
    "ogg cut in a page": (WHOLE["ogg"][:-9], CUT),
    "ogg cut in a header": (WHOLE["ogg"][:-270], CUT),
    "ogg with a bad page": (ogg((2, b"abc")) + b"oops" + ogg((4, b"abcdefghijklmnop")), LOST),
    "program stream cut": (PACK + b"\0\0\1\xe0\0\4abc", CUT),
    "program stream with a bad packet": (PACK + b"x" * 20, LOST),
    "transport stream cut": (PACKET * 7 + PACKET[:100], CUT),
    "transport stream with a bad packet": (PACKET * 7 + bytes(188) + PACKET * 7, LOST),
    "asf cut": (ASF + struct.pack("<Q", 9999) + bytes(64), CUT),
}


@pytest.mark.parametrize("name", WHOLE)
def test_whole(tmp_path, name):
    assert fault(tmp_path, WHOLE[name]) == ""


@pytest.mark.parametrize("name", HURT)
def test_hurt(tmp_path, name):
    content, words = HURT[name]
    assert fault(tmp_path, content) == words


@pytest.mark.parametrize("name", WHOLE)
def test_every_beginning_has_an_answer(tmp_path, name):
    for length in range(0, len(WHOLE[name]), 1 + len(WHOLE[name]) // 60):
        assert fault(tmp_path, WHOLE[name][:length]) in ("", CUT, LOST)


def test_a_long_transport_stream_is_read_in_pieces(tmp_path):
    content = bytearray(PACKET * 9000)
    assert fault(tmp_path, bytes(content)) == ""
    content[188 * 8998] = 0
    assert fault(tmp_path, bytes(content)) == LOST


@pytest.mark.parametrize(
    ("content", "blank"),
    [
        (b"", False),
        (bytes(RUN - 1), False),
        (bytes(RUN), True),  # to the end
        (b"a" + bytes(RUN - 1) + b"b", False),
        (b"a" + bytes(RUN) + b"b", True),
        (b"a" + bytes(RUN) + b"\1b", False),  # up to a start code
        (b"a" + bytes(RUN) + b"\1b" + bytes(RUN) + b"\2", True),
        ((bytes(RUN - 1) + b"x") * 9, False),
    ],
)
def test_a_run_of_zeros(content, blank):
    assert has_blank([content]) is blank
    assert has_blank(bytes([one]) for one in content) is blank


RUNS = st.tuples(st.sampled_from([1, RUN - 1, RUN, RUN + 1, 3 * RUN]), st.sampled_from(b"\1\2\xff"))


@given(st.lists(RUNS, max_size=5), st.lists(st.integers(0, 12 * RUN), max_size=6).map(sorted))
def test_runs_are_found_however_they_are_cut(runs, cuts):
    content = b"".join(bytes(length) + bytes([end]) for length, end in runs)
    pieces = [content[a:b] for a, b in zip([0, *cuts], [*cuts, len(content)], strict=True)]
    assert has_blank(pieces) is any(length >= RUN and end != 1 for length, end in runs)
