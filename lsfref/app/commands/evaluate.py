"""`evaluate`: accuracy on one's own videos, or feature tables, by the paper's protocol (T4 to T6).

Videos are divided into folds, by group where there are groups. A list whose own column `split` says
train and test is one split, and stands unless --folds, --split or --repeats ask for folds (E1).
"""

import argparse
import functools
from collections.abc import Callable
from typing import TYPE_CHECKING

from lsfref.app import options
from lsfref.app.lists.manifest import Manifest, describe, part, read_labels, refuse_lone_classes
from lsfref.app.work.session import Session, session
from lsfref.errors import LabelsError
from lsfref.storage.files import printable

if TYPE_CHECKING:
    from lsfref.config import Config
    from lsfref.study.best.preset import Choices
    from lsfref.study.protocol.evaluate import Counted
    from lsfref.study.protocol.outcome import Outcome
    from lsfref.study.protocol.protocol import TaskLabels
    from lsfref.study.protocol.splits import Split


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags of `evaluate`."""
    from lsfref.app.evaluation import feature_tables, folding

    options.add_labels(parser)
    feature_tables.add_arguments(parser)
    folding.add_split(parser, repeats=1)
    options.add_output(parser)
    options.add_config(parser, best=True)
    options.add_common(parser)


def run(args: argparse.Namespace) -> int:
    """Print the figures of both tasks; status 1 where videos could not be read."""
    if args.features:
        from lsfref.app.evaluation import feature_tables

        if args.preset == "best":
            raise options.UsageError("--preset best reads videos; --features are tables")

        return feature_tables.run(args)
    config, choices = options.chosen(args)
    manifest = labelled(read_labels(args.labels))
    refuse_lone_classes(manifest)
    with session(args, passes=3, n_videos=len(manifest.videos)) as work:
        return evaluate(manifest, config, choices, args, work)


def labelled(manifest: Manifest) -> Manifest:
    """Return the videos that carry a label of some task; the others cannot be asked."""
    wanted = [bool(v.background or v.foreground) for v in manifest.videos]
    left_out = wanted.count(False)
    notes = [*manifest.notes, *([f"{left_out} videos without labels left out"] * bool(left_out))]
    return part(manifest, wanted)._replace(notes=notes)


def evaluate(
    manifest: Manifest,
    config: "Config",
    choices: "Choices | None",
    args: argparse.Namespace,
    work: Session,
) -> int:
    """Count the trajectories, divide the videos, ask, print; `choices` are those of `best`."""
    from lsfref.app.evaluation import folding, outcomes
    from lsfref.study.protocol.evaluate import evaluate_videos

    ask: Callable[..., list[Outcome]] = evaluate_videos
    if choices is not None:
        from lsfref.study.best import preset as best

        ask = functools.partial(best.evaluate_videos, choices=choices)
    for line in describe(manifest):
        if not args.quiet:
            work.progress.say(line)
    manifest, videos, n_failed = count(manifest, config, work)
    tasks = task_labels(manifest)
    repeats = divide(manifest, tasks, args)
    if not args.quiet:
        for line in (told_split(repeats), *folding.thin_classes(tasks, repeats)):
            work.progress.say(line)
    found = ask(
        videos, tasks, repeats, config,
        extract=work.extract, mapper=work.mapper, report=work.progress,
    )  # fmt: skip
    work.progress.clear()
    outcomes.write(found, args)
    return 1 if n_failed else 0


def count(manifest: Manifest, config: "Config", work: Session) -> tuple[Manifest, "Counted", int]:
    """Return the videos that can be read, their trajectories, and how many cannot.

    A video without trajectories stays: it is asked, and not answering is an error (E2). One that
    cannot be read is nobody's fault but the file's: it is left out, and told.
    """
    import numpy as np

    from lsfref.phases.passes import survey
    from lsfref.study.protocol.evaluate import Counted

    look = functools.partial(survey, config=config, extract=work.extract)
    paths = [video.path for video in manifest.videos]
    surveys = []
    work.progress("extracting", 0, len(paths))
    for found in work.mapper(look, paths):
        surveys.append(found)
        work.progress("extracting", len(surveys), len(paths))
    for found in surveys:
        for text in found.warnings:
            work.progress.say(f"warning: {printable(text)}")
        if found.error:
            fate = "counted as an error" if found.n_frames else "left out"
            work.progress.say(f"{fate}: {printable(found.error)}")
    readable = [not found.error or found.n_frames > 0 for found in surveys]
    counts = [0 if s.error else s.n_points for s, yes in zip(surveys, readable, strict=True) if yes]
    kept = part(manifest, readable)
    videos = Counted([v.path for v in kept.videos], np.array(counts, dtype=np.int64))
    return kept, videos, readable.count(False)


def task_labels(manifest: Manifest) -> list["TaskLabels"]:
    """Return the tasks that have labels. Raises LabelsError where nothing can be asked."""
    from lsfref.phases.phase2 import encode_labels
    from lsfref.study.protocol.protocol import TaskLabels

    tasks = []
    for name, classes in manifest.classes.items():
        if len(classes) == 1:
            told = f"{name}: only the class '{printable(classes[0])}'; label videos of a second"
            raise LabelsError(f"{manifest.source}: {told}")
        if classes:
            labels_M = encode_labels([getattr(v, name) for v in manifest.videos], classes)
            tasks.append(TaskLabels(name, classes, labels_M))
    if not manifest.classes["background"]:
        told = "no background labels: LSFNet is trained on them; label some videos"
        raise LabelsError(f"{manifest.source}: {told}")
    return tasks


def divide(
    manifest: Manifest, tasks: list["TaskLabels"], args: argparse.Namespace
) -> "list[list[Split]]":
    """Return the list's own split, or folds (E1)."""
    import numpy as np

    from lsfref.app.evaluation import folding

    asked_for = hasattr(args, "split") or hasattr(args, "folds") or args.repeats > 1
    if any(manifest.splits) and not asked_for:
        test_M = np.array([split == "test" for split in manifest.splits])
        if test_M.all() or not test_M.any():
            side = "train" if test_M.all() else "test"
            told = f"no usable video has split '{side}'; give --folds to divide it anew"
            raise LabelsError(f"{manifest.source}: {told}")
        return [[(np.flatnonzero(~test_M), np.flatnonzero(test_M))]]
    groups = None
    if manifest.has_groups:
        groups = np.array([v.group or f"\0{v.name}" for v in manifest.videos])
    return folding.divide(args, tasks, groups)


def told_split(repeats: "list[list[Split]]") -> str:
    """Return how the videos are divided, in one line."""
    splits = [split for folds in repeats for split in folds]
    if len(splits) == 1:
        return f"one split: {len(splits[0][0])} videos to learn from, {len(splits[0][1])} to ask"
    sizes = sorted({len(test) for _, test in splits})
    asked = " to ".join(map(str, {sizes[0]: 0, sizes[-1]: 0}))
    often = f", {len(repeats)} times" if len(repeats) > 1 else ""
    return f"{len(repeats[0])} folds{often}: {asked} videos asked in each"
