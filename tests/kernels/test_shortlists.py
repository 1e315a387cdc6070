"""Shortlists by hand: they hold the nearest, in order, in blocks; overflow is refused.

That nobody is ever lost, at any scale and rounding, is for tests/test_lsh.py.
"""

import contextlib

import numpy as np
import pytest

from lsfref.kernels import shortlists


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("block", [1, 53 * 19, 1 << 20])
def test_the_nearest_are_in_every_list(monkeypatch, dtype, block):
    monkeypatch.setattr(shortlists, "BLOCK", block)
    monkeypatch.setattr(shortlists, "ROWS", 7)
    rng = np.random.default_rng(0)
    index_MN = rng.normal(size=(53, 7)).astype(dtype)
    queries_mN = rng.normal(size=(37, 7)).astype(dtype)
    ready = shortlists.prepare(index_MN)
    covered = 0
    for rows, short, counts_B in shortlists.shortlists(ready, queries_mN, k=5):
        for query_N, row, count in zip(queries_mN[rows], short, counts_B, strict=True):
            apart_M = np.square(index_MN.astype(float) - query_N).sum(axis=1)
            assert set(np.argsort(apart_M)[:5]) <= set(row[:count])
            assert (np.diff(row[:count]) > 0).all()
            assert not row[count:].any()
            covered += 1
    assert covered == 37


def test_far_points_are_left_out_and_ties_are_kept():
    index_MN = np.array([[0.0, 0], [1, 0], [100, 0], [1, 0], [0, 100]])
    ready = shortlists.prepare(index_MN)
    for k, held in ((2, [0, 1, 3]), (5, [0, 1, 2, 3, 4])):  # 5: all that there are
        ((_, short, counts_B),) = shortlists.shortlists(ready, np.array([[0.0, 0]]), k=k)
        assert short[0, : counts_B[0]].tolist() == held


def test_what_float32_does_not_tell_apart_is_kept():
    """A crowd 2^-26 wide, one point at 1 beside it, queries at 64: rounding orders the keys."""
    rng = np.random.default_rng(0)
    index_MN = 2.0**-26 * rng.normal(size=(53, 7))
    index_MN[0] = 1
    queries_mN = 64 * rng.normal(size=(5, 7))
    ready = shortlists.prepare(index_MN)
    ((_, short, counts_B),) = shortlists.shortlists(ready, queries_mN, k=3)
    for query_N, row, count in zip(queries_mN, short, counts_B, strict=True):
        apart_M = np.square(index_MN - query_N).sum(axis=1)
        assert set(np.argsort(apart_M)[:3]) <= set(row[:count])


@pytest.mark.parametrize("scale", [0, 2.0**-540, 2.0**-600])
def test_where_squares_are_zeros_all_are_kept(scale):
    """One point three times, or three so near that squares underflow: all are as near."""
    index_MN = scale * np.array([[1.0, 0], [0, 0], [0, 1]])
    ready = shortlists.prepare(index_MN)
    ((_, short, _),) = shortlists.shortlists(ready, index_MN[1:2], k=1)
    assert short.tolist() == [[0, 1, 2]]


@pytest.mark.parametrize(("sign", "offset"), [(1, 0), (-1, 0), (1, 2.0**20)])
def test_the_index_lies_below_one_and_queries_below_2_to_the_50(sign, offset):
    """Its points lie 1 and 2 from their mean, to this side or that, and the mean anywhere."""
    ready = shortlists.prepare(sign * np.array([[0.0, 0], [3, 0], [0, 3]]) + offset)
    assert (ready.s, ready.reach * ready.s) == (1 / 4, 2.0**50)


def test_squares_that_overflow_are_refused():
    index_MN = np.array([[0.0, 0], [1e200, 0]])
    with pytest.raises(ValueError, match="squares are finite"):
        shortlists.prepare(index_MN)
    with pytest.raises(ValueError, match="squares are finite"):
        list(shortlists.shortlists(shortlists.prepare(index_MN[:1]), index_MN[1:], k=1))


@pytest.mark.parametrize(("dtype", "limit"), [("float64", 2.0**510), ("float32", 2.0**62)])
def test_the_largest_difference_is_a_power_of_two_for_two_columns(dtype, limit):
    """8 squares a column must stay below 2^1024, or 2^128: 2 x 8 x (2^510)^2 is 2^1024."""
    for share, fine in ((0.99, True), (1, False)):
        index_MN = np.array([[0, 0], [2 * limit * share, 0]], dtype)  # its mean lies between
        with contextlib.nullcontext() if fine else pytest.raises(ValueError, match="squares"):
            shortlists.prepare(index_MN)


@pytest.mark.parametrize(("scale", "away"), [(1.0, 2.0**60), (2.0**-100, 2.0**30)])
def test_a_query_far_out_still_finds_its_nearest(scale, away):
    """2^60 times as far as the index is wide: the index is prepared anew, with it in view.

    Beside a narrow index that is not far at all: scaled as it is, 2^30 would overflow.
    """
    ready = shortlists.prepare(scale * np.array([[0.0, 0], [1, 0], [0, 1]]))
    assert np.abs(ready.right[:2]).max() < 1
    ((_, short, counts_B),) = shortlists.shortlists(ready, np.array([[away, 0]]), k=1)
    assert 1 in short[0, : counts_B[0]]


@pytest.mark.unwatched
@pytest.mark.parametrize(
    ("n_index", "n_queries", "k", "most", "scale"),
    [
        (997, 31, 1, 2, 1),
        (997, 31, 20, 25, 1),
        (997, 31, 20, 25, 2.0**-500),
        (997, 31, 20, 25, 2.0**500),
        (9973, 500, 300, 350, 1),
    ],
)
def test_lists_are_short_and_hold_k(n_index, n_queries, k, most, scale):
    """What makes it quick: of so many videos, hardly more than k are looked at by any query."""
    rng = np.random.default_rng(0)
    index_MN, queries_mN = rng.normal(size=(n_index, 11)), rng.normal(size=(n_queries, 11))
    ready = shortlists.prepare(scale * index_MN)
    assert ready.slack == 68 * 2.0**-24  # 4 x 11 columns, and 24
    for _rows, short, counts_B in shortlists.shortlists(ready, scale * queries_mN, k=k):
        assert counts_B.min() >= k
        assert counts_B.max() < most
        assert short.shape[1] == counts_B.max()
