"""Preset `best` under the protocol, on videos and on feature tables (T4 to T6, X13).

In: videos or tables, labels of both tasks, folds.  Out: an Outcome a task.

All that is fitted sees the training rows of its fold alone; nothing is drawn but the folds, so that
there is one round a repetition.
"""

import functools
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from lsfref.arrays import Bools, Floats, Ints
from lsfref.config import Config
from lsfref.phases.extraction import ALONE, Work
from lsfref.phases.phase2 import UNLABELED
from lsfref.study.best.choices import NAME, Choices
from lsfref.study.best.experts import answer_rows, fit_experts
from lsfref.study.best.vectors import WIDTH, describe_video
from lsfref.study.classifiers.logistic import fit_classifier, posteriors
from lsfref.study.protocol import protocol
from lsfref.study.protocol.evaluate import Counted, checked_rounds
from lsfref.study.protocol.outcome import Outcome
from lsfref.study.protocol.protocol import Asked, Round, TaskLabels, Tasks, collect
from lsfref.study.protocol.splits import Repeats

METHOD = f"preset {NAME}"
WIDER, WEIGHTIER = 3, 5  # kernel and errors of a table, against those of few columns (X13)


class Described(NamedTuple):
    """The vectors of M videos, and which of them can be learned from and answered."""

    vectors_MV: Floats
    usable_M: Bools


def evaluate_videos(
    videos: Counted,
    tasks: Tasks,
    repeats: Repeats,
    config: Config,
    choices: Choices,
    *,
    work: Work = ALONE,
) -> list[Outcome]:
    """Return the Outcome of each task.

    Raises LsfrefError where a training part has fewer than two classes of a task.
    """
    rounds = checked_rounds(repeats, videos, tasks)
    described = describe(videos, config, choices, work=work)
    return ask_rounds(described, tasks, rounds, choices)


def describe(videos: Counted, config: Config, choices: Choices, *, work: Work = ALONE) -> Described:
    """Return what `describe_video` made of each, or makes now; zeros where it makes nothing."""
    n_videos = len(videos.paths)
    vectors_MV, usable_M = np.zeros((n_videos, WIDTH)), np.zeros(n_videos, dtype=bool)
    look = functools.partial(describe_video, config=config, choices=choices, extract=work.extract)
    for m, pooled in enumerate(videos.described or work.each("describing", look, videos.paths)):
        if pooled.pooled_E is not None:
            vectors_MV[m], usable_M[m] = pooled.pooled_E, True
    return Described(vectors_MV, usable_M)


def ask_rounds(
    described: Described, tasks: Tasks, rounds: Sequence[Round], choices: Choices
) -> list[Outcome]:
    """Return the Outcome of each task from the vectors of the videos."""
    answers = [
        {METHOD: [_answer_fold(described, task, one, choices) for task in tasks]} for one in rounds
    ]
    return collect(rounds, answers, tasks)


def _answer_fold(described: Described, task: TaskLabels, one: Round, choices: Choices) -> Asked:
    """Return the decisions on the test rows of a fold about a task."""
    train, test = one.split
    vectors_MV, usable_M = described
    learned = train[usable_M[train] & (task.labels_M[train] != UNLABELED)]
    fitted = fit_experts(
        vectors_MV[learned], task.labels_M[learned], task=task.name,
        n_classes=len(task.classes), choices=choices,
    )  # fmt: skip
    shares = functools.partial(answer_rows, fitted, choices=choices)
    return asked_of(shares, vectors_MV[test], usable_M[test], task.labels_M[test])


def asked_of(
    shares: Callable[[Floats], Floats], vectors_mV: Floats, usable_m: Bools, labels_m: Ints
) -> Asked:
    """Return the decisions on m test videos and their shares, as one round."""
    decision_m = np.where(labels_m == UNLABELED, protocol.NOT_ASKED, protocol.NO_ANSWER)
    confidence_m = np.zeros(len(labels_m))
    asked = np.flatnonzero(usable_m & (labels_m != UNLABELED))
    if len(asked):
        shares_MC = shares(vectors_mV[asked])
        decision_m[asked], confidence_m[asked] = shares_MC.argmax(axis=1), shares_MC.max(axis=1)
    return Asked(decision_m[None], confidence_m[None])


def answer_tables(
    one: Round, *, tables: Sequence[Floats], tasks: Tasks, choices: Choices
) -> dict[str, list[Asked]]:
    """Answer each task for the test rows of one round from feature tables.

    Choices: X13 the columns of all tables side by side, each a z-score, and one classifier: of few
             columns (X14), but wider, and its errors weigh more.
    """
    rows_MQ = np.concatenate(tables, axis=1)
    train, test = one.split
    few = choices.likeness(few=True)
    answers = []
    for task in tasks:
        learned = train[task.labels_M[train] != UNLABELED]
        fitted = fit_classifier(
            rows_MQ[learned], task.labels_M[learned], n_classes=len(task.classes),
            kernel=few._replace(gamma=few.gamma / WIDER), cost=WEIGHTIER * choices.cost,
        )  # fmt: skip
        shares = functools.partial(posteriors, fitted)
        every = np.full(len(test), True)
        answers.append(asked_of(shares, rows_MQ[test], every, task.labels_M[test]))
    return {METHOD: answers}
