"""Stages 2 to 4 of 10, paper Section 2.1, [26]: frames go in, descriptors of trajectories come out.

In: frame_HW after frame_HW.  Out: a Block of trajectories for each frame on which some end.

What is held does not depend on the video's length: the layers and flows of 15 frames, the live
tracks, and the tracks that are found valid but not yet described.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

import numpy as np

from lsfref.arrays import Floats
from lsfref.cited import homography
from lsfref.descriptors import N_PLANES, cell_sums, describe, room_for
from lsfref.kernels.pyramid import scale_factors
from lsfref.phases import motion
from lsfref.phases.motion import Watch
from lsfref.trajectories import TRACK_LENGTH, Tracker, judge, single, step_lengths

BATCH = 64  # tracks described at a time: what they need stays in the cache


class Block(NamedTuple):
    """The trajectories that end on one frame: by scale, fine to coarse, then by start, row-major.

    Columns of info_P10: last frame, from 0; mean x, y; standard deviation of x, y; path length;
    scale factor; mean x / width, mean y / height, both clipped to [0, 0.999]; middle frame, which
    `of_length` divides by the number of frames. Lengths are in pixels of the frame.
    """

    info_P10: Floats  # float64
    descriptors_PD: Floats  # in the dtype of the frames


def extract_frames(
    frames: Iterable[Floats],
    *,
    flow: str = "lucas_kanade",
    n_scales: int = 8,
    camera_motion: str = "none",
    borders: str = "counted",
    boxes: Mapping[int, Floats] | None = None,
    watch: Watch | None = None,
) -> Iterator[Block]:
    """Yield the trajectories of grey frames (0..255), computed in the dtype of the frames.

    `boxes` are those of people, boxes_Z4 by frame. Raises VideoError if the frame size changes or
    is smaller than a patch.

    Choices: A2 flow "lucas_kanade" or "farneback". A3 n_scales at most. H6 camera_motion "none", or
             "homography": describe motion without the camera's, drop what only the camera moves.
             R5 borders "counted" or "ignored".
    """
    steps = motion.steps(frames, flow=flow, n_scales=n_scales)
    if camera_motion == "homography":
        method = motion.METHODS[flow]
        steps = homography.steadied(steps, method=method, boxes=boxes or {}, watch=watch)
    return follow(steps, borders=borders, watch=watch)


def follow(
    steps: Iterable[motion.Step], *, borders: str = "counted", watch: Watch | None = None
) -> Iterator[Block]:
    """Yield the trajectories through given layers and flows: stages 3 and 4 alone.

    `watch` must not write to what it is shown, always with frame and scale. For "trajectories":
    grey_HW, flow_HW2 (that leads to this frame), the fields of Advance, verdicts_p of its complete
    tracks, the fields of Seeds. For "descriptors": points_P2 of all valid tracks on this frame and
    the sums_O4P of their patches.
    """
    layers: list[_Layer] = []
    frame = 0
    for frame, step in enumerate(steps):
        if frame == 0:
            room, factors = room_for(step.greys[0]), scale_factors(len(step.greys))
            for k, (grey_HW, factor) in enumerate(zip(step.greys, factors, strict=True)):
                tracker = Tracker(grey_HW.dtype, borders=borders)
                show = partial(watch, scale=k) if watch else _look_away
                layers.append(_Layer(grey_HW, factor, tracker, room, show))
        for k, layer in enumerate(layers):
            if step.flows is not None:
                own_flow_HW2 = None if step.own_flows is None else step.own_flows[k]
                layer.advance(frame, step.flows[k], own_flow_HW2)
            layer.start(frame, step.greys[k])
        if frame >= TRACK_LENGTH:
            yield from _ended(layers, frame - TRACK_LENGTH + 1)
    for end in range(max(1, frame - TRACK_LENGTH + 2), frame + 1):
        yield from _ended(layers, end)


def _ended(layers: list["_Layer"], end: int) -> Iterator[Block]:
    """Yield the Block of the tracks that end on this frame, if there are any."""
    blocks = [layer.describe(end, layers[0].grey_HW.shape) for layer in layers]
    block = Block(*map(np.concatenate, zip(*blocks, strict=True)))
    if len(block.info_P10):
        yield block


class _Cohort(NamedTuple):
    """The valid tracks of a layer that end with one step."""

    points_PS2: Floats  # in pixels of the layer
    moves_PL2: Floats  # that make the trajectory shape
    sums_LO4P: Floats  # filled step by step


@dataclass
class _Layer:
    """One scale of a video: tracked as frames come, described 15 frames later.

    By then every track through a frame has been judged, and only the valid ones are described.
    `steps` are those not yet described, each as the frame that it leaves and the flow from there;
    `cohorts` is what ends with each.
    """

    grey_HW: Floats  # the latest frame
    factor: float
    tracker: Tracker
    room: Floats
    show: Watch
    steps: deque[tuple[Floats, Floats]] = field(default_factory=deque)
    cohorts: deque[_Cohort] = field(default_factory=deque)

    def start(self, frame: int, grey_HW: Floats) -> None:
        """Begin new tracks on this frame."""
        self.grey_HW = grey_HW
        seeds = self.tracker.start(grey_HW)
        for name, value in {"grey_HW": grey_HW, **seeds._asdict()}.items():
            self.show("trajectories", name, value, frame=frame)

    def advance(self, frame: int, flow_HW2: Floats, own_flow_HW2: Floats | None) -> None:
        """Follow the tracks to this frame and judge those that are complete."""
        advance = self.tracker.advance(flow_HW2, own_flow_HW2)
        points_pS2 = single(advance.complete_pS2 * self.factor)
        own_moves_pL2 = None if own_flow_HW2 is None else advance.own_moves_pL2 * self.factor
        moves_pL2 = np.diff(points_pS2, axis=1) if own_moves_pL2 is None else own_moves_pL2
        verdicts_p = judge(points_pS2, own_moves_pL2)
        valid_p = verdicts_p == 0
        sums_LO4P = np.empty((TRACK_LENGTH, N_PLANES, 4, valid_p.sum()), self.grey_HW.dtype)
        self.cohorts.append(_Cohort(advance.complete_pS2[valid_p], moves_pL2[valid_p], sums_LO4P))
        self.steps.append((self.grey_HW, flow_HW2 if own_flow_HW2 is None else own_flow_HW2))
        shown = {"flow_HW2": flow_HW2, **advance._asdict(), "verdicts_p": verdicts_p}
        for name, value in shown.items():
            self.show("trajectories", name, value, frame=frame)

    def describe(self, end: int, shape: tuple[int, ...]) -> Block:
        """Return the tracks that end here, of frames of this shape."""
        self._sum_up(end - 1)
        cohort = self.cohorts.popleft()
        points_PS2 = single(cohort.points_PS2 * self.factor)
        batches = [slice(i, i + BATCH) for i in range(0, max(1, len(points_PS2)), BATCH)]
        rows = [describe(cohort.moves_PL2[b], cohort.sums_LO4P[..., b]) for b in batches]
        return Block(_info(points_PS2, end, self.factor, shape), np.concatenate(rows))

    def _sum_up(self, frame: int) -> None:
        """Take the cell sums on the oldest frame for all valid tracks that pass through it."""
        grey_HW, flow_HW2 = self.steps.popleft()
        last = TRACK_LENGTH - 1  # of the oldest cohort this is the last step
        parts = [cohort.points_PS2[:, last - i] for i, cohort in enumerate(self.cohorts)]
        points_P2 = np.concatenate(parts)
        sums_O4P = cell_sums(grey_HW, flow_HW2, points_P2, room=self.room)
        bounds = np.cumsum([len(part) for part in parts])[:-1]
        for i, sums_O4p in enumerate(np.split(sums_O4P, bounds, axis=2)):
            self.cohorts[i].sums_LO4P[last - i] = sums_O4p
        self.show("descriptors", "points_P2", points_P2, frame=frame)
        self.show("descriptors", "sums_O4P", sums_O4P, frame=frame)


def _look_away(*shown: object, **where: int) -> None:
    """Watch nothing."""


def _info(points_PS2: Floats, frame: int, factor: float, shape: tuple[int, ...]) -> Floats:
    """Return info_P10 of tracks in pixels of the frame; the columns are those of Block."""
    mean_P2, spread_P2 = points_PS2.mean(axis=1), points_PS2.std(axis=1)
    path_P = step_lengths(np.diff(points_PS2, axis=1)).sum(axis=1)
    info_P10 = np.empty((len(points_PS2), 10))
    info_P10[:, 0], info_P10[:, 5], info_P10[:, 6] = frame, path_P, factor
    info_P10[:, 1:3], info_P10[:, 3:5] = mean_P2, spread_P2
    info_P10[:, 7:9] = np.clip(mean_P2 / shape[::-1], 0, 0.999)
    info_P10[:, 9] = frame - TRACK_LENGTH / 2
    return info_P10


def of_length(info_P10: Floats, n_frames: int) -> Floats:
    """Return info_P10 as the original writes it: the middle frame as a share of all, clipped."""
    shares_P1 = np.clip(info_P10[:, 9:] / n_frames, 0, 0.999)
    return np.concatenate([info_P10[:, :9], shares_P1], axis=1)
