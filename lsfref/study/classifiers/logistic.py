"""Kernel logistic regression, the classifier of preset `best` (X3 to X5).

In: features_mQ, labels_m of m labeled videos.  Out: posteriors of others.
"""

import functools
from typing import NamedTuple

import numpy as np

from lsfref.arrays import Floats, Ints
from lsfref.study.classifiers.descent import lowest

LEAST = 1e-6  # of a deviation that a feature is divided by
GAP = 1e-6  # how near to the minimum a fit ends, as a share of its value


class Kernel(NamedTuple):
    """How alike two videos are."""

    kind: str  # X3: gaussian or linear
    gamma: float  # X4, X14: narrowness of the gaussian
    limit: float = np.inf  # X11: z-scores beyond it count as it

    def __call__(self, left_mQ: Floats, right_MQ: Floats) -> Floats:
        """Return kernel_mM of z-scored features, plus 1.

        Choices: X3 linear: their mean product. gaussian: exp(-gamma times their mean squared
                 difference).
        """
        products_mM = left_mQ @ right_MQ.T / left_mQ.shape[1]
        if self.kind == "linear":
            return 1 + products_mM
        squares_m1 = np.square(left_mQ).mean(axis=1)[:, None]
        apart_mM = squares_m1 + np.square(right_MQ).mean(axis=1) - 2 * products_mM
        return 1 + np.exp(-self.gamma * np.maximum(apart_mM, 0))


class Classifier(NamedTuple):
    """What is fitted to m videos; classes that it never saw have probability 0."""

    kernel: Kernel
    center_Q: Floats
    scale_Q: Floats
    index_mQ: Floats  # centered and scaled
    weights_mC: Floats
    seen_C: Floats


def fit_classifier(
    features_mQ: Floats, labels_m: Ints, *, n_classes: int, kernel: Kernel, cost: float
) -> Classifier:
    """Return the classifier of z-scored features that minimizes

        |w|^2 / 2 + cost sum_i -log p(class of video i)

    over the w of the kernel's space; the kernel has a constant 1 added, so offsets are penalized as
    weights are. p is the softmax. Choices: X5 cost.
    """
    center_Q, scale_Q, index_mQ = _standardized(features_mQ, kernel.limit)
    directions_mR, roots_R = _span(kernel(index_mQ, index_mQ))
    seen, targets_m = np.unique(labels_m, return_inverse=True)
    rows_mR = directions_mR * roots_R
    value = functools.partial(
        objective, rows_mR=rows_mR, targets_m=targets_m.ravel(), n_classes=len(seen), cost=cost
    )
    planes = lowest(value, rows_mR.shape[1] * len(seen), gap=GAP).reshape(-1, len(seen))
    weights_mC = np.zeros((len(index_mQ), n_classes))
    weights_mC[:, seen] = (directions_mR / roots_R) @ planes
    seen_C = np.isin(np.arange(n_classes), seen).astype(np.float64)
    return Classifier(kernel, center_Q, scale_Q, index_mQ, weights_mC, seen_C)


def restore_classifier(features_mQ: Floats, weights_mC: Floats, kernel: Kernel) -> Classifier:
    """Return the classifier of these videos from its weights; it has seen all classes."""
    standardized = _standardized(features_mQ, kernel.limit)
    return Classifier(kernel, *standardized, weights_mC, np.ones(weights_mC.shape[1]))


def misfit(classifier: Classifier, labels_m: Ints, *, cost: float) -> float:
    """Return how far the value may be above the least, as a share of it: of a fit, about GAP.

    The bound is that of `lowest`: |gradient|^2 / 2, in the space of the kernel.
    """
    kernel_mm = classifier.kernel(classifier.index_mQ, classifier.index_mQ)
    weights_mC = classifier.weights_mC
    logs_mC = log_softmax(kernel_mm @ weights_mC)
    each_m = np.arange(len(labels_m))
    value = 0.5 * np.sum(weights_mC * (kernel_mm @ weights_mC))
    value -= cost * logs_mC[each_m, labels_m].sum()
    errors_mC = np.exp(logs_mC)
    errors_mC[each_m, labels_m] -= 1
    gradient_mC = weights_mC + cost * errors_mC
    return float(np.sum(gradient_mC * (kernel_mm @ gradient_mC)) / 2 / max(value, 1e-300))


def log_posteriors(classifier: Classifier, features_MQ: Floats) -> Floats:
    """Return logs_MC; -inf for classes that were not learned."""
    limit = classifier.kernel.limit
    rows_MQ = np.clip((features_MQ - classifier.center_Q) / classifier.scale_Q, -limit, limit)
    scores_MC = classifier.kernel(rows_MQ, classifier.index_mQ) @ classifier.weights_mC
    scores_MC[:, classifier.seen_C == 0] = -np.inf
    return log_softmax(scores_MC)


def posteriors(classifier: Classifier, features_MQ: Floats) -> Floats:
    """Return shares_MC; they add up to 1."""
    return np.exp(log_posteriors(classifier, features_MQ))


def log_softmax(scores_MC: Floats) -> Floats:
    """Return logs_MC, shifted by the maximum so that exp is safe."""
    logs_MC = scores_MC - scores_MC.max(axis=1, keepdims=True)
    return logs_MC - np.log(np.exp(logs_MC).sum(axis=1, keepdims=True))


def objective(
    flat: Floats, rows_mR: Floats, targets_m: Ints, n_classes: int, *, cost: float
) -> tuple[float, Floats]:
    """Return the value that is minimized and its gradient, for weights_RC laid flat."""
    weights_RC = flat.reshape(rows_mR.shape[1], n_classes)
    logs_mC = log_softmax(rows_mR @ weights_RC)
    each_m = np.arange(len(targets_m))
    value = 0.5 * (flat @ flat) - cost * logs_mC[each_m, targets_m].sum()
    errors_mC = np.exp(logs_mC)
    errors_mC[each_m, targets_m] -= 1
    return float(value), flat + cost * (rows_mR.T @ errors_mC).ravel()


def _standardized(features_mQ: Floats, limit: float) -> tuple[Floats, Floats, Floats]:
    """Return (center_Q, scale_Q, index_mQ): mean, deviation (1 for what is constant), z-scores."""
    center_Q, scale_Q = features_mQ.mean(axis=0), features_mQ.std(axis=0)
    scale_Q[scale_Q < LEAST] = 1
    index_mQ = np.clip((features_mQ - center_Q) / scale_Q, -limit, limit)
    return center_Q, scale_Q, index_mQ


def _span(kernel_mm: Floats) -> tuple[Floats, Floats]:
    """Return (directions_mR, roots_R): kernel = (directions roots) (directions roots)^T, in the
    directions that rounding leaves."""
    values, vectors = np.linalg.eigh(kernel_mm)
    kept = values > 1e-9 * values[-1]
    return vectors[:, kept], np.sqrt(values[kept])
