"""Table 1 for one's own data: every row under the same folds, seeds and drawn (N, K) (H1 to H6).

In: labelled videos, or feature tables of them.  Out: answers of each row, spaces of Figure 3.
"""

import dataclasses
import functools
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from lsfref.arrays import DESCRIPTORS, N_COLUMNS, Floats, Ints
from lsfref.config import Config
from lsfref.phases.extraction import Extract, PathLike, Work
from lsfref.phases.sampling import draw_sample, fetch_rows
from lsfref.study.protocol.evaluate import Counted
from lsfref.study.protocol.metrics import SignTest, sign_test
from lsfref.study.protocol.outcome import Outcome, score_by_video
from lsfref.study.protocol.protocol import Asked, Round, TaskLabels
from lsfref.study.table1 import features, pca
from lsfref.study.table1.features import Recipe, fit_fusion
from lsfref.study.table1.representations import (
    WHOLE,
    encode_videos,
    fit_encoders,
    fit_mixtures,
)
from lsfref.study.table1.rows import ROWS, SHARING, SPACES, TABLE_ROWS

FISHER_VECTOR_SHARE = 0.98  # of the variance, kept of Fisher vectors (H4)


class Fold(NamedTuple):
    """What one fold gives: answers by method, and the spaces of Figure 3 for its rows."""

    answers: dict[str, list[Asked]]
    rows: Ints  # of the videos in the spaces
    spaces: dict[str, Floats]  # by the keys of SPACES, a row a video


def answer_videos(
    one: Round,
    rows: Sequence[str],
    *,
    videos: Counted,
    tasks: Sequence[TaskLabels],
    config: Config,
    extract: Extract,
    n_pairs: int,
) -> Fold:
    """Return the answers of the chosen ROWS in one fold; tasks[0] teaches LSFNet.

    A video without trajectories is not learned from; asked, it has no answer: an error.
    """
    usable = np.flatnonzero(videos.counts_M > 0)
    in_test = np.isin(usable, one.split[1])
    vectors = _vectors(one, usable, rows, videos, tasks[0], config=config, extract=extract)
    answers: dict[str, list[Asked]] = {}
    for key in rows:
        tables = [vectors[name] for name in _tables_of(key)]
        if key in ("cca", "fisher_vector"):
            reduced = [pca.fit_pca(t[~in_test], share=FISHER_VECTOR_SHARE) for t in tables]
            tables = [pca.project(r, t) for r, t in zip(reduced, tables, strict=True)]
        ask = functools.partial(
            features.answer_task, ROWS[key], tables, usable, tasks,
            one=one, config=config, n_pairs=n_pairs,
        )  # fmt: skip
        answers[ROWS[key].name] = [ask(number) for number in range(len(tasks))]
    spaces = {name: vectors[name] for name in SPACES if name in vectors}
    return Fold(answers, usable, spaces)


def pieces(rounds: Sequence[Round], rows: Sequence[str]) -> list[tuple[Round, list[str]]]:
    """Return the calls of `answer_videos` that answer all rows in all rounds: a round, its rows.

    Rows that share costly work share a call. The longest calls come first, so that jobs side by
    side end together.
    """
    shared = [[key for key in together if key in rows] for together in SHARING]
    return [(one, piece) for piece in shared if piece for one in rounds]


def put_together(found: Sequence[Fold], *, n_folds: int) -> list[Fold]:
    """Return the whole folds from the answers to `pieces`, the rows in the order of ROWS."""
    return [_joined(found[fold::n_folds]) for fold in range(n_folds)]


def _joined(parts: Sequence[Fold]) -> Fold:
    answers = {method: said for part in parts for method, said in part.answers.items()}
    spaces = {name: space for part in parts for name, space in part.spaces.items()}
    methods = [row.name for row in ROWS.values() if row.name in answers]
    return Fold(
        {method: answers[method] for method in methods},
        parts[0].rows,
        {name: spaces[name] for name in SPACES if name in spaces},
    )


