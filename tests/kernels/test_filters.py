"""lsfref/filters.py: every kernel beside the plain scipy call or loop that it replaces."""

import numpy as np
import oracles_flow as oracles
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from lsfref.kernels import filters

sides = st.integers(1, 17)
seeds = st.integers(0, 999)
TYPES = [np.float32, np.float64]


def image_of(height, width, seed, dtype=np.float64):
    return np.random.default_rng(seed).uniform(-9, 9, (height, width)).astype(dtype)


def test_run_sums_by_hand():
    values = np.array([1.0, 2, 4, 8, 16, 32, 64])
    np.testing.assert_array_equal(filters.run_sums(values, size=3), [7, 14, 28, 56, 112])
    np.testing.assert_array_equal(filters.run_sums(values, size=2, step=3), [9, 18, 36, 72])
    np.testing.assert_array_equal(filters.run_sums(values, size=1), values)


@settings(max_examples=25)
@given(size=st.integers(1, 21), step=st.integers(1, 5), seed=seeds)
def test_run_sums_add_what_they_say(size, step, seed):
    values = np.random.default_rng(seed).integers(-99, 99, 107).astype(float)
    kept = len(values) - (size - 1) * step
    wanted = [values[i : i + (size - 1) * step + 1 : step].sum() for i in range(kept)]
    np.testing.assert_array_equal(filters.run_sums(values, size=size, step=step), wanted)


def test_sums_do_not_carry_rounding_along():
    """A cumulative sum would leave 1e8 times the rounding behind the bright pixel."""
    image_HW = np.full((11, 37), 0.1, dtype=np.float32)
    image_HW[5, 3] = 1e8
    sums_HW = filters.box_sums(image_HW, size=3)
    np.testing.assert_allclose(sums_HW[1:-1, 7:-1], 0.9, rtol=1e-6)


@settings(max_examples=25)
@given(height=sides, width=sides, size=st.integers(2, 7), seed=seeds)
def test_window_sums_are_those_of_the_loops(height, width, size, seed):
    images = np.stack([image_of(height, width, seed + k) for k in range(3)])
    sums = filters.window_sums(images, size=size)
    wanted = [oracles.window_sums(image_HW, size) for image_HW in images]
    np.testing.assert_allclose(sums, wanted, rtol=0, atol=1e-11)


@settings(max_examples=25)
@given(height=sides, width=sides, size=st.integers(2, 7), seed=seeds)
def test_covering_sums_are_those_of_the_loops(height, width, size, seed):
    shape = (height + size - 1, width + size - 1)
    windows = np.stack([image_of(*shape, seed + k) for k in range(2)])
    sums = filters.covering_sums(windows, size=size)
    wanted = [oracles.covering_sums(part, size, (height, width)) for part in windows]
    np.testing.assert_allclose(sums, wanted, rtol=0, atol=1e-11)


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("size", [1, 3, 5, 7, 9])
def test_box_sums_are_those_of_scipy(size, dtype):
    image_HW = image_of(31, 43, 1, dtype)
    sums_HW = filters.box_sums(image_HW, size=size)
    wanted_HW = ndimage.uniform_filter(image_HW.astype(float), size, mode="constant") * size**2
    assert sums_HW.dtype == dtype
    tolerance = 1e-11 if dtype == np.float64 else 1e-4
    np.testing.assert_allclose(sums_HW, wanted_HW, rtol=0, atol=tolerance)


@settings(max_examples=25)
@given(height=sides, width=sides, seed=seeds)
def test_cells_add_up(height, width, seed):
    image_HW = image_of(height, width, seed)
    cells_hw = filters.cells(image_HW)
    padded = np.pad(image_HW, ((0, height % 2), (0, width % 2)))
    wanted = padded.reshape(cells_hw.shape[0], 2, cells_hw.shape[1], 2).sum(axis=(1, 3))
    np.testing.assert_allclose(cells_hw, wanted, rtol=0, atol=1e-12)


@settings(max_examples=25)
@given(height=sides, width=sides, before=st.integers(0, 3), after=st.integers(0, 3), seed=seeds)
def test_edges_are_repeated_as_by_numpy(height, width, before, after, seed):
    image_HW = image_of(height, width, seed, np.float32)
    padded = filters.repeat_edges(image_HW, before, after)
    assert padded.dtype == np.float32
    np.testing.assert_array_equal(padded, np.pad(image_HW, (before, after), mode="edge"))


@settings(max_examples=25)
@given(height=sides, width=sides, seed=seeds)
def test_warp_is_map_coordinates_of_order_1(height, width, seed):
    rng = np.random.default_rng(seed)
    image_HW = rng.uniform(0, 255, (height, width))
    x_HW = rng.uniform(-2, width + 1, (height, width))
    y_HW = rng.uniform(-2, height + 1, (height, width))
    x_HW[rng.random(x_HW.shape) < 0.3] = width - 1  # the last column itself
    warped_HW, inside_HW = filters.read_at(image_HW, x_HW, y_HW)
    wanted_HW = ndimage.map_coordinates(image_HW, [y_HW, x_HW], order=1, mode="nearest")
    np.testing.assert_allclose(warped_HW, wanted_HW, rtol=0, atol=1e-10)
    np.testing.assert_array_equal(warped_HW, filters.read_at(image_HW, x_HW, y_HW)[0])
    inside = (x_HW >= 0) & (x_HW <= width - 1) & (y_HW >= 0) & (y_HW <= height - 1)
    np.testing.assert_array_equal(inside_HW, inside)


def test_a_warp_to_the_pixels_themselves_changes_nothing():
    image_HW = image_of(13, 29, 2, np.float32)
    x_HW, y_HW = (part.astype(np.float32) for part in oracles.grid((13, 29)))
    before = x_HW.copy()
    warped_HW = filters.read_at(image_HW, x_HW, y_HW)[0]
    assert warped_HW.dtype == np.float32
    np.testing.assert_array_equal(warped_HW, image_HW)
    np.testing.assert_array_equal(x_HW, before)


@settings(max_examples=25)
@given(height=sides, width=sides, seed=seeds)
def test_slopes_are_those_of_scipy_but_for_the_rim(height, width, seed):
    image_HW = image_of(height, width, seed)
    taps = np.array([1, -8, 0, 8, -1]) / 12
    for axis, slope_HW in enumerate(filters.slopes(image_HW)[::-1]):
        wanted_HW = ndimage.correlate1d(image_HW, taps, axis=axis)
        place, n = np.indices(image_HW.shape)[axis], image_HW.shape[axis]
        wanted_HW[(place < 2) | (place >= n - 2)] = 0
        np.testing.assert_allclose(slope_HW, wanted_HW, rtol=0, atol=1e-12)


def test_slopes_of_a_cubic_are_exact():
    x_HW, y_HW = oracles.grid((11, 13))
    gx_HW, gy_HW = filters.slopes(x_HW**3 - 5 * x_HW + y_HW**2)
    np.testing.assert_allclose(gx_HW[:, 2:-2], (3 * x_HW**2 - 5)[:, 2:-2], rtol=0, atol=1e-10)
    np.testing.assert_allclose(gy_HW[2:-2], (2 * y_HW)[2:-2], rtol=0, atol=1e-10)
