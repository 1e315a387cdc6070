import numpy as np
import pytest
import scipy.linalg
from hypothesis import given, settings
from hypothesis import strategies as st

from lsfref.study.table1.cca import fit_cca, fold, variates


def two_views(rng, n_rows=43):
    shared = rng.standard_normal((n_rows, 2))
    left = np.concatenate([shared, rng.standard_normal((n_rows, 3))], axis=1)
    right = np.concatenate([rng.standard_normal((n_rows, 5)), shared @ [[1, 2], [3, -1]]], axis=1)
    return left @ rng.standard_normal((5, 5)) + 7, right @ rng.standard_normal((7, 7)) - 3


def test_by_hand():
    """One column a side: the correlation, with the ridge in both variances."""
    left = np.array([[1.0], [2.0], [3.0], [6.0]])
    right = np.array([[-1.0], [0.0], [-5.0], [-2.0]])
    cca = fit_cca(left, right, regularization=0.5)
    sxx, syy = left.var(ddof=1) * 1.5, right.var(ddof=1) * 1.5
    sxy = float(((left - 3) * (right + 2)).sum() / 3)
    assert cca.correlations_R[0] == pytest.approx(abs(sxy) / np.sqrt(sxx * syy), rel=1e-14)
    assert cca.left_directions[0, 0] == pytest.approx(1 / np.sqrt(sxx), rel=1e-14)
    assert cca.right_directions[0, 0] == pytest.approx(np.sign(sxy) / np.sqrt(syy), rel=1e-14)
    fused = variates(cca, left, right)
    np.testing.assert_allclose(fused[:, :1], (left - 3) / np.sqrt(sxx), rtol=1e-14)


@given(st.integers(0, 2**32 - 1), st.sampled_from([1e-6, 0.1, 3.0]))
@settings(max_examples=30)
def test_directions_are_orthonormal_in_the_regularized_metric(seed, regularization):
    rng = np.random.default_rng(seed)
    left, right = two_views(rng)
    cca = fit_cca(left, right, regularization=regularization)
    for table, directions in ((left, cca.left_directions), (right, cca.right_directions)):
        cov = np.cov(table.T)
        cov += regularization * np.trace(cov) / len(cov) * np.eye(len(cov))
        np.testing.assert_allclose(directions.T @ cov @ directions, np.eye(5), atol=1e-6)
    cross = np.cov(left.T, right.T)[:5, 5:]
    between = cca.left_directions.T @ cross @ cca.right_directions
    np.testing.assert_allclose(between, np.diag(cca.correlations_R), atol=1e-6)
    assert (np.diff(cca.correlations_R) <= 0).all()
    assert cca.correlations_R.max() < 1


def test_closed_form_by_the_generalized_eigenproblem():
    """[0 Sxy; Syx 0] z = rho [Sxx 0; 0 Syy] z, another route to the same answer, within 1e-6."""
    rng = np.random.default_rng(0)
    left, right = two_views(rng)
    cca = fit_cca(left, right, regularization=0.05)
    joint = np.cov(left.T, right.T)
    xx, yy = joint[:5, :5].copy(), joint[5:, 5:].copy()
    for cov in (xx, yy):
        cov += 0.05 * np.trace(cov) / len(cov) * np.eye(len(cov))
    cross = np.zeros((12, 12))
    cross[:5, 5:], cross[5:, :5] = joint[:5, 5:], joint[5:, :5]
    rho, z = scipy.linalg.eigh(cross, scipy.linalg.block_diag(xx, yy))
    rho, z = rho[::-1][:5], z[:, ::-1][:, :5] * np.sqrt(2)
    signs = np.sign(z[np.abs(z[:5]).argmax(axis=0), np.arange(5)])
    np.testing.assert_allclose(cca.correlations_R, rho, atol=1e-6)
    np.testing.assert_allclose(cca.left_directions, z[:5] * signs, atol=1e-6)
    np.testing.assert_allclose(cca.right_directions, z[5:] * signs, atol=1e-6)


def test_without_ridge_the_correlations_ignore_any_mixing_of_columns():
    rng = np.random.default_rng(1)
    left, right = two_views(rng)
    plain = fit_cca(left, right, regularization=1e-10).correlations_R
    mixed = fit_cca(left @ rng.standard_normal((5, 5)), 5 * right + 1, regularization=1e-10)
    np.testing.assert_allclose(mixed.correlations_R, plain, atol=1e-6)
    assert (plain[:2] > 1 - 1e-6).all()  # the two shared columns
    assert (plain[2:] < 0.9).all()


def test_fold_joins_from_left_to_right():
    rng = np.random.default_rng(2)
    tables = [rng.standard_normal((37, width)) for width in (3, 5, 2, 7)]
    fused, n_pairs = tables[0], []
    for table in tables[1:]:
        cca = fit_cca(fused, table, regularization=0.1, n_components=4)
        fused = variates(cca, fused, table)
        n_pairs.append(len(cca.correlations_R))
    assert n_pairs == [3, 2, 4]
    seen, asked = fold(tables, [t[:2] for t in tables], regularization=0.1, n_components=4)
    np.testing.assert_array_equal(seen, fused)
    np.testing.assert_allclose(asked, fused[:2], atol=1e-12)


def test_a_fold_of_two_tables_is_one_cca():
    rng = np.random.default_rng(4)
    left, right = two_views(rng)
    fused, _ = fold([left, right], [left[:3], right[:3]], regularization=0.1)
    one = fit_cca(left, right, regularization=0.1)
    np.testing.assert_array_equal(fused, variates(one, left, right))


def test_more_columns_than_rows():
    rng = np.random.default_rng(3)
    cca = fit_cca(rng.standard_normal((5, 11)), rng.standard_normal((5, 7)), regularization=0.1)
    assert np.isfinite(cca.left_directions).all()
    assert cca.correlations_R.max() < 1


def test_errors():
    rows = np.arange(6.0).reshape(3, 2)
    with pytest.raises(ValueError, match="same rows"):
        fit_cca(rows, rows[:2], regularization=0.1)
    with pytest.raises(ValueError, match="positive"):
        fit_cca(rows, rows, regularization=0.0)
    with pytest.raises(ValueError, match="constant"):
        fit_cca(rows, np.full((3, 2), 0.5), regularization=0.1)
    with pytest.raises(ValueError, match="two tables"):
        fold([rows], [rows], regularization=0.1)
