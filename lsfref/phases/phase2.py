"""Training phase 2 (paper Sections 2.3 and 2.4): select and hash pooled codes, search, vote."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from lsfref import fisher, lsh, voting
from lsfref.arrays import Floats, Ints
from lsfref.config import Config
from lsfref.model import Task

UNLABELLED = -1


def encode_labels(names: Sequence[str | None], classes: Sequence[str]) -> Ints:
    """Return labels_M: the class number of each name, UNLABELLED where there is none."""
    numbers: dict[str | None, int] = {name: c for c, name in enumerate(classes)}
    return np.array([numbers.get(name, UNLABELLED) for name in names], dtype=np.int64)


class Selection(NamedTuple):
    """What stage 8 gives: the Fisher score of each feature, and the kept ones, best first."""

    scores_E: Floats
    selected_Q: Ints


def select(pooled_ME: Floats, labels_M: Ints, config: Config) -> Selection:
    """Return the Fisher scores over the labelled videos and the features kept (stage 8)."""
    labelled_m = np.flatnonzero(labels_M >= 0)
    scores_E = fisher.fisher_score(pooled_ME[labelled_m], labels_M[labelled_m])
    return Selection(scores_E, fisher.select_top(scores_E, top_percent=config.top_percent))


def fit_task(
    pooled_ME: Floats,
    labels_M: Ints,
    classes: tuple[str, ...],
    config: Config,
    *,
    rng: np.random.Generator,
    select_labels_M: Ints | None = None,
    selection: Selection | None = None,
) -> Task:
    """Return selection and hash tables of one task (stages 8 and 9; F1 to F6, G1, G2).

    select_labels_M are the labels of the Fisher score (F6), the task's own by default; a given
    selection is kept as it is.
    """
    rows_m = np.flatnonzero(labels_M >= 0)
    if selection is None:
        selection = select(
            pooled_ME, labels_M if select_labels_M is None else select_labels_M, config
        )
    scores_E, selected_Q = selection
    directions_CNQ = lsh.draw_directions(
        rng, n_classes=len(classes), n_projections=config.n_projections, n_features=len(selected_Q)
    )
    features_mQ = pooled_ME[rows_m][:, selected_Q]
    hashes_CmN = lsh.hash_features(features_mQ, directions_CNQ)
    return Task(classes, rows_m, labels_M[rows_m], scores_E, selected_Q, directions_CNQ, hashes_CmN)


def neighbor_count(config: Config, n_index: int) -> int:
    """Return K (G4): fixed, or max(3, round(sqrt(n) / 2)) halves up; never more than the index."""
    k = config.n_neighbors
    if config.k_rule == "sqrt":
        k = max(3, math.floor(math.sqrt(n_index) / 2 + 0.5))
    return min(k, n_index)


def hashes(task: Task, pooled_ME: Floats) -> Floats:
    """Return hashes_CMN of pooled videos in the tables of a task (stage 9)."""
    return lsh.hash_features(pooled_ME[:, task.selected_Q], task.directions_CNQ)


def search(task: Task, pooled_ME: Floats, config: Config) -> tuple[Ints, Floats]:
    """Return neighbors_CMK (numbers within the task's index) and squared distances_CMK (stage 9).

    Under V6 ("stacked") there is one search in the space of all C hashes, so C is 1.
    """
    k = neighbor_count(config, len(task.rows_m))
    query_CMN = hashes(task, pooled_ME)
    index_CmN = task.hashes_CmN
    if config.voting == "stacked":
        index_CmN, query_CMN = lsh.stack_tables(index_CmN), lsh.stack_tables(query_CMN)
    found = [lsh.nearest(i, q, k=k) for i, q in zip(index_CmN, query_CMN, strict=True)]
    return np.stack([f[0] for f in found]), np.stack([f[1] for f in found])


def answer(task: Task, pooled_ME: Floats, config: Config) -> voting.Votes:
    """Return confidences and decisions of M pooled videos for one task (stages 9 and 10)."""
    neighbors_CMK, distances_CMK = search(task, pooled_ME, config)
    return voting.vote(
        neighbors_CMK, distances_CMK, task.labels_m, n_classes=len(task.classes), rule=config.voting
    )


class Hit(NamedTuple):
    """An indexed video that is like a query: its row among the M videos, and two distances."""

    row: int
    hash_distance: float  # Euclidean, in the stacked space of all C hashes of the task
    code_distance: float  # Euclidean, between the pooled codes of E elements


def most_similar(task: Task, pooled_ME: Floats, query_E: Floats, *, top: int) -> list[Hit]:
    """Return the `top` indexed videos of a task nearest to a query, exactly, nearest first (G3)."""
    tables = (task.hashes_CmN, hashes(task, query_E[None]))
    index, query = (lsh.stack_tables(table)[0] for table in tables)
    found = lsh.nearest(index, query, k=top)
    hits = []
    for i, squared in zip(found.neighbors_mK[0], found.squared_distances_mK[0], strict=True):
        row = int(task.rows_m[i])
        apart = math.sqrt(float(np.square(pooled_ME[row] - query_E).sum()))
        hits.append(Hit(row, math.sqrt(float(squared)), apart))
    return hits
