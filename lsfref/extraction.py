"""Stages 2 to 4 of 10, paper Section 2.1, [26]: frames go in, descriptors of trajectories come out.

In: frame_HW after frame_HW.  Out: a Block of trajectories for each frame on which some end.

What is held does not depend on the video's length: one frame, and for each layer its live tracks
and the cell sums of the last 15 steps. A track holds its place in the sums of each step, and only
tracks that are found valid are described.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import NamedTuple

import numpy as np

from lsfref.arrays import Floats
from lsfref.descriptors import PATCH, cell_sums, describe
from lsfref.errors import VideoError
from lsfref.flow import layer_flows, prepare
from lsfref.pyramid import grey_layers, grey_layers_8bit, scale_factors
from lsfref.trajectories import TRACK_LENGTH, inside, judge, read_flow, sample, single, step_lengths

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


def extract_frames(
    frames: Iterable[Floats],
    *,
    n_frames: int,
    flow: str = "lucas_kanade",
    n_scales: int = 8,
    watch: Watch | None = None,
) -> Iterator[Block]:
    """Yield the trajectories of grey frames (0..255), computed in the dtype of the frames.

    n_frames is the length of the video; only the last info column depends on it. Raises VideoError
    if the frame size changes or is smaller than a patch.

    Choices: A2 flow "farneback" rounds frames and layers to 8 bits, as the original program does.
             A3 n_scales at most.
    """
    return follow(_moments(frames, flow=flow, n_scales=n_scales), n_frames=n_frames, watch=watch)


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

    `watch` is shown every intermediate array with its frame and scale, and must not write to it.
    """
    layers: list[_Tracks] = []
    previous: list[Floats] = []
    for frame, (greys, flows) in enumerate(moments):
        if flows is None:
            layers = [_Tracks(grey_HW.dtype) for grey_HW in greys]
        blocks = []
        for k, (tracks, factor) in enumerate(zip(layers, scale_factors(len(greys)), strict=True)):
            show = partial(watch, frame=frame, scale=k) if watch else _look_away
            show("video", "grey_HW", greys[k])
            if flows is not None:
                show("flow", "flow_HW2", flows[k])
                tracks.advance(previous[k], flows[k], show)
                done = tracks.finish(frame, factor, show)
                if done is not None:
                    info_P10 = _info(done.points_PS2, frame, n_frames, factor, greys[0].shape)
                    blocks.append(
                        Block(info_P10, describe(np.diff(done.points_PS2, axis=1), done.sums_LO4P))
                    )
            tracks.start(frame, greys[k], show)
        previous = greys
        if blocks:
            block = Block(*map(np.concatenate, zip(*blocks, strict=True)))
            if watch:
                watch("descriptors", "info_P10", block.info_P10, frame=frame)
                watch("descriptors", "descriptors_PD", block.descriptors_PD, frame=frame)
            yield block


def _look_away(*shown: object) -> None:
    """Watch nothing."""


class _Step(NamedTuple):
    """What one step leaves in the log, a column for each track that survives it."""

    points_P2: Floats  # before the step
    moves_P2: Floats
    sums_O4P: Floats


class _Done(NamedTuple):
    """Valid tracks with all their steps, in pixels of the frame."""

    points_PS2: Floats
    moves_PL2: Floats
    sums_LO4P: Floats


class _Tracks:
    """The live tracks of one scale, oldest first, and the log of their last 15 steps."""

    def __init__(self, dtype: np.dtype) -> None:
        self.points_P2 = np.empty((0, 2), dtype)  # where they are
        self.start_P = np.empty(0, np.int64)  # the frame on which they began
        self.place_PL = np.empty((0, TRACK_LENGTH), np.int64)  # in each step of the log
        self.log: deque[_Step] = deque(maxlen=TRACK_LENGTH)

    def start(self, frame: int, grey_HW: Floats, show: Watch) -> None:
        """Begin tracks at the corners of this frame that have no track near them."""
        seeds = sample(grey_HW, self.points_P2)
        for name, value in zip(seeds._fields, seeds, strict=True):
            show("trajectories", name, value)
        n_new = len(seeds.points_P2)
        self.points_P2 = np.concatenate([self.points_P2, seeds.points_P2])
        self.start_P = np.concatenate([self.start_P, np.full(n_new, frame)])
        unplaced_pL = np.zeros((n_new, TRACK_LENGTH), np.int64)
        self.place_PL = np.concatenate([self.place_PL, unplaced_pL])

    def advance(self, grey_HW: Floats, flow_HW2: Floats, show: Watch) -> None:
        """Move the points along the flow, log the step, forget tracks that leave the image."""
        moves_P2 = read_flow(flow_HW2, self.points_P2)
        moved_P2 = single(self.points_P2 + moves_P2)
        stays_P = inside(moved_P2, grey_HW.shape)
        points_p2 = self.points_P2[stays_P]
        sums_O4p = cell_sums(grey_HW, flow_HW2, points_p2)
        show("trajectories", "moved_P2", moved_P2)
        show("trajectories", "stays_P", stays_P)
        show("descriptors", "sums_O4P", sums_O4p)
        self.log.append(_Step(points_p2, moves_P2[stays_P], sums_O4p))
        self.points_P2, self.start_P = moved_P2[stays_P], self.start_P[stays_P]
        self.place_PL = np.column_stack([self.place_PL[stays_P, 1:], np.arange(len(points_p2))])

    def finish(self, frame: int, factor: float, show: Watch) -> _Done | None:
        """Take out the tracks that now have all their steps; return the valid ones, if any."""
        n_done = np.count_nonzero(self.start_P == frame - TRACK_LENGTH)  # the oldest come first
        if n_done == 0:
            return None
        last_p2, place_Lp = self.points_P2[:n_done], self.place_PL[:n_done].T
        self.points_P2, self.start_P = self.points_P2[n_done:], self.start_P[n_done:]
        self.place_PL = self.place_PL[n_done:]
        steps = list(self.log)
        before = [step.points_P2[place_p] for step, place_p in zip(steps, place_Lp, strict=True)]
        points_pS2 = single(np.stack([*before, last_p2], axis=1) * factor)
        verdicts_p = judge(points_pS2)
        show("trajectories", "tracks_PS2", points_pS2)
        show("trajectories", "verdicts_P", verdicts_p)
        valid_p = verdicts_p == 0
        if not valid_p.any():
            return None
        places = list(zip(steps, place_Lp[:, valid_p], strict=True))
        moves_PL2 = np.stack([step.moves_P2[place_P] for step, place_P in places], axis=1) * factor
        sums_LO4P = np.empty(
            (len(places), *steps[0].sums_O4P.shape[:2], len(moves_PL2)), steps[0].sums_O4P.dtype
        )
        for sums_O4P, (step, place_P) in zip(sums_LO4P, places, strict=True):
            np.take(step.sums_O4P, place_P, axis=-1, out=sums_O4P, mode="clip")
        return _Done(points_pS2[valid_p], moves_PL2, sums_LO4P)


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
