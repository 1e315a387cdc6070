"""Stage 10 of 10, paper Section 2.4: soft voting.

In: neighbors_TMK, squared_distances_TMK, labels_m.  Out: confidence_MC, decision_M.
"""

from typing import NamedTuple

import numpy as np

from lsfref.arrays import Floats, Ints


class Votes(NamedTuple):
    """Of each query, the share of each class (they sum to 1) and the class that wins."""

    confidence_MC: Floats
    decision_M: Ints


def vote(
    neighbors_TMK: Ints,
    squared_distances_TMK: Floats,
    labels_m: Ints,
    *,
    n_classes: int,
    rule: str,
) -> Votes:
    """Return the confidence of each class and the decision, for M queries.

    `neighbors_TMK` number the m indexed videos, whose labels are 0 to n_classes - 1. T is the
    number of tables: one a class, or one in all for "stacked".

    Choices: average   V1 the share of each label among the neighbors of all tables.
             table     V2 table c counts label c only; if none counts, all shares are equal.
             weighted  V5 a neighbor at distance d weighs 1 / (d + 1e-12), its table 1 in all.
             stacked   V6 as average, in one table whose hashes are all tables' side by side.
    Ties go to the lowest class; except in "weighted", whole numbers are compared.
    """
    n_tables = len(neighbors_TMK)
    if squared_distances_TMK.shape != neighbors_TMK.shape:
        raise ValueError(
            f"want a distance a neighbor; got {squared_distances_TMK.shape}, {neighbors_TMK.shape}"
        )
    if labels_m.ndim != 1 or labels_m.min() < 0 or labels_m.max() >= n_classes:
        raise ValueError(f"want labels 0 to {n_classes - 1}; got {np.unique(labels_m)}")
    wanted = {"table": n_classes, "stacked": 1}.get(rule, n_tables)
    if n_tables != wanted:
        raise ValueError(f"want {wanted} tables for rule {rule}; got {n_tables}")
    classes_C = np.arange(n_classes)
    votes_TMKC = labels_m[neighbors_TMK][..., None] == classes_C
    if rule == "weighted":
        weights_TMK = 1 / (np.sqrt(squared_distances_TMK) + 1e-12)
        weights_TMK /= weights_TMK.sum(axis=2, keepdims=True)
        shares_TMC = (weights_TMK[..., None] * votes_TMKC).sum(axis=2)
        confidence_MC = shares_TMC.mean(axis=0)
        return Votes(confidence_MC, confidence_MC.argmax(axis=1))
    counts_TMC = votes_TMKC.sum(axis=2)
    if rule in ("average", "stacked"):
        counts_MC = counts_TMC.sum(axis=0)
    elif rule == "table":
        counts_MC = counts_TMC[classes_C, :, classes_C].T
    else:
        raise ValueError(f"want rule average, table, weighted or stacked; got {rule!r}")
    totals_M1 = counts_MC.sum(axis=1, keepdims=True)
    silent_M1 = totals_M1 == 0
    confidence_MC = (counts_MC + silent_M1) / (totals_M1 + n_classes * silent_M1)
    return Votes(confidence_MC, counts_MC.argmax(axis=1))
