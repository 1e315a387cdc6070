"""`compare`: every row under the same folds; the page; nothing fitted on what is asked."""

import dataclasses

import numpy as np
import pytest

from lsfref.config import PRESETS
from lsfref.phases.extraction import Extraction, Work
from lsfref.phases.streaming import Block
from lsfref.study.protocol.evaluate import Counted, evaluate_videos
from lsfref.study.protocol.outcome import Outcome, figures
from lsfref.study.protocol.protocol import Asked, Round, TaskLabels, collect, rounds_of
from lsfref.study.protocol.splits import folds
from lsfref.study.table1 import features, pca, representations
from lsfref.study.table1.compare import against, answer_tables, answer_videos, pieces, put_together
from lsfref.study.table1.rows import ROWS, SPACES, TABLE_ROWS

SMALL = dataclasses.replace(
    PRESETS["small"], hidden=(13,), n_code=7, n_samples=300, epochs=4, batch_size=50
)
N_VIDEOS = 31
LABELS = np.arange(N_VIDEOS) % 3
TASKS = [
    TaskLabels("background", ("rain", "snow", "fog"), LABELS),
    TaskLabels("foreground", ("none", "human"), np.where(LABELS == 2, -1, LABELS)),
]
DIRECT = [key for key in ROWS if key != "idt"]


@pytest.fixture(autouse=True)
def small_sizes(monkeypatch):
    monkeypatch.setattr(representations, "N_GAUSSIANS", 3)
    monkeypatch.setattr("lsfref.study.protocol.asking.N_PAIRS", 2)
    monkeypatch.setattr("lsfref.study.table1.features.LEAST_STEPS", 40)


def fake_extract(labels, *, apart=0.6, poisoned=()):
    """Videos whose descriptors differ by class in their mean."""
    centers = np.random.default_rng(0).random((3, 426)) * apart

    def extract(path, config):
        m = int(path)
        rng = np.random.default_rng([1, m])
        rows = centers[labels[m]] + 0.1 * rng.standard_normal((19 + m, 426))
        if m in poisoned:
            rows = 1e4 * rng.standard_normal(rows.shape)
        rows = rows.astype(config.dtype)
        return Extraction(iter([Block(np.zeros((len(rows), 10)), rows)]), 20, len(rows))

    return extract


VIDEOS = Counted(tuple(map(str, range(N_VIDEOS))), 19 + np.arange(N_VIDEOS))


def run(labels, extract, *, rows=DIRECT, videos=VIDEOS, tasks=TASKS, n_folds=3):
    tasks = [task._replace(labels_M=np.where(task.labels_M < 0, -1, labels % len(task.classes)))
             for task in tasks]  # fmt: skip
    rounds = rounds_of([folds(labels, None, n_folds=n_folds, rng=np.random.default_rng(2))])
    found = [
        answer_videos(one, rows=rows, videos=videos, tasks=tasks, config=SMALL, extract=extract)
        for one in rounds
    ]
    return collect(rounds, [fold.answers for fold in found], tasks), found


def test_separable_videos_are_told_apart_by_every_row():
    outcomes, found = run(LABELS, fake_extract(LABELS))
    assert [o.method for o in outcomes[::2]] == [ROWS[key].name for key in DIRECT]
    for outcome in outcomes[::2]:
        assert figures(outcome).accuracy_mean > 0.9, outcome.method
    for row, many in (("cca", outcomes), ("pca", outcomes)):  # alone as among others
        one = run(LABELS, fake_extract(LABELS), rows=[row])[0][0]
        other = next(o for o in many if o.method == ROWS[row].name)
        np.testing.assert_array_equal(one.predicted_YM, other.predicted_YM)
    assert set(found[0].spaces) == set(SPACES)
    assert found[0].spaces["lsfnet"].shape == (N_VIDEOS, 7)


def test_rows_in_pieces_are_the_rows_at_once():
    rounds = rounds_of([folds(LABELS, None, n_folds=2, rng=np.random.default_rng(2))])
    rest = {"videos": VIDEOS, "tasks": TASKS, "config": SMALL}
    rest["extract"] = fake_extract(LABELS, apart=0.1)
    asked = pieces(rounds, list(ROWS))
    assert sorted(key for _, piece in asked for key in piece) == sorted(2 * list(ROWS))
    found = put_together([answer_videos(*one, **rest) for one in asked], n_folds=2)
    for one, fold in zip(rounds, found, strict=True):
        whole = answer_videos(one, list(ROWS), **rest)
        assert list(fold.answers) == list(whole.answers) == [row.name for row in ROWS.values()]
        for method, answers in whole.answers.items():
            for said, said_too in zip(answers, fold.answers[method], strict=True):
                np.testing.assert_equal(said, said_too)
        assert set(fold.spaces) == set(whole.spaces) == set(SPACES)
        for name, space in whole.spaces.items():
            np.testing.assert_array_equal(space, fold.spaces[name])
        np.testing.assert_array_equal(fold.rows, whole.rows)


def test_rows_that_share_their_work_are_one_piece():
    assert pieces([0, 1], ["whole", "pca", "idt"]) == [
        (0, ["pca", "whole"]), (1, ["pca", "whole"]), (0, ["idt"]), (1, ["idt"]),
    ]  # fmt: skip


