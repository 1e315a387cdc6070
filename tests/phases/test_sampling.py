import collections
import itertools
import os
from pathlib import Path

import numpy as np
import oracles
import pytest
from fakes import FakeExtract
from hypothesis import given, settings
from hypothesis import strategies as st

from lsfref.config import Config
from lsfref.errors import WriteError
from lsfref.phases import sampling
from lsfref.phases.extraction import Extraction, Work, in_turn
from lsfref.phases.passes import survey
from lsfref.phases.sampling import Standing, Want, draw_rows, share_out, survey_videos

SIZES = st.lists(st.integers(0, 40), min_size=1, max_size=8)
BALANCES = ["none", "video", "class"]


def draw(counts, *, n_samples, seed=0, labels_M=None, balance="none", keys_P=None):
    counts_M = np.array(counts, dtype=np.int64)
    labels_M = np.zeros_like(counts_M) if labels_M is None else labels_M
    keys_P = np.random.default_rng(seed).random(counts_M.sum()) if keys_P is None else keys_P
    config = Config(n_samples=n_samples, balance=balance)
    return draw_rows(
        keys_P, np.repeat(np.arange(len(counts)), counts_M), counts_M, labels_M, config
    )


def test_shares_by_hand():
    """The short keep all they have, the long share the rest, what is over goes to the longest."""
    assert share_out([2, 10, 10], 12) == [2, 5, 5]
    assert share_out([50, 1, 7], 12) == [6, 1, 5]
    assert share_out([3, 3, 3], 8) == [2, 3, 3]
    assert share_out([3, 3], 99) == [3, 3]
    assert share_out([], 5) == []


@given(sizes=SIZES, n=st.integers(0, 200))
@settings(max_examples=50)
def test_shares_are_as_even_as_can_be(sizes, n):
    own, loop = share_out(sizes, n), oracles.fair_shares(sizes, n)
    assert sum(own) == min(n, sum(sizes))
    assert sorted(own) == sorted(loop)
    assert all(taken <= size for taken, size in zip(own, sizes, strict=True))


def test_all_rows_where_there_are_too_few():
    """B1; the empty video gives none, the unlabeled one none either."""
    np.testing.assert_array_equal(draw([2, 0, 3], n_samples=5), np.arange(5))
    some = draw([2, 0, 3], n_samples=9, labels_M=np.array([-1, 0, 1]))
    np.testing.assert_array_equal(some, [2, 3, 4])
    np.testing.assert_array_equal(draw([1, 0, 1], n_samples=5), [0, 1])
    assert len(draw([0, 0], n_samples=5)) == len(draw([], n_samples=5)) == 0


@given(
    counts=SIZES,
    n=st.integers(1, 200),
    balance=st.sampled_from(["none", "video", "class"]),
    seed=st.integers(0, 2**32 - 1),
)
@settings(max_examples=50)
def test_draws_are_rows_of_labeled_videos(counts, n, balance, seed):
    """Ascending, never twice, as many as asked for; equal quotas of videos or classes."""
    labels_M = np.random.default_rng(seed).integers(-1, 3, len(counts))
    rows_P = draw(counts, seed=seed, n_samples=n, balance=balance, labels_M=labels_M)
    owner_P = np.repeat(np.arange(len(counts)), counts)[rows_P]
    assert rows_P.dtype == np.int64
    assert (np.diff(rows_P) > 0).all()
    assert (labels_M[owner_P] >= 0).all()
    usable = [c for c, label in zip(counts, labels_M, strict=True) if label >= 0]
    assert len(rows_P) == min(n, sum(usable))
    if balance == "video":
        taken = [int((owner_P == m).sum()) for m in range(len(counts)) if labels_M[m] >= 0]
        assert sorted(taken) == sorted(oracles.fair_shares(usable, n))
    if balance == "class":
        sizes = [sum(np.array(counts)[labels_M == c]) for c in range(3)]
        taken = [int((labels_M[owner_P] == c).sum()) for c in range(3)]
        assert sorted(taken) == sorted(oracles.fair_shares(sizes, n))
    again = draw(counts, seed=seed, n_samples=n, balance=balance, labels_M=labels_M)
    np.testing.assert_array_equal(rows_P, again)


def test_long_videos_weigh_more_unless_balanced():
    counts = [10, 1000]
    assert (draw(counts, n_samples=101) < 10).sum() <= 6
    assert (draw(counts, n_samples=101, balance="video") < 10).sum() == 10


def test_equal_keys_go_by_video_and_row():
    rows_p = draw([2, 3], n_samples=3, keys_P=np.array([0.5, 0.5, 0.5, 0.2, 0.5]))
    np.testing.assert_array_equal(rows_p, [0, 1, 3])


def named(counts):
    """Videos of so many rows, by names that FakeExtract understands."""
    names = [f"rain-human-{m}.mp4" for m in range(len(counts))]
    return names, FakeExtract(sizes=dict(zip(names, counts, strict=True)))


