"""`compare`: the paper's Table 1 and Figure 3 for one's own data, as a table and as one page."""

import argparse
import functools
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lsfref.app import options, output
from lsfref.app.evaluation import feature_tables, folding, systems
from lsfref.app.evaluation.folding import divide
from lsfref.app.evaluation.outcomes import MEASURES, with_ends
from lsfref.app.evaluation.videos import count, labeled, task_labels
from lsfref.app.lists import tables
from lsfref.app.lists.manifest import Manifest, describe, read_labels, refuse_lone_classes
from lsfref.app.output import counted
from lsfref.app.page import figure3
from lsfref.app.page.compare_page import compare_page
from lsfref.app.work.session import session
from lsfref.arrays import Floats
from lsfref.errors import LabelsError
from lsfref.phases.passes import survey
from lsfref.storage.files import printable, write_bytes
from lsfref.study.protocol import asking, protocol
from lsfref.study.protocol.evaluate import checked_rounds
from lsfref.study.protocol.outcome import Outcome, as_json
from lsfref.study.table1 import compare
from lsfref.study.table1.rows import ROWS

FIELDS = ("task", "method", *MEASURES, "won", "lost", "p")
SHOWN = {
    "method": "method", "accuracy_mean": "accuracy", "accuracy_sd": "sd", "interval_low": "from",
    "interval_high": "to", "recall_mean": "recall", "won": "won", "lost": "lost", "p": "p",
}  # fmt: skip


class Compared(NamedTuple):
    """What was compared: the answers of each fold, outcomes, and lines that say how."""

    tasks: protocol.Tasks
    folds: list[compare.Fold]
    asked: NDArray  # the videos that the first fold asks
    outcomes: list[Outcome]
    lines: list[str]


def run(args: argparse.Namespace) -> int:
    """Compare, print and write the page; status 1 where a video could not be used."""
    if args.page != "none":
        listed = [] if args.features else [v.path for v in read_labels(args.labels).videos]
        tables_read = [*(args.features or []), *(args.also or [])]
        output.claim(args.page, reads=[args.labels, *tables_read, *listed])
    n_failed, found = (0, of_tables(args)) if args.features else of_videos(args)
    tests = compare.against(found.outcomes, ROWS["whole"].name)
    _print(found.outcomes, tests, args)
    if args.page != "none":
        _write_page(found, tests, args)
    return 1 if n_failed else 0


def of_tables(args: argparse.Namespace) -> Compared:
    """Compare the feature tables, alone and fused."""
    ask = functools.partial(
        compare.answer_tables, names=tables.short_names(args.features), fused=True,
        config=options.config_from(args),
    )  # fmt: skip
    tasks, rounds, told, folds = feature_tables.ask(args, ask)
    outcomes = protocol.collect(rounds, [fold.answers for fold in folds], tasks)
    return Compared(tasks, folds, rounds[0].split[1], outcomes, told)


def of_videos(args: argparse.Namespace) -> tuple[int, Compared]:
    """Compare the rows of Table 1 on videos; the number is that of videos that cannot be read."""
    config = options.config_from(args)
    manifest = labeled(read_labels(args.labels))
    refuse_lone_classes(manifest)
    rows = [key for key in ROWS if key in args.rows or key == "whole"]
    beside = [_read_also(path) for path in args.also]
    with session(args, passes=3, n_videos=len(manifest.videos)) as doing:
        doing.progress.explain(describe(manifest))
        manifest, videos, n_failed = count(manifest, config, doing)
        names, also = _rows_of(beside, manifest)
        tasks = task_labels(manifest)
        repeats = divide(manifest, tasks, args)
        rounds = checked_rounds(repeats, videos, tasks)
        told = folding.in_words(tasks, repeats, config)
        doing.progress.explain(told)
        if "idt" in rows:  # fills the cache, side by side
            still = compare.improved(config)
            look = functools.partial(survey, config=still, extract=doing.work.extract)
            list(doing.work.each("extracting with the camera held still", look, videos.paths))
        asked: dict[str, Any] = {"tasks": tasks, "config": config}
        ask = functools.partial(
            compare.answer_videos, videos=videos, extract=doing.work.extract, **asked
        )
        pieces = compare.pieces(rounds, rows)
        found = list(doing.work.each("rows", ask, *zip(*pieces, strict=True)))
        folds = compare.put_together(found, n_folds=len(rounds))
        if also:
            ask = functools.partial(
                compare.answer_tables, names=names, tables=also, fused=False, **asked
            )
            more = doing.work.each("folds", ask, rounds)
            for fold, also_fold in zip(folds, more, strict=True):
                fold.answers.update(also_fold.answers)
        outcomes = protocol.collect(rounds, [fold.answers for fold in folds], tasks)
        if "best" in args.rows:  # no row of the paper's, in these folds
            own, choices = options.chosen(args, preset="best")
            measure = systems.system(choices).evaluate
            outcomes += measure(videos, tasks, repeats, own, work=doing.work)
    lines = [*describe(manifest), *told]
    outcomes = folding.by_source(outcomes, manifest, repeats)
    return n_failed, Compared(tasks, folds, rounds[0].split[1], outcomes, lines)


def _read_also(path: str) -> tables.FeatureTable:
    table = tables.read_features(path)
    if table.names is None:
        raise LabelsError(f"{table.source}: no file names; make them the first column")
    return table


def _rows_of(
    beside: Sequence[tables.FeatureTable], manifest: Manifest
) -> tuple[list[str], list[Floats]]:
    """Return the names of --also and the tables, a row a video of the manifest, found by name."""
    files = [video.name for video in manifest.videos]
    names = tables.short_names([table.source for table in beside])
    return names, tables.align(beside, files, manifest.source)


def _write_page(found: Compared, tests: compare.Tests, args: argparse.Namespace) -> None:
    first, figure = found.folds[0], ""
    if first.spaces:
        asked = np.isin(first.rows, found.asked)
        figure = figure3.figure3(first.spaces, asked, found.tasks, first.rows)
    how = (
        f"{asking.N_PAIRS} draws of (N, K) for each division, preset {args.preset}, seed "
        f"{args.seed}. These are figures of this data; they reproduce nothing of the paper's, "
        "whose videos are private."
    )
    text = compare_page(
        found.outcomes, tests, lines=[*found.lines, how],
        title=f"Table 1 for {printable(args.labels)}", figure=figure,
    )  # fmt: skip
    write_bytes(args.page, text.encode())
    if not (args.json or args.csv):
        print(f"wrote {printable(args.page)}")


def _print(outcomes: Sequence[Outcome], tests: compare.Tests, args: argparse.Namespace) -> None:
    show = output.printer(args, FIELDS, flat=with_ends)
    by_task: dict[str, list[dict[str, Any]]] = {}
    for outcome in outcomes:
        won, lost, _ties, p = tests.get((outcome.method, outcome.task), (None, None, None, None))
        row = as_json(outcome) | {"won": won, "lost": lost, "p": p}
        by_task.setdefault(outcome.task, []).append(row)
        if show:
            show(row)
    if show:
        return
    for task, rows in by_task.items():
        print(f"{task}: {counted(rows[0]['videos'], 'video')}, {rows[0]['majority']:.3f} of them "
              "in the largest class")  # fmt: skip
        cells = [[with_ends(row)[field] for field in SHOWN] for row in rows]
        print(output.table([*SHOWN.values()], cells), end="\n\n")
    print("won, lost, p: videos that the whole system answers right more often, less often, "
          "and the two-sided sign test")  # fmt: skip
