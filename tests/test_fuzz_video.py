"""Mutated videos: an answer, a warning or a VideoError; never anything else, and never for long."""

import os
import resource
import time

import corpus
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lsfref.errors import VideoError
from lsfref.media.decoding import count_frames, frame_rate
from lsfref.video import read_frames

pytestmark = pytest.mark.unwatched

SMALL = (12, 32, 40)  # frames, rows, columns
KINDS = sorted(corpus.BASES)
LIMIT = 300 << 20  # bytes, ours and ffmpeg's


@pytest.fixture(scope="session")
def bases(tmp_path_factory):
    """The folder of a small good file of every container, and of their mutants."""
    folder = tmp_path_factory.mktemp("fuzz")
    factory = corpus.Factory(folder, port=1)
    for kind, arguments in corpus.BASES.items():
        folder.joinpath(f"good.{kind}").write_bytes(factory.encode(kind, *arguments, shape=SMALL))
    return folder


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
    path = bases / f"mutant.{kind}"
    path.write_bytes(mutate((bases / f"good.{kind}").read_bytes(), changes))
    look(path)
    for peak, before in zip(peaks(), BEFORE, strict=True):
        assert peak <= max(LIMIT, before + LIMIT // 3), f"{peak >> 20} MB, {before >> 20} MB before"


def peaks():
    """Our peak in bytes and that of our children, who begin as copies of us."""
    ours = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return ours, max(ours, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024)


BEFORE = [0, 0]


@pytest.fixture(autouse=True)
def peaks_so_far(bases):
    """What tests before this one have used is not the mutants'."""
    BEFORE[:] = peaks()


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
    path = bases / "rubbish.mp4"
    path.write_bytes(magic + content)
    look(path)
