"""The protocol behind every figure: folds, drawn (N, K), answers put together (T4 to T6).

In: what answers one fold.  Out: an Outcome per method and task.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from lsfref.arrays import Floats, Ints
from lsfref.config import Config
from lsfref.errors import LsfrefError
from lsfref.study.protocol import asking
from lsfref.study.protocol.outcome import Outcome
from lsfref.study.protocol.splits import Repeats, Split

NO_ANSWER, NOT_ASKED = -1, -2  # without trajectories; without a label


class Asked(NamedTuple):
    """The answers to the test rows of one fold for one task, once per round (per pair (N, K))."""

    decision_Ym: Ints  # a class number, NO_ANSWER or NOT_ASKED
    confidence_Ym: Floats | None = None  # of the decision; 0 where there is none


class TaskLabels(NamedTuple):
    """One question: labels_M number the classes, -1 where a video has no label."""

    name: str
    classes: tuple[str, ...]
    labels_M: Ints


Tasks = list[TaskLabels]


class Round(NamedTuple):
    """One fold of one repetition."""

    split: Split
    repeat: int
    fold: int


def strata(tasks: Tasks) -> Ints:
    """Return one number per video for its labels in all tasks together, the first task's first."""
    joint = np.stack([task.labels_M for task in tasks], axis=1)
    return np.unique(joint, axis=0, return_inverse=True)[1].ravel()


def rounds_of(repeats: Repeats) -> list[Round]:
    """Return the rounds of repeated folds, in order."""
    return [Round(split, r, f) for r, folds in enumerate(repeats) for f, split in enumerate(folds)]


def collect(
    rounds: Sequence[Round], answers: Sequence[dict[str, list[Asked]]], tasks: Tasks
) -> list[Outcome]:
    """Return the Outcome of each method and task, methods in the order in which they first answer.

    A video without a label of a task, or in no test part, is left out of its Outcome.
    """
    parts: dict[tuple[str, int], list[tuple[Round, Asked]]] = {}
    for one, by_method in zip(rounds, answers, strict=True):
        for method, by_task in by_method.items():
            for t, asked in enumerate(by_task):
                parts.setdefault((method, t), []).append((one, asked))
    outcomes = []
    for (method, t), part in parts.items():
        task, first = tasks[t], part[0][1]
        n_repeats = 1 + max(one.repeat for one, _ in part)
        shape = n_repeats, len(first.decision_Ym), len(task.labels_M)
        decisions, confidences = np.full(shape, NOT_ASKED), np.zeros(shape)
        for one, (decision_ym, confidence_ym) in part:
            decisions[one.repeat][:, one.split[1]] = decision_ym
            if confidence_ym is not None:
                confidences[one.repeat][:, one.split[1]] = confidence_ym
        said_YM = np.concatenate(decisions)
        known = (task.labels_M >= 0) & (said_YM != NOT_ASKED).all(axis=0)
        sure = None if first.confidence_Ym is None else np.concatenate(confidences)[:, known]
        true = task.labels_M[known]
        outcomes.append(Outcome(method, task.name, task.classes, true, said_YM[:, known], sure))
    return outcomes


def ask(
    how: str,
    index_MQ: Floats,
    labels_M: Ints,
    queries_mQ: Floats,
    *,
    task: TaskLabels,
    number: int,
    one: Round,
    config: Config,
) -> Asked:
    """Answer one task, the one with that number, for queries of one round.

    how: "lsh" C hash tables, new directions for each pair; "exact" nearest neighbors by the
    features themselves, the same K; "svm" a linear SVM, one round. The pairs (N, K) are the same in
    every fold of a repetition. All rows have labels.
    """
    if len(np.unique(labels_M)) < 2:
        raise LsfrefError(f"{task.name}: a training part has a single class; use fewer folds")
    given, n_classes = (index_MQ, labels_M, queries_mQ), len(task.classes)
    if how == "svm":
        return Asked(asking.ask_svm(*given, n_classes=n_classes)[None])
    pair_rng = np.random.default_rng([config.seed, one.repeat])
    pairs = asking.draw_pairs(pair_rng, config, n_index=len(labels_M), n_pairs=asking.N_PAIRS)
    rng = np.random.default_rng([config.seed, one.repeat, one.fold, number])
    votes = [
        asking.ask_exact(*given, k=pair.k, n_classes=n_classes)
        if how == "exact"
        else asking.ask_hashed(*given, pair=pair, classes=task.classes, config=config, rng=rng)
        for pair in pairs
    ]
    confidences = [of_pair.confidence_MC.max(axis=1) for of_pair in votes]
    return Asked(np.stack([of_pair.decision_M for of_pair in votes]), np.stack(confidences))
