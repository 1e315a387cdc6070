"""Scaling of descriptors: statistics by hand, as loops, and in what they forget."""

import numpy as np
import oracles
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lsfref.errors import LsfrefError
from lsfref.kernels import scaling as kernel
from lsfref.kernels.scaling import apply_scaling, fit_scaling, scale_in_place

KINDS = ("none", "center", "rms", "unit", "zscore")


def rows_like_descriptors(n_rows=31, *, seed=0, dtype="float64"):
    """Return rows of 426 columns with means far from 0, as descriptors have them."""
    rng = np.random.default_rng(seed)
    spread = rng.uniform(0.01, 0.2, 426)
    return (rng.uniform(-1, 1, 426) + spread * rng.normal(size=(n_rows, 426))).astype(dtype)


def test_scaling_by_hand():
    rows_PD = np.array([[1.0, 5.0, 2.0], [3.0, 5.0, 6.0]])
    wanted = {
        "none": rows_PD,
        "center": [[-1, 0, -2], [1, 0, 2]],
        "rms": np.array([[-1, 0, -2], [1, 0, 2]]) / np.sqrt(10 / 6),
        "zscore": [[-1, 0, -1], [1, 0, 1]],
    }
    for kind, scaled_PD in wanted.items():
        scaling = fit_scaling(rows_PD, kind=kind)
        np.testing.assert_allclose(apply_scaling(scaling, rows_PD), scaled_PD, rtol=1e-15)


def test_what_is_constant_is_divided_by_one():
    """A column, or the only row."""
    scaling = fit_scaling(np.array([[1.0, 5.0], [3.0, 5.0]]), kind="zscore")
    np.testing.assert_array_equal(scaling.scale_D, [1, 1])
    np.testing.assert_array_equal(apply_scaling(scaling, np.array([[4.0, 8.0]])), [[2, 3]])
    for kind in ("rms", "zscore"):
        scaling = fit_scaling(np.array([[4.0, 7.0]]), kind=kind)
        np.testing.assert_array_equal([scaling.mean_D, scaling.scale_D], [[4, 7], [1, 1]])


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("kind", KINDS)
def test_scaling_is_the_loop(kind, dtype, monkeypatch):
    """Blocks of 7 rows or all at once; float32 rows, float64 sums: within 1e-6 of the loop."""
    rows_PD = rows_like_descriptors(dtype=dtype)
    whole = fit_scaling(rows_PD, kind=kind)
    monkeypatch.setattr(kernel, "BLOCK", 7)
    scaling = fit_scaling(rows_PD, kind=kind)
    means, deviations = (np.array(v) for v in oracles.column_statistics(rows_PD.tolist()))
    wanted_PD = rows_PD.astype("float64")
    if kind in ("center", "rms", "zscore"):
        wanted_PD = wanted_PD - means
    if kind == "rms":
        wanted_PD /= np.sqrt(np.mean(deviations**2))
    if kind == "zscore":
        wanted_PD /= deviations
    if kind == "unit":
        parts = np.split(wanted_PD, [30, 126, 234], axis=1)
        wanted_PD = np.hstack([p / np.linalg.norm(p, axis=1, keepdims=True) for p in parts])
    scaled_PD = apply_scaling(scaling, rows_PD)
    assert scaled_PD.dtype == scaling.mean_D.dtype == scaling.scale_D.dtype == rows_PD.dtype
    tolerance = {"float64": 1e-12, "float32": 1e-5}[dtype]
    np.testing.assert_allclose(scaled_PD, wanted_PD, rtol=0, atol=tolerance)
    np.testing.assert_allclose(
        scaling.mean_D, whole.mean_D, rtol=1e-7 if dtype == "float32" else 0, atol=1e-15
    )
    own_PD = rows_PD.copy()
    scale_in_place(whole, own_PD)
    np.testing.assert_array_equal(own_PD, apply_scaling(whole, rows_PD))
    np.testing.assert_array_equal(rows_PD, rows_like_descriptors(dtype=dtype))  # untouched


@pytest.mark.parametrize("kind", ["none", "unit"])
def test_what_is_not_fitted_is_stored_as_nothing(kind):
    scaling = fit_scaling(rows_like_descriptors(), kind=kind)
    assert scaling.kind == kind
    assert not scaling.mean_D.any()
    assert (scaling.scale_D == 1).all()


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("kind", KINDS)
def test_constant_columns_divide_by_one(kind, dtype):
    """Not even dust: 0.1 less its mean is 0; a descriptor of zeros stays zeros."""
    rows_PD = rows_like_descriptors(dtype=dtype)
    rows_PD[:, 5] = 0.1
    rows_PD[:, 30:126] = 0
    scaled_PD = apply_scaling(fit_scaling(rows_PD, kind=kind), rows_PD)
    assert np.isfinite(scaled_PD).all()
    assert not scaled_PD[:, 30:126].any()
    if kind in ("center", "rms", "zscore"):
        assert not scaled_PD[:, 5].any()
    still_PD = np.full_like(rows_PD, 0.1)
    assert np.isfinite(apply_scaling(fit_scaling(still_PD, kind=kind), still_PD)).all()


def test_a_descriptor_too_small_to_be_squared_stays_as_it_is():
    """The computed norm is 0, and 1 is put in its place."""
    rows_PD = np.full((3, 426), 1e-200)
    scaled_PD = apply_scaling(fit_scaling(rows_PD, kind="unit"), rows_PD)
    np.testing.assert_array_equal(scaled_PD, rows_PD)


def test_statistics_survive_a_large_offset():
    """Means first, then squares: a spread of 1 at 1e8 is still 1."""
    rng = np.random.default_rng(2)
    rows_PD = 1e8 + rng.normal(size=(997, 7))
    scaled_PD = apply_scaling(fit_scaling(rows_PD, kind="zscore"), rows_PD)
    np.testing.assert_allclose(scaled_PD.std(axis=0), 1, rtol=1e-7)
    np.testing.assert_allclose(scaled_PD.mean(axis=0), 0, rtol=0, atol=1e-7)


@given(scale=st.floats(1e-3, 1e3), shift=st.floats(-10, 10), seed=st.integers(0, 2**32 - 1))
@settings(max_examples=30)
def test_rms_and_zscore_forget_scale_and_shift(scale, shift, seed):
    rows_PD = np.random.default_rng(seed).normal(size=(13, 5))
    for kind in ("rms", "zscore"):
        once_PD = apply_scaling(fit_scaling(rows_PD, kind=kind), rows_PD)
        moved_PD = rows_PD * scale + shift
        again_PD = apply_scaling(fit_scaling(moved_PD, kind=kind), moved_PD)
        np.testing.assert_allclose(again_PD, once_PD, rtol=0, atol=1e-9)
        assert np.mean(once_PD**2) == pytest.approx(1, rel=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_not_finite_is_named(kind, monkeypatch):
    monkeypatch.setattr(kernel, "BLOCK", 7)
    rows_PD = rows_like_descriptors()
    rows_PD[23, 3] = np.nan
    with pytest.raises(LsfrefError, match="row 23 is not finite"):
        fit_scaling(rows_PD, kind=kind)


def test_scalings_that_are_refused():
    with pytest.raises(ValueError, match="want scaling"):
        fit_scaling(np.ones((3, 5)), kind="whiten")
    with pytest.raises(ValueError, match="one row or more"):
        fit_scaling(np.ones((0, 5)), kind="rms")
    with pytest.raises(ValueError, match="426 columns"):
        fit_scaling(np.ones((3, 5)), kind="unit")
