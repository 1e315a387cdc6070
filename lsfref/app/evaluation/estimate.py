"""What a fresh model is worth on videos that it has not seen, in numbers.

Measured by folds of what it is fitted to, as `evaluate` does with the same seed, or on the videos
that the list sets aside. Stored in the model: `inspect` and `explain` show it, `classify` warns.
"""

import argparse
from collections.abc import Mapping, Sequence
from typing import Any

from lsfref.app import options
from lsfref.app.evaluation import systems
from lsfref.app.evaluation.folding import by_source, divide, in_words
from lsfref.app.evaluation.judgment import RIGHT, compared, lines
from lsfref.app.evaluation.videos import count, labeled, task_labels
from lsfref.app.lists.manifest import Manifest
from lsfref.app.work.session import Session
from lsfref.config import Config
from lsfref.errors import LsfrefError
from lsfref.phases.passes import Pooled
from lsfref.study.best.choices import Choices
from lsfref.study.protocol import sureness
from lsfref.study.protocol.outcome import Outcome, as_json


def by_folds(
    manifest: Manifest,
    config: Config,
    choices: Choices | None,
    doing: Session,
    args: argparse.Namespace | None = None,
    *,
    known: Mapping[str, Pooled] | None = None,
) -> tuple[list[Outcome], int]:
    """Return the Outcome of each task, and how many videos cannot be read: what `evaluate` gives.

    Without its flags, in silence, as with this seed and no others. `known` is what was made of each
    video already, by its name. Raises LsfrefError where the videos cannot be divided.
    """
    system, quiet = systems.system(choices), args is None
    manifest, counted, n_failed = count(
        manifest, config, doing, quiet=quiet, describe=system.describe, known=known
    )
    tasks = task_labels(manifest)
    repeats = divide(manifest, tasks, args or argparse.Namespace(seed=config.seed, repeats=1))
    told = in_words(tasks, repeats, None if choices else config)
    doing.progress.explain(() if quiet else told)
    found = system.evaluate(counted, tasks, repeats, config, work=doing.work)
    return by_source(found, manifest, repeats), n_failed


def expected(
    listed: Manifest, args: argparse.Namespace, doing: Session, known: Mapping[str, Pooled]
) -> tuple[list[Outcome], dict[str, Any], list[str]]:
    """Estimate by folds what was fitted: outcomes, what the model keeps, lines that say so.

    A last line is about the other preset, which --estimate both asks too.
    """
    other = None
    preset = "small" if args.preset == "best" else "best"
    try:
        asked = labeled(listed)
        found, _ = by_folds(asked, *options.chosen(args), doing, known=known)
        if args.estimate == "both":
            outcomes, _ = by_folds(asked, *options.chosen(args, preset=preset), doing)
            other = facts(outcomes, listed, drawn=False)
    except LsfrefError as fault:
        return [], {}, [f"no estimate of the accuracy: {fault}"]
    rows = facts(found, listed, drawn=False)
    return found, rows, [*lines(rows), compared(rows, other, preset)]


def facts(outcomes: Sequence[Outcome], manifest: Manifest, *, drawn: bool) -> dict[str, Any]:
    """Return what a model file keeps, by task; `drawn`: these are the built-in scenes."""
    rows = {}
    for outcome in outcomes:
        told = as_json(outcome) | sureness.as_json(outcome)
        labels = [getattr(video, outcome.task) for video in manifest.videos]
        names = [video.group or video.name for video in manifest.videos]
        sources = set(zip(labels, names, strict=True))
        sure = told.get("coverage", [])
        enough = next((row for row in sure if row["accuracy"] >= RIGHT), None)
        rows[outcome.task] = {
            "accuracy": told["accuracy_mean"],
            **{key: told[key] for key in ("interval", "majority", "recall_mean", "videos")},
            "majority_class": max(outcome.classes, key=labels.count),
            "by_group": manifest.has_groups,
            "sources": {name: [c for c, _ in sources].count(name) for name in outcome.classes},
            "threshold": enough and enough["threshold"],
            "coverage": enough and enough["coverage"],
            "drawn": drawn,
        }
    return rows
