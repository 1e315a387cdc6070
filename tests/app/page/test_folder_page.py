"""The page of many videos: a card each, orders by buttons, small enough to send."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pages import Page

from lsfref.app.page import marks
from lsfref.app.page.folder_page import Card, _ranks, best_of, card_of, folder_page

CLASSES = {"background": ("normal", "rain", "<fog>"), "foreground": ("none", "human")}


def card(name, background=None, sure=0.5, human=0.5, **rest):
    shares = {}
    if background is not None:
        others = [c for c in CLASSES["background"] if c != background]
        shares = {
            "background": {background: sure, **dict.fromkeys(others, (1 - sure) / 2)},
            "foreground": {"none": 1 - human, "human": human},
        }
    return Card(name, f"p/{name}.html", None, shares, **rest)


CARDS = [
    card("a", "rain", 0.6, 0.9), card("b", "normal", 0.9, 0.8), card("c"),
    card("d", "rain", 0.8, 0.1), card("e", "<fog>", 0.7, 0.55, note="in the index"),
]  # fmt: skip


def orders(text):
    """The names of the cards under each order."""
    cards = re.findall(r'<article class="card" style="([^"]*)">.*?<h2>(\w)</h2>', text)
    columns = np.array(
        [[int(part.split(":")[1]) for part in style.split(";")] for style, _ in cards]
    )
    return ["".join(np.array([name for _, name in cards])[np.argsort(c)]) for c in columns.T]


def test_each_order_is_what_its_button_says():
    text = folder_page(CARDS, CLASSES)
    assert orders(text) == ["abcde", "bdaec", "dabec", "ceabd"]
    assert re.findall(r'id="(sort\d)"( checked)?', text) == [
        ("sort0", " checked"), ("sort1", ""), ("sort2", ""), ("sort3", ""),
    ]  # fmt: skip
    labels = re.findall(r"> ([\w ]+)</label>", text)
    assert labels == ["by name", "by background", "by foreground", "least sure first"]
    style = text.partition("</style>")[0]
    for i in range(1, 4):
        assert f"body:has(#sort{i}:checked) .card {{ order: var(--o{i}); }}" in style


def test_cards_say_their_answers_and_lead_to_their_pages():
    page = Page(folder_page(CARDS, CLASSES))
    assert "rain 60 %" in page.text
    assert "human 90 %" in page.text
    assert "<fog>: 1" in page.text
    assert page.text.count("no answer: 1") == 2
    links = {value for tag, name, value in page.attributes if (tag, name) == ("a", "href")}
    assert links == {f"p/{name}.html" for name in "abcde"}


def test_without_a_model_there_is_one_order():
    text = folder_page([card("a"), card("b")], {})
    assert orders(text) == ["ab"]
    assert "sort1" not in text.partition("</style>")[2]


def test_a_video_that_failed_has_no_page():
    page = Page(folder_page([Card("<x>\x1b", "", None, {}, "no \u202e video")], CLASSES))
    assert "no \\u202e video" in page.text
    assert not [value for tag, name, value in page.attributes if name == "href"]


@given(st.lists(st.tuples(st.integers(0, 3), st.floats(0, 1)), max_size=9))
def test_ranks_are_a_stable_sort(keys):
    ranks = _ranks(keys)
    assert sorted(ranks) == list(range(len(keys)))
    for i in range(len(keys)):
        for j in range(i):
            assert (ranks[j] < ranks[i]) == (keys[j] <= keys[i])


def test_classes_of_equal_shares_are_all_the_answer():
    assert best_of({"x": 0, "a": 0.5, "b": 0.5}) == ["a", "b"]
    page = Page(folder_page([card("a", "rain", 0.6, 0.5)], CLASSES))
    assert "none or human 50 %" in page.text
    assert "none: 1 human: 0" in page.text  # counted as the first, as a label is


def test_no_mark_stands_for_two_classes():
    classes = {"background": ("fog", "snow"), "foreground": ("cat", "dog")}
    shares = {"background": {"fog": 0.4, "snow": 0.6}, "foreground": {"cat": 0.7, "dog": 0.3}}
    text = folder_page([Card("a", "", None, shares)], classes)
    every = [*classes["background"], *classes["foreground"]]
    assert len({marks.tag(every, name).partition("</svg>")[0] for name in every}) == 4
    for name in every:
        assert marks.tag(every, name).removesuffix("</span>") in text
    assert {marks.sign(n, color="#fff") for n in range(8, 12)} == set(
        re.findall(r'title="[^"]*">(<svg.*?</svg>)', text)
    )


@pytest.mark.unwatched
def test_a_hundred_clips_stay_under_8_mb(stories):
    one = card_of(stories[1], "p/one.html")
    assert one.shares == stories[1].answer.confidence
    assert one.note == "in the index"
    noise = np.random.default_rng(0).integers(0, 256, (240, 320)).astype(float)  # the worst to pack
    text = folder_page(
        [one._replace(frame_HW=noise)] * 100, {n: tuple(s) for n, s in one.shares.items()}
    )
    assert len(text) < 8_000_000
    bare = card_of(stories[0], "")
    assert bare.note == f"{stories[0].n_points:,} trajectories"
    assert bare.shares == {}
