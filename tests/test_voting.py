import numpy as np
import oracles
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lsfref.lsh import draw_directions, hash_features, nearest, stack_tables
from lsfref.voting import vote

RULES = ("average", "table", "weighted", "stacked")


def found(seed, *, rule, n_classes, n_index=23, n_queries=7, k=5, distinct=False):
    """Return neighbors and squared distances of a small search, and the labels of the index."""
    rng = np.random.default_rng(seed)
    features_MQ = rng.normal(size=(n_index, 11))
    if not distinct:  # some distances are 0, some are equal
        features_MQ = features_MQ[rng.integers(0, n_index, n_index)]
    queries_mQ = np.concatenate([features_MQ[:2], rng.normal(size=(n_queries - 2, 11))])
    directions_CNQ = draw_directions(rng, n_classes=n_classes, n_projections=3, n_features=11)
    index, queries = (hash_features(f, directions_CNQ) for f in (features_MQ, queries_mQ))
    if rule == "stacked":
        index, queries = stack_tables(index), stack_tables(queries)
    tables = [nearest(i, q, k=k) for i, q in zip(index, queries, strict=True)]
    neighbors_TMK, squared_TMK = (np.stack(parts) for parts in zip(*tables, strict=True))
    return neighbors_TMK, squared_TMK, rng.integers(0, n_classes, n_index)


def test_by_hand():
    """Three tables, one query, K = 2; labels of the index 0 0 1 2."""
    labels_m = np.array([0, 0, 1, 2])
    neighbors_TMK = np.array([[[0, 2]], [[1, 3]], [[3, 2]]])
    squared_TMK = np.array([[[1.0, 9.0]], [[4.0, 4.0]], [[1.0, 16.0]]])
    args = (neighbors_TMK, squared_TMK, labels_m)
    average = vote(*args, n_classes=3, rule="average")
    np.testing.assert_allclose(average.confidence_MC, [[1 / 3, 1 / 3, 1 / 3]], rtol=1e-15)
    assert average.decision_M.tolist() == [0]  # two votes each: the lowest class
    table = vote(*args, n_classes=3, rule="table")  # 0 in table 0, none in 1, 2 in table 2
    np.testing.assert_allclose(table.confidence_MC, [[0.5, 0, 0.5]], rtol=1e-15)
    assert table.decision_M.tolist() == [0]
    weighted = vote(*args, n_classes=3, rule="weighted")  # 3/4 1/4, 1/2 1/2, 4/5 1/5
    wanted = np.array([[0.75 + 0.5, 0.25 + 0.2, 0.5 + 0.8]]) / 3
    np.testing.assert_allclose(weighted.confidence_MC, wanted, rtol=1e-11)
    assert weighted.decision_M.tolist() == [2]
    stacked = vote(neighbors_TMK[2:], squared_TMK[2:], labels_m, n_classes=3, rule="stacked")
    np.testing.assert_array_equal(stacked.confidence_MC, [[0, 0.5, 0.5]])
    assert stacked.decision_M.tolist() == [1]


def test_table_without_a_count_knows_nothing():
    """V2: no table retrieved its own class."""
    neighbors_TMK = np.array([[[1]], [[0]]])
    votes = vote(neighbors_TMK, np.ones((2, 1, 1)), np.array([0, 1]), n_classes=2, rule="table")
    np.testing.assert_array_equal(votes.confidence_MC, [[0.5, 0.5]])
    assert votes.decision_M.tolist() == [0]


@given(
    seed=st.integers(0, 2**32 - 1),
    rule=st.sampled_from(RULES),
    n_classes=st.integers(2, 6),
    k=st.integers(1, 23),
)
@settings(max_examples=60)
def test_votes_are_the_loop(seed, rule, n_classes, k):
    """Shares to 1e-12, none negative, 1 in all; whole numbers decide, lowest class first."""
    neighbors_TMK, squared_TMK, labels_m = found(seed, rule=rule, n_classes=n_classes, k=k)
    votes = vote(neighbors_TMK, squared_TMK, labels_m, n_classes=n_classes, rule=rule)
    assert votes.confidence_MC.shape == (7, n_classes)
    assert (votes.confidence_MC >= 0).all()
    np.testing.assert_allclose(votes.confidence_MC.sum(axis=1), 1, rtol=1e-12)
    for m in range(7):
        args = (neighbors_TMK[:, m].tolist(), squared_TMK[:, m].tolist(), labels_m.tolist())
        loop = oracles.vote(rule, *args, n_classes)
        np.testing.assert_allclose(votes.confidence_MC[m], loop, rtol=1e-12, atol=1e-14)
        if rule == "weighted":
            assert votes.decision_M[m] == votes.confidence_MC[m].argmax()
        else:
            assert votes.decision_M[m] == oracles.rank(loop, 1)[0]


