"""What a method answered, in numbers and in lines."""

import numpy as np
import pytest

from lsfref.study.protocol.outcome import Outcome, as_json, confusion_lines, figures, score_by_video


def test_outcome_by_hand():
    outcome = Outcome(
        "m", "background", ("rain", "snow", "fog"),
        np.array([0, 0, 1, 1]), np.array([[0, 0, 1, -1], [0, 1, 1, 1]]),
    )  # fmt: skip
    found = figures(outcome)
    assert found.accuracy_mean == 0.75
    assert found.accuracy_sd == 0
    assert found.whole.interval[0] == pytest.approx(0.3006, abs=1e-4)  # Wilson of 3 of 4
    np.testing.assert_array_equal(score_by_video(outcome), [1, 0.5, 1, 0.5])
    row = as_json(outcome)
    assert row["videos"] == 4
    assert row["confusion"] == [[1.5, 0.5, 0], [0, 1.5, 0], [0, 0, 0]]
    assert row["unanswered"] == [0, 0.5, 0]
    assert row["recall"] == [0.75, 0.75, None]
    assert row["recall_mean"] == 0.75
    assert row["class_sizes"] == [2, 2, 0]
    lines = confusion_lines(outcome)
    assert lines[0].split()[-3:] == ["no", "answer", "recall"]
    assert lines[1].split() == ["rain", "2", "1.5", "0.5", "0.0", "0.0", "0.750"]
    assert lines[3].split() == ["fog", "0", "0.0", "0.0", "0.0", "0.0", "-"]
    assert len(set(map(len, lines))) == 1
    assert lines[0] == "true \\ answer          rain    snow     fog  no answer  recall"


def test_the_spread_is_between_rounds():
    true = np.array([0, 1, 1, 0])
    two = Outcome("m", "t", ("a", "b"), true, np.array([[0, 1, 1, 1], [0, 0, 0, 1]]))
    assert figures(two).accuracy_sd == pytest.approx(0.5 / np.sqrt(2), rel=1e-14)
    assert figures(two._replace(predicted_YM=two.predicted_YM[:1])).accuracy_sd == 0
