"""The whole system under the protocol: a network per fold, every video seen by each (T4 to T6).

In: videos that were counted, labels of both tasks, folds.  Out: an Outcome per task.

All that is fitted (scaling, network, selection, tables) sees the training rows of its fold alone;
a fold's network is the one that `train` gives on these videos. Videos are read twice in all, not
twice per fold: once for the samples of all folds, once to be pooled by the networks of all folds.
"""

import functools
import itertools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from lsfref import pooling
from lsfref.arrays import N_COLUMNS, Bools, Floats, Ints
from lsfref.config import Config
from lsfref.errors import LsfrefError
from lsfref.model import Network
from lsfref.phases.extraction import ALONE, Extract, PathLike, Work, in_turn
from lsfref.phases.passes import Pooled
from lsfref.phases.phase1 import fit_network
from lsfref.phases.phase2 import UNLABELED
from lsfref.phases.sampling import survey_videos
from lsfref.study.protocol.outcome import Outcome
from lsfref.study.protocol.protocol import Round, Tasks, collect, rounds_of
from lsfref.study.protocol.splits import Repeats
from lsfref.study.table1.features import answer_tasks
from lsfref.study.table1.rows import ROWS

SAMPLE_BYTES = 1 << 30  # of the samples that are held at once


class Counted(NamedTuple):
    """Videos in the order of their names; 0 trajectories: asked, but nothing can be answered."""

    paths: Sequence[PathLike]
    counts_M: Ints
    described: Sequence[Pooled] = ()  # as they were counted, where anything was made of them

    @property
    def usable(self) -> Ints:
        """The numbers of the videos that have trajectories."""
        return np.flatnonzero(self.counts_M > 0)


def evaluate_videos(
    videos: Counted, tasks: Tasks, repeats: Repeats, config: Config, *, work: Work = ALONE
) -> list[Outcome]:
    """Return the Outcome of each task; tasks[0] teaches the network.

    Rows that no split tests are in no Outcome. Raises LsfrefError where a training part has fewer
    than two classes of a task.
    """
    rounds = checked_rounds(repeats, videos, tasks)
    networks = fit_networks(videos, tasks[0].labels_M, rounds, config, work=work)
    pooled = pool_videos(videos, networks, config, work=work)
    return ask_rounds(pooled, videos.counts_M > 0, tasks, rounds, config)


def ask_rounds(
    pooled: Sequence[Floats], usable_M: Bools, tasks: Tasks, rounds: Sequence[Round], config: Config
) -> list[Outcome]:
    """Return the Outcome of each task from pooled_ME of each round (stages 8 to 10)."""
    whole, usable = ROWS["whole"], np.flatnonzero(usable_M)
    ask = functools.partial(answer_tasks, whole, config=config)
    answers = [
        {whole.name: ask([pooled_ME[usable]], usable, tasks, one=one)}
        for pooled_ME, one in zip(pooled, rounds, strict=True)
    ]
    return collect(rounds, answers, tasks)


def checked_rounds(repeats: Repeats, videos: Counted, tasks: Tasks) -> list[Round]:
    """Return the rounds of repeated folds.

    Raises LsfrefError unless the training part of each has two classes of each task.
    """
    rounds = rounds_of(repeats)
    for one, task in itertools.product(rounds, tasks):
        labels_m = task.labels_M[one.split[0][videos.counts_M[one.split[0]] > 0]]
        if len(np.unique(labels_m[labels_m >= 0])) < 2:
            raise LsfrefError(
                f"{task.name}: a training part has fewer than two classes; use fewer folds or "
                "label more videos"
            )
    return rounds


def fit_networks(
    videos: Counted, labels_M: Ints, rounds: Sequence[Round], config: Config, *, work: Work = ALONE
) -> list[Network]:
    """Return the network of each round: what phase 1 makes of its training rows.

    The samples of several rounds are read at once, as many as SAMPLE_BYTES hold.
    """
    row_bytes = N_COLUMNS * np.dtype(config.dtype).itemsize
    most = min(config.n_samples, int(videos.counts_M.sum())) * row_bytes
    together = max(1, SAMPLE_BYTES // max(most, 1))
    networks: list[Network] = []
    every = np.arange(len(videos.paths))
    for first in range(0, len(rounds), together):
        some = rounds[first : first + together]
        fit = functools.partial(_fit, config=config)
        learned = [np.where(np.isin(every, one.split[0]), labels_M, UNLABELED) for one in some]
        described, drawn = survey_videos(videos.paths, learned, config, work=work)
        for found, n_points in zip(described, videos.counts_M, strict=True):
            if n_points and found.n_points != n_points:
                raise LsfrefError(found.error or "a video has changed while it was worked on")
        samples = [(sample.rows_PD, labels_M[sample.owner_P]) for sample in drawn]
        side_by_side = work.each if len(some) > 1 else in_turn
        networks += side_by_side("networks", fit, samples)
    return networks


def _fit(sample: tuple[Floats, Ints], *, config: Config) -> Network:
    """Return a network whose head knows the classes of its sample (C7): rows and their classes."""
    present, labels_P = np.unique(sample[1], return_inverse=True)
    return fit_network(sample[0], labels_P.ravel(), config, n_classes=len(present))[0]


def pool_videos(
    videos: Counted, networks: Sequence[Network], config: Config, *, work: Work = ALONE
) -> list[Floats]:
    """Return pooled_ME of each network (stage 7); zeros for videos without trajectories."""
    pool = functools.partial(_pool, config=config, networks=networks, extract=work.extract)
    pooled = np.zeros((len(networks), len(videos.paths), config.n_code))
    codes = work.each("pooling", pool, [videos.paths[int(m)] for m in videos.usable])
    for m, codes_RE in zip(videos.usable, codes, strict=True):
        pooled[:, m] = codes_RE
    return list(pooled)


def _pool(
    path: PathLike, *, config: Config, networks: Sequence[Network], extract: Extract
) -> Floats:
    """Return the average code of a video under each network, side by side in one reading."""

    def encode(rows_BD: Floats) -> Floats:
        return np.concatenate([network.encoder(rows_BD) for network in networks], axis=1)

    blocks = (block.descriptors_PD for block in extract(path, config))
    return pooling.pool_codes(blocks, encode).pooled_E.reshape(len(networks), -1)
