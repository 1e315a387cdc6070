"""The protocol behind every figure: folds, drawn (N, K), answers put together (T4 to T6).

In: work that answers one fold.  Out: an Outcome a method and task.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from lsfref.arrays import Floats, Ints
from lsfref.config import Config
from lsfref.errors import LsfrefError
from lsfref.study.protocol import asking
from lsfref.study.protocol.outcome import Outcome
from lsfref.study.protocol.splits import Split

Answers = Ints  # of one fold: a row a round, a column a test row; -1 no answer, NOT_ASKED no label
NOT_ASKED = -2


class TaskLabels(NamedTuple):
    """One question: labels_M number the classes, -1 where a video has no label."""

    name: str
    classes: tuple[str, ...]
    labels_M: Ints


class Round(NamedTuple):
    """One fold of one repetition."""

    split: Split
    repeat: int
    fold: int


def strata(tasks: Sequence[TaskLabels]) -> Ints:
    """Return one number a video for its labels in all tasks together, the first task's first."""
    joint = np.stack([task.labels_M for task in tasks], axis=1)
    return np.unique(joint, axis=0, return_inverse=True)[1].ravel()


def rounds_of(repeats: Sequence[Sequence[Split]]) -> list[Round]:
    """Return the rounds of repeated folds, in order."""
    return [Round(split, r, f) for r, folds in enumerate(repeats) for f, split in enumerate(folds)]


def evaluate(
    work: Callable[[Round], dict[str, list[Answers]]],
    tasks: Sequence[TaskLabels],
    repeats: Sequence[Sequence[Split]],
    *,
    mapper: Callable[..., Iterable[Any]] = map,
    report: Callable[[str, int, int], None] | None = None,
) -> list[Outcome]:
    """Return the Outcome of each method and task, as `collect` puts them together.

    `work` answers one fold: for each method, the Answers to each task. A mapper over processes
    gives the same as `map`.
    """
    rounds = rounds_of(repeats)
    answers = []
    for found in mapper(work, rounds):
        answers.append(found)
        if report is not None:
            report("folds", len(answers), len(rounds))
    return collect(rounds, answers, tasks)


def collect(
    rounds: Sequence[Round],
    answers: Sequence[dict[str, list[Answers]]],
    tasks: Sequence[TaskLabels],
) -> list[Outcome]:
    """Return the Outcome of each method and task, methods in the order in which they first answer.

    A video without a label of a task, or in no test part, is left out of its Outcome.
    """
    n_videos = len(tasks[0].labels_M)
    predicted: dict[tuple[str, int], list[Ints]] = {}
    for one, by_method in zip(rounds, answers, strict=True):
        for method, by_task in by_method.items():
            for t, said in enumerate(by_task):
                repetitions = predicted.setdefault((method, t), [])
                if len(repetitions) <= one.repeat:
                    repetitions.append(np.full((len(said), n_videos), NOT_ASKED))
                repetitions[one.repeat][:, one.split[1]] = said
    outcomes = []
    for (method, t), repetitions in predicted.items():
        task = tasks[t]
        said = np.concatenate(repetitions)
        known = (task.labels_M >= 0) & (said != NOT_ASKED).all(axis=0)
        said = said[:, known]
        outcomes.append(Outcome(method, task.name, task.classes, task.labels_M[known], said))
    return outcomes


def ask(
    how: str,
    index_MQ: Floats,
    labels_M: Ints,
    queries_mQ: Floats,
    wanted_m: Ints,
    *,
    task: TaskLabels,
    number: int,
    one: Round,
    config: Config,
    n_pairs: int,
) -> Answers:
    """Return the Answers of one fold to one task, the task with that number.

    how: "lsh" C hash tables, new directions for each pair; "exact" nearest neighbours by the
    features themselves, the same K; "svm" a linear SVM, one round. The pairs (N, K) are the same in
    every fold of a repetition. Rows labelled -1 are neither learned from nor asked.
    """
    known, asked = labels_M >= 0, wanted_m >= 0
    index, labels, queries = index_MQ[known], labels_M[known], queries_mQ[asked]
    if len(np.unique(labels)) < 2:
        raise LsfrefError(f"{task.name}: a training part has a single class; use fewer folds")
    n_classes = len(task.classes)
    if how == "svm":
        predicted_Ym = np.full((1, len(wanted_m)), NOT_ASKED)
        predicted_Ym[0, asked] = asking.ask_svm(index, labels, queries, n_classes=n_classes)
        return predicted_Ym
    pair_rng = np.random.default_rng([config.seed, one.repeat])
    pairs = asking.draw_pairs(pair_rng, config, n_index=len(labels), n_pairs=n_pairs)
    rng = np.random.default_rng([config.seed, one.repeat, one.fold, number])
    predicted_Ym = np.full((n_pairs, len(wanted_m)), NOT_ASKED)
    for row_m, pair in zip(predicted_Ym, pairs, strict=True):
        if how == "exact":
            votes = asking.ask_exact(index, labels, queries, k=pair.k, n_classes=n_classes)
        else:
            votes = asking.ask_hashed(
                index, labels, queries, pair=pair, n_classes=n_classes, rule=config.voting, rng=rng
            )
        row_m[asked] = votes.decision_M
    return predicted_Ym