@given(seed=st.integers(0, 2**32 - 1), n_classes=st.integers(2, 6))
@settings(max_examples=30)
def test_all_neighbors_give_the_priors(seed, n_classes):
    """K = n: V1 returns the share of each class in the index, whoever asks."""
    neighbors_TMK, squared_TMK, labels_m = found(seed, rule="average", n_classes=n_classes, k=23)
    votes = vote(neighbors_TMK, squared_TMK, labels_m, n_classes=n_classes, rule="average")
    priors_C = np.bincount(labels_m, minlength=n_classes) / 23
    np.testing.assert_allclose(votes.confidence_MC, np.tile(priors_C, (7, 1)), rtol=1e-12)


@given(seed=st.integers(0, 2**32 - 1), k=st.integers(1, 23))
@settings(max_examples=60)
def test_two_classes_make_average_and_table_agree(seed, k):
    """V1 counts a0 + a1 against 2K - a0 - a1, V2 a0 against K - a1: the same comparison."""
    args = found(seed, rule="average", n_classes=2, k=k)
    decisions = [vote(*args, n_classes=2, rule=rule).decision_M for rule in ("average", "table")]
    np.testing.assert_array_equal(*decisions)


@given(seed=st.integers(0, 2**32 - 1), rule=st.sampled_from(RULES))
@settings(max_examples=30)
def test_order_of_videos_is_no_matter(seed, rule):
    """Queries permuted: answers permuted. Index permuted, distances distinct: same answers."""
    neighbors_TMK, squared_TMK, labels_m = found(seed, rule=rule, n_classes=3, distinct=True)
    votes = vote(neighbors_TMK, squared_TMK, labels_m, n_classes=3, rule=rule)
    rng = np.random.default_rng(seed)
    order_M, order_m = rng.permutation(7), rng.permutation(23)
    mixed = vote(
        neighbors_TMK[:, order_M], squared_TMK[:, order_M], labels_m, n_classes=3, rule=rule
    )
    np.testing.assert_array_equal(mixed.confidence_MC, votes.confidence_MC[order_M])
    np.testing.assert_array_equal(mixed.decision_M, votes.decision_M[order_M])
    place_m = np.argsort(order_m)
    again = vote(place_m[neighbors_TMK], squared_TMK, labels_m[order_m], n_classes=3, rule=rule)
    np.testing.assert_array_equal(again.confidence_MC, votes.confidence_MC)


def test_weights_survive_distance_zero():
    neighbors_TMK, squared_TMK = np.array([[[0, 1]]]), np.array([[[0.0, 1.0]]])
    votes = vote(neighbors_TMK, squared_TMK, np.array([1, 0]), n_classes=2, rule="weighted")
    np.testing.assert_allclose(votes.confidence_MC, [[1e-12, 1]], rtol=1e-9)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rule": "loudest"}, "want rule"),
        ({"rule": "table", "n_classes": 5}, "5 tables for rule table; got 3"),
        ({"rule": "stacked"}, "1 tables for rule stacked; got 3"),
        ({"labels_m": np.array([0, 1, 3])}, "labels 0 to 2"),
        ({"labels_m": np.array([0, -1, 2])}, "labels 0 to 2"),
        ({"squared": np.ones((3, 2, 5))}, "a distance a neighbor"),
    ],
)
def test_votes_that_are_refused(change, message):
    chosen = {"n_classes": 3, "rule": "average", **change}
    labels_m = chosen.pop("labels_m", np.arange(3))
    squared_TMK = chosen.pop("squared", np.ones((3, 2, 2)))
    with pytest.raises(ValueError, match=message):
        vote(np.zeros((3, 2, 2), int), squared_TMK, labels_m, **chosen)