def test_the_whole_system_is_that_of_evaluate():
    extract = fake_extract(LABELS, apart=0.1)
    ours, _ = run(LABELS, extract, rows=["whole"])
    repeats = [folds(LABELS, None, n_folds=3, rng=np.random.default_rng(2))]
    tasks = [TASKS[0], TASKS[1]._replace(labels_M=np.where(LABELS == 2, -1, LABELS % 2))]
    theirs = evaluate_videos(VIDEOS, tasks, repeats, SMALL, work=Work(extract))
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(one.predicted_YM, other.predicted_YM)
        assert one.method == other.method


def test_random_labels_stay_at_chance():
    labels = np.random.default_rng(3).permutation(np.arange(N_VIDEOS) % 2)
    outcomes, _ = run(labels, fake_extract(0 * LABELS), tasks=TASKS[:1])
    for outcome in outcomes:
        assert figures(outcome).accuracy_mean < 0.5 + 2.6 * np.sqrt(0.25 / N_VIDEOS), outcome.method


def test_poisoned_test_videos_leave_what_is_fitted_unchanged(monkeypatch):
    given = []

    def spy(how, index, labels, queries, **rest):
        given.append((index, queries))
        return Asked(np.zeros((1, len(queries)), dtype=int))

    monkeypatch.setattr(features, "ask", spy)
    test = np.array([4, 9, 16, 23])
    one = Round((np.setdiff1d(np.arange(N_VIDEOS), test), test), 0, 0)
    for poisoned in ((), (9, 16, 23)):
        answer_videos(
            one, rows=DIRECT, videos=VIDEOS, tasks=TASKS[:1], config=SMALL,
            extract=fake_extract(LABELS, poisoned=poisoned),
        )  # fmt: skip
    half = len(given) // 2
    for (index, queries), (index_too, queries_too) in zip(given[:half], given[half:], strict=True):
        np.testing.assert_array_equal(index, index_too)
        np.testing.assert_allclose(queries[0], queries_too[0], rtol=1e-4, atol=1e-6)
        assert (queries[1:] != queries_too[1:]).any()


def test_a_video_without_trajectories_has_no_answer_and_teaches_nothing():
    counts = VIDEOS.counts_M.copy()
    counts[[5, 6]] = 0
    outcomes, found = run(
        LABELS, fake_extract(LABELS), videos=VIDEOS._replace(counts_M=counts), rows=["whole"]
    )
    assert (outcomes[0].predicted_YM[:, [5, 6]] == -1).all()
    assert (np.delete(outcomes[0].predicted_YM, [5, 6], axis=1) >= 0).all()
    assert 5 not in found[0].rows


def test_tables_alone_and_fused():
    rng = np.random.default_rng(4)
    tables = {
        name: LABELS[:, None] * rng.random(width) + 0.1 * rng.standard_normal((N_VIDEOS, width))
        for name, width in (("c3d.csv", 11), ("i3d.csv", 17))
    }
    rounds = rounds_of([folds(LABELS, None, n_folds=3, rng=rng)])
    both = {"names": list(tables), "tables": list(tables.values())}
    found = [answer_tables(one, **both, fused=True, tasks=TASKS, config=SMALL) for one in rounds]
    outcomes = collect(rounds, [fold.answers for fold in found], TASKS)
    names = list(dict.fromkeys(outcome.method for outcome in outcomes))
    assert names[:2] == ["c3d.csv + linear SVM", "i3d.csv + linear SVM"]
    assert names[2:] == [recipe.name for recipe in TABLE_ROWS.values()]
    assert all(figures(outcome).accuracy_mean > 0.6 for outcome in outcomes)
    assert [bool(fold.spaces) for fold in found] == [True, False, False]
    alone = answer_tables(
        rounds[0], names=["one.csv"], tables=[tables["c3d.csv"]], fused=True, tasks=TASKS,
        config=SMALL,
    )  # fmt: skip
    assert "Fisher score + CCA" not in alone.answers


def test_sign_tests_are_paired_by_video():
    true = np.array([0, 0, 1, 1])
    outcomes = [
        Outcome("a", "background", ("x", "y"), true, np.array([[0, 0, 1, 0], [0, 0, 1, 1]])),
        Outcome("b", "background", ("x", "y"), true, np.array([[0, 1, 0, 0], [0, 1, 1, 1]])),
        Outcome("b", "foreground", ("x", "y"), true, np.array([[0, 1, 0, 0]])),
    ]
    assert against(outcomes, "a") == {("b", "background"): (2, 0, 2, 0.5)}


def test_fisher_vectors_and_cca_keep_98_per_cent_of_the_variance(monkeypatch):
    kept = []
    fit = pca.fit_pca
    monkeypatch.setattr(pca, "fit_pca", lambda rows, **how: kept.append(how) or fit(rows, **how))
    run(LABELS, fake_extract(LABELS), rows=["fisher_vector", "cca"], n_folds=2)
    shares = [how["share"] for how in kept if "share" in how]
    assert len(shares) >= 4
    assert set(shares) == {0.98}
