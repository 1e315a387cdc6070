"""Who answers: a kernel classifier each of tracks, changes, statistics and people (X3 to X9).

In: vectors_mV and labels_m of m videos.  Out: shares_MC of the classes for others.
"""

from typing import NamedTuple

import numpy as np

from lsfref.arrays import Floats, Ints
from lsfref.study.best.choices import Choices
from lsfref.study.best.vectors import columns, tracked
from lsfref.study.classifiers.logistic import (
    Classifier,
    fit_classifier,
    log_posteriors,
    log_softmax,
    restore_classifier,
)


class Experts(NamedTuple):
    """The classifiers of a task and the shares that they have in its answer."""

    classifiers: dict[str, Classifier]
    shares: dict[str, float]


def fit_experts(
    vectors_mV: Floats, labels_m: Ints, *, task: str, n_classes: int, choices: Choices
) -> Experts:
    """Return who answers a task, fitted to m videos; the tracks' sees those that have some."""
    tracked_m, classifiers = tracked(vectors_mV), {}
    for name in _asked(choices.shares(task)):
        rows = tracked_m if name == "tracks" else np.full(len(labels_m), True)
        classifiers[name] = fit_classifier(
            columns(vectors_mV[rows], name, choices), labels_m[rows], n_classes=n_classes,
            kernel=choices.likeness(few=is_few(name)), cost=choices.cost,
        )  # fmt: skip
    return Experts(classifiers, choices.shares(task))


def restore_experts(
    vectors_mV: Floats, weights: dict[str, Floats], *, task: str, choices: Choices
) -> Experts:
    """Return the Experts of these videos from the weights of each classifier."""
    tracked_m, classifiers = tracked(vectors_mV), {}
    for name, weights_mC in weights.items():
        rows = tracked_m if name == "tracks" else np.full(len(vectors_mV), True)
        classifiers[name] = restore_classifier(
            columns(vectors_mV[rows], name, choices), weights_mC, choices.likeness(few=is_few(name))
        )
    return Experts(classifiers, choices.shares(task))


def is_few(expert: str) -> bool:
    """Return whether an expert sees few columns, each with a meaning of its own (X6)."""
    return expert in ("statistics", "people")


def _asked(shares: dict[str, float]) -> list[str]:
    return [name for name, share in shares.items() if share > 0]


def answer_rows(experts: Experts, vectors_MV: Floats, choices: Choices) -> Floats:
    """Return shares_MC of one task: the geometric mean of what the experts say.

    The share of tracks that a video does not have goes to the others in proportion; where they have
    none, all classes are alike. A class that an expert does not know has probability 0.
    """
    tracked_M = tracked(vectors_MV)
    total_MC, weight_M = np.zeros((len(vectors_MV), 1)), np.zeros(len(vectors_MV))
    for name, classifier in experts.classifiers.items():
        rows = tracked_M if name == "tracks" else np.full(len(vectors_MV), True)
        logs_MC = np.zeros((len(rows), len(classifier.seen_C)))
        logs_MC[rows] = log_posteriors(classifier, columns(vectors_MV[rows], name, choices))
        total_MC = total_MC + experts.shares[name] * logs_MC
        weight_M += experts.shares[name] * rows
    return np.exp(log_softmax(total_MC / np.maximum(weight_M, 1e-9)[:, None]))
