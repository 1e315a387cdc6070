"""Feature tables through fusion, selection and the protocol: exact, and without leaks."""

import dataclasses
import math

import numpy as np
import pytest

from lsfref.config import PRESETS
from lsfref.errors import LsfrefError
from lsfref.phases import phase1
from lsfref.study.protocol.outcome import confusion_lines, figures
from lsfref.study.protocol.protocol import Asked, Round, TaskLabels, collect, rounds_of, strata
from lsfref.study.protocol.splits import repeated_folds
from lsfref.study.table1 import features
from lsfref.study.table1.features import FUSIONS, Recipe, answer_fold, fuse, select_and_join

pytestmark = pytest.mark.unwatched

SMALL = dataclasses.replace(PRESETS["small"], hidden=(13,), n_code=11)
SIZES = [79, 46, 14, 3, 56, 72]  # the published features' classes


@pytest.fixture(autouse=True)
def three_pairs(monkeypatch):
    monkeypatch.setattr("lsfref.study.protocol.asking.N_PAIRS", 3)


def some_tables(rng, labels, *, widths=(17, 23), apart=1.0):
    tables = []
    for width in widths:
        centers = apart * rng.standard_normal((labels.max() + 1, width))
        tables.append(centers[labels] + rng.standard_normal((len(labels), width)))
    return tables


def fused(kind, tables, labels, *, first=0, config=SMALL):
    """The tables joined, fitted to the rows from `first` on."""
    train, classes = np.arange(first, len(labels)), ("a", "b", "c")
    one = Round((train, train), 0, 0)
    return fuse(kind, tables, one, [TaskLabels("background", classes, labels)], config)


def literal_selection(table, labels):
    """The paper's Eq. (1) column by column, population variance, best ceil(d / 2), stable."""
    scores = []
    for column in table.T.tolist():
        overall = sum(column) / len(column)
        between = within = 0.0
        for c in sorted(set(labels.tolist())):
            values = [v for v, label in zip(column, labels, strict=True) if label == c]
            mean = sum(values) / len(values)
            between += len(values) * (mean - overall) ** 2
            within += sum((v - mean) ** 2 for v in values)
        scores.append(between / within)
    order = sorted(range(len(scores)), key=lambda i: -scores[i])
    return order[: math.ceil(len(scores) / 2)]


def test_selection_is_per_table_half_rounded_up_in_the_order_of_rank():
    rng = np.random.default_rng(0)
    labels = rng.permutation(np.repeat(np.arange(6), SIZES))
    tables = some_tables(rng, labels, widths=(161, 198, 218))
    asked = [table[:7] for table in tables]
    recipe = FUSIONS["none"]
    index, queries = select_and_join(recipe, tables, asked, labels, SMALL)
    kept = [literal_selection(table, labels) for table in tables]
    assert [len(columns) for columns in kept] == [81, 99, 109]
    wanted = [table[:, columns] for table, columns in zip(tables, kept, strict=True)]
    np.testing.assert_array_equal(index, np.concatenate(wanted, axis=1))
    np.testing.assert_array_equal(queries, index[:7])


def test_rows_without_label_have_no_say_in_the_selection():
    rng = np.random.default_rng(1)
    labels = np.arange(29) % 3
    tables = some_tables(rng, labels)
    known = np.ones(29, dtype=bool)
    known[[3, 5]] = False
    few = [table[known] for table in tables]
    want, _ = select_and_join(FUSIONS["none"], few, few, labels[known], SMALL)
    loud = [np.where(known[:, None], table, 1e9) for table in tables]
    got, _ = select_and_join(FUSIONS["none"], loud, few, np.where(known, labels, -1), SMALL)
    np.testing.assert_array_equal(got[known], want)


