"""Mutated videos: an answer, a warning or a VideoError; never anything else, and never for long."""

import os
import resource
import time
from pathlib import Path

import corpus
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lsfref.errors import VideoError
from lsfref.video import count_frames, frame_rate, read_frames

pytestmark = pytest.mark.unwatched

SMALL = (12, 32, 40)  # frames, rows, columns
KINDS = sorted(corpus.BASES)
LIMIT = 300 << 20  # bytes, ours and ffmpeg's


@pytest.fixture(scope="session")
def bases(tmp_path_factory):
    """Small good files of every container, and where to put their mutants."""
    folder = tmp_path_factory.mktemp("fuzz")
    factory = corpus.Factory(folder, port=1)
    return folder, {
        kind: factory.encode(kind, *arguments, shape=SMALL)
        for kind, arguments in corpus.BASES.items()
    }


SHARE = st.floats(0, 1, exclude_max=True)
BYTES = st.one_of(
    st.sampled_from([b"\0", b"\xff", b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x7f\xff", b"\x80"]),
    st.binary(min_size=1, max_size=8),
)
CHANGES = st.one_of(
    st.tuples(st.just("flip"), SHARE, st.integers(0, 7)),
    st.tuples(st.just("put"), SHARE, BYTES),
    st.tuples(st.just("add"), SHARE, BYTES),
    st.tuples(st.just("drop"), SHARE, st.integers(1, 5000)),
    st.tuples(st.just("copy"), SHARE, SHARE),
    st.tuples(st.just("cut"), SHARE, st.none()),
    # the beginning holds the lengths and sizes: look there more often
    st.tuples(st.just("put"), SHARE.map(lambda share: share**4), BYTES),
)
MUTATIONS = st.lists(CHANGES, min_size=1, max_size=6)


def mutate(content, changes):
    content = bytearray(content)
    for kind, share, detail in changes:
        at = int(share * len(content))
        if kind == "flip" and content:
            content[at] ^= 1 << detail
        elif kind == "put":
            content[at : at + len(detail)] = detail
        elif kind == "add":
            content[at:at] = detail
        elif kind == "drop":
            del content[at : at + detail]
        elif kind == "copy":
            content[at:at] = content[int(detail * len(content)) :][:2000]
        elif kind == "cut":
            del content[at:]
    return bytes(content)


def look(path):
    """Read a mutant in every way; return its outcome."""
    told, count = [], 0
    start = time.monotonic()
    try:
        for frame_HW in read_frames(path, warn=told.append):
            count += 1
            assert 0 <= frame_HW.min() <= frame_HW.max() <= 255
        outcome = "warning" if told else "answer"
    except VideoError as error:
        told.append(str(error))
        outcome = "error"
    try:
        counted = count_frames(path, warn=lambda text: None)
        assert outcome == "error" or counted == count
    except VideoError:
        assert outcome == "error"
    if outcome != "error":
        assert frame_rate(path) is None or frame_rate(path) > 0
    assert time.monotonic() - start < 40  # four looks, none above 10 s
    assert len(told) <= 1
    assert all(text.startswith(f"{path}: ") and text.isprintable() for text in told)
    return outcome


def fuzz(bases, kind, changes):
    folder, contents = bases
    path = Path(folder, f"mutant.{kind}")
    path.write_bytes(mutate(contents[kind], changes))
    look(path)
    for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN):
        peak = resource.getrusage(who).ru_maxrss * 1024
        assert peak < LIMIT or peak == BEFORE[who], f"{peak >> 20} MB"


BEFORE = {who: 0 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)}


@pytest.fixture(autouse=True)
def peaks_so_far(bases):
    """What tests before this one have used is not the mutants'."""
    for who in BEFORE:
        BEFORE[who] = resource.getrusage(who).ru_maxrss * 1024


@given(kind=st.sampled_from(KINDS), changes=MUTATIONS)
@settings(max_examples=40)
def test_mutants(bases, kind, changes):
    fuzz(bases, kind, changes)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@given(changes=MUTATIONS)
@settings(max_examples=int(os.environ.get("LSFREF_FUZZ", "150")))
def test_many_mutants(bases, kind, changes):
    fuzz(bases, kind, changes)


@given(st.binary(max_size=2000), st.sampled_from([b"", *[b"RIFF....AVI ", b"FLV\1", b"GIF89a"]]))
@settings(max_examples=10)
def test_rubbish(bases, content, magic):
    path = Path(bases[0], "rubbish.mp4")
    path.write_bytes(magic + content)
    look(path)
