"""Frames that repeat periodically, as where a camera of 15 frames a second is written at 30.

In: grey_HW after grey_HW.  Out: the same, each that is repeated once (R4).
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator

import numpy as np

from lsfref.arrays import Floats

PERIODS = (2, 3)
LOOK, HELD = 90, 1 << 26  # frames, and bytes, held at most until the first is passed on
FLOOR = 0.5  # grey levels, root mean square: below it nothing is new
TIMES = 1.15  # what a new frame changes, at least, to what a repeat does
LEAST = 16  # cycles in which something changes: as many frames are left, enough for a trajectory
OTHERS = 0.3  # of the cycles beyond these may say otherwise, of these none


def without_repeats(frames: Iterable[Floats], tell: Callable[[int], None]) -> Iterator[Floats]:
    """Yield the frames, and of periodic repeats, near-copies too, the first of each cycle (R4).

    A still scene keeps its length: there everything repeats. `tell` is told the period, once.
    """
    evidence, held = _Evidence(), deque[tuple[int, float, Floats]]()
    told, newest = False, 0.0

    def release() -> Iterator[Floats]:
        nonlocal told, newest
        period, phase = evidence.verdict()
        while held:
            t, change, frame_HW = held.popleft()
            if period > 1 and t % period != phase and change < 4 * max(newest, FLOOR):
                if not told:
                    tell(period)
                told = True
                continue
            newest = change
            yield frame_HW

    before_hw: Floats | None = None
    for t, frame_HW in enumerate(frames):
        small_hw = frame_HW[::2, ::2].astype(np.float32)
        step_hw = np.inf if before_hw is None else small_hw - before_hw
        change = float(np.sqrt(np.mean(step_hw * step_hw)))
        before_hw = small_hw
        evidence.add(t, change)
        held.append((t, change, frame_HW))
        if t >= min(LOOK, HELD // frame_HW.nbytes) - 1:
            yield from release()
    yield from release()


class _Evidence:
    """For each period and phase, how many cycles had a change, and in how many it led."""

    def __init__(self) -> None:
        self.recent: deque[float] = deque(maxlen=max(PERIODS))
        self.cycles = {(p, phase): [0, 0] for p in PERIODS for phase in range(p)}

    def add(self, t: int, change: float) -> None:
        """Take the change of frame t from the one before."""
        self.recent.append(change)
        for p in PERIODS:
            new, *repeats = list(self.recent)[-p:]
            if t >= p and max(new, *repeats) > FLOOR:
                count = self.cycles[p, (t + 1) % p]
                count[0] += 1
                count[1] += new > TIMES * max(repeats)

    def verdict(self) -> tuple[int, int]:
        """Return the period and the phase of new frames; (1, 0) where nothing repeats so."""
        sure = {
            key: led / n
            for key, (n, led) in self.cycles.items()
            if n >= LEAST and n - led <= OTHERS * (n - LEAST)
        }
        return max(sure, key=sure.__getitem__, default=(1, 0))
