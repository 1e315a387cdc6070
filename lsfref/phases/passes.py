"""One video at a time: the passes that training makes over its trajectories.

Count them (survey), encode and average (pool_video). Each is a pure function of one video, so that
it runs in any process; B4 says why two are enough to train.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from lsfref import pooling
from lsfref.arrays import Floats
from lsfref.config import Config
from lsfref.errors import LsfrefError, NoTrajectoriesError, WriteError
from lsfref.model import Encoder
from lsfref.phases.advice import unusable
from lsfref.phases.extraction import Extract, Extraction, PathLike, extract
from lsfref.phases.streaming import Block
from lsfref.storage.files import with_name
from lsfref.trajectories import TRACK_LENGTH

Pool = Callable[[Extraction], tuple[Floats | None, int]]


class Pooled(NamedTuple):
    """A video as one vector (stage 7), or why not."""

    pooled_E: Floats | None
    n_points: int
    n_frames: int
    warnings: tuple[str, ...] = ()
    error: str | None = None


def survey(path: PathLike, *, config: Config, extract: Extract = extract) -> Pooled:
    """Return the number of trajectories of a video, and no vector; bad input never raises."""
    return pool_video_by(path, pool=_count, config=config, extract=extract)


def _count(found: Extraction) -> tuple[None, int]:
    known = found.n_points
    return None, sum(len(block.info_P10) for block in found) if known is None else known


def pool_video(
    path: PathLike, *, encoder: Encoder, config: Config, extract: Extract = extract
) -> Pooled:
    """Return the average code of a video (stages 1 to 4, then 7); bad input never raises."""

    def pool(blocks: Iterable[Block]) -> pooling.Pooled:
        return pooling.pool_codes((block.descriptors_PD for block in blocks), encoder)

    return pool_video_by(path, pool=pool, config=config, extract=extract)


def pool_video_by(
    path: PathLike, *, pool: Pool, config: Config, extract: Extract = extract
) -> Pooled:
    """Return what `pool` makes of the trajectories of a video; bad input never raises.

    What cannot be written while they come is raised.
    """
    found, pooled_E, n_points = Extraction(iter(())), None, 0
    try:
        found = extract(path, config)
        pooled_E, n_points = pool(found)
    except NoTrajectoriesError:
        pass
    except WriteError:
        raise
    except LsfrefError as fault:  # nobody knows how many frames there are
        return Pooled(None, 0, 0, found.warnings, with_name(path, fault))
    error = unusable(path, found.n_frames, n_points, config)
    return Pooled(None if error else pooled_E, n_points, found.n_frames, found.warnings, error)


def trackless(path: PathLike, pooled: Pooled, config: Config) -> bool:
    """Return whether a video of frames enough was read to its end, and nothing could be followed.

    Not where `min_points` exceeds 1: such a video is then an error.
    """
    why = unusable(path, pooled.n_frames, 0, config)
    return pooled.n_frames > TRACK_LENGTH and config.min_points <= 1 and pooled.error == why
