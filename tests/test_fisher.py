import numpy as np
import oracles
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats

from lsfref.fisher import fisher_score, select_top

# few distinct values, so that ties and constant classes turn up by themselves
VALUES = st.sampled_from([0.0, 0.1, 0.2, 0.3, -0.1, 1.0, 7.0, 1e-3])
TABLES = hnp.arrays(np.float64, st.tuples(st.integers(2, 13), st.just(5)), elements=VALUES)


def labels_for(pooled_ME, seed):
    labels_M = np.random.default_rng(seed).integers(0, 3, len(pooled_ME))
    assume(len(np.unique(labels_M)) > 1)
    return labels_M


def table(*, n_videos=53, n_features=17, seed=0, classes=(0, 1, 4)):
    """Return features, the first telling, and labels with a gap in their numbers."""
    rng = np.random.default_rng(seed)
    labels_M = rng.choice(classes, n_videos)
    pooled_ME = rng.normal(size=(n_videos, n_features))
    pooled_ME[:, 0] += labels_M
    return pooled_ME, labels_M


def test_by_hand():
    """Classes (0, 2) and (6, 8): means 1, 7 about 4; between 2 * 9 * 2 = 36, within 2 + 2."""
    pooled_ME = np.array([[0.0], [2.0], [6.0], [8.0]])
    np.testing.assert_array_equal(fisher_score(pooled_ME, np.array([0, 0, 1, 1])), [9.0])
    # a class of one: its variance is 0; means 1 and 6 about 8 / 3
    score = fisher_score(pooled_ME[:3], np.array([0, 0, 1]))
    wanted = (2 * (1 - 8 / 3) ** 2 + (6 - 8 / 3) ** 2) / 2
    np.testing.assert_allclose(score, [wanted], rtol=1e-15)


@pytest.mark.parametrize("value", [0.1, 0.3, 1 / 3, 1e-9, 1e9 + 0.1, -0.7, 1e200, 1e-200])
def test_constants_are_decided_by_value(value):
    """F2: constant in every class inf, constant overall 0, whatever rounding makes of the mean."""
    labels_M = np.repeat([0, 1, 2], [7, 3, 11])
    rng = np.random.default_rng(0)
    pooled_ME = np.stack(
        [
            np.full(21, value),
            np.repeat([value, 2 * value, value], [7, 3, 11]),
            np.where(np.arange(21) == 20, 2 * value, value),  # varies within one class only
            value * rng.normal(size=21),
        ],
        axis=1,
    )
    scores_E = fisher_score(pooled_ME, labels_M)
    assert scores_E[0] == 0
    assert scores_E[1] == np.inf
    assert (0 < scores_E[2:]).all()
    assert np.isfinite(scores_E[2:]).all()


@given(pooled_ME=TABLES, seed=st.integers(0, 2**32 - 1))
@settings(max_examples=40)
def test_score_is_the_loop(pooled_ME, seed):
    """Infinities and zeros in the same places, the rest to 1e-12 of the larger sum."""
    labels_M = labels_for(pooled_ME, seed)
    own, loop = fisher_score(pooled_ME, labels_M), oracles.fisher_score(pooled_ME, labels_M)
    np.testing.assert_array_equal(np.isinf(own), np.isinf(loop))
    finite = np.isfinite(own)
    np.testing.assert_allclose(own[finite], np.array(loop)[finite], rtol=1e-12, atol=1e-12)


def test_score_is_anova():
    """f (n - C) / (C - 1) = F."""
    pooled_ME, labels_M = table()
    groups = [pooled_ME[labels_M == c] for c in np.unique(labels_M)]
    wanted_E = stats.f_oneway(*groups).statistic
    np.testing.assert_allclose(
        fisher_score(pooled_ME, labels_M) * (53 - 3) / (3 - 1), wanted_E, rtol=1e-12
    )


