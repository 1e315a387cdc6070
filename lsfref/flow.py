"""Stage 2 of 10, paper reference [26]: dense optical flow between consecutive frames.

In: two grey frames.  Out: flow_HW2 for each layer of the scale pyramid, (dx right, dy down).
"""

from typing import Any, NamedTuple

import numpy as np

from lsfref import farneback
from lsfref.arrays import Floats
from lsfref.filters import box_sums, median, warp
from lsfref.pyramid import grey_layers, resize_bilinear

WINDOW = 9  # FL1
ITERATIONS = 2  # FL3


class Prepared(NamedTuple):
    """One frame, ready for both pairs that it takes part in."""

    layers: list[Floats]


def prepare(
    frame_HW: Floats, *, n_scales: int = 8, method: str = "lucas_kanade"
) -> Prepared | list[farneback.Quadratic]:
    """Return the frame's pyramid, each layer with its local mean removed, divided by its spread."""
    layer_HW = frame_HW if frame_HW.dtype.kind == "f" else frame_HW.astype(np.float64)
    if method == "farneback":
        return farneback.prepare(layer_HW, n_scales=n_scales)
    return Prepared([_normalise(layer_HW) for layer_HW in grey_layers(layer_HW, n_scales=n_scales)])


def _normalise(layer_HW: Floats) -> Floats:
    count_HW = box_sums(np.ones_like(layer_HW), size=WINDOW)
    centred_HW = layer_HW - box_sums(layer_HW, size=WINDOW) / count_HW
    spread_HW = box_sums(centred_HW**2, size=WINDOW) / count_HW
    return centred_HW / np.sqrt(spread_HW + 16)


def layer_flows(first: Any, second: Any, *, method: str = "lucas_kanade") -> list[Floats]:
    """Return flow_HW2 of every layer, in that layer's pixels, 5x5 median filtered."""
    if method == "farneback":
        return farneback.layer_flows(first, second)
    flows: list[Floats] = []
    flow_HW2 = np.zeros((*first.layers[-1].shape, 2), dtype=first.layers[-1].dtype)
    for first_HW, second_HW in zip(first.layers[::-1], second.layers[::-1], strict=True):
        scale = [n / o for n, o in zip(first_HW.shape[::-1], flow_HW2.shape[1::-1], strict=True)]
        flow_HW2 = np.stack(
            [resize_bilinear(flow_HW2[..., i], first_HW.shape) * scale[i] for i in (0, 1)], axis=-1
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
