"""For stage 9: which indexed videos can be among the K nearest of a query, by a matrix product.

In: index_MN, queries_mN.  Out: for each query a short list that is sure to hold its K nearest.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from lsfref.arrays import Floats, Ints

BLOCK = 1 << 20  # keys held at a time


def shortlists(
    index_MN: Floats, queries_mN: Floats, *, k: int
) -> Iterator[tuple[slice, Ints, Ints]]:
    """Yield (block, short, counts_B): of a block of queries, index numbers that hold the k nearest.

    Numbers ascend in each row of `short`, which is filled up with 0 beyond counts_B. Both arrays
    are finite and of one floating-point type, whose rounding the bounds cover. Raises ValueError
    where squares of the differences would overflow.
    """
    product = _product_form(index_MN, queries_mN)
    n_block = max(1, BLOCK // len(index_MN))
    for start in range(0, len(queries_mN), n_block):
        block = slice(start, start + n_block)
        yield block, *_shortlists(product, block, k=k)


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
