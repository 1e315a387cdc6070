"""What the page of `explain` shows, gathered in one extraction of the video and constant memory.

Most is shown at one moment: the frame on which most valid trajectories end. Of everything else only
counts are kept, so a page of 20,000 frames costs no more than one of 20. What is wanted again, by
the answer and by its timeline, is read back from a temporary folder.
"""

import collections
import dataclasses
import functools
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from lsfref import video, voting
from lsfref.app.evaluation import systems
from lsfref.app.page.evidence import Evidence, evidence_of
from lsfref.app.work.cache import CachedExtract
from lsfref.app.work.session import strict_extract
from lsfref.arrays import Floats, Ints
from lsfref.config import Config
from lsfref.errors import LsfrefError
from lsfref.media import decoding
from lsfref.model import Model, Task
from lsfref.phases import extraction, growth, testing, timeline
from lsfref.phases.advice import unusable
from lsfref.phases.extraction import Extract, Extraction
from lsfref.phases.phase2 import neighbor_count
from lsfref.phases.streaming import Block
from lsfref.storage.files import PathLike, scratch
from lsfref.study.best import preset
from lsfref.study.protocol import answering
from lsfref.trajectories import TRACK_LENGTH, VERDICTS, step_lengths

STRIP = 6  # pictures of the film strip
INTERVALS, SHORTEST = 24, 10  # of a timeline: how many at most, and how many frames at least
THUMB_FRAME = 12  # of an indexed video, or its last: the first ones may be black
SAME = 1e-5  # distance of two codes of one video, relative to their length


Labels = dict[str, str | None]  # the answer to each task


class Moment(NamedTuple):
    """One frame and what led to it: the frames of the 15 steps before, and the tracks."""

    frame: int
    greys: list[Floats]  # scale 0, the last is this frame
    seen: list[dict[str, Any]]  # of each scale, what the extraction showed on this frame, by name

    @property
    def tracks(self) -> list[tuple[Floats, Ints]]:
        """complete_pS2, the tracks that end here, in pixels of their layer, and verdicts_p."""
        return [(s["complete_pS2"], s["verdicts_p"]) for s in self.seen if "verdicts_p" in s]

    @property
    def n_valid(self) -> int:
        """How many tracks end here and are kept."""
        return int(sum((verdicts_p == 0).sum() for _, verdicts_p in self.tracks))


class Example(NamedTuple):
    """One trajectory: its scale, its row in the block of its last frame, and its numbers."""

    scale: int
    row: int
    points_S2: Floats  # in pixels of its layer
    descriptor_D: Floats
    code_E: Floats | None  # with a model


class Search(NamedTuple):
    """One question asked of the paper's system, with all that led to its answer."""

    neighbors_CMK: Ints
    squared_distances_CMK: Floats
    query_hashes_CMN: Floats
    votes: voting.Votes
    hits: list[growth.Hit]


@dataclasses.dataclass
class Story:
    """All that the page says of one video."""

    path: str
    config: Config
    model: Model | None = None
    n_frames: int = 0
    rate: float | None = None
    strip: list[tuple[int, Floats]] = dataclasses.field(default_factory=list)
    counts: collections.Counter[str] = dataclasses.field(default_factory=collections.Counter)
    moment: Moment | None = None
    example: Example | None = None
    warnings: list[str] = dataclasses.field(default_factory=list)
    n_points: int = 0
    pooled_E: Floats | None = None
    searches: dict[str, Search] = dataclasses.field(default_factory=dict)
    indexed_as: str | None = None  # the name of this very video in the index
    answer: testing.Answer | None = None  # what `classify` says
    intervals: list[tuple[timeline.Interval, Labels]] = dataclasses.field(default_factory=list)
    evidence: Evidence | None = None  # of preset `best` alone

    @property
    def fault(self) -> str | None:
        """Why there is no answer; without a model, why there are no trajectories."""
        if self.answer is not None:
            return self.answer.error
        return unusable(self.path, self.n_frames, self.n_points, self.config)


class _Watcher:
    """Sees every step of the extraction and remembers the best moment."""

    def __init__(self, story: Story, inner: Extract) -> None:
        self.story, self.inner = story, inner
        every = max(1, story.n_frames - 1) / (STRIP - 1)
        self.wanted = {round(i * every) for i in range(STRIP)}
        self.greys: collections.deque[Floats] = collections.deque(maxlen=TRACK_LENGTH + 1)
        self.now: dict[int, dict[str, Any]] = {}  # by scale, of this frame
        self.frame = -1

    def __call__(self, stage: str, name: str, array: Any, *, frame: int, scale: int) -> None:
        if stage != "trajectories":
            return
        if frame != self.frame:
            self.end_frame()
            self.frame = frame
        self.now.setdefault(scale, {})[name] = array

    def end_frame(self) -> None:
        """Count what the frame brought; keep it if more valid tracks end on it than ever."""
        if not self.now:
            return
        story, seen = self.story, list(self.now.values())
        self.greys.append(seen[0]["grey_HW"])
        if self.frame in self.wanted:
            story.strip.append((self.frame, seen[0]["grey_HW"]))
        moment = Moment(self.frame, list(self.greys), seen)
        for layer in [layer for layer in seen if "verdicts_p" in layer]:
            story.counts["left the image"] += int((~layer["stays_P"]).sum())
            numbers = np.bincount(layer["verdicts_p"], minlength=len(VERDICTS))
            story.counts.update(dict(zip(VERDICTS, numbers.tolist(), strict=True)))
        best = story.moment  # where nothing ends anywhere, the last frame
        if best is None or best.n_valid == 0 or moment.n_valid > best.n_valid:
            story.moment = moment
        self.now = {}

    def extract(self, path: PathLike, config: Config) -> Extraction:
        """Extract under watch; the first time alone, should it be done again."""
        return self.inner(path, config, watch=self if self.frame < 0 else None)


