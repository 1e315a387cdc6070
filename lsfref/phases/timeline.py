"""One vector per interval of a long video, as it is read, in constant memory.

A trajectory belongs to the interval in which it ends (T9); it may have begun in the one before.
"""

import itertools
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import numpy as np

from lsfref import pooling, video
from lsfref.config import Config
from lsfref.errors import LsfrefError
from lsfref.phases.extraction import Extract, PathLike, extract
from lsfref.phases.passes import Pooled
from lsfref.phases.streaming import Block

PoolInterval = Callable[[Iterable[Block], range], pooling.Pooled]

NOMINAL_RATE = 25.0  # frames a second, where a file has no constant rate (T9)


class Interval(NamedTuple):
    """Frames first to last, both included; seconds where the file has a constant rate."""

    first: int
    last: int
    seconds: tuple[float, float] | None
    pooled: Pooled


class Timeline(NamedTuple):
    """The intervals of a video in order; none, and the reason, where it cannot be read."""

    intervals: list[Interval]
    n_frames: int
    warnings: tuple[str, ...]
    error: str | None


def describe_intervals(
    path: PathLike,
    *,
    seconds: float,
    pool: PoolInterval,
    config: Config,
    extract: Extract = extract,
) -> Timeline:
    """Return a Pooled for each interval of `seconds`; bad input never raises.

    `pool` says what an interval becomes, of its blocks and the range of its frames, in order; an
    interval without blocks is not pooled. Without a constant rate an interval is seconds * 25
    frames, and no times are given (T9).
    """
    intervals: list[Interval] = []
    try:
        found = extract(path, config)
        rate = video.frame_rate(path)
        length = max(1, round(seconds * (rate or NOMINAL_RATE)))
        pooled: dict[int, pooling.Pooled] = {}
        for number, group in itertools.groupby(_cut(found, length), key=lambda piece: piece[0]):
            frames = range(number * length, (number + 1) * length)
            pooled[number] = pool((block for _, block in group), frames)
        for first in range(0, found.n_frames, length):
            last = min(first + length, found.n_frames) - 1
            vector_E, n_points = pooled.get(first // length, (None, 0))
            error = None
            if n_points < max(1, config.min_points):
                vector_E, error = None, "no trajectories end in this interval"
            times = (first / rate, (last + 1) / rate) if rate else None
            described = Pooled(vector_E, n_points, last - first + 1, (), error)
            intervals.append(Interval(first, last, times, described))
    except LsfrefError as fault:
        return Timeline([], 0, (), str(fault))
    return Timeline(intervals, found.n_frames, found.warnings, None)


def _cut(blocks: Iterable[Block], length: int) -> Iterator[tuple[int, Block]]:
    """Yield (interval, Block) in order; a block that spans intervals is cut."""
    for block in blocks:
        numbers_P = (block.info_P10[:, 0] // length).astype(np.int64)
        for number in np.unique(numbers_P):  # ascending: rows are in the order of their end
            yield int(number), Block(*(part[numbers_P == number] for part in block))
