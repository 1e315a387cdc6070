"""How far a confidence can be trusted, by hand."""

import numpy as np
import pytest

from lsfref.study.protocol import sureness
from lsfref.study.protocol.outcome import Outcome

pytestmark = pytest.mark.unwatched


def outcome_of(true_M, predicted_YM, confidence_YM):
    names = ("a", "b")
    return Outcome(
        "m", "t", names, np.array(true_M), np.array(predicted_YM), np.array(confidence_YM)
    )


def test_coverage_and_calibration_by_hand():
    outcome = outcome_of([0, 1, 1, 0], [[0, 1, 0, -1]], [[0.9, 0.8, 0.6, 0.0]])
    told = sureness.as_json(outcome)
    assert told["coverage"] == [
        {"threshold": 0.6, "coverage": 0.75, "accuracy": 2 / 3},
        {"threshold": 0.8, "coverage": 0.5, "accuracy": 1.0},
        {"threshold": 0.9, "coverage": 0.25, "accuracy": 1.0},
    ]
    assert [(row["videos"], row["accuracy"]) for row in told["calibration"]] == [
        (1, 0.0), (1, 1.0), (1, 1.0),
    ]  # fmt: skip
    assert "lie 0.300 apart" in sureness.lines(outcome)[-1]
    uneven = outcome_of([0, 0, 0, 1], [[0, 0, 1, 1]], [[0.05, 0.55, 0.55, 0.55]])
    assert "lie 0.325 apart" in sureness.lines(uneven)[-1]  # (0.95 + 3 * (2 / 3 - 0.55)) / 4
    silent = outcome_of([0, 1], [[-1, -1]], [[0.0, 0.0]])
    assert sureness.as_json(silent) == {"coverage": [], "calibration": []}
    assert sureness.lines(silent) == []


def test_rounds_count_together_and_nobody_is_surer_than_sure():
    """Rounding may lead beyond 1; of two rounds a video counts half in each."""
    told = sureness.as_json(outcome_of([0, 1], [[0, 1], [1, 1]], [[1 + 1e-9, 0.5], [0.5, 0.5]]))
    assert [row["threshold"] for row in told["coverage"]] == [0.5, 1.0]
    assert [(row["low"], row["videos"]) for row in told["calibration"]] == [(0.5, 1.5), (0.9, 0.5)]
