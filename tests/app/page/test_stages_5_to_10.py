"""Stages 5 to 10 on the page: the network, the index, the votes of the paper's system."""

import dataclasses

import numpy as np
import pytest
from pages import Page

from lsfref.app.page import shell, stages_5_to_10
from lsfref.app.page.story import Story

pytestmark = pytest.mark.unwatched


def pages_of(story):
    drawn = [draw(story, story.model) for draw in stages_5_to_10.DRAWN]
    return [Page(shell.page("t", [part])) for part in drawn]


def test_what_each_stage_says_of_a_clip(stories):
    story = stories[1]
    five, six, seven, eight, nine, ten = pages_of(story)
    assert "426 - 256 - 128 - 256 - 426 units" in five.text
    assert "trained on 9 videos; this video changes nothing" in six.text
    assert "Each minibatch takes the other loss" in six.text
    assert ("07_pooling/video/n_points", story.n_points) in seven.numbers
    assert eight.text.count("The score of each feature; the 64 kept ones are blue") == 2
    assert nine.text.count("this video") >= 2
    assert ten.text.count("The vote:") == 2


def test_scores_and_codes_are_those_of_the_model(stories):
    story = stories[1]
    numbers = {source: value for page in pages_of(story) for source, value in page.numbers}
    for name, task in story.model.tasks.items():
        best = int(task.selected_Q[0])
        assert numbers[f"08_fisher/{name}/scores_E[{best}]"] == task.scores_E[best]
    assert numbers["07_pooling/video/pooled_E[0]"] == story.pooled_E[0]


def test_neighbors_have_their_labels_and_distances(stories):
    story = stories[1]
    task, search = story.model.tasks["background"], story.searches["background"]
    text = pages_of(story)[4].text
    for hit in search.hits:
        label = task.classes[task.labels_m[np.flatnonzero(task.rows_m == hit.row)[0]]]
        said = f"{story.model.files[hit.row]} {label} {shell.shown(hit.hash_distance)}"
        assert said.replace("&nbsp;", " ") in text
    assert "rank video label hash distance code distance tables" in text


def test_votes_are_counted_by_class(stories):
    story = stories[1]
    task, search = story.model.tasks["foreground"], story.searches["foreground"]
    text = pages_of(story)[5].text
    for c, name in enumerate(task.classes):
        counts = [(task.labels_m[row] == c).sum() for row in search.neighbors_CMK[:, 0]]
        share = shell.shown(float(search.votes.confidence_MC[0, c]))
        assert f"{name} {share} {' '.join(map(str, counts))}" in text


def test_without_trajectories_there_is_nothing_to_go_on_with(stories):
    story = Story("a.mkv", stories[1].config, stories[1].model)
    for page in (pages_of(story)[i] for i in (0, 2, 4, 5)):
        assert "nothing to go on with" in page.text


def test_a_hash_space_of_one_dimension(stories):
    story = stories[1]
    task, search = story.model.tasks["foreground"], story.searches["foreground"]
    thin = dataclasses.replace(task, hashes_CmN=task.hashes_CmN[..., :1])
    model = dataclasses.replace(story.model, tasks={"foreground": thin})
    search = search._replace(query_hashes_CMN=search.query_hashes_CMN[..., :1])
    story = dataclasses.replace(story, model=model, searches={"foreground": search})
    assert "N = 1 projections" in pages_of(story)[4].text
