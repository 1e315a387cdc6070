"""Feature tables of any extractor through the paper's stages: fuse, then keep the best (H5, H8).

In: tables, one features_MV an extractor, in the same order of videos.  Out: features_MQ a task.
All that is fitted (scaling, components, network, selection) sees the rows handed to it alone.
"""

import functools
import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from lsfref import fisher, lsfnet, switching
from lsfref.arrays import Floats, Ints
from lsfref.config import Config, random_streams
from lsfref.errors import LsfrefError
from lsfref.phases import sampling
from lsfref.study.protocol.protocol import Answers, Round, TaskLabels, ask
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
) -> dict[str, list[Answers]]:
    """Return the answers of each recipe to each task in one fold; tasks[0] teaches LSFNet."""
    train, test = one.split
    seen, asked = ([table[rows] for table in tables] for rows in one.split)
    fused: dict[str, tuple[Tables, Tables]] = {}
    answers: dict[str, list[Answers]] = {}
    for recipe in recipes:
        kind = "none" if recipe.fuse == "cca" else recipe.fuse
        if kind not in fused:
            transform = fit_fusion(
                kind, seen, tasks[0].labels_M[train], n_classes=len(tasks[0].classes), config=config
            )
            fused[kind] = transform(seen), transform(asked)
        answers[recipe.name] = []
        for number, task in enumerate(tasks):
            rank = tasks[0] if config.select_by == "background" else task  # F6
            index_MQ, queries_mQ = select_and_join(
                recipe, *fused[kind], rank.labels_M[train], top_percent=config.top_percent
            )
            answers[recipe.name].append(
                ask(
                    recipe.ask, index_MQ, task.labels_M[train], queries_mQ, task.labels_M[test],
                    task=task, number=number, one=one, config=config, n_pairs=n_pairs,
                )
            )  # fmt: skip
    return answers


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
    scalings = [sampling.fit_scaling(table, kind=config.input_scaling) for table in tables]
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


def _scale(tables: Tables, *, scalings: list[sampling.Scaling]) -> Tables:
    pairs = zip(scalings, tables, strict=True)
    return [sampling.apply_scaling(scaling, table) for scaling, table in pairs]


def _train(
    kind: str, rows: Floats, labels_B: Ints, *, n_classes: int, config: Config
) -> lsfnet.Parameters:
    batch_size = min(config.batch_size, math.ceil(len(rows) / BATCHES))
    steps = math.ceil(len(rows) / batch_size)
    streams = random_streams(config.seed)
    parameters = lsfnet.init_parameters(
        streams.init,
        n_in=rows.shape[1],
        hidden=config.hidden,
        n_code=config.n_code,
        n_classes=n_classes,
        dtype=config.dtype,
    )
    trained = switching.train_network(
        parameters,
        rows.astype(config.dtype),
        labels_B,
        epochs=max(config.epochs, math.ceil(LEAST_STEPS / steps)),
        batch_size=batch_size,
        switch="reconstruction" if kind == "autoencoder" else config.switch,
        optimizer=config.optimizer,
        lr_ae=config.lr_ae,
        lr_mlp=config.lr_mlp,
        rng=streams.batch,
    )
    return trained.parameters


def _codes(rows: Floats, *, parameters: lsfnet.Parameters, dtype: str) -> Floats:
    return lsfnet.encode(parameters, rows.astype(dtype)).astype(np.float64)
