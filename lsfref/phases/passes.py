"""One video at a time: its trajectories, and the three passes that training makes over them.

Count them (survey), fetch the sampled rows (pick_rows), encode and average (pool_video). Each is a
pure function of one video, so that it runs in any process; B4 says why there are three.
"""

import functools
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from lsfref import lsfnet, pooling, video
from lsfref.arrays import Floats, Ints
from lsfref.config import Config
from lsfref.errors import LsfrefError, NoTrajectoriesError, VideoError
from lsfref.kernels import pyramid
from lsfref.phases import sampling, streaming
from lsfref.storage.files import printable

PathLike = str | os.PathLike[str]


class Note(str):
    """A warning about the machine, not about the video: `--strict` lets it pass."""

    __slots__ = ()


@dataclass
class Extraction:
    """The trajectories of one video, streamed: iterate once. `warnings` is full after the end."""

    n_frames: int
    blocks: Iterator[streaming.Block]
    warnings: list[str] = field(default_factory=list)
    n_points: int | None = None  # where it is known beforehand

    def __iter__(self) -> Iterator[streaming.Block]:
        return self.blocks


Extract = Callable[[PathLike, Config], Extraction]
Mapper = Callable[..., Iterable[Any]]
Pool = Callable[[Iterable[streaming.Block]], pooling.Pooled]


def extract(
    path: PathLike,
    config: Config,
    *,
    boxes: Mapping[int, Floats] | None = None,
    watch: streaming.Watch | None = None,
    seen: Callable[[int, int], None] | None = None,
) -> Extraction:
    """Return the dense trajectories of a video (stages 1 to 4; Section 2.1, A1 to A12).

    Iterating gives blocks of info_P10 and descriptors_PD in the order of the original release.
    Raises VideoError for a file that is no usable video. No trajectories, no blocks. `watch` is
    shown every intermediate array (see streaming.py); `boxes` are those of people, boxes_Z4 by
    frame in pixels of the frames worked on (H6); `seen` is told each frame's number, of how many.
    """
    limits: dict[str, Any] = {"max_frames": config.max_frames, "max_pixels": config.max_pixels}
    grey = "8bit" if config.flow == "farneback" else "luma"  # A2: the original program's grey
    warnings: list[str] = []
    n_frames = video.count_frames(path, warn=lambda text: None, **limits)  # told while reading
    frames = video.read_frames(path, grey=grey, warn=warnings.append, **limits)
    if seen is not None:
        frames = _telling(frames, n_frames, seen)
    shrunk = (pyramid.shrink(f, max_side=config.max_side).astype(config.dtype) for f in frames)
    blocks = streaming.extract_frames(
        shrunk,
        n_frames=n_frames,
        flow=config.flow,
        n_scales=config.n_scales,
        camera_motion=config.camera_motion,
        boxes=boxes,
        watch=watch,
    )
    return Extraction(n_frames, _naming(path, blocks), warnings)


def _telling(
    frames: Iterator[Floats], of: int, seen: Callable[[int, int], None]
) -> Iterator[Floats]:
    for number, frame_HW in enumerate(frames, start=1):
        yield frame_HW
        seen(number, of)


def _naming(path: PathLike, blocks: Iterator[streaming.Block]) -> Iterator[streaming.Block]:
    """Pass blocks on; what a stage finds wrong is told with the file's name."""
    try:
        yield from blocks
    except LsfrefError as fault:
        raise VideoError(_with_name(path, fault)) from fault


def _with_name(path: PathLike, fault: LsfrefError) -> str:
    name = printable(path)
    return str(fault) if str(fault).startswith(name) else f"{name}: {fault}"


class Survey(NamedTuple):
    """What the first pass learns of a video."""

    n_points: int
    n_frames: int
    warnings: tuple[str, ...]
    error: str | None


def survey(path: PathLike, *, config: Config, extract: Extract = extract) -> Survey:
    """Return the number of trajectories of a video, or why it has none; bad input never raises."""
    try:
        found = extract(path, config)
        n_points = found.n_points
        if n_points is None:
            n_points = sum(len(block.info_P10) for block in found)
    except LsfrefError as fault:
        return Survey(0, 0, (), str(fault))
    fault_text = None
    if n_points < max(1, config.min_points):
        fault_text = no_trajectories(path, found.n_frames, n_points)
    return Survey(n_points, found.n_frames, tuple(found.warnings), fault_text)