@given(
    seed=st.integers(0, 2**32 - 1),
    scale=st.floats(1e-3, 1e3),
    sign=st.sampled_from([-1, 1]),
    shift=st.floats(-100, 100),
)
@settings(max_examples=40)
def test_invariances(seed, scale, sign, shift):
    """Scale, shift, order of videos and names of classes are no matter; columns are independent."""
    pooled_ME, labels_M = table(seed=seed)
    scores_E = fisher_score(pooled_ME, labels_M)
    moved_E = fisher_score(pooled_ME * scale * sign + shift, labels_M)
    np.testing.assert_allclose(moved_E, scores_E, rtol=1e-6)
    order_M = np.random.default_rng(seed).permutation(len(labels_M))
    np.testing.assert_allclose(
        fisher_score(pooled_ME[order_M], labels_M[order_M]), scores_E, rtol=1e-11
    )
    np.testing.assert_allclose(fisher_score(pooled_ME, 7 - labels_M), scores_E, rtol=1e-11)
    np.testing.assert_allclose(fisher_score(pooled_ME[:, 3:5], labels_M), scores_E[3:5], rtol=1e-11)


@pytest.mark.parametrize("scale", [2.0**-900, 2.0**900])
def test_extreme_scales_change_no_byte(scale):
    pooled_ME, labels_M = table()
    scores_E = fisher_score(pooled_ME, labels_M)
    assert fisher_score(pooled_ME * scale, labels_M).tobytes() == scores_E.tobytes()


def test_squares_too_small_for_a_number():
    """Means 0 and 1, and a spread whose square is 0: the score is beyond any number."""
    pooled_ME = np.array([[0.0], [1e-170], [1.0], [1.0]])
    assert fisher_score(pooled_ME, np.array([0, 0, 1, 1]))[0] == np.inf


def test_lists_names_and_whole_numbers():
    scores_E = fisher_score([[0, 5], [2, 5], [6, 5], [8, 5]], ["rain", "rain", "snow", "snow"])
    np.testing.assert_array_equal(scores_E, [9, 0])
    np.testing.assert_array_equal(select_top([1.0, 3.0], top_percent=50), [1])


def test_float32_stays_float32():
    pooled_ME, labels_M = table()
    short_E = fisher_score(pooled_ME.astype("float32"), labels_M)
    assert short_E.dtype == np.float32
    np.testing.assert_allclose(short_E, fisher_score(pooled_ME, labels_M), rtol=1e-4, atol=1e-6)


def test_selection_by_hand():
    """F3, F4: ceil(7 * 30 / 100) = 3; inf first, equal scores in the order of their numbers."""
    scores_E = np.array([2.0, 5.0, 0.0, 5.0, np.inf, 5.0, np.inf])
    np.testing.assert_array_equal(select_top(scores_E, top_percent=30), [4, 6, 1])
    np.testing.assert_array_equal(select_top(scores_E, top_percent=100), [4, 6, 1, 3, 5, 0, 2])
    np.testing.assert_array_equal(select_top(scores_E, top_percent=0.1), [4])
    np.testing.assert_array_equal(select_top(scores_E, top_percent=5e-324), [4])
    assert len(select_top(np.zeros(128), top_percent=50)) == 64


@given(
    scores=st.lists(st.sampled_from([0.0, 1.0, 2.5, np.inf, 1e-300]), min_size=1, max_size=23),
    n_keep=st.integers(1, 23),
)
@settings(max_examples=40)
def test_selection_is_the_loop(scores, n_keep):
    n_keep = min(n_keep, len(scores))
    own_Q = select_top(np.array(scores), top_percent=100 * n_keep / len(scores) - 1e-9)
    assert own_Q.tolist() == oracles.rank(scores, n_keep)


@pytest.mark.parametrize(
    ("pooled_ME", "labels_M", "message"),
    [
        (np.ones((3, 5)), np.zeros(3, int), "two classes"),
        (np.ones((3, 5)), np.zeros(5, int), r"want \(M, E\) and \(M,\)"),
        (np.ones(3), np.zeros(3, int), r"want \(M, E\) and \(M,\)"),
        (np.full((3, 5), np.nan), np.arange(3), "finite"),
        (np.empty((0, 5)), np.empty(0, int), "two classes"),
    ],
)
def test_scores_that_are_refused(pooled_ME, labels_M, message):
    with pytest.raises(ValueError, match=message):
        fisher_score(pooled_ME, labels_M)


@pytest.mark.parametrize("top_percent", [0, -5, 100.1, float("nan")])
def test_shares_that_are_refused(top_percent):
    with pytest.raises(ValueError, match="top_percent"):
        select_top(np.ones(7), top_percent=top_percent)
