"""Which system a preset or a model means, and what it is asked of videos set aside."""

import dataclasses

import numpy as np
import pytest
from tests_model import FILES, make

from lsfref import pipeline
from lsfref.app.evaluation import systems
from lsfref.errors import ModelError
from lsfref.model import Extras
from lsfref.phases.phase2 import encode_labels
from lsfref.study.best import preset as best
from lsfref.study.best.choices import Choices
from lsfref.study.protocol.answering import PaperAnswerer
from lsfref.study.protocol.evaluate import evaluate_videos
from lsfref.study.protocol.protocol import TaskLabels, rounds_of


def test_choices_of_best_mean_preset_best():
    assert systems.system(None) == (pipeline.train, evaluate_videos)
    train, evaluate = systems.system(Choices(cost=3.0))
    assert (train.func, evaluate.func) == (best.train, best.evaluate_videos)
    assert train.keywords == evaluate.keywords == {"choices": Choices(cost=3.0)}


def test_a_model_with_extras_is_not_taken_for_the_papers():
    fitted = make()
    assert systems.answerer(fitted) == PaperAnswerer(fitted)
    odd = dataclasses.replace(fitted, extras=Extras("worst", {}, {}))
    with pytest.raises(ModelError, match=r"m\.npz: damaged"):
        systems.answerer(odd, "m.npz")


def test_videos_set_aside_are_asked_with_new_directions_and_missing_ones_are_wrong(monkeypatch):
    monkeypatch.setattr("lsfref.study.protocol.asking.N_PAIRS", 3)
    fitted = make()
    task = fitted.tasks["background"]
    files = [*FILES, "like a.mp4", "gone.mp4"]
    names = [task.classes[c] for c in task.labels_m] + ["normal", "rain"]
    labels = [TaskLabels("background", task.classes, encode_labels(names, task.classes))]
    (one,) = rounds_of([[(np.arange(5), np.arange(5, 7))]])
    (found,) = systems.held_out_outcomes(
        PaperAnswerer(fitted), {"like a.mp4": fitted.pooled_ME[0]}, files, labels, one
    )
    assert found.predicted_YM.shape == (3, 2)
    assert found.true_M.tolist() == [0, 1]
    assert (found.predicted_YM[:, 0] >= 0).all()