def no_trajectories(path: PathLike, n_frames: int, n_points: int) -> str:
    """Return the sentence for a video with too few trajectories (ledger section 13)."""
    name = printable(path)
    if n_frames < 16:
        frames = "1 frame" if n_frames == 1 else f"{n_frames} frames"
        return f"{name}: {frames}; a trajectory needs 16"
    if n_points == 0:
        return f"{name}: no trajectories: nothing moves, or nothing has texture"
    return f"{name}: only {n_points} trajectories; lower min_points to accept it"


def pick_rows(
    path: PathLike, rows_p: Ints, *, config: Config, extract: Extract = extract
) -> Floats:
    """Return the chosen rows (ascending) of a video's descriptors.

    Raises LsfrefError for a row that is not finite, or is no longer there.
    """
    picked_pD = np.empty((len(rows_p), sum(sampling.WIDTHS)), config.dtype)
    start = high = 0
    for block in extract(path, config):
        stop = start + len(block.descriptors_PD)
        low, high = np.searchsorted(rows_p, [start, stop])
        picked_pD[low:high] = block.descriptors_PD[rows_p[low:high] - start]
        start = stop
        if high == len(rows_p):
            break
    if high < len(rows_p):
        raise VideoError(f"{printable(path)}: it has changed while it was worked on; start again")
    finite_p = np.isfinite(picked_pD).all(axis=1)
    if not finite_p.all():
        row = rows_p[finite_p.argmin()]
        raise VideoError(f"{printable(path)}: descriptor row {row} is not finite; leave it out")
    return picked_pD


class Pooled(NamedTuple):
    """A video as one vector (stage 7), or why not."""

    pooled_E: Floats | None
    n_points: int
    n_frames: int
    warnings: tuple[str, ...]
    error: str | None


def pool_video(
    path: PathLike,
    *,
    config: Config,
    parameters: lsfnet.Parameters,
    scaling: sampling.Scaling,
    extract: Extract = extract,
) -> Pooled:
    """Return the average code of a video (stages 1 to 4, then 7); bad input never raises."""
    pool = functools.partial(pool_blocks, parameters=parameters, scaling=scaling)
    return pool_video_by(path, pool=pool, config=config, extract=extract)


def pool_blocks(
    blocks: Iterable[streaming.Block], *, parameters: lsfnet.Parameters, scaling: sampling.Scaling
) -> pooling.Pooled:
    """Return the average code of trajectories (stage 7)."""
    encode = functools.partial(encode_rows, parameters=parameters, scaling=scaling)
    return pooling.pool_codes((b.descriptors_PD for b in blocks), encode)


def pool_video_by(
    path: PathLike, *, pool: Pool, config: Config, extract: Extract = extract
) -> Pooled:
    """Return what `pool` makes of the trajectories of a video; bad input never raises."""
    n_frames, warnings = 0, []
    try:
        found = extract(path, config)
        n_frames, warnings = found.n_frames, found.warnings
        pooled_E, n_points = pool(found)
    except NoTrajectoriesError:
        return Pooled(None, 0, n_frames, tuple(warnings), no_trajectories(path, n_frames, 0))
    except LsfrefError as fault:
        return Pooled(None, 0, n_frames, tuple(warnings), _with_name(path, fault))
    if n_points < config.min_points:
        fault_text = no_trajectories(path, n_frames, n_points)
        return Pooled(None, n_points, n_frames, tuple(warnings), fault_text)
    return Pooled(pooled_E, n_points, n_frames, tuple(warnings), None)


def encode_rows(
    rows_PD: Floats, *, parameters: lsfnet.Parameters, scaling: sampling.Scaling
) -> Floats:
    """Return codes_PE of raw descriptors: input scaling (A11), then the encoder."""
    return lsfnet.encode(parameters, sampling.apply_scaling(scaling, rows_PD))
