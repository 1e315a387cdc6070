import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsfref.study.table1.pca import fit_pca, project


def test_by_hand():
    rows = np.array([[8.0, 7.0], [2.0, 7.0], [5.0, 6.0], [5.0, 8.0]])
    pca = fit_pca(rows)
    np.testing.assert_allclose(pca.mean_V, [5, 7], rtol=1e-15)
    np.testing.assert_allclose(pca.directions_RV, [[1, 0], [0, 1]], atol=1e-15)
    np.testing.assert_allclose(pca.variances_R, [6, 2 / 3], rtol=1e-14)
    np.testing.assert_allclose(pca.shares_R, [0.9, 0.1], rtol=1e-14)
    np.testing.assert_allclose(project(pca, rows), rows - [5, 7], atol=1e-14)
    assert len(fit_pca(rows, share=0.89).shares_R) == 1
    assert len(fit_pca(rows, share=0.91).shares_R) == 2
    assert len(fit_pca(rows, n_components=1).shares_R) == 1


@given(st.integers(0, 2**32 - 1), st.sampled_from([(31, 7), (7, 31), (11, 11)]))
def test_invariants(seed, shape):
    rng = np.random.default_rng(seed)
    rows = rng.standard_normal(shape) * rng.uniform(0.1, 5, shape[1]) + 100 * rng.standard_normal()
    pca = fit_pca(rows)
    n_kept = len(pca.variances_R)
    assert n_kept == min(shape[0] - 1, shape[1])
    assert (np.diff(pca.variances_R) <= 0).all()
    assert pca.shares_R.sum() == pytest.approx(1, rel=1e-9)
    np.testing.assert_allclose(pca.directions_RV @ pca.directions_RV.T, np.eye(n_kept), atol=1e-9)
    at = np.abs(pca.directions_RV).argmax(axis=1)
    assert (pca.directions_RV[np.arange(n_kept), at] > 0).all()
    projected = project(pca, rows)
    np.testing.assert_allclose(projected.var(axis=0, ddof=1), pca.variances_R, rtol=1e-6)
    np.testing.assert_allclose(projected @ pca.directions_RV + pca.mean_V, rows, atol=1e-9)
    moved = fit_pca(3 * rows[rng.permutation(len(rows))] + 17)
    np.testing.assert_allclose(moved.variances_R, 9 * pca.variances_R, rtol=1e-6)


def test_projection_commutes_with_mean_pooling():
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((53, 11))
    pca = fit_pca(rows, n_components=5)
    video = rng.standard_normal((17, 11))
    pooled = project(pca, video).mean(axis=0)
    np.testing.assert_allclose(pooled, project(pca, video.mean(axis=0)[None])[0], atol=1e-13)


def test_float32_stays_and_a_common_offset_does_no_harm():
    rng = np.random.default_rng(1)
    rows = rng.standard_normal((47, 5)).astype(np.float32)
    pca = fit_pca(rows)
    assert {part.dtype for part in pca} == {np.dtype(np.float32)}
    assert project(pca, rows).dtype == np.float32
    far = fit_pca(rows.astype(float) + 1e6)
    np.testing.assert_allclose(far.variances_R, pca.variances_R, rtol=1e-4)


def test_constant_columns_and_constant_tables():
    pca = fit_pca(np.full((5, 3), 0.1))
    assert len(pca.variances_R) == 1
    assert pca.shares_R[0] == 0
    np.testing.assert_allclose(project(pca, np.full((2, 3), 0.1)), 0, atol=1e-15)
    rows = np.zeros((7, 4))
    rows[:, 2] = np.arange(7)
    assert len(fit_pca(rows).variances_R) == 1
    np.testing.assert_array_equal(fit_pca(rows).directions_RV, [[0, 0, 1, 0]])


def test_two_rows_and_tiny_spreads():
    pca = fit_pca(np.array([[1.0, 2.0, 5.0], [1.0, 2.0, 7.0]]))
    np.testing.assert_allclose(pca.variances_R, [2.0], rtol=1e-14)
    rows = 1e-6 * np.random.default_rng(2).standard_normal((13, 3))
    assert fit_pca(rows).shares_R.sum() == pytest.approx(1, rel=1e-9)
    assert len(fit_pca(rows, share=0.01).shares_R) == 1


def test_errors():
    for rows, share in ((np.ones((1, 3)), 1.0), (np.ones(3), 1.0), (np.ones((3, 3)), 0.0)):
        with pytest.raises(ValueError, match="want two rows"):
            fit_pca(rows, share=share)
