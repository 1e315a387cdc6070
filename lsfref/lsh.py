"""Stage 9 of 10, paper Section 2.4: scalar projections [SC08], the K nearest hash vectors.

In: features_MQ, directions_CNQ.  Out: hashes_CMN, neighbors_mK of each table.

Projections are kept as real numbers, never cut to bits (G1): vectors are compared by Euclidean
distance, not by Hamming's.
"""

from typing import NamedTuple

import numpy as np

from lsfref.arrays import Floats, Ints
from lsfref.kernels.shortlists import Prepared, prepare, shortlists


class Neighbors(NamedTuple):
    """Of each query, the nearest indexed videos, nearest first, and their squared distances."""

    neighbors_mK: Ints
    squared_distances_mK: Floats


def draw_directions(
    rng: np.random.Generator, *, n_classes: int, n_projections: int, n_features: int
) -> Floats:
    """Return directions_CNQ ~ N(0, 1): the C hash functions [DII04], in order (G1, G2)."""
    return rng.standard_normal((n_classes, n_projections, n_features))


def hash_features(features_MQ: Floats, directions_CNQ: Floats) -> Floats:
    """Return hashes_CMN, the projections h(x) = a.x of every video in every table (G1, G5).

    Products are added in the order of the Q features, each rounded on its own, so that the hash of
    a video is the same bits alone or among others (a matrix product does not promise that).
    """
    if features_MQ.ndim != 2 or features_MQ.shape[1] != directions_CNQ.shape[2]:
        raise ValueError(f"want (M, Q), (C, N, Q); got {features_MQ.shape}, {directions_CNQ.shape}")
    n_tables, n_projections, n_features = directions_CNQ.shape
    by_feature = np.ascontiguousarray(directions_CNQ.reshape(-1, n_features).T)  # (Q, C N)
    dtype = np.result_type(features_MQ, directions_CNQ)
    stacked = np.zeros((len(features_MQ), n_tables * n_projections), dtype)
    for start in range(0, len(features_MQ), 64):  # few rows at a time stay in the cache
        rows, sums = features_MQ[start : start + 64], stacked[start : start + 64]
        for q in range(n_features):
            sums += rows[:, q, None] * by_feature[q]
    hashes_MCN = stacked.reshape(-1, n_tables, n_projections)
    return np.ascontiguousarray(hashes_MCN.transpose(1, 0, 2))


def stack_tables(hashes_CMN: Floats) -> Floats:
    """Return the hashes of all tables side by side, as one table (1, M, C N) (V6)."""
    return np.concatenate(list(hashes_CMN), axis=1)[None]


def nearest(index: Floats | Prepared, queries_mN: Floats, *, k: int) -> Neighbors:
    """Return the k nearest of the index for each query: brute force and exact (G3).

    The squared distance is the sum of (x_n - y_n)^2 in the order n = 0..N-1, each operation rounded
    on its own: 0 for equal vectors, and the same bits wherever it is computed. Of equal distances
    the lower index comes first. If k exceeds the index, all of it is returned.
    A matrix product proposes, for each query, a shortlist that is sure to hold the k nearest; the
    sums above decide. A caller that asks one index often may pass it prepared, to the same answers.
    """
    index_MN = index.index_MN if isinstance(index, Prepared) else index
    n_index, n = index_MN.shape
    if n_index == 0 or queries_mN.ndim != 2 or queries_mN.shape[1] != n or k < 1:
        raise ValueError(f"want (M, N), (m, N), M, k > 0; got {index_MN.shape}, {queries_mN.shape}")
    dtype = np.result_type(index_MN, queries_mN, np.float32)
    queries_mN = queries_mN.astype(dtype, copy=False)
    if not np.isfinite(queries_mN).all():
        raise ValueError("want finite hashes")
    if not isinstance(index, Prepared) or index_MN.dtype != dtype:
        index = prepare(index_MN.astype(dtype, copy=False))
    k = min(k, n_index)
    neighbors_mK = np.empty((len(queries_mN), k), np.int64)
    squared_mK = np.empty((len(queries_mN), k), dtype)
    for block, short, counts_B in shortlists(index, queries_mN, k=k):
        squared = _squared_distances(index.index_MN, queries_mN[block], short)
        squared[np.arange(short.shape[1]) >= counts_B[:, None]] = np.inf
        order_BK = np.argsort(squared, axis=1, kind="stable")[:, :k]
        row_B1 = np.arange(len(short))[:, None]
        neighbors_mK[block], squared_mK[block] = short[row_B1, order_BK], squared[row_B1, order_BK]
    return Neighbors(neighbors_mK, squared_mK)


def _squared_distances(index_MN: Floats, queries_BN: Floats, short: Ints) -> Floats:
    """Return the distances from each query to the videos of its row of `short`."""
    squared = np.zeros(short.shape, index_MN.dtype)
    step = max(1, 3000 // short.shape[1])  # few rows at a time stay in the cache
    for start in range(0, len(short), step):
        rows = slice(start, start + step)
        apart = index_MN.take(short[rows], axis=0)  # (rows, videos, N)
        apart -= queries_BN[rows, None]
        apart *= apart
        sums = squared[rows]
        for term in np.ascontiguousarray(apart.transpose(2, 0, 1)):
            sums += term  # in the order of n, which numpy's own sums do not promise
    return squared
