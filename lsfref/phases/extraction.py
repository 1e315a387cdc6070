"""Stages 1 to 4 of 10 of one video, from its file: dense trajectories, block after block.

In: a path, a Config.  Out: an Extraction. Also what every pass over many videos works with: Work.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from lsfref import video
from lsfref.arrays import Floats
from lsfref.config import Config, settings
from lsfref.errors import LsfrefError, Notice, VideoError, WriteError
from lsfref.kernels import pyramid
from lsfref.media.borders import outshone
from lsfref.media.ffmpeg import PathLike
from lsfref.media.repeats import without_repeats
from lsfref.phases import motion, streaming
from lsfref.storage.files import printable, with_name
from lsfref.switching import State
from lsfref.trajectories import corner_strength


@dataclass
class Extraction:
    """The trajectories of one video, streamed: iterate once. All but the blocks is full after it.

    What is known beforehand, as of features that were kept, is there at once.
    """

    blocks: Iterator[streaming.Block]
    n_frames: int = 0
    n_points: int | None = None
    notices: list[Notice] = field(default_factory=list)

    def __iter__(self) -> Iterator[streaming.Block]:
        return self.blocks

    @property
    def warnings(self) -> tuple[str, ...]:
        """The texts of the notices."""
        return tuple(notice.text for notice in self.notices)


Extract = Callable[..., Extraction]  # (path, config, **what `extract` takes besides)
Each = Callable[..., Iterable[Any]]  # (stage, function, items, ...) -> results, in order
# Of a training (start, rows_PD, labels_P, config): its last State, if any, and who sees the next.
Resume = Callable[..., tuple[State | None, Callable[[State], None] | None]]


def extract(
    path: PathLike,
    config: Config,
    *,
    boxes: Mapping[int, Floats] | None = None,
    watch: motion.Watch | None = None,
    seen: Callable[[int], None] | None = None,
    look: Callable[[Floats], None] | None = None,
) -> Extraction:
    """Return the dense trajectories of a video (stages 1 to 4; Section 2.1, A1 to A12).

    Iterating gives blocks of info_P10 and descriptors_PD in the order of the original release.
    Raises VideoError for a file that is no usable video, here or on the way. `watch` is shown every
    intermediate array (see streaming.py); `boxes` are those of people, boxes_Z4 by frame in pixels
    of the frames worked on (H6); `seen` gets the number of each frame, from 1, once it is done, and
    `look` each frame before, if its grey is luma: where features were kept, nobody looks.
    """
    found, left_out = Extraction(iter(())), config.borders == "ignored"  # R5
    grey = "8bit" if config.flow == "farneback" else "luma"  # A2: the original program's grey

    def tell(text: str) -> None:
        found.notices.append(Notice("video", text))

    def counted() -> Iterator[Floats]:
        for frame_HW in working_frames(path, config, grey=grey, tell=tell):
            if left_out and not found.n_frames and outshone(frame_HW, corner_strength):
                tell(f"{printable(path)}: black borders, left out of the texture threshold (R5)")
            found.n_frames += 1
            if look is not None and grey == "luma":
                look(frame_HW)
            yield frame_HW
            if seen is not None:
                seen(found.n_frames)

    chosen = settings(config, "flow", "n_scales", "camera_motion", "borders")
    blocks = streaming.extract_frames(counted(), boxes=boxes, watch=watch, **chosen)
    found.blocks = _naming(path, blocks)
    return found


def working_frames(
    path: PathLike, config: Config, *, grey: str = "luma", tell: Callable[[str], None]
) -> Iterator[Floats]:
    """Yield grey_HW as all that follows sees it: of max_side (A1), in dtype, repeats once (R4)."""
    limits = settings(config, "max_frames", "max_pixels")
    frames = video.read_frames(path, grey=grey, warn=tell, **limits)
    size = settings(config, "max_side", "enlarge")
    resized = (pyramid.resize(f, **size).astype(config.dtype) for f in frames)
    if config.repeats == "kept":
        return resized
    name, rest = printable(path), "times, and is counted once (R4)"
    return without_repeats(resized, lambda n: tell(f"{name}: every frame comes {n} {rest}"))


def _naming(path: PathLike, blocks: Iterator[streaming.Block]) -> Iterator[streaming.Block]:
    """Pass blocks on; what a stage finds wrong is raised with the file's name."""
    try:
        yield from blocks
    except WriteError:  # of who watches
        raise
    except LsfrefError as fault:
        raise VideoError(with_name(path, fault)) from fault


def in_turn(_stage: str, *tasks: Any) -> Iterable[Any]:
    """Return function(item, ...) of each, in order: a `map` that says nothing."""
    return map(*tasks)


def from_start(*_training: Any) -> tuple[None, None]:
    """Return that there is no State, and that nobody sees the next."""
    return None, None


class Work(NamedTuple):
    """The way in which many videos are worked on. No result depends on it.

    The command line passes a cached extraction, a pool of processes that says how far it is, and
    what keeps the states of a training.
    """

    extract: Extract = extract
    each: Each = in_turn
    resume: Resume = from_start


ALONE = Work()  # one video after the other, in this process, in silence
