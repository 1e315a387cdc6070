"""How good the answers are: accuracy, recall by class, confusion, intervals, a paired test.

In: true_M, predicted_M (-1: no answer), confidence_M.  Out: numbers and small tables.
"""

import math
from typing import NamedTuple

import numpy as np

from lsfref.arrays import Bools, Floats, Ints

Z95 = 1.959963984540054  # 97.5 % point of the normal distribution


class Summary(NamedTuple):
    """What a set of answers amounts to; shares lie between 0 and 1."""

    accuracy: float
    recall_mean: float  # over the classes that occur in true_M
    majority: float  # share of the most frequent true class: the accuracy of always saying it
    confusion_CC: Ints  # row: true class, column: answer; queries without answer are not in it
    interval: tuple[float, float]  # of the accuracy, 95 % (Wilson)
    recall_C: Floats  # nan where true_M has nothing of the class
    unanswered_C: Ints  # queries without answer, by true class


def summarize(
    true_M: Ints, predicted_M: Ints, n_classes: int, *, n_videos: float | None = None
) -> Summary:
    """Return the Summary of the answers predicted_M; -1 is no answer and counts as an error (T5).

    A class that training never saw can only be wrong: it stays in every number. n_videos is the
    number of distinct videos behind the rows where each was asked several times (repeated folds):
    the interval is that of n_videos answers.
    """
    if true_M.ndim != 1 or true_M.shape != predicted_M.shape or not len(true_M):
        raise ValueError(f"want two filled (M,), got {true_M.shape} and {predicted_M.shape}")
    for name, labels_M, low in (("true", true_M, 0), ("predicted", predicted_M, -1)):
        if labels_M.min() < low or labels_M.max() >= n_classes:
            raise ValueError(f"{name} labels must lie in {low}..{n_classes - 1}")
    answered_M = predicted_M >= 0
    cells_m = true_M[answered_M] * n_classes + predicted_M[answered_M]
    confusion_CC = np.bincount(cells_m, minlength=n_classes**2).reshape(n_classes, n_classes)
    unanswered_C = np.bincount(true_M[~answered_M], minlength=n_classes)
    counts_C = confusion_CC.sum(axis=1) + unanswered_C
    recall_C = np.full(n_classes, np.nan)
    np.divide(np.diagonal(confusion_CC), counts_C, out=recall_C, where=counts_C > 0)
    accuracy = float(np.trace(confusion_CC) / len(true_M))
    recall_mean = float(recall_C[counts_C > 0].mean())
    majority = float(counts_C.max() / len(true_M))
    interval = wilson_interval(accuracy, n_videos or len(true_M))
    shares = accuracy, recall_mean, majority
    return Summary(*shares, confusion_CC, interval, recall_C, unanswered_C)


def wilson_interval(share: float, n_videos: float, *, z: float = Z95) -> tuple[float, float]:
    """Return the Wilson score interval [Wil27] (low, high) of a share seen in n_videos trials.

    The two p with |share - p| = z sqrt(p (1 - p) / n). Exactly 0 or 1 at the ends.
    """
    if n_videos < 1 or not 0 <= share <= 1:
        raise ValueError(f"want a share in 0..1 of one video or more; got {share} of {n_videos}")
    center = share + z**2 / (2 * n_videos)
    half = z * math.sqrt(share * (1 - share) / n_videos + (z / (2 * n_videos)) ** 2)
    scale = 1 + z**2 / n_videos
    low = max(0.0, (center - half) / scale) if share > 0 else 0.0
    high = min(1.0, (center + half) / scale) if share < 1 else 1.0
    return low, high


class SignTest(NamedTuple):
    """Videos on which one method did better than another, and how surprising that is."""

    wins: int
    losses: int
    ties: int
    p: float  # two-sided, exact


def sign_test(score_M: Floats, other_M: Floats, *, atol: float = 1e-12) -> SignTest:
    """Return the sign test [DM46] by video: p = 2 P(X <= min(wins, losses)), X ~ Bin(n, 1/2).

    The scores of a video are its shares of right answers over the repetitions; scores closer than
    atol are ties, which the test leaves out. Computed in whole numbers, so exact for any n.
    """
    if score_M.ndim != 1 or score_M.shape != other_M.shape:
        raise ValueError(f"want two (M,), got {score_M.shape} and {other_M.shape}")
    difference_M = score_M.astype(float) - other_M
    wins = int((difference_M > atol).sum())
    losses = int((difference_M < -atol).sum())
    n = wins + losses
    tail = sum(math.comb(n, i) for i in range(min(wins, losses) + 1))
    return SignTest(wins, losses, len(score_M) - n, min(1.0, 2 * tail / 2**n))


def coverage_table(
    confidence_M: Floats, right_M: Bools, *, n_rows: int = 10
) -> list[dict[str, float]]:
    """Return n_rows rows or fewer, from full coverage down to the most confident answers.

    Each is a threshold, the share of the queries that reach it, and the accuracy among these.
    Thresholds are confidences that occur; queries of equal confidence are answered together.
    """
    places = np.arange(n_rows) * len(confidence_M) // n_rows
    rows = []
    for threshold in np.unique(np.sort(confidence_M)[places]).tolist():
        kept_M = confidence_M >= threshold
        shares = {"coverage": float(kept_M.mean()), "accuracy": float(right_M[kept_M].mean())}
        rows.append({"threshold": threshold, **shares})
    return rows


def calibration_table(
    confidence_M: Floats, right_M: Bools, *, n_bins: int = 10
) -> list[dict[str, float]]:
    """Return one row a filled bin of equal width: a calibrated system has confidence = accuracy.

    Each is low <= confidence < high (the last bin includes 1), both means, and how many videos.
    """
    bin_M = np.minimum((confidence_M * n_bins).astype(int), n_bins - 1)
    rows = []
    for b in np.unique(bin_M).tolist():
        in_M = bin_M == b
        means = {"confidence": confidence_M[in_M].mean(), "accuracy": right_M[in_M].mean()}
        row = {"low": b / n_bins, "high": (b + 1) / n_bins, **means, "videos": in_M.sum()}
        rows.append({name: float(value) for name, value in row.items()})
    return rows
