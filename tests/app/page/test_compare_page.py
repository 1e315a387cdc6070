"""The page of `compare`: rounded numbers, explained heads, safe text."""

import re

import numpy as np
from pages import Page

from lsfref.app.page import marks
from lsfref.app.page.compare_page import COLUMNS, _cell, compare_page
from lsfref.study.protocol.outcome import Outcome
from lsfref.study.table1.compare import against
from lsfref.study.table1.rows import WHOLE

NAME = "<b>rain & snow</b>"
TRUE = np.array([0, 0, 1, 1])
OUTCOMES = [
    Outcome(WHOLE, "background", (NAME, "y"), TRUE, np.array([[0, 0, 1, -1]])),
    Outcome("other", "background", (NAME, "y"), TRUE, np.array([[0, 1, 0, 0]])),
]


def some_page(outcomes=OUTCOMES, **rest):
    words = {"title": "T & t", "lines": ["a < b"], "figure": "<svg></svg>"} | rest
    text = compare_page(outcomes, against(outcomes, WHOLE), **words)
    return text, Page(text)


def test_the_page_is_whole_and_safe():
    text, page = some_page()
    assert text.startswith("<!DOCTYPE html>")
    assert text.endswith("</html>\n")
    assert "<b>rain" not in text
    assert f"{NAME} (2)" in page.text
    assert text.count("<table>") == text.count("</table>") == 3
    assert "a < b" in page.text
    assert "T & t" in page.text


def test_numbers_are_rounded_and_the_reference_is_bold():
    text, page = some_page()
    assert "whole system 75.0% 0.0% 30.1% to 95.4% 75.0%" in page.text
    assert "other 25.0% 0.0% 4.6% to 69.9% 25.0% 2 0 0.500" in page.text
    assert "<b>whole system</b>" in text
    assert "always the largest class 50.0%" in page.text


def test_no_mark_stands_for_classes_of_two_tasks():
    asked = [("background", ("fog", "snow")), ("foreground", ("cat", "dog"))]
    outcomes = [Outcome(WHOLE, t, names, TRUE, np.array([TRUE])) for t, names in asked]
    text, _ = some_page(outcomes)
    every = ["fog", "snow", "cat", "dog"]
    for name in every:
        assert text.count(marks.tag(every, name)) == 1
        assert text.count(marks.tag(every, name, " (2)")) == 1


def test_the_numbers_of_a_cell_can_be_read_by_day_and_by_night():
    def light(color):
        parts = [v / 12.92 if v <= 0.03928 else ((v + 0.055) / 1.055) ** 2.4 for v in color / 255]
        return np.dot([0.2126, 0.7152, 0.0722], parts)

    for ink, paper in ((0x1B, [255, 255, 255]), (0xE9, [0x16, 0x17, 0x18])):
        for share in np.linspace(0, 1, 21):
            drawn = _cell(share, 1.0)
            assert ";color" not in drawn
            *blue, alpha = map(float, re.search(r"rgba\((.*)\)", drawn)[1].split(","))
            behind = alpha * np.array(blue) + (1 - alpha) * np.array(paper)
            dark, bright = sorted([light(behind), light(np.full(3, ink))])
            assert (bright + 0.05) / (dark + 0.05) >= 4.5, (ink, share)


def test_every_head_is_explained():
    _, page = some_page()
    for head, about, *_ in COLUMNS:
        assert f"{head} {about}" in page.text or about in page.text


def test_counts_of_a_round_are_whole_where_they_are():
    half = Outcome("h", "background", ("x", "y"), TRUE, np.array([[0, 0, 1, 1], [0, 0, 0, 1]]))
    _, page = some_page([half], figure="")
    assert "x (2) 2 0 " in page.text
    assert "y (2) 0.5 1.5" in page.text
    assert "no answer" not in page.text
    assert "Feature spaces" not in page.text


def test_a_small_p_is_said_to_be_small():
    many = np.zeros(40, int)
    good = Outcome(WHOLE, "background", ("x", "y"), many, np.zeros((1, 40), int))
    bad = good._replace(method="other", predicted_YM=np.ones((1, 40), int))
    _, page = some_page([good, bad])
    assert "40 0 < 0.001" in page.text
