"""What a user is told: why videos are left out, what a fit is worth; each limit by hand."""

import dataclasses

import numpy as np
import pytest
from tests_model import make

from lsfref.config import Config
from lsfref.errors import LsfrefError, VideoError
from lsfref.model import LabeledVideo, Task
from lsfref.phases.advice import check_classes, check_finite, fit_warnings, unusable


@pytest.mark.parametrize(
    ("frames", "points", "least", "words"),
    [
        (23, 1, 1, None), (23, 1, 0, None), (23, 7, 7, None), (23, 6, 7, "only 6 trajectories"),
        (23, 0, 0, "no trajectories"), (16, 0, 1, "no trajectories"),
        (15, 0, 1, "15 frames; a trajectory needs 16"), (1, 0, 1, "v.mp4: 1 frame;"),
    ],
)  # fmt: skip
def test_unusable_by_hand(frames, points, least, words):
    why = unusable("v.mp4", frames, points, Config(min_points=least))
    assert (why is None) == (words is None)
    assert words is None or words in why


def warnings_of(sizes, **settings):
    """The warnings of a model whose one task has classes of these sizes."""
    model = make()
    labels_m = np.repeat(np.arange(len(sizes)), sizes)
    names = tuple(f"class {c}" for c in range(len(sizes)))
    nothing = np.zeros(0)
    task = Task(names, np.arange(len(labels_m)), labels_m, nothing, nothing, nothing, nothing)
    config = dataclasses.replace(model.config, **settings)
    return fit_warnings(dataclasses.replace(model, config=config, tasks={"background": task}))


def test_neighbors_beyond_a_tenth_and_beyond_the_index():
    assert warnings_of((35, 35), n_neighbors=7) == []
    assert warnings_of((35, 34), n_neighbors=7) == [
        "background: K = 7 neighbors of 69 videos is more than a tenth of them"
    ]
    (first, *_) = warnings_of((4, 3), n_neighbors=7)
    assert first == "background: K = 7 neighbors of 7 videos is more than a tenth of them"
    (first, *_) = warnings_of((4, 3), n_neighbors=8)
    assert first == "background: K = 8 exceeds the 7 indexed videos; all of them vote"
    assert warnings_of((4, 5), k_rule="sqrt") == []  # K = 3 is the user's business only if fixed


def test_a_class_is_outvoted_below_its_share_of_the_neighbors():
    """A class of n videos has n votes in each of C tables; K votes are cast in each."""
    assert warnings_of((70, 4), n_neighbors=7) == []
    assert warnings_of((71, 3), n_neighbors=6) == []
    assert warnings_of((71, 3), n_neighbors=7) == [
        "background: class 'class 1' has 3 videos; K = 7 outvotes it"
    ]
    assert warnings_of((61, 2, 17), n_neighbors=6) == []
    (told,) = warnings_of((61, 2, 17), n_neighbors=7)
    assert "class 'class 1' has 2 videos" in told


def videos(*names):
    return [LabeledVideo(f"{i}.mp4", f"{i}.mp4", name, None) for i, name in enumerate(names)]


def test_what_cannot_be_learned_is_told_with_what_was_skipped():
    classes = {"background": ("rain", "snow")}
    check_classes(videos("rain", "snow"), classes, [])
    with pytest.raises(LsfrefError, match=r"no usable video of class 'snow' is left$"):
        check_classes(videos("rain", "rain"), classes, [])
    with pytest.raises(LsfrefError, match=r"is left; skipped: a$"):
        check_classes(videos("rain"), classes, ["a"])
    with pytest.raises(LsfrefError, match=r"is left; skipped: a and 2 more$"):
        check_classes(videos("rain"), classes, ["a", "b", "c"])
    with pytest.raises(LsfrefError, match=r"is left; skipped: a and 1 more$"):
        check_classes(videos("rain"), classes, ["a", "b"])
    with pytest.raises(LsfrefError, match="only the class 'rain'"):
        check_classes(videos("rain"), {"background": ("rain",)}, [])
    with pytest.raises(LsfrefError, match="no background labels"):
        check_classes(videos("rain"), {"foreground": ("a", "b")}, [])


def test_a_row_that_is_not_finite_is_told_by_its_number():
    rows_PD = np.ones((3, 426))
    check_finite("a.mp4", rows_PD, np.array([3, 17, 20]))
    rows_PD[1, 7] = np.nan
    with pytest.raises(VideoError, match=r"descriptor row 17 is not finite"):
        check_finite("a.mp4", rows_PD, np.array([3, 17, 20]))
