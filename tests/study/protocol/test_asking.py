"""How queries are asked: pairs from their ranges, hashed, exact, by a linear SVM."""

import dataclasses

import numpy as np
import pytest

from lsfref import lsh, voting
from lsfref.config import PRESETS
from lsfref.study.protocol import asking
from lsfref.study.protocol.asking import Pair, ask_exact, ask_hashed, ask_svm, draw_pairs
from lsfref.study.protocol.protocol import Round, TaskLabels, ask

SMALL, PAPER = PRESETS["small"], PRESETS["paper"]


def two_clouds(rng, n_rows, *, width=7, apart=4.0):
    labels = np.arange(n_rows) % 2
    return rng.standard_normal((n_rows, width)) + apart * labels[:, None], labels


def test_pairs_come_from_the_ranges_of_the_preset():
    rng = np.random.default_rng(0)
    pairs = draw_pairs(rng, PAPER, n_index=1000, n_pairs=3000)
    for values, low, high in (
        ([p.n_projections for p in pairs], 10, 50),
        ([p.k for p in pairs], 50, 100),
    ):
        assert (min(values), max(values)) == (low, high)
    ks = {p.k for p in draw_pairs(rng, SMALL, n_index=216, n_pairs=500)}
    assert ks == set(range(4, 15))  # K = round(sqrt(216) / 2) = 7
    assert {p.k for p in draw_pairs(rng, PAPER, n_index=20, n_pairs=50)} == {20}


def test_every_query_is_asked_under_ten_pairs():
    index, labels = two_clouds(np.random.default_rng(0), 23)
    task, one = TaskLabels("t", ("a", "b"), labels), Round((np.arange(23), np.arange(23)), 0, 0)
    asked = ask("exact", index, labels, index, task=task, number=0, one=one, config=SMALL)
    assert asked.decision_Ym.shape == (10, 23)


def test_hashed_answers_are_those_of_the_stages():
    rng = np.random.default_rng(1)
    index, labels = two_clouds(rng, 23)
    queries, _ = two_clouds(rng, 5)
    pair = Pair(11, 7)
    got = ask_hashed(
        index,
        labels,
        queries,
        pair=pair,
        classes=("a", "b", "c"),
        config=SMALL,
        rng=np.random.default_rng(2),
    )
    directions = lsh.draw_directions(
        np.random.default_rng(2), n_classes=3, n_projections=11, n_features=7
    )
    tables = [lsh.hash_features(rows, directions) for rows in (index, queries)]
    found = [lsh.nearest(i, q, k=7) for i, q in zip(*tables, strict=True)]
    votes = voting.vote(
        np.stack([f[0] for f in found]), np.stack([f[1] for f in found]), labels,
        n_classes=3, rule="average",
    )  # fmt: skip
    np.testing.assert_array_equal(got.confidence_MC, votes.confidence_MC)


@pytest.mark.parametrize("rule", ["average", "weighted", "stacked"])
def test_easy_queries_are_answered_right_however_they_are_asked(rule):
    rng = np.random.default_rng(3)
    index, labels = two_clouds(rng, 23)
    queries, wanted = two_clouds(rng, 11)
    how = {"classes": ("a", "b"), "config": dataclasses.replace(SMALL, voting=rule), "rng": rng}
    votes = ask_hashed(index, labels, queries, pair=Pair(31, 3), **how)
    np.testing.assert_array_equal(votes.decision_M, wanted)
    exact = ask_exact(index, labels, queries, k=3, n_classes=2)
    np.testing.assert_array_equal(exact.decision_M, wanted)
    np.testing.assert_array_equal(ask_svm(index, labels, queries, n_classes=2), wanted)
    scaled = ask_svm(1e-3 * index, labels, 1e-3 * queries, n_classes=2)
    np.testing.assert_array_equal(scaled, wanted)
    assert len(ask_svm(0 * index, labels, queries, n_classes=2)) == 11


def test_exact_neighbors_by_hand():
    index = np.array([[0.0], [1.0], [2.0], [10.0]])
    votes = ask_exact(index, np.array([1, 0, 1, 0]), np.array([[0.4]]), k=3, n_classes=2)
    np.testing.assert_allclose(votes.confidence_MC, [[1 / 3, 2 / 3]], rtol=1e-15)


def test_the_cost_of_the_svm_is_in_units_of_the_rows(monkeypatch):
    costs = []
    monkeypatch.setattr(asking, "margins", lambda svm, queries: queries)
    monkeypatch.setattr(asking, "fit_svm", lambda *_, n_classes, cost: costs.append(cost))
    index = np.array([[3.0, 4.0, 0.0], [0.0, 0.0, 5.0]])
    ask_svm(index, np.array([0, 1]), index, n_classes=2)
    assert costs == [pytest.approx(10.0 / 25, rel=1e-14)]


def test_a_cut_of_k_is_told_where_there_can_be_one():
    config = PRESETS["paper"]
    assert config.k_rule == "fixed"
    assert asking.cut_in_words(config, 100) == []
    assert "cut to the 99 videos" in asking.cut_in_words(config, 99)[0]
    rng = np.random.default_rng(0)
    pairs = draw_pairs(rng, config, n_index=99, n_pairs=400)
    assert max(pair.k for pair in pairs) == 99
    assert asking.cut_in_words(PRESETS["small"], 9) == []
