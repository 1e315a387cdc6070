"""Figures as they are printed: a sentence, JSON lines, CSV."""

import argparse
import csv
import io
import json

import numpy as np
import pytest

from lsfref.app.evaluation import outcomes
from lsfref.study.protocol.outcome import Outcome

TRUE = np.array([0, 0, 0, 1])
ONE = Outcome("m\n", "background", ("a", "b"), TRUE, np.array([[0, 0, 1, 1], [0, 0, 0, 0]]))
SURE = ONE._replace(task="foreground", confidence_YM=np.full((2, 4), 0.75))


def printed(capsys, *found, **flags):
    outcomes.write(found, argparse.Namespace(**{"json": False, "csv": False} | flags))
    return capsys.readouterr().out


def test_the_sentence_by_hand():
    said = outcomes.sentence(ONE)
    assert said.startswith("background, m\\n: accuracy 0.750 (sd 0.000, 95 % interval 0.301 to ")
    assert "mean class recall 0.667, majority 0.750, 4 videos, 2 rounds" in said


def test_lines_for_people_with_what_a_threshold_gives(capsys):
    out = printed(capsys, ONE, SURE)
    first, second = out.split("\n\n")
    assert "threshold" not in first
    assert "threshold" in second
    assert first.count("\n") == 3


@pytest.mark.parametrize("found", [(ONE,), (ONE, SURE)])
def test_json_and_csv_hold_the_same_figures(capsys, found):
    rows = [json.loads(line) for line in printed(capsys, *found, json=True).splitlines()]
    assert [("coverage" in row) for row in rows] == [o.confidence_YM is not None for o in found]
    table = list(csv.DictReader(io.StringIO(printed(capsys, *found, csv=True))))
    for row, cells in zip(rows, table, strict=True):
        assert float(cells["accuracy_mean"]) == row["accuracy_mean"] == 0.75
        assert [float(cells["interval_low"]), float(cells["interval_high"])] == row["interval"]
        assert json.loads(cells["confusion"]) == row["confusion"] == [[2.5, 0.5], [0.5, 0.5]]
