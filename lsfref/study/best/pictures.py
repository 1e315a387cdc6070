"""What the pictures of a video say beside its tracks, in one reading of its frames (X7 to X9).

In: frame_HW after frame_HW, grey 0..255, and how many there are.  Out: seen_V, N_SEEN numbers.

The changes look at all frames; the statistics at RUNS runs of RUN successive frames, spread evenly,
and people are looked for on N_LOOKS frames: a long video costs little more than a short one, and no
more than these frames are held, as whole grey levels.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from lsfref.arrays import Bools, Floats, Ints
from lsfref.errors import VideoError
from lsfref.study.best.blobs import N_BLOBS, blobs
from lsfref.study.best.camera import N_CAMERA, camera
from lsfref.study.best.changes import N_CHANGES, frame_changes, summary
from lsfref.study.best.light import N_LIGHT, light
from lsfref.study.best.local import N_LOCAL, local
from lsfref.study.best.noise import N_NOISE, deviation, noise
from lsfref.study.best.people import N_PEOPLE, people

RUN, RUNS = 32, 4  # frames of a run; runs at most
SIDE = 16  # pixels, at least
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
    """Which frames of a video are kept."""

    runs: list[range]
    looks: Ints

    @property
    def frames(self) -> set[int]:
        """Return the numbers of all that are kept; those before the first frame stand for none."""
        every = [number for run in self.runs for number in run]
        return {*every, *(int(look + d) for look in self.looks for d in (-LAG, 0, LAG))}


def plan(n_frames: int) -> Plan:
    """Return the Plan for n_frames, LEAST or more."""
    if n_frames < LEAST:
        raise ValueError(f"want {LEAST} frames or more, got {n_frames}")
    length = min(RUN, n_frames)
    n_runs = min(RUNS, max(1, round(n_frames / RUN)))
    starts = np.linspace(0, n_frames - length, n_runs).astype(int).tolist()
    looks = np.linspace(n_frames // 5, n_frames - 1 - LAG, N_LOOKS).astype(int)
    return Plan([range(start, start + length) for start in starts], np.unique(looks))


def look(frames: Iterable[Floats], n_frames: int, *, gated: bool = True) -> Floats:
    """Return seen_V: changes, statistics, people.

    Raises VideoError where fewer frames come than were counted.
    """
    chosen, kept = plan(n_frames), dict[int, Ints]()
    changes = summary(frame_changes(_keep(frames, chosen.frames, kept)))
    if len(kept) < sum(number >= 0 for number in chosen.frames):
        raise VideoError("it has changed while it was worked on; start again")
    runs = [np.stack([kept[n] for n in run]).astype(np.float32) for run in chosen.runs]
    sigma = deviation(np.diff(runs[0][: LAG + 1], axis=0))
    ends = np.stack([kept[n] for run in chosen.runs for n in run[::8]])
    median_HW = np.median(ends, axis=0).astype(np.float32)
    means = np.mean([statistics(run_FHW, median_HW) for run_FHW in runs], axis=0)
    looks = [moving(kept, int(number), sigma=sigma) for number in chosen.looks]
    return np.concatenate([changes, means, people(looks, gated=gated)])


def _keep(frames: Iterable[Floats], wanted: set[int], kept: dict[int, Ints]) -> Iterator[Floats]:
    """Pass frames on; those whose numbers are wanted stay in `kept`."""
    for number, frame_HW in enumerate(frames):
        if min(frame_HW.shape) < SIDE:
            raise VideoError(f"a side of fewer than {SIDE} pixels shows too little; leave it out")
        if number in wanted:
            kept[number] = np.rint(frame_HW).astype(np.uint8)
        yield frame_HW


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
