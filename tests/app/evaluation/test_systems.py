"""Which system a preset or a model means, and what it is asked of videos set aside."""

import dataclasses

import pytest
from tests_model import make

from lsfref import pipeline
from lsfref.app.evaluation import systems
from lsfref.errors import ModelError
from lsfref.model import Extras
from lsfref.phases import passes
from lsfref.study.best import evaluation, vectors
from lsfref.study.best import preset as best
from lsfref.study.best.choices import Choices
from lsfref.study.protocol.answering import paper_answerer
from lsfref.study.protocol.evaluate import evaluate_videos


def test_choices_of_best_mean_preset_best():
    assert systems.system(None) == (pipeline.train, evaluate_videos, passes.survey)
    own = systems.system(Choices(cost=3.0))
    wanted = [best.train, evaluation.evaluate_videos, vectors.describe_video]
    assert [part.func for part in own] == wanted
    assert all(part.keywords == {"choices": Choices(cost=3.0)} for part in own)


def test_a_model_with_extras_is_not_taken_for_the_papers():
    fitted = make()
    asked = systems.answerer(fitted)
    assert type(asked) is type(paper_answerer(fitted))
    assert asked.model is fitted
    odd = dataclasses.replace(fitted, extras=Extras("worst", {}, {}))
    with pytest.raises(ModelError, match=r"m\.npz: damaged"):
        systems.answerer(odd, "m.npz")
