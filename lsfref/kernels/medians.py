"""For stage 2: medians of small windows, as networks of minimum and maximum over whole planes.

In: image_HW.  Out: image_HW, in its own type; the same bits as a sorted window's middle.
"""

import numpy as np

from lsfref.arrays import Floats
from lsfref.kernels.filters import repeat_edges, view


def median(image_HW: Floats, *, size: int) -> Floats:
    """Return the median of the size x size window (3 or 5), edge pixels repeated outside."""
    height, width = image_HW.shape
    stride = width + size - 1
    flat = repeat_edges(image_HW, size // 2, size // 2).ravel()
    rows = [flat[i * stride :][: height * stride] for i in range(size)]
    medians = (_median_9 if size == 3 else _median_25)(*rows)
    return view(medians, (1, height, width), (0, stride))[0].copy()


def _sorted(a: Floats, b: Floats) -> tuple[Floats, Floats]:
    return np.minimum(a, b), np.maximum(a, b)


def _median_3(a: Floats, b: Floats, c: Floats) -> Floats:
    low, high = _sorted(a, b)
    return np.maximum(low, np.minimum(high, c))


def _median_9(a: Floats, b: Floats, c: Floats) -> Floats:
    """Sort every column: the median of the greatest low, the median middle and the least high."""
    a, b = _sorted(a, b)
    b, c = _sorted(b, c)
    a, b = _sorted(a, b)
    low = np.maximum(np.maximum(a[:-2], a[1:-1]), a[2:])
    high = np.minimum(np.minimum(c[:-2], c[1:-1]), c[2:])
    return _median_3(low, _median_3(b[:-2], b[1:-1], b[2:]), high)


def _median_25(a: Floats, b: Floats, c: Floats, d: Floats, e: Floats) -> Floats:
    """Sort every column, then each rank of five columns; 13 of the 25 can still be the median.

    a4 is the 4th of the five lowest of the columns, e1 the 1st of their highest. Of those 13, each
    is known to be at least its left and its upper neighbour. The rest is a network of 18 steps,
    found by search and proved on all 162 ways to cut the 13 into low and high (0-1 principle).
    """
    a, b = _sorted(a, b)
    d, e = _sorted(d, e)
    c, e = _sorted(c, e)
    c, d = _sorted(c, d)
    b, e = _sorted(b, e)
    a, d = _sorted(a, d)
    a, c = _sorted(a, c)
    b, d = _sorted(b, d)
    b, c = _sorted(b, c)
    a4, a5 = _ranks(a, 4, 5)
    b3, b4, b5 = _ranks(b, 3, 5)
    c2, c3, c4 = _ranks(c, 2, 4)
    d1, d2, d3 = _ranks(d, 1, 3)
    e1, e2 = _ranks(e, 1, 2)
    low_p, high_p = _sorted(c3, np.minimum(c4, e1))
    low_q, high_q = _sorted(np.maximum(d1, np.minimum(b4, e2)), np.maximum(c2, np.minimum(d3, a5)))
    middle = np.maximum(np.maximum(a4, b3), np.minimum(d2, b5))
    return _median_3(np.minimum(high_p, high_q), np.maximum(low_p, low_q), middle)


def _ranks(values: Floats, first: int, last: int) -> list[Floats]:
    """Return the first-th to last-th lowest of each five neighbours.

    Four are sorted as two pairs, which neighbours share; the k-th of five is the fifth value kept
    between the (k-1)-th and the k-th of the four.
    """
    low, high = _sorted(values[:-1], values[1:])
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
