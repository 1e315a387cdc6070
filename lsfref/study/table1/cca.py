"""Canonical correlation [Hot36]: two feature tables of the same videos, fused linearly (H5).

In: left_MV, right_MV, further tables.  Out: Cca; canonical variates side by side.
The paper names CCA without saying how it joins four tables: the fold below is our construction.
"""

from typing import NamedTuple

import numpy as np

from lsfref.arrays import Floats
from lsfref.study.table1 import pca

Tables = list[Floats]  # of the same videos, a row each


class Cca(NamedTuple):
    """R pairs of directions, by descending correlation."""

    left_mean: Floats
    right_mean: Floats
    left_directions: Floats  # a column a direction
    right_directions: Floats
    correlations_R: Floats  # of the regularized problem, in 0..1


def fit_cca(
    left: Floats, right: Floats, *, regularization: float, n_components: int | None = None
) -> Cca:
    """Return the regularized CCA of two tables with one row a video, in closed form.

    Directions a, b maximize a' Sxy b under a' (Sxx + ex I) a = 1 and b' (Syy + ey I) b = 1, each
    pair orthogonal to those before: with Cholesky factors Lx, Ly of the two regularized matrices
    they are Lx^-T u, Ly^-T v for the singular vectors u, v of Lx^-1 Sxy Ly^-T. The ridge ex is
    `regularization` times the mean variance of the left columns, ey likewise; covariances have
    divisor M - 1. The largest loading of every left direction is positive.
    Choices: H5. Raises ValueError for fewer than two rows or a table without any variance.
    """
    if left.ndim != 2 or right.ndim != 2 or len(left) != len(right) or len(left) < 2:
        raise ValueError(f"want two tables of the same rows, got {left.shape} and {right.shape}")
    if regularization <= 0:
        raise ValueError(f"want a positive regularization, got {regularization}")
    left_mean, right_mean = left.mean(axis=0), right.mean(axis=0)
    x, y = left - left_mean, right - right_mean
    left_factor = _factor(x, regularization=regularization)
    right_factor = _factor(y, regularization=regularization)
    from scipy.linalg import solve_triangular  # here: keeps `--help` quick

    half = solve_triangular(left_factor, x.T @ y / (len(x) - 1), lower=True)
    whitened = solve_triangular(right_factor, half.T, lower=True).T
    u, correlations, vt = np.linalg.svd(whitened, full_matrices=False)
    kept = slice(n_components)
    left_directions = solve_triangular(left_factor, u[:, kept], lower=True, trans=1)
    right_directions = solve_triangular(right_factor, vt[kept].T, lower=True, trans=1)
    signs = pca.signs_of(left_directions.T).T
    directions = left_directions * signs, right_directions * signs
    return Cca(left_mean, right_mean, *directions, correlations[kept])


def variates(cca: Cca, left: Floats, right: Floats) -> Floats:
    """Return the canonical variates of both tables side by side, 2 R columns."""
    of_left = (left - cca.left_mean) @ cca.left_directions
    of_right = (right - cca.right_mean) @ cca.right_directions
    return np.concatenate([of_left, of_right], axis=1)


def fold(
    seen: Tables, asked: Tables, *, regularization: float, n_components: int | None = None
) -> tuple[Floats, Floats]:
    """Return the rows seen and the rows asked of tables, fused by CCAs fitted to those seen.

    They are joined from left to right: ((first, second), third), ...; a row becomes the variates
    of the last pair, side by side.
    """
    if len(seen) < 2:
        raise ValueError(f"want two tables or more to fuse, got {len(seen)}")
    fused, fused_asked = seen[0], asked[0]
    for table, rows in zip(seen[1:], asked[1:], strict=True):
        cca = fit_cca(fused, table, regularization=regularization, n_components=n_components)
        fused, fused_asked = variates(cca, fused, table), variates(cca, fused_asked, rows)
    return fused, fused_asked


def _factor(centered: Floats, *, regularization: float) -> Floats:
    covariance = centered.T @ centered / (len(centered) - 1)
    mean_variance = np.trace(covariance) / len(covariance)
    if not mean_variance > 0:
        raise ValueError("CCA of a table whose columns are all constant")
    ridge = regularization * mean_variance * np.eye(len(covariance), dtype=centered.dtype)
    return np.linalg.cholesky(covariance + ridge)
