"""Preset `best` under the protocol: folds, leaks, videos without trajectories, feature tables."""

import dataclasses

import numpy as np
import pytest
from fakes import FakeExtract, videos
from fakes_best import labels_of, run

from lsfref.phases import passes
from lsfref.phases.extraction import Work
from lsfref.study.best import choices as choosing
from lsfref.study.best import evaluation
from lsfref.study.best.choices import Choices
from lsfref.study.protocol import asking, protocol, splits
from lsfref.study.protocol.evaluate import Counted
from lsfref.study.protocol.outcome import figures
from lsfref.study.protocol.protocol import NOT_ASKED, TaskLabels

CONFIG = choosing.CONFIG
SIZES = (79, 46, 14, 3, 56, 72)


@pytest.fixture(scope="module")
def made():
    return videos(per_class=8, groups=5)


@pytest.fixture(scope="module")
def plain(made):
    return run(made, FakeExtract())


def test_labels_that_show_in_the_features_are_found(made):
    outcomes = run(made, FakeExtract(strength=2.0), n_repeats=2)
    for outcome in outcomes:
        assert outcome.method == "preset best"
        assert outcome.predicted_YM.shape == (2, 24)
        assert figures(outcome).accuracy_mean > 0.9
        assert outcome.confidence_YM.min() > 0
        assert outcome.confidence_YM.max() <= 1


def test_random_labels_stay_at_chance():
    shares = []
    for seed in range(6):
        made = videos(per_class=8, rng=np.random.default_rng(seed))
        found = run(made, FakeExtract(strength=2.0))
        shares.append([figures(one).accuracy_mean for one in found])
    background, foreground = np.mean(shares, axis=0)
    assert background < 1 / 3 + 0.15  # 144 answers: three standard errors are 0.12
    assert foreground < 1 / 2 + 0.15


def test_poisoned_test_videos_change_nothing_for_the_others(made, plain, glaring):
    tasks = labels_of(made)
    groups = np.array([v.group for v in made])
    ((*_, last),) = splits.repeated_folds(
        protocol.strata(tasks), groups, n_folds=3, n_repeats=1, seed=0
    )
    poisoned = last[1][:2]  # of the last fold, as above
    names = frozenset(made[i].path for i in poisoned)
    glaring.update(names)
    bad = run(made, FakeExtract(poisoned=names))
    rest = np.setdiff1d(last[1], poisoned)
    for one, other in zip(plain, bad, strict=True):
        np.testing.assert_array_equal(one.predicted_YM[:, rest], other.predicted_YM[:, rest])
        np.testing.assert_array_equal(one.confidence_YM[:, rest], other.confidence_YM[:, rest])


def test_no_trajectories_is_answered_and_no_label_is_not_asked(made):
    silent = made[3].path
    made = [v._replace(foreground=None) if i == 5 else v for i, v in enumerate(made)]
    extract = FakeExtract(strength=2.0, sizes={silent: 0})
    background, foreground = run(made, extract)
    assert background.predicted_YM[0, 3] in range(3)
    assert background.confidence_YM[0, 3] > 1 / 3
    assert len(foreground.true_M) == 23
    assert NOT_ASKED not in foreground.predicted_YM
    background, _ = run(made, extract, Choices(trackless="no"))
    assert background.predicted_YM[0, 3] == -1
    assert background.confidence_YM[0, 3] == 0


@pytest.mark.parametrize(("trackless", "same"), [("no", True), ("yes", False)])
def test_videos_without_trajectories_are_learned_from(made, trackless, same):
    extract = FakeExtract(sizes={made[3].path: 0})
    counts = np.array(
        [passes.survey(v.path, config=CONFIG, extract=extract).n_points for v in made]
    )
    counted, tasks = Counted([v.path for v in made], counts), labels_of(made)
    test = np.arange(0, 24, 5)
    train = np.setdiff1d(np.arange(24), test)
    one, other = (
        evaluation.evaluate_videos(
            counted,
            tasks,
            [[(rows, test)]],
            CONFIG,
            Choices(trackless=trackless),
            work=Work(extract),
        )[0]
        for rows in (train, train[train != 3])
    )
    assert np.allclose(one.confidence_YM, other.confidence_YM, rtol=1e-9) == same


