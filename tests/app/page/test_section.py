"""Sections: ten stages, their facts filled in, their choices as in CHOICES.md."""

import dataclasses

import numpy as np
import pytest
from pages import Page

from lsfref.app.page import section, shell
from lsfref.app.page.section import STAGES
from lsfref.app.page.story import Story
from lsfref.config import PRESETS


def some_story(**facts):
    return Story("a/b.mp4", PRESETS["small"], n_frames=1234, n_points=5678, **facts)


def test_there_are_ten_stages_and_each_says_what_it_is():
    assert len(STAGES) == len({stage["name"] for stage in STAGES}) == 10
    for number, stage in enumerate(STAGES, start=1):
        page = Page(shell.page("t", [section.section(number, some_story(), "<p>body</p>")]))
        assert page.ids("section") == [f"stage{number}"]
        assert f"{number}. {stage['title']}" in page.text
        assert "{" not in page.text
        assert "body" in page.text
        for name in stage["choices"].split():
            assert f"{name} " in page.text


def test_facts_of_the_video_are_filled_in():
    assert "frames_FHW: 1,234 frames" in section.section(1, some_story(), "")
    assert "codes_PE: 5,678 x 128" in section.section(7, some_story(), "")
    assert "scaled (rms)" in section.section(5, some_story(), "")


def test_equations_break_between_their_parts_alone():
    text = section.section(6, some_story(), "")
    assert text.count("<span>") == len(STAGES[5]["equations"]) == 2
    assert '<div class="wide equation"' in text


def test_choices_show_the_values_of_this_run():
    config = dataclasses.replace(PRESETS["small"], switch="epoch", top_percent=12.5)
    assert "switch = epoch" in section.choices("C9", config)
    assert "top_percent = 12.5" in section.choices("F4", config)
    assert "soft voting" in section.choices("V1", config)
    assert "what classify gives" in section.choices("T7", config)
    assert not any("`" in words for row in section._choice_rows().values() for words in row)
    with pytest.raises(KeyError):
        section.choices("Z9", config)
    assert np.isclose(len(section._choice_rows()), 80, atol=40)
