"""The index of a model beyond its answers: videos that are alike are found, new ones join it.

New videos are encoded by the stored network, which is not trained again. Their order in the index
is that of names, classes keep theirs (T1), tables are drawn from the model's seed: one by one or at
once gives one index.
"""

import dataclasses
import functools
from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np

from lsfref import lsh
from lsfref.arrays import Floats
from lsfref.config import random_streams
from lsfref.errors import LabelsError
from lsfref.model import LabeledVideo, Model, Task, Trained
from lsfref.phases import testing
from lsfref.phases.advice import fit_warnings
from lsfref.phases.extraction import ALONE, Work
from lsfref.phases.passes import pool_video
from lsfref.phases.phase2 import fit_tasks, labels_of
from lsfref.storage.files import printable

ClassOrder = Callable[[str, Iterable[str]], tuple[str, ...]]  # (task, names) -> names in order


def add(
    model: Model,
    videos: Iterable[LabeledVideo],
    *,
    order: ClassOrder,
    reselect: bool = False,
    work: Work = ALONE,
) -> Trained:
    """Return a model whose index holds `videos` too; the given model stays as it is.

    A class never seen gets a table, the next one drawn from the model's seed (G2). The features
    that stage 8 kept stay unless `reselect`. Videos that cannot be used are skipped and named.
    Raises LabelsError for a name that the index has already.
    """
    videos = sorted(videos, key=lambda v: v.name)
    again = [v.name for v in videos if v.name in set(model.files)]
    if again:
        cure = "train again to correct its label, rename it if it is another"
        raise LabelsError(f"{printable(again[0])}: the index has a video of this name; {cure}")
    pool = functools.partial(
        pool_video, encoder=model.network.encoder, config=model.config, extract=work.extract
    )
    pooled = list(work.each("encoding", pool, [v.path for v in videos]))
    skipped = [p.error for p in pooled if p.error]
    warnings = [text for p in pooled for text in p.warnings]
    says_m = np.ones(len(model.files), bool) if model.ranking_M is None else model.ranking_M
    rows = list(zip(indexed_videos(model), model.points_M, model.pooled_ME, says_m, strict=True))
    for one_video, p in zip(videos, pooled, strict=True):
        if p.error:
            continue
        for task in ("background", "foreground"):
            if getattr(one_video, task) and task not in model.tasks:
                warnings.append(f"the model has no {task} task; these labels are left out")
        rows.append((one_video, p.n_points, p.pooled_E, False))
    rows.sort(key=lambda row: row[0].name)
    everyone = [row[0] for row in rows]
    pooled_ME = np.stack([row[2] for row in rows])
    classes = {
        task: order(task, [name for v in everyone if (name := getattr(v, task)) is not None])
        for task in model.tasks
    }
    first = next(iter(model.tasks.values()))
    kept = {t: (old.scores_E, old.selected_Q) for t, old in model.tasks.items()}
    grown = dataclasses.replace(
        model,
        files=tuple(v.name for v in everyone),
        groups=tuple(v.group or "" for v in everyone),
        points_M=np.array([row[1] for row in rows], dtype=np.int64),
        pooled_ME=pooled_ME,
        ranking_M=None if reselect else np.array([row[3] for row in rows]),
        tasks=fit_tasks(
            pooled_ME,
            labels_of(everyone, classes),
            classes,
            dataclasses.replace(model.config, n_projections=first.directions_CNQ.shape[1]),
            rng=random_streams(model.config.seed).hash,
            selections=None if reselect else kept,
        ),
    )
    return Trained(grown, skipped, [*dict.fromkeys(warnings), *fit_warnings(grown)])


class Hit(NamedTuple):
    """An indexed video that is like a query: its row among the M videos, and two distances."""

    row: int
    hash_distance: float  # Euclidean, in the stacked space of all C hashes of the task
    code_distance: float  # Euclidean, between the pooled codes of E elements


def most_similar(task: Task, pooled_ME: Floats, query_E: Floats, *, top: int) -> list[Hit]:
    """Return the `top` indexed videos of a task nearest to a query, exactly, nearest first (G3)."""
    (index,) = testing.prepared(task, stacked=True)
    (query_1N,) = testing.hashes(task, query_E[None], stacked=True)
    neighbors_1K, squared_1K = lsh.nearest(index, query_1N, k=top)
    rows_K = task.rows_m[neighbors_1K[0]]
    apart_K = np.sqrt(np.square(pooled_ME[rows_K] - query_E).sum(axis=1))
    return list(map(Hit, rows_K.tolist(), np.sqrt(squared_1K[0]).tolist(), apart_K.tolist()))


def indexed_videos(model: Model) -> list[LabeledVideo]:
    """Return the videos of a model's index, with the labels that it was fitted to."""
    labels: dict[str, dict[int, str]] = {
        name: {
            int(row): task.classes[label]
            for row, label in zip(task.rows_m, task.labels_m, strict=True)
        }
        for name, task in model.tasks.items()
    }
    return [
        LabeledVideo(
            name, name, labels["background"].get(row), labels.get("foreground", {}).get(row), group
        )
        for row, (name, group) in enumerate(zip(model.files, model.groups, strict=True))
    ]
