"""The shell: text is escaped, numbers are for reading, tables explain their heads."""

import json
import math
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pages import Page

from lsfref.app.page import shell
from lsfref.config import Config


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0, "0"), (0.0, "0"), (7, "7"), (12345, "12,345"), (-3.0, "-3"), (0.123456, "0.123"),
        (-0.000312, "-0.000312"), (1234.5, "1,234"), (98.76, "98.8"), (math.inf, "&infin;"),
        (2.5e-7, "2.50 &times; 10<sup>-7</sup>"), (3.1e12, "3.10 &times; 10<sup>12</sup>"),
    ],
)  # fmt: skip
def test_numbers_have_three_digits_that_count(value, words):
    assert shell.shown(value) == words


@given(st.floats(1e-4, 1e8, allow_subnormal=False))
def test_a_shown_number_is_within_half_a_per_cent(value):
    assert abs(float(shell.shown(value).replace(",", "")) - value) <= 0.00501 * value


def test_shares():
    assert shell.percent(0.784) == "78&nbsp;%"
    assert shell.text("78 % & more") == "78&nbsp;% &amp; more"


@settings(max_examples=40)
@given(st.text())
def test_any_text_is_one_line_of_harmless_words(words):
    whole = shell.page(words, [f"<p>{shell.text(words)}</p>", f"<p>{shell.soft(words)}</p>"])
    page = Page(whole)
    said = "".join(page.words).replace("\xa0", " ")
    assert said.count(shell.printable(words)) >= 3 or not words.strip()


def test_names_may_break_where_they_are_joined():
    whole = '<span class="name">a&amp;/<wbr>b__<wbr>c.<wbr>mp4:</span>'
    assert shell.soft("see a&/b__c.mp4: no video.") == f"see {whole} no video."
    assert shell.soft("<b>\u202e\x1b") == "&lt;b&gt;\\u202e\\x1b"


def test_every_word_of_the_pages_is_used():
    folder = Path(shell.__file__).parent
    code = "".join(path.read_text() for path in folder.glob("*.py"))
    used = re.findall(r"""WORDS\[["']([a-z ]+)["']\]""", code)
    assert {*used, *Config.__dataclass_fields__["switch"].metadata["values"]} == set(shell.WORDS)


def test_a_number_says_where_trace_has_it():
    page = Page(shell.page("t", [shell.number(0.25, "10_voting/x/share[0]"), shell.number(3, "n")]))
    assert page.numbers == [("10_voting/x/share[0]", 0.25), ("n", 3.0)]


def test_a_table_scrolls_by_itself_and_explains_every_head():
    columns = [("who", "the <method>"), ("share", "from 0 to 1", True)]
    text = shell.table(columns, [["a", "0.5"], ["b", "0.7"]])
    assert text.startswith('<div class="wide" tabindex="0"><table><thead>')
    assert '<th scope="col">who</th><th scope="col" class="n">share</th>' in text
    assert '<td>a</td><td class="n">0.5</td>' in text
    assert "<dt>who</dt><dd>the &lt;method&gt;</dd><dt>share</dt><dd>from 0 to 1</dd>" in text
    with pytest.raises(ValueError, match="shorter"):
        shell.table(columns, [["a"]])


def test_every_column_says_something_and_every_table_is_drawn():
    folder = Path(shell.__file__).parent
    code = "".join(path.read_text() for path in folder.glob("*.py"))
    for name in json.loads((folder / "columns.json").read_text()):
        assert f'columns("{name}"' in code
        for head, about, *_ in shell.columns(name, n_tables=7, t=3):
            assert head
            assert about
            assert "{" not in head + about
    assert shell.columns("votes of a table", t=3) == [
        ["g3", "neighbors with that label in table 3", True]
    ]
