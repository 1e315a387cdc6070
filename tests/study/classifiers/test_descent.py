"""The lowest point of a curved function: by hand, by linear algebra, and the bound that ends it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsfref.study.classifiers.descent import lowest


def bowl(curvature_nn, toward_n):
    """|w|^2 / 2 + (w - t)' A (w - t) / 2, lowest at (I + A)^-1 A t."""

    def objective(weights):
        apart = weights - toward_n
        value = 0.5 * (weights @ weights + apart @ curvature_nn @ apart)
        return value, weights + curvature_nn @ apart

    return objective


def test_one_weight_by_hand():
    """w^2 / 2 + 3 (w - 4)^2 / 2 is lowest at 3."""
    found = lowest(bowl(np.array([[3.0]]), np.array([4.0])), 1, gap=1e-12)
    assert found == pytest.approx([3], abs=1e-5)


@given(st.integers(0, 99), st.sampled_from([1e-2, 1e-4, 1e-6]))
def test_the_value_is_within_the_gap_of_the_least(seed, gap):
    rng = np.random.default_rng(seed)
    root = rng.normal(size=(7, 7)) * np.logspace(-2, 2, 7)
    curvature, toward = root @ root.T, rng.normal(size=7)
    objective = bowl(curvature, toward)
    least = objective(np.linalg.solve(np.eye(7) + curvature, curvature @ toward))[0]
    value = objective(lowest(objective, 7, gap=gap))[0]
    assert least * (1 - 1e-9) <= value <= least * (1 + gap) + 1e-12


def test_where_zero_is_lowest_nothing_moves():
    assert not lowest(bowl(np.eye(3), np.zeros(3)), 3, gap=1e-6).any()


def test_what_rounding_leaves_ends_it():
    """No double is nearer than the gap of 0 that is asked: it must end all the same."""
    objective = bowl(1e6 * np.eye(2), np.array([1e3, -1e3]))
    np.testing.assert_allclose(lowest(objective, 2, gap=0.0), [1e3, -1e3], rtol=1e-5)