def answer_tables(
    one: Round,
    *,
    tables: Mapping[str, Floats],
    fused: bool,
    tasks: Sequence[TaskLabels],
    config: Config,
    n_pairs: int,
) -> Fold:
    """Return the answers of each table alone, by a linear SVM, and, where asked, of TABLE_ROWS.

    CCA needs two tables: without them its row is left out.
    """
    answers: dict[str, list[Asked]] = {}
    for name, table in tables.items():
        alone = Recipe(f"{name} + linear SVM", select=False, ask="svm")
        answers |= features.answer_fold(
            one, recipes=[alone], tables=[table], tasks=tasks, config=config, n_pairs=n_pairs
        )
    every = np.arange(len(tasks[0].labels_M))
    if not fused:
        return Fold(answers, every, {})
    columns = list(tables.values())
    recipes = [r for r in TABLE_ROWS.values() if len(columns) > 1 or r.fuse != "cca"]
    answers |= features.answer_fold(
        one, recipes=recipes, tables=columns, tasks=tasks, config=config, n_pairs=n_pairs
    )
    spaces = {}
    if one.repeat == one.fold == 0:
        train = one.split[0]
        for kind in SPACES:
            transform = fit_fusion(
                kind, [table[train] for table in columns], tasks[0].labels_M[train],
                n_classes=len(tasks[0].classes), config=config,
            )  # fmt: skip
            spaces[kind] = transform(columns)[0]
    return Fold(answers, every, spaces)


def against(outcomes: Sequence[Outcome], reference: str) -> dict[tuple[str, str], SignTest]:
    """Return, by method and task, the sign test of `reference` against it, paired by video."""
    scores = {(o.method, o.task): score_by_video(o) for o in outcomes}
    return {
        (method, task): sign_test(scores[reference, task], score_M)
        for (method, task), score_M in scores.items()
        if method != reference and (reference, task) in scores
    }


def improved(config: Config) -> Config:
    """Return the configuration of improved trajectories: what the camera moved is taken off."""
    return dataclasses.replace(config, camera_motion="homography")


def _tables_of(key: str) -> tuple[str, ...]:
    named = {"cca": tuple(DESCRIPTORS), "fisher_vector": tuple(WHOLE), "idt": ("improved",)}
    return named.get(key, (key if key in ("raw", *SPACES) else "lsfnet",))


def _vectors(
    one: Round,
    usable: Ints,
    rows: Sequence[str],
    videos: Counted,
    head: TaskLabels,
    *,
    config: Config,
    extract: Extract,
) -> dict[str, Floats]:
    """Return what the rows need: vectors of all usable videos, encoders fitted to the fold."""
    paths = [videos.paths[m] for m in usable]
    learned = ~np.isin(usable, one.split[1])
    train_paths = [path for path, one_learned in zip(paths, learned, strict=True) if one_learned]
    counts, labels = videos.counts_M[usable][learned], head.labels_M[usable][learned]
    vectors: dict[str, Floats] = {}
    if set(rows) - {"idt"}:
        drawn = draw_sample(train_paths, counts, labels, config)
        sample_PD = fetch_rows(train_paths, drawn, config, work=Work(extract))
        parts = (WHOLE if "fisher_vector" in rows else {}) | (DESCRIPTORS if "cca" in rows else {})
        mixtures = fit_mixtures(sample_PD, parts=parts, seed=config.seed)
        needed = {name for key in rows for name in _tables_of(key)}
        encoders = fit_encoders(
            sample_PD, _without_gaps(labels[drawn.owner_p]), kinds=needed, config=config
        )
        vectors |= encode_videos(paths, encoders, mixtures, parts, config=config, extract=extract)
    if "idt" in rows:
        stabilized = improved(config)
        counts = np.array([_count(path, stabilized, extract) for path in train_paths])
        drawn = draw_sample(train_paths, counts, labels, stabilized)
        sample_PD = fetch_rows(train_paths, drawn, stabilized, work=Work(extract))
        parts = {"improved": slice(0, N_COLUMNS)}
        mixtures = fit_mixtures(sample_PD, parts=parts, seed=config.seed)
        vectors |= encode_videos(paths, None, mixtures, parts, config=stabilized, extract=extract)
    return vectors


def _without_gaps(labels_P: Ints) -> Ints:
    return np.unique(labels_P, return_inverse=True)[1].ravel()


def _count(path: PathLike, config: Config, extract: Extract) -> int:
    found = extract(path, config)
    if found.n_points is not None:
        return found.n_points
    return sum(len(block.info_P10) for block in found)
