"""Stages 2 to 4 of 10, paper Section 2.1, [26]: frames go in, descriptors of trajectories come out.

In: frame_HW after frame_HW.  Out: a Block of trajectories for each frame on which some end.

What is held does not depend on the video's length: the layers and flows of 15 frames, the live
tracks, and the tracks that are found valid but not yet described.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import NamedTuple

import numpy as np

from lsfref.arrays import Floats
from lsfref.descriptors import N_PLANES, PATCH, cell_sums, describe, room_for
from lsfref.errors import VideoError
from lsfref.flow import layer_flows, prepare
from lsfref.homography import bring_back, camera_homography
from lsfref.pyramid import grey_layers, grey_layers_8bit, scale_factors
from lsfref.trajectories import TRACK_LENGTH, Tracker, judge, single, step_lengths

BATCH = 64  # tracks described at a time: what they need stays in the cache

Watch = Callable[..., None]  # watch(stage, name, array, frame=..., scale=...)


class Block(NamedTuple):
    """The trajectories that end on one frame: by scale, fine to coarse, then by start, row-major.

    Columns of info_P10: last frame, from 0; mean x, y; standard deviation of x, y; path length;
    scale factor; mean x / width, mean y / height and middle frame / frames of the video, these
    three clipped to [0, 0.999]. Lengths are in pixels of the frame.
    """

    info_P10: Floats  # float64
    descriptors_PD: Floats  # in the dtype of the frames


class Moment(NamedTuple):
    """A frame at every scale, and the flow that leads there from the frame before."""

    greys: list[Floats]  # grey_HW
    flows: list[Floats] | None  # flow_HW2 in pixels of the layer; None for the first frame
    own_flows: list[Floats] | None = None  # the same without the camera's motion (H6)


def extract_frames(
    frames: Iterable[Floats],
    *,
    n_frames: int,
    flow: str = "lucas_kanade",
    n_scales: int = 8,
    camera_motion: str = "none",
    boxes: Mapping[int, Floats] | None = None,
    watch: Watch | None = None,
) -> Iterator[Block]:
    """Yield the trajectories of grey frames (0..255), computed in the dtype of the frames.

    n_frames is the length of the video; only the last info column depends on it. `boxes` are those
    of people, boxes_Z4 by frame. Raises VideoError if the frame size changes or is smaller than a
    patch.

    Choices: A2 flow "farneback" rounds frames and layers to 8 bits, as the original program does.
             A3 n_scales at most. H6 camera_motion "homography" describes motion without the
             camera's, and drops what only moves with the camera.
    """
    moments = _moments(frames, flow=flow, n_scales=n_scales)
    if camera_motion == "homography":
        moments = _steadied(moments, boxes or {}, flow=flow, n_scales=n_scales, watch=watch)
    return follow(moments, n_frames=n_frames, watch=watch)


def _moments(frames: Iterable[Floats], *, flow: str, n_scales: int) -> Iterator[Moment]:
    shape, before = None, None
    for frame_HW in frames:
        _check_shape(frame_HW.shape, shape or frame_HW.shape)
        shape, dtype = frame_HW.shape, np.result_type(frame_HW.dtype, np.float32)
        if flow == "farneback":
            layers = grey_layers_8bit(np.rint(frame_HW).astype(np.uint8), n_scales=n_scales)
            greys = [layer.astype(dtype) for layer in layers]
        else:
            greys = grey_layers(frame_HW.astype(dtype, copy=False), n_scales=n_scales)
        now = prepare(greys[0], n_scales=n_scales, method=flow)
        yield Moment(greys, None if before is None else layer_flows(before, now, method=flow))
        before = now


def _steadied(
    moments: Iterable[Moment],
    boxes: Mapping[int, Floats],
    *,
    flow: str,
    n_scales: int,
    watch: Watch | None,
) -> Iterator[Moment]:
    """Yield the moments with own_flows: from each frame to the next one, brought back to it (H6).

    The homographies are drawn from one seed: the same video gives the same rows.
    """
    rng = np.random.default_rng(0)
    before_HW: Floats = np.empty((0, 0))
    for frame, moment in enumerate(moments):
        now_HW = moment.greys[0]
        if moment.flows is not None:
            homography_33 = camera_homography(
                before_HW, moment.flows[0], rng=rng, boxes_Z4=boxes.get(frame - 1)
            )
            if watch:
                watch("flow", "homography_33", homography_33, frame=frame, scale=0)
            steady_HW = bring_back(before_HW, now_HW, homography_33)
            if flow == "farneback":
                steady_HW = np.rint(steady_HW)
            pair = (prepare(f, n_scales=n_scales, method=flow) for f in (before_HW, steady_HW))
            moment = moment._replace(own_flows=layer_flows(*pair, method=flow))
        yield moment
        before_HW = now_HW


def _check_shape(shape: tuple[int, ...], first: tuple[int, ...]) -> None:
    if shape != first:
        raise VideoError(
            f"the frame size changes from {first[1]}x{first[0]} to {shape[1]}x{shape[0]} pixels;"
            " convert the video to one size"
        )
    if min(shape) < PATCH:
        raise VideoError(
            f"frames of {shape[1]}x{shape[0]} pixels are too small: each side must have {PATCH}"
        )


def follow(
    moments: Iterable[Moment], *, n_frames: int, watch: Watch | None = None
) -> Iterator[Block]:
    """Yield the trajectories through given layers and flows: stages 3 and 4 alone.

    `watch` must not write to what it is shown, always with frame and scale. For "trajectories":
    grey_HW, flow_HW2 (that leads to this frame), the fields of Advance, verdicts_p of its complete
    tracks, the fields of Seeds. For "descriptors": points_P2 of all valid tracks on this frame and
    the sums_O4P of their patches.
    """
    layers: list[_Layer] = []
    frame = 0
    for frame, moment in enumerate(moments):
        greys = moment.greys
        if frame == 0:
            factors = scale_factors(len(greys))
            layers = [_Layer(greys[k], k, factors[k], watch) for k in range(len(greys))]
        for k, layer in enumerate(layers):
            if moment.flows is not None:
                own_flow_HW2 = None if moment.own_flows is None else moment.own_flows[k]
                layer.advance(frame, moment.flows[k], own_flow_HW2)
            layer.start(frame, greys[k])
        if frame >= TRACK_LENGTH:
            yield from _ended(layers, frame - TRACK_LENGTH + 1, n_frames)
    for end in range(max(1, frame - TRACK_LENGTH + 2), frame + 1):
        yield from _ended(layers, end, n_frames)


def _ended(layers: list["_Layer"], end: int, n_frames: int) -> Iterator[Block]:
    """Yield the Block of the tracks that end on this frame, if there are any."""
    blocks = []
    for layer in layers:
        points_PS2, descriptors_PD = layer.describe(end)
        info_P10 = _info(points_PS2, end, n_frames, layer.factor, layers[0].grey_HW.shape)
        blocks.append(Block(info_P10, descriptors_PD))
    if any(len(block.info_P10) for block in blocks):
        yield Block(*map(np.concatenate, zip(*blocks, strict=True)))


class _Step(NamedTuple):
    """What describes a step: the frame that it leaves, and the flow from there."""

    grey_HW: Floats
    flow_HW2: Floats


class _Cohort(NamedTuple):
    """The valid tracks of a layer that end with one step."""

    points_PS2: Floats  # in pixels of the layer
    moves_PL2: Floats  # that make the trajectory shape
    sums_LO4P: Floats  # filled step by step


class _Layer:
    """One scale of a video: tracked as frames come, described 15 frames later.

    By then every track through a frame has been judged, and only the valid ones are described.
    """

    def __init__(self, grey_HW: Floats, k: int, factor: float, watch: Watch | None) -> None:
        self.grey_HW, self.factor = grey_HW, factor  # the latest frame; its scale
        self.tracker = Tracker(grey_HW.dtype)
        self.room = room_for(grey_HW)
        self.show: Watch = partial(watch, scale=k) if watch else _look_away
        self.steps: deque[_Step] = deque()  # those not yet described, and what ends with each
        self.cohorts: deque[_Cohort] = deque()

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
        if own_flow_HW2 is None:
            moves_pL2, verdicts_p = np.diff(points_pS2, axis=1), judge(points_pS2)
        else:
            moves_pL2 = advance.own_moves_pL2 * self.factor
            verdicts_p = judge(points_pS2, moves_pL2)
        valid_p = verdicts_p == 0
        sums_LO4P = np.empty((TRACK_LENGTH, N_PLANES, 4, valid_p.sum()), self.grey_HW.dtype)
        self.cohorts.append(_Cohort(advance.complete_pS2[valid_p], moves_pL2[valid_p], sums_LO4P))
        self.steps.append(_Step(self.grey_HW, flow_HW2 if own_flow_HW2 is None else own_flow_HW2))
        shown = {"flow_HW2": flow_HW2, **advance._asdict(), "verdicts_p": verdicts_p}
        for name, value in shown.items():
            self.show("trajectories", name, value, frame=frame)

    def describe(self, end: int) -> tuple[Floats, Floats]:
        """Return points_PS2, in pixels of the frame, and descriptors_PD of tracks that end here."""
        self._sum_up(end - 1)
        cohort = self.cohorts.popleft()
        n = len(cohort.points_PS2)
        batches = [slice(i, i + BATCH) for i in range(0, max(1, n), BATCH)]
        rows = [describe(cohort.moves_PL2[b], cohort.sums_LO4P[..., b]) for b in batches]
        return single(cohort.points_PS2 * self.factor), np.concatenate(rows)

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


def _info(
    points_PS2: Floats, frame: int, n_frames: int, factor: float, shape: tuple[int, ...]
) -> Floats:
    """Return info_P10 of tracks in pixels of the frame; the columns are those of Block."""
    mean_P2, spread_P2 = points_PS2.mean(axis=1), points_PS2.std(axis=1)
    path_P = step_lengths(np.diff(points_PS2, axis=1)).sum(axis=1)
    info_P10 = np.empty((len(points_PS2), 10))
    info_P10[:, 0], info_P10[:, 5], info_P10[:, 6] = frame, path_P, factor
    info_P10[:, 1:3], info_P10[:, 3:5] = mean_P2, spread_P2
    info_P10[:, 7:9] = mean_P2 / shape[::-1]
    info_P10[:, 9] = (frame - TRACK_LENGTH / 2) / n_frames
    np.clip(info_P10[:, 7:], 0, 0.999, out=info_P10[:, 7:])
    return info_P10
