"""`evaluate --features`: the protocol on feature tables of any extractor, one row a video."""

import argparse
import functools
from collections.abc import Callable

import numpy as np

from lsfref.app import options
from lsfref.app.evaluation import folding, outcomes
from lsfref.app.lists import tables
from lsfref.app.lists.manifest import KNOWN, class_order
from lsfref.app.work import workers
from lsfref.app.work.progress import Progress, tell
from lsfref.errors import LabelsError
from lsfref.phases.extraction import Work
from lsfref.phases.phase2 import encode_labels
from lsfref.storage.files import printable
from lsfref.study.best.evaluation import answer_tables
from lsfref.study.protocol import asking, protocol
from lsfref.study.table1 import features


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags that only feature tables need."""
    add_tables(parser)
    parser.add_argument(
        "--fuse", choices=sorted(features.FUSIONS), default="none",
        help="how several tables are joined: side by side after the Fisher score of each, "
        "by LSFNet trained on the rows, by CCA, or by PCA",
    )  # fmt: skip


def add_tables(parser: argparse.ArgumentParser) -> None:
    """Add --features and --task."""
    parser.add_argument(
        "--features", nargs="+", metavar="CSV",
        help="feature tables, one row a video, in place of videos: one file a descriptor",
    )  # fmt: skip
    parser.add_argument(
        "--task", choices=tuple(KNOWN), default="background",
        help="what a bare list of labels, or 'path label' lines, are about",
    )  # fmt: skip


def run(args: argparse.Namespace) -> int:
    """Print the figures of --features under --labels (H8)."""
    config, choices = options.chosen(args)
    progress = Progress(quiet=args.quiet)
    columns, tasks, groups = read(args)
    repeats = folding.divide(args, tasks, groups)
    progress.explain([*describe(columns, tasks), *folding.thin_classes(tasks, repeats)])
    fold: Callable[..., dict[str, list[protocol.Asked]]] = functools.partial(
        features.answer_fold,
        recipes=[features.FUSIONS[args.fuse]], tables=columns, tasks=tasks, config=config,
        n_pairs=asking.N_PAIRS,
    )  # fmt: skip
    if choices is not None:
        fold = functools.partial(answer_tables, tables=columns, tasks=tasks, choices=choices)
    with workers.mapper(max(1, min(args.jobs, sum(map(len, repeats))))) as mapper:
        work = Work(mapper=mapper, report=progress)
        found = protocol.evaluate(fold, tasks, repeats, work=work)
    progress.clear()
    outcomes.write(found, args)
    return 0


def read(
    args: argparse.Namespace,
) -> tuple[list[np.ndarray], list[protocol.TaskLabels], np.ndarray | None]:
    """Return the tables and both tasks in the order of the labels, and the groups if there are."""
    found = [tables.read_features(path) for path in args.features]
    labels = tables.read_label_table(args.labels, n_rows=len(found[0].features_MV), task=args.task)
    if options.config_from(args).input_scaling != "zscore":
        for told in filter(None, map(tables.uneven, found)):
            tell(f"warning: {told}")
    columns, labels = tables.align(found, labels)
    tasks = []
    for name in KNOWN:
        names = labels.labels.get(name, [])
        classes = class_order((n for n in names if n is not None), KNOWN[name])
        if not classes:
            continue
        if len(classes) < 2:
            raise LabelsError(f"{labels.source}: {name}: only the class '{printable(classes[0])}'")
        for one in classes:
            if names.count(one) == 1:
                what = f"class '{printable(one)}' has one video; label a second or leave it out"
                raise LabelsError(f"{labels.source}: {name}: {what}")
        tasks.append(protocol.TaskLabels(name, classes, encode_labels(names, classes)))
    if not tasks:
        raise LabelsError(f"{labels.source}: no labels")
    groups = None
    if labels.groups is not None:
        groups = np.array([g or f"\0{row}" for row, g in enumerate(labels.groups)])
    return columns, tasks, groups


def describe(columns: list[np.ndarray], tasks: list[protocol.TaskLabels]) -> list[str]:
    """Return lines that say what was understood."""
    widths = " + ".join(str(table.shape[1]) for table in columns)
    lines = [f"{len(columns[0])} videos, {widths} columns"]
    for task in tasks:
        counts = np.bincount(task.labels_M[task.labels_M >= 0], minlength=len(task.classes))
        told = ", ".join(
            f"{printable(n)} {k}" for n, k in zip(task.classes, counts.tolist(), strict=True)
        )
        lines.append(f"{task.name}: {told}")
    return lines
