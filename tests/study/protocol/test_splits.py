import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lsfref.errors import LabelsError
from lsfref.study.protocol.splits import folds, leave_one_out, repeated_folds

pytestmark = pytest.mark.unwatched


def counts(labels, rows, n_classes):
    return np.bincount(labels[rows], minlength=n_classes)


def test_folds_by_hand():
    labels = np.array([0, 0, 0, 0, 1, 1])
    splits = folds(labels, None, n_folds=2, rng=np.random.default_rng(0))
    for train, test in splits:
        assert list(counts(labels, test, 2)) == [2, 1]
        assert list(counts(labels, train, 2)) == [2, 1]
    groups = np.array(["b", "b", "a", "a", "a", "c"])  # the one way to share both classes
    splits = folds(labels, groups, n_folds=2, rng=np.random.default_rng(0))
    assert sorted(tuple(map(int, test)) for _, test in splits) == [(0, 1, 5), (2, 3, 4)]


@given(st.lists(st.integers(-1, 5), min_size=7, max_size=67), st.integers(2, 7), st.integers(0, 99))
def test_stratified_folds(labels, n_folds, seed):
    labels = np.array(labels)
    splits = folds(labels, None, n_folds=n_folds, rng=np.random.default_rng(seed))
    assert len(splits) == n_folds
    np.testing.assert_array_equal(
        np.sort(np.concatenate([test for _, test in splits])), np.arange(len(labels))
    )
    sizes = [len(test) for _, test in splits]
    assert max(sizes) - min(sizes) <= 1
    for train, test in splits:
        np.testing.assert_array_equal(np.union1d(train, test), np.arange(len(labels)))
        assert len(train) + len(test) == len(labels)
        assert (np.diff(train) > 0).all()
        assert (np.diff(test) > 0).all()
    for c in np.unique(labels):
        held = [np.count_nonzero(labels[test] == c) for _, test in splits]
        assert max(held) - min(held) <= 1


@given(st.integers(0, 999), st.integers(2, 5), st.integers(5, 41))
def test_group_folds(seed, n_folds, n_groups):
    rng = np.random.default_rng(seed)
    groups = np.concatenate([np.arange(n_groups), rng.integers(0, n_groups, 2 * n_groups)])
    labels = rng.integers(0, 3, len(groups))
    splits = folds(labels, groups, n_folds=n_folds, rng=np.random.default_rng(seed))
    np.testing.assert_array_equal(
        np.sort(np.concatenate([test for _, test in splits])), np.arange(len(labels))
    )
    for train, test in splits:
        assert len(test) > 0
        assert len(train) > 0
        assert not set(groups[train]) & set(groups[test])


def test_group_folds_are_balanced():
    """Groups of one class and unequal size, as cameras are: shares as equal as groups allow."""
    rng = np.random.default_rng(3)
    sizes = rng.integers(1, 9, 67)
    groups = np.repeat(np.arange(67), sizes)
    labels = np.repeat(rng.integers(0, 4, 67), sizes)
    splits = folds(labels, groups, n_folds=5, rng=rng)
    held = np.array([counts(labels, test, 4) for _, test in splits])
    assert np.ptp(held.sum(axis=1)) <= 2
    assert (np.ptp(held, axis=0) <= 3).all()


def test_group_folds_of_single_rows_are_stratified():
    labels = np.repeat([0, 1, 2], [29, 13, 5])
    splits = folds(labels, np.arange(47), n_folds=5, rng=np.random.default_rng(0))
    held = np.array([counts(labels, test, 3) for _, test in splits])
    assert (np.ptp(held, axis=0) <= 1).all()


@pytest.mark.parametrize(
    "sizes",
    [
        (1, 1, 3, 5, 5, 7),  # largest first: 7 + 3 | 5 + 5; smallest first would stop at 10 | 12
        (6, 5, 4, 7, 4),  # from 7 + 4 + 4 | 6 + 5: 6 for the 7, then 5 for the 6, which is group 0
    ],
)
def test_group_folds_of_one_class_are_halves(sizes):
    groups = np.repeat(np.arange(len(sizes)), sizes)
    splits = folds(np.zeros(len(groups), int), groups, n_folds=2, rng=np.random.default_rng(0))
    assert [2 * len(test) for _, test in splits] == [sum(sizes)] * 2


def shares_of(labels, groups):
    """The share that each group has of each class, and of all rows."""
    kinds = np.column_stack([labels[:, None] == np.unique(labels), np.ones(len(labels))])
    counts = np.array([kinds[groups == group].sum(axis=0) for group in np.unique(groups)])
    return counts / counts.sum(axis=0)


def unevenness(shares, fold_of, n_folds):
    """How far the folds are from equal shares."""
    return ((np.eye(n_folds)[fold_of].T @ shares - 1 / n_folds) ** 2).sum()


def fold_of_groups(labels, groups, n_folds, seed):
    splits = folds(labels, groups, n_folds=n_folds, rng=np.random.default_rng(seed))
    return np.array(
        [
            next(fold for fold, (_, test) in enumerate(splits) if group in groups[test])
            for group in np.unique(groups)
        ]
    )


