"""Answers per interval: which trajectories, which frames, which times."""

import functools

import numpy as np
import pytest
import tests_model
from hypothesis import given, settings
from hypothesis import strategies as st

from lsfref import pipeline, pooling
from lsfref.config import Config
from lsfref.errors import VideoError
from lsfref.media import decoding
from lsfref.media.writer import write_video
from lsfref.phases.extraction import Extraction
from lsfref.phases.streaming import Block
from lsfref.phases.timeline import Timeline, describe_intervals
from lsfref.study.protocol import answering

make = functools.cache(tests_model.make)
ENDS = [15, 15, 16, 19, 20, 20, 41, 42, 59]  # frames on which trajectories end, of 60


def fake(cuts=(), n_frames=60, ends=ENDS):
    """An extraction of known rows, in blocks that end at `cuts`."""
    info_P10 = np.zeros((len(ends), 10))
    info_P10[:, 0] = ends
    rows_PD = np.random.default_rng(7).standard_normal((len(ends), 426))
    pieces = zip(np.split(info_P10, cuts), np.split(rows_PD, cuts), strict=True)
    return rows_PD, lambda *_: Extraction((Block(*p) for p in pieces), n_frames)


def ask(seconds, rate, monkeypatch, cuts=(), times=(), **rest):
    monkeypatch.setattr(decoding, "frame_rate", lambda _path: rate)
    monkeypatch.setattr(decoding, "frame_times", lambda _path: np.array(times))
    rows_PD, extract = fake(cuts, **rest)
    system = answering.paper_answerer(make())
    return rows_PD, system.describe_intervals("x", seconds=seconds, extract=extract)


def test_by_hand(monkeypatch):
    rows_PD, found = ask(2.0, 10.0, monkeypatch)
    assert [(i.first, i.last, i.seconds) for i in found.intervals] == [
        (0, 19, (0.0, 2.0)), (20, 39, (2.0, 4.0)), (40, 59, (4.0, 6.0)),
    ]  # fmt: skip
    assert [i.pooled.n_points for i in found.intervals] == [4, 2, 3]
    assert [i.pooled.n_frames for i in found.intervals] == [20, 20, 20]
    one = make()
    mean_E = one.network.encoder(rows_PD)[4:6].mean(axis=0)
    np.testing.assert_allclose(found.intervals[1].pooled.pooled_E, mean_E, rtol=1e-12)


def test_the_last_interval_may_be_short_and_empty_ones_say_so(monkeypatch):
    _, found = ask(0.7, 10.0, monkeypatch)  # 7 frames
    assert [i.pooled.n_points for i in found.intervals] == [0, 0, 6, 0, 0, 1, 1, 0, 1]
    assert found.intervals[-1].last == 59
    assert found.intervals[-1].pooled.n_frames == 4
    for i in (0, 1):  # no trajectory can have ended
        assert found.intervals[i].pooled.error == "no trajectories end in this interval"
        assert found.intervals[i].pooled.pooled_E is None
    for i in (3, 4, 7):  # D4
        assert found.intervals[i].pooled.error is None
        assert not found.intervals[i].pooled.pooled_E.any()


def test_without_time_stamps_there_are_no_times_which_is_told(monkeypatch):
    for times in ((), np.zeros(60)):
        _, found = ask(1.0, None, monkeypatch, times=times)
        assert [(i.first, i.last, i.seconds) for i in found.intervals] == [
            (0, 24, None), (25, 49, None), (50, 59, None),
        ]  # fmt: skip
        assert found.warnings == ("x: its frames have no times; intervals of 25 frames",)


@pytest.mark.parametrize(
    ("seconds", "n_frames", "bounds"),
    [
        (2.0, 41, [(0, 19), (20, 39), (40, 40)]),  # the last frame begins one
        (2.0, 40, [(0, 19), (20, 39)]),
        (0.01, 3, [(0, 0), (1, 1), (2, 2)]),  # a frame at least
        (0.16, 3, [(0, 1), (2, 2)]),
    ],
)
def test_intervals_cover_every_frame_once(monkeypatch, seconds, n_frames, bounds):
    _, found = ask(seconds, 10.0, monkeypatch, n_frames=n_frames, ends=[])
    assert [(i.first, i.last) for i in found.intervals] == bounds


def test_a_trajectory_can_end_on_the_sixteenth_frame(monkeypatch):
    """D4: until then nobody knows that a scene is still."""
    for seconds, known in ((1.5, False), (1.6, True)):
        _, found = ask(seconds, 10.0, monkeypatch, ends=[])
        assert (found.intervals[0].pooled.error is None) is known
        assert all(i.pooled.error is None for i in found.intervals[1:])


def test_fewer_trajectories_than_are_wanted_are_none(monkeypatch):
    """Of 4, 2, 0, 1 and 0: three or two of them are enough, or one and, then, none."""
    monkeypatch.setattr(decoding, "frame_rate", lambda _path: 10.0)
    for least, answered in ((3, [0]), (2, [0, 1]), (1, [0, 1, 2, 3, 4])):
        found = describe_intervals(
            "x", seconds=2.0, config=Config(min_points=least),
            pool=lambda blocks, _: pooling.Pooled(np.zeros(3), sum(len(b[0]) for b in blocks)),
            extract=fake(n_frames=100, ends=[15, 15, 16, 19, 20, 20, 79])[1],
        )  # fmt: skip
        assert [i.pooled.n_points for i in found.intervals] == [4, 2, 0, 1, 0]
        errors = [i.pooled.error for i in found.intervals]
        assert [n for n, error in enumerate(errors) if error is None] == answered


