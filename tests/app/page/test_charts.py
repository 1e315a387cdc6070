"""Charts: valid SVG without a word in it, nothing outside its frame, alternative texts."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest

from lsfref.app.page import charts, marks

RNG = np.random.default_rng(0)


def parsed(text):
    """The elements of a chart, which is XML too; it holds no text and no number that is none."""
    root = ElementTree.fromstring(f"<div>{text}</div>")
    for drawing in root.iter("svg"):
        assert not list(drawing.iter("text"))
        assert (drawing.get("role") == "img") == bool(drawing.get("aria-label"))
    assert not re.search(r"\bnan\b|\binf\b", text)
    return root


def bar_ends(text):
    """(left, zero, top) of each bar."""
    paths = [p.get("d") for p in parsed(text).iter("path") if p.get("fill")]
    return [tuple(map(float, m)) for d in paths
            for m in re.findall(r"M([\d.]+) ([\d.]+)h\.85V([\d.]+)h", d)]  # fmt: skip


def test_bars_by_hand():
    assert bar_ends(charts.bars(np.array([1.0, -1.0, 3.0]), "a")) == [
        (0, 75, 50), (1, 75, 100), (2, 75, 0),
    ]  # fmt: skip
    words = "".join(parsed(charts.bars(np.array([1.0, -1.0, 3.0]), "a")).itertext())
    assert words == "3-1"


@pytest.mark.parametrize("values", [np.zeros(5), np.array([np.inf, 1.0]), np.array([-2.0])])
def test_bars_of_odd_values_stay_inside(values):
    for _, zero, top in bar_ends(charts.bars(values, "a")):
        assert 0 <= min(zero, top) <= max(zero, top) <= 100


def test_bars_that_are_not_kept_are_grey():
    text = charts.bars(np.ones(3), "a", kept=np.array([True, False, True]))
    blue, grey = [p for p in parsed(text).iter("path") if p.get("fill")]
    assert blue.get("fill") == marks.css(marks.BLUE)
    assert (blue.get("d").count("M"), grey.get("d").count("M")) == (2, 1)


def test_curves_reach_their_tops_and_are_named_beside():
    root = parsed(charts.curves({"a": np.array([4.0, 1.0]), "b": np.array([2.0])}, "two"))
    for line in root.iter("polyline"):
        y = [float(p.split(",")[1]) for p in line.get("points").split()]
        assert min(y) == 2
        assert max(y) <= 98
    words = "".join(root.itertext())
    assert "a: 4 to 1" in words
    assert "pass 2" in words
    assert all(s.get("aria-label") or s.get("aria-hidden") == "true" for s in root.iter("svg"))


def places(drawing):
    """(x, y) of each mark's middle."""
    for element in drawing.iter():
        if element.tag == "circle":
            yield float(element.get("cx")), float(element.get("cy"))
        elif element.tag == "polygon":
            corners = [p.split(",") for p in element.get("points").split()]
            yield tuple(np.mean([[float(x), float(y)] for x, y in corners], axis=0))


@pytest.mark.parametrize(
    "points",
    [RNG.standard_normal((41, 2)), np.zeros((41, 2)), np.array([[i, 3.0] for i in range(41)])],
)
def test_every_point_is_drawn_inside(points):
    text = charts.scatter(points, np.arange(41) % 9, "a", query_2=points[0], near=[1, 2])
    root = parsed(text)
    found = list(places(root))
    assert len(found) == 42
    for x, y in found:
        assert 0 < x < 360
        assert 0 < y < 360
    assert text.count("M") == 2  # lines to the neighbors


def test_open_marks_lie_below_filled_ones():
    filled = np.array([True, False, True])
    text = charts.scatter(RNG.standard_normal((3, 2)), np.zeros(3, int), "a", filled_M=filled)
    fills = [c.get("fill") == "none" for c in parsed(text).iter("circle")]
    assert fills == [True, False, False]


def test_a_strip_has_a_part_per_length_in_its_color():
    text = charts.strip([(3.0, 2, "a <b>"), (1.0, None, "none")], "two parts")
    parts = parsed(text).findall("div/span")
    assert [p.get("title") for p in parts] == ["a <b>", "none"]
    assert parts[0].get("style") == f"flex-grow:3;background:{marks.color_of(2)}"
    assert [len(p.findall("svg")) for p in parts] == [1, 0]
    shares = charts.share_strip({"rain": 0.75, "fog": 0.25, "x": 0.0}, ("rain", "fog", "x"), "t")
    assert "Shares for t: rain 75%; fog 25%" in shares
    assert len(parsed(shares).findall("div/span")) == 2


def test_roses_point_where_their_bins_say():
    histogram = np.zeros((3, 2, 2, 9))
    histogram[0, 0, 0, 2] = 2.0  # down
    histogram[0, 1, 0, 8] = 1.0  # no motion, in the right upper cell
    root = parsed(charts.roses(histogram.ravel(), "a", marks.BLUE))
    assert "M28 28l0.00 24.00" in next(p.get("d") for p in root.iter("path"))
    discs = [
        (float(c.get("cx")), float(c.get("r"))) for c in root.iter("circle") if c.get("opacity")
    ]
    assert discs[2] == (80, 6.0)
    assert sum(r for _, r in discs) == 6.0
