"""Who trains and who is asked: folds by class, by group, one left out, or at random.

In: labels_M, groups_M.  Out: (train_rows, test_rows) of each fold, ascending row numbers.
"""

import numpy as np
from numpy.typing import NDArray

from lsfref.arrays import Floats, Ints
from lsfref.errors import LabelsError

Split = tuple[Ints, Ints]
Repeats = list[list[Split]]  # the folds of each repetition


def folds(
    labels_M: Ints, groups_M: NDArray | None, *, n_folds: int, rng: np.random.Generator
) -> list[Split]:
    """Return n_folds splits; every row is asked exactly once, no group is on both sides (T4).

    Without groups: each class is dealt out in a drawn order, so that the folds differ by at most
    one row within each class and in all. With groups: whole groups are dealt, so that the class
    shares of the folds are as equal as whole groups allow (greedy, then moves and exchanges until
    none helps). A class with fewer rows or groups than folds is missing from some training or test
    parts: nothing is dropped. Raises LabelsError for fewer than two folds, or for fewer rows
    (groups) than folds.
    """
    if labels_M.ndim != 1 or (groups_M is not None and groups_M.shape != labels_M.shape):
        groups = "no groups" if groups_M is None else groups_M.shape
        raise ValueError(f"want (M,) and (M,), got {labels_M.shape} and {groups}")
    unit = "videos" if groups_M is None else "groups"
    n_units = len(labels_M) if groups_M is None else len(np.unique(groups_M))
    if n_units < 2:
        raise LabelsError(f"want two {unit} or more to make folds of; got {n_units}")
    if n_folds < 2 or n_units < n_folds:
        raise LabelsError(f"want 2 to {n_units} folds ({n_units} {unit}); got {n_folds}")
    if groups_M is None:
        fold_M = _deal_rows(labels_M, n_folds=n_folds, rng=rng)
    else:
        fold_M = _deal_groups(labels_M, groups_M, n_folds=n_folds, rng=rng)
    return [_split(fold_M == fold) for fold in range(n_folds)]


def repeated_folds(
    labels_M: Ints, groups_M: NDArray | None, *, n_folds: int, n_repeats: int, seed: int
) -> Repeats:
    """Return n_repeats independent sets of folds; repeat r is the same whatever n_repeats is."""
    rngs = map(np.random.default_rng, np.random.SeedSequence(seed).spawn(n_repeats))
    return [folds(labels_M, groups_M, n_folds=n_folds, rng=rng) for rng in rngs]


def leave_one_out(labels_M: Ints, groups_M: NDArray | None) -> list[Split]:
    """Return one split a row, or one split a group (in sorted order) where groups are given."""
    units_M = np.arange(len(labels_M)) if groups_M is None else groups_M
    values = np.unique(units_M)
    if len(values) < 2:
        raise LabelsError(f"want two videos or groups to leave one out; got {len(values)}")
    return [_split(units_M == value) for value in values]


def _split(test_M: NDArray[np.bool_]) -> Split:
    return np.flatnonzero(~test_M), np.flatnonzero(test_M)


def _deal_rows(labels_M: Ints, *, n_folds: int, rng: np.random.Generator) -> Ints:
    """Return fold_M: the rows, class after class in drawn order, dealt like a pack of cards."""
    drawn_M = rng.permutation(len(labels_M))
    dealt_M = drawn_M[np.argsort(labels_M[drawn_M], kind="stable")]
    fold_M = np.empty(len(labels_M), dtype=np.int64)
    fold_M[dealt_M] = np.arange(len(labels_M)) % n_folds
    return rng.permutation(n_folds)[fold_M]  # no fold is always the larger one


def _deal_groups(
    labels_M: Ints, groups_M: NDArray, *, n_folds: int, rng: np.random.Generator
) -> Ints:
    """Return fold_M. Each class counts as 1, and so does the number of rows, whatever their size.

    The cost is sum_folds sum_c (share of class c in the fold - 1 / n_folds)^2, the share of all
    rows standing beside the classes; groups go in by size, largest first.
    """
    _, class_M = np.unique(labels_M, return_inverse=True)
    names, group_M = np.unique(groups_M, return_inverse=True)
    shares = np.zeros((len(names), int(class_M.max()) + 2))  # a row a group; last column: all rows
    np.add.at(shares, (group_M, class_M), 1)
    shares[:, -1] = np.bincount(group_M)
    order = rng.permutation(len(names))
    order = order[np.argsort(-shares[order, -1], kind="stable")]
    shares /= shares.sum(axis=0)
    totals = np.zeros((n_folds, shares.shape[1]))
    fold_of = np.empty(len(names), dtype=np.int64)
    for group in order:
        # adding s to a total t adds 2 s t + s^2 to its square; s^2 is the same for every fold, and
        # s t is 0 for empty folds alone, which are filled first
        fold_of[group] = int(np.argmin(totals @ shares[group]))
        totals[fold_of[group]] += shares[group]
    return _improved(shares, fold_of, totals)[group_M]


def _improved(shares: Floats, fold_of: Ints, totals: Floats, *, least: float = 1e-9) -> Ints:
    """Return fold_of after moves and exchanges of groups that each lower the cost by `least`."""
    fold_of, totals = fold_of.copy(), totals.copy()
    improving = True
    while improving:
        improving = False
        for group in range(len(shares)):
            here = fold_of[group]
            # what fold `here` would gain: nothing in exchange (a row a fold), or another's group
            given = np.concatenate([np.zeros_like(totals), shares]) - shares[group]
            to = np.concatenate([np.arange(len(totals)), fold_of])
            change = 2 * np.einsum("ij,ij->i", given, totals[here] - totals[to] + given)
            change[to == here] = np.inf
            best = int(np.argmin(change))  # never to leave a fold empty: the cost would rise
            if change[best] < -least:
                totals[here] += given[best]
                totals[to[best]] -= given[best]
                if best >= len(totals):
                    fold_of[best - len(totals)] = here
                fold_of[group] = to[best]
                improving = True
    return fold_of
