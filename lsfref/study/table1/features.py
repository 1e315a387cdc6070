"""Feature tables of any extractor through the paper's stages: fuse, then keep the best (H5, H8).

In: tables, one features_MV an extractor, in the same order of videos.  Out: features_MQ a task.
All that is fitted (scaling, components, network, selection) sees the rows handed to it alone.
"""

import dataclasses
import functools
import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from lsfref import fisher, lsfnet
from lsfref.arrays import Floats, Ints
from lsfref.config import Config
from lsfref.errors import LsfrefError
from lsfref.kernels.scaling import Scaling, apply_scaling, fit_scaling
from lsfref.phases.phase1 import network_from
from lsfref.phases.testing import still_class
from lsfref.study.protocol.protocol import NO_ANSWER, NOT_ASKED, Asked, Round, TaskLabels, ask
from lsfref.study.table1 import cca, pca

CCA_RIDGE = 1.0  # of the mean variance (H5)
CCA_PAIRS = 16  # of canonical variates, kept in each fold
LEAST_STEPS = 400  # of LSFNet on tables, whose rows are few (H8)
BATCHES = 8  # an epoch then has at least this many

Tables = list[Floats]
Transform = Callable[[Tables], Tables]


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
    one: Round,
    *,
    recipes: Sequence[Recipe],
    tables: Tables,
    tasks: Sequence[TaskLabels],
    config: Config,
    n_pairs: int,
) -> dict[str, list[Asked]]:
    """Return the answers of each recipe to each task in one fold; tasks[0] teaches LSFNet."""
    train = one.split[0]
    seen = [table[train] for table in tables]
    head_labels, n_classes = tasks[0].labels_M[train], len(tasks[0].classes)
    every = np.arange(len(tables[0]))
    fused: dict[str, Tables] = {}
    answers: dict[str, list[Asked]] = {}
    for recipe in recipes:
        kind = "none" if recipe.fuse == "cca" else recipe.fuse
        if kind not in fused:
            transform = fit_fusion(kind, seen, head_labels, n_classes=n_classes, config=config)
            fused[kind] = transform(tables)
        ask = functools.partial(
            answer_task, recipe, fused[kind], every, tasks, one=one, config=config, n_pairs=n_pairs
        )
        answers[recipe.name] = [ask(number) for number in range(len(tasks))]
    return answers


def answer_task(
    recipe: Recipe,
    tables: Tables,
    usable: Ints,
    tasks: Sequence[TaskLabels],
    number: int,
    *,
    one: Round,
    config: Config,
    n_pairs: int,
) -> Asked:
    """Answer the task with that number for the test rows of one round, once per (N, K).

    Row i of each table is video usable[i]. A video without a row has no trajectories: it is not
    learned from. The selection is fitted once; for each pair there are new directions (T6).
    Choices: D4 what a video without trajectories is, or E2 that it has no answer.
             F6 whose labels rank the features.
    """
    task = tasks[number]
    ranking = tasks[0] if config.select_by == "background" else task
    train, test = (np.flatnonzero(np.isin(usable, part)) for part in one.split)
    index_MQ, queries_mQ = select_and_join(
        recipe,
        [table[train] for table in tables],
        [table[test] for table in tables],
        ranking.labels_M[usable[train]],
        top_percent=config.top_percent,
    )
    asked = ask(
        recipe.ask, index_MQ, task.labels_M[usable[train]], queries_mQ, task.labels_M[usable[test]],
        task=task, number=number, one=one, config=config, n_pairs=n_pairs,
    )  # fmt: skip
    everyone = one.split[1]  # test rows of the round, those without a row in the tables too
    still = still_class(task.classes) if config.min_points <= 1 else None  # D4
    answer = NO_ANSWER if still is None else still
    silent = np.where(task.labels_M[everyone] >= 0, answer, NOT_ASKED)
    places = np.searchsorted(everyone, usable[test])
    decisions = np.repeat(silent[None], len(asked.decision_Ym), axis=0)
    decisions[:, places] = asked.decision_Ym
    if asked.confidence_Ym is None:
        return Asked(decisions)
    confidences = (decisions >= 0).astype(float)
    confidences[:, places] = asked.confidence_Ym
    return Asked(decisions, confidences)


