"""One vector per interval of a long video, as it is read, in constant memory.

A trajectory belongs to the interval in which it ends (T9); it may have begun in the one before.
"""

import contextlib
import dataclasses
import itertools
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import numpy as np

from lsfref import pooling
from lsfref.arrays import Floats, Ints
from lsfref.config import Config
from lsfref.errors import LsfrefError, Notice, NoTrajectoriesError
from lsfref.media import decoding
from lsfref.media.repeats import LOOK, without_repeats
from lsfref.phases.extraction import Extract, PathLike, extract, working_frames
from lsfref.phases.passes import Pooled
from lsfref.phases.streaming import Block
from lsfref.storage.files import printable, with_name
from lsfref.trajectories import TRACK_LENGTH

PoolInterval = Callable[[Iterable[Block], range], pooling.Pooled]

NOMINAL_RATE = 25.0  # frames a second, where a file has no times (T9)


class Interval(NamedTuple):
    """Frames first to last, both included; seconds where the file tells them."""

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
    rate: float | None = None,
    extract: Extract = extract,
) -> Timeline:
    """Return a Pooled for each interval of `seconds`; bad input never raises.

    `pool` says what an interval becomes, of its blocks and the range of its frames, in order: where
    a trajectory could have ended and none did, of () (D4), unless it raises NoTrajectoriesError.
    Under a variable rate the frames' time stamps say where intervals end; where there are none, as
    in a folder of pictures, `rate` frames make a second, or 25, which is told (T9).
    """
    intervals: list[Interval] = []
    try:
        found = extract(path, config)
        clock = _clock(path, seconds, _repeat_period(path, config), rate)
        pooled: list[tuple[Floats | None, int]] = []
        for number, group in itertools.groupby(_cut(found, clock), key=lambda piece: piece[0]):
            pooled += _still(pool, config, map(clock.bounds, range(len(pooled), number)))
            pooled.append(pool((block for _, block in group), range(*clock.bounds(number))))
        n_intervals = int(clock.numbers(np.array([found.n_frames - 1]))[0]) + 1
        rest = [clock.bounds(number) for number in range(n_intervals)]
        bounds = [(first, min(stop, found.n_frames)) for first, stop in rest]
        pooled += _still(pool, config, bounds[len(pooled) :])
        if found.n_frames and not clock.rate and not len(clock.times_F):
            name, length = printable(path), clock.bounds(0)[1]
            text = f"{name}: its frames have no times; intervals of {length} frames"
            found.notices.append(Notice("video", text))
        for (first, stop), (vector_E, n_points) in zip(bounds, pooled, strict=True):
            if 0 < n_points < config.min_points:
                vector_E = None
            error = "no trajectories end in this interval" if vector_E is None else None
            described = Pooled(vector_E, n_points, stop - first, (), error)
            intervals.append(Interval(first, stop - 1, clock.seconds(first, stop), described))
    except LsfrefError as fault:
        return Timeline([], 0, (), with_name(path, fault))
    return Timeline(intervals, found.n_frames, found.warnings, None)


def _still(
    pool: PoolInterval, config: Config, bounds: Iterable[tuple[int, int]]
) -> Iterator[tuple[Floats | None, int]]:
    """Yield what intervals without trajectories become."""
    for interval in itertools.starmap(range, bounds):
        vector_E = None
        if interval.stop > TRACK_LENGTH and config.min_points <= 1:
            with contextlib.suppress(NoTrajectoriesError):
                vector_E = pool((), interval).pooled_E
        yield vector_E, 0


def _repeat_period(path: PathLike, config: Config) -> int:
    """Return how often each frame comes at the beginning of a video, where that is looked at."""
    periods = [1]
    if config.repeats == "once":
        head = dataclasses.replace(config, max_frames=min(config.max_frames or LOOK, LOOK))
        frames = working_frames(path, dataclasses.replace(head, repeats="kept"), tell=_unheard)
        deque(without_repeats(frames, periods.append), maxlen=0)
    return periods[-1]


def count_frames(path: PathLike, config: Config) -> int:
    """Return how many frames of a video are worked on, repeats once (R4). Raises VideoError.

    What is wrong with the file is said by the extraction.
    """
    if config.repeats == "once":
        return sum(1 for _ in working_frames(path, config, tell=_unheard))
    limits = {"max_frames": config.max_frames, "max_pixels": config.max_pixels}
    return decoding.count_frames(path, warn=_unheard, **limits)


def _unheard(text: str) -> None:
    """Say nothing: the extraction says it."""


class _Clock(NamedTuple):
    """Where intervals begin: each `length` frames, or at starts_N where times_F says so."""

    length: int
    rate: float | None
    times_F: Floats  # when each frame begins and the last one ends, seconds
    starts_N: Ints

    def numbers(self, frames_P: Floats) -> Ints:
        """Return the interval of each frame."""
        if len(self.times_F):
            return np.searchsorted(self.starts_N, frames_P, side="right") - 1
        return (frames_P // self.length).astype(np.int64)

    def bounds(self, number: int) -> tuple[int, int]:
        """Return the first frame of an interval and of the next one."""
        if len(self.times_F):
            return int(self.starts_N[number]), int(np.append(self.starts_N, 1 << 60)[number + 1])
        return number * self.length, (number + 1) * self.length

    def seconds(self, first: int, stop: int) -> tuple[float, float] | None:
        """Return when an interval begins and ends."""
        if len(self.times_F):
            return float(self.times_F[first]), float(self.times_F[min(stop, len(self.times_F) - 1)])
        return (first / self.rate, stop / self.rate) if self.rate else None


def _clock(path: PathLike, seconds: float, period: int, given: float | None) -> _Clock:
    """Return the clock of a video of whose frames each comes `period` times, and counts once."""
    rate = decoding.frame_rate(path)
    rate = rate and rate / period
    times_F = np.empty(0) if rate else decoding.frame_times(path)[::period]
    if len(times_F) < 2 or times_F[-1] == 0:
        rate = rate or given
        length = max(1, round(seconds * (rate or NOMINAL_RATE)))
        return _Clock(length, rate, np.empty(0), np.empty(0, np.int64))
    starts_N = np.flatnonzero(np.diff(np.floor(times_F / seconds), prepend=-1))
    times_F = np.append(times_F, times_F[-1] + np.median(np.diff(times_F)))
    return _Clock(0, None, times_F, starts_N)


def _cut(blocks: Iterable[Block], clock: _Clock) -> Iterator[tuple[int, Block]]:
    """Yield (interval, Block) in order; a block that spans intervals is cut."""
    for block in blocks:
        numbers_P = clock.numbers(block.info_P10[:, 0])
        for number in np.unique(numbers_P):  # ascending: rows are in the order of their end
            yield int(number), Block(*(part[numbers_P == number] for part in block))
