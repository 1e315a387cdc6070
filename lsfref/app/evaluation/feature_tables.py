"""`evaluate --features`: the protocol on feature tables of any extractor, one row a video."""

import argparse
import functools
from collections.abc import Callable, Sequence
from typing import Any

from lsfref.app import options
from lsfref.app.evaluation import folding, outcomes
from lsfref.app.evaluation.videos import task_labels
from lsfref.app.lists import tables
from lsfref.app.lists.manifest import Manifest, refuse_lone_classes
from lsfref.app.lists.manifest import describe as describe_list
from lsfref.app.lists.rows import Row
from lsfref.app.output import counted
from lsfref.app.work.progress import tell
from lsfref.app.work.session import session
from lsfref.arrays import Floats
from lsfref.errors import LabelsError
from lsfref.storage.files import printable
from lsfref.study.best.evaluation import answer_tables
from lsfref.study.protocol import protocol
from lsfref.study.table1 import features


def run(args: argparse.Namespace) -> int:
    """Print the figures of --features under --labels (H8)."""
    config, choices = options.chosen(args)
    fold: Callable[..., dict[str, list[protocol.Asked]]] = functools.partial(
        features.answer_fold, recipe=features.FUSIONS[args.fuse], config=config
    )
    if choices is not None:
        fold = functools.partial(answer_tables, choices=choices)
    tasks, rounds, _, answers = ask(args, fold)
    outcomes.write(protocol.collect(rounds, answers, tasks), args)
    return 0


def ask(
    args: argparse.Namespace, fold: Callable[..., Any]
) -> tuple[protocol.Tasks, list[protocol.Round], list[str], list[Any]]:
    """Return tasks, rounds, lines that say what was understood, and what `fold` says in each."""
    columns, manifest = read(args)
    tasks = task_labels(manifest, network=False)
    repeats = folding.divide(manifest, tasks, args)
    config = None if args.preset == "best" else options.config_from(args)
    told = [*describe(columns, manifest), *folding.in_words(tasks, repeats, config)]
    fold, rounds = functools.partial(fold, tables=columns, tasks=tasks), protocol.rounds_of(repeats)
    with session(args, passes=1, n_videos=len(rounds)) as doing:
        doing.progress.explain(told)
        found = list(doing.work.each("folds", fold, rounds))
    return tasks, rounds, told, found


def read(args: argparse.Namespace) -> tuple[list[Floats], Manifest]:
    """Return the tables, and what is said of their rows, in the order of the labels.

    Raises LabelsError where nothing can be asked.
    """
    found = [tables.read_features(path) for path in args.features]
    labels = tables.read_label_table(args.labels, n_rows=len(found[0].features_MV), task=args.task)
    if args.preset != "best" and options.config_from(args).input_scaling != "zscore":
        for told in filter(None, map(tables.uneven, found)):
            tell(f"warning: {told}")
    manifest = manifest_of(labels, printable(args.labels))
    columns = tables.align(found, [row.file for row in labels], manifest.source)
    refuse_lone_classes(manifest)
    if not any(manifest.classes.values()):
        raise LabelsError(f"{manifest.source}: no labels")
    return columns, manifest


def manifest_of(labels: Sequence[Row], source: str) -> Manifest:
    """Return the rows of a label table as the videos of a list; the number of each is its name."""
    videos = [row.video(str(i), "") for i, row in enumerate(labels)]
    return Manifest(videos, [""] * len(videos), [0] * len(videos), source)


def describe(columns: Sequence[Floats], manifest: Manifest) -> list[str]:
    """Return lines that say what was understood."""
    widths = " + ".join(str(table.shape[1]) for table in columns)
    first = f"{counted(len(columns[0]), 'video')}, {counted(widths, 'column')}"
    return [first, *describe_list(manifest)[1:]]
