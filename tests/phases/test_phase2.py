"""Phase 2: K by its rule, selection and tables task by task."""

import dataclasses
import functools

import numpy as np

from lsfref.config import PRESETS, Config, random_streams
from lsfref.model import Task
from lsfref.phases import phase2

SMALL = dataclasses.replace(PRESETS["small"], epochs=6, n_samples=3000, n_scales=2)


def test_k_follows_its_rule():
    assert phase2.neighbor_count(Config(), 1000) == 75
    assert phase2.neighbor_count(Config(), 40) == 40
    small = PRESETS["small"]
    by_hand = {2: 2, 4: 3, 36: 3, 48: 3, 49: 4, 81: 5, 216: 7, 6668: 41}
    assert {n: phase2.neighbor_count(small, n) for n in by_hand} == by_hand


def test_fit_task_draws_class_by_class_and_background_first():
    """A later class adds tables and moves none (G2); the streams are named (C17)."""
    rng = np.random.default_rng(5)
    pooled_ME = rng.standard_normal((11, 7))
    labels_M = np.arange(11) % 3
    config = dataclasses.replace(SMALL, n_projections=5)
    stream = functools.partial(random_streams, 3)
    three = phase2.fit_task(pooled_ME, labels_M, ("a", "b", "c"), config, rng=stream().hash)
    labels_M[10] = 3
    four = phase2.fit_task(pooled_ME, labels_M, ("a", "b", "c", "d"), config, rng=stream().hash)
    assert isinstance(four, Task)
    np.testing.assert_array_equal(three.directions_CNQ, four.directions_CNQ[:3])


def test_labels_are_numbers_and_none_is_unlabeled():
    labels_M = phase2.encode_labels(["b", None, "a", "z"], ("a", "b"))
    assert labels_M.tolist() == [1, -1, 0, -1]
    assert phase2.UNLABELED == -1


def test_unlabeled_videos_neither_rank_nor_are_indexed():
    rng = np.random.default_rng(5)
    pooled_ME = rng.standard_normal((11, 7))
    labels_M = np.arange(11) % 3 - 1
    known = labels_M >= 0
    task = phase2.fit_task(pooled_ME, labels_M, ("a", "b"), SMALL, rng=np.random.default_rng(0))
    alone = phase2.fit_task(
        pooled_ME[known], labels_M[known], ("a", "b"), SMALL, rng=np.random.default_rng(0)
    )
    np.testing.assert_array_equal(task.rows_m, np.flatnonzero(known))
    np.testing.assert_array_equal(task.labels_m, labels_M[known])
    np.testing.assert_array_equal(task.hashes_CmN, alone.hashes_CmN)
    np.testing.assert_array_equal(task.scores_E, alone.scores_E)
    assert len(task.selected_Q) == 4  # half of 7, rounded up


def test_the_backgrounds_ranking_serves_both_tasks_and_draws_stay_apart():
    rng = np.random.default_rng(5)
    pooled_ME = rng.standard_normal((11, 7))
    labels = {"background": np.arange(11) % 3, "foreground": np.arange(11) // 2 % 2}
    classes = {"background": ("a", "b", "c"), "foreground": ("none", "human")}

    def fit(select_by, classes=classes):
        config = dataclasses.replace(SMALL, select_by=select_by)
        return phase2.fit_tasks(pooled_ME, labels, classes, config, rng=random_streams(3).hash)

    both, own = fit("background"), fit("task")
    np.testing.assert_array_equal(both["foreground"].scores_E, both["background"].scores_E)
    assert not np.array_equal(own["foreground"].scores_E, own["background"].scores_E)
    alone = fit("task", {"background": classes["background"]})
    np.testing.assert_array_equal(
        alone["background"].directions_CNQ, own["background"].directions_CNQ
    )
    first = own["foreground"].directions_CNQ[0, 0, :3]
    assert not np.array_equal(first, own["background"].directions_CNQ[0, 0, :3])
