"""`compare`: the paper's Table 1 and Figure 3 for one's own data, as a table and as one page."""

import argparse
import functools
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lsfref.app import options, output
from lsfref.app.evaluation import feature_tables, folding, systems
from lsfref.app.evaluation.videos import count, divide, labelled, split_in_words, task_labels
from lsfref.app.lists import tables
from lsfref.app.lists.manifest import Manifest, describe, read_labels, refuse_lone_classes
from lsfref.app.page import figure3
from lsfref.app.page.compare_page import compare_page
from lsfref.app.work.session import Session, session
from lsfref.config import Config
from lsfref.errors import LabelsError
from lsfref.phases.passes import survey
from lsfref.storage.files import printable, write_whole
from lsfref.study.protocol import asking, protocol
from lsfref.study.protocol.evaluate import Counted, check_round
from lsfref.study.protocol.metrics import SignTest
from lsfref.study.protocol.outcome import Outcome, as_json
from lsfref.study.table1 import compare
from lsfref.study.table1.rows import ROWS

FIELDS = (
    "task", "method", "videos", "accuracy_mean", "accuracy_sd", "interval_low", "interval_high",
    "recall_mean", "majority", "rounds", "won", "lost", "p",
)  # fmt: skip
SHOWN = ("method", "accuracy", "sd", "from", "to", "recall", "won", "lost", "p")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags of `compare`."""
    options.add_labels(parser)
    feature_tables.add_tables(parser)
    parser.add_argument(
        "--also", nargs="+", default=[], metavar="CSV",
        help="feature tables of the same videos (C3D, I3D, ...), each a row with a linear SVM",
    )  # fmt: skip
    parser.add_argument(
        "--rows", nargs="+", choices=(*ROWS, "best"), default=(*ROWS, "best"),
        help="rows to compute for videos, of the paper's Table 1 and preset best; the whole system "
        "is always there",
    )  # fmt: skip
    parser.add_argument(
        "--page", default="compare.html", metavar="FILE", help="the page; 'none' for no page"
    )
    folding.add_split(parser, repeats=1)
    options.add_config(parser)
    options.add_common(parser)
    options.add_output(parser)


def run(args: argparse.Namespace) -> int:
    """Compare, print and write the page; status 1 where a video could not be used."""
    if args.page != "none":
        output.claim(args.page)
    return of_tables(args) if args.features else of_videos(args)


def of_tables(args: argparse.Namespace) -> int:
    """Compare the feature tables, alone and fused."""
    config = options.config_from(args)
    columns, tasks, groups = feature_tables.read(args)
    names = tables.short_names(args.features)
    repeats = folding.divide(args, tasks, groups)
    told = [*feature_tables.describe(columns, tasks), *folding.thin_classes(tasks, repeats)]
    work = functools.partial(
        compare.answer_tables, tables=dict(zip(names, columns, strict=True)), fused=True,
        tasks=tasks, config=config, n_pairs=asking.N_PAIRS,
    )  # fmt: skip
    with session(args, passes=1, n_videos=sum(map(len, repeats))) as doing:
        doing.progress.explain(told)
        folds = list(doing.work.each("folds", work, protocol.rounds_of(repeats)))
    _finish(folds, tasks, repeats, args, [*told, split_in_words(repeats), _how(args)])
    return 0


def of_videos(args: argparse.Namespace) -> int:
    """Compare the rows of Table 1 on videos; status 1 where a video could not be used."""
    config = options.config_from(args)
    manifest = labelled(read_labels(args.labels))
    refuse_lone_classes(manifest)
    rows = [key for key in ROWS if key in args.rows or key == "whole"]
    beside = [_read_also(path) for path in args.also]
    with session(args, passes=3, n_videos=len(manifest.videos)) as doing:
        doing.progress.explain(describe(manifest))
        manifest, videos, n_failed = count(manifest, config, doing)
        also = _rows_of(beside, manifest)
        tasks = task_labels(manifest)
        repeats = divide(manifest, tasks, args)
        rounds = protocol.rounds_of(repeats)
        for one in rounds:
            check_round(one, videos, tasks)
        told = [split_in_words(repeats), *folding.thin_classes(tasks, repeats)]
        doing.progress.explain(told)
        if "idt" in rows:
            _extract_improved(videos, config, doing)
        work = functools.partial(
            compare.answer_videos, videos=videos, tasks=tasks, config=config,
            extract=doing.work.extract, n_pairs=asking.N_PAIRS,
        )  # fmt: skip
        pieces = compare.pieces(rounds, rows)
        found = list(doing.work.each("rows", work, *zip(*pieces, strict=True)))
        folds = compare.put_together(found, n_folds=len(rounds))
        if also:
            alone = functools.partial(
                compare.answer_tables, tables=also, fused=False, tasks=tasks, config=config,
                n_pairs=asking.N_PAIRS,
            )  # fmt: skip
            more = list(doing.work.each("folds", alone, rounds))
            for fold, also_fold in zip(folds, more, strict=True):
                fold.answers.update(also_fold.answers)
        beyond = _beyond(videos, tasks, repeats, args, doing) if "best" in args.rows else []
    _finish(folds, tasks, repeats, args, [*describe(manifest), *told, _how(args)], beyond)
    return 1 if n_failed else 0


def _beyond(
    videos: Counted,
    tasks: Sequence[protocol.TaskLabels],
    repeats: list[list[Any]],
    args: argparse.Namespace,
    doing: Session,
) -> list[Outcome]:
    """Return the Outcome of each task of preset `best`, no row of the paper's, in these folds."""
    flags = argparse.Namespace(**vars(args) | {"preset": "best", "settings": []})
    config, choices = options.chosen(flags)
    return systems.system(choices).evaluate(videos, tasks, repeats, config, work=doing.work)


