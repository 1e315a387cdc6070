"""Which system a preset or a model means: how it is fitted, measured and asked.

The paper's is one; preset `best` another. Commands handle both through this table alone.
"""

import functools
from collections.abc import Callable

from lsfref import pipeline
from lsfref.model import Model, Trained
from lsfref.study.best import preset as best
from lsfref.study.protocol.answering import Answerer, PaperAnswerer
from lsfref.study.protocol.evaluate import evaluate_videos
from lsfref.study.protocol.outcome import Outcome


def trainer(choices: best.Choices | None) -> Callable[..., Trained]:
    """Return what fits a model, as `pipeline.train`: for preset `best` where there are choices."""
    return functools.partial(best.train, choices=choices) if choices else pipeline.train


def measurer(choices: best.Choices | None) -> Callable[..., list[Outcome]]:
    """Return what measures, as `evaluate_videos`: preset `best` where there are choices of it."""
    return functools.partial(best.evaluate_videos, choices=choices) if choices else evaluate_videos


def answerer(model: Model, name: str = "model") -> Answerer:
    """Return what answers for a model. Raises ModelError where its extras are not understood."""
    return PaperAnswerer(model) if model.extras is None else best.answerer(model, name)
