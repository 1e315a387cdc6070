"""Stage 2 of 10, paper Section 2.1, [26]: dense optical flow, after [LK81].

In: two grey frames.  Out: flow_HW2 of each layer of the scale pyramid, (dx right, dy down).

A pixel p of the first image I is found at p + (u, v) in the second, J. Where J, read at the flow so
far (u0, v0), differs from I by r, and g is the slope of their mean, a better flow satisfies

    gx (u - u0) + gy (v - v0) = -r,    that is    gx u + gy v = t = gx u0 + gy v0 - r

One equation does not settle two unknowns, so a window shares one flow, by least squares:

    | sum w gx gx   sum w gx gy |   | u |   | sum w gx t |
    | sum w gx gy   sum w gy gy | * | v | = | sum w gy t |

Every pixel lies in many windows. It takes a weighted mean of their flows, in which the windows that
one flow explains well weigh most: near an outline, those on the pixel's own side of it.
"""

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from lsfref.arrays import Bools, Floats
from lsfref.kernels.filters import box_sums, cells, covering_sums, read_at, slopes, window_sums
from lsfref.kernels.medians import median
from lsfref.kernels.pyramid import continued, grey_layers

__all__ = ["dense_flow", "grey_layers", "layer_flows", "prepare"]

WINDOW = 10  # FL1 side of a window, pixels, even: windows start on every second pixel
ITERATIONS = (1, 2)  # FL2 rounds of warping: on the finest layer, on each other
COARSEST = 20  # FL3 shorter side of the coarsest layer, pixels, at least
NORMAL = 7  # FL4 side of the window of normalization, pixels
FLAT = 3.0  # FL4 deviation below which a window counts as flat, grey levels
ROBUST = 1.0  # FL5 difference at which a pixel counts half, in local standard deviations
LOST = 0.1  # FL6 what a pixel costs a window by not counting, as a squared difference
HOLD = 0.1  # FL7 weight, per window, of the wish to keep the flow so far
MISFIT = 0.1  # FL8 mean squared difference at which a window counts 1/16
MEDIAN = 3  # FL9 side of the median filter after each layer, pixels


class Prepared(NamedTuple):
    """A frame made ready for both pairs that it takes part in."""

    layers: list[Floats]  # normalized, finest first
    n_wanted: int  # how many of them are scales of the video; the rest find large motion


def dense_flow(first_HW: Floats, second_HW: Floats) -> Floats:
    """Return flow_HW2, in pixels, from the first frame to the second, with the default settings.

    Frames of any size and real type: float32 stays, integers are computed in float64. Raises
    ValueError for frames of two shapes, without pixels, or with values that are not finite.
    """
    first_HW, second_HW = np.asarray(first_HW), np.asarray(second_HW)
    if first_HW.ndim != 2 or first_HW.shape != second_HW.shape or first_HW.size == 0:
        raise ValueError(f"want two (H, W) of one shape; got {first_HW.shape}, {second_HW.shape}")
    for frame_HW in (first_HW, second_HW):
        if frame_HW.dtype.kind not in "fiub" or not np.isfinite(frame_HW).all():
            raise ValueError(f"want finite real numbers; got {frame_HW.dtype}, or not finite")
    least = np.float32 if first_HW.dtype.kind == second_HW.dtype.kind == "f" else np.float64
    dtype = np.result_type(first_HW, second_HW, least)
    return layer_flows(*(prepare([f.astype(dtype, copy=False)]) for f in (first_HW, second_HW)))[0]


def prepare(greys: list[Floats]) -> Prepared:
    """Return a frame ready for `layer_flows`: grey_HW at each scale of the video, finest first.

    Choices: A3 after these layers come coarser ones, resampled likewise, as long as the shorter
             side is COARSEST or more (FL3).
    """
    n_layers = 1 + int(2 * math.log2(max(1, min(greys[0].shape) / COARSEST)))
    layers = continued(greys, max(len(greys), n_layers))
    return Prepared([normalize(grey_HW) for grey_HW in layers], len(greys))


def normalize(grey_HW: Floats) -> Floats:
    """Return the image less its local mean, over its local standard deviation (FL4).

    So light and contrast may change between frames. FLAT keeps what is nearly constant small.
    """
    share_HW = _shares(grey_HW.shape, grey_HW.dtype)
    texture_HW = grey_HW - box_sums(grey_HW, size=NORMAL) * share_HW
    spread_HW = box_sums(texture_HW * texture_HW, size=NORMAL) * share_HW
    spread_HW += FLAT**2
    texture_HW /= np.sqrt(spread_HW, out=spread_HW)
    return texture_HW


@lru_cache(maxsize=64)
def _shares(shape: tuple[int, int], dtype: np.dtype) -> Floats:
    """Return, for each pixel, one over the number of pixels in the window around it."""
    return 1 / box_sums(np.ones(shape, dtype=dtype), size=NORMAL)


def layer_flows(first: Prepared, second: Prepared) -> list[Floats]:
    """Return flow_HW2 of every layer, finest first, on its own grid and in its own pixels.

    Choices: A2 each component is median filtered (FL9), and so handed to the next finer layer.
    """
    coarsest = first.layers[-1]
    flow_2HW = np.zeros((2, *coarsest.shape), dtype=coarsest.dtype)
    flows: list[Floats] = []
    for k in range(len(first.layers) - 1, -1, -1):
        flow_2HW = enlarge(flow_2HW, first.layers[k].shape)
        for _ in range(ITERATIONS[k > 0]):
            flow_2HW = refine(first.layers[k], second.layers[k], flow_2HW)
        flow_2HW = np.stack([median(part_HW, size=MEDIAN) for part_HW in flow_2HW])
        if k < first.n_wanted:
            flows.insert(0, np.moveaxis(flow_2HW, 0, -1))
    return flows


