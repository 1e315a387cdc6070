"""Training phase 2 (paper Sections 2.3 and 2.4): select among pooled codes, hash them."""

import math
from collections.abc import Sequence

import numpy as np

from lsfref import fisher, lsh
from lsfref.arrays import Floats, Ints
from lsfref.config import Config
from lsfref.model import TASKS, LabeledVideo, Task

UNLABELED = -1


def encode_labels(names: Sequence[str | None], classes: Sequence[str]) -> Ints:
    """Return labels_M: the class number of each name, UNLABELED where there is none."""
    numbers: dict[str | None, int] = {name: c for c, name in enumerate(classes)}
    return np.array([numbers.get(name, UNLABELED) for name in names], dtype=np.int64)


Selection = tuple[Floats, Ints]  # scores_E, and selected_Q: the features kept, best first


def select(pooled_ME: Floats, labels_M: Ints, config: Config) -> Selection:
    """Return the Fisher scores over the labeled videos and the features kept (stage 8)."""
    labeled_m = np.flatnonzero(labels_M >= 0)
    scores_E = fisher.fisher_score(pooled_ME[labeled_m], labels_M[labeled_m])
    return scores_E, fisher.select_top(scores_E, top_percent=config.top_percent)


def fit_task(
    pooled_ME: Floats,
    labels_M: Ints,
    classes: tuple[str, ...],
    config: Config,
    *,
    rng: np.random.Generator,
    selection: Selection | None = None,
) -> Task:
    """Return selection and hash tables of one task (stages 8 and 9; F1 to F5, G1, G2).

    The features are ranked by the task's own labels, unless a selection is given.
    """
    scores_E, selected_Q = selection or select(pooled_ME, labels_M, config)
    rows_m = np.flatnonzero(labels_M >= 0)
    directions_CNQ = lsh.draw_directions(
        rng, n_classes=len(classes), n_projections=config.n_projections, n_features=len(selected_Q)
    )
    hashes_CmN = lsh.hash_features(pooled_ME[rows_m][:, selected_Q], directions_CNQ)
    return Task(classes, rows_m, labels_M[rows_m], scores_E, selected_Q, directions_CNQ, hashes_CmN)


def fit_tasks(
    pooled_ME: Floats,
    labels: dict[str, Ints],
    classes: dict[str, tuple[str, ...]],
    config: Config,
    *,
    rng: np.random.Generator,
    selections: dict[str, Selection] | None = None,
) -> dict[str, Task]:
    """Return the tasks that have classes, from the same codes (T3), each with draws of its own.

    `labels` are labels_M by task. Choices: F6 ranked by each task's labels or by the background's.
    """
    tasks = {}
    for task, stream in zip(TASKS, rng.spawn(len(TASKS)), strict=True):
        if task in classes:
            ranks_M = labels["background" if config.select_by == "background" else task]
            kept = (selections or {}).get(task) or select(pooled_ME, ranks_M, config)
            own = pooled_ME, labels[task], classes[task], config
            tasks[task] = fit_task(*own, rng=stream, selection=kept)
    return tasks


def labels_of(
    videos: Sequence[LabeledVideo], classes: dict[str, tuple[str, ...]]
) -> dict[str, Ints]:
    """Return labels_M of each task that has classes."""
    return {t: encode_labels([getattr(v, t) for v in videos], classes[t]) for t in classes}


def neighbor_count(config: Config, n_index: int) -> int:
    """Return K (G4): fixed, or max(3, round(sqrt(n) / 2)) halves up; never more than the index."""
    k = config.n_neighbors
    if config.k_rule == "sqrt":
        k = max(3, math.floor(math.sqrt(n_index) / 2 + 0.5))
    return min(k, n_index)
