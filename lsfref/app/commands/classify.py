"""`classify`: the answers of both tasks for each video."""

import argparse
import dataclasses
import functools
from collections.abc import Callable, Iterator
from typing import Any

from lsfref import model, pipeline
from lsfref.app import options, output
from lsfref.app.lists.manifest import find_videos
from lsfref.app.work.progress import conclusion
from lsfref.app.work.session import Session, session
from lsfref.model import TASKS, Model
from lsfref.phases import timeline
from lsfref.phases.timeline import Timeline
from lsfref.pipeline import Answer
from lsfref.storage.files import printable


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags of `classify`."""
    parser.add_argument("videos", nargs="+", metavar="VIDEO", help="files, or folders of files")
    options.add_model(parser)
    parser.add_argument(
        "--timeline", type=options.duration, default=0.0, metavar="SECONDS",
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
    """Print one row a video, in the order asked; status 1 where one had no answer."""
    fitted = model.load(args.model)
    fitted = dataclasses.replace(fitted, config=options.with_flags(fitted.config, args))
    paths = find_videos(args.videos)
    rows: list[dict[str, Any]] = []
    causes: list[str] = []
    with session(args, passes=1, n_videos=len(paths)) as work:
        ask, finish = asker(fitted, args, work)
        timed = bool(args.timeline)
        writer = output.CsvWriter(csv_header(fitted, timed=timed)) if args.csv else None
        work.progress("classifying", 0, len(paths))
        for done, (path, one) in enumerate(zip(paths, work.mapper(ask, paths), strict=True)):
            work.progress("classifying", done + 1, len(paths))
            found = finish(one)
            for row in rows_of(path, found, args):
                if args.json:
                    output.write_json(row)
                elif writer:
                    writer.write(csv_cells(row, fitted))
                else:
                    rows.append(row)
            for text in found.warnings:
                work.progress.say(f"warning: {printable(text)}")
            if found.error:
                causes.append(printable(found.error))
                work.progress.say(f"error: {causes[-1]}")
        if told := conclusion(len(paths), causes):
            work.progress.say(told)
    if not args.json and not args.csv:
        print(as_table(rows, timed=bool(args.timeline)))
    return 1 if causes else 0


def asker(
    fitted: Model, args: argparse.Namespace, work: Session
) -> tuple[Callable[..., Any], Callable[[Any], Answer | Timeline]]:
    """Return what a job does with a video, and what makes the answer of it here."""
    alone: Callable[..., Any] = functools.partial(pipeline.classify, model=fitted)
    parts = functools.partial(timeline.classify_timeline, model=fitted, seconds=args.timeline)
    finish: Callable[[Any], Answer | Timeline] = _as_it_is
    if fitted.extras is not None:
        from lsfref.study.best import preset as best

        other = best.answerer(fitted, printable(args.model))
        parts = functools.partial(other.timeline, seconds=args.timeline)
        if not args.timeline:  # every job gets the network, none the index
            alone, finish = other.describe, other.answer
    return functools.partial(parts if args.timeline else alone, extract=work.extract), finish


def _as_it_is(found: Answer | Timeline) -> Answer | Timeline:
    return found


def rows_of(
    path: str, found: Answer | Timeline, args: argparse.Namespace
) -> Iterator[dict[str, Any]]:
    """Yield the rows of one video: one, or with --timeline one an interval."""
    if isinstance(found, pipeline.Answer):
        yield as_row(path, found, args)
        return
    if found.error or not found.intervals:
        no_labels: dict[str, str | None] = dict.fromkeys(TASKS)
        nothing = pipeline.Answer(found.frames, 0, no_labels, {}, found.warnings, found.error)
        yield _timed(as_row(path, nothing, args), None, None)
    for part in found.intervals:
        answer = part.answer._replace(warnings=found.warnings)
        yield _timed(as_row(path, answer, args), [part.first, part.last], part.seconds)


def as_row(path: str, answer: Answer, args: argparse.Namespace) -> dict[str, Any]:
    """Return the documented fields of one answer.

    A label below --threshold is null, its confidence stays.
    """
    row: dict[str, Any] = {"file": path, "frames": answer.frames, "points": answer.points}
    for task, label in answer.labels.items():
        shares = answer.confidence.get(task)
        if shares is None or label is None:
            row[task] = None
        else:
            sure = shares[label] >= args.threshold
            row[task] = {"label": label if sure else None, "confidence": shares}
    return row | {"warnings": list(answer.warnings), "error": answer.error}


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
