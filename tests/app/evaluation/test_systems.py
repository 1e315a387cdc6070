"""Which system a preset or a model means, and what it is asked of videos set aside."""

import dataclasses

import pytest
from tests_model import make

from lsfref import pipeline
from lsfref.app.evaluation import systems
from lsfref.errors import ModelError
from lsfref.model import Extras
from lsfref.study.best import preset as best
from lsfref.study.best.choices import Choices
from lsfref.study.protocol.answering import PaperAnswerer
from lsfref.study.protocol.evaluate import evaluate_videos


def test_choices_of_best_mean_preset_best():
    assert systems.trainer(None) is pipeline.train
    assert systems.measurer(None) is evaluate_videos
    train, evaluate = (of(Choices(cost=3.0)) for of in (systems.trainer, systems.measurer))
    assert (train.func, evaluate.func) == (best.train, best.evaluate_videos)
    assert train.keywords == evaluate.keywords == {"choices": Choices(cost=3.0)}


def test_a_model_with_extras_is_not_taken_for_the_papers():
    fitted = make()
    assert systems.answerer(fitted) == PaperAnswerer(fitted)
    odd = dataclasses.replace(fitted, extras=Extras("worst", {}, {}))
    with pytest.raises(ModelError, match=r"m\.npz: damaged"):
        systems.answerer(odd, "m.npz")
