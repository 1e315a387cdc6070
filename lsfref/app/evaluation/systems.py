"""Which system a preset or a model means: how it is fitted, measured and asked.

The paper's is one; preset `best` another. Commands handle both through this table alone.
"""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

from lsfref import pipeline
from lsfref.model import Model
from lsfref.study.best import preset as best
from lsfref.study.protocol.answering import Answerer, PaperAnswerer
from lsfref.study.protocol.evaluate import evaluate_videos
from lsfref.study.protocol.outcome import Outcome


class System(NamedTuple):
    """What fits a model (as `pipeline.train`), and what measures (as `evaluate_videos`)."""

    train: Callable[..., Any]
    evaluate: Callable[..., list[Outcome]]


def system(choices: best.Choices | None) -> System:
    """Return the paper's system, or preset `best` where there are choices of it."""
    if choices is None:
        return System(pipeline.train, evaluate_videos)
    return System(
        functools.partial(best.train, choices=choices),
        functools.partial(best.evaluate_videos, choices=choices),
    )


def answerer(model: Model, name: str = "model") -> Answerer:
    """Return what answers for a model. Raises ModelError where its extras are not understood."""
    return PaperAnswerer(model) if model.extras is None else best.answerer(model, name)
