"""Figure 1 of the paper: labelled videos become a model, a video becomes two answers.

Training: extract -> sample -> phase 1 (LSFNet) -> phase 2 (pool, select, hash).
Answering: extract -> encode and pool -> select, hash, search, vote.
`extract` and `mapper` are parameters: the command line passes a cached extraction and a process
pool, any `concurrent.futures.Executor.map` will do, and no result depends on either.
"""

import functools
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from lsfref.arrays import Floats
from lsfref.config import Config, random_streams
from lsfref.errors import LsfrefError
from lsfref.model import TASKS, Model, Task
from lsfref.phases.passes import (
    Extract,
    Extraction,
    Mapper,
    PathLike,
    Pooled,
    extract,
    pool_video,
    survey,
)
from lsfref.phases.phase1 import Report, silent, train_phase_1
from lsfref.phases.phase2 import Hit, answer, encode_labels, fit_task, most_similar, neighbor_count

__all__ = ["Extraction", "classify", "extract", "retrieve", "train"]


class LabelledVideo(NamedTuple):
    """One line of a label list (T2); None where a task has no label."""

    name: str
    path: str
    background: str | None
    foreground: str | None
    group: str | None = None


def fit_tasks(
    pooled_ME: Floats,
    videos: Sequence[LabelledVideo],
    classes: dict[str, tuple[str, ...]],
    config: Config,
    *,
    rng: np.random.Generator,
) -> dict[str, Task]:
    """Return the tasks that have classes, from the same codes (T3), each with draws of its own."""
    labels = {t: encode_labels([getattr(v, t) for v in videos], classes[t]) for t in classes}
    by_background = labels["background"] if config.select_by == "background" else None
    return {
        task: fit_task(
            pooled_ME,
            labels[task],
            classes[task],
            config,
            rng=stream,
            select_labels_M=by_background,
        )
        for task, stream in zip(TASKS, rng.spawn(len(TASKS)), strict=True)
        if task in classes
    }


class Trained(NamedTuple):
    """A model and what was left out of it."""

    model: Model
    skipped: list[str]
    warnings: list[str]


def train(
    videos: Iterable[LabelledVideo],
    config: Config,
    *,
    classes: dict[str, tuple[str, ...]],
    extract: Extract = extract,
    mapper: Mapper = map,
    report: Report = silent,
) -> Trained:
    """Return the fitted system (Figure 1, left half); videos are taken in the order of their names.

    `classes` holds the class names of each task in their order (T1). Videos that cannot be used are
    skipped and named. Raises LsfrefError where nothing can be learned: no background labels, fewer
    than two classes with videos.
    """
    videos = sorted(videos, key=lambda v: v.name)
    surveys, warnings = [], []
    look = functools.partial(survey, config=config, extract=extract)
    report("extracting", 0, len(videos))
    for done, found in enumerate(mapper(look, [v.path for v in videos])):
        surveys.append(found)
        warnings.extend(found.warnings)
        report("extracting", done + 1, len(videos))
    skipped = [s.error for s in surveys if s.error]
    counts_M = np.array([s.n_points for s in surveys if not s.error], dtype=np.int64)
    videos = [v for v, s in zip(videos, surveys, strict=True) if not s.error]
    classes = {t: names for t, names in classes.items() if names}
    check_classes(videos, classes, skipped)
    paths = [v.path for v in videos]
    labels_M = encode_labels([v.background for v in videos], classes["background"])
    network = train_phase_1(
        paths, counts_M, labels_M, config, n_classes=len(classes["background"]),
        extract=extract, mapper=mapper, report=report,
    )  # fmt: skip
    pool = functools.partial(
        pool_video, config=config, extract=extract,
        parameters=network.parameters, scaling=network.scaling,
    )  # fmt: skip
    pooled = []
    report("pooling", 0, len(videos))
    for done, one in enumerate(mapper(pool, paths)):
        if one.error:  # it could be read a moment ago
            raise LsfrefError(one.error)
        pooled.append(one.pooled_E)
        report("pooling", done + 1, len(videos))
    pooled_ME = np.stack(pooled)
    tasks = fit_tasks(pooled_ME, videos, classes, config, rng=random_streams(config.seed).hash)
    model = Model(
        config=config,
        parameters=network.parameters,
        scaling=network.scaling,
        reconstruction_curve=network.reconstruction_curve,
        classification_curve=network.classification_curve,
        head_classes=classes["background"],
        files=tuple(v.name for v in videos),
        groups=tuple(v.group or "" for v in videos),
        points_M=counts_M,
        pooled_ME=pooled_ME,
        tasks=tasks,
    )
    return Trained(model, skipped, [*warnings, *network.warnings, *fit_warnings(model)])


