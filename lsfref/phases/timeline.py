"""One answer per interval of a long video, as it is read, in constant memory.

A trajectory belongs to the interval in which it ends (T9); it may have begun in the one before.
"""

import itertools
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import numpy as np

from lsfref import pooling, video
from lsfref.errors import LsfrefError
from lsfref.model import Model
from lsfref.phases.passes import Extract, PathLike, Pooled, extract, pool_blocks
from lsfref.phases.streaming import Block
from lsfref.pipeline import Answer, answer_pooled

PoolInterval = Callable[[Iterable[Block], range], pooling.Pooled]

NOMINAL_RATE = 25.0  # frames a second, where a file has no constant rate (T9)


class Interval(NamedTuple):
    """Frames first to last, both included; seconds where the file has a constant rate."""

    first: int
    last: int
    seconds: tuple[float, float] | None
    answer: Answer


class Timeline(NamedTuple):
    """The intervals of a video in order; none, and the reason, where it cannot be read."""

    intervals: list[Interval]
    frames: int
    warnings: tuple[str, ...]
    error: str | None


def classify_timeline(
    path: PathLike,
    model: Model,
    *,
    seconds: float,
    extract: Extract = extract,
    pool: PoolInterval | None = None,
    answer: Callable[[Pooled, Model], Answer] = answer_pooled,
) -> Timeline:
    """Return the answers for each interval of `seconds`; bad input never raises.

    Without a constant rate an interval is seconds * 25 frames, and no times are given (T9).
    `pool` says what an interval becomes, of its blocks and the range of its frames, in order, and
    `answer` what is said of it: by default its average code, and the votes. An interval without
    blocks is not pooled.
    """
    intervals: list[Interval] = []
    warnings: list[str] = []
    n_frames = 0
    try:
        found = extract(path, model.config)
        n_frames, warnings = found.n_frames, found.warnings
        rate = video.frame_rate(path)
        length = max(1, round(seconds * (rate or NOMINAL_RATE)))
        pieces = itertools.groupby(_cut(iter(found), length), key=lambda piece: piece[0])
        pooled = {0: Pooled(None, 0, 0, (), None)}
        for number, group in pieces:
            blocks = (block for _, block in group)
            if pool is None:
                one_pooled = pool_blocks(blocks, parameters=model.parameters, scaling=model.scaling)
            else:
                one_pooled = pool(blocks, range(number * length, (number + 1) * length))
            pooled[number] = Pooled(*one_pooled, 0, (), None)
        for number in range(-(-n_frames // length)):
            first, last = number * length, min((number + 1) * length, n_frames) - 1
            one = pooled.get(number, Pooled(None, 0, 0, (), None))
            if one.n_points < max(1, model.config.min_points):
                one = one._replace(pooled_E=None, error="no trajectories end in this interval")
            said = answer(one._replace(n_frames=last - first + 1), model)
            times = (first / rate, (last + 1) / rate) if rate else None
            intervals.append(Interval(first, last, times, said))
    except LsfrefError as fault:
        return Timeline([], n_frames, tuple(warnings), str(fault))
    return Timeline(intervals, n_frames, tuple(warnings), None)


def _cut(blocks: Iterator[Block], length: int) -> Iterator[tuple[int, Block]]:
    """Yield (interval, Block) in order; a block that spans intervals is cut."""
    for block in blocks:
        numbers_P = (block.info_P10[:, 0] // length).astype(np.int64)
        for number in np.unique(numbers_P):  # ascending: rows are in the order of their end
            yield int(number), Block(*(part[numbers_P == number] for part in block))
