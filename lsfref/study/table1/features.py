"""Feature tables of any extractor through the paper's stages: fuse, then keep the best (H5, H8).

In: tables, one features_MV an extractor, in the same order of videos.  Out: features_MQ a task.
All that is fitted (scaling, components, network, selection) sees the rows handed to it alone.
"""

import dataclasses
import math
from typing import NamedTuple

import numpy as np

from lsfref import lsfnet
from lsfref.arrays import Floats, Ints
from lsfref.config import Config
from lsfref.errors import LsfrefError
from lsfref.kernels.scaling import apply_scaling, fit_scaling
from lsfref.phases.phase1 import network_from
from lsfref.phases.phase2 import select
from lsfref.phases.testing import still_class
from lsfref.study.protocol.protocol import NO_ANSWER, NOT_ASKED, Asked, Round, Tasks, ask
from lsfref.study.table1 import cca, pca
from lsfref.study.table1.cca import Tables

CCA_RIDGE = 1.0  # of the mean variance (H5)
CCA_PAIRS = 16  # of canonical variates, kept in each fold
LEAST_STEPS = 400  # of LSFNet on tables, whose rows are few (H8)
BATCHES = 8  # an epoch then has at least this many


class Recipe(NamedTuple):
    """A row of a comparison: how tables become features, and features answers."""

    name: str
    fuse: str = "none"  # none, lsfnet, autoencoder, pca, cca
    select: bool = True  # keep the best by Fisher score
    ask: str = "lsh"  # lsh, exact, svm


FUSIONS = {
    "none": Recipe("Fisher score + LSH"),
    "lsfnet": Recipe("LSFNet + Fisher score + LSH", fuse="lsfnet"),
    "cca": Recipe("Fisher score + CCA", fuse="cca", ask="exact"),
    "pca": Recipe("PCA + Fisher score + LSH", fuse="pca"),
}


def answer_fold(
    one: Round, *, recipe: Recipe, tables: Tables, tasks: Tasks, config: Config
) -> dict[str, list[Asked]]:
    """Return the answers of a recipe to each task in one fold; tasks[0] teaches LSFNet."""
    fused, every = fuse(recipe.fuse, tables, one, tasks, config), np.arange(len(tables[0]))
    return {recipe.name: answer_tasks(recipe, fused, every, tasks, one=one, config=config)}


def answer_tasks(
    recipe: Recipe, tables: Tables, usable: Ints, tasks: Tasks, *, one: Round, config: Config
) -> list[Asked]:
    """Answer each task for the test rows of one round, once per (N, K).

    Row i of each table is video usable[i]. A video without a row has no trajectories: it is not
    learned from. The selection is fitted once; for each pair there are new directions (T6).
    Choices: D4 what a video without trajectories is, or E2 that it has no answer.
             F6 whose labels rank the features.
    """
    train, test = (np.flatnonzero(np.isin(usable, part)) for part in one.split)
    seen, queries = ([table[rows] for table in tables] for rows in (train, test))
    everyone = one.split[1]  # test rows of the round, those without a row in the tables too
    places, answers = np.searchsorted(everyone, usable[test]), []
    for number, task in enumerate(tasks):
        ranking = tasks[0] if config.select_by == "background" else task
        ranks_M = ranking.labels_M[usable[train]]
        index_MQ, queries_mQ = select_and_join(recipe, seen, queries, ranks_M, config)
        labels_M, wanted_m = task.labels_M[usable[train]], task.labels_M[usable[test]]
        known, wanted = labels_M >= 0, wanted_m >= 0
        asked = ask(
            recipe.ask, index_MQ[known], labels_M[known], queries_mQ[wanted],
            task=task, number=number, one=one, config=config,
        )  # fmt: skip
        still = still_class(task.classes) if config.min_points <= 1 else None  # D4
        answer = NO_ANSWER if still is None else still
        silent = np.where(task.labels_M[everyone] >= 0, answer, NOT_ASKED)
        decisions = np.tile(silent, (len(asked.decision_Ym), 1))
        decisions[:, places[wanted]] = asked.decision_Ym
        confidences = None
        if asked.confidence_Ym is not None:
            confidences = (decisions >= 0).astype(float)
            confidences[:, places[wanted]] = asked.confidence_Ym
        answers.append(Asked(decisions, confidences))
    return answers


def fuse(kind: str, tables: Tables, one: Round, tasks: Tasks, config: Config) -> Tables:
    """Return tables as one or more others, by what is fitted to the training rows of a round.

    Each table is scaled by config.input_scaling, for itself (A11). Then
    none, cca: they stay apart. pca: side by side, n_code principal components (H1). lsfnet: side by
    side, the codes of LSFNet trained on the rows with their labels of tasks[0] (-1: none).
    autoencoder: the same, reconstruction alone (H2).
    Choices: H8 a table has few rows, so LSFNet takes at least BATCHES batches an epoch and
    LEAST_STEPS steps.
    """
    if config.input_scaling == "unit":
        raise LsfrefError("input_scaling=unit is for descriptors; tables take rms or zscore")
    train = one.split[0]
    scalings = [fit_scaling(table[train], kind=config.input_scaling) for table in tables]
    scaled = [apply_scaling(*pair) for pair in zip(scalings, tables, strict=True)]
    if kind in ("none", "cca"):
        return scaled
    rows = np.concatenate(scaled, axis=1)
    if kind == "pca":
        return [pca.project(pca.fit_pca(rows[train], n_components=config.n_code), rows)]
    head = tasks[0]
    rows, known = rows.astype(config.dtype), train[head.labels_M[train] >= 0]
    batch_size = min(config.batch_size, math.ceil(len(known) / BATCHES))
    steps = math.ceil(len(known) / batch_size)
    own = dataclasses.replace(
        config,
        epochs=max(config.epochs, math.ceil(LEAST_STEPS / steps)),
        batch_size=batch_size,
        switch="reconstruction" if kind == "autoencoder" else config.switch,
    )
    trained = network_from(own, rows[known], head.labels_M[known], n_classes=len(head.classes))
    return [lsfnet.encode(trained.parameters, rows).astype(np.float64)]


def select_and_join(
    recipe: Recipe, seen: Tables, asked: Tables, labels_M: Ints, config: Config
) -> tuple[Floats, Floats]:
    """Return features_MQ of the training rows and of the rows asked, fitted to the former.

    Each table keeps its own best columns, ceil(d q / 100) of d in the order of rank (F1 to F4);
    rows labeled -1 have no say. They are then put side by side, or folded by CCA (H5).
    """
    if recipe.select:
        kept = [select(table, labels_M, config)[1] for table in seen]
        seen = [table[:, columns] for table, columns in zip(seen, kept, strict=True)]
        asked = [table[:, columns] for table, columns in zip(asked, kept, strict=True)]
    if recipe.fuse == "cca":
        try:
            return cca.fold(seen, asked, regularization=CCA_RIDGE, n_components=CCA_PAIRS)
        except ValueError as fault:
            raise LsfrefError(str(fault)) from None
    return np.concatenate(seen, axis=1), np.concatenate(asked, axis=1)
