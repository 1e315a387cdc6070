"""Before stage 5: descriptors scaled for the network (A11), and feature tables likewise.

In: rows_PD.  Out: a Scaling fitted to them; rows scaled by it.
"""

from typing import NamedTuple

import numpy as np

from lsfref.arrays import DESCRIPTORS, N_COLUMNS, Floats
from lsfref.errors import LsfrefError

BLOCK = 4096  # rows at a time, so that a sample of gigabytes is never copied whole


class Scaling(NamedTuple):
    """(row - mean) / scale; kind "unit" divides each block of columns by its own norm instead."""

    kind: str
    mean_D: Floats
    scale_D: Floats


def fit_scaling(rows_PD: Floats, *, kind: str) -> Scaling:
    """Return the scaling that the training rows ask for (A11), in their dtype.

    none: as they are. center: minus the mean row. rms: that, divided by one number, the root mean
    square of all that is left. zscore: each column by its own standard deviation. unit: each of the
    four descriptors of each row by its L2 norm; nothing is fitted.
    Statistics are accumulated in float64, means first. What is constant is divided by 1.
    Raises LsfrefError for a row that is not finite, whatever the kind.
    """
    n_rows, n_columns = rows_PD.shape
    if n_rows == 0:
        raise ValueError("want one row or more to fit a scaling to")
    if kind not in ("none", "center", "rms", "unit", "zscore"):
        raise ValueError(f"want scaling none, center, rms, unit or zscore; got {kind!r}")
    if kind == "unit" and N_COLUMNS != n_columns:
        raise ValueError(f"want {N_COLUMNS} columns for scaling unit; got {n_columns}")
    blocks = [rows_PD[start : start + BLOCK] for start in range(0, n_rows, BLOCK)]
    finite_P = np.concatenate([np.isfinite(block_BD).all(axis=1) for block_BD in blocks])
    if not finite_P.all():
        raise LsfrefError(f"descriptor row {finite_P.argmin()} is not finite")

    def mean_power(power: int, origin_D: Floats) -> Floats:
        """Return the mean over the rows of (row - origin)^power, in float64."""
        apart = (np.subtract(block_BD, origin_D, dtype=np.float64) for block_BD in blocks)
        return sum((apart_BD**power).sum(axis=0) for apart_BD in apart) / n_rows

    mean_D = (rows_PD[0] + mean_power(1, rows_PD[0])).astype(rows_PD.dtype)
    scale_D = np.ones_like(mean_D)
    if kind in ("rms", "zscore"):
        square_D = mean_power(2, mean_D)
        scale_D[:] = np.sqrt(square_D.mean() if kind == "rms" else square_D)
        scale_D[scale_D == 0] = 1
    if kind in ("none", "unit"):
        mean_D = np.zeros_like(mean_D)
    return Scaling(kind, mean_D, scale_D)


def apply_scaling(scaling: Scaling, rows_BD: Floats) -> Floats:
    """Return the rows scaled, as a new array of their dtype (kind "none": the rows themselves)."""
    if scaling.kind == "none":
        return rows_BD
    scaled_BD = rows_BD.copy()
    scale_in_place(scaling, scaled_BD)
    return scaled_BD


def scale_in_place(scaling: Scaling, rows_PD: Floats) -> None:
    """Scale the rows where they are: for the sample of phase 1, too large to hold twice."""
    for start in range(0, len(rows_PD), BLOCK):
        block_BD = rows_PD[start : start + BLOCK]
        if scaling.kind == "unit":
            _to_unit_norms(block_BD)
        elif scaling.kind != "none":
            block_BD -= scaling.mean_D
            block_BD /= scaling.scale_D


def _to_unit_norms(block_BD: Floats) -> None:
    for columns in DESCRIPTORS.values():
        part = block_BD[:, columns]
        norms_B1 = np.sqrt(np.square(part).sum(axis=1, keepdims=True))
        norms_B1[norms_B1 == 0] = 1
        part /= norms_B1
