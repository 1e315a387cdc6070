"""Adding videos to a model: one by one or at once, new classes, names that clash."""

import dataclasses
import itertools

import numpy as np
import pytest
from tests_model import CONFIG, make

from lsfref import model
from lsfref.app.lists.manifest import class_order
from lsfref.errors import LabelsError
from lsfref.model import LabeledVideo
from lsfref.phases import growth, phase2
from lsfref.phases.extraction import Extraction, Work

NEW = [
    LabeledVideo("a1.mp4", "1", "fog", "none"),
    LabeledVideo("c9.mp4", "2", "rain", "human", "g"),
    LabeledVideo("0.mp4", "3", "hail", None),
    LabeledVideo("z.mp4", "4", None, "human"),
]


def fake_extract(path, _config):
    """Descriptors that depend on the path alone; path "bad" has none."""
    from lsfref.phases.streaming import Block

    if path == "bad":
        return Extraction(iter(()), 15)
    rows_PD = np.random.default_rng(int(path)).standard_normal((13, 426))
    return Extraction(iter([Block(np.zeros((13, 10)), rows_PD)]), 30)


def grow(start, videos, **rest):
    return growth.add(start, videos, order=class_order, work=Work(fake_extract), **rest)


def arrays(one):
    return model.to_arrays(one)


@pytest.mark.parametrize("reselect", [False, True])
def test_one_by_one_in_any_order_or_at_once_gives_the_same_index(reselect):
    start = make()
    at_once = grow(start, NEW, reselect=reselect).model
    for videos in itertools.islice(itertools.permutations(NEW), 0, None, 5):
        one = start
        for video in videos:
            one = grow(one, [video], reselect=reselect).model
        for key, array in arrays(at_once).items():
            np.testing.assert_array_equal(arrays(one)[key], array, err_msg=key)


def test_the_network_and_the_old_model_stay_as_they_are():
    start, before = make(), arrays(make())
    grown = grow(start, NEW).model
    for key, array in arrays(start).items():
        np.testing.assert_array_equal(array, before[key])
    for key, array in start.network.encoder.parameters.items():
        assert grown.network.encoder.parameters[key] is array
    assert grown.files == ("0.mp4", "a.mp4", "a1.mp4", "b \u00e9.mp4", "c.mp4", "c9.mp4", "d.mp4",
                           "e.mp4", "z.mp4")  # fmt: skip
    assert grown.tasks["background"].classes == ("normal", "rain", "fog", "hail", "snow")
    for task in ("background", "foreground"):
        np.testing.assert_array_equal(grown.tasks[task].selected_Q, start.tasks[task].selected_Q)


def test_a_new_class_adds_a_table_and_moves_none():
    """Of the same stream: table c is table c, however many follow (G2)."""
    start = make()
    grown = grow(start, NEW).model
    old, new = start.tasks["foreground"], grown.tasks["foreground"]
    np.testing.assert_array_equal(new.directions_CNQ, old.directions_CNQ)
    first = grow(start, NEW[1:2]).model.tasks["background"].directions_CNQ
    more = grown.tasks["background"].directions_CNQ
    np.testing.assert_array_equal(more[: len(first)], first)
    assert len(more) == 5


def test_an_added_video_is_found_first_with_distance_0():
    grown = grow(make(), NEW).model
    row = grown.files.index("c9.mp4")
    for name, task in grown.tasks.items():
        hits = growth.most_similar(task, grown.pooled_ME, grown.pooled_ME[row], top=3)
        assert hits[0] == growth.Hit(row, 0.0, 0.0), name
        apart = [hit.hash_distance for hit in hits]
        assert apart == sorted(apart)


def test_the_grown_model_is_a_model(tmp_path):
    grown = grow(make(), NEW).model
    model.save(grown, tmp_path / "m.npz")
    assert model.load(tmp_path / "m.npz").digest == grown.digest


def test_reselecting_ranks_the_features_of_all():
    start = make()
    grown = grow(start, NEW, reselect=True).model
    for name, task in grown.tasks.items():
        labels_M = np.full(len(grown.files), -1)
        labels_M[task.rows_m] = task.labels_m
        scores_E, _ = phase2.select(grown.pooled_ME, labels_M, CONFIG)
        np.testing.assert_array_equal(task.scores_E, scores_E, err_msg=name)


def test_a_name_twice_is_refused_and_a_bad_video_skipped():
    with pytest.raises(LabelsError, match=r"c\.mp4: the index has a video of this name"):
        grow(make(), [LabeledVideo("c.mp4", "1", "rain", None)])
    grown = grow(make(), [LabeledVideo("bad.mp4", "bad", "rain", None), NEW[0]])
    assert len(grown.model.files) == 6
    assert "15 frames" in grown.skipped[0]


def test_labels_of_a_task_that_the_model_lacks_are_told():
    start = make()
    alone = dataclasses.replace(start, tasks={"background": start.tasks["background"]})
    grown = grow(alone, NEW)
    assert list(grown.model.tasks) == ["background"]
    assert "no foreground task" in grown.warnings[0]