def drawn_of_all(names, extract, labels_M, config):
    """The sample drawn from the keys of all rows, and its owners: what one pass must equal."""
    none = [np.zeros((0, 426), np.float32)]
    rows = [
        np.concatenate([*none, *(block.descriptors_PD for block in extract(name, config))])
        for name in names
    ]
    counts_M = np.array([len(part) for part in rows])
    identities = sampling.identities(names)
    keys = [
        sampling.key_stream(config.seed, one).random(n)
        for one, n in zip(identities, counts_M, strict=True)
    ]
    owner_P = np.repeat(np.arange(len(names)), counts_M)
    rows_p = draw_rows(np.concatenate(keys), owner_P, counts_M, labels_M, config)
    return np.concatenate(rows)[rows_p], owner_P[rows_p]


@pytest.mark.parametrize(
    ("balance", "seeds"),
    [
        pytest.param("none", 10_000, marks=pytest.mark.slow),
        ("none", 3000), ("video", 3000), ("class", 3000),
    ],
)  # fmt: skip
def test_every_subset_is_as_likely_as_any_other(balance, seeds):
    """B1: chi-squared of the subsets within 4.5 deviations of its mean."""
    counts_M, labels_M = np.array([3, 0, 4]), np.zeros(3, np.int64)
    owner_P = np.repeat(np.arange(3), counts_M)
    n = 4 if balance == "video" else 3
    times = collections.Counter()
    for seed in range(seeds):
        keys_P = np.concatenate(
            [
                sampling.key_stream(seed, one).random(c)
                for one, c in zip("abc", counts_M, strict=True)
            ]
        )
        config = Config(n_samples=n, balance=balance)
        times[tuple(draw_rows(keys_P, owner_P, counts_M, labels_M, config))] += 1
    subsets = 3 * 6 if balance == "video" else 35  # 2 of 3 and 2 of 4, or 3 of 7
    assert len(times) == subsets
    expected = seeds / subsets
    chi = sum((count - expected) ** 2 / expected for count in times.values())
    assert abs(chi - (subsets - 1)) < 4.5 * np.sqrt(2 * (subsets - 1))


def eager(stage, function, *columns):
    """One that asks for all that is wanted before anything is read."""
    return map(function, *[list(column) for column in columns])


def elsewhere(stage, function, *columns):
    """On machines that do not see our temporary folder."""
    *columns, last = columns
    if isinstance(last, list) and last and isinstance(last[0], os.PathLike):
        last = [sampling.Path("/nowhere", file.name) for file in last]
    return map(function, *columns, last)


@pytest.mark.parametrize("balance", BALANCES)
@given(counts=SIZES, n=st.integers(1, 90), seed=st.integers(0, 2**32 - 1))
@settings(max_examples=25)
def test_one_pass_draws_what_is_drawn_where_all_is_known(balance, counts, n, seed):
    """B4: whoever reads, however much was known by then, and for two parts at once."""
    names, extract = named(counts)
    rng = np.random.default_rng(seed)
    parts = [rng.integers(-1, 3, len(counts)) for _ in range(2)]
    config = Config(n_samples=n, balance=balance, seed=seed, dtype="float32")
    wanted = [drawn_of_all(names, extract, labels_M, config) for labels_M in parts]
    for each in (in_turn, eager, elsewhere):
        described, samples = survey_videos(names, parts, config, work=Work(extract, each))
        assert [d.n_points for d in described] == counts
        for sample, (rows_PD, owner_P) in zip(samples, wanted, strict=True):
            np.testing.assert_array_equal(sample.owner_P, owner_P)
            np.testing.assert_array_equal(sample.rows_PD, rows_PD)
            assert sample.rows_PD.dtype == np.float32


def test_equal_content_is_told_apart_by_its_place():
    """No files: their digest is their name."""
    assert sampling.identities(["b", "a", "b", "b"]) == ["b 0", "a 0", "b 1", "b 2"]


@given(order=st.permutations(range(5)), seed=st.integers(0, 99))
@settings(max_examples=20)
def test_a_row_is_drawn_whatever_the_order_of_the_videos(order, seed, tmp_path_factory):
    """Keys follow the content, and the place among equal ones; which were read first is nothing."""
    folder = tmp_path_factory.mktemp("order")
    for m, content in enumerate(["a", "b", "b", "c", "d"]):
        (folder / f"{m}").write_text(content)
    paths, counts_M = [folder / f"{m}" for m in range(5)], np.array([9, 4, 6, 2, 5])
    config = Config(n_samples=11, seed=seed)
    zeros_M = np.zeros(5, np.int64)
    known = dict(zip(paths, sampling.identities(paths), strict=True))
    assert len(set(known.values())) == 5

    def drawn(order):
        keys = [sampling.key_stream(seed, known[paths[m]]).random(counts_M[m]) for m in order]
        owner_P = np.repeat(np.arange(5), counts_M[order])
        rows_p = draw_rows(np.concatenate(keys), owner_P, counts_M[order], zeros_M, config)
        return np.bincount(np.array(order)[owner_P[rows_p]], minlength=5)

    np.testing.assert_array_equal(drawn(list(order)), drawn(list(range(5))))


