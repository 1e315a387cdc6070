"""Linear support vector machine: squared hinge, one class against the rest (H6).

In: features_MV, labels_M.  Out: Svm; margins_MC and decisions.
"""

import functools
from typing import NamedTuple

import numpy as np

from lsfref.arrays import Floats, Ints
from lsfref.study.classifiers.descent import lowest


class Svm(NamedTuple):
    """One hyperplane a class; a class that training never saw has margin -inf."""

    weights_CV: Floats
    offsets_C: Floats


def fit_svm(
    features_MV: Floats, labels_M: Ints, *, n_classes: int, cost: float = 1.0, gap: float = 1e-6
) -> Svm:
    """Return the hyperplanes that minimize, class by class (y = 1 for its rows, else -1),

        |w|^2 / 2 + b^2 / 2 + cost sum_i max(0, 1 - y_i (w . x_i + b))^2

    by L-BFGS from zero, until the value is at most (1 + gap) times the minimum. The offset b is the
    weight of a constant column of ones, penalized like the others. A table with more columns than
    rows is turned into the span of its rows first: w lies in it, so the minimum is the same and the
    work follows the rows.
    """
    if features_MV.ndim != 2 or labels_M.shape != features_MV.shape[:1] or cost <= 0:
        raise ValueError(
            f"want (M, V), (M,), cost > 0: {features_MV.shape} {labels_M.shape} {cost}"
        )
    seen = np.unique(labels_M)
    if len(seen) < 2 or seen[0] < 0 or seen[-1] >= n_classes:
        raise ValueError(f"want two classes or more in 0..{n_classes - 1}; got {seen}")
    rows = np.concatenate([features_MV, np.ones((len(features_MV), 1))], axis=1).astype(float)
    basis = None
    if rows.shape[1] > rows.shape[0]:
        basis, triangle = np.linalg.qr(rows.T)  # rows.T = basis @ triangle
        rows = triangle.T
    width = features_MV.shape[1]
    weights_CV = np.zeros((n_classes, width))
    offsets_C = np.full(n_classes, -np.inf)
    for c in seen:
        signs_M = np.where(labels_M == c, 1.0, -1.0)
        value = functools.partial(objective, rows, signs_M, cost=cost)
        solution = lowest(value, rows.shape[1], gap=gap)
        whole = solution if basis is None else basis @ solution
        weights_CV[c], offsets_C[c] = whole[:-1], whole[-1]
    return Svm(weights_CV, offsets_C)


def margins(svm: Svm, features_MV: Floats) -> Floats:
    """Return margins_MC = w_c . x + b_c; the decision is the largest, ties to the lower class."""
    return features_MV @ svm.weights_CV.T + svm.offsets_C


def objective(rows: Floats, signs_M: Floats, plane: Floats, *, cost: float) -> tuple[float, Floats]:
    """Return the value minimized and its gradient; the offset is the weight of a column of ones."""
    slack_M = np.maximum(0, 1 - signs_M * (rows @ plane))
    value = 0.5 * (plane @ plane) + cost * (slack_M @ slack_M)
    return float(value), plane - 2 * cost * (rows.T @ (signs_M * slack_M))
