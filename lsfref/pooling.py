"""Stage 7 of 10, paper Section 2.3: phase 2, a video is the mean of its codes.

In: rows_PD of one video, in blocks; an encoder.  Out: pooled_E.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np

from lsfref.arrays import Floats
from lsfref.errors import LsfrefError, NoTrajectoriesError

BATCH = 4096


class Pooled(NamedTuple):
    """A video: the mean code, and the number of trajectories N_p behind it."""

    pooled_E: Floats
    n_points: int


def pool_codes(
    blocks: Iterable[Floats], encode: Callable[[Floats], Floats], *, batch: int = BATCH
) -> Pooled:
    """Return the float64 mean of the codes of all rows: encode, then average (D1, D2).

    The rows are encoded `batch` at a time, whatever the sizes of the blocks, so the bytes of the
    result do not depend on how a video was cut. Only `batch` rows are held; `encode` gets a view of
    that buffer and must not keep it.
    Raises NoTrajectoriesError without rows, LsfrefError for a row that is not finite.
    """
    total_E, n_points, n_held = None, 0, 0
    buffer_BD = None
    for block_PD in blocks:
        if buffer_BD is None:
            buffer_BD = np.empty((batch, block_PD.shape[1]), block_PD.dtype)
        start = 0
        while start < len(block_PD):
            n_taken = min(batch - n_held, len(block_PD) - start)
            buffer_BD[n_held : n_held + n_taken] = block_PD[start : start + n_taken]
            start, n_held = start + n_taken, n_held + n_taken
            if n_held == batch:
                total_E = _add_codes(total_E, encode, buffer_BD, n_before=n_points)
                n_points, n_held = n_points + batch, 0
    if buffer_BD is not None and n_held:
        total_E = _add_codes(total_E, encode, buffer_BD[:n_held], n_before=n_points)
        n_points += n_held
    if total_E is None:
        raise NoTrajectoriesError("no trajectories")
    return Pooled(total_E / n_points, n_points)


def _add_codes(
    total_E: Floats | None, encode: Callable[[Floats], Floats], rows_BD: Floats, *, n_before: int
) -> Floats:
    finite_B = np.isfinite(rows_BD).all(axis=1)
    if not finite_B.all():
        raise LsfrefError(f"descriptor row {n_before + int(finite_B.argmin())} is not finite")
    sum_E = encode(rows_BD).sum(axis=0, dtype=np.float64)
    return sum_E if total_E is None else total_E + sum_E
