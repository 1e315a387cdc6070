import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsfref.study.protocol.metrics import (
    calibration_table,
    coverage_table,
    sign_test,
    summarize,
    wilson_interval,
)

TRUE = np.array([0, 0, 0, 1, 1, 3, 3])
SAID = np.array([0, 0, 1, 1, -1, 0, 3])


def test_summary_by_hand():
    summary = summarize(TRUE, SAID, 5)
    assert summary.accuracy == 4 / 7
    assert summary.recall_mean == pytest.approx((2 / 3 + 1 / 2 + 1 / 2) / 3, rel=1e-15)
    assert summary.majority == 3 / 7
    wanted = np.zeros((5, 5), dtype=int)
    wanted[[0, 0, 1, 3, 3], [0, 1, 1, 0, 3]] = [2, 1, 1, 1, 1]
    np.testing.assert_array_equal(summary.confusion_CC, wanted)
    np.testing.assert_array_equal(summary.unanswered_C, [0, 1, 0, 0, 0])
    np.testing.assert_array_equal(np.isnan(summary.recall_C), [False, False, True, False, True])
    assert summary.interval == wilson_interval(4 / 7, 7)
    assert summarize(TRUE, SAID, 5, n_videos=3).interval == wilson_interval(4 / 7, 3)


def test_no_answer_at_all_is_all_wrong():
    summary = summarize(TRUE, np.full(7, -1), 5)
    assert summary.accuracy == 0
    assert summary.recall_mean == 0
    assert summary.confusion_CC.sum() == 0
    assert summary.majority == 3 / 7
    assert summary.interval[0] == 0


def test_wilson_by_hand():
    # 1 of 2 with z = 2: center 1/2, half 2 sqrt(1/4 / 2 + 4 / 16) / (1 + 4 / 2)
    low, high = wilson_interval(0.5, 2, z=2.0)
    half = 2 * math.sqrt(0.125 + 0.25) / 3
    assert (low, high) == pytest.approx((0.5 - half, 0.5 + half), rel=1e-14)


@given(st.integers(1, 997), st.floats(0, 1, allow_subnormal=False))
def test_wilson_ends_solve_its_equation(n_videos, share):
    low, high = wilson_interval(share, n_videos)
    assert 0 <= low <= share + 1e-12
    assert share - 1e-12 <= high <= 1 + 1e-12
    for p in (low, high):
        if 0 < p < 1 and 1e-6 < share < 1 - 1e-6:
            want = 1.959963984540054 * math.sqrt(p * (1 - p) / n_videos)
            assert abs(share - p) == pytest.approx(want, rel=1e-9, abs=1e-12)


def test_wilson_stays_within_0_and_1_and_meets_them_at_the_ends_alone():
    """For shares next to the ends, rounding alone would lead beyond them."""
    for n_videos in range(1, 200):
        assert wilson_interval(0.0, n_videos)[0] == 0
        assert wilson_interval(1.0, n_videos)[1] == 1
        low, high = wilson_interval(1 / 128, n_videos)[0], wilson_interval(127 / 128, n_videos)[1]
        assert 0 < low < 1 / 128 < 127 / 128 < high < 1
        assert wilson_interval(5e-324, n_videos)[0] >= 0
        assert wilson_interval(math.nextafter(1, 0), n_videos)[1] <= 1


def test_ties_reach_as_far_as_they_may():
    score, other = np.array([0.25, 0.5, 0.75, 0.0, 0.0, 0.0]), np.array([0, 0, 0, 0.25, 0.5, 0.75])
    assert sign_test(score, other, atol=0.5)[:3] == (1, 1, 4)
    assert sign_test(score, other)[:3] == (3, 3, 0)
    near, none = np.array([0.9e-12, 1.1e-12]), np.zeros(2)
    assert sign_test(near, none)[:3] == (1, 0, 1)
    assert sign_test(none, near)[:3] == (0, 1, 1)


def test_sign_test_by_hand():
    score = np.array([1.0, 1.0, 0.5, 0.0, 1.0, 0.25])
    other = np.array([0.0, 0.5, 0.5, 1.0, 0.5, 0.0])
    result = sign_test(score, other)
    assert result[:3] == (4, 1, 1)
    assert result.p == 2 * (1 + 5) / 32
    assert sign_test(other, score) == (1, 4, 1, result.p)
    assert sign_test(score, score) == (0, 0, 6, 1.0)
    assert sign_test(np.array([0.1 + 0.2]), np.array([0.3])).ties == 1  # rounding is no win
    assert sign_test(np.ones(9001), np.zeros(9001)).p == pytest.approx(0.0, abs=1e-300)


