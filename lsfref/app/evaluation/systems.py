"""Which system a preset or a model means: how it is fitted, measured and asked.

The paper's is one; preset `best` another. Commands handle both through this table alone.
"""

import functools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from lsfref import pipeline
from lsfref.arrays import Bools, Floats
from lsfref.model import Model
from lsfref.study.best import preset as best
from lsfref.study.protocol import asking
from lsfref.study.protocol.answering import Answerer, PaperAnswerer
from lsfref.study.protocol.evaluate import ask_rounds, evaluate_videos
from lsfref.study.protocol.outcome import Outcome
from lsfref.study.protocol.protocol import Round, TaskLabels

if TYPE_CHECKING:
    from lsfref.study.best.preset import Choices


class System(NamedTuple):
    """What fits a model (as `pipeline.train`), and what measures (as `evaluate_videos`)."""

    train: Callable[..., Any]
    evaluate: Callable[..., list[Outcome]]


def system(choices: "Choices | None") -> System:
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


def held_out_outcomes(
    asked: Answerer,
    pooled: dict[str, Floats],
    files: Sequence[str],
    tasks: Sequence[TaskLabels],
    one: Round,
) -> list[Outcome]:
    """Return the Outcome of each task on the test rows of a split.

    `pooled` are the vectors of videos by name, of those that have one. The paper's system is asked
    with new directions for each drawn pair (N, K) over its training videos (T6).
    """
    model = asked.model
    if model.extras is None:
        pooled = dict(zip(model.files, model.pooled_ME, strict=True)) | pooled
    nothing = np.zeros_like(next(iter(pooled.values()))) if pooled else np.zeros(1)
    pooled_ME = np.stack([pooled.get(name, nothing) for name in files])
    usable_M: Bools = np.array([name in pooled for name in files])
    if isinstance(asked, best.Answerer):
        return asked.outcomes(pooled_ME, usable_M, tasks, one)
    n_pairs = asking.N_PAIRS
    return ask_rounds([pooled_ME], usable_M, tasks, [one], model.config, n_pairs=n_pairs)
