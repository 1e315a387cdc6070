"""Stage 2 of 10, paper reference [26]: dense optical flow between consecutive frames.

In: two grey frames.  Out: flow_HW2 for each layer of the scale pyramid, (dx right, dy down).
"""

from typing import NamedTuple

import numpy as np

from lsfref.arrays import Floats
from lsfref.filters import box_sums, median, warp

WINDOW = 9  # FL1
ITERATIONS = 2  # FL3


class Prepared(NamedTuple):
    """One frame, ready for both pairs that it takes part in."""

    layers: list[Floats]


def _shapes(shape: tuple[int, int], n_scales: int) -> list[tuple[int, int]]:
    count, side = 0, np.float32(min(shape))
    while count < n_scales and (side >= 32 or count == 0):
        side = np.float32(side / np.sqrt(np.float32(2)))
        count += 1
    factor, shapes = np.float32(1), []
    for _ in range(count):
        shapes.append((round(float(shape[0] / factor)), round(float(shape[1] / factor))))
        factor = np.float32(factor * np.sqrt(np.float32(2)))
    return shapes


def _resize(image_HW: Floats, shape: tuple[int, int]) -> Floats:
    for axis in (0, 1):
        n_in, n_out = image_HW.shape[axis], shape[axis]
        at = np.clip((np.arange(n_out) + 0.5) * (n_in / n_out) - 0.5, 0, n_in - 1)
        low = np.minimum(at.astype(np.intp), max(n_in - 2, 0))
        high = np.minimum(low + 1, n_in - 1)
        part = (at - low).astype(image_HW.dtype)
        part = part[:, None] if axis == 0 else part
        a, b = image_HW.take(low, axis), image_HW.take(high, axis)
        image_HW = a + (b - a) * part
    return image_HW


def prepare(frame_HW: Floats, *, n_scales: int = 8, method: str = "lucas_kanade") -> Prepared:
    """Return the frame's pyramid, each layer with its local mean removed, divided by its spread."""
    layer_HW = frame_HW if frame_HW.dtype.kind == "f" else frame_HW.astype(np.float64)
    layers = []
    for shape in _shapes(layer_HW.shape, n_scales):
        layer_HW = _resize(layer_HW, shape)
        layers.append(_normalise(layer_HW))
    return Prepared(layers)


def _normalise(layer_HW: Floats) -> Floats:
    count_HW = box_sums(np.ones_like(layer_HW), size=WINDOW)
    centred_HW = layer_HW - box_sums(layer_HW, size=WINDOW) / count_HW
    spread_HW = box_sums(centred_HW**2, size=WINDOW) / count_HW
    return centred_HW / np.sqrt(spread_HW + 16)


def layer_flows(first: Prepared, second: Prepared, *, method: str = "lucas_kanade") -> list[Floats]:
    """Return flow_HW2 of every layer, in that layer's pixels, 5x5 median filtered."""
    flows: list[Floats] = []
    flow_HW2 = np.zeros((*first.layers[-1].shape, 2), dtype=first.layers[-1].dtype)
    for first_HW, second_HW in zip(first.layers[::-1], second.layers[::-1], strict=True):
        scale = [n / o for n, o in zip(first_HW.shape[::-1], flow_HW2.shape[1::-1], strict=True)]
        flow_HW2 = np.stack(
            [_resize(flow_HW2[..., i], first_HW.shape) * scale[i] for i in (0, 1)], axis=-1
        )
        for _ in range(ITERATIONS):
            flow_HW2 = _step(first_HW, second_HW, flow_HW2)
        flow_HW2 = np.stack([median(flow_HW2[..., i], size=5) for i in (0, 1)], axis=-1)
        flows.append(flow_HW2)
    return flows[::-1]


def _step(first_HW: Floats, second_HW: Floats, flow_HW2: Floats) -> Floats:
    height, width = first_HW.shape
    y_HW, x_HW = np.indices(first_HW.shape, dtype=first_HW.dtype)
    u_HW, v_HW = flow_HW2[..., 0], flow_HW2[..., 1]
    x_HW, y_HW = x_HW + u_HW, y_HW + v_HW
    seen_HW = (x_HW >= 0) & (x_HW <= width - 1) & (y_HW >= 0) & (y_HW <= height - 1)
    warped_HW = warp(second_HW, x_HW, y_HW)
    mean_HW = (first_HW + warped_HW) / 2
    gx_HW, gy_HW = _slope(mean_HW.T).T, _slope(mean_HW)
    residual_HW = (warped_HW - first_HW) * seen_HW
    gx_HW, gy_HW = gx_HW * seen_HW, gy_HW * seen_HW
    target_HW = gx_HW * u_HW + gy_HW * v_HW - residual_HW
    products = (gx_HW**2, gx_HW * gy_HW, gy_HW**2, gx_HW * target_HW, gy_HW * target_HW)
    xx_HW, xy_HW, yy_HW, xt_HW, yt_HW = (box_sums(p_HW, size=WINDOW) for p_HW in products)
    xx_HW, yy_HW = xx_HW + 0.05, yy_HW + 0.05
    det_HW = xx_HW * yy_HW - xy_HW**2
    dx_HW = (yy_HW * xt_HW - xy_HW * yt_HW) / det_HW
    dy_HW = (xx_HW * yt_HW - xy_HW * xt_HW) / det_HW
    return np.stack([dx_HW, dy_HW], axis=-1)


def _slope(image_HW: Floats) -> Floats:
    padded = np.pad(image_HW, ((1, 1), (0, 0)), mode="edge")
    return (padded[2:] - padded[:-2]) / 2


def dense_flow(first_HW: Floats, second_HW: Floats) -> Floats:
    """Return flow_HW2 from the first frame to the second: layer 0, default settings."""
    return layer_flows(prepare(first_HW), prepare(second_HW))[0]
