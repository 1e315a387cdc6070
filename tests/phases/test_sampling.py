import numpy as np
import oracles
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lsfref.config import Config, random_streams
from lsfref.phases import sampling
from lsfref.phases.sampling import draw_rows, share_out

SIZES = st.lists(st.integers(0, 40), min_size=1, max_size=8)


def draw(counts, *, seed=0, **chosen):
    return draw_rows(np.random.default_rng(seed), np.array(counts), **chosen)


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
    """B1; the empty video gives none, the unlabelled one none either."""
    np.testing.assert_array_equal(draw([2, 0, 3], n_samples=5), np.arange(5))
    some = draw([2, 0, 3], n_samples=9, labels_M=np.array([-1, 0, 1]))
    np.testing.assert_array_equal(some, [2, 3, 4])
    assert len(draw([0, 0], n_samples=5)) == len(draw([], n_samples=5)) == 0


@given(
    counts=SIZES,
    n=st.integers(0, 200),
    balance=st.sampled_from(["none", "video", "class"]),
    seed=st.integers(0, 2**32 - 1),
)
@settings(max_examples=50)
def test_draws_are_rows_of_labelled_videos(counts, n, balance, seed):
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


@pytest.mark.parametrize("balance", ["none", "class"])
def test_every_row_has_the_same_chance(balance):
    """30 of 101 rows, 600 times: every count within 5 standard deviations of 178."""
    rng = np.random.default_rng(1)
    counts_M, times = np.array([3, 41, 0, 57]), np.zeros(101)
    for _ in range(600):
        labels_M = np.zeros(4, int)
        times[draw_rows(rng, counts_M, n_samples=30, balance=balance, labels_M=labels_M)] += 1
    share = 30 / 101
    assert np.abs(times - 600 * share).max() < 5 * np.sqrt(600 * share * (1 - share))


def test_long_videos_weigh_more_unless_balanced():
    counts = [10, 1000]
    assert (draw(counts, n_samples=101) < 10).sum() <= 6
    assert (draw(counts, n_samples=101, balance="video") < 10).sum() == 10


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"balance": "colour"}, "want balance"),
        ({"labels_M": np.zeros(2, int)}, r"\(3,\) and \(2,\)"),
        ({"counts": [3, -1, 5]}, "none negative"),
        ({"counts": [[3], [5], [7]]}, r"want \(M,\)"),
    ],
)
def test_draws_that_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        draw(change.pop("counts", [3, 5, 7]), n_samples=4, **change)


@pytest.mark.parametrize("balance", ["none", "video", "class"])
def test_a_sample_is_drawn_as_the_config_says(balance):
    counts_M, labels_M = np.array([31, 0, 7, 53, 11]), np.array([0, 1, 1, 0, 2])
    config = Config(n_samples=29, balance=balance, seed=3)
    drawn = sampling.draw_sample(counts_M, labels_M, config)
    rows_p = sampling.draw_rows(
        random_streams(3).sample, counts_M, n_samples=29, balance=balance, labels_M=labels_M
    )
    starts_M = np.cumsum(counts_M) - counts_M
    np.testing.assert_array_equal(starts_M[drawn.owner_p] + drawn.row_p, rows_p)
    assert (drawn.row_p >= 0).all()
    assert (drawn.row_p < counts_M[drawn.owner_p]).all()