@settings(max_examples=25)
@given(st.integers(0, 999), st.integers(2, 5), st.integers(5, 23))
def test_no_move_and_no_exchange_makes_group_folds_more_even(seed, n_folds, n_groups):
    rng = np.random.default_rng(seed)
    groups = np.concatenate([np.arange(n_groups), rng.integers(0, n_groups, 2 * n_groups)])
    labels = rng.integers(0, 4, len(groups))
    shares, fold_of = shares_of(labels, groups), fold_of_groups(labels, groups, n_folds, seed)
    least = unevenness(shares, fold_of, n_folds) - 1e-8
    for a, b in itertools.permutations(range(n_groups), 2):
        other = fold_of.copy()
        other[a] = fold_of[b]
        assert unevenness(shares, other, n_folds) >= least
        other[b] = fold_of[a]
        assert unevenness(shares, other, n_folds) >= least


def test_six_groups_are_divided_as_evenly_as_can_be():
    """One of five rows, others of one or two; the best of all divisions among three folds."""
    groups = np.array([0, 1, 2, 2, 3, 3, 4, 4, 4, 4, 4, 5])
    labels = np.array([0, 0, 0, 0, 1, 0, 1, 1, 0, 1, 1, 0])
    shares, divisions = shares_of(labels, groups), itertools.product(range(3), repeat=6)
    best = min(unevenness(shares, np.array(division), 3) for division in divisions)
    for seed in range(20):
        fold_of = fold_of_groups(labels, groups, 3, seed)
        assert unevenness(shares, fold_of, 3) == pytest.approx(best, abs=1e-9)


def test_brute_force_finds_no_better_division_of_a_few_groups():
    rng = np.random.default_rng(7)
    worse = 0
    for _ in range(20):
        groups = np.concatenate([np.arange(7), rng.integers(0, 7, 16)])
        labels = rng.integers(0, 2, 23)

        def cost(fold_of, groups=groups, labels=labels):
            kinds = [labels == 0, labels == 1, labels >= 0]
            first = fold_of[groups] == 0
            return sum(2 * (np.mean(first[kind]) - 0.5) ** 2 for kind in kinds)

        best = min(cost(np.array([i >> g & 1 for g in range(7)])) for i in range(1, 127))
        (_, test), _ = folds(labels, groups, n_folds=2, rng=rng)
        fold_of = np.ones(7, dtype=int)
        fold_of[groups[test]] = 0
        worse += cost(fold_of) > best + 1e-9
    assert worse <= 3  # single moves and exchanges may stop early, by little


def test_a_seed_gives_the_same_folds_and_more_repeats_do_not_shift_them():
    labels = np.repeat([0, 1], [17, 6])
    groups = np.arange(23) // 2
    for given_groups in (None, groups):
        few = repeated_folds(labels, given_groups, n_folds=3, n_repeats=2, seed=5)
        many = repeated_folds(labels, given_groups, n_folds=3, n_repeats=4, seed=5)
        for one, other in zip(few, many, strict=False):
            for (train, test), (train_too, test_too) in zip(one, other, strict=True):
                np.testing.assert_array_equal(train, train_too)
                np.testing.assert_array_equal(test, test_too)
        first, second = (tuple(map(tuple, (test for _, test in r))) for r in many[:2])
        assert first != second


def test_names_of_classes_and_groups_do_not_matter():
    labels = np.repeat([0, 1, 2], [11, 7, 5])
    groups = np.arange(23) // 3
    text = np.array([f"camera {g}" for g in groups])
    one = folds(labels, groups, n_folds=3, rng=np.random.default_rng(0))
    other = folds(labels * 10 + 7, text, n_folds=3, rng=np.random.default_rng(0))
    for (_, test), (_, test_too) in zip(one, other, strict=True):
        np.testing.assert_array_equal(test, test_too)


def test_leave_one_out():
    labels = np.array([0, 1, 1])
    assert [list(test) for _, test in leave_one_out(labels, None)] == [[0], [1], [2]]
    assert [list(train) for train, _ in leave_one_out(labels, None)] == [[1, 2], [0, 2], [0, 1]]
    by_group = leave_one_out(labels, np.array(["b", "a", "b"]))
    assert [list(test) for _, test in by_group] == [[1], [0, 2]]


def test_errors():
    labels = np.array([0, 1, 1])
    rng = np.random.default_rng(0)
    with pytest.raises(LabelsError, match=r"want 2 to 3 folds \(3 videos\); got 4"):
        folds(labels, None, n_folds=4, rng=rng)
    with pytest.raises(LabelsError, match=r"want 2 to 2 folds \(2 groups\); got 3"):
        folds(labels, np.array([0, 0, 1]), n_folds=3, rng=rng)
    with pytest.raises(LabelsError, match="got 1"):
        folds(labels, None, n_folds=1, rng=rng)
    for odd, groups in ((labels, np.array([0, 0])), (labels[None], None), (labels[:, None], None)):
        with pytest.raises(ValueError, match=r"want .M,. and"):
            folds(odd, groups, n_folds=2, rng=rng)
    with pytest.raises(LabelsError, match="got 1"):
        leave_one_out(labels, np.zeros(3))
