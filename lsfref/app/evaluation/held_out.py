"""How well a fresh model does on the videos that were set aside: the report of `evaluate`."""

import functools

import numpy as np

from lsfref.app.evaluation import systems
from lsfref.app.evaluation.folding import own_split
from lsfref.app.evaluation.videos import task_labels
from lsfref.app.lists.manifest import Manifest
from lsfref.app.work.session import Session
from lsfref.arrays import Floats
from lsfref.model import Model
from lsfref.study.best import preset as best
from lsfref.study.protocol import protocol
from lsfref.study.protocol.evaluate import ask_rounds
from lsfref.study.protocol.outcome import Outcome


def ask(manifest: Manifest, fitted: Model, doing: Session) -> list[Outcome]:
    """Return the Outcome of each task on the videos whose split is test (T4, T6).

    The paper's system is asked with new directions for each drawn pair (N, K) over its training
    videos. A video that cannot be read has no answer.
    """
    one = protocol.Round(own_split(manifest), 0, 0)
    test = [manifest.videos[m] for m in one.split[1]]
    asked = systems.answerer(fitted)
    look = functools.partial(asked.describe, extract=doing.work.extract)
    described = doing.work.each("asking", look, [video.path for video in test])
    learned = zip(fitted.files, fitted.pooled_ME, strict=True)
    pooled: dict[str, Floats] = dict(() if fitted.extras else learned)
    unread = []
    for video, found in zip(test, described, strict=True):
        unread.append(found.error is not None)
        doing.progress.report((), found.error, fate="counted as an error")
        if not found.error and found.pooled_E.any():  # else it is answered by choice (D4)
            pooled[video.name] = found.pooled_E
    nothing = np.zeros_like(next(iter(pooled.values()))) if pooled else np.zeros(1)
    pooled_ME = np.stack([pooled.get(video.name, nothing) for video in manifest.videos])
    usable_M = np.array([video.name in pooled for video in manifest.videos])
    tasks = task_labels(manifest)
    if isinstance(asked, best.Answerer):
        outcomes = asked.outcomes(pooled_ME, usable_M, tasks, one)
    else:
        outcomes = ask_rounds([pooled_ME], usable_M, tasks, [one], fitted.config)
    unread_m = np.array(unread)
    for outcome, task in zip(outcomes, tasks, strict=True):
        outcome.predicted_YM[:, unread_m[task.labels_M[one.split[1]] >= 0]] = protocol.NO_ANSWER
    return outcomes
