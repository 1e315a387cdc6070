"""The flags that say who is asked and who is learned from, and the folds they mean."""

import argparse
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lsfref.app.options import positive
from lsfref.errors import LabelsError
from lsfref.storage.files import printable
from lsfref.study.protocol import splits
from lsfref.study.protocol.protocol import TaskLabels, strata

FOLDS = 5


def add_split(parser: argparse.ArgumentParser, *, repeats: int) -> None:
    """Add --split, --folds and --repeats."""
    parser.add_argument(
        "--split", choices=("group", "random", "one"), default=argparse.SUPPRESS,
        help="what stays together: the groups of the label list, nothing, or all but one video "
        "or group (default: group where there is a group column)",
    )  # fmt: skip
    parser.add_argument(
        "--folds", type=positive, default=argparse.SUPPRESS,
        help=f"parts, each asked once (default: {FOLDS}, or as many as there are videos or groups)",
    )  # fmt: skip
    parser.add_argument("--repeats", type=positive, default=repeats, help="new folds, so often")


def divide(
    args: argparse.Namespace, tasks: Sequence[TaskLabels], groups: NDArray | None
) -> list[list[splits.Split]]:
    """Return the folds of every repetition; classes of all tasks are balanced together.

    groups holds the group of each video; videos that share one are never on both sides.
    """
    split = getattr(args, "split", "random" if groups is None else "group")
    if split == "group" and groups is None:
        raise LabelsError(f"{printable(args.labels)}: --split group wants a column 'group'")
    joint = strata(tasks)
    if split == "one":
        return [splits.leave_one_out(joint, groups)]
    kept = groups if split == "group" else None
    n_units = len(joint) if kept is None else len(np.unique(kept))
    n = getattr(args, "folds", min(FOLDS, n_units))
    return splits.repeated_folds(joint, kept, n_folds=n, n_repeats=args.repeats, seed=args.seed)


def thin_classes(
    tasks: Sequence[TaskLabels], repeats: Sequence[Sequence[splits.Split]]
) -> list[str]:
    """Return a sentence for each class that the folds cannot treat like the others."""
    told = []
    parts = [split for folds in repeats for split in folds]
    for task in tasks:
        for c, name in enumerate(task.classes):
            n = int(np.count_nonzero(task.labels_M == c))
            unseen = sum(
                c in task.labels_M[test] and c not in task.labels_M[train] for train, test in parts
            )
            where = f"{task.name}: class '{printable(name)}' has {n} videos"
            if unseen:
                told.append(
                    f"{where}; {unseen} of {len(parts)} folds ask it without having learned it: "
                    "counted as errors"
                )
            elif n < len(repeats[0]) and len(repeats[0]) < len(task.labels_M):
                told.append(f"{where}, fewer than there are folds")
    return told
