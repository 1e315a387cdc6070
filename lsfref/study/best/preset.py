"""Preset `best`: the paper's trajectories and the pictures beside them, asked in another way.

In: labeled videos.  Out: a Model with Extras, and answers; the reference itself stays the paper's.

Counting neighbors of average codes wants many videos. Of a few hundred real ones more is learned
by kernel classifiers (experts.py) on moments of the raw descriptors (vectors.py) and on what the
pictures themselves show (pictures.py). The choices are X1 to X15 (choices.py).
"""

import dataclasses
import functools
import itertools
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from lsfref import pipeline, pooling
from lsfref.arrays import N_COLUMNS, Bools, Floats, Ints
from lsfref.config import Config
from lsfref.errors import LsfrefError, ModelError, NoTrajectoriesError
from lsfref.model import Extras, LabeledVideo, Model, Task, Trained
from lsfref.phases import growth, timeline
from lsfref.phases.advice import fit_warnings, unusable
from lsfref.phases.extraction import ALONE, Extract, PathLike, Work, extract
from lsfref.phases.passes import Pooled
from lsfref.phases.phase2 import UNLABELED, encode_labels
from lsfref.phases.streaming import Block
from lsfref.storage.choices import from_json
from lsfref.study.best.choices import NAME, Choices
from lsfref.study.best.evaluation import METHOD, asked_of
from lsfref.study.best.experts import Experts, answer_rows, fit_experts, lessons
from lsfref.study.best.pictures import look
from lsfref.study.best.vectors import MOMENTS, WIDTH, describe_video, pool_blocks, read_frames
from lsfref.study.classifiers.logistic import GAP, misfit, restore_classifier
from lsfref.study.protocol import answering
from lsfref.study.protocol.outcome import Outcome
from lsfref.study.protocol.protocol import Round, TaskLabels, Tasks, collect
from lsfref.trajectories import TRACK_LENGTH

LARGEST = 1e6  # no number of a video is near it; what is beyond would overflow
SLACK = 100  # times the gap of a fit, for another machine's rounding


class Learned(NamedTuple):
    """What a task is learned from: m videos, those without trajectories last (X12)."""

    vectors_mV: Floats
    labels_m: Ints
    n_classes: int


def learned(task: Task, number: int, vectors_MV: Floats, others: Floats) -> Learned:
    """Return what a task is learned from.

    vectors_MV are those of the model's videos; a row of others is a video without trajectories,
    its labels of all tasks after its vector.
    """
    labels = others[:, WIDTH + number].astype(np.int64)
    known = labels != UNLABELED
    return Learned(
        np.concatenate([vectors_MV[task.rows_m], others[known, :WIDTH]]),
        np.concatenate([task.labels_m, labels[known]]),
        len(task.classes),
    )


def train(
    videos: Iterable[LabeledVideo],
    config: Config,
    choices: Choices,
    *,
    classes: dict[str, tuple[str, ...]],
    work: Work = ALONE,
) -> Trained:
    """Return the whole system as `pipeline.train` fits it, with Extras that answer instead."""
    videos = sorted(videos, key=lambda v: v.name)
    describe = functools.partial(describe_video, choices=choices)
    trained = pipeline.train(videos, config, classes=classes, work=work, describe=describe)
    others = np.zeros((0, WIDTH + len(trained.model.tasks)))
    return _with_extras(trained, videos, trained.described, {}, others, choices)


def add(
    model: Model, videos: Iterable[LabeledVideo], *, work: Work = ALONE, **rest: Any
) -> Trained:
    """Return the whole system as `growth.add` grows it, with experts that learn from all videos."""
    videos, asked = list(videos), answerer(model)
    assert model.extras is not None  # or nothing would have answered
    others = _others(dict(model.extras.arrays), model).copy()
    grown = growth.add(model, videos, work=work, **rest)
    for number, (name, task) in enumerate(model.tasks.items()):  # numbers of classes may change
        now = np.append(encode_labels(task.classes, grown.model.tasks[name].classes), UNLABELED)
        others[:, WIDTH + number] = now[others[:, WIDTH + number].astype(np.int64)]
    look = functools.partial(asked.describe, extract=work.extract)
    described = list(work.each("describing", look, [v.path for v in videos]))
    known = dict(zip(model.files, model.extras.arrays["vectors_MV"], strict=True))
    return _with_extras(grown, videos, described, known, others, asked.choices)