def _extract_improved(videos: Counted, config: Config, doing: Session) -> None:
    """Fill the cache with trajectories whose camera is held still, side by side."""
    look = functools.partial(survey, config=compare.improved(config), extract=doing.work.extract)
    for _ in doing.work.each("extracting with the camera held still", look, videos.paths):
        pass


def _read_also(path: str) -> tables.FeatureTable:
    table = tables.read_features(path)
    if table.names is None:
        raise LabelsError(f"{table.source}: no file names; make them the first column")
    return table


def _rows_of(beside: Sequence[tables.FeatureTable], manifest: Manifest) -> dict[str, NDArray]:
    """Return the tables of --also, a row a video of the manifest, found by their names."""
    files = tuple(video.name for video in manifest.videos)
    labels = tables.LabelTable(manifest.source, files, {"": [None] * len(files)}, None)
    names = tables.short_names([table.source for table in beside])
    rows = [tables.align([table], labels)[0][0] for table in beside]
    return dict(zip(names, rows, strict=True))


def _how(args: argparse.Namespace) -> str:
    return (
        f"{asking.N_PAIRS} draws of (N, K) for each division, preset {args.preset}, seed "
        f"{args.seed}. These are figures of this data; they reproduce nothing of the paper's, "
        "whose videos are private."
    )


def _finish(
    folds: Sequence[compare.Fold],
    tasks: Sequence[protocol.TaskLabels],
    repeats: list[list[Any]],
    args: argparse.Namespace,
    lines: Sequence[str],
    beyond: Sequence[Outcome] = (),
) -> None:
    rounds = protocol.rounds_of(repeats)
    outcomes = [*protocol.collect(rounds, [fold.answers for fold in folds], tasks), *beyond]
    reference = ROWS["whole"].name
    tests = compare.against(outcomes, reference)
    _print(outcomes, tests, args)
    if args.page == "none":
        return
    first, figure = folds[0], None
    if first.spaces:
        asked = np.isin(first.rows, rounds[0].split[1])
        figure = figure3.figure3(first.spaces, asked, tasks, first.rows)
    text = compare_page(
        outcomes, tests, reference=reference, title=f"Table 1 for {printable(args.labels)}",
        lines=lines, figure=figure, figure_note=figure3.NOTE,
    )  # fmt: skip
    with write_whole(args.page) as file:
        file.write(text.encode())
    if not (args.json or args.csv):
        print(f"wrote {printable(args.page)}")


def _print(
    outcomes: Sequence[Outcome],
    tests: dict[tuple[str, str], SignTest],
    args: argparse.Namespace,
) -> None:
    rows = []
    for outcome in outcomes:
        row = as_json(outcome)
        test = tests.get((outcome.method, outcome.task))
        row |= {"won": None, "lost": None, "p": None}
        if test is not None:
            row |= {"won": test.wins, "lost": test.losses, "p": test.p}
        row["interval_low"], row["interval_high"] = row["interval"]
        rows.append(row)
    if args.csv:
        writer = output.CsvWriter(FIELDS)
        for row in rows:
            writer.write([row[field] for field in FIELDS])
    elif args.json:
        for row in rows:
            del row["interval_low"], row["interval_high"]
            output.write_json(row)
    else:
        for task in dict.fromkeys(outcome.task for outcome in outcomes):
            of_task = [row for row in rows if row["task"] == task]
            print(f"{task}: {of_task[0]['videos']} videos, {of_task[0]['majority']:.3f} of them "
                  "in the largest class")  # fmt: skip
            cells = [
                (
                    row["method"], row["accuracy_mean"], row["accuracy_sd"], *row["interval"],
                    row["recall_mean"], row["won"], row["lost"], row["p"],
                )
                for row in of_task
            ]  # fmt: skip
            print(output.table(SHOWN, cells), end="\n\n")
        print("won, lost, p: videos that the whole system answers right more often, less often, "
              "and the two-sided sign test")  # fmt: skip
