"""The whole system under the protocol: a network a fold, and every video seen by each (T4 to T6).

In: videos that were counted, labels of both tasks, folds.  Out: an Outcome a task.

All that is fitted (scaling, network, selection, tables) sees the training rows of its fold alone;
a fold's network is the one that `train` gives on these videos. Videos are read twice in all, not
twice a fold: once for the samples of all folds, once to be pooled by the networks of all folds.
"""

import dataclasses
import functools
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from lsfref import pooling
from lsfref.arrays import Bools, Floats, Ints
from lsfref.config import Config
from lsfref.errors import LsfrefError
from lsfref.phases import phase2, sampling
from lsfref.phases.passes import Extract, Mapper, PathLike, encode_rows, extract
from lsfref.phases.phase1 import (
    Drawn,
    Network,
    Report,
    draw_sample,
    fetch_rows,
    fit_network,
    silent,
)
from lsfref.study.protocol import asking
from lsfref.study.protocol.outcome import Outcome
from lsfref.study.protocol.protocol import NOT_ASKED, Round, TaskLabels, collect, rounds_of
from lsfref.study.protocol.splits import Split

WHOLE = "whole system"
SAMPLE_BYTES = 1 << 30  # of the samples that are held at once
NO_ANSWER = -1


class Counted(NamedTuple):
    """Videos in the order of their names; 0 trajectories: asked, but nothing can be answered."""

    paths: Sequence[PathLike]
    counts_M: Ints


class Asked(NamedTuple):
    """What a fold's test rows were told about one task, once for each pair (N, K)."""

    decision_Ym: Ints  # NO_ANSWER without trajectories, NOT_ASKED without a label
    confidence_Ym: Floats  # the share of votes behind the decision; 0 where there is none


def evaluate_videos(
    videos: Counted,
    tasks: Sequence[TaskLabels],
    repeats: Sequence[Sequence[Split]],
    config: Config,
    *,
    n_pairs: int = asking.N_PAIRS,
    extract: Extract = extract,
    mapper: Mapper = map,
    report: Report = silent,
) -> list[Outcome]:
    """Return the Outcome of each task; tasks[0] teaches the network.

    Rows that no split tests are in no Outcome. Raises LsfrefError where a training part has fewer
    than two classes of a task.
    """
    rounds = rounds_of(repeats)
    for one in rounds:
        check_round(one, videos, tasks)
    networks = fit_networks(
        videos, tasks[0].labels_M, rounds, config, extract=extract, mapper=mapper, report=report
    )
    pooled = pool_videos(videos, networks, config, extract=extract, mapper=mapper, report=report)
    return ask_rounds(pooled, videos.counts_M > 0, tasks, rounds, config, n_pairs=n_pairs)


def ask_rounds(
    pooled: Sequence[Floats],
    usable_M: Bools,
    tasks: Sequence[TaskLabels],
    rounds: Sequence[Round],
    config: Config,
    *,
    n_pairs: int,
) -> list[Outcome]:
    """Return the Outcome of each task from pooled_ME of each round (stages 8 to 10)."""
    answers = [
        [
            ask_whole_system(pooled_ME, usable_M, tasks, t, one, config, n_pairs=n_pairs)
            for t in range(len(tasks))
        ]
        for pooled_ME, one in zip(pooled, rounds, strict=True)
    ]
    return outcomes_of(WHOLE, answers, tasks, rounds)


def outcomes_of(
    method: str,
    answers: Sequence[Sequence[Asked]],
    tasks: Sequence[TaskLabels],
    rounds: Sequence[Round],
) -> list[Outcome]:
    """Return the Outcome of each task from what every round said of it."""
    n_pairs = len(answers[0][0].decision_Ym)
    tested = np.unique(np.concatenate([one.split[1] for one in rounds]))
    asked_tasks = [_only(task, tested) for task in tasks]
    said = [{method: [a.decision_Ym for a in by_task]} for by_task in answers]
    outcomes = []
    for t, outcome in enumerate(collect(rounds, said, asked_tasks)):
        confidence_YM = np.zeros((len(outcome.predicted_YM), len(tasks[t].labels_M)))
        for one, by_task in zip(rounds, answers, strict=True):
            rows = slice(one.repeat * n_pairs, (one.repeat + 1) * n_pairs)
            confidence_YM[rows, one.split[1]] = by_task[t].confidence_Ym
        known = asked_tasks[t].labels_M >= 0
        outcomes.append(outcome._replace(confidence_YM=confidence_YM[:, known]))
    return outcomes


def _only(task: TaskLabels, rows: Ints) -> TaskLabels:
    labels_M = np.full_like(task.labels_M, phase2.UNLABELLED)
    labels_M[rows] = task.labels_M[rows]
    return task._replace(labels_M=labels_M)