def fit_fusion(
    kind: str, tables: Tables, head_labels_M: Ints, *, n_classes: int, config: Config
) -> Transform:
    """Return what turns tables into one or more others, fitted to these rows.

    Each table is scaled by config.input_scaling, for itself (A11). Then
    none: they stay apart. pca: side by side, n_code principal components (H1). lsfnet: side by
    side, the codes of LSFNet trained on the rows with their labels (-1: none). autoencoder: the
    same, reconstruction alone (H2).
    Choices: H8 a table has few rows, so LSFNet takes at least BATCHES batches an epoch and
    LEAST_STEPS steps.
    """
    if config.input_scaling == "unit":
        raise LsfrefError("input_scaling=unit is for descriptors; tables take rms or zscore")
    scalings = [fit_scaling(table, kind=config.input_scaling) for table in tables]
    scale = functools.partial(_scale, scalings=scalings)
    if kind == "none":
        return scale
    rows = np.concatenate(scale(tables), axis=1)
    if kind == "pca":
        project = functools.partial(pca.project, pca.fit_pca(rows, n_components=config.n_code))
    else:
        known = head_labels_M >= 0
        parameters = _train(
            kind, rows[known], head_labels_M[known], n_classes=n_classes, config=config
        )
        project = functools.partial(_codes, parameters=parameters, dtype=config.dtype)
    return lambda asked: [project(np.concatenate(scale(asked), axis=1))]


def select_and_join(
    recipe: Recipe, seen: Tables, asked: Tables, labels_M: Ints, *, top_percent: float
) -> tuple[Floats, Floats]:
    """Return features_MQ of the training rows and of the rows asked, fitted to the former.

    Each table keeps its own best columns, ceil(d q / 100) of d in the order of rank (F1 to F4);
    rows labelled -1 have no say. They are then put side by side, or folded by CCA (H5).
    """
    if recipe.select:
        known = labels_M >= 0
        kept = []
        for table in seen:
            scores = fisher.fisher_score(table[known], labels_M[known])
            kept.append(fisher.select_top(scores, top_percent=top_percent))
        seen = [table[:, columns] for table, columns in zip(seen, kept, strict=True)]
        asked = [table[:, columns] for table, columns in zip(asked, kept, strict=True)]
    if recipe.fuse == "cca":
        try:
            chain = cca.fit_fold(seen, regularisation=CCA_RIDGE, n_components=CCA_PAIRS)
        except ValueError as fault:
            raise LsfrefError(str(fault)) from None
        return cca.apply_fold(chain, seen), cca.apply_fold(chain, asked)
    return np.concatenate(seen, axis=1), np.concatenate(asked, axis=1)


def _scale(tables: Tables, *, scalings: list[Scaling]) -> Tables:
    pairs = zip(scalings, tables, strict=True)
    return [apply_scaling(scaling, table) for scaling, table in pairs]


def _train(
    kind: str, rows: Floats, labels_B: Ints, *, n_classes: int, config: Config
) -> lsfnet.Parameters:
    batch_size = min(config.batch_size, math.ceil(len(rows) / BATCHES))
    steps = math.ceil(len(rows) / batch_size)
    own = dataclasses.replace(
        config,
        epochs=max(config.epochs, math.ceil(LEAST_STEPS / steps)),
        batch_size=batch_size,
        switch="reconstruction" if kind == "autoencoder" else config.switch,
    )
    rows = rows.astype(config.dtype)
    return network_from(own, rows, labels_B, n_classes=n_classes).parameters


def _codes(rows: Floats, *, parameters: lsfnet.Parameters, dtype: str) -> Floats:
    return lsfnet.encode(parameters, rows.astype(dtype)).astype(np.float64)
