"""`classify`: the answers of both tasks for each video."""

import argparse
import functools
from typing import TYPE_CHECKING, Any

from lsfref.app import options, output
from lsfref.app.manifest import find_videos
from lsfref.app.session import session
from lsfref.files import printable

if TYPE_CHECKING:
    from lsfref.model import Model
    from lsfref.pipeline import Answer


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags of `classify`."""
    parser.add_argument("videos", nargs="+", metavar="VIDEO", help="files, or folders of files")
    options.add_model(parser)
    options.add_output(parser)
    options.add_limits(parser)
    options.add_common(parser)


def run(args: argparse.Namespace) -> int:
    """Print one row a video, in the order asked; status 1 where one had no answer."""
    import dataclasses

    from lsfref import model, pipeline

    fitted = model.load(args.model)
    fitted = dataclasses.replace(fitted, config=options.with_flags(fitted.config, args))
    paths = find_videos(args.videos)
    rows: list[dict[str, Any]] = []
    writer = None
    with session(args, passes=1, n_videos=len(paths)) as work:
        ask = functools.partial(pipeline.classify, model=fitted, extract=work.extract)
        if args.csv:
            writer = output.CsvWriter(csv_header(fitted))
        for path, answer in zip(paths, work.mapper(ask, paths), strict=True):
            row = as_row(path, answer, strict=args.strict)
            rows.append(row)
            work.progress("classifying", len(rows), len(paths))
            if args.json:
                output.write_json(row)
            elif writer:
                writer.write(csv_cells(row, fitted))
            for text in row["warnings"]:
                work.progress.say(f"warning: {printable(text)}")
            if row["error"]:
                work.progress.say(f"error: {printable(row['error'])}")
    if not args.json and not args.csv:
        print(as_table(rows))
    failed = [row["error"] for row in rows if row["error"]]
    if failed and len(rows) > 1:
        work.progress.say(f"{len(rows) - len(failed)} ok, {len(failed)} failed")
    return 1 if failed else 0


def as_row(path: str, answer: "Answer", *, strict: bool) -> dict[str, Any]:
    """Return the documented fields of one answer; with `strict`, a warning is an error."""
    row: dict[str, Any] = {"file": path, "frames": answer.frames, "points": answer.points}
    error = answer.error or (answer.warnings[0] if strict and answer.warnings else None)
    for task, label in answer.labels.items():
        told = {"label": label, "confidence": answer.confidence.get(task)}
        row[task] = None if label is None or error else told
    return row | {"warnings": list(answer.warnings), "error": error}


def csv_header(fitted: "Model") -> list[str]:
    """Return the column names: the JSON fields, and one column a class."""
    header = ["file", "frames", "points"]
    for name, task in fitted.tasks.items():
        header += [name, *(f"{name} {c}" for c in task.classes)]
    return [*header, "warnings", "error"]


def csv_cells(row: dict[str, Any], fitted: "Model") -> list[Any]:
    """Return the cells of one row under `csv_header`."""
    cells = [row["file"], row["frames"], row["points"]]
    for name, task in fitted.tasks.items():
        told = row[name] or {"label": None, "confidence": {}}
        cells += [told["label"], *(told["confidence"].get(c) for c in task.classes)]
    return [*cells, "; ".join(row["warnings"]) or None, row["error"]]


def as_table(rows: list[dict[str, Any]]) -> str:
    """Return a table: file, both labels with the share of votes behind them, counts."""
    lines = []
    for row in rows:
        cells = [row["file"]]
        for task in ("background", "foreground"):
            told = row[task]
            share = told and told["confidence"][told["label"]]
            cells += [told and told["label"], told and f"{100 * share:.0f}%"]
        lines.append([*cells, row["frames"], row["points"]])
    header = ["file", "background", "share", "foreground", "share", "frames", "trajectories"]
    return output.table(header, lines)
