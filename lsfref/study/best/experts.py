"""Who answers: a kernel classifier each of tracks, changes, statistics and people (X3 to X9).

In: vectors_mV and labels_m of m videos.  Out: shares_MC of the classes for others.
"""

import functools
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from lsfref.arrays import Bools, Floats, Ints
from lsfref.study.best.choices import Choices
from lsfref.study.best.vectors import columns, tracked
from lsfref.study.classifiers import logistic
from lsfref.study.classifiers.logistic import Classifier, Kernel


class Experts(NamedTuple):
    """The classifiers of a task and the shares that they have in its answer."""

    classifiers: dict[str, Classifier]
    shares: dict[str, float]


class Lesson(NamedTuple):
    """What an expert is fitted to: whom of m videos it sees, what of them, how alike they are."""

    expert: str
    rows_m: Bools
    features_nQ: Floats  # n: the videos that it sees
    kernel: Kernel


def lessons(vectors_mV: Floats, task: str, choices: Choices) -> Iterator[Lesson]:
    """Yield the Lesson of each expert who has a share in the answer to a task."""
    for name, share in choices.shares(task).items():
        if share > 0:
            rows_m, kernel = seen_by(name, vectors_mV), choices.likeness(few=is_few(name))
            yield Lesson(name, rows_m, columns(vectors_mV[rows_m], name, choices), kernel)


def fit_experts(
    vectors_mV: Floats, labels_m: Ints, *, task: str, n_classes: int, choices: Choices
) -> Experts:
    """Return who answers a task, fitted to m videos; the tracks' sees those that have some."""
    fit = functools.partial(logistic.fit_classifier, n_classes=n_classes, cost=choices.cost)
    classifiers = {
        of.expert: fit(of.features_nQ, labels_m[of.rows_m], kernel=of.kernel)
        for of in lessons(vectors_mV, task, choices)
    }
    return Experts(classifiers, choices.shares(task))


def is_few(expert: str) -> bool:
    """Return whether an expert sees few columns, each with a meaning of its own (X14)."""
    return expert in ("statistics", "people")


def seen_by(expert: str, vectors_MV: Floats) -> Bools:
    """Return seen_M, the videos that an expert can say something of (X12)."""
    return tracked(vectors_MV) if expert == "tracks" else np.full(len(vectors_MV), True)


def answer_rows(experts: Experts, vectors_MV: Floats, choices: Choices) -> Floats:
    """Return shares_MC of one task: the geometric mean of what the experts say.

    The share of tracks that a video does not have goes to the others in proportion; where they have
    none, all classes are alike. A class that an expert does not know has probability 0.
    """
    total_MC, weight_M = np.zeros((len(vectors_MV), 1)), np.zeros(len(vectors_MV))
    for name, classifier in experts.classifiers.items():
        rows = seen_by(name, vectors_MV)
        logs_MC = np.zeros((len(rows), len(classifier.seen_C)))
        seen_mQ = columns(vectors_MV[rows], name, choices)
        logs_MC[rows] = logistic.log_posteriors(classifier, seen_mQ)
        total_MC = total_MC + experts.shares[name] * logs_MC
        weight_M += experts.shares[name] * rows
    return np.exp(logistic.log_softmax(total_MC / np.maximum(weight_M, 1e-9)[:, None]))
