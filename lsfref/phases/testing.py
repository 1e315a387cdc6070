"""The testing phase (Section 2.4, Figure 1 right half): encode, pool, hash, search, vote."""

import functools
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from lsfref import lsh, voting
from lsfref.arrays import Floats, Ints
from lsfref.config import Config
from lsfref.model import TASKS, Encoder, Model, Task
from lsfref.phases.extraction import Extract, PathLike, extract
from lsfref.phases.passes import Pooled, pool_video, trackless
from lsfref.phases.phase2 import neighbor_count
from lsfref.storage.files import printable

STILL = ("normal", "none")  # the class, in each task, of a scene without trajectories


def still_class(classes: Sequence[str]) -> int | None:
    """Return the number of the class for a video without trajectories (D4), None without one."""
    return next((c for c, name in enumerate(classes) if name in STILL), None)


def describe(
    path: PathLike, *, encoder: Encoder, config: Config, extract: Extract = extract
) -> Pooled:
    """Return the average code of a video; bad input never raises.

    Choices: D4 a video without trajectories has the zero code, and its warning says so.
    """
    pooled = pool_video(path, encoder=encoder, config=config, extract=extract)
    if not trackless(path, pooled, config):
        return pooled
    warnings = (*pooled.warnings, f"{printable(path)}: 0 trajectories; taken for a still scene")
    return pooled._replace(pooled_E=np.zeros(config.n_code), warnings=warnings, error=None)


def hashes(task: Task, pooled_ME: Floats, *, stacked: bool = False) -> Floats:
    """Return hashes_TMN of pooled videos in the C tables of a task, or all as one (stage 9; V6)."""
    hashes_CMN = lsh.hash_features(pooled_ME[:, task.selected_Q], task.directions_CNQ)
    return lsh.stack_tables(hashes_CMN) if stacked else hashes_CMN


@functools.lru_cache(maxsize=4)  # two tasks, searched table by table or stacked
def prepared(task: Task, *, stacked: bool) -> list[lsh.Prepared]:
    """Return the hash tables of a task, or all as one (V6), made ready for searches once."""
    tables = lsh.stack_tables(task.hashes_CmN) if stacked else task.hashes_CmN
    return list(map(lsh.prepare, tables))


def search(task: Task, pooled_ME: Floats, config: Config) -> tuple[Ints, Floats]:
    """Return neighbors_CMK (numbers within the task's index) and squared distances_CMK (stage 9).

    Under V6 ("stacked") there is one search in the space of all C hashes, so C is 1.
    """
    k, stacked = neighbor_count(config, len(task.rows_m)), config.voting == "stacked"
    tables, queries_TMN = prepared(task, stacked=stacked), hashes(task, pooled_ME, stacked=stacked)
    found = [lsh.nearest(i, q_MN, k=k) for i, q_MN in zip(tables, queries_TMN, strict=True)]
    return np.stack([f[0] for f in found]), np.stack([f[1] for f in found])


def votes_of(task: Task, pooled_ME: Floats, config: Config) -> voting.Votes:
    """Return confidences and decisions of M pooled videos for one task (stages 9 and 10)."""
    neighbors_CMK, distances_CMK = search(task, pooled_ME, config)
    return voting.vote(
        neighbors_CMK, distances_CMK, task.labels_m, n_classes=len(task.classes), rule=config.voting
    )


Shares = Callable[[str, Floats], Floats]  # (task, pooled_ME) -> shares_MC


class Answer(NamedTuple):
    """What `classify` says of one video (T7): {class: confidence} in class order, or why not."""

    frames: int
    points: int
    labels: dict[str, str | None]
    confidence: dict[str, dict[str, float]]
    warnings: tuple[str, ...]
    error: str | None


def votes_by_task(model: Model, task: str, pooled_ME: Floats) -> Floats:
    """Return shares_MC, the votes of a model's index for each class of a task.

    Choices: D4 the zero code is of the class `normal` or `none`, where there is one.
    """
    classes = model.tasks[task].classes
    shares_MC = votes_of(model.tasks[task], pooled_ME, model.config).confidence_MC
    still = still_class(classes)
    if still is not None:
        shares_MC[~pooled_ME.any(axis=1)] = np.eye(len(classes))[still]
    return shares_MC


def answer(model: Model, pooled: Pooled, shares: Shares | None = None) -> Answer:
    """Return the answers of both tasks for a described video; ties go to the lower class.

    `shares(task, pooled_ME)` are the votes, unless another system than the paper's answers.
    """
    shares = shares or functools.partial(votes_by_task, model)
    labels: dict[str, str | None] = dict.fromkeys(TASKS)
    votes: dict[str, dict[str, float]] = {}
    if pooled.pooled_E is not None:
        for name, task in model.tasks.items():
            shares_C = shares(name, pooled.pooled_E[None])[0]
            labels[name] = task.classes[shares_C.argmax()]
            votes[name] = dict(zip(task.classes, shares_C.tolist(), strict=True))
    return Answer(pooled.n_frames, pooled.n_points, labels, votes, pooled.warnings, pooled.error)
