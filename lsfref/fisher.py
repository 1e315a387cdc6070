"""Stage 8 of 10, paper Section 2.3: rank the pooled features, keep the best.

In: pooled_ME, labels_M.  Out: scores_E, selected_Q.
"""

import math

import numpy as np

from lsfref.arrays import Floats, Ints


def fisher_score(pooled_ME: Floats, labels_M: Ints) -> Floats:
    """Return scores_E, the Fisher score of each of the E features.

    Paper Eq. (1), after [GLH11]:  f_i = sum_c n_c (mu_c^i - mu^i)^2 / sum_c n_c (sigma_c^i)^2

    Choices: F1 sigma is the population standard deviation.
             F2 a feature constant within every class scores inf, or 0 if constant overall.
             F5 a class without videos is left out; fewer than two classes is an error.
    """
    pooled_ME, labels_M = np.asarray(pooled_ME), np.asarray(labels_M)
    if pooled_ME.ndim != 2 or labels_M.shape != pooled_ME.shape[:1]:
        raise ValueError(f"want (M, E) and (M,), got {pooled_ME.shape} and {labels_M.shape}")
    if not np.isfinite(pooled_ME).all():
        raise ValueError("want finite features")
    classes = np.unique(labels_M)
    if len(classes) < 2:
        raise ValueError(f"want two classes or more; got {classes}")
    # The score ignores scale: a power of two is exact and keeps the squares from overflowing.
    unit_ME = np.ldexp(pooled_ME, -np.frexp(np.abs(pooled_ME).max(axis=0))[1])
    mean_E = unit_ME.mean(axis=0)
    between_E = np.zeros_like(mean_E)
    within_E = np.zeros_like(mean_E)
    varies_E = np.zeros(mean_E.shape, dtype=bool)  # inside at least one class
    for c in classes:
        class_mE = unit_ME[labels_M == c]  # m: the videos of class c
        between_E += len(class_mE) * (class_mE.mean(axis=0) - mean_E) ** 2
        within_E += len(class_mE) * class_mE.var(axis=0)  # two-pass, never E[x^2] - E[x]^2
        varies_E |= np.ptp(class_mE, axis=0) > 0  # not within_E > 0: three 0.1s have variance 2e-34
    scores_E = np.where(np.ptp(unit_ME, axis=0) > 0, np.inf, 0.0).astype(mean_E.dtype)  # F2
    np.divide(between_E, within_E, out=scores_E, where=varies_E & (within_E > 0))
    return scores_E


def select_top(scores_E: Floats, *, top_percent: float) -> Ints:
    """Return selected_Q: the best top_percent of the features, best first (F3, F4)."""
    if not 0 < top_percent <= 100:
        raise ValueError(f"want 0 < top_percent <= 100; got {top_percent}")
    n_keep = max(1, math.ceil(len(scores_E) * top_percent / 100))
    return np.argsort(-np.asarray(scores_E), kind="stable")[:n_keep]
