"""Which system a preset or a model means: how it is fitted, measured and asked.

The paper's is one; preset `best` another. Commands handle both through this table alone.
"""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

from lsfref import pipeline
from lsfref.model import Model, Trained
from lsfref.phases import growth
from lsfref.phases.extraction import Extract, PathLike, extract
from lsfref.phases.passes import survey
from lsfref.phases.sampling import Describe
from lsfref.phases.testing import Answer
from lsfref.study.best.choices import Choices
from lsfref.study.protocol.answering import Answerer, answer_as, paper_answerer
from lsfref.study.protocol.outcome import Outcome


class System(NamedTuple):
    """What fits a model (as `pipeline.train`), and what measures (as `evaluate_videos`).

    `describe` is what to make of each video as it is read for that.
    """

    train: Callable[..., Any]
    evaluate: Callable[..., list[Outcome]]
    describe: Describe


def system(choices: Choices | None) -> System:
    """Return the paper's system, or preset `best` where there are choices of it."""
    if choices is None:
        from lsfref.study.protocol.evaluate import evaluate_videos  # here: `classify` starts sooner

        return System(pipeline.train, evaluate_videos, survey)
    from lsfref.study.best import evaluation, preset, vectors  # here: the paper's starts sooner

    return System(
        functools.partial(preset.train, choices=choices),
        functools.partial(evaluation.evaluate_videos, choices=choices),
        functools.partial(vectors.describe_video, choices=choices),
    )


def classify(path: PathLike, model: Model, *, extract: Extract = extract) -> Answer:
    """Return the answers of both tasks for one video, of the system that the model is of.

    Bad input is in `error`, with no labels; it is never raised. Raises ModelError as `answerer`.
    """
    asked = answerer(model)
    return answer_as(asked, asked.describe(path, extract=extract))


def grower(model: Model) -> Callable[..., Trained]:
    """Return what adds videos to a model: `growth.add`, or what does so and fits the experts."""
    if model.extras is None:
        return growth.add
    from lsfref.study.best import preset  # here: as above

    return preset.add


def answerer(model: Model, name: str = "model") -> Answerer:
    """Return what answers for a model. Raises ModelError where its extras are not understood."""
    if model.extras is None:
        return paper_answerer(model)
    from lsfref.study.best import preset  # here: as above

    return preset.answerer(model, name)
