"""Stage 9 of 10, paper Section 2.4: scalar projections, and the K nearest among hash vectors.

In: features_MQ, directions_CNQ.  Out: hashes_CMN, neighbors_MK.
"""

from typing import NamedTuple

import numpy as np

from lsfref.arrays import Floats, Ints


class Neighbors(NamedTuple):
    """Of each query, the nearest indexed videos, nearest first, and their squared distances."""

    neighbors_mK: Ints
    squared_distances_mK: Floats


def draw_directions(
    rng: np.random.Generator, *, n_classes: int, n_projections: int, n_features: int
) -> Floats:
    """Return directions_CNQ ~ N(0, 1): the C hash functions, drawn in order (G1, G2)."""
    return rng.standard_normal((n_classes, n_projections, n_features))


def hash_features(features_MQ: Floats, directions_CNQ: Floats) -> Floats:
    """Return hashes_CMN, the scalar projections h(x) = a.x of every video in every table (G1).

    Products are added in the order of the Q features, each rounded on its own, so that the hash of
    a video is the same bits alone or among others (a matrix product does not promise that).
    """
    if features_MQ.ndim != 2 or features_MQ.shape[1] != directions_CNQ.shape[2]:
        raise ValueError(f"want (M, Q), (C, N, Q); got {features_MQ.shape}, {directions_CNQ.shape}")
    n_tables, n_projections, n_features = directions_CNQ.shape
    hashes_CMN = np.zeros((n_tables, len(features_MQ), n_projections), features_MQ.dtype)
    for q in range(n_features):
        hashes_CMN += features_MQ[:, q, None] * directions_CNQ[:, None, :, q]
    return hashes_CMN


def stack_tables(hashes_CMN: Floats) -> Floats:
    """Return the hashes of all tables side by side, as one table (1, M, C N) (V6)."""
    return np.concatenate(list(hashes_CMN), axis=1)[None]


def nearest(index_MN: Floats, queries_mN: Floats, *, k: int) -> Neighbors:
    """Return the k nearest of the index for each query, exactly: brute force (G3).

    The squared Euclidean distance is the sum of (x_n - y_n)^2 over n = 0..N-1 in that order. Equal
    distances: the lower index first. If k exceeds the index, all of it is returned.
    """
    k = min(k, len(index_MN))
    squared_mM = np.zeros((len(queries_mN), len(index_MN)), index_MN.dtype)
    for n in range(index_MN.shape[1]):
        squared_mM += np.square(queries_mN[:, n, None] - index_MN[:, n])
    neighbors_mK = np.argsort(squared_mM, axis=1, kind="stable")[:, :k]
    return Neighbors(neighbors_mK, np.take_along_axis(squared_mM, neighbors_mK, axis=1))