def gather(
    path: str,
    config: Config,
    model: Model | None = None,
    *,
    strict: bool = False,
    extract: Extract = extraction.extract,
) -> Story:
    """Return the story of a video; without a model it ends after stage 4.

    Raises VideoError for a file that is no usable video, with `strict` for a damaged one.
    """
    story = Story(path, config, model)
    story.n_frames = timeline.count_frames(path, config)
    story.rate = decoding.frame_rate(path)
    watcher = _Watcher(story, extract)
    with scratch() as folder:
        extract = CachedExtract(folder, compute=watcher.extract)
        if strict:
            extract = functools.partial(strict_extract, inner=extract)
        found = extract(path, config)
        story.n_points = sum(len(block.info_P10) for block in found)
        watcher.end_frame()
        story.warnings = list(found.warnings)
        if story.moment is not None and story.moment.n_valid:
            story.example = _example(story.moment, extract(path, config), model)
        if model is not None:
            _ask(story, model, extract)
    return story


def _ask(story: Story, model: Model, extract: Extract) -> None:
    """Put into the story what the paper's system finds, and what `classify` answers."""
    pooled_E = answering.paper_answerer(model).describe(story.path, extract=extract).pooled_E
    if pooled_E is not None and pooled_E.any():  # zeros are no place among others (D4)
        story.pooled_E, story.indexed_as = pooled_E, indexed_as(model, pooled_E)
        story.searches = {name: _search(name, model, pooled_E) for name in model.tasks}
    system = systems.answerer(model)
    described = system.describe(story.path, extract=extract)
    story.answer = answering.answer_as(system, described)
    story.warnings = list(dict.fromkeys([*story.warnings, *story.answer.warnings]))
    if story.answer.error is not None:
        return
    n = max(SHORTEST, -(-story.n_frames // INTERVALS))
    seconds = n / (story.rate or timeline.NOMINAL_RATE)
    told = system.describe_intervals(story.path, seconds=seconds, extract=extract)
    story.intervals = [(i, answering.answer_as(system, i.pooled).labels) for i in told.intervals]
    if isinstance(system, preset.Answerer) and described.pooled_E is not None:
        story.evidence = evidence_of(system, story.path, described.pooled_E)


def indexed_as(model: Model, pooled_E: Floats) -> str | None:
    """Return the name of the indexed video whose code is that of this video; None without one."""
    apart_M = np.sqrt(np.square(model.pooled_ME - pooled_E).sum(axis=1))
    nearest = int(apart_M.argmin())
    same = apart_M[nearest] <= SAME * np.sqrt(np.square(pooled_E).sum())
    return model.files[nearest] if same else None


def thumbnail(path: PathLike, config: Config) -> Floats | None:
    """Return grey_HW, an early frame of a video; None where there is none to be had."""
    try:
        frames = video.read_frames(
            path, max_frames=THUMB_FRAME, max_pixels=config.max_pixels, warn=lambda text: None
        )
        return collections.deque(frames, maxlen=1)[0]
    except LsfrefError:
        return None


def classes_of(model: Model) -> list[str]:
    """Return the names of all classes, of both tasks."""
    return [name for task in model.tasks.values() for name in task.classes]


def label_of(task: Task, row: int) -> str:
    """Return the class of an indexed video, by its row among all of the model."""
    return task.classes[task.labels_m[np.flatnonzero(task.rows_m == row)[0]]]


def find_indexed(name: str, folders: list[Path]) -> Path | None:
    """Return where an indexed video still lies, below one of the folders; None where it does not.

    Names come from a model, perhaps a stranger's: none leads out of the folders, be it absolute.
    """
    roots = [os.path.abspath(folder) for folder in folders]
    places = [Path(os.path.normpath(os.path.join(root, name))) for root in roots]
    return next((p for p in places if any(map(p.is_relative_to, roots)) and p.is_file()), None)


def _example(moment: Moment, blocks: Iterable[Block], model: Model | None) -> Example | None:
    """Return the longest path among the valid tracks of the finest scale that has any.

    The rows that end on a frame are in the order of the scales: those of this one come first.
    """
    rows_PD = np.concatenate([b.descriptors_PD[b.info_P10[:, 0] == moment.frame] for b in blocks])
    codes_PE = model.network.encoder(rows_PD) if model else None
    for scale, (complete_pS2, verdicts_p) in enumerate(moment.tracks):
        valid_PS2 = complete_pS2[verdicts_p == 0]
        if len(valid_PS2):
            best = int(np.argmax(step_lengths(np.diff(valid_PS2, axis=1)).sum(axis=1)))
            code_E = None if codes_PE is None else codes_PE[best]
            return Example(scale, best, valid_PS2[best], rows_PD[best], code_E)
    return None


def _search(name: str, model: Model, pooled_E: Floats) -> Search:
    task = model.tasks[name]
    top = neighbor_count(model.config, len(task.rows_m))
    return Search(
        *testing.search(task, pooled_E[None], model.config),
        testing.hashes(task, pooled_E[None]),
        testing.votes_of(task, pooled_E[None], model.config),
        growth.most_similar(task, model.pooled_ME, pooled_E, top=top),
    )
