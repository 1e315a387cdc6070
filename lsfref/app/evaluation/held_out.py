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


def ask(manifest: Manifest, fitted: "Model", doing: Session) -> "list[Outcome]":
    """Return the Outcome of each task on the videos whose split is test (T4, T6)."""
    from lsfref.app.evaluation import systems
    from lsfref.app.evaluation.videos import task_labels
    from lsfref.study.protocol.protocol import rounds_of

    test_M = np.array([split == "test" for split in manifest.splits])
    test = [manifest.videos[m] for m in np.flatnonzero(test_M)]
    asked = systems.answerer(fitted)
    describe = functools.partial(asked.describe, extract=doing.work.extract)
    pooled = {}
    for video, described in zip(
        test, doing.work.each("asking", describe, [v.path for v in test]), strict=True
    ):
        if described.error:
            doing.progress.say(f"counted as an error: {printable(described.error)}")
        elif described.pooled_E.any():  # else it is answered by choice (D4)
            pooled[video.name] = described.pooled_E
    (one,) = rounds_of([[(np.flatnonzero(~test_M), np.flatnonzero(test_M))]])
    names = [video.name for video in manifest.videos]
    return systems.held_out_outcomes(asked, pooled, names, task_labels(manifest), one)