def _with_extras(
    trained: Trained,
    videos: Sequence[LabeledVideo],
    described: Sequence[Pooled],
    known: dict[str, Floats],
    others: Floats,
    choices: Choices,
) -> Trained:
    """Return the model with experts fitted to what is known of its videos and of these."""
    model, vectors = trained.model, dict(known)
    told = set()  # why the paper's system leaves out what is used here
    for video, pooled in zip(videos, described, strict=True):
        if pooled.pooled_E is not None:
            vectors[video.name] = pooled.pooled_E
            told.add(unusable(video.path, pooled.n_frames, pooled.n_points, model.config))
        elif video.name in model.files:  # it could be read a moment ago
            raise LsfrefError(pooled.error)
    vectors_MV = np.stack([vectors[name] for name in model.files])
    rest = [v for v in videos if v.name in vectors and v.name not in model.files]
    others = np.concatenate([others, _labeled(rest, vectors, model.tasks)])
    arrays = {"vectors_MV": vectors_MV, **({"others": others} if len(others) else {})}
    for number, (name, task) in enumerate(model.tasks.items()):
        own = learned(task, number, vectors_MV, others)
        fitted = fit_experts(*own[:2], task=name, n_classes=own.n_classes, choices=choices)
        for expert, classifier in fitted.classifiers.items():
            arrays[f"{name}.{expert}_mC"] = classifier.weights_mC
    of_votes = fit_warnings(model)  # K and N answer nothing here
    extras = Extras(NAME, dataclasses.asdict(choices), arrays)
    return trained._replace(
        model=dataclasses.replace(model, extras=extras),
        skipped=[text for text in trained.skipped if text not in told],
        warnings=[text for text in trained.warnings if text not in of_votes],
    )


def _labeled(
    videos: Sequence[LabeledVideo], vectors: Mapping[str, Floats], tasks: Mapping[str, Task]
) -> Floats:
    """Return others: the vector of each video, then its label of each task."""
    rows = np.zeros((len(videos), WIDTH + len(tasks)))
    for row, video in zip(rows, videos, strict=True):
        row[:WIDTH] = vectors[video.name]
    for number, (name, task) in enumerate(tasks.items()):
        rows[:, WIDTH + number] = encode_labels([getattr(v, name) for v in videos], task.classes)
    return rows


@dataclass(frozen=True)
class Answerer(answering.Answerer):
    """A model of this preset, ready to be asked."""

    choices: Choices
    experts: Mapping[str, Experts]

    def outcomes(
        self, vectors_MV: Floats, usable_M: Bools, tasks: Tasks, one: Round
    ) -> list[Outcome]:
        """Return the Outcome of each task on the test rows of a split."""
        test, found = one.split[1], []
        for task in tasks:
            shares = functools.partial(self._shares_among, task)
            found.append(asked_of(shares, vectors_MV[test], usable_M[test], task.labels_M[test]))
        return collect([one], [{METHOD: found}], tasks)

    def _shares_among(self, task: TaskLabels, vectors_MU: Floats) -> Floats:
        """Return shares_MC of the classes of a task, of which the model may know a part."""
        columns = [task.classes.index(name) for name in self.model.tasks[task.name].classes]
        shares_MC = np.zeros((len(vectors_MU), len(task.classes)))
        shares_MC[:, columns] = self.shares(task.name, vectors_MU)
        return shares_MC