def test_sign_test_is_scipys_binomial_test():
    from scipy.stats import binomtest

    for wins, losses in ((0, 1), (3, 0), (5, 7), (11, 2), (6, 6)):
        score = np.r_[np.ones(wins), np.zeros(losses)]
        want = binomtest(wins, wins + losses).pvalue
        assert sign_test(score, 1 - score).p == pytest.approx(want, rel=1e-12)


def test_coverage_by_hand():
    confidence = np.array([0.9, 0.5, 0.5, 0.2])
    right = np.array([True, True, False, False])
    rows = coverage_table(confidence, right, n_rows=4)
    assert [[*row] for row in rows] == [["threshold", "coverage", "accuracy"]] * 3
    wanted = [(0.2, 1.0, 0.5), (0.5, 0.75, 2 / 3), (0.9, 0.25, 1.0)]
    assert [(*row.values(),) for row in rows] == wanted


def test_calibration_by_hand():
    confidence = np.array([0.0, 0.5, 0.7, 1.0])
    right = np.array([True, True, False, True])
    low, high = calibration_table(confidence, right, n_bins=2)
    assert low == {"low": 0.0, "high": 0.5, "confidence": 0.0, "accuracy": 1.0, "videos": 1}
    assert (high["low"], high["high"], high["videos"]) == (0.5, 1.0, 3)
    assert high["confidence"] == pytest.approx(2.2 / 3, rel=1e-15)
    filled = calibration_table(confidence, right, n_bins=7)
    assert [round(7 * row["low"]) for row in filled] == [0, 3, 4, 6]


def test_tables_have_ten_rows_where_nothing_else_is_asked_for():
    confidence, right = np.arange(0.005, 1, 0.01), np.ones(100, bool)
    tenths = [0.1 * row for row in range(11)]
    coverage = coverage_table(confidence, right)
    assert [row["coverage"] for row in coverage] == pytest.approx(tenths[:0:-1], rel=1e-12)
    calibration = calibration_table(confidence, right)
    assert [row["low"] for row in calibration] == pytest.approx(tenths[:-1], rel=1e-12)
    assert [row["high"] for row in calibration] == pytest.approx(tenths[1:], rel=1e-12)


labels = st.lists(st.tuples(st.integers(0, 4), st.integers(-1, 4)), min_size=1, max_size=31)


@given(labels, st.permutations(range(5)))
def test_summary_ignores_the_order_of_videos_and_follows_renamed_classes(pairs, names):
    true, said = np.array(pairs).T
    summary = summarize(true, said, 5)
    back = summarize(true[::-1], said[::-1], 5)
    assert back.accuracy == summary.accuracy
    np.testing.assert_array_equal(back.confusion_CC, summary.confusion_CC)
    names = np.array([*names, -1])
    other = summarize(names[true], names[said], 5)
    assert other.accuracy == summary.accuracy
    assert other.majority == summary.majority
    assert other.recall_mean == pytest.approx(summary.recall_mean, rel=1e-12)
    np.testing.assert_array_equal(
        other.confusion_CC[np.ix_(names[:5], names[:5])], summary.confusion_CC
    )
    assert summary.confusion_CC.sum() + summary.unanswered_C.sum() == len(true)


@pytest.mark.parametrize(
    ("true", "said", "fault"),
    [
        ([0, 1], [0], "want two filled"),
        ([], [], "want two filled"),
        ([0, 5], [0, 0], "true labels"),
        ([0, -1], [0, 0], "true labels"),
        ([0, 1], [0, -2], "predicted labels"),
        ([0, 1], [0, 5], "predicted labels"),
    ],
)
def test_bad_answers_are_refused(true, said, fault):
    with pytest.raises(ValueError, match=fault):
        summarize(np.array(true, dtype=int), np.array(said, dtype=int), 5)


def test_bad_numbers_are_refused():
    with pytest.raises(ValueError, match="want a share"):
        wilson_interval(1.1, 3)
    with pytest.raises(ValueError, match="want a share"):
        wilson_interval(0.1, 0)
    with pytest.raises(ValueError, match="want two"):
        sign_test(np.ones(3), np.ones(2))
