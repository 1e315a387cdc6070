"""What the tests of preset `best` share: blocks of rows, folds of fake videos."""

import numpy as np
from fakes import CLASSES

from lsfref.phases import passes
from lsfref.phases.extraction import Work
from lsfref.phases.phase2 import encode_labels
from lsfref.phases.streaming import Block
from lsfref.study.best import evaluation
from lsfref.study.best.choices import CONFIG, Choices
from lsfref.study.protocol import protocol, splits
from lsfref.study.protocol.evaluate import Counted
from lsfref.study.protocol.protocol import TaskLabels


def blocks_of(rows_PD, frames_P, cuts=()):
    info_P10 = np.zeros((len(rows_PD), 10))
    info_P10[:, 0] = frames_P
    pieces = zip(np.split(info_P10, cuts), np.split(rows_PD, cuts), strict=True)
    return [Block(*piece) for piece in pieces]


def some_rows(n=13, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, 426)), np.sort(rng.integers(15, 19, n))


def labels_of(made):
    return [
        TaskLabels(task, names, encode_labels([getattr(v, task) for v in made], names))
        for task, names in CLASSES.items()
    ]


def run(made, extract, choices=Choices(), n_repeats=1):  # noqa: B008 it is frozen
    tasks = labels_of(made)
    groups = np.array([v.group or v.name for v in made])
    repeats = splits.repeated_folds(
        protocol.strata(tasks), groups, n_folds=3, n_repeats=n_repeats, seed=0
    )
    counts = [passes.survey(v.path, config=CONFIG, extract=extract).n_points for v in made]
    counted = Counted([v.path for v in made], np.array(counts))
    return evaluation.evaluate_videos(counted, tasks, repeats, CONFIG, choices, work=Work(extract))
