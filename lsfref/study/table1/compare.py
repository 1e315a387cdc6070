"""Table 1 for one's own data: every row under the same folds, seeds and drawn (N, K) (H1 to H6).

In: labeled videos, or feature tables of them.  Out: answers of each row, spaces of Figure 3.
"""

import dataclasses
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from lsfref.arrays import DESCRIPTORS, N_COLUMNS, Floats, Ints
from lsfref.config import Config
from lsfref.phases.extraction import Extract, Work
from lsfref.phases.sampling import survey_videos
from lsfref.study.protocol.evaluate import Counted
from lsfref.study.protocol.metrics import SignTest, sign_test
from lsfref.study.protocol.outcome import Outcome, score_by_video
from lsfref.study.protocol.protocol import Asked, Round, Tasks
from lsfref.study.table1 import features, pca
from lsfref.study.table1.cca import Tables
from lsfref.study.table1.features import Recipe
from lsfref.study.table1.representations import WHOLE, Parts, encode_video, fit_encoders
from lsfref.study.table1.rows import ROWS, SHARING, SPACES, TABLE_ROWS

Tests = dict[tuple[str, str], SignTest]  # of a reference against each method, by method and task

FISHER_VECTOR_SHARE = 0.98  # of the variance, kept of Fisher vectors (H4)


class Fold(NamedTuple):
    """What one fold gives: answers by method, and the spaces of Figure 3 for its rows."""

    answers: dict[str, list[Asked]]
    rows: Ints  # of the videos in the spaces
    spaces: dict[str, Floats]  # by the keys of SPACES, a row a video


def answer_videos(
    one: Round, rows: list[str], *, videos: Counted, tasks: Tasks, config: Config, extract: Extract
) -> Fold:
    """Return the answers of the chosen ROWS in one fold; tasks[0] teaches LSFNet.

    A video without trajectories is not learned from; asked, it has no answer: an error.
    """
    usable = videos.usable
    in_test = np.isin(usable, one.split[1])
    vectors = _vectors(one, rows, videos, tasks, config=config, extract=extract)
    answers: dict[str, list[Asked]] = {}
    for key in rows:
        tables = [vectors[name] for name in _tables_of(key)]
        if key in ("cca", "fisher_vector"):
            reduced = [pca.fit_pca(t[~in_test], share=FISHER_VECTOR_SHARE) for t in tables]
            tables = [pca.project(r, t) for r, t in zip(reduced, tables, strict=True)]
        answers[ROWS[key].name] = features.answer_tasks(
            ROWS[key], tables, usable, tasks, one=one, config=config
        )
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
    one: Round, *, names: list[str], tables: Tables, fused: bool, tasks: Tasks, config: Config
) -> Fold:
    """Return the answers of each table alone, by a linear SVM, and, where asked, of TABLE_ROWS.

    CCA needs two tables: without them its row is left out.
    """
    named, every = dict(zip(names, tables, strict=True)), np.arange(len(tasks[0].labels_M))
    columns = list(named.values())
    rows = TABLE_ROWS.values() if fused else ()
    recipes = [recipe for recipe in rows if len(columns) > 1 or recipe.fuse != "cca"]
    kinds = {"none", *(recipe.fuse for recipe in recipes)}
    joined = {kind: features.fuse(kind, columns, one, tasks, config) for kind in kinds}
    alone = [Recipe(f"{name} + linear SVM", select=False, ask="svm") for name in named]
    asked = [(recipe, [table]) for recipe, table in zip(alone, joined["none"], strict=True)]
    asked += [(recipe, joined[recipe.fuse]) for recipe in recipes]
    answers = {
        recipe.name: features.answer_tasks(recipe, of_recipe, every, tasks, one=one, config=config)
        for recipe, of_recipe in asked
    }
    first = fused and one.repeat == one.fold == 0
    return Fold(answers, every, {kind: joined[kind][0] for kind in SPACES} if first else {})


def against(outcomes: Sequence[Outcome], reference: str) -> Tests:
    """Return the sign tests of `reference`, paired by video."""
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
    one: Round, rows: list[str], videos: Counted, tasks: Tasks, *, config: Config, extract: Extract
) -> dict[str, Floats]:
    """Return what the rows need: vectors of all usable videos, encoders fitted to the fold."""
    learned = np.setdiff1d(videos.usable, one.split[1])
    paths, train_paths = ([videos.paths[m] for m in part] for part in (videos.usable, learned))
    labels = tasks[0].labels_M[learned]

    def vectors(config: Config, kinds: set[str], parts: Parts) -> dict[str, Floats]:
        _, (sample,) = survey_videos(train_paths, [labels], config, work=Work(extract))
        labels_P = np.unique(labels[sample.owner_P], return_inverse=True)[1].ravel()  # no gaps
        encoders = fit_encoders(sample.rows_PD, labels_P, kinds=kinds, parts=parts, config=config)
        found = [encode_video(extract(path, config), encoders) for path in paths]
        return {name: np.stack([of_video[name] for of_video in found]) for name in found[0]}

    found: dict[str, Floats] = {}
    if set(rows) - {"idt"}:
        parts = (WHOLE if "fisher_vector" in rows else {}) | (DESCRIPTORS if "cca" in rows else {})
        kinds = {name for key in rows for name in _tables_of(key)}
        found |= vectors(config, kinds, parts)
    if "idt" in rows:
        found |= vectors(improved(config), set(), {"improved": slice(0, N_COLUMNS)})
    return found
