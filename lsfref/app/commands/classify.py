"""`classify`: the answers of both tasks for each video."""

import argparse
import dataclasses
import functools
from collections.abc import Callable, Iterator
from typing import Any

from lsfref import model
from lsfref.app import options, output
from lsfref.app.evaluation import systems
from lsfref.app.evaluation.estimate import caution
from lsfref.app.lists.label_lists import find_videos
from lsfref.app.work.progress import conclusion
from lsfref.app.work.session import session
from lsfref.model import TASKS, Model
from lsfref.phases.passes import Pooled
from lsfref.phases.testing import Answer
from lsfref.phases.timeline import Timeline
from lsfref.storage.files import printable
from lsfref.study.protocol.answering import Answerer, answer_as


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags of `classify`."""
    parser.add_argument("videos", nargs="+", metavar="VIDEO", help="files, or folders of files")
    options.add_model(parser)
    parser.add_argument(
        "--timeline", type=options.amount, default=0.0, metavar="SECONDS",
        help="one answer per interval of this length; 0: one per video",
    )  # fmt: skip
    parser.add_argument(
        "--threshold", type=options.share, default=0.0, metavar="SHARE",
        help="leave a video unlabelled when its top confidence is below this",
    )  # fmt: skip
    options.add_output(parser)
    options.add_limits(parser)
    options.add_common(parser)


def run(args: argparse.Namespace) -> int:
    """Print one row per video, in the order asked; status 1 where one had no answer."""
    fitted = model.load(args.model)
    fitted = dataclasses.replace(fitted, config=options.with_flags(fitted.config, args))
    asked = systems.answerer(fitted, printable(args.model))
    paths, left_out = find_videos(args.videos)
    remark = caution(fitted.estimate)
    rows: list[dict[str, Any]] = []
    causes: list[str] = []
    with session(args, passes=1, n_videos=len(paths)) as doing:
        for text in [remark, *left_out] if remark else left_out:
            doing.progress.say(f"note: {text}")
        timed = bool(args.timeline)
        writer = output.CsvWriter(csv_header(fitted, timed=timed)) if args.csv else None
        # Jobs describe videos, with the network alone; they are answered here, where the index is.
        look: Callable[..., Any] = asked.describe
        if timed:
            look = functools.partial(asked.describe_intervals, seconds=args.timeline)
        look = functools.partial(look, extract=doing.work.extract)
        described = doing.work.each("classifying", look, paths)
        for path, found in zip(paths, described, strict=True):
            for row in rows_of(path, found, asked, args):
                if args.json:
                    output.write_json(row)
                elif writer:
                    writer.write(csv_cells(row, fitted))
                else:
                    rows.append(row)
            for text in found.warnings:
                doing.progress.say(f"warning: {printable(text)}")
            if found.error:
                causes.append(printable(found.error))
                doing.progress.say(f"error: {causes[-1]}")
        if summary := conclusion(len(paths), causes):
            doing.progress.say(summary)
    if not args.json and not args.csv:
        print(as_table(rows, timed=bool(args.timeline)))
    return 1 if causes else 0


def rows_of(
    path: str, found: Pooled | Timeline, asked: Answerer, args: argparse.Namespace
) -> Iterator[dict[str, Any]]:
    """Yield the rows of one video: one, or with --timeline one per interval."""
    if isinstance(found, Pooled):
        yield as_row(path, answer_as(asked, found), args)
        return
    if found.error or not found.intervals:
        nothing = Pooled(None, 0, found.n_frames, found.warnings, found.error)
        yield _timed(as_row(path, answer_as(asked, nothing), args), None, None)
    for part in found.intervals:
        described = part.pooled._replace(warnings=found.warnings)
        row = as_row(path, answer_as(asked, described), args)
        yield _timed(row, [part.first, part.last], part.seconds)


def as_row(path: str, said: Answer, args: argparse.Namespace) -> dict[str, Any]:
    """Return the documented fields of one answer.

    A label below --threshold is null, its confidence stays.
    """
    row: dict[str, Any] = {"file": path, "frames": said.frames, "points": said.points}
    for task, label in said.labels.items():
        shares = said.confidence.get(task)
        if shares is None or label is None:
            row[task] = None
        else:
            sure = shares[label] >= args.threshold
            row[task] = {"label": label if sure else None, "confidence": shares}
    return row | {"warnings": list(said.warnings), "error": said.error}


def _timed(
    row: dict[str, Any], interval: list[int] | None, seconds: tuple[float, float] | None
) -> dict[str, Any]:
    times = {"interval": interval, "seconds": None if seconds is None else list(seconds)}
    return {"file": row.pop("file")} | times | row


def csv_header(fitted: Model, *, timed: bool) -> list[str]:
    """Return the column names: the JSON fields, and one column a class."""
    header = ["file", *(["first", "last", "begin", "end"] if timed else []), "frames", "points"]
    for name, task in fitted.tasks.items():
        header += [name, *(f"{name} {c}" for c in task.classes)]
    return [*header, "warnings", "error"]


def csv_cells(row: dict[str, Any], fitted: Model) -> list[Any]:
    """Return the cells of one row under `csv_header`."""
    cells = [row["file"]]
    if "interval" in row:
        cells += [*(row["interval"] or [None, None]), *(row["seconds"] or [None, None])]
    cells += [row["frames"], row["points"]]
    for name, task in fitted.tasks.items():
        told = row[name] or {"label": None, "confidence": {}}
        cells += [told["label"], *(told["confidence"].get(c) for c in task.classes)]
    return [*cells, "; ".join(row["warnings"]) or None, row["error"]]


def as_table(rows: list[dict[str, Any]], *, timed: bool) -> str:
    """Return a table: file, both labels with the share of votes behind them, counts."""
    header = ["file", "background", "share", "foreground", "share", "frames", "trajectories"]
    if timed:
        header[1:1] = ["frames from", "to", "seconds"]
    lines = []
    for row in rows:
        cells = [row["file"]]
        if timed:
            times = row["seconds"] and "{:.1f} - {:.1f}".format(*row["seconds"])
            cells += [*(row["interval"] or [None, None]), times]
        for task in TASKS:
            told = row[task]
            best = told and max(told["confidence"].values())
            label = told and (told["label"] or "(unsure)")
            cells += [label, told and f"{100 * best:.0f}%"]
        lines.append([*cells, row["frames"], row["points"]])
    return output.table(header, lines)
