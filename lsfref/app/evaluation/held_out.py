"""How well a fresh model does on the videos that were set aside: the report of `evaluate`."""

import functools
from typing import TYPE_CHECKING

import numpy as np

from lsfref.app.lists.manifest import Manifest
from lsfref.app.work.session import Session
from lsfref.storage.files import printable

if TYPE_CHECKING:
    from lsfref.model import Model
    from lsfref.study.protocol.outcome import Outcome


def ask(manifest: Manifest, fitted: "Model", work: Session) -> "list[Outcome]":
    """Return the Outcome of each task on the videos whose split is test (T4, T6).

    The network is the model's; selection and tables are those of its training videos, with new
    directions for each drawn pair (N, K).
    """
    from lsfref.app.commands.evaluate import task_labels
    from lsfref.phases.passes import pool_video
    from lsfref.study.protocol.asking import N_PAIRS
    from lsfref.study.protocol.evaluate import ask_rounds
    from lsfref.study.protocol.protocol import rounds_of

    test = [video for video, s in zip(manifest.videos, manifest.splits, strict=True) if s == "test"]
    pool = functools.partial(
        pool_video, config=fitted.config, parameters=fitted.parameters, scaling=fitted.scaling,
        extract=work.extract,
    )  # fmt: skip
    pooled = dict(zip(fitted.files, fitted.pooled_ME, strict=True))
    other = None
    if fitted.extras is not None:
        from lsfref.study.best import preset as best

        other, pooled = best.answerer(fitted), {}
        pool = functools.partial(other.describe, extract=work.extract)
    found = work.mapper(pool, [v.path for v in test])
    for done, (video, one) in enumerate(zip(test, found, strict=True)):
        work.progress("asking", done + 1, len(test))
        if one.error:
            work.progress.say(f"counted as an error: {printable(one.error)}")
        elif one.pooled_E is not None:
            pooled[video.name] = one.pooled_E
    nothing = np.zeros(fitted.pooled_ME.shape[1] if other is None else other.width)
    names = [video.name for video in manifest.videos]
    usable_M = np.array([name in pooled for name in names])
    pooled_ME = np.stack([pooled.get(name, nothing) for name in names])
    test_M = np.array([split == "test" for split in manifest.splits])
    rounds = rounds_of([[(np.flatnonzero(~test_M), np.flatnonzero(test_M))]])
    tasks = task_labels(manifest)
    if other is not None:
        return other.outcomes(pooled_ME, usable_M, tasks, rounds[0])
    return ask_rounds([pooled_ME], usable_M, tasks, rounds, fitted.config, n_pairs=N_PAIRS)