@pytest.mark.parametrize(
    ("times", "bounds"),
    [
        ([0.5], [(0, 0, None)]),  # one says nothing
        ([0, 1], [(0, 0, (0, 1)), (1, 1, (1, 2))]),
        ([0, 0, 0, 2], [(0, 2, (0, 2)), (3, 3, (2, 2))]),  # the median step of three is 0
        ([1.5, 2, 2.5], [(0, 0, (1.5, 2)), (1, 2, (2, 3))]),  # the first is not at 0
    ],
)
def test_a_few_time_stamps_by_hand(monkeypatch, times, bounds):
    _, found = ask(1.0, None, monkeypatch, times=times, n_frames=len(times), ends=[])
    assert [(i.first, i.last, i.seconds) for i in found.intervals] == bounds


def test_frames_beyond_the_time_stamps_end_with_the_last(monkeypatch):
    _, found = ask(1.0, None, monkeypatch, times=[0, 1, 2], n_frames=5, ends=[])
    assert [(i.first, i.last, i.seconds) for i in found.intervals] == [
        (0, 0, (0, 1)), (1, 1, (1, 2)), (2, 4, (2, 3)),
    ]  # fmt: skip


@pytest.mark.parametrize("more", [0, 9])
def test_under_variable_rate_the_stamps_make_the_intervals(monkeypatch, more):
    """Thirty frames in the first 3 s, a pause of 5 s, thirty frames in 6 s; more are not read."""
    times = [*np.arange(30) / 10, *(8 + np.arange(30 + more) / 5)]
    _, found = ask(2.0, None, monkeypatch, times=times)
    assert [(i.first, i.last) for i in found.intervals] == [
        (0, 19), (20, 29), (30, 39), (40, 49), (50, 59),
    ]  # fmt: skip
    assert found.intervals[1].seconds == (2.0, 8.0)
    assert found.intervals[-1].seconds == pytest.approx((12.0, 14.0), abs=0.11)
    assert [i.pooled.n_points for i in found.intervals] == [4, 2, 0, 2, 1]
    assert found.warnings == ()


@settings(max_examples=25)
@given(cuts=st.lists(st.integers(0, len(ENDS)), max_size=5).map(sorted))
def test_how_blocks_were_cut_does_not_matter(cuts):
    with pytest.MonkeyPatch.context() as monkeypatch:
        _, whole = ask(1.3, 10.0, monkeypatch)
        _, parts = ask(1.3, 10.0, monkeypatch, cuts=cuts)
    vectors = [[i.pooled.pooled_E for i in found.intervals] for found in (whole, parts)]
    np.testing.assert_equal(*vectors)
    plain = [
        [i._replace(pooled=i.pooled._replace(pooled_E=None)) for i in found.intervals]
        for found in (whole, parts)
    ]
    assert plain[0] == plain[1]


def test_one_interval_is_the_whole_video(monkeypatch):
    rows_PD, found = ask(1e9, 10.0, monkeypatch)
    one = make()
    _, extract = fake()
    (interval,) = found.intervals
    said = answering.answer_as(answering.paper_answerer(one), interval.pooled)
    assert said == pipeline.classify("x", one, extract=extract)
    assert len(rows_PD) == interval.pooled.n_points


@pytest.mark.parametrize(("max_frames", "length"), [(0, 5), (40, 5), (11, 10), (5, 10)])
def test_intervals_follow_the_repeats_of_the_frames_that_are_read(tmp_path, max_frames, length):
    """Of 20 pictures shown twice each, 10 a second: five a second count, once that can be seen."""
    pictures = np.random.default_rng(0).integers(0, 256, (20, 40, 40), np.uint8)
    write_video(tmp_path / "twice.mkv", np.repeat(pictures, 2, axis=0), fps=10)
    config = Config(repeats="once", max_frames=max_frames)
    found = describe_intervals(
        tmp_path / "twice.mkv", seconds=1.0, config=config, extract=fake()[1],
        pool=lambda blocks, frames: pooling.Pooled(np.zeros(3), len(list(blocks))),
    )  # fmt: skip
    assert {i.last - i.first + 1 for i in found.intervals} == {length}


def test_a_bad_video_is_told():
    def extract(*_):
        raise VideoError("x: no video")

    found = answering.paper_answerer(make()).describe_intervals("x", seconds=1, extract=extract)
    assert found == Timeline([], 0, (), "x: no video")


def test_memory_holds_one_interval(monkeypatch):
    """Rows are pooled as they come: no more than a batch is held."""
    held = []
    plain = pooling.pool_codes

    def watched(blocks, encode):
        blocks = list(blocks)
        held.append(sum(map(len, blocks)))
        return plain(iter(blocks), encode)

    monkeypatch.setattr(pooling, "pool_codes", watched)
    ask(1.0, 10.0, monkeypatch, cuts=[3, 7])
    assert held == [4, 2, 2, 1]
