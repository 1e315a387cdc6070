"""What a method answered under a protocol, summed up the same way for every command (T5, T6).

In: true_M, predicted_YM (every video is asked Y times).  Out: numbers, JSON, lines of text.
"""

import math
from typing import Any, NamedTuple

import numpy as np

from lsfref.arrays import Floats, Ints
from lsfref.study.protocol.metrics import Summary, summarize


class Outcome(NamedTuple):
    """Answers of one method to one task: every labeled video asked once in each of Y rounds.

    A round is one repetition of the folds under one drawn (N, K); -1 is no answer. Where a method
    has confidences, confidence_YM are those of its decisions.
    """

    method: str
    task: str
    classes: tuple[str, ...]
    true_M: Ints
    predicted_YM: Ints
    confidence_YM: Floats | None = None
    trials: float | None = None  # that the videos are worth to the interval, where known (T5)


class Figures(NamedTuple):
    """An Outcome in numbers. Shares are between 0 and 1."""

    accuracy_mean: float  # over the rounds
    accuracy_sd: float  # between the rounds, divisor Y - 1; 0 for one round
    whole: Summary  # of all rounds together; its interval counts no video twice


def figures(outcome: Outcome) -> Figures:
    """Return the mean over the rounds and how far they lie apart."""
    right_YM = outcome.predicted_YM == outcome.true_M
    accuracy_Y = right_YM.mean(axis=1)
    whole = summarize(
        np.tile(outcome.true_M, len(right_YM)),
        outcome.predicted_YM.ravel(),
        len(outcome.classes),
        n_videos=outcome.trials or len(outcome.true_M),
    )
    spread = float(accuracy_Y.std(ddof=1)) if len(accuracy_Y) > 1 else 0.0
    return Figures(float(accuracy_Y.mean()), spread, whole)


def score_by_video(outcome: Outcome) -> Floats:
    """Return score_M, the share of the rounds in which each video was answered right."""
    return (outcome.predicted_YM == outcome.true_M).mean(axis=0)


def as_json(outcome: Outcome) -> dict[str, Any]:
    """Return the fields that `--json` prints; counts are means over the rounds."""
    found = figures(outcome)
    rounds = len(outcome.predicted_YM)
    recalls = [None if math.isnan(share) else share for share in found.whole.recall_C.tolist()]
    return {
        "method": outcome.method,
        "task": outcome.task,
        "videos": len(outcome.true_M),
        "accuracy_mean": found.accuracy_mean,
        "accuracy_sd": found.accuracy_sd,
        "interval": list(found.whole.interval),
        "recall_mean": found.whole.recall_mean,
        "majority": found.whole.majority,
        "confusion": (found.whole.confusion_CC / rounds).tolist(),
        "classes": list(outcome.classes),
        "recall": recalls,
        "class_sizes": np.bincount(outcome.true_M, minlength=len(outcome.classes)).tolist(),
        "unanswered": (found.whole.unanswered_C / rounds).tolist(),
        "rounds": rounds,
    }


def confusion(outcome: Outcome) -> tuple[list[str], Floats]:
    """Return the names of the answers, and how many videos each has in a mean round.

    A row is a true class, a column an answer; the last column is "no answer" where there is one.
    """
    whole = figures(outcome).whole
    columns = np.column_stack([whole.confusion_CC, whole.unanswered_C]) / len(outcome.predicted_YM)
    n_answers = len(outcome.classes) + bool(whole.unanswered_C.any())
    return [*outcome.classes, "no answer"][:n_answers], columns[:, :n_answers]


def confusion_lines(outcome: Outcome) -> list[str]:
    """Return the confusion matrix as text: a row a true class, mean videos a round, recall last."""
    recall_C, (names, counts) = figures(outcome).whole.recall_C, confusion(outcome)
    wide = max([13, *map(len, outcome.classes)])
    columns = [max(6, len(name)) for name in names]
    heads = "".join(f"  {name:>{w}}" for name, w in zip(names, columns, strict=True))
    lines = ["true \\ answer".ljust(wide + 6) + heads + "  recall"]
    for c, name in enumerate(outcome.classes):
        n_true = int(np.count_nonzero(outcome.true_M == c))
        cells = "".join(f"  {n:>{w}.1f}" for n, w in zip(counts[c], columns, strict=True))
        recall = f"{recall_C[c]:.3f}" if n_true else "-"
        lines.append(f"{name:<{wide}} {n_true:>5}{cells}  {recall:>6}")
    return lines
