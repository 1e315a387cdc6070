"""What the page of `explain` shows, gathered in one pass over the video and constant memory.

Most is shown at one moment: the frame on which most valid trajectories end. Of everything else only
counts are kept, so a page of 20,000 frames costs no more than one of 20.
"""

import collections
import dataclasses
from collections.abc import Iterator
from typing import Any

import numpy as np

from lsfref import pooling, voting
from lsfref.arrays import Floats, Ints
from lsfref.config import Config
from lsfref.errors import NoTrajectoriesError
from lsfref.kernels.pyramid import scale_factors
from lsfref.media import decoding
from lsfref.model import Model
from lsfref.phases import testing
from lsfref.phases.extraction import Extraction, extract
from lsfref.phases.phase2 import neighbor_count
from lsfref.phases.streaming import Block
from lsfref.trajectories import TRACK_LENGTH, VERDICTS, step_lengths

STRIP = 6  # pictures of the film strip


@dataclasses.dataclass
class Moment:
    """One frame and what led to it: the frames and flows of the 15 steps before, and the tracks."""

    frame: int
    greys: list[Floats]  # scale 0, the last is this frame
    flows: list[Floats]  # scale 0, flows[i] leads to greys[i + 1]
    layers: list[Floats]  # this frame at every scale
    complete: list[Floats]  # tracks that end here, (n, 16, 2) in pixels of their layer
    verdicts: list[Ints]
    seeds: dict[str, Any]  # of scale 0, the fields of Seeds

    @property
    def n_valid(self) -> int:
        """How many tracks end here and are kept."""
        return int(sum((v == 0).sum() for v in self.verdicts))


@dataclasses.dataclass
class Example:
    """One trajectory: its scale, its row in the block of its last frame, and its numbers."""

    scale: int
    row: int
    points_S2: Floats  # in pixels of its layer
    factor: float
    descriptor_D: Floats
    code_E: Floats | None = None


@dataclasses.dataclass
class Verdict:
    """One task's answer, with all that led to it."""

    name: str
    neighbors_CMK: Ints
    squared_distances_CMK: Floats
    query_hashes_CMN: Floats
    votes: voting.Votes
    hits: list[testing.Hit]


@dataclasses.dataclass
class Story:
    """All that the page tells of one video."""

    path: str
    config: Config
    n_frames: int = 0
    rate: float | None = None
    strip: list[tuple[int, Floats]] = dataclasses.field(default_factory=list)
    counts: collections.Counter[str] = dataclasses.field(default_factory=collections.Counter)
    moment: Moment | None = None
    example: Example | None = None
    warnings: list[str] = dataclasses.field(default_factory=list)
    n_points: int = 0
    model: Model | None = None
    pooled_E: Floats | None = None
    answers: dict[str, Verdict] = dataclasses.field(default_factory=dict)


class _Watcher:
    """Sees every step of the extraction and remembers the best moment."""

    def __init__(self, story: Story) -> None:
        self.story = story
        every = max(1, story.n_frames - 1) / (STRIP - 1)
        self.wanted = {round(i * every) for i in range(STRIP)}
        self.greys: collections.deque[Floats] = collections.deque(maxlen=TRACK_LENGTH + 1)
        self.flows: collections.deque[Floats] = collections.deque(maxlen=TRACK_LENGTH)
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
        story, first = self.story, self.now[0]
        self.greys.append(first["grey_HW"])
        if first.get("flow_HW2") is not None:
            self.flows.append(first["flow_HW2"])
        if self.frame in self.wanted:
            story.strip.append((self.frame, first["grey_HW"]))
        verdicts, complete = [], []
        for layer in self.now.values():
            story.counts["started"] += len(layer["points_P2"])
            if "verdicts_p" not in layer:
                continue
            story.counts["left the image"] += int((~layer["stays_P"]).sum())
            verdicts.append(layer["verdicts_p"])
            complete.append(layer["complete_pS2"])
            numbers = np.bincount(layer["verdicts_p"], minlength=len(VERDICTS))
            story.counts.update(dict(zip(VERDICTS, numbers.tolist(), strict=True)))
        moment = Moment(
            frame=self.frame,
            greys=list(self.greys),
            flows=list(self.flows),
            layers=[layer["grey_HW"] for layer in self.now.values()],
            complete=complete,
            verdicts=verdicts,
            seeds={
                key: first[key] for key in ("points_P2", "strength_HW", "threshold", "occupied_hw")
            },
        )
        if story.moment is None or moment.n_valid > story.moment.n_valid:
            story.moment = moment
        elif story.moment.n_valid == 0 and len(moment.flows) <= TRACK_LENGTH:
            story.moment = moment  # nothing ends anywhere: show a frame with motion before it
        self.now = {}


