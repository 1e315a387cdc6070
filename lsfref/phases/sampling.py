"""Before stage 5, paper Section 3.2: the descriptors that phase 1 learns from, and their scaling.

In: counts_M (rows of each video); rows_PD.  Out: row numbers; a Scaling, and rows scaled by it.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from lsfref.arrays import Floats, Ints
from lsfref.errors import LsfrefError

WIDTHS = (30, 96, 108, 192)  # columns of trajectory, HOG, HOF, MBH (A12)
BLOCK = 4096  # rows at a time, so that a sample of gigabytes is never copied whole


class Scaling(NamedTuple):
    """(row - mean) / scale; kind "unit" divides each block of columns by its own norm instead."""

    kind: str
    mean_D: Floats
    scale_D: Floats


def draw_rows(
    rng: np.random.Generator,
    counts_M: Ints,
    *,
    n_samples: int,
    balance: str = "none",
    labels_M: Ints | None = None,
) -> Ints:
    """Return rows_P: which rows to learn from, drawn without replacement, ascending (B1, B2).

    Rows are numbered through all videos in order. Videos with label -1 (unlabelled) give none. If
    there are no more than `n_samples` rows, all are returned.

    Choices: B1 "none": uniform over all rows, so long videos weigh more.
             B2 "video": the same number from each video; "class": from each class, uniform over
             its rows. What a short video or a small class lacks is shared equally by the others;
             an indivisible rest goes to the largest.
    """
    counts_M = np.asarray(counts_M, dtype=np.int64)
    labels_M = np.zeros_like(counts_M) if labels_M is None else np.asarray(labels_M)
    if counts_M.ndim != 1 or labels_M.shape != counts_M.shape:
        raise ValueError(f"want (M,) and (M,), got {counts_M.shape} and {labels_M.shape}")
    if len(counts_M) and counts_M.min() < 0:
        raise ValueError("want counts of rows, none negative")
    if balance == "none":
        groups_M = np.zeros_like(counts_M)
    elif balance == "video":
        groups_M = np.arange(len(counts_M))
    elif balance == "class":
        groups_M = labels_M
    else:
        raise ValueError(f"want balance none, video or class; got {balance!r}")
    starts_M = np.cumsum(counts_M) - counts_M
    members = [
        np.flatnonzero((groups_M == g) & (labels_M >= 0) & (counts_M > 0))
        for g in np.unique(groups_M)
    ]
    members = [videos_m for videos_m in members if len(videos_m)]
    quotas = share_out([int(counts_M[videos_m].sum()) for videos_m in members], n_samples)
    drawn = [
        _draw_from(rng, starts_M[videos_m], counts_M[videos_m], quota=quota)
        for videos_m, quota in zip(members, quotas, strict=True)
    ]
    return np.sort(np.concatenate([np.empty(0, np.int64), *drawn]))


def share_out(sizes: Sequence[int], n: int) -> list[int]:
    """Return how many to take of each size: `n` in all, as equal as the sizes allow."""
    quotas = [0] * len(sizes)
    for n_done, i in enumerate(sorted(range(len(sizes)), key=lambda i: sizes[i])):
        quotas[i] = min(sizes[i], n // (len(sizes) - n_done))
        n -= quotas[i]
    return quotas


def _draw_from(rng: np.random.Generator, starts_m: Ints, counts_m: Ints, *, quota: int) -> Ints:
    """Return `quota` row numbers of the videos that begin at `starts_m`."""
    ends_m = np.cumsum(counts_m)
    picks_P = rng.choice(int(ends_m[-1]), quota, replace=False, shuffle=False)
    of_P = np.searchsorted(ends_m, picks_P, side="right")
    return picks_P + (starts_m - ends_m + counts_m)[of_P]


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
    if kind == "unit" and sum(WIDTHS) != n_columns:
        raise ValueError(f"want {sum(WIDTHS)} columns for scaling unit; got {n_columns}")
    first_D, starts = rows_PD[0], range(0, n_rows, BLOCK)
    mean_D, square_D = np.zeros(n_columns), np.zeros(n_columns)
    for start in starts:
        block_BD = rows_PD[start : start + BLOCK]
        _refuse_non_finite(block_BD, start)
        mean_D += np.subtract(block_BD, first_D, dtype=np.float64).sum(axis=0)
    mean_D = (first_D + mean_D / n_rows).astype(rows_PD.dtype)
    scale_D = np.ones_like(mean_D)
    if kind in ("rms", "zscore"):
        for start in starts:
            apart_BD = np.subtract(rows_PD[start : start + BLOCK], mean_D, dtype=np.float64)
            square_D += np.square(apart_BD, out=apart_BD).sum(axis=0)
        square_D /= n_rows
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
    first = 0
    for width in WIDTHS:
        part = block_BD[:, first : first + width]
        norms_B1 = np.sqrt(np.square(part).sum(axis=1, keepdims=True))
        norms_B1[norms_B1 == 0] = 1
        part /= norms_B1
        first += width


def _refuse_non_finite(block_BD: Floats, first: int) -> None:
    finite_B = np.isfinite(block_BD).all(axis=1)
    if not finite_B.all():
        raise LsfrefError(f"descriptor row {first + int(finite_B.argmin())} is not finite")