def check_classes(
    videos: Sequence[LabelledVideo], classes: dict[str, tuple[str, ...]], skipped: list[str]
) -> None:
    """Raise LsfrefError unless every class still has a video and there are two of each task."""
    more = f" and {len(skipped) - 1} more" if skipped[1:] else ""
    why = f"; skipped: {skipped[0]}{more}" if skipped else ""
    if "background" not in classes:
        raise LsfrefError("no background labels: LSFNet is trained on them; label some videos")
    for task, names in classes.items():
        if len(names) < 2:
            raise LsfrefError(f"{task}: only the class '{names[0]}'; label videos of a second one")
        left = {getattr(v, task) for v in videos}
        empty = [name for name in names if name not in left]
        if empty:
            raise LsfrefError(f"{task}: no usable video of class '{empty[0]}' is left{why}")


def fit_warnings(model: Model) -> list[str]:
    """Return what a user should know of a fitted model: K against the index, classes (G4)."""
    told = []
    for name, task in model.tasks.items():
        n = len(task.rows_m)
        k, wanted = neighbor_count(model.config, n), model.config.n_neighbors
        if model.config.k_rule == "fixed" and wanted > n:
            told.append(f"{name}: K = {wanted} exceeds the {n} indexed videos; all of them vote")
        elif k > n / 10 and model.config.k_rule == "fixed":
            told.append(f"{name}: K = {k} neighbours of {n} videos is more than a tenth of them")
        sizes_C = np.bincount(task.labels_m, minlength=len(task.classes))
        for c in np.flatnonzero(sizes_C * len(task.classes) < k):
            told.append(
                f"{name}: class '{task.classes[c]}' has {sizes_C[c]} videos; K = {k} outvotes it"
            )
    return told


def retrieve(
    path: PathLike, model: Model, *, task: str, top: int, extract: Extract = extract
) -> tuple[Pooled, list[Hit]]:
    """Return a video's pooled code and the indexed videos most similar to it (Section 2.4).

    Bad input is told in `error` of the first, with no hits; it never raises.
    """
    pooled = pool_video(
        path,
        config=model.config,
        parameters=model.parameters,
        scaling=model.scaling,
        extract=extract,
    )
    if pooled.pooled_E is None:
        return pooled, []
    return pooled, most_similar(model.tasks[task], model.pooled_ME, pooled.pooled_E, top=top)


class Answer(NamedTuple):
    """What `classify` says of one video (T7): {class: confidence} in class order, or why not."""

    frames: int
    points: int
    labels: dict[str, str | None]
    confidence: dict[str, dict[str, float]]
    warnings: tuple[str, ...]
    error: str | None


def classify(path: PathLike, model: Model, *, extract: Extract = extract) -> Answer:
    """Return the answers of both tasks for one video (Figure 1, right half).

    Bad input is told in `error`, with no labels; it never raises.
    """
    pooled = pool_video(
        path,
        config=model.config,
        parameters=model.parameters,
        scaling=model.scaling,
        extract=extract,
    )
    return answer_pooled(pooled, model)


def answer_pooled(pooled: Pooled, model: Model) -> Answer:
    """Return the answers of both tasks for a pooled video."""
    labels: dict[str, str | None] = dict.fromkeys(TASKS)
    confidence: dict[str, dict[str, float]] = {}
    if pooled.pooled_E is not None:
        for name, task in model.tasks.items():
            votes = answer(task, pooled.pooled_E[None], model.config)
            labels[name] = task.classes[votes.decision_M[0]]
            confidence[name] = dict(zip(task.classes, votes.confidence_MC[0].tolist(), strict=True))
    return Answer(
        pooled.n_frames, pooled.n_points, labels, confidence, pooled.warnings, pooled.error
    )
