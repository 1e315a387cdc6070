"""Between stages 4 and 5, paper Section 3.2: the descriptors that phase 1 learns from.

In: counts_M, how many rows each video has.  Out: which rows are drawn, and sample_PD, the rows.
"""

import functools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from lsfref.arrays import N_COLUMNS, Floats, Ints
from lsfref.config import Config, random_streams
from lsfref.phases.extraction import ALONE, PathLike, Work
from lsfref.phases.passes import pick_rows


class Drawn(NamedTuple):
    """Which rows phase 1 learns from: row_p of video owner_p; ascending, videos first."""

    owner_p: Ints
    row_p: Ints


def draw_sample(counts_M: Ints, labels_M: Ints, config: Config) -> Drawn:
    """Return the rows that are sampled (B1, B2), from the counts alone (B4)."""
    rows_p = draw_rows(
        random_streams(config.seed).sample,
        counts_M,
        n_samples=config.n_samples,
        balance=config.balance,
        labels_M=labels_M,
    )
    stops_M = np.cumsum(counts_M)
    owner_p = np.searchsorted(stops_M, rows_p, side="right")
    return Drawn(owner_p, rows_p - (stops_M - counts_M)[owner_p])


def fetch_rows(
    paths: Sequence[PathLike],
    drawn: Drawn,
    config: Config,
    *,
    work: Work = ALONE,
) -> Floats:
    """Return sample_PD, the drawn rows in their order."""
    chosen = np.unique(drawn.owner_p)
    wanted = [drawn.row_p[drawn.owner_p == m] for m in chosen]
    pick = functools.partial(pick_rows, config=config, extract=work.extract)
    sample_PD = np.empty((len(drawn.row_p), N_COLUMNS), config.dtype)  # 10^6, held once
    start = 0
    for picked_pD in work.each("sampling", pick, [paths[m] for m in chosen], wanted):
        sample_PD[start : start + len(picked_pD)] = picked_pD
        start += len(picked_pD)
    return sample_PD


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
    alike_M, each_M = np.zeros_like(counts_M), np.arange(len(counts_M))
    groups = {"none": alike_M, "video": each_M, "class": labels_M}
    if balance not in groups:
        raise ValueError(f"want balance none, video or class; got {balance!r}")
    groups_M, known_M = groups[balance], (labels_M >= 0) & (counts_M > 0)
    members = [np.flatnonzero(known_M & (groups_M == g)) for g in np.unique(groups_M[known_M])]
    starts_M = np.cumsum(counts_M) - counts_M
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
