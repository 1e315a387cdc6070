"""Stage 9 of 10, paper Section 2.4: scalar projections, and the K nearest among hash vectors.

In: features_MQ, directions_CNQ.  Out: hashes_CMN, neighbors_MK.
"""

from typing import NamedTuple

import numpy as np

from lsfref.arrays import Floats, Ints

BLOCK = 1 << 20  # keys held at a time


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


def nearest(index_MN: Floats, queries_mN: Floats, *, k: int) -> Neighbors:
    """Return the k nearest of the index for each query: brute force and exact (G3).

    The squared distance is the sum of (x_n - y_n)^2 in the order n = 0..N-1, each operation rounded
    on its own: 0 for equal vectors, and the same bits wherever it is computed. Of equal distances
    the lower index comes first. If k exceeds the index, all of it is returned.
    A matrix product proposes, for each query, a shortlist that is sure to hold the k nearest; the
    sums above decide.
    """
    n_index, n = index_MN.shape
    if n_index == 0 or queries_mN.ndim != 2 or queries_mN.shape[1] != n or k < 1:
        raise ValueError(f"want (M, N), (m, N), M, k > 0; got {index_MN.shape}, {queries_mN.shape}")
    dtype = np.result_type(index_MN, queries_mN, np.float32)
    index_MN, queries_mN = index_MN.astype(dtype, copy=False), queries_mN.astype(dtype, copy=False)
    if not (np.isfinite(index_MN).all() and np.isfinite(queries_mN).all()):
        raise ValueError("want finite hashes")
    k = min(k, n_index)
    product = _product_form(index_MN, queries_mN)
    index_NM = np.ascontiguousarray(index_MN.T)
    neighbors_mK = np.empty((len(queries_mN), k), np.int64)
    squared_mK = np.empty((len(queries_mN), k), dtype)
    n_block = max(1, BLOCK // n_index)
    for start in range(0, len(queries_mN), n_block):
        block = slice(start, start + n_block)
        short, counts_B = _shortlists(product, block, k=k)
        squared = _squared_distances(index_NM, queries_mN[block], short)
        squared[np.arange(short.shape[1]) >= counts_B[:, None]] = np.inf
        order_BK = np.argsort(squared, axis=1, kind="stable")[:, :k]
        neighbors_mK[block] = np.take_along_axis(short, order_BK, axis=1)
        squared_mK[block] = np.take_along_axis(squared, order_BK, axis=1)
    return Neighbors(neighbors_mK, squared_mK)


def _squared_distances(index_NM: Floats, queries_BN: Floats, short: Ints) -> Floats:
    """Return the distances from each query to the videos of its row of `short`."""
    squared = np.zeros(short.shape, index_NM.dtype)
    for n, values_M in enumerate(index_NM):
        apart = values_M.take(short)
        apart -= queries_BN[:, n, None]
        apart *= apart
        squared += apart
    return squared


class _Product(NamedTuple):
    """left @ right = lower bounds of s^2 d - |y|^2 + slack |y|^2, in float32, s a power of two.

    x and y are the index and the queries less the mean of the index, times s, so that a common
    offset costs no digits and nothing overflows.
    """

    left: Floats  # (m, N + 1): -2 y, 1
    right: Floats  # (N + 1, M): x, |x|^2 (1 - slack)
    norms_m: Floats  # |y|^2, float64
    slack: float
    least: float  # what underflow may hide


def _product_form(index_MN: Floats, queries_mN: Floats) -> _Product:
    """Return the factors of the shortlist's matrix product.

    With u = 2^-24, e the exact and d the computed squared distance (both times s^2):
    rounding x and y to float32 changes e by less than 9 u (|x|^2 + |y|^2), the product and |x|^2
    by (N + 2) u (2 |x|^2 + |y|^2), and |d - e| <= 2 (N + 2) u (|x|^2 + |y|^2) even in float32.
    So slack = (4 N + 24) u, times |x|^2 + |y|^2, covers the three together.
    """
    mean_N = index_MN.mean(axis=0)
    x_MN, y_mN = index_MN - mean_N, queries_mN - mean_N
    peak = max(np.abs(x_MN).max(), np.abs(y_mN).max(initial=0))
    info = np.finfo(index_MN.dtype)
    n = len(mean_N)
    if not peak < np.sqrt(info.max / (8 * n)):
        raise ValueError(f"want hashes whose squares are finite; got differences of {peak:.3g}")
    s = 2.0 ** -max(int(np.frexp(peak)[1]), info.minexp // 2)  # s^2 stays finite
    x_MN, y_mN = (x_MN * s).astype(np.float32), (y_mN * s).astype(np.float32)
    slack = (4 * n + 24) * 2.0**-24
    norms_M = np.square(x_MN, dtype=np.float64).sum(axis=1)
    left = np.ones((len(y_mN), n + 1), np.float32)
    np.multiply(y_mN, -2, out=left[:, :n])
    right = np.vstack([x_MN.T, norms_M.astype(np.float32) * np.float32(1 - slack)])
    norms_m = np.square(y_mN, dtype=np.float64).sum(axis=1)
    return _Product(left, right, norms_m, slack, n * (float(info.tiny) * s * s + 1e-36))


def _shortlists(product: _Product, block: slice, *, k: int) -> tuple[Ints, Ints]:
    """Return, for each query of a block, index numbers that hold its k nearest, and their count.

    Numbers ascend in each row; rows are filled up with 0. Let t be at least the k-th smallest key
    of a query. An x whose key is t or less has |x|^2 <= 3 (t + 2 |y|^2), which bounds how far its
    distance may lie above its key; so the k nearest have keys within 6 slack (t + 3 |y|^2) of t.
    """
    keys_BM = product.left[block] @ product.right
    n_queries, n_index = keys_BM.shape
    # Keep the least of each `fold` columns, `width` apart: the k-th smallest of these serves as t.
    fold = max(1, min(32, n_index // (8 * k)))
    width = -(-n_index // fold)
    least = keys_BM[:, :width].copy()
    for first in range(width, n_index, width):
        part = keys_BM[:, first : first + width]
        np.minimum(least[:, : part.shape[1]], part, out=least[:, : part.shape[1]])
    least.partition(k - 1, axis=1)
    t_B = least[:, k - 1].astype(np.float64)
    limit_B = t_B + 7 * product.slack * (t_B + 3 * product.norms_m[block]) + product.least
    row, column = np.divmod(np.flatnonzero(keys_BM <= limit_B.astype(np.float32)[:, None]), n_index)
    counts_B = np.bincount(row, minlength=n_queries)
    short = np.zeros((n_queries, counts_B.max()), np.int64)
    short[row, np.arange(len(row)) - np.repeat(np.cumsum(counts_B) - counts_B, counts_B)] = column
    return short, counts_B
