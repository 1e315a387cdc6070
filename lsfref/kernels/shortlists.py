"""For stage 9: which indexed videos can be among the K nearest of a query, by a matrix product.

In: index_MN, prepared once; queries_mN.  Out: for each a short list, sure to hold its K nearest.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from lsfref.arrays import Floats, Ints

BLOCK = 1 << 20  # keys held at a time
ROWS = 1 << 12  # of the index that are made ready at a time: they stay in the cache


class Prepared(NamedTuple):
    """An index made ready: what a search needs and no query changes.

    x and y are the index and the queries less the mean of the index, times s, a power of two that
    brings the index below 1: a common offset costs no digits, and nothing overflows.
    """

    index_MN: Floats
    mean_N: Floats
    s: float
    reach: float  # a query that differs less from the mean is within the bounds
    right: Floats  # (N + 1, M) in float32: x, |x|^2 (1 - slack)
    slack: float
    least: float  # what underflow may hide


def prepare(index_MN: Floats, *, peak: float = 0.0) -> Prepared:
    """Return an index made ready for queries that differ from its mean by up to `peak`, or more.

    It is of the floating-point type of the distances, whose rounding the bounds cover. Raises
    ValueError for what is not finite, and where squares of the differences would overflow.

    With u = 2^-24, e the exact and d the computed squared distance (both times s^2):
    rounding x and y to float32 changes e by less than 9 u (|x|^2 + |y|^2), the product and |x|^2
    by (N + 2) u (2 |x|^2 + |y|^2), and |d - e| <= 2 (N + 2) u (|x|^2 + |y|^2) even in float32.
    So slack = (4 N + 24) u, times |x|^2 + |y|^2, covers the three together. No step asks how large
    y is, but for overflow: |y| < 2^50 keeps all that is computed below 2^127. Where x underflows,
    its error of 2^-150 times |y| is hidden by `least` for |y| < 1, by what slack has to spare else.
    """
    if not np.isfinite(index_MN).all():
        raise ValueError("want finite hashes")
    mean_N = index_MN.mean(axis=0)
    reach_2N = index_MN.max(axis=0) - mean_N, mean_N - index_MN.min(axis=0)
    peak = max(float(np.max(reach_2N)), peak)
    info = np.finfo(index_MN.dtype)
    n = len(mean_N)
    highest = float(np.sqrt(info.max / (8 * n)))
    if not peak < highest:
        raise ValueError(f"want hashes whose squares are finite; got differences of {peak:.3g}")
    s = 2.0 ** -max(int(np.frexp(peak)[1]), info.minexp // 2)  # s^2 stays finite
    slack = (4 * n + 24) * 2.0**-24
    right = np.empty((n + 1, len(index_MN)), np.float32)  # by columns of x: quicker than by rows
    for part in (slice(i, i + ROWS) for i in range(0, len(index_MN), ROWS)):
        x_mN = ((index_MN[part] - mean_N) * s).astype(np.float32)
        norms_m = np.square(x_mN, dtype=np.float64).sum(axis=1)
        right[:n, part], right[n, part] = x_mN.T, norms_m.astype(np.float32) * np.float32(1 - slack)
    least = n * (float(info.tiny) * s * s + 1e-36)
    return Prepared(index_MN, mean_N, s, min(highest, 2.0**50 / s), right, slack, least)


def shortlists(
    index: Prepared, queries_mN: Floats, *, k: int
) -> Iterator[tuple[slice, Ints, Ints]]:
    """Yield (block, short, counts_B): of a block of queries, index numbers that hold the k nearest.

    Numbers ascend in each row of `short`, which is filled up with 0 beyond counts_B. The queries
    are finite and of the type of the index. A query out of reach has the index prepared anew, with
    it in view. Raises ValueError where squares of the differences would overflow.
    """
    y_mN = queries_mN - index.mean_N
    peak = float(np.abs(y_mN).max(initial=0))
    if not peak < index.reach:
        index = prepare(index.index_MN, peak=peak)
    y_mN = (y_mN * index.s).astype(np.float32)
    left = np.ones((len(y_mN), y_mN.shape[1] + 1), np.float32)
    np.multiply(y_mN, -2, out=left[:, :-1])
    norms_m = np.square(y_mN, dtype=np.float64).sum(axis=1)
    n_block = max(16, BLOCK // len(index.index_MN))  # a product of few rows is slow
    for start in range(0, len(y_mN), n_block):
        block = slice(start, start + n_block)
        # The product: lower bounds of s^2 d - |y|^2 + slack |y|^2
        yield block, *_shortlists(left[block] @ index.right, norms_m[block], index, k=k)


def _shortlists(keys_BM: Floats, norms_B: Floats, index: Prepared, *, k: int) -> tuple[Ints, Ints]:
    """Return, for each query of a block, index numbers that hold its k nearest, and their count.

    Numbers ascend in each row; rows are filled up with 0. Keys are lower bounds as above. Let t be
    at least the k-th smallest key of a query. An x whose key is t or less has
    |x|^2 <= 3 (t + 2 |y|^2), which bounds how far its distance may lie above its key; so the k
    nearest have keys within 6 slack (t + 3 |y|^2) of t.
    """
    n_queries, n_index = keys_BM.shape
    # Keep the least of `fold` columns, `width` apart; the k-th smallest of these serves as t.
    fold = max(1, min(32, n_index // (8 * k)))
    width = n_index // fold
    least = keys_BM[:, : fold * width].reshape(n_queries, fold, width).min(axis=1)
    least.partition(k - 1, axis=1)
    t_B = least[:, k - 1].astype(np.float64)
    limit_B = t_B + 7 * index.slack * (t_B + 3 * norms_B) + index.least
    at = np.flatnonzero(keys_BM <= limit_B.astype(np.float32)[:, None])
    row, column = np.divmod(at, n_index)
    counts_B = np.bincount(row, minlength=n_queries)
    short = np.zeros((n_queries, counts_B.max()), np.int64)
    short[row, np.arange(len(row)) - np.repeat(np.cumsum(counts_B) - counts_B, counts_B)] = column
    return short, counts_B