def gather(path: str, config: Config, model: Model | None) -> Story:
    """Return the story of a video; without a model it ends after stage 4.

    Raises VideoError for a file that is no usable video.
    """
    story = Story(path, config, model=model)
    limits: dict[str, Any] = {"max_frames": config.max_frames, "max_pixels": config.max_pixels}
    story.n_frames = decoding.count_frames(path, **limits)
    story.rate = decoding.frame_rate(path)
    watcher = _Watcher(story)
    found = extract(path, config, watch=watcher)
    kept: dict[int, Block] = {}
    blocks = _remembering(found, story, kept)
    if model is None:
        story.n_points = sum(len(rows_PD) for rows_PD in blocks)
    else:
        encode = model.network.encoder
        try:
            story.pooled_E, story.n_points = pooling.pool_codes(blocks, encode)
        except NoTrajectoriesError:
            story.n_points = 0
    watcher.end_frame()
    story.warnings = list(found.warnings)
    if story.moment is not None and story.moment.frame in kept:
        block = kept[story.moment.frame]
        story.example = example = _example(story.moment, block)
        if model is not None and example is not None:
            example.code_E = encode(block.descriptors_PD)[example.row]
    if model is not None and story.pooled_E is not None:
        for name in model.tasks:
            story.answers[name] = _answer(name, model, story.pooled_E)
    return story


def _remembering(found: Extraction, story: Story, kept: dict[int, Block]) -> Iterator[Floats]:
    """Pass descriptors on; keep the block of the frame that is, or may be, the moment."""
    for block in found:
        end = int(block.info_P10[0, 0])
        kept[end] = block  # the best moment may still become this one: blocks come 15 frames late
        best = story.moment.frame if story.moment else -1
        for old in [e for e in kept if e != best and e < end - 2 * TRACK_LENGTH]:
            del kept[old]
        yield block.descriptors_PD


def _example(moment: Moment, block: Block) -> Example | None:
    """Return the longest path among the valid tracks of the finest scale that has any."""
    factors = scale_factors(len(moment.complete))
    row = 0
    for scale, (complete_pS2, verdicts_p) in enumerate(
        zip(moment.complete, moment.verdicts, strict=True)
    ):
        valid_PS2 = complete_pS2[verdicts_p == 0]
        if len(valid_PS2):
            best = int(np.argmax(step_lengths(np.diff(valid_PS2, axis=1)).sum(axis=1)))
            row += best
            return Example(
                scale, row, valid_PS2[best], float(factors[scale]), block.descriptors_PD[row]
            )
        row += len(valid_PS2)
    return None


def _answer(name: str, model: Model, pooled_E: Floats) -> Verdict:
    task = model.tasks[name]
    neighbors_CMK, squared_CMK = testing.search(task, pooled_E[None], model.config)
    hits = testing.most_similar(
        task, model.pooled_ME, pooled_E, top=neighbor_count(model.config, len(task.rows_m))
    )
    return Verdict(
        name,
        neighbors_CMK,
        squared_CMK,
        testing.hashes(task, pooled_E[None]),
        testing.votes_of(task, pooled_E[None], model.config),
        hits,
    )
