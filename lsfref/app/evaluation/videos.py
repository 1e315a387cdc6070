"""What `evaluate` and `compare` share about videos: who can be asked, and how they are divided."""

import argparse
import functools
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from lsfref.app.evaluation import folding
from lsfref.app.lists.manifest import Manifest, part
from lsfref.app.work.session import Session
from lsfref.config import Config
from lsfref.errors import LabelsError
from lsfref.phases.passes import Pooled, survey
from lsfref.phases.phase2 import labels_of
from lsfref.phases.sampling import Describe
from lsfref.storage.files import printable
from lsfref.study.protocol.evaluate import Counted
from lsfref.study.protocol.protocol import TaskLabels
from lsfref.study.protocol.splits import Split
from lsfref.trajectories import TRACK_LENGTH


def labelled(manifest: Manifest) -> Manifest:
    """Return the videos that carry a label of some task; the others cannot be asked."""
    wanted = [bool(v.background or v.foreground) for v in manifest.videos]
    left_out = wanted.count(False)
    notes = [*manifest.notes, *([f"{left_out} videos without labels left out"] * bool(left_out))]
    return part(manifest, wanted)._replace(notes=notes)


def count(
    manifest: Manifest,
    config: Config,
    doing: Session,
    *,
    quiet: bool = False,
    describe: Describe = survey,
    known: Mapping[str, Pooled] | None = None,
) -> tuple[Manifest, Counted, int]:
    """Return the videos that can be read, their trajectories, and how many cannot.

    `known` is what `describe` made of each, by its name, where it did.

    A video without trajectories stays and is asked (D4, E2). One that cannot be read, or is too
    short for any, is nobody's fault but the file's: it is left out, and named (unless `quiet`).
    """
    look = functools.partial(describe, config=config, extract=doing.work.extract)
    paths = [v.path for v in manifest.videos]
    if known is None:
        surveys = list(doing.work.each("extracting", look, paths))
    else:
        surveys = [known[v.name] for v in manifest.videos]
    for found in () if quiet else surveys:
        fate = "without trajectories" if found.n_frames > TRACK_LENGTH else "left out"
        doing.progress.report(found.warnings, found.error, fate=fate)
    readable = [not found.error or found.n_frames > TRACK_LENGTH for found in surveys]
    counts_M = np.array([0 if s.error else s.n_points for s in surveys], dtype=np.int64)
    kept = part(manifest, readable)
    made = () if describe is survey else surveys
    described = [found for found, yes in zip(made, readable, strict=False) if yes]
    videos = Counted([v.path for v in kept.videos], counts_M[readable], described)
    return kept, videos, readable.count(False)


def task_labels(manifest: Manifest, *, network: bool = True) -> list[TaskLabels]:
    """Return the tasks that have labels. Raises LabelsError where nothing can be asked.

    `network`: LSFNet is to be trained, on the labels of the background.
    """
    classes = {name: names for name, names in manifest.classes.items() if names}
    for name, names in classes.items():
        if len(names) == 1:
            why = f"{name}: only the class '{printable(names[0])}'; label videos of a second"
            raise LabelsError(f"{manifest.source}: {why}")
    if network and "background" not in classes:
        why = "no background labels: LSFNet is trained on them; label some videos"
        raise LabelsError(f"{manifest.source}: {why}")
    labels = labels_of(manifest.videos, classes)
    return [TaskLabels(name, classes[name], labels[name]) for name in classes]


def divide(
    manifest: Manifest, tasks: Sequence[TaskLabels], args: argparse.Namespace
) -> list[list[Split]]:
    """Return the list's own split, or folds (E1)."""
    asked_for = hasattr(args, "split") or hasattr(args, "folds") or args.repeats > 1
    if any(manifest.splits) and not asked_for:
        train, test = own_split(manifest)
        if not len(train) or not len(test):
            side = "test" if len(train) else "train"
            why = f"no usable video has split '{side}'; give --folds to divide it anew"
            raise LabelsError(f"{manifest.source}: {why}")
        return [[(train, test)]]
    return folding.divide(args, tasks, groups_of(manifest))


def own_split(manifest: Manifest) -> Split:
    """Return the rows of the videos that a list learns from, and of those that it sets aside."""
    test_M = np.array([split == "test" for split in manifest.splits])
    return np.flatnonzero(~test_M), np.flatnonzero(test_M)


def groups_of(manifest: Manifest) -> NDArray | None:
    """Return the group of each video, its own where it names none; None where no video does."""
    groups = [v.group or f"\0{v.name}" for v in manifest.videos]
    return np.array(groups) if manifest.has_groups else None


def split_in_words(repeats: Sequence[Sequence[Split]]) -> str:
    """Return how the videos are divided, in one line."""
    splits = [split for folds in repeats for split in folds]
    if len(splits) == 1:
        return f"one split: {len(splits[0][0])} videos to learn from, {len(splits[0][1])} to ask"
    sizes = sorted({len(test) for _, test in splits})
    asked = " to ".join(map(str, {sizes[0]: 0, sizes[-1]: 0}))
    often = f", {len(repeats)} times" if len(repeats) > 1 else ""
    return f"{len(repeats[0])} folds{often}: {asked} videos asked in each"
