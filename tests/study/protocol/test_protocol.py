"""Asking, outcomes and the protocol over folds."""

import numpy as np
import pytest

from lsfref.config import PRESETS
from lsfref.errors import LsfrefError
from lsfref.study.protocol import asking, protocol
from lsfref.study.protocol.outcome import figures, score_by_video
from lsfref.study.protocol.protocol import (
    NOT_ASKED,
    Asked,
    Round,
    TaskLabels,
    ask,
    collect,
    rounds_of,
    strata,
)
from lsfref.study.protocol.splits import repeated_folds
from lsfref.study.table1.features import Recipe, answer_tasks

SMALL, PAPER = PRESETS["small"], PRESETS["paper"]


@pytest.fixture(autouse=True)
def four_pairs(monkeypatch):
    monkeypatch.setattr(asking, "N_PAIRS", 4)


def two_clouds(rng, n_rows, *, width=7, apart=4.0):
    labels = np.arange(n_rows) % 2
    return rng.standard_normal((n_rows, width)) + apart * labels[:, None], labels


def test_strata_number_label_pairs_the_first_task_first():
    tasks = [
        TaskLabels("background", ("a", "b"), np.array([1, 0, 0, -1])),
        TaskLabels("foreground", ("n", "h"), np.array([0, 1, 0, 1])),
    ]
    np.testing.assert_array_equal(strata(tasks), [3, 2, 1, 0])


TASKS = [
    TaskLabels("background", ("a", "b"), np.arange(23) % 2),
    TaskLabels("foreground", ("n", "h"), np.where(np.arange(23) < 5, -1, np.arange(23) // 2 % 2)),
]


def say_own_label(one, *, wrong=()):
    """Answer the truth in round 0 and nothing in round 1, for rows of `wrong` the other class.

    As sure as the number of the row; of method "other" nobody knows how sure.
    """
    answers = []
    for task in TASKS:
        truth = task.labels_M[one.split[1]]
        told = np.where(np.isin(one.split[1], wrong), 1 - truth, truth)
        both = np.stack([told, np.full(len(truth), -1)])
        both[:, truth < 0] = NOT_ASKED
        answers.append(Asked(both, np.stack([one.split[1], -one.split[1]])))
    return {"one": answers, "other": [Asked(a.decision_Ym[:1]) for a in answers]}


def test_folds_are_put_together():
    repeats = repeated_folds(strata(TASKS), None, n_folds=3, n_repeats=2, seed=0)
    rounds = rounds_of(repeats)
    outcomes = collect(rounds, [say_own_label(one, wrong=[7, 11]) for one in rounds], TASKS)
    assert [(o.method, o.task) for o in outcomes] == [
        ("one", "background"), ("one", "foreground"),
        ("other", "background"), ("other", "foreground"),
    ]  # fmt: skip
    assert [o.predicted_YM.shape for o in outcomes] == [(4, 23), (4, 18), (2, 23), (2, 18)]
    right = score_by_video(outcomes[0])
    assert set(right[[7, 11]]) == {0.0}
    assert set(np.delete(right, [7, 11])) == {0.5}
    assert figures(outcomes[2]).accuracy_mean == pytest.approx(21 / 23, rel=1e-14)
    sure_YM = np.outer([1, -1, 1, -1], np.arange(23))
    np.testing.assert_array_equal(outcomes[0].confidence_YM, sure_YM)
    np.testing.assert_array_equal(outcomes[1].confidence_YM, sure_YM[:, 5:])
    assert outcomes[2].confidence_YM is outcomes[3].confidence_YM is None


def test_what_no_fold_asks_is_in_no_outcome():
    """One or two of three folds; of the other task the first five rows have no label."""
    every = rounds_of(repeated_folds(strata(TASKS), None, n_folds=3, n_repeats=1, seed=0))
    for rounds in (every[:1], every[:2]):
        asked = np.sort(np.concatenate([one.split[1] for one in rounds]))
        assert 0 < np.count_nonzero(asked < 5) < 5
        outcomes = collect(rounds, [say_own_label(one) for one in rounds], TASKS)
        np.testing.assert_array_equal(outcomes[0].true_M, TASKS[0].labels_M[asked])
        np.testing.assert_array_equal(outcomes[1].true_M, TASKS[1].labels_M[asked[asked >= 5]])


def ask_once(config, *, how="lsh", fold=0, repeat=0, number=0):
    rng = np.random.default_rng(5)
    index, labels = two_clouds(rng, 29, apart=0.5)
    queries, wanted = two_clouds(rng, 13, apart=0.5)
    wanted[3], labels[2] = -1, -1
    index[2] = 1e6
    one = Round((np.arange(29), np.arange(29, 42)), repeat, fold)
    task = TaskLabels("background", ("a", "b"), np.concatenate([labels, wanted]))
    recipe, every = Recipe("it", select=False, ask=how), np.arange(42)
    table = np.concatenate([index, queries])
    answers = answer_tasks(recipe, [table], every, [task] * 2, one=one, config=config)
    return answers[number].decision_Ym


@pytest.mark.parametrize(("how", "rounds"), [("lsh", 4), ("exact", 4), ("svm", 1)])
def test_rows_without_label_are_neither_learned_from_nor_asked(how, rounds):
    answers = ask_once(SMALL, how=how)
    assert answers.shape == (rounds, 13)
    assert (answers[:, 3] == NOT_ASKED).all()
    assert (np.delete(answers, 3, axis=1) >= 0).all()
    np.testing.assert_array_equal(answers, ask_once(SMALL, how=how))


def test_directions_change_with_fold_and_task_and_pairs_do_not(monkeypatch):
    drawn = []
    real = asking.ask_hashed

    def spy(*arrays, pair, **rest):
        drawn.append(pair)
        return real(*arrays, pair=pair, **rest)

    monkeypatch.setattr(asking, "ask_hashed", spy)
    first = ask_once(SMALL)
    others = [ask_once(SMALL, fold=1), ask_once(SMALL, number=1)]
    assert drawn == drawn[:4] * 6  # of both tasks, in each of three rounds
    assert any((first != other).any() for other in others)
    ask_once(SMALL, repeat=1)
    assert drawn[24:28] != drawn[:4]


def test_a_training_part_of_one_class_is_told():
    one = Round((np.arange(3), np.arange(2)), 0, 0)
    task = TaskLabels("background", ("a", "b"), np.zeros(5, dtype=int))
    with pytest.raises(LsfrefError, match="background: a training part has a single class"):
        ask(
            "lsh", np.ones((3, 2)), np.zeros(3, dtype=int), np.ones((2, 2)),
            task=task, number=0, one=one, config=SMALL,
        )  # fmt: skip
    assert (protocol.NO_ANSWER, protocol.NOT_ASKED) == (-1, -2)
