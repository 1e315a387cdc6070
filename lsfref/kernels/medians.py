"""For stage 2: medians of small windows, as networks of minimum and maximum over whole planes.

In: image_HW.  Out: image_HW, in its own type; the same bits as a sorted window's middle.
"""

from collections.abc import Callable

import numpy as np

from lsfref.arrays import Floats
from lsfref.kernels.filters import repeat_edges, view

Network = Callable[..., Floats]


def median(image_HW: Floats, *, size: int = 3, network: Network | None = None) -> Floats:
    """Return the median of the size x size window, edge pixels repeated outside.

    `network` finds it from the rows of the windows; that of 3 x 3 is here.
    """
    height, width = image_HW.shape
    stride = width + size - 1
    flat = repeat_edges(image_HW, size // 2, size // 2).ravel()
    rows = [flat[i * stride :][: height * stride] for i in range(size)]
    medians = (network or _median_9)(*rows)
    return view(medians, (1, height, width), (0, stride))[0].copy()


def in_order(a: Floats, b: Floats) -> tuple[Floats, Floats]:
    return np.minimum(a, b), np.maximum(a, b)


def median_3(a: Floats, b: Floats, c: Floats) -> Floats:
    low, high = in_order(a, b)
    return np.maximum(low, np.minimum(high, c))


def _median_9(a: Floats, b: Floats, c: Floats) -> Floats:
    """Sort every column: the median of the greatest low, the median middle and the least high."""
    a, b = in_order(a, b)
    b, c = in_order(b, c)
    a, b = in_order(a, b)
    low = np.maximum(np.maximum(a[:-2], a[1:-1]), a[2:])
    high = np.minimum(np.minimum(c[:-2], c[1:-1]), c[2:])
    return median_3(low, median_3(b[:-2], b[1:-1], b[2:]), high)
