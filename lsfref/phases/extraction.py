"""Stages 1 to 4 of 10 of one video, from its file: dense trajectories, block after block.

In: a path, a Config.  Out: an Extraction. Also what every pass over many videos works with: Work.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from lsfref import video
from lsfref.arrays import Floats
from lsfref.config import Config, settings
from lsfref.errors import LsfrefError, Notice, VideoError
from lsfref.kernels import pyramid
from lsfref.media.borders import in_picture
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
Mapper = Callable[..., Iterable[Any]]
Report = Callable[[str, int, int], None]  # stage, done, of; of 0: nobody knows
# Of a training (start, rows_PD, labels_P, config): its last State, if any, and what keeps the next.
Resume = Callable[..., tuple[State | None, Callable[[State], None]]]


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
    found = Extraction(iter(()))
    grey = "8bit" if config.flow == "farneback" else "luma"  # A2: the original program's grey

    def tell(text: str) -> None:
        found.notices.append(Notice("video", text))

    def counted() -> Iterator[Floats]:
        for frame_HW in working_frames(path, config, grey=grey, tell=tell):
            if found.n_frames == 0 and config.borders == "ignored" and _has_borders(frame_HW):
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
    frames = video.read_frames(
        path, grey=grey, max_frames=config.max_frames, max_pixels=config.max_pixels, warn=tell
    )
    shrunk = (pyramid.shrink(f, max_side=config.max_side).astype(config.dtype) for f in frames)
    if config.repeats == "kept":
        return shrunk
    text = f"{printable(path)}: every frame comes {{}} times, and is counted once (R4)"
    return without_repeats(shrunk, lambda period: tell(text.format(period)))


def _has_borders(grey_HW: Floats) -> bool:
    """Return whether the strongest corner lies in a border."""
    strength_HW = corner_strength(grey_HW)
    return bool(strength_HW.max(where=in_picture(grey_HW), initial=0) < strength_HW.max())


def _naming(path: PathLike, blocks: Iterator[streaming.Block]) -> Iterator[streaming.Block]:
    """Pass blocks on; what a stage finds wrong is raised with the file's name."""
    try:
        yield from blocks
    except LsfrefError as fault:
        raise VideoError(with_name(path, fault)) from fault


class Work(NamedTuple):
    """How many videos are worked on: an extraction, a `map`, who hears how far it is, a Resume.

    The command line passes a cached extraction and a pool of processes. Any `Executor.map` will do
    as mapper, and no result depends on either.
    """

    extract: Extract = extract
    mapper: Mapper = map
    report: Report | None = None
    resume: Resume | None = None

    def each(
        self, stage: str, function: Callable[..., Any], items: Sequence[Any], *more: Iterable[Any]
    ) -> Iterator[Any]:
        """Yield function(item, ...) in order, reporting each."""
        self.say(stage, 0, len(items))
        for done, result in enumerate(self.mapper(function, items, *more), start=1):
            self.say(stage, done, len(items))
            yield result

    def say(self, stage: str, done: int, of: int) -> None:
        """Report how far a stage is, where somebody listens."""
        if self.report is not None:
            self.report(stage, done, of)


ALONE = Work()  # one video after the other, in this process, in silence
