"""From feature vectors to answers: hashing under drawn (N, K), exact neighbors, a linear SVM.

In: index_MQ with labels_M, queries_mQ.  Out: the class of each query, once a round.
"""

import dataclasses
from typing import NamedTuple

import numpy as np

from lsfref import lsh, voting
from lsfref.arrays import Floats, Ints
from lsfref.config import Config
from lsfref.phases.phase2 import fit_task, neighbor_count
from lsfref.phases.testing import votes_of
from lsfref.study.classifiers.svm import fit_svm, margins

N_PAIRS = 10  # draws of (N, K) in every repetition (T6)
N_RANGE = (10, 50)  # both ends included (G4)
K_RANGE = (50, 100)
SVM_COST = 10.0  # in units of 1 / mean square length of the rows (H6)


class Pair(NamedTuple):
    """One draw of the paper's protocol: projections a table, neighbors that vote."""

    n_projections: int
    k: int


def draw_pairs(
    rng: np.random.Generator, config: Config, *, n_index: int, n_pairs: int
) -> list[Pair]:
    """Return n_pairs uniform draws of (N, K) (G4, T6).

    K comes from 50..100 where the preset fixes K, and from ceil(K/2)..2K where it follows the size
    of the index; never more than the index.
    """
    low, high = K_RANGE
    if config.k_rule != "fixed":
        k = neighbor_count(config, n_index)
        low, high = -(-k // 2), 2 * k
    pairs = []
    for _ in range(n_pairs):
        n_projections = int(rng.integers(*N_RANGE, endpoint=True))
        k = int(rng.integers(low, high, endpoint=True))
        pairs.append(Pair(n_projections, min(k, n_index)))
    return pairs


def cut_in_words(config: Config, n_index: int) -> list[str]:
    """Return a sentence where draws of K are cut to the smallest index (G4)."""
    low, high = K_RANGE
    if config.k_rule != "fixed" or n_index >= high:
        return []
    return [f"K is drawn from {low} to {high}, and cut to the {n_index} videos of a training part"]


def ask_hashed(
    index_MQ: Floats,
    labels_M: Ints,
    queries_mQ: Floats,
    *,
    pair: Pair,
    classes: tuple[str, ...],
    config: Config,
    rng: np.random.Generator,
) -> voting.Votes:
    """Return the votes of C hash tables with new directions (stages 9 and 10)."""
    n_projections, k = pair
    own = dataclasses.replace(config, n_projections=n_projections, n_neighbors=k, k_rule="fixed")
    width = index_MQ.shape[1]
    whole = np.zeros(width), np.arange(width)  # what is best is selected already
    task = fit_task(index_MQ, labels_M, classes, own, rng=rng, selection=whole)
    return votes_of(task, queries_mQ, own)


def ask_exact(
    index_MQ: Floats, labels_M: Ints, queries_mQ: Floats, *, k: int, n_classes: int
) -> voting.Votes:
    """Return the votes of the k nearest by the features themselves: no hashing (H3)."""
    near_mK, apart_mK = lsh.nearest(index_MQ, queries_mQ, k=k)
    return voting.vote(near_mK[None], apart_mK[None], labels_M, n_classes=n_classes, rule="stacked")


def ask_svm(index_MQ: Floats, labels_M: Ints, queries_mQ: Floats, *, n_classes: int) -> Ints:
    """Return the decisions of a linear SVM; its cost follows the scale of the features (H6)."""
    square = float(np.square(index_MQ).sum(axis=1).mean())
    cost = SVM_COST / square if square > 0 else 1.0
    svm = fit_svm(index_MQ, labels_M, n_classes=n_classes, cost=cost)
    return margins(svm, queries_mQ).argmax(axis=1)
