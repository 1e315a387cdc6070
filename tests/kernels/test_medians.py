"""Medians as networks: scipy's, bit for bit, and proved on zeros and ones."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from lsfref.cited.medians import median_5x5, median_25
from lsfref.kernels import medians

sides = st.integers(1, 17)
seeds = st.integers(0, 999)
TYPES = [np.float32, np.float64]


def image_of(height, width, seed, dtype=np.float64):
    return np.random.default_rng(seed).uniform(-9, 9, (height, width)).astype(dtype)


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("size", [3, 5])
@settings(max_examples=25)
@given(height=sides, width=sides, levels=st.sampled_from([2, 5, 1000]), seed=seeds)
def test_medians_are_those_of_scipy(size, dtype, height, width, levels, seed):
    image_HW = np.random.default_rng(seed).integers(-levels, levels, (height, width)).astype(dtype)
    median_HW = {3: medians.median, 5: median_5x5}[size](image_HW)
    assert median_HW.dtype == dtype
    wanted_HW = ndimage.median_filter(image_HW, size, mode="nearest")
    np.testing.assert_array_equal(median_HW, wanted_HW)


def test_the_networks_are_proved_by_zeros_and_ones():
    """A network of minima and maxima that is right for all zeros and ones is right for all."""
    nine = np.array(list(itertools.product([0.0, 1.0], repeat=9))).reshape(-1, 3, 3)
    flat = np.moveaxis(nine, 1, 0).reshape(3, -1)
    np.testing.assert_array_equal(medians._median_9(*flat)[::3], nine.sum(axis=(1, 2)) >= 5)
    # Five values are sorted in every column, so of each column only the number of ones counts.
    five = np.array(list(itertools.product([0.0, 1.0], repeat=5)))
    a, b, c, d, e = (np.repeat(column, 5) for column in five.T)  # five equal columns
    np.testing.assert_array_equal(median_25(a, b, c, d, e)[::5], five.sum(axis=1) >= 3)
    ones = np.array(list(itertools.product(range(6), repeat=5)))
    windows = (np.arange(5)[:, None] >= 5 - ones[:, None, :]).astype(float)
    flat = np.moveaxis(windows, 1, 0).reshape(5, -1)
    np.testing.assert_array_equal(median_25(*flat)[::5], ones.sum(axis=1) >= 13)