def describe_intervals(
    path: PathLike, *, config: Config, choices: Choices, extract: Extract = extract, **when: Any
) -> timeline.Timeline:
    """Return a vector for each interval, which `when` says: `seconds` and `rate`.

    An interval's pictures are those that the tracks which end in it have seen: its own, and the 15
    before it (T9).
    """
    frames = read_frames(path, config)
    earlier: deque[Floats] = deque(maxlen=TRACK_LENGTH)
    at = 0  # the frame that is read next

    def until(stop: int) -> Iterator[Floats]:
        nonlocal at
        for picture in itertools.islice(frames, max(stop - at, 0)):
            at += 1
            earlier.append(picture)
            yield picture

    def pool(blocks: Iterable[Block], interval: range) -> pooling.Pooled:
        if not blocks and choices.trackless == "no":
            raise NoTrajectoriesError("no trajectories")
        pooled = pool_blocks(blocks) if blocks else pooling.Pooled(np.zeros(MOMENTS), 0)  # X12
        deque(until(interval.start), 0)  # passes them over
        pictures = [*earlier, *until(interval.stop)]
        seen = look(pictures).summary(gated=choices.gate == "yes")
        return pooled._replace(pooled_E=np.concatenate([pooled.pooled_E, seen]))

    return timeline.describe_intervals(path, pool=pool, config=config, extract=extract, **when)


def answerer(model: Model, name: str = "model") -> Answerer:
    """Return what answers for a model of this preset. Raises ModelError where it is none."""
    try:
        if model.extras is None or model.extras.kind != NAME:
            raise ValueError(f"extras of kind {model.extras and model.extras.kind!r}")
        choices = from_json(Choices, model.extras.choices)
        arrays = dict(model.extras.arrays)
        vectors_MV = _member(arrays, "vectors_MV", (len(model.files), WIDTH))
        others = _others(arrays, model)
        _check_vectors(vectors_MV)
        _check_vectors(others[:, :WIDTH])
        experts = {}
        for number, (key, task) in enumerate(model.tasks.items()):
            own = learned(task, number, vectors_MV, others)
            experts[key] = _restored(arrays, key, own, choices)
        if arrays:
            raise ValueError(f"{min(arrays)} does not belong there")
    except ValueError as fault:
        raise ModelError(f"{name}: damaged ({fault}); train again or restore a copy") from None

    def shares(task: str, vectors_MV: Floats) -> Floats:
        return answer_rows(experts[task], vectors_MV, choices)

    whole = functools.partial(describe_video, config=model.config, choices=choices)
    parts = functools.partial(describe_intervals, config=model.config, choices=choices)
    return Answerer(model, whole, parts, shares, choices, experts)


def _others(arrays: dict[str, Floats], model: Model) -> Floats:
    """Return others, checked: no moments, labels of classes that there are."""
    width = WIDTH + len(model.tasks)
    if "others" not in arrays:
        return np.zeros((0, width))
    others = _member(arrays, "others", (len(arrays["others"]), width))
    if others[:, :MOMENTS].any():
        raise ValueError("others holds moments")
    for number, task in enumerate(model.tasks.values()):
        known = np.isin(others[:, WIDTH + number], np.arange(-1, len(task.classes)))
        if not known.all():
            raise ValueError("others holds a label that is none")
    return others


def _check_vectors(vectors_MV: Floats) -> None:
    if not np.isfinite(vectors_MV).all() or np.abs(vectors_MV).max(initial=0) > LARGEST:
        raise ValueError("a vector holds what no video has")
    if vectors_MV[:, N_COLUMNS:MOMENTS].min(initial=0) < 0:
        raise ValueError("a vector holds a negative variance")


def _restored(arrays: dict[str, Floats], task: str, own: Learned, choices: Choices) -> Experts:
    """Return the Experts of a task; raise ValueError for weights that do not follow from a fit."""
    classifiers = {}
    for of in lessons(own.vectors_mV, task, choices):
        key = f"{task}.{of.expert}_mC"
        weights_mC = _member(arrays, key, (len(of.features_nQ), own.n_classes))
        if np.abs(weights_mC).max() > LARGEST * (1 + choices.cost):
            raise ValueError(f"extras.{key} holds what no fit gives")
        classifiers[of.expert] = restore_classifier(of.features_nQ, weights_mC, of.kernel)
        if misfit(classifiers[of.expert], own.labels_m[of.rows_m], cost=choices.cost) > SLACK * GAP:
            raise ValueError(f"extras.{key} is no fit to the vectors")
    return Experts(classifiers, choices.shares(task))


def _member(arrays: dict[str, Floats], key: str, shape: tuple[int, ...]) -> Floats:
    if key not in arrays or arrays[key].shape != shape:
        raise ValueError(f"extras.{key} is missing or has the wrong shape")
    return arrays.pop(key)
