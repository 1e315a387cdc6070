"""What the pictures of a video say beside its tracks, in one reading of its frames (X7 to X9).

In: frame_HW after frame_HW, grey 0..255.  Out: seen_V, N_SEEN numbers.

The changes look at all frames; the statistics at RUNS runs of RUN successive frames, spread evenly,
and people are looked for on N_LOOKS frames: a long video costs little more than a short one. How
long it is shows in the end, so HELD frames are held, as whole grey levels, spread evenly as well.
"""

from collections.abc import Iterable, Iterator, Sequence, Set
from typing import NamedTuple

import numpy as np

from lsfref.arrays import Bools, Floats, Ints
from lsfref.errors import VideoError
from lsfref.kernels import pyramid
from lsfref.study.best.blobs import N_BLOBS, blobs
from lsfref.study.best.camera import N_CAMERA, camera
from lsfref.study.best.changes import N_CHANGES, Changes
from lsfref.study.best.light import N_LIGHT, light
from lsfref.study.best.local import N_LOCAL, local
from lsfref.study.best.noise import N_NOISE, deviation, noise
from lsfref.study.best.people import N_PEOPLE, people

RUN, RUNS = 32, 4  # frames of a run; runs at most
HELD = 16 * RUN  # frames that are held at most
SIDE = 16  # pixels, at least
SMALL = 160  # pixels, the longer side of what changes and statistics are of (X15)
LEAST = 16  # frames, as many as a trajectory has
N_LOOKS = 8  # frames on which people are looked for
LAG = 8  # frames: what moves differs from the frame so long before, and from that after (X10)
GREY = 8.0  # grey levels, or three deviations of the noise: less is no difference

FAMILIES = {
    "noise": N_NOISE, "light": N_LIGHT, "camera": N_CAMERA, "local": N_LOCAL, "blobs": N_BLOBS,
}  # fmt: skip
N_STATISTICS = sum(FAMILIES.values())
N_SEEN = N_CHANGES + N_STATISTICS + N_PEOPLE
PARTS = {  # where they stand in seen_V
    "changes": slice(0, N_CHANGES),
    "statistics": slice(N_CHANGES, N_CHANGES + N_STATISTICS),
    "people": slice(N_CHANGES + N_STATISTICS, N_SEEN),
}


class Plan(NamedTuple):
    """Which frames of a video are looked at: runs of successive ones, and those with people."""

    runs: list[range]
    looks: Ints


def plan(n_frames: int, held: Set[int]) -> Plan:
    """Return the Plan for n_frames, LEAST or more, of which those `held` can be looked at.

    Runs and looks are spread evenly; where their frames are not held, the nearest ones stand in.
    """
    length = min(RUN, n_frames)
    n_runs = min(RUNS, max(1, round(n_frames / RUN)))
    starts = [n for n in held if n + length <= n_frames and held >= {*range(n, n + length)}]
    looks = [n for n in held if n + LAG in held and (n < LAG or n - LAG in held)]
    starts_R = np.linspace(0, n_frames - length, n_runs).astype(int)
    looks_L = np.linspace(n_frames // 5, n_frames - 1 - LAG, N_LOOKS).astype(int)
    runs = [range(start, start + length) for start in _nearest(starts, starts_R).tolist()]
    return Plan(runs, _nearest(looks, looks_L))


def _nearest(numbers: Sequence[int], wanted_W: Ints) -> Ints:
    """Return the numbers that are nearest to those wanted, each once, ascending."""
    return np.unique([min(numbers, key=lambda n: (abs(n - want), n)) for want in wanted_W])


class Pictures:
    """What is kept of the pictures of a video, as they come, and what they say.

    All of the first HELD frames; of a longer video every 2nd, 4th, ... piece of RUN frames, so
    that HELD at most are held.
    """

    def __init__(self) -> None:
        self.n_frames, self.stride = 0, 1
        self.kept: dict[int, Ints] = {}
        self.changes = Changes()

    def add(self, frame_HW: Floats) -> None:
        """Take the next frame, grey 0..255."""
        small_HW = small(frame_HW)
        if min(small_HW.shape) < SIDE:
            raise VideoError(f"a side of fewer than {SIDE} pixels shows too little; leave it out")
        self.changes.add(small_HW)
        if len(self.kept) == HELD:
            self.stride *= 2
            self.kept = {n: f for n, f in self.kept.items() if self._wanted(n)}
        if self._wanted(self.n_frames):
            self.kept[self.n_frames] = np.rint(frame_HW).astype(np.uint8)
        self.n_frames += 1

    def _wanted(self, number: int) -> bool:
        return number // RUN % self.stride == 0

    def summary(self, *, gated: bool = True) -> Floats:
        """Return seen_V of LEAST frames or more: changes, statistics, people."""
        if self.n_frames < LEAST:
            raise VideoError("it has changed while it was worked on; start again")
        kept, chosen = self.kept, plan(self.n_frames, self.kept.keys())
        runs = [np.stack([small(kept[n]) for n in run]) for run in chosen.runs]
        ends = np.concatenate([run_FHW[::8] for run_FHW in runs])
        median_HW = np.median(ends, axis=0).astype(np.float32)
        means = np.mean([statistics(run_FHW, median_HW) for run_FHW in runs], axis=0)
        looks = [look[1:] for look in self.looks(chosen)]
        return np.concatenate([self.changes.summary(), means, people(looks, gated=gated)])

    def looks(self, chosen: Plan) -> Iterator[tuple[int, Floats, Bools]]:
        """Yield number, grey_HW and moving_HW of each frame on which people are looked for."""
        first = np.stack([self.kept[n] for n in chosen.runs[0][: LAG + 1]]).astype(np.float32)
        sigma = deviation(np.diff(first, axis=0))
        for number in chosen.looks.tolist():
            yield number, *moving(self.kept, number, sigma=sigma)


def small(frame_HW: Ints | Floats) -> Floats:
    """Return a frame as changes and statistics see it, float32: its longer side has SMALL pixels at
    most, or as many more as keep the shorter one at SIDE."""
    side = max(SMALL, -(-SIDE * max(frame_HW.shape) // min(frame_HW.shape)))
    return pyramid.resize(frame_HW.astype(np.float32), max_side=side)


def look(frames: Iterable[Floats]) -> Pictures:
    """Return the Pictures of frames that come one after the other."""
    pictures = Pictures()
    for frame_HW in frames:
        pictures.add(frame_HW)
    return pictures


def statistics(run_FHW: Floats, median_HW: Floats) -> Floats:
    """Return statistics_V of one run of frames, the numbers of FAMILIES in their order."""
    sigma = deviation(np.diff(run_FHW[: LAG + 1], axis=0))
    found = blobs(run_FHW[::4], median_HW, sigma=sigma)
    return np.concatenate([family(run_FHW) for family in (noise, light, camera, local)] + [found])


def moving(kept: dict[int, Ints], number: int, *, sigma: float) -> tuple[Floats, Bools]:
    """Return (grey_HW, moving_HW) of a frame: pixels that differ by more than GREY and the noise
    from the frames LAG before and LAG after; at the start of a video from that after alone."""
    grey_HW = kept[number].astype(np.float32)
    apart_HW = np.abs(kept[number + LAG] - grey_HW)
    if number >= LAG:
        apart_HW = np.minimum(apart_HW, np.abs(kept[number - LAG] - grey_HW))
    return grey_HW, apart_HW > max(GREY, 3 * sigma)
