"""The 5x5 median of the dense-trajectories release, for Farneback's flow alone (A2).

In: the five rows of every window.  Out: their median, for `kernels.medians.median`.
"""

import numpy as np

from lsfref.arrays import Floats
from lsfref.kernels.medians import in_order, median, median_3


def median_5x5(image_HW: Floats) -> Floats:
    """Return the median of the 5 x 5 window, edge pixels repeated outside."""
    return median(image_HW, size=5, network=median_25)


def median_25(a: Floats, b: Floats, c: Floats, d: Floats, e: Floats) -> Floats:
    """Sort every column, then each rank of five columns; 13 of the 25 can still be the median.

    a4 is the 4th of the five lowest of the columns, e1 the 1st of their highest. Of those 13, each
    is known to be at least its left and its upper neighbor. The rest is a network of 18 steps,
    found by search and proved on all 162 ways to cut the 13 into low and high (0-1 principle).
    """
    rows = [a, b, c, d, e]
    for i, j in ((0, 1), (3, 4), (2, 4), (2, 3), (1, 4), (0, 3), (0, 2), (1, 3), (1, 2)):
        rows[i], rows[j] = in_order(rows[i], rows[j])
    a, b, c, d, e = rows
    a4, a5 = _ranks(a, 4, 5)
    b3, b4, b5 = _ranks(b, 3, 5)
    c2, c3, c4 = _ranks(c, 2, 4)
    d1, d2, d3 = _ranks(d, 1, 3)
    e1, e2 = _ranks(e, 1, 2)
    low_p, high_p = in_order(c3, np.minimum(c4, e1))
    low_q, high_q = in_order(np.maximum(d1, np.minimum(b4, e2)), np.maximum(c2, np.minimum(d3, a5)))
    middle = np.maximum(np.maximum(a4, b3), np.minimum(d2, b5))
    return median_3(np.minimum(high_p, high_q), np.maximum(low_p, low_q), middle)


def _ranks(values: Floats, first: int, last: int) -> list[Floats]:
    """Return the first-th to last-th lowest of each five neighbors.

    Four are sorted as two pairs, which neighbors share; the k-th of five is the fifth value kept
    between the (k-1)-th and the k-th of the four.
    """
    low, high = in_order(values[:-1], values[1:])
    lows, highs = (low[:-3], low[3:]), (high[:-3], high[3:])
    inner = np.maximum(*lows), np.minimum(*highs)
    sort_four = {
        1: lambda: np.minimum(*lows),
        2: lambda: np.minimum(*inner),
        3: lambda: np.maximum(*inner),
        4: lambda: np.maximum(*highs),
    }
    four = {k: sort_four[k]() for k in range(max(1, first - 1), min(4, last) + 1)}
    ranks = []
    for k in range(first, last + 1):
        fifth = values[2:-2]
        fifth = np.minimum(fifth, four[k]) if k < 5 else fifth
        ranks.append(np.maximum(fifth, four[k - 1]) if k > 1 else fifth)
    return ranks
