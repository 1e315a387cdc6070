"""lsfref/farneback.py: quadratics and update by hand and by loops, then the original's flow."""

from itertools import pairwise

import numpy as np
import oracles_flow as oracles
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lsfref.cited import farneback
from lsfref.kernels import pyramid
from lsfref.kernels.pyramid import layer_shapes


def quadratics(shape, seed):
    return np.random.default_rng(seed).normal(0, 1, (5, *shape))


def flows_of(first, second, n_scales=8):
    pair = [pyramid.grey_layers(frame_HW, n_scales=n_scales) for frame_HW in (first, second)]
    return farneback.layer_flows(*map(farneback.prepare, pair))


def test_a_quadratic_is_found_again():
    """f = 3 + 2x - y + 0.5 x^2 - 0.25 y^2 + 0.75 xy, read around (x, y) = (13, 11)."""
    x_HW, y_HW = oracles.grid((23, 29))
    x_HW, y_HW = x_HW - 13, y_HW - 11
    image_HW = 3 + 2 * x_HW - y_HW + 0.5 * x_HW**2 - 0.25 * y_HW**2 + 0.75 * x_HW * y_HW
    found = farneback.expand(image_HW)
    at_the_pixel = [part_HW[11, 13] for part_HW in found]
    np.testing.assert_allclose(at_the_pixel, [2, -1, 0.5, -0.25, 0.75], rtol=0, atol=1e-12)
    assert found.bx_HW[11, 15] == pytest.approx(2 + 2 * 0.5 * 2, abs=1e-12)


def test_one_flat_curve_asks_for_half_the_difference_over_the_curvature():
    """A = 1 everywhere and b falls by 2d: the flow is d, but for the guard."""
    one, zero = np.ones((31, 37)), np.zeros((31, 37))
    first = farneback.Quadratic(zero, zero, one, one, zero)
    second = farneback.Quadratic(zero - 2 * 0.25, zero + 2 * 0.5, one, one, zero)
    dx_HW, dy_HW = farneback.update(first, second, zero, zero)
    assert dx_HW[15, 18] == pytest.approx(0.25 / 1.001, rel=1e-12)
    assert dy_HW[15, 18] == pytest.approx(-0.5 / 1.001, rel=1e-12)


@settings(max_examples=8)
@given(height=st.integers(1, 67), width=st.integers(1, 71), seed=st.integers(0, 99))
def test_no_motion_gives_no_flow_but_at_the_rim(height, width, seed):
    """The last row and column count as not seen: as in the original, some flow is left there."""
    frame_HW = np.random.default_rng(seed).integers(0, 255, (height, width)).astype(float)
    shapes = layer_shapes((height, width), n_scales=8)
    for flow_HW2, shape in zip(flows_of(frame_HW, frame_HW), shapes, strict=True):
        assert flow_HW2.shape == (*shape, 2)
        assert np.isfinite(flow_HW2).all()
    inner = slice(0, -32)  # beyond the reach of the rim
    np.testing.assert_allclose(flows_of(frame_HW, frame_HW, 1)[0][inner, inner], 0, atol=1e-12)
    flat_HW = np.full((height, width), 77.0)
    np.testing.assert_allclose(flows_of(flat_HW, flat_HW)[0], 0, rtol=0, atol=1e-9)


def test_a_shift_is_found_and_axes_swap():
    first_HW, second_HW = oracles.shifted_pair((97, 127), (0.7, -1.1), seed=2)
    flow_HW2 = flows_of(first_HW, second_HW)[0]
    assert np.median(oracles.endpoint_errors(flow_HW2, (0.7, -1.1))) < 0.05
    turned_HW2 = flows_of(first_HW.T, second_HW.T)[0].transpose(1, 0, 2)[..., ::-1]
    np.testing.assert_allclose(turned_HW2, flow_HW2, rtol=0, atol=1e-8)


def test_single_precision_stays():
    first_HW, second_HW = oracles.shifted_pair((41, 53), (0.7, -1.1), seed=2)
    single = flows_of(first_HW.astype(np.float32), second_HW.astype(np.float32))[0]
    assert single.dtype == np.float32
    errors_HW = oracles.endpoint_errors(single, flows_of(first_HW, second_HW)[0])
    assert errors_HW.mean() < 1e-4


def test_the_expansion_is_that_of_the_loops():
    image_HW = np.random.default_rng(1).uniform(0, 255, (11, 19))
    found = farneback.expand(image_HW)
    for y, x in ((0, 0), (5, 9), (10, 18), (3, 17), (9, 1)):
        wanted = oracles.expand(image_HW, y, x)
        np.testing.assert_allclose([p[y, x] for p in found], wanted, rtol=0, atol=1e-9)


@settings(max_examples=4)
@given(height=st.integers(3, 19), width=st.integers(3, 19), seed=st.integers(0, 99))
def test_an_update_is_that_of_the_loops(height, width, seed):
    one, two = quadratics((height, width), seed), quadratics((height, width), seed + 1)
    rng = np.random.default_rng(seed)
    dx_HW, dy_HW = rng.uniform(-4, 4, (2, height, width))
    found = farneback.update(farneback.Quadratic(*one), farneback.Quadratic(*two), dx_HW, dy_HW)
    wanted = oracles.farneback_update(one, two, dx_HW, dy_HW)
    np.testing.assert_allclose(found, wanted, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("name", ["synth", "carphone"])
def test_the_flow_is_that_of_the_original_program(name):
    """Measured on all frames: 2.3e-6 px in the mean of the worst layer, 99.99 % within 1e-3."""
    with np.load(oracles.development_data("oracle", f"{name}.npz")) as clip:
        greys = clip["grey_s0"][:8].astype(float)
        wanted = [clip[f"flow_s{k}"][:7] for k in range(len(clip["scales"]))]
    prepared = [farneback.prepare(pyramid.grey_layers(grey_HW)) for grey_HW in greys]
    flows = [farneback.layer_flows(one, two) for one, two in pairwise(prepared)]
    for k, wanted_FHW2 in enumerate(wanted):
        apart = np.abs(np.stack([layers[k] for layers in flows]) - wanted_FHW2)
        assert apart.mean() < 2e-5
        assert (apart < 1e-3).mean() > 0.999
