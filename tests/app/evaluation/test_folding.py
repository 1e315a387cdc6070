"""Folds as flags ask for them, and what they mean for thin classes, by hand."""

import argparse

import numpy as np
import pytest

from lsfref.app import flags
from lsfref.app.evaluation import folding
from lsfref.app.lists.manifest import Manifest
from lsfref.errors import LabelsError
from lsfref.model import LabeledVideo
from lsfref.study.protocol import metrics
from lsfref.study.protocol.outcome import Outcome, figures
from lsfref.study.protocol.protocol import TaskLabels


def parse(*words):
    parser = argparse.ArgumentParser()
    flags.add(parser, "SPLIT")
    return argparse.Namespace(**vars(parser.parse_args(words)) | {"labels": "l.csv", "seed": 0})


def task(*sizes):
    names = tuple("abcd"[: len(sizes)])
    return TaskLabels("background", names, np.repeat(np.arange(len(sizes)), sizes))


def listed(groups, n=22):
    groups = [None] * n if groups is None else groups
    made = [LabeledVideo(str(i), "", None, None, g) for i, g in enumerate(groups)]
    return Manifest(made, [""] * n, [0] * n, "l.csv")


def split(test, n):
    return np.setdiff1d(np.arange(n), test), np.array(test)


def test_a_class_needs_as_many_videos_as_there_are_folds():
    folds = [split(range(i, 11, 3), 11) for i in range(3)]
    assert folding.thin_classes([task(8, 3)], [folds]) == []
    assert folding.thin_classes([task(9, 2)], [folds]) == [
        "background: class 'b' has 2 videos, fewer than there are folds"
    ]


def test_a_class_that_a_fold_asks_without_learning_it():
    folds = [split([0, 1, 2, 3], 11), split([4, 5, 6, 7], 11), split([8, 9, 10], 11)]
    assert folding.thin_classes([task(8, 3)], [folds, folds]) == [
        "background: class 'b' has 3 videos; 2 of 6 folds ask it without having learned it: "
        "counted as errors"
    ]


def test_leaving_one_out_is_thin_for_nobody():
    folds = [split([i], 5) for i in range(5)]
    assert folding.thin_classes([task(3, 2)], [folds]) == []


@pytest.mark.parametrize(
    ("words", "groups", "n_folds"),
    [
        ((), None, 5), ((), 3, 3), ((), 7, 5), (("--folds", "4"), None, 4),
        (("--split", "one"), None, 22), (("--split", "one"), 3, 3), (("--split", "random"), 3, 5),
    ],
)  # fmt: skip
def test_how_many_folds(words, groups, n_folds):
    groups_M = None if groups is None else np.char.add("g", (np.arange(22) % groups).astype(str))
    (folds,) = folding.divide(listed(groups_M), [task(11, 11)], parse(*words))
    assert len(folds) == n_folds
    assert sorted(np.concatenate([test for _, test in folds]).tolist()) == list(range(22))
    if groups is not None and "random" not in words:
        for train, test in folds:
            assert not set(groups_M[train]) & set(groups_M[test])


def test_repeats_are_drawn_anew_and_groups_must_be_there():
    first, second = folding.divide(listed(None), [task(11, 11)], parse("--repeats", "2"))
    assert any(not np.array_equal(a[1], b[1]) for a, b in zip(first, second, strict=True))
    with pytest.raises(LabelsError, match=r"l\.csv: --split group wants a column 'group'"):
        folding.divide(listed(None, 6), [task(3, 3)], parse("--split", "group"))


def test_intervals_of_folds_over_groups_know_of_groups():
    """T5: groups of 2, 1 and 1 videos are 4^2 / (4 + 1 + 1) trials; 2 and 2 are two."""
    told = [("a.mp4", "rain", "g"), ("b.mp4", "rain", "g"), ("c.mp4", "normal", None)]
    told += [("d.mp4", "normal", "h"), ("e.mp4", None, "i")]
    made = [LabeledVideo(name, name, label, "none", group) for name, label, group in told]
    manifest = Manifest(made, [""] * 5, [0] * 5, "l.csv")
    found = Outcome("m", "background", ("a", "b"), np.array([0, 0, 1, 1]), np.zeros((1, 4), int))
    part = (np.arange(2), np.arange(2, 4))
    (grouped,) = folding.by_source([found], manifest, [[part, part[::-1]]])
    assert grouped.trials == 16 / 6  # g, c alone, h; i has no label
    assert figures(grouped).whole.interval == metrics.wilson_interval(0.5, 16 / 6)
    pairs = manifest._replace(videos=[*made[:2], made[3], made[3]])
    (even,) = folding.by_source([found], pairs, [[part, part[::-1]]])
    assert even.trials == 2
    (one_split,) = folding.by_source([found], manifest, [[part]])
    assert one_split is found
    alone = manifest._replace(videos=[video._replace(group=None) for video in made])
    (single,) = folding.by_source([found], alone, [[part, part]])
    assert single.trials is None
