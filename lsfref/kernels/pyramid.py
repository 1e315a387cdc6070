"""Shared by stages 2 to 4 of 10, paper Section 2.1, [26]: one image at several spatial scales.

In: frame_HW, grey 0..255.  Out: a list of layers, fine to coarse, each sqrt(2) smaller.

Layer k is resampled from layer k - 1, bilinearly and without smoothing: pixel i of n reads its
source of N pixels at (i + 1/2) N / n - 1/2, kept inside the image.
"""

import math
from functools import lru_cache
from typing import Any

import numpy as np

from lsfref.arrays import Floats, Ints

MIN_SIDE = 32  # pixels: the shorter side of the coarsest layer is at least one patch (A3)
MAX_SCALES = 8  # A3
_RATIO = np.float32(math.sqrt(2))


def scale_factors(n: int) -> list[float]:
    """Return the n factors 1, sqrt(2), 2, ... by which layers are smaller than the frame.

    Choices: A3 they are products in single precision, as in the original: 1.9999999, not 2.
    """
    factors = np.cumprod(np.array([1] + [_RATIO] * (n - 1), dtype=np.float32)[:n])
    return [float(factor) for factor in factors]


def layer_shapes(shape: tuple[int, int], *, n_scales: int = MAX_SCALES) -> list[tuple[int, int]]:
    """Return the (rows, columns) of each layer of a frame of `shape`, at least one.

    Choices: A3 as long as the shorter side, divided by sqrt(2) again and again, is 32 px or more;
             n_scales at most. In single precision: 64 divided twice by sqrt(2) must stay 32.
    """
    side, n_layers = np.float32(min(shape)), 0
    while n_layers < n_scales and side >= MIN_SIDE:
        side, n_layers = side / _RATIO, n_layers + 1
    return first_shapes(shape, max(1, n_layers))


def first_shapes(shape: tuple[int, ...], n: int) -> list[tuple[int, int]]:
    """Return the (rows, columns) of the first n layers of a frame of `shape`, however small."""
    return [(round(shape[0] / factor), round(shape[1] / factor)) for factor in scale_factors(n)]


@lru_cache(maxsize=64)
def bilinear(n_in: int, n_out: int) -> tuple[Ints, Ints, Floats]:
    """Return, for each of n_out pixels: the source pixels left and right, the right's weight."""
    at = np.clip((np.arange(n_out) + 0.5) * (n_in / n_out) - 0.5, 0, n_in - 1)
    left = np.minimum(at.astype(np.int64), max(n_in - 2, 0))
    return left, np.minimum(left + 1, n_in - 1), at - left


def resize_bilinear(layer_HW: Floats, shape: tuple[int, int]) -> Floats:
    """Return the image resampled to `shape` (rows, columns), in its own floating-point type."""
    top, bottom, weight_h = bilinear(layer_HW.shape[0], shape[0])
    left, right, weight_w = bilinear(layer_HW.shape[1], shape[1])
    weight_h1 = weight_h[:, None].astype(layer_HW.dtype)
    upper_hW, lower_hW = layer_HW[top], layer_HW[bottom]
    rows_hW = upper_hW + weight_h1 * (lower_hW - upper_hW)
    left_hw, right_hw = np.take(rows_hW, left, axis=1), np.take(rows_hW, right, axis=1)
    return left_hw + weight_w.astype(layer_HW.dtype) * (right_hw - left_hw)


def grey_layers(frame_HW: Floats, *, n_scales: int = MAX_SCALES) -> list[Floats]:
    """Return the layers of a floating-point frame, the frame itself first (A3)."""
    return continued([frame_HW], len(layer_shapes(frame_HW.shape, n_scales=n_scales)))


def continued(layers: list[Floats], n: int) -> list[Floats]:
    """Return the first n layers of a frame, those that are not given resampled from the last."""
    for shape in first_shapes(layers[0].shape, n)[len(layers) :]:
        layers = [*layers, resize_bilinear(layers[-1], shape)]
    return layers[:n]


def resize(frame_HW: Floats, *, max_side: int, enlarge: int = 1) -> Floats:
    """Return the frame with a longer side of max_side pixels, or nearer to it, by averaging areas.

    Choices: A1 max_side 0: the frame as it is. The longer side becomes max_side, the other keeps
             the aspect, halves rounded up, 1 px at least. A pixel is the mean of the part of the
             image it covers; source pixels on its edge count by the covered fraction. A smaller
             frame becomes as large in the same way, but at most `enlarge` times its size.
    """
    longer = max(frame_HW.shape)
    side = min(max_side, enlarge * longer) if max_side > 0 else longer
    if side == longer:
        return frame_HW
    h, w = (max(1, (2 * n * side + longer) // (2 * longer)) for n in frame_HW.shape)
    rows_hW = _area_means(frame_HW.shape[0], h, frame_HW.dtype) @ frame_HW
    return np.ascontiguousarray((_area_means(frame_HW.shape[1], w, frame_HW.dtype) @ rows_hW.T).T)


@lru_cache(maxsize=16)
def _area_means(n_in: int, n_out: int, dtype: np.dtype) -> Any:
    """Return the sparse (n_out, n_in) matrix whose row i averages [i, i + 1) n_in / n_out.

    In units of 1 / (n_in n_out) every edge is an integer: pixel i covers [i n_in, (i + 1) n_in),
    source pixel j is [j n_out, (j + 1) n_out), and their overlap is exact.
    """
    from scipy.sparse import csr_array  # here: every process starts sooner without it

    edges = np.union1d(np.arange(n_out + 1) * n_in, np.arange(n_in + 1) * n_out)
    overlaps, starts = np.diff(edges) / n_in, edges[:-1]
    where = (starts // n_in, starts // n_out)
    return csr_array((overlaps.astype(dtype), where), shape=(n_out, n_in))
