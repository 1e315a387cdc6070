"""A video as a vector: moments of its descriptors (X1, X2), then what its pictures show.

In: a video file.  Out: vector_V, WIDTH numbers; a video without trajectories has no moments (X12).
"""

import functools
import itertools
import operator
from collections.abc import Iterable, Iterator

import numpy as np

from lsfref import pooling
from lsfref.arrays import COLUMNS, N_COLUMNS, Bools, Floats, Ints
from lsfref.config import Config
from lsfref.descriptors import TIME_CELLS
from lsfref.errors import LsfrefError, NoTrajectoriesError
from lsfref.phases.extraction import Extract, PathLike, extract, working_frames
from lsfref.phases.passes import Pooled, pool_video_by, trackless
from lsfref.phases.streaming import Block
from lsfref.storage.files import with_name
from lsfref.study.best.choices import Choices
from lsfref.study.best.pictures import N_SEEN, PARTS, Pictures, look

MOMENTS = 3 * N_COLUMNS  # mean, variance, variance of the frames' means
WIDTH = MOMENTS + N_SEEN


def describe_video(
    path: PathLike, *, config: Config, choices: Choices, extract: Extract = extract
) -> Pooled:
    """Return the vector of a video, WIDTH numbers; bad input never raises.

    Choices: X12 trackless: zeros are the moments of a video of LEAST frames or more without
             trajectories, unless more than one trajectory is wanted of all.
    """
    pictures = Pictures()
    looking = functools.partial(extract, look=pictures.add)
    pooled = pool_video_by(path, pool=pool_blocks, config=config, extract=looking)
    moments = pooled.pooled_E
    if moments is None:
        if choices.trackless == "no" or not trackless(path, pooled, config):
            return pooled
        moments = np.zeros(MOMENTS)
    try:
        if pictures.n_frames < pooled.n_frames:  # its features were kept, or of another grey
            pictures = look(read_frames(path, config))
        seen = pictures.summary(gated=choices.gate == "yes")
    except LsfrefError as fault:
        return pooled._replace(pooled_E=None, error=with_name(path, fault))
    return pooled._replace(pooled_E=np.concatenate([moments, seen]), error=None)


def read_frames(path: PathLike, config: Config) -> Iterator[Floats]:
    """Return grey_HW of the size that trajectories are extracted from, 0.299 R + ... whatever the
    flow (A1). Damage is told by who extracts."""
    return working_frames(path, config, tell=lambda text: None)


def columns(vectors_MV: Floats, expert: str, choices: Choices) -> Floats:
    """Return features_MQ, what an expert sees of the vectors of videos."""
    if expert == "tracks":
        return features(vectors_MV, choices)
    part = PARTS[expert]
    return vectors_MV[:, MOMENTS + part.start : MOMENTS + part.stop]


def tracked(vectors_MV: Floats) -> Bools:
    """Return tracked_M: where there are moments. HOG alone has length 1, so that none are zeros."""
    return np.asarray(vectors_MV[:, :MOMENTS].any(axis=1))


def pool_blocks(blocks: Iterable[Block]) -> pooling.Pooled:
    """Return the moments of a video's descriptors, 1278 numbers.

    float64: mean_D, variance_D and the variance of the means of the frames on which the
    trajectories end, each frame with the weight of its rows. Frames are taken whole, so it does not
    matter how the blocks were cut.
    Raises NoTrajectoriesError without rows, LsfrefError for a row that is not finite.
    """
    n_points, origin_D, total_V = 0, np.zeros(N_COLUMNS), np.zeros(0)
    for rows_BD in whole_frames(blocks):
        finite_B = np.isfinite(rows_BD).all(axis=1)
        if not finite_B.all():
            raise LsfrefError(f"descriptor row {n_points + int(finite_B.argmin())} is not finite")
        if not n_points:
            origin_D = rows_BD[0].astype(np.float64)  # what is constant has variance 0 exactly
        apart_BD = rows_BD - origin_D
        sum_D = apart_BD.sum(axis=0)
        parts = [sum_D, np.square(apart_BD).sum(axis=0), sum_D**2 / len(rows_BD)]
        total_V = np.concatenate(parts) + (total_V if n_points else 0)
        n_points += len(rows_BD)
    if not n_points:
        raise NoTrajectoriesError("no trajectories")
    moments_3D = (total_V / n_points).reshape(3, N_COLUMNS)
    moments_3D[1:] = np.maximum(moments_3D[1:] - moments_3D[0] ** 2, 0)
    moments_3D[0] += origin_D
    return pooling.Pooled(moments_3D.ravel(), n_points)


def whole_frames(blocks: Iterable[Block]) -> Iterator[Floats]:
    """Yield rows_BD, the descriptors that end on one frame, frame after frame."""
    runs = (run for block in blocks for run in _runs(block.descriptors_PD, block.info_P10[:, 0]))
    for _frame, same in itertools.groupby(runs, key=operator.itemgetter(0)):
        yield np.concatenate([rows_pD for _, rows_pD in same])


def _runs(rows_PD: Floats, frames_P: Floats) -> Iterator[tuple[float, Floats]]:
    """Yield the parts between which the frame changes, each after its frame."""
    if len(rows_PD):
        cuts = np.flatnonzero(np.diff(frames_P)) + 1
        frames = frames_P[np.concatenate([[0], cuts])].tolist()
        yield from zip(frames, np.split(rows_PD, cuts), strict=True)


def features(moments_MV: Floats, choices: Choices) -> Floats:
    """Return features_MQ, means and deviations of videos, from the moments that they begin with.

    Choices: X1 mean; mean and deviation of all points; both and the deviation of the frames.
             X2 of the video and its mirror image as one set of points.
    """
    mean_MD, whole_MD, between_MD = np.split(moments_MV[:, :MOMENTS], 3, axis=1)
    if choices.mirror == "yes":
        columns_D, signs_D = mirrored_columns()
        other_MD = mean_MD[:, columns_D] * signs_D
        whole_MD = (whole_MD + whole_MD[:, columns_D]) / 2 + ((mean_MD - other_MD) / 2) ** 2
        between_MD = (between_MD + between_MD[:, columns_D]) / 2
        mean_MD = (mean_MD + other_MD) / 2
    n_parts = {"mean": 1, "deviation": 2, "frames": 3}[choices.moments]
    parts = [mean_MD, np.sqrt(whole_MD), np.sqrt(between_MD)]
    return np.concatenate(parts[:n_parts], axis=1)


@functools.cache
def mirrored_columns() -> tuple[Ints, Floats]:
    """Return (columns_D, signs_D): of a scene whose left and right are exchanged, column d is
    signs_D[d] times column columns_D[d] of the scene as it is.

    Left and right cells change places. A direction at angle a becomes 180 - a; the gradient of the
    horizontal flow, which itself changes sign, -a. HOF's bin of still points stays (A9, A12).
    """
    columns_D, signs_D = np.arange(N_COLUMNS), np.ones(N_COLUMNS)
    signs_D[COLUMNS["trajectory"]][::2] = -1
    turned = (4 - np.arange(8)) % 8
    bins = {"hog": turned, "hof": np.append(turned, 8), "mbhx": -np.arange(8) % 8, "mbhy": turned}
    for name, order in bins.items():
        block = columns_D[COLUMNS[name]].reshape(TIME_CELLS, 2, 2, len(order))
        columns_D[COLUMNS[name]] = block[:, ::-1][..., order].ravel()
    return columns_D, signs_D