def enlarge(flow_2hw: Floats, shape: tuple[int, int]) -> Floats:
    """Return the flow on a finer grid of `shape`, in pixels of that grid.

    Choices: FL10 a pixel takes the flow of the pixel it lies in; the windows smooth it.
    """
    scale_y, scale_x = (n / m for n, m in zip(shape, flow_2hw.shape[1:], strict=True))
    rows = ((np.arange(shape[0]) + 0.5) / scale_y).astype(np.intp)
    columns = ((np.arange(shape[1]) + 0.5) / scale_x).astype(np.intp)
    flow_2HW = flow_2hw.take(rows, axis=1).take(columns, axis=2)
    flow_2HW[0] *= scale_x
    flow_2HW[1] *= scale_y
    return flow_2HW


def refine(first_HW: Floats, second_HW: Floats, flow_2HW: Floats) -> Floats:
    """Return a better flow_2HW: one round of warping, least squares and averaging.

    Choices: FL11 five-point slopes, of the mean of the first frame and the warped second one.
    """
    height, width = first_HW.shape
    x_HW = flow_2HW[0] + np.arange(width, dtype=flow_2HW.dtype)
    y_HW = flow_2HW[1] + np.arange(height, dtype=flow_2HW.dtype)[:, None]
    warped_HW, seen_HW = read_at(second_HW, x_HW, y_HW)
    gx_HW, gy_HW = slopes((first_HW + warped_HW) / 2)
    flow_2hw = blend(*solve(add_up(gx_HW, gy_HW, warped_HW - first_HW, seen_HW, flow_2HW)))
    return flow_2hw.repeat(2, axis=2)[:, :, :width].repeat(2, axis=1)[:, :height]  # 2 x 2 a cell


def add_up(gx_HW: Floats, gy_HW: Floats, r_HW: Floats, seen_HW: Bools, flow_2HW: Floats) -> Floats:
    """Return sums_6hw of every window, from slopes, difference and flow of every pixel.

    They are what the least squares need, weighted by w: of gx gx, gx gy, gy gy, gx t, gy t, and the
    cost, sum w t^2 - LOST sum w, of which `solve` makes the misfit (FL6).

    Choices: FL5 w = 1 / (1 + (r / ROBUST)^2), and 0 where p + (u0, v0) is outside the second image.
             FL7 two weak equations a cell of 2 x 2 pixels, u = u0 and v = v0.
             FL12 the unknown is the flow itself, not what is added to it: t, not -r.
    """
    weight_HW = r_HW * r_HW
    weight_HW /= ROBUST**2
    weight_HW += 1
    np.divide(seen_HW, weight_HW, out=weight_HW)
    t_HW = gx_HW * flow_2HW[0]
    t_HW += gy_HW * flow_2HW[1]
    t_HW -= r_HW
    wx_HW, wy_HW = weight_HW * gx_HW, weight_HW * gy_HW
    xx_hw, xy_hw, yy_hw = cells(wx_HW * gx_HW), cells(wx_HW * gy_HW), cells(wy_HW * gy_HW)
    xt_hw, yt_hw = cells(wx_HW * t_HW), cells(wy_HW * t_HW)
    t_HW *= t_HW
    t_HW -= LOST
    t_HW *= weight_HW
    cost_hw = cells(t_HW)
    hold = 4 * HOLD / WINDOW**2
    u_hw, v_hw = flow_2HW[:, ::2, ::2].copy()
    xx_hw += hold
    yy_hw += hold
    xt_hw += hold * u_hw
    yt_hw += hold * v_hw
    cost_hw += hold * (u_hw * u_hw + v_hw * v_hw)
    return window_sums([xx_hw, xy_hw, yy_hw, xt_hw, yt_hw, cost_hw], size=WINDOW // 2)


def solve(sums_6hw: Floats) -> tuple[Floats, Floats, Floats]:
    """Return the flow (u_hw, v_hw) of every window, and its mean squared difference misfit_hw.

    Choices: FL6 each of the WINDOW^2 pixels costs w (gx u + gy v - t)^2 + LOST (1 - w), one outside
             either image LOST: a window that loses pixels fits badly. Of these costs the sum is
             cost - u sum w gx t - v sum w gy t + LOST WINDOW^2; what FL7 leaves is part of it.
    """
    xx_hw, xy_hw, yy_hw, xt_hw, yt_hw, cost_hw = sums_6hw
    det_hw = xx_hw * yy_hw - xy_hw * xy_hw  # positive, by HOLD
    u_hw = (yy_hw * xt_hw - xy_hw * yt_hw) / det_hw
    v_hw = (xx_hw * yt_hw - xy_hw * xt_hw) / det_hw
    misfit_hw = cost_hw - u_hw * xt_hw - v_hw * yt_hw
    return u_hw, v_hw, np.maximum(misfit_hw / WINDOW**2 + LOST, 0)


def blend(u_hw: Floats, v_hw: Floats, misfit_hw: Floats) -> Floats:
    """Return flow_2hw of every cell: the mean over the windows that hold it.

    Choices: FL8 a window's weight is 1 / (1 + misfit / MISFIT)^4.
    """
    trust_hw = MISFIT / (misfit_hw + MISFIT)
    trust_hw *= trust_hw
    trust_hw *= trust_hw
    every = np.stack([trust_hw, trust_hw * u_hw, trust_hw * v_hw])
    total, *parts = covering_sums(every, size=WINDOW // 2)
    return np.stack([part / total for part in parts])
