"""Stages 1 to 4 on the page: what the story holds is what is said."""

import dataclasses
import re
from collections import Counter

import numpy as np
import pytest
from pages import Page

from lsfref.app.page import shell, stages_1_to_4
from lsfref.app.page.story import Story

pytestmark = pytest.mark.unwatched


def pages_of(story):
    return [Page(shell.page("t", [draw(story)])) for draw in stages_1_to_4.DRAWN]


def test_the_pictures_and_numbers_of_a_clip(stories):
    story = stories[0]
    one, two, three, four = pages_of(story)
    assert "19 frames (counted from 0), 25 per second; worked on at 53 x 41 px" in one.text
    assert [image["alt"] for image in one.images][1] == "Frame 4 of the video, grey"
    assert "The pyramid: 53 x 41 px" in two.text
    assert [image.get("class") for image in two.images][:2] == ["", "round"]
    assert f"{story.counts['valid']:,}" in three.text
    assert len(three.images) == 3
    assert four.text.count("Left to right") == 4
    numbers = {source: value for source, value in four.numbers}
    frame, row = story.moment.frame, story.example.row
    first = f"04_descriptors/frame_{frame:05d}/descriptors_PD[{row},0]"
    assert numbers[first] == pytest.approx(float(story.example.descriptor_D[0]))


def test_rates_and_counts_are_rounded_and_parted(stories):
    story = dataclasses.replace(stories[0], rate=29.002435)
    assert "29 per second" in pages_of(story)[0].text
    story = dataclasses.replace(stories[0], rate=30000 / 1001)
    assert "29.97 per second" in pages_of(story)[0].text
    seen, moment = [dict(layer) for layer in story.moment.seen], story.moment
    valid = np.repeat(seen[0]["complete_pS2"][seen[0]["verdicts_p"] == 0][:1], 1234, axis=0)
    seen[0] |= {"complete_pS2": valid, "verdicts_p": np.zeros(1234, int)}
    moment = moment._replace(seen=seen[:1], greys=[np.zeros((205, 305))] * 2)
    seen[0] |= {
        "points_P2": np.zeros((0, 2)), "occupied_hw": np.zeros((41, 61), bool),
        "strength_HW": np.zeros((205, 305)), "threshold": 1.0,
    }  # fmt: skip
    said = Page(shell.page("t", [stages_1_to_4.stage_3(dataclasses.replace(story, moment=moment))]))
    assert re.search(r"2,\d\d\d have too little texture", said.text)
    assert re.search(r"\d of 1,234 are drawn", said.text)


def test_every_track_is_accounted_for(stories):
    counts = stories[0].counts
    said = pages_of(stories[0])[2].text
    for name, (_, words) in stages_1_to_4.RULES.items():
        assert (words in said) == bool(counts[name] or name != "camera")
    assert f"left the image before its 15th step {counts['left the image']:,}" in said


def test_camera_tracks_are_named_where_there_are_some(stories):
    story = dataclasses.replace(stories[0], counts=stories[0].counts + Counter(camera=1234))
    assert "camera: moves as the background does 1,234" in pages_of(story)[2].text


def test_a_video_of_which_nothing_is_known(stories):
    story = Story("a.mkv", stories[0].config)
    one, two, three, four = pages_of(story)
    assert "unknown size" in one.text
    assert two.images == three.images == []
    assert "There is no trajectory to describe" in four.text