@pytest.mark.parametrize("kind", ["none", "pca", "lsfnet", "autoencoder"])
def test_each_row_becomes_the_same_alone_or_among_others(kind):
    rng = np.random.default_rng(2)
    labels = np.arange(31) % 3
    tables = some_tables(rng, labels)
    whole = fused(kind, tables, labels)
    assert [part.shape[1] for part in whole] == ([17, 23] if kind == "none" else [11])
    more = [np.concatenate([table[4:6], table]) for table in tables]
    for part, some in zip(
        whole, fused(kind, more, labels[[4, 5, *range(31)]], first=2), strict=True
    ):
        np.testing.assert_allclose(some[:2], part[4:6], rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(some[2:], part, rtol=1e-4, atol=1e-5)
        assert part.dtype == np.float64


@pytest.mark.parametrize(
    ("kind", "switch"), [("lsfnet", "step"), ("autoencoder", "reconstruction")]
)
def test_a_network_on_a_few_rows_takes_enough_steps(kind, switch, monkeypatch):
    calls = []
    real = phase1.switching.train_network

    def spy(parameters, rows, labels, **settings):
        calls.append((len(rows), settings["switch"], settings["batch_size"], settings["epochs"]))
        return real(parameters, rows, labels, **settings | {"epochs": 1})

    monkeypatch.setattr(phase1.switching, "train_network", spy)
    rng = np.random.default_rng(11)
    labels = np.where(np.arange(43) < 4, -1, np.arange(43) % 3)
    fused(kind, some_tables(rng, labels % 3), labels)
    assert calls == [(39, switch, 5, 50)]  # 39 labeled rows, 8 batches, 400 steps


def test_tables_are_scaled_each_for_itself():
    rng = np.random.default_rng(3)
    labels = np.arange(31) % 3
    tables = some_tables(rng, labels)
    loud = [1000 * tables[0] + 5, tables[1]]
    for kind in ("none", "pca"):
        for a, b in zip(fused(kind, tables, labels), fused(kind, loud, labels), strict=True):
            np.testing.assert_allclose(a, b, atol=1e-9)
    raw = fused("none", loud, labels, config=PRESETS["paper"])
    np.testing.assert_array_equal(raw[0], loud[0])


def run(tables, labels, recipes, *, n_repeats=1, n_folds=5, config=SMALL, tasks=None):
    tasks = tasks or [TaskLabels("background", tuple("abcdef"[: labels.max() + 1]), labels)]
    repeats = repeated_folds(
        strata(tasks), None, n_folds=n_folds, n_repeats=n_repeats, seed=config.seed
    )
    rounds = rounds_of(repeats)
    rest = {"tables": tables, "tasks": tasks, "config": config}
    outcomes = []
    for recipe in recipes:
        answers = [answer_fold(one, recipe=recipe, **rest) for one in rounds]
        outcomes += collect(rounds, answers, tasks)
    return outcomes


ALL = [*FUSIONS.values(), Recipe("table alone + linear SVM", select=False, ask="svm")]


def test_separable_classes_are_found_by_every_recipe():
    rng = np.random.default_rng(4)
    labels = np.arange(83) % 3
    for outcome in run(some_tables(rng, labels, apart=3.0), labels, ALL):
        assert figures(outcome).accuracy_mean > 0.95, outcome.method


def test_random_labels_stay_at_chance():
    """Selection, network or components fitted on the rows asked would lift this far above."""
    rng = np.random.default_rng(5)
    tables = [rng.standard_normal((97, width)) for width in (307, 211)]
    labels = np.arange(97) % 2
    config = dataclasses.replace(SMALL, top_percent=10.0)
    for outcome in run(tables, labels, ALL, n_repeats=2, config=config):
        assert figures(outcome).accuracy_mean < 0.62, outcome.method


@pytest.mark.parametrize("fuse", [*FUSIONS, "autoencoder"])
def test_poisoned_test_rows_leave_what_is_fitted_unchanged(fuse, monkeypatch):
    rng = np.random.default_rng(6)
    labels = np.arange(47) % 3
    tables = some_tables(rng, labels)
    poisoned = [table.copy() for table in tables]
    for table in poisoned:  # of the test part only row 40 is left alone
        table[41:] = 1e6 * rng.standard_normal(table[41:].shape)
    given = []

    def spy(*arrays, **_):
        given.append(arrays)
        return Asked(np.zeros((1, len(arrays[-1])), dtype=int))

    monkeypatch.setattr(features, "ask", spy)
    for which in (tables, poisoned):
        answer_fold(
            Round((np.arange(40), np.arange(40, 47)), 0, 0),
            recipe=Recipe("it", fuse=fuse),
            tables=which,
            tasks=[TaskLabels("background", ("a", "b", "c"), labels)],
            config=SMALL,
        )
    (_, index, _, queries), (_, index_too, _, queries_too) = given
    np.testing.assert_array_equal(index, index_too)
    np.testing.assert_allclose(queries[0], queries_too[0], rtol=1e-4, atol=1e-5)
    assert (queries[1:] != queries_too[1:]).any()


def test_a_class_of_three_is_reported_and_two_tasks_share_the_network():
    rng = np.random.default_rng(7)
    labels = np.repeat(np.arange(6), SIZES)
    tables = some_tables(rng, labels, apart=2.0)
    human = np.where(rng.random(270) < 0.1, -1, np.arange(270) % 2)
    tasks = [
        TaskLabels("background", tuple("abcdef"), labels),
        TaskLabels("foreground", ("none", "human"), human),
    ]
    background, foreground = run(tables, labels, [FUSIONS["none"]], tasks=tasks)
    assert len(background.true_M) == 270
    assert len(foreground.true_M) == np.count_nonzero(human >= 0)
    assert confusion_lines(background)[4].split()[:2] == ["d", "3"]
    assert np.isfinite(figures(background).whole.recall_C).all()


def test_a_class_in_the_test_part_only_counts_as_an_error():
    rng = np.random.default_rng(8)
    labels = np.append(np.arange(30) % 2, 2)  # class 2 has one row: never in both parts
    outcome = run(some_tables(rng, labels, apart=5.0), labels, [FUSIONS["none"]])[0]
    found = figures(outcome)
    assert found.whole.recall_C[2] == 0
    assert found.accuracy_mean <= 30 / 31


def test_select_by_background_ranks_both_tasks_alike():
    rng = np.random.default_rng(9)
    labels = np.arange(41) % 3
    tables = some_tables(rng, labels)
    tasks = [
        TaskLabels("background", ("a", "b", "c"), labels),
        TaskLabels("foreground", ("none", "human"), rng.integers(0, 2, 41)),
    ]
    by_task, by_background = (
        run(
            tables, labels, [FUSIONS["none"]],
            tasks=tasks, config=dataclasses.replace(SMALL, select_by=by),
        )
        for by in ("task", "background")
    )  # fmt: skip
    np.testing.assert_array_equal(by_task[0].predicted_YM, by_background[0].predicted_YM)
    assert (by_task[1].predicted_YM != by_background[1].predicted_YM).any()


def test_faults_are_told():
    rng = np.random.default_rng(10)
    labels = np.arange(11) % 2
    tables = some_tables(rng, labels)
    config = dataclasses.replace(SMALL, input_scaling="unit")
    with pytest.raises(LsfrefError, match="tables take rms"):
        fused("none", tables, labels, config=config)
    with pytest.raises(LsfrefError, match="two tables or more"):
        select_and_join(FUSIONS["cca"], tables[:1], tables[:1], labels, SMALL)
