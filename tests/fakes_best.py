"""What the tests of preset `best` share: blocks of rows, folds of fake videos."""

import contextlib

import numpy as np
import pytest
from fakes import CLASSES

from lsfref.errors import VideoError
from lsfref.phases import passes
from lsfref.phases.extraction import Work
from lsfref.phases.phase2 import encode_labels
from lsfref.phases.streaming import Block
from lsfref.study.best import evaluation, preset, vectors
from lsfref.study.best.choices import CONFIG, Choices
from lsfref.study.best.pictures import N_SEEN
from lsfref.study.protocol import protocol, splits
from lsfref.study.protocol.evaluate import Counted
from lsfref.study.protocol.protocol import TaskLabels

GLARING: set[str] = set()  # names of files whose pictures are poisoned


@contextlib.contextmanager
def fake_pictures():
    """Give pictures to files of FakeExtract, which are names.

    Frames are 23 single rows of numbers around a center of their background; what is seen of
    them is their mean. Real files are read, and looked at, as they are.
    """
    read, look = vectors.read_frames, vectors.look

    def read_fakes(path, config):
        name = str(path)
        if "/" in name:
            yield from read(path, config)
            return
        center = [*CLASSES["background"], "fog"].index(name.partition("-")[0])
        for frame in range(23):
            rng = np.random.default_rng([frame, *name.encode()])
            yield (center + rng.normal(size=(1, N_SEEN))) * (1e6 if name in GLARING else 1)

    class Fakes(list):
        n_frames = 23

        def summary(self, *, gated=True):
            if len(self) < 16:
                raise VideoError("it has changed while it was worked on")
            return np.mean(self, axis=0)[0] * (1 if gated else 1.1)

    def look_at_fakes(frames):
        frames = list(frames)
        return look(frames) if len(frames[0]) > 1 else Fakes(frames)

    with pytest.MonkeyPatch.context() as patch:
        for module in (vectors, preset):
            patch.setattr(module, "read_frames", read_fakes)
            patch.setattr(module, "look", look_at_fakes)
        yield


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
