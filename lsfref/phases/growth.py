"""A model grows: labelled videos join the index, without training the network again.

New videos are encoded by the stored network. Their order in the index is that of names, classes
keep theirs (T1), tables are drawn from the model's seed: one by one or at once gives one index.
"""

import dataclasses
import functools
from collections.abc import Callable, Iterable, Sequence

import numpy as np

from lsfref.config import random_streams
from lsfref.errors import LabelsError
from lsfref.model import TASKS, Model
from lsfref.phases.passes import Extract, Mapper, Pooled, extract, pool_video
from lsfref.phases.phase1 import Report, silent
from lsfref.phases.phase2 import UNLABELLED, Selection, encode_labels, fit_task
from lsfref.pipeline import LabelledVideo, Trained, fit_warnings
from lsfref.storage.files import printable

ClassOrder = Callable[[str, Iterable[str]], tuple[str, ...]]  # (task, names) -> names in order


def add(
    model: Model,
    videos: Iterable[LabelledVideo],
    *,
    order: ClassOrder,
    reselect: bool = False,
    extract: Extract = extract,
    mapper: Mapper = map,
    report: Report = silent,
) -> Trained:
    """Return a model whose index holds `videos` too; the given model stays as it is.

    A class never seen gets a table, the next one drawn from the model's seed (G2). The features
    that stage 8 kept stay unless `reselect`. Videos that cannot be used are skipped and named.
    Raises LabelsError for a name that the index has already.
    """
    videos = sorted(videos, key=lambda v: v.name)
    known = set(model.files)
    again = [v.name for v in videos if v.name in known]
    if again:
        raise LabelsError(f"{printable(again[0])}: the index has a video of this name; rename it")
    pool = functools.partial(
        pool_video, config=model.config, extract=extract,
        parameters=model.parameters, scaling=model.scaling,
    )  # fmt: skip
    pooled: list[Pooled] = []
    for one in mapper(pool, [v.path for v in videos]):
        pooled.append(one)
        report("encoding", len(pooled), len(videos))
    usable = [(v, p) for v, p in zip(videos, pooled, strict=True) if not p.error]
    skipped = [p.error for p in pooled if p.error]
    warnings = [text for p in pooled for text in p.warnings]
    files = [*model.files, *(v.name for v, _ in usable)]
    place_M = sorted(range(len(files)), key=files.__getitem__)
    pooled_ME = np.stack(
        [*model.pooled_ME, *(p.pooled_E for _, p in usable if p.pooled_E is not None)]
    )
    pooled_ME = pooled_ME[place_M]
    groups = [*model.groups, *(v.group or "" for v, _ in usable)]
    points = [*model.points_M, *(p.n_points for _, p in usable)]
    new_videos = [v for v, _ in usable]
    labels = {t: [*_names(model, t), *(getattr(v, t) for v in new_videos)] for t in model.tasks}
    labels = {t: [names[i] for i in place_M] for t, names in labels.items()}
    classes = {t: order(t, [name for name in labels[t] if name is not None]) for t in labels}
    by_background = encode_labels(labels["background"], classes["background"])
    tasks = {}
    streams = random_streams(model.config.seed).hash.spawn(len(TASKS))
    for task, stream in zip(TASKS, streams, strict=True):
        if task not in model.tasks:
            if any(getattr(v, task) for v in new_videos):
                warnings.append(f"the model has no {task} task; these labels are left out")
            continue
        old = model.tasks[task]
        tasks[task] = fit_task(
            pooled_ME,
            encode_labels(labels[task], classes[task]),
            classes[task],
            dataclasses.replace(model.config, n_projections=old.directions_CNQ.shape[1]),
            rng=stream,
            select_labels_M=by_background if model.config.select_by == "background" else None,
            selection=None if reselect else Selection(old.scores_E, old.selected_Q),
        )
    grown = dataclasses.replace(
        model,
        files=tuple(files[i] for i in place_M),
        groups=tuple(groups[i] for i in place_M),
        points_M=np.array(points, dtype=np.int64)[place_M],
        pooled_ME=pooled_ME,
        tasks=tasks,
    )
    return Trained(grown, skipped, [*warnings, *fit_warnings(grown)])


def _names(model: Model, task: str) -> Sequence[str | None]:
    """Return the class name of each indexed video, None where it has no label."""
    fitted = model.tasks[task]
    labels_M = np.full(len(model.files), UNLABELLED)
    labels_M[fitted.rows_m] = fitted.labels_m
    return [fitted.classes[c] if c >= 0 else None for c in labels_M]
