"""Stage 2 of 10, the cited flow (A2): [Far03] as the release of [26] does it.

In: two grey frames, 8-bit values.  Out: flow_HW2 for each layer of the scale pyramid.

Around every pixel the image is fitted by a quadratic, f(p) = p'Ap + b'p + c. Shifting it by d gives
b2 = b1 - 2Ad, so each pixel asks for  A d = (b1 - b2)/2,  solved over a window by least squares.
Only for agreement with the original program; the default flow is Lucas-Kanade (`flow.py`), whose
`prepare` and `layer_flows` these are in another way.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from lsfref.arrays import Floats, Ints
from lsfref.cited.medians import median_5x5
from lsfref.kernels.filters import read_at
from lsfref.kernels.pyramid import bilinear, layer_shapes, resize_bilinear, scale_factors

RADIUS, SIGMA = 7, 1.5  # of the polynomial fit, pixels
WINDOW_RADIUS, WINDOW_SIGMA = 5, 1.5  # of the least squares over neighbors, pixels
ITERATIONS = 2  # each layer
GUARD = 1e-3  # added to the determinant of the normal equations
BORDER = (0.14, 0.14, 0.4472, 0.4472, 0.4472)  # weights of the outermost pixels, edge inwards


class Quadratic(NamedTuple):
    """The fitted f(x, y) = bx x + by y + axx x^2 + ayy y^2 + axy x y + c around every pixel."""

    bx_HW: Floats
    by_HW: Floats
    axx_HW: Floats
    ayy_HW: Floats
    axy_HW: Floats


def prepare(greys: list[Floats]) -> list[Quadratic]:
    """Return the quadratics of each layer, finest first; every layer is cut from the full frame."""
    layers = []
    for grey_hw, factor in zip(greys, scale_factors(len(greys)), strict=True):
        blurred_HW = _blur(greys[0], sigma=(float(factor) - 1) / 2)
        layers.append(expand(resize_bilinear(blurred_HW, grey_hw.shape)))
    return layers


def layer_flows(first: list[Quadratic], second: list[Quadratic]) -> list[Floats]:
    """Return flow_HW2 of each layer, in its own pixels, each component 5x5 median filtered."""
    flows: list[Floats] = []
    flow_2HW = np.zeros_like(first[-1][:2])
    for one, two in zip(first[::-1], second[::-1], strict=True):
        # From the coarser layer; sqrt(2) is the nominal ratio of the sizes.
        larger = [resize_bilinear(part_HW, one.bx_HW.shape) for part_HW in flow_2HW]
        dx_HW, dy_HW = math.sqrt(2) * np.stack(larger)
        for _ in range(ITERATIONS):
            dx_HW, dy_HW = update(one, two, dx_HW, dy_HW)
        flow_2HW = np.stack([median_5x5(dx_HW), median_5x5(dy_HW)])
        flows.append(np.moveaxis(flow_2HW, 0, -1))
    return flows[::-1]


def expand(image_HW: Floats) -> Quadratic:
    """Return the weighted least-squares quadratic of the 15 x 15 pixels around each pixel.

    With weights w(x) w(y) of sum 1, and moments m2 = sum w x^2, m4 = sum w x^4, the functions 1, x,
    y, x^2 - m2, y^2 - m2, xy are orthogonal: each coefficient is one weighted sum over its norm.
    """
    x = np.arange(-RADIUS, RADIUS + 1)
    w = _gaussian(RADIUS, SIGMA)
    m2, m4 = w @ x**2, w @ x**4
    kernels = (w, w * x, w * (x**2 - m2))
    g0_HW, g1_HW, g2_HW = (_correlate(image_HW, k, axes=(0,)) for k in kernels)
    return Quadratic(
        bx_HW=_correlate(g0_HW, kernels[1] / m2, axes=(1,)),
        by_HW=_correlate(g1_HW, kernels[0] / m2, axes=(1,)),
        axx_HW=_correlate(g0_HW, kernels[2] / (m4 - m2**2), axes=(1,)),
        ayy_HW=_correlate(g2_HW, kernels[0] / (m4 - m2**2), axes=(1,)),
        axy_HW=_correlate(g1_HW, kernels[1] / m2**2, axes=(1,)),
    )


def update(one: Quadratic, two: Quadratic, dx_HW: Floats, dy_HW: Floats) -> tuple[Floats, Floats]:
    """Return the next (dx_HW, dy_HW): the whole displacement, not an increment to the last one."""
    height, width = dx_HW.shape
    x_HW = np.arange(width, dtype=dx_HW.dtype) + dx_HW
    y_HW = np.arange(height, dtype=dx_HW.dtype)[:, None] + dy_HW
    seen_HW = (x_HW >= 0) & (x_HW < width - 1) & (y_HW >= 0) & (y_HW < height - 1)
    # Where frame two is not seen, it is taken for flat and the first one's curvature counts.
    zero_HW = np.zeros_like(dx_HW)
    bx_HW, by_HW, axx_HW, ayy_HW, axy_HW = (
        np.where(seen_HW, read_at(c_HW, x_HW, y_HW)[0], rest_HW)
        for c_HW, rest_HW in zip(two, (zero_HW, zero_HW, *one[2:]), strict=True)
    )
    weight_HW = (_border_weights(height)[:, None] * _border_weights(width)).astype(dx_HW.dtype)
    axx_HW = (one.axx_HW + axx_HW) / 2 * weight_HW
    ayy_HW = (one.ayy_HW + ayy_HW) / 2 * weight_HW
    axy_HW = (one.axy_HW + axy_HW) / 4 * weight_HW
    hx_HW = (one.bx_HW - bx_HW) / 2 * weight_HW + axx_HW * dx_HW + axy_HW * dy_HW
    hy_HW = (one.by_HW - by_HW) / 2 * weight_HW + axy_HW * dx_HW + ayy_HW * dy_HW
    # Normal equations of  A d = h  over the window:  (sum A'A) d = sum A'h.
    xx_HW = _window(axx_HW**2 + axy_HW**2)
    xy_HW = _window((axx_HW + ayy_HW) * axy_HW)
    yy_HW = _window(ayy_HW**2 + axy_HW**2)
    xh_HW = _window(axx_HW * hx_HW + axy_HW * hy_HW)
    yh_HW = _window(axy_HW * hx_HW + ayy_HW * hy_HW)
    det_HW = xx_HW * yy_HW - xy_HW**2 + GUARD
    return (yy_HW * xh_HW - xy_HW * yh_HW) / det_HW, (xx_HW * yh_HW - xy_HW * xh_HW) / det_HW


def grey_layers(frame_HW: Floats, *, n_scales: int) -> list[Floats]:
    """Return the layers of a frame, each rounded to 8 bits as the original program does (A2)."""
    layers: list[Ints] = [np.rint(frame_HW).astype(np.uint8)]
    for shape in layer_shapes(frame_HW.shape, n_scales=n_scales)[1:]:
        layers.append(_resize_8bit(layers[-1], shape))
    return [layer.astype(frame_HW.dtype) for layer in layers]


def _resize_8bit(layer_HW: Ints, shape: tuple[int, int]) -> Ints:
    """Return the bilinear layer in fixed point.

    Weights have 11 fractional bits, left and right each rounded by itself; a row sum loses its last
    4 bits, a weighted row another 16, and the last 2 are rounded.
    """
    top, bottom, weight_h = bilinear(layer_HW.shape[0], shape[0])
    left, right, weight_w = bilinear(layer_HW.shape[1], shape[1])
    lower_h, upper_h = _eleven_bits(weight_h)[:, None], _eleven_bits(1 - weight_h)[:, None]
    rows_Hw = layer_HW[:, left] * _eleven_bits(1 - weight_w)
    rows_Hw += layer_HW[:, right] * _eleven_bits(weight_w)
    rows_Hw >>= 4
    sum_hw = (upper_h * rows_Hw[top] >> 16) + (lower_h * rows_Hw[bottom] >> 16)
    return ((sum_hw + 2) >> 2).astype(np.uint8)


def _eleven_bits(weights: Floats) -> Ints:
    return np.rint(2048 * weights.astype(np.float32)).astype(np.int64)


def _correlate(
    image_HW: Floats, kernel: Floats, *, axes: Sequence[int] = (0, 1), mode: str = "nearest"
) -> Floats:
    from scipy.ndimage import correlate1d  # here: every process starts 0.3 s sooner without it

    for axis in axes:
        image_HW = correlate1d(image_HW, kernel, axis=axis, mode=mode)
    return image_HW


def _gaussian(radius: int, sigma: float) -> Floats:
    w = np.exp(-(np.arange(-radius, radius + 1) ** 2) / (2 * sigma**2))
    return w / w.sum()


def _blur(image_HW: Floats, *, sigma: float) -> Floats:
    """Return the image smoothed before it is shrunk: by [1 2 1]/4 where it keeps its size."""
    size = max(round(5 * sigma) | 1, 3)
    kernel = _gaussian(size // 2, sigma) if sigma else np.array([0.25, 0.5, 0.25])
    return _correlate(image_HW, kernel, mode="mirror")


def _window(image_HW: Floats) -> Floats:
    return _correlate(image_HW, _gaussian(WINDOW_RADIUS, WINDOW_SIGMA))


def _border_weights(n: int) -> Floats:
    """Return the weight of each of n pixels in a row: little trust in fits near an edge."""
    weights = np.ones(n)
    depth = min(n, len(BORDER))
    weights[:depth] *= BORDER[:depth]
    weights[::-1][:depth] *= BORDER[:depth]
    return weights
