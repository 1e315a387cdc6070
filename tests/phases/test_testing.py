"""The testing phase: search, vote, retrieval, and the contract of what answers."""

import dataclasses

import numpy as np
import pytest
from fakes import FakeExtract
from tests_model import make

from lsfref import lsh, voting
from lsfref.phases import growth, testing
from lsfref.phases.passes import Pooled

FITTED = make()
TASKS = FITTED.tasks.items()


def test_hashes_are_those_of_the_index():
    for _name, task in TASKS:
        hashes_CMN = testing.hashes(task, FITTED.pooled_ME)
        np.testing.assert_allclose(hashes_CMN[:, task.rows_m], task.hashes_CmN, rtol=1e-12)


def test_a_query_in_the_index_is_its_own_nearest():
    for _name, task in TASKS:
        indexed = FITTED.pooled_ME[task.rows_m]
        neighbors_CMK, distances_CMK = testing.search(task, indexed, FITTED.config)
        assert neighbors_CMK.shape == (len(task.classes), len(task.rows_m), 3)
        assert np.all(neighbors_CMK[:, :, 0] == np.arange(len(task.rows_m)))
        np.testing.assert_allclose(distances_CMK[:, :, 0], 0, atol=1e-20)


def test_one_search_among_all_hashes_where_tables_are_stacked():
    config = dataclasses.replace(FITTED.config, voting="stacked")
    for _name, task in TASKS:
        neighbors_CMK, distances_CMK = testing.search(task, FITTED.pooled_ME, config)
        assert neighbors_CMK.shape == (1, len(FITTED.files), 3)
        (apart_TMN,) = np.square(
            lsh.stack_tables(testing.hashes(task, FITTED.pooled_ME))[:, :, None]
            - lsh.stack_tables(task.hashes_CmN)[:, None]
        ).sum(axis=-1)
        np.testing.assert_array_equal(
            neighbors_CMK[0], np.argsort(apart_TMN, axis=1, kind="stable")[:, :3]
        )
        np.testing.assert_allclose(distances_CMK[0], np.sort(apart_TMN, axis=1)[:, :3], atol=1e-9)


def test_an_index_is_prepared_once():
    task = FITTED.tasks["background"]
    for stacked, n_tables in ((False, len(task.classes)), (True, 1)):
        ready = testing.prepared(task, stacked=stacked)
        assert len(ready) == n_tables
        assert testing.prepared(task, stacked=stacked) is ready


def test_the_most_similar_are_by_hash_with_the_distance_of_the_codes():
    task, query_E = FITTED.tasks["foreground"], FITTED.pooled_ME[2] + 0.01
    hits = growth.most_similar(task, FITTED.pooled_ME, query_E, top=3)
    assert {hit.row for hit in hits} <= set(task.rows_m.tolist())
    assert 2 not in [hit.row for hit in hits]  # it has no label of this task
    query_CMN = testing.hashes(task, query_E[None])
    for hit in hits:
        at = task.rows_m.tolist().index(hit.row)
        apart = np.linalg.norm(task.hashes_CmN[:, at] - query_CMN[:, 0])
        assert hit.hash_distance == pytest.approx(apart, rel=1e-9)
        code = np.linalg.norm(FITTED.pooled_ME[hit.row] - query_E)
        assert hit.code_distance == pytest.approx(code, rel=1e-12)
    assert [h.hash_distance for h in hits] == sorted(h.hash_distance for h in hits)


def made_up(task, pooled_ME):
    return np.array([{"background": [0.25, 0.375, 0.375], "foreground": [0.5, 0.5]}[task]])


def test_ties_go_to_the_lower_class():
    said = testing.answer(FITTED, Pooled(np.zeros(11), 5, 23, ("grainy",)), made_up)
    assert said.labels == {"background": "rain", "foreground": "none"}
    assert said.confidence["background"] == {"normal": 0.25, "rain": 0.375, "snow": 0.375}
    assert (said.frames, said.points, said.warnings, said.error) == (23, 5, ("grainy",), None)


def test_nothing_pooled_is_no_answer():
    said = testing.answer(FITTED, Pooled(None, 0, 15, (), "x.mp4: too short"))
    assert said.labels == {"background": None, "foreground": None}
    assert (said.confidence, said.error) == ({}, "x.mp4: too short")


def test_votes_answer_unless_another_system_does():
    pooled = Pooled(FITTED.pooled_ME[1], 5, 23)
    said = testing.answer(FITTED, pooled)
    for name, task in TASKS:
        votes = testing.votes_of(task, FITTED.pooled_ME[1:2], FITTED.config)
        assert list(said.confidence[name].values()) == votes.confidence_MC[0].tolist()


def test_a_video_without_trajectories_is_a_still_scene():
    """D4: the zero code is of the classes `normal` and `none`, and of nothing else."""
    name = "rain-human-3-g1.mp4"
    encoder = FITTED.network.encoder
    pooled = testing.describe(
        name, encoder=encoder, config=FITTED.config, extract=FakeExtract(sizes={name: 0})
    )
    assert (pooled.error, pooled.n_points) == (None, 0)
    assert pooled.warnings == (f"{name}: 0 trajectories; taken for a still scene",)
    assert testing.answer(FITTED, pooled).labels == {"background": "normal", "foreground": "none"}
    both_ME = np.stack([FITTED.pooled_ME[1], np.zeros(11)])
    shares_MC = testing.votes_by_task(FITTED, "background", both_ME)
    assert shares_MC[1].tolist() == [1, 0, 0]
    votes = testing.votes_of(FITTED.tasks["background"], both_ME[:1], FITTED.config)
    np.testing.assert_array_equal(shares_MC[:1], votes.confidence_MC)
    assert testing.still_class(("rain", "normal")) == 1
    assert testing.still_class(("rain", "snow")) is None


@pytest.mark.parametrize("rule", ["average", "table", "weighted", "stacked"])
def test_the_vote_follows_its_rule(rule):
    config = dataclasses.replace(FITTED.config, voting=rule)
    for name, task in TASKS:
        neighbors_CMK, distances_CMK = testing.search(task, FITTED.pooled_ME, config)
        by_hand = voting.vote(
            neighbors_CMK, distances_CMK, task.labels_m, n_classes=len(task.classes), rule=rule
        )
        found = testing.votes_of(task, FITTED.pooled_ME, config)
        np.testing.assert_array_equal(found.confidence_MC, by_hand.confidence_MC)
        if rule != "average" and name == "background":
            plain = testing.votes_of(task, FITTED.pooled_ME, FITTED.config)
            assert not np.array_equal(found.confidence_MC, plain.confidence_MC)
