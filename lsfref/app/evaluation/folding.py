"""The flags that say who is asked and who is learned from, and the folds they mean."""

import argparse
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lsfref.app.lists.manifest import Manifest
from lsfref.app.output import counted
from lsfref.config import Config
from lsfref.errors import LabelsError
from lsfref.storage.files import printable
from lsfref.study.protocol import asking
from lsfref.study.protocol.outcome import Outcome
from lsfref.study.protocol.protocol import Tasks, strata
from lsfref.study.protocol.splits import Repeats, Split, leave_one_out, repeated_folds

FOLDS = 5


def divide(manifest: Manifest, tasks: Tasks, args: argparse.Namespace) -> Repeats:
    """Return the list's own split, or the folds of every repetition (E1).

    Classes of all tasks are balanced together; videos of a group are never on both sides.
    """
    asked_for = hasattr(args, "split") or hasattr(args, "folds") or args.repeats > 1
    if any(manifest.splits) and not asked_for:
        train, test = own_split(manifest)
        if not len(train) or not len(test):
            side = "test" if len(train) else "train"
            why = f"no usable video has split '{side}'; give --folds to divide it anew"
            raise LabelsError(f"{manifest.source}: {why}")
        return [[(train, test)]]
    groups = groups_of(manifest)
    split = getattr(args, "split", "random" if groups is None else "group")
    if split == "group" and groups is None:
        raise LabelsError(f"{printable(args.labels)}: --split group wants a column 'group'")
    joint = strata(tasks)
    if split == "one":
        return [leave_one_out(joint, groups)]
    kept = groups if split == "group" else None
    n_units = len(joint) if kept is None else len(np.unique(kept))
    n = getattr(args, "folds", min(FOLDS, n_units))
    return repeated_folds(joint, kept, n_folds=n, n_repeats=args.repeats, seed=args.seed)


def own_split(manifest: Manifest) -> Split:
    """Return the rows of the videos that a list learns from, and of those that it sets aside."""
    test_M = np.array([split == "test" for split in manifest.splits])
    return np.flatnonzero(~test_M), np.flatnonzero(test_M)


def groups_of(manifest: Manifest) -> NDArray | None:
    """Return the group of each video, its own where it names none; None where no video does."""
    groups = [v.group or f"\0{v.name}" for v in manifest.videos]
    return np.array(groups) if manifest.has_groups else None


def by_source(outcomes: Sequence[Outcome], manifest: Manifest, repeats: Repeats) -> list[Outcome]:
    """Return Outcomes of folds over groups, whose intervals know that groups are few.

    Choices: T5 videos of one camera say the same again: as many trials as groups of one size would
             be, with sizes n the effective number (sum n)^2 / sum n^2 [Kis65].
    """
    if len(repeats[0]) == 1 or not manifest.has_groups:
        return list(outcomes)
    trials = {}
    for task in ("background", "foreground"):
        named = [v.group or v.name for v in manifest.videos if getattr(v, task) is not None]
        sizes = Counter(named).values()
        trials[task] = len(named) ** 2 / sum(n**2 for n in sizes) if named else 0
    return [found._replace(trials=trials[found.task]) for found in outcomes]


def in_words(tasks: Tasks, repeats: Repeats, config: Config | None) -> list[str]:
    """Return lines that say how is asked; by how many neighbors, where a Config is given (G4)."""
    smallest = min(len(train) for folds in repeats for train, _ in folds)
    cut = asking.cut_in_words(config, smallest) if config else []
    return [split_in_words(repeats), *thin_classes(tasks, repeats), *cut]


def split_in_words(repeats: Repeats) -> str:
    """Return how the videos are divided, in one line."""
    parts = [split for folds in repeats for split in folds]
    if len(parts) == 1:
        learned, asked = map(len, parts[0])
        return f"one split: {counted(learned, 'video')} to learn from, {asked} to ask"
    sizes = sorted({len(test) for _, test in parts})
    each = " to ".join(map(str, {sizes[0]: 0, sizes[-1]: 0}))
    often = f", {len(repeats)} times" if len(repeats) > 1 else ""
    return f"{len(repeats[0])} folds{often}: {counted(each, 'video')} asked in each"


def thin_classes(tasks: Tasks, repeats: Repeats) -> list[str]:
    """Return a sentence for each class that the folds cannot treat like the others."""
    told = []
    parts = [split for folds in repeats for split in folds]
    for task in tasks:
        for c, name in enumerate(task.classes):
            n = int(np.count_nonzero(task.labels_M == c))
            unseen = sum(
                c in task.labels_M[test] and c not in task.labels_M[train] for train, test in parts
            )
            where = f"{task.name}: class '{printable(name)}' has {counted(n, 'video')}"
            if unseen:
                folds = f"{unseen} of {len(parts)} folds"
                told.append(f"{where}; {folds} ask it without having learned it: counted as errors")
            elif n < len(repeats[0]) and len(repeats[0]) < len(task.labels_M):
                told.append(f"{where}, fewer than there are folds")
    return told
