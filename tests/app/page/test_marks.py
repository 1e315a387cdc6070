"""One palette, one mark per class."""

import re

from lsfref.app.page import marks


def test_56_classes_have_56_marks():
    found = {marks.mark(c, 0, 0, 5) for c in range(56)}
    assert len(found) == 56
    assert marks.mark(56, 0, 0, 5) in found


def test_a_class_of_the_paper_keeps_its_mark_whatever_stands_beside_it():
    assert marks.class_numbers(("normal", "rain", "tree waving")) == {
        "normal": 0, "rain": 3, "tree waving": 5,
    }  # fmt: skip
    assert marks.class_numbers(("rain", "fog", "snow")) == {"rain": 3, "fog": 8, "snow": 9}
    assert marks.class_numbers(("none", "human")) == {"none": 6, "human": 7}


def test_a_legend_names_some_with_the_marks_that_they_have_among_all():
    assert marks.legend(("fog", "dog"), ("dog",)) == (
        f'<p class="legend">{marks.tag(("fog", "dog"), "dog")}</p>'
    )
    assert marks.sign(9) in marks.legend(("fog", "dog"), ("dog",))


def test_marks_are_as_wide_as_they_should_be():
    for c in range(8):
        x = [float(v) for v in re.findall(r"(-?[\d.]+),", marks.mark(c, 0, 0, 10))] or [-10, 10]
        assert 16 <= max(x) - min(x) <= 31, c


def test_an_open_mark_is_an_outline_in_the_same_color():
    for c in range(9):
        color = marks.color_of(c)
        assert f'fill="{color}"' in marks.mark(c, 1, 2, 5)
        assert f'fill="none" stroke="{color}"' in marks.mark(c, 1, 2, 5, filled=False)
    assert marks.css((0, 114, 178)) == "#0072b2"


def test_names_stand_after_their_marks_escaped():
    said = marks.legend(("rain & <fog>", "b"), ("rain & <fog>", "b"), "more")
    assert said.count("<svg") == 2
    assert "rain &amp; &lt;fog&gt;" in said
    assert '<span class="tag">more</span>' in said
    assert marks.tag(("a",), "a", " 7 %").endswith(" a 7 %</span>")
    assert marks.swatch(marks.BLUE, "x").endswith("</span> x")
    assert marks.swatch(marks.BLUE).endswith("</span>")