@given(
    sizes=st.lists(st.tuples(st.integers(0, 4), st.integers(0, 30)), min_size=1, max_size=12),
    n=st.integers(1, 60),
)
@settings(max_examples=200)
def test_what_is_wanted_covers_every_quota_to_come(sizes, n):
    """B2: videos of groups, one after the other; later ones only lower a quota."""
    standing, wanted = Standing(n), []
    for group, size in sizes:
        wanted.append((group, standing.want(group).most))
        standing.add(group, size, np.zeros(size))
    totals = collections.Counter()
    for group, size in sizes:
        totals[group] += size
    quotas = dict(zip(totals, share_out(list(totals.values()), n), strict=True))
    assert all(quotas[group] <= most for group, most in wanted)


def test_the_nth_key_by_sorting():
    keys_p = np.random.default_rng(0).random(307)
    found = [sampling._nth(keys_p, n) for n in range(309)]
    assert found == [1.0, *np.sort(keys_p), 1.0]


def test_of_a_long_video_not_all_rows_wait(monkeypatch):
    """20,000 rows, 50 wanted: what is written is some n (1 + ln(N / n)), not N."""
    written = []
    real = sampling.write_passing

    def counting(path):
        written.append(path)
        return real(path)

    monkeypatch.setattr(sampling, "write_passing", counting)
    names, extract = named([20_000])
    config, sizes = Config(n_samples=50), []
    monkeypatch.setattr(
        sampling.np, "memmap",
        lambda file, dtype, mode: (sizes.append(file.stat().st_size), np.fromfile(file, dtype))[1],
    )  # fmt: skip
    survey_videos(names, [np.zeros(1, np.int64)], config, work=Work(extract))
    assert sizes[0] // (426 * 8) < 3 * 50 * (1 + np.log(20_000 / 50))


def test_a_full_disk_ends_the_run_and_not_the_video(monkeypatch):
    """A video is not left out because the temporary folder is full."""

    def full(path):
        raise WriteError(f"{path}: cannot be written (No space left on device)")

    monkeypatch.setattr(sampling, "write_passing", full)
    names, extract = named([5])
    with pytest.raises(WriteError):
        survey_videos(names, [np.zeros(1, np.int64)], Config(), work=Work(extract))


@pytest.mark.parametrize("balance", BALANCES)
def test_a_video_that_is_not_used_takes_no_share(balance):
    """One of 5 rows where 10 are the fewest: the others fill the sample."""
    names, extract = named([30, 5, 30])
    labels_M, config = np.array([0, 1, 2]), Config(n_samples=24, balance=balance, min_points=10)
    described, (sample,) = survey_videos(names, [labels_M], config, work=Work(extract))
    assert "only 5 trajectories" in described[1].error
    assert len(sample.owner_P) == 24
    assert 1 not in sample.owner_P
    look = {"config": config, "extract": extract, "describe": survey}
    found, keys_p, _held = sampling._look(names[1], "1", Want(9, 1.0), Path("/nowhere/1"), **look)
    assert found.error
    assert len(keys_p) == 0


def test_what_others_have_is_not_wanted():
    """Of twelve rows, groups of two and three leave seven to a third, however long it is."""
    standing = Standing(12)
    for group, size in ((0, 2), (1, 3), (sampling.UNDRAWN, 9)):
        standing.add(group, size, np.zeros(0))
    assert [standing.want(group).most for group in (0, 1, 2)] == [9, 10, 7]


def test_the_smallest_keys_are_kept():
    standing = Standing(4)
    for keys_p in ([0.7, 0.2, 0.5], [0.6, 0.1]):
        standing.add(0, len(keys_p), np.array(keys_p))
    assert standing.keys[0].tolist() == [0.1, 0.2, 0.5, 0.6]
    few = Standing(9)
    few.add(0, 3, np.array([0.7, 0.2, 0.5]))
    assert few.keys[0].tolist() == [0.2, 0.5, 0.7]


def test_nothing_is_wanted_of_a_video_without_label():
    assert Standing(9).want(sampling.UNDRAWN) == (0, -1.0)
    assert list(itertools.islice(sampling.group_by(np.array([-1, 2]), Config()), 2)) == [-1, 0]


def test_a_row_that_is_not_finite_is_the_videos_fault():
    names, extract = named([30, 30])

    def spoiled(path, config):
        blocks = list(extract(path, config))
        if path == names[1]:
            blocks[1].descriptors_PD[4, 7] = np.inf
        return Extraction(iter(blocks), 23)

    zeros_M = np.zeros(2, np.int64)
    described, (sample,) = survey_videos(names, [zeros_M], Config(), work=Work(spoiled))
    assert described[0].error is None
    assert "descriptor row 17 is not finite" in described[1].error
    assert len(sample.owner_P) == 30
    assert not sample.owner_P.any()
