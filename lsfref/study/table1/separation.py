"""How far apart the classes lie in a feature space: the numbers beside Figure 3 (H7).

In: features_MQ, labels_M of two classes or more.
Out: mean silhouette, ratio of between to within scatter.
"""

import numpy as np

from lsfref.arrays import Floats, Ints


def silhouette(features_MQ: Floats, labels_M: Ints) -> float:
    """Return the mean silhouette over the videos, -1..1, Euclidean distances.

    (b - a) / max(a, b) of a video: a its mean distance to the rest of its class, b the least mean
    distance to another class; 0 for the only video of a class, and where a = b = 0.
    """
    in_MC = labels_M[:, None] == np.unique(labels_M)
    from scipy.spatial.distance import cdist  # here: keeps `--help` quick

    total_MC, count_C = cdist(features_MQ, features_MQ) @ in_MC, in_MC.sum(axis=0)
    count_M = in_MC @ count_C
    own_M = total_MC[in_MC] / np.maximum(count_M - 1, 1)
    other_M = np.where(in_MC, np.inf, total_MC / count_C).min(axis=1)
    scale_M, each_M = np.maximum(own_M, other_M), np.zeros(len(labels_M))
    np.divide(other_M - own_M, scale_M, out=each_M, where=(scale_M > 0) & (count_M > 1))
    return float(each_M.mean())


def scatter_ratio(features_MQ: Floats, labels_M: Ints) -> float:
    """Return trace(between-class scatter) / trace(within-class scatter); inf without any within."""
    mean_Q = features_MQ.mean(axis=0)
    between = within = 0.0
    for c in np.unique(labels_M):
        class_mQ = features_MQ[labels_M == c]
        between += len(class_mQ) * float(((class_mQ.mean(axis=0) - mean_Q) ** 2).sum())
        within += float(((class_mQ - class_mQ.mean(axis=0)) ** 2).sum())
    return between / within if within > 0 else float("inf")
