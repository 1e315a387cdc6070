"""The protocol behind every figure: folds, drawn (N, K), answers put together (T4 to T6).

In: what answers one fold.  Out: an Outcome per method and task.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from lsfref.arrays import Floats, Ints
from lsfref.config import Config
from lsfref.errors import LsfrefError
from lsfref.phases.extraction import ALONE, Work
from lsfref.study.protocol import asking
from lsfref.study.protocol.outcome import Outcome
from lsfref.study.protocol.splits import Split

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


class Round(NamedTuple):
    """One fold of one repetition."""

    split: Split
    repeat: int
    fold: int


def strata(tasks: Sequence[TaskLabels]) -> Ints:
    """Return one number per video for its labels in all tasks together, the first task's first."""
    joint = np.stack([task.labels_M for task in tasks], axis=1)
    return np.unique(joint, axis=0, return_inverse=True)[1].ravel()


def rounds_of(repeats: Sequence[Sequence[Split]]) -> list[Round]:
    """Return the rounds of repeated folds, in order."""
    return [Round(split, r, f) for r, folds in enumerate(repeats) for f, split in enumerate(folds)]


def evaluate(
    fold: Callable[[Round], dict[str, list[Asked]]],
    tasks: Sequence[TaskLabels],
    repeats: Sequence[Sequence[Split]],
    *,
    work: Work = ALONE,
) -> list[Outcome]:
    """Return the Outcome of each method and task, as `collect` puts them together.

    `fold` answers one round: for each method, an Asked per task.
    """
    rounds = rounds_of(repeats)
    return collect(rounds, list(work.each("folds", fold, rounds)), tasks)


def collect(
    rounds: Sequence[Round],
    answers: Sequence[dict[str, list[Asked]]],
    tasks: Sequence[TaskLabels],
) -> list[Outcome]:
    """Return the Outcome of each method and task, methods in the order in which they first answer.

    A video without a label of a task, or in no test part, is left out of its Outcome.
    """
    n_videos = len(tasks[0].labels_M)
    whole: dict[tuple[str, int], list[Asked]] = {}  # per repetition
    for one, by_method in zip(rounds, answers, strict=True):
        for method, by_task in by_method.items():
            for t, (decision_ym, confidence_ym) in enumerate(by_task):
                repetitions = whole.setdefault((method, t), [])
                if len(repetitions) <= one.repeat:
                    shape = len(decision_ym), n_videos
                    sure = None if confidence_ym is None else np.zeros(shape)
                    repetitions.append(Asked(np.full(shape, NOT_ASKED), sure))
                decision_yM, confidence_yM = repetitions[one.repeat]
                decision_yM[:, one.split[1]] = decision_ym
                if confidence_yM is not None:
                    confidence_yM[:, one.split[1]] = confidence_ym
    outcomes = []
    for (method, t), repetitions in whole.items():
        task = tasks[t]
        decision_YM = np.concatenate([asked.decision_Ym for asked in repetitions])
        known = (task.labels_M >= 0) & (decision_YM != NOT_ASKED).all(axis=0)
        sure = None
        if all(asked.confidence_Ym is not None for asked in repetitions):
            sure = np.concatenate([asked.confidence_Ym for asked in repetitions])[:, known]
        outcomes.append(
            Outcome(
                method, task.name, task.classes, task.labels_M[known], decision_YM[:, known], sure
            )
        )
    return outcomes


def ask(
    how: str,
    index_MQ: Floats,
    labels_M: Ints,
    queries_mQ: Floats,
    wanted_m: Ints,
    *,
    task: TaskLabels,
    number: int,
    one: Round,
    config: Config,
    n_pairs: int,
) -> Asked:
    """Answer one task, the one with that number, for the test rows of one round.

    how: "lsh" C hash tables, new directions for each pair; "exact" nearest neighbours by the
    features themselves, the same K; "svm" a linear SVM, one round. The pairs (N, K) are the same in
    every fold of a repetition. Rows labelled -1 are neither learned from nor asked.
    """
    known, asked = labels_M >= 0, wanted_m >= 0
    index, labels, queries = index_MQ[known], labels_M[known], queries_mQ[asked]
    if len(np.unique(labels)) < 2:
        raise LsfrefError(f"{task.name}: a training part has a single class; use fewer folds")
    n_classes = len(task.classes)
    if how == "svm":
        decision_Ym = np.full((1, len(wanted_m)), NOT_ASKED)
        decision_Ym[0, asked] = asking.ask_svm(index, labels, queries, n_classes=n_classes)
        return Asked(decision_Ym)
    pair_rng = np.random.default_rng([config.seed, one.repeat])
    pairs = asking.draw_pairs(pair_rng, config, n_index=len(labels), n_pairs=n_pairs)
    rng = np.random.default_rng([config.seed, one.repeat, one.fold, number])
    decision_Ym = np.full((n_pairs, len(wanted_m)), NOT_ASKED)
    confidence_Ym = np.zeros(decision_Ym.shape)
    for y, pair in enumerate(pairs):
        if how == "exact":
            votes = asking.ask_exact(index, labels, queries, k=pair.k, n_classes=n_classes)
        else:
            votes = asking.ask_hashed(
                index, labels, queries, pair=pair, n_classes=n_classes, rule=config.voting, rng=rng
            )
        decision_Ym[y, asked] = votes.decision_M
        confidence_Ym[y, asked] = votes.confidence_MC.max(axis=1)
    return Asked(decision_Ym, confidence_Ym)
