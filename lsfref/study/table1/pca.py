"""Principal components: the linear fusion beside LSFNet (H1).

In: rows_PV.  Out: Pca; projected rows.
"""

from typing import NamedTuple

import numpy as np

from lsfref.arrays import Floats


class Pca(NamedTuple):
    """R directions, by descending variance; the largest loading of each is positive."""

    mean_V: Floats
    directions_RV: Floats  # orthonormal rows
    variances_R: Floats  # along each direction, divisor P - 1
    shares_R: Floats  # of the whole variance; their sum is what the projection keeps


def fit_pca(rows_PV: Floats, *, n_components: int | None = None, share: float = 1.0) -> Pca:
    """Return the first n_components directions, or the fewest that keep `share` of the variance.

    By singular values of the centered rows, never of their covariance, whose condition is squared.
    Directions without variance are left out, except that one direction always stays. Ties between
    largest loadings go to the lower column. Raises ValueError for fewer than two rows.
    """
    if rows_PV.ndim != 2 or len(rows_PV) < 2 or not 0 < share <= 1:
        raise ValueError(f"want two rows and a share in (0, 1]; got {rows_PV.shape}, {share}")
    mean_V = rows_PV.mean(axis=0)
    centered = rows_PV - mean_V
    if centered.shape[0] > centered.shape[1]:
        centered = np.linalg.qr(centered, mode="r")  # the same directions from a small square
    _, singular, directions = np.linalg.svd(centered, full_matrices=False)
    variances = singular**2 / (len(rows_PV) - 1)
    rounding = singular[0] * max(rows_PV.shape) + np.abs(rows_PV).max() * rows_PV.size**0.5
    n_sure = int((singular > rounding * np.finfo(rows_PV.dtype).eps).sum())
    n_kept = max(1, min(n_sure, len(rows_PV) - 1))
    total = variances.sum()
    shares = variances / total if total > 0 else np.zeros_like(variances)
    if n_components is not None:
        n_kept = min(n_kept, n_components)
    elif share < 1:
        n_kept = min(n_kept, int(np.searchsorted(np.cumsum(shares), share, side="right")) + 1)
    directions = directions[:n_kept]
    return Pca(mean_V, directions * signs_of(directions), variances[:n_kept], shares[:n_kept])


def signs_of(directions_RV: Floats) -> Floats:
    """Return signs_R1, which make the largest loading of each direction positive."""
    largest_R1 = np.abs(directions_RV).argmax(axis=1)[:, None]
    return np.sign(np.take_along_axis(directions_RV, largest_R1, axis=1))


def project(pca: Pca, rows_PV: Floats) -> Floats:
    """Return projected_PR, the coordinates of the rows along the directions."""
    return (rows_PV - pca.mean_V) @ pca.directions_RV.T