@pytest.mark.parametrize(
    "choices",
    [
        {"moments": "mean"}, {"moments": "deviation"}, {"mirror": "no"}, {"kernel": "linear"},
        {"gamma": 0.1}, {"gamma_few": 0.1}, {"cost": 0.01}, {"limit": 0.5}, {"changes": 0.0},
        {"changes": 1.0}, {"statistics": 0.0}, {"statistics": 1.0}, {"people": 0.0},
        {"people": 1.0}, {"gate": "no"},
    ],
)  # fmt: skip
def test_each_choice_has_an_effect(made, plain, choices):
    other = run(made, FakeExtract(), Choices(**choices))
    background, foreground = (
        np.array_equal(one.confidence_YM, two.confidence_YM)
        for one, two in zip(plain, other, strict=True)
    )
    assert background == ("people" in choices)
    assert foreground == bool({"changes", "statistics"} & set(choices))


def test_the_test_of_choices_names_them_all():
    names = {name for case in test_each_choice_has_an_effect.pytestmark[0].args[1] for name in case}
    assert names | {"trackless"} == {f.name for f in dataclasses.fields(Choices)}


# Feature tables


def unequal_table(seed=0):
    """A table of 270 rows x 226 columns, six very unequal classes that overlap: columns of unequal
    scale, a tenth of them with much to say, some skewed, some of a few values."""
    rng = np.random.default_rng(seed)
    labels_M = np.repeat(np.arange(6), SIZES)
    centers = np.zeros((6, 226))
    centers[:, :60] = rng.normal(scale=0.55, size=(6, 60))
    latent = rng.normal(size=(270, 12)) @ rng.normal(size=(12, 226)) / 4
    rows_MV = centers[labels_M] + latent + rng.normal(size=(270, 226))
    rows_MV[:, 150:190] = np.exp(rows_MV[:, 150:190])
    rows_MV[:, 190:] = np.round(rows_MV[:, 190:])
    return rows_MV * np.exp(rng.normal(scale=2, size=226)), labels_M


def table_accuracies(rows_MV, tasks, *, folds=5):
    """Right answers of best, of a linear SVM and of one nearest neighbor on z-scores, per task."""
    rounds = protocol.rounds_of(
        [splits.folds(tasks[0].labels_M, None, n_folds=folds, rng=np.random.default_rng(0))]
    )
    right = np.zeros((3, len(tasks)))
    for one in rounds:
        train, test = one.split
        said = evaluation.answer_tables(one, tables=[rows_MV], tasks=tasks, choices=Choices())
        z_MV = (rows_MV - rows_MV[train].mean(axis=0)) / rows_MV[train].std(axis=0)
        for t, task in enumerate(tasks):
            labels, wanted = task.labels_M[train], task.labels_M[test]
            right[0, t] += (said["preset best"][t].decision_Ym[0] == wanted).sum()
            svm = asking.ask_svm(z_MV[train], labels, z_MV[test], n_classes=len(task.classes))
            right[1, t] += (svm == wanted).sum()
            apart = np.square(z_MV[test][:, None] - z_MV[train][None]).sum(axis=2)
            right[2, t] += (labels[apart.argmin(axis=1)] == wanted).sum()
    return 100 * right / len(rows_MV)


@pytest.mark.parametrize("seed", [0, 1])
def test_tables_of_unequal_classes_are_answered_as_well_as_by_others(seed):
    rows_MV, labels_M = unequal_table(seed)
    tasks = [
        TaskLabels("background", tuple("abcdef"), labels_M),
        TaskLabels("foreground", ("none", "human"), (labels_M % 2 == 0).astype(int)),
    ]
    best, svm, nearest = table_accuracies(rows_MV, tasks)
    assert svm.min() > 60
    assert (best >= np.maximum(svm, nearest) - 2).all()


def test_tables_with_labels_drawn_anew_stay_at_chance():
    rows_MV, labels_M = unequal_table()
    shuffled = np.random.default_rng(5).permutation(labels_M)
    best = table_accuracies(rows_MV, [TaskLabels("background", tuple("abcdef"), shuffled)])[0]
    assert best[0] < 100 * max(SIZES) / 270 + 6


def test_poisoned_rows_of_a_table_change_nothing_for_the_others():
    rows_MV, labels_M = unequal_table()
    labels_M[100] = -1
    task = TaskLabels("background", tuple("abcdef"), labels_M)
    one = protocol.Round((np.arange(0, 270, 2), np.arange(1, 270, 2)), 0, 0)
    rest = {"tasks": [task], "choices": Choices()}
    poisoned_MV = rows_MV.copy()
    poisoned_MV[[1, 3]] = 1e9
    a, b = (
        evaluation.answer_tables(one, tables=[table[:, :100], table[:, 100:]], **rest)
        for table in (rows_MV, poisoned_MV)
    )
    np.testing.assert_array_equal(*(said["preset best"][0].decision_Ym[:, 2:] for said in (a, b)))