def ask_whole_system(
    pooled_ME: Floats,
    usable_M: Bools,
    tasks: Sequence[TaskLabels],
    number: int,
    one: Round,
    config: Config,
    *,
    n_pairs: int,
) -> Asked:
    """Return what the test rows of a round are told about the task with that number.

    Selection is fitted once; for each pair (N, K) there are new directions (T6). The pairs are the
    same in every fold of a repetition.
    """
    train, test = one.split
    task = tasks[number]
    learned = train[usable_M[train]]
    labels_m = task.labels_M[learned]
    ranking = tasks[0] if config.select_by == "background" else task  # F6
    selection = phase2.select(pooled_ME[learned], ranking.labels_M[learned], config)
    asked = np.flatnonzero(usable_M[test] & (task.labels_M[test] >= 0))
    decision_Ym = np.full((n_pairs, len(test)), NOT_ASKED)
    decision_Ym[:, task.labels_M[test] >= 0] = NO_ANSWER
    confidence_Ym = np.zeros((n_pairs, len(test)))
    pair_rng = np.random.default_rng([config.seed, one.repeat])
    n_index = int(np.count_nonzero(labels_m >= 0))
    pairs = asking.draw_pairs(pair_rng, config, n_index=n_index, n_pairs=n_pairs)
    rng = np.random.default_rng([config.seed, one.repeat, one.fold, number])
    for y, pair in enumerate(pairs):
        drawn = dataclasses.replace(
            config, n_projections=pair.n_projections, k_rule="fixed", n_neighbors=pair.k
        )
        fitted = phase2.fit_task(
            pooled_ME[learned], labels_m, task.classes, drawn, rng=rng, selection=selection
        )
        if len(asked):
            votes = phase2.answer(fitted, pooled_ME[test[asked]], drawn)
            decision_Ym[y, asked] = votes.decision_M
            confidence_Ym[y, asked] = votes.confidence_MC.max(axis=1)
    return Asked(decision_Ym, confidence_Ym)


def check_round(one: Round, videos: Counted, tasks: Sequence[TaskLabels]) -> None:
    """Raise LsfrefError unless the training part of a round has two classes of each task."""
    learned = one.split[0][videos.counts_M[one.split[0]] > 0]
    for task in tasks:
        labels_m = task.labels_M[learned]
        if len(np.unique(labels_m[labels_m >= 0])) < 2:
            raise LsfrefError(
                f"{task.name}: a training part has fewer than two classes; use fewer folds or "
                "label more videos"
            )


def fit_networks(
    videos: Counted,
    labels_M: Ints,
    rounds: Sequence[Round],
    config: Config,
    *,
    extract: Extract = extract,
    mapper: Mapper = map,
    report: Report = silent,
) -> list[Network]:
    """Return the network of each round: what phase 1 makes of its training rows.

    The samples of several rounds are read at once, as many as SAMPLE_BYTES hold.
    """
    row_bytes = sum(sampling.WIDTHS) * np.dtype(config.dtype).itemsize
    most = min(config.n_samples, int(videos.counts_M.sum())) * row_bytes
    together = max(1, SAMPLE_BYTES // max(most, 1))
    networks: list[Network] = []
    for first in range(0, len(rounds), together):
        some = rounds[first : first + together]
        fit = functools.partial(_fit, config=config)
        samples = _samples(
            videos, labels_M, some, config, extract=extract, mapper=mapper, report=report
        )
        side_by_side = mapper if len(some) > 1 else map
        for network in side_by_side(fit, samples):
            networks.append(network)
            report("networks", len(networks), len(rounds))
    return networks


class Sample(NamedTuple):
    """What a network learns from: rows with the number of their class."""

    rows_PD: Floats
    labels_P: Ints


def _fit(sample: Sample, *, config: Config) -> Network:
    """Return a network whose head knows the classes of its sample (C7)."""
    present, labels_P = np.unique(sample.labels_P, return_inverse=True)
    return fit_network(sample.rows_PD, labels_P.ravel(), config, n_classes=len(present))


def _samples(
    videos: Counted,
    labels_M: Ints,
    rounds: Sequence[Round],
    config: Config,
    *,
    extract: Extract,
    mapper: Mapper,
    report: Report,
) -> Iterator[Sample]:
    """Yield the sample of each round; every row that some round drew is read once."""
    far = int(videos.counts_M.max()) + 1
    keys = []  # of each round: video * far + row
    for one in rounds:
        train = one.split[0]
        drawn = draw_sample(videos.counts_M[train], labels_M[train], config)
        keys.append(train[drawn.owner_p] * far + drawn.row_p)
    every = np.unique(np.concatenate(keys))
    rows_PD = fetch_rows(
        videos.paths,
        Drawn(every // far, every % far),
        config,
        extract=extract,
        mapper=mapper,
        report=report,
    )
    for keys_p in keys:
        yield Sample(rows_PD[np.searchsorted(every, keys_p)], labels_M[keys_p // far])


def pool_videos(
    videos: Counted,
    networks: Sequence[Network],
    config: Config,
    *,
    extract: Extract = extract,
    mapper: Mapper = map,
    report: Report = silent,
) -> list[Floats]:
    """Return pooled_ME of each network (stage 7); zeros for videos without trajectories."""
    usable = np.flatnonzero(videos.counts_M > 0)
    pool = functools.partial(_pool, config=config, networks=networks, extract=extract)
    pooled = np.zeros((len(networks), len(videos.paths), config.n_code))
    report("pooling", 0, len(usable))
    found = mapper(pool, [videos.paths[int(m)] for m in usable])
    for done, (m, codes) in enumerate(zip(usable, found, strict=True)):
        pooled[:, m] = codes
        report("pooling", done + 1, len(usable))
    return list(pooled)


def _pool(
    path: PathLike, *, config: Config, networks: Sequence[Network], extract: Extract
) -> Floats:
    """Return the average code of a video under each network, side by side in one reading."""
    blocks = (block.descriptors_PD for block in extract(path, config))
    return pooling.pool_codes(blocks, _encoder(networks)).pooled_E.reshape(len(networks), -1)


def _encoder(networks: Sequence[Network]) -> Callable[[Floats], Floats]:
    def encode(rows_BD: Floats) -> Floats:
        codes = [encode_rows(rows_BD, parameters=n.parameters, scaling=n.scaling) for n in networks]
        return np.concatenate(codes, axis=1)

    return encode
