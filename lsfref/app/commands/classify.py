"""`classify`: the answers of both tasks for each video."""

import argparse
import collections
import functools
import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from lsfref.app import options, output
from lsfref.app.evaluation import systems
from lsfref.app.evaluation.judgment import caution
from lsfref.app.lists.label_lists import find_videos
from lsfref.app.work.session import session
from lsfref.model import TASKS, Model
from lsfref.phases.passes import Pooled
from lsfref.phases.testing import Answer
from lsfref.phases.timeline import Timeline
from lsfref.storage.files import printable
from lsfref.study.protocol.answering import Answerer, answer_as

INTERVAL, SECONDS = ("first", "last"), ("begin", "end")  # columns of --timeline


def run(args: argparse.Namespace) -> int:
    """Print one row per video, in the order asked; status 1 where one had no answer."""
    fitted = options.model_from(args)
    asked = systems.answerer(fitted, printable(args.model))
    paths, left_out = find_videos(args.videos)
    remark = caution(fitted.estimate)
    rows: list[dict[str, Any]] = []
    with session(args, passes=1, n_videos=len(paths)) as doing:
        for text in [remark, *left_out] if remark else left_out:
            doing.progress.say(f"note: {text}")
        timed = bool(args.timeline)
        show = output.printer(args, csv_fields(fitted, timed=timed), flat=csv_cells)
        # Jobs describe videos, with the network alone; they are answered here, where the index is.
        look: Callable[..., Any] = asked.describe
        if timed:
            when = {"seconds": args.timeline, "rate": args.rate}
            look = functools.partial(asked.describe_intervals, **when)
        look = functools.partial(look, extract=doing.work.extract)
        described = doing.work.each("classifying", look, paths)
        for path, found in zip(paths, described, strict=True):
            parts = list(rows_of(path, found, asked, args))
            parts = joined(parts) if timed and not args.every else parts
            rows += parts
            for row in parts:
                if show is not None:
                    show(row)
            doing.progress.report(found.warnings, found.error)
        if len(paths) > 1:
            doing.progress.explain(counts(rows))
        status = doing.progress.conclude(len(paths))
    if show is None:
        print(as_table(rows, timed=timed))
    return status


def rows_of(
    path: str, found: Pooled | Timeline, asked: Answerer, args: argparse.Namespace
) -> Iterator[dict[str, Any]]:
    """Yield the rows of one video: one, or with --timeline one per interval."""
    if isinstance(found, Pooled):
        yield as_row(path, answer_as(asked, found), args)
        return
    if found.error or not found.intervals:
        nothing = Pooled(None, 0, found.n_frames, found.warnings, found.error)
        yield as_row(path, answer_as(asked, nothing), args, interval=None, seconds=None)
    for part in found.intervals:
        said = answer_as(asked, part.pooled._replace(warnings=found.warnings))
        ends = [part.first, part.last]
        yield as_row(path, said, args, interval=ends, seconds=part.seconds)


def as_row(path: str, said: Answer, args: argparse.Namespace, **times: Any) -> dict[str, Any]:
    """Return the documented fields of one answer; `times` are those of an interval.

    A label below --threshold is null, its confidence stays. Classes with equal shares are named in
    `tie`: the label is the first of them, and none passes a threshold.
    """
    row: dict[str, Any] = {"file": path, **times, "frames": said.frames, "points": said.points}
    for task, label in said.labels.items():
        shares = said.confidence.get(task)
        row[task] = None
        if shares is not None and label is not None:
            tie = [name for name, share in shares.items() if share == shares[label]]
            sure = not args.threshold or (shares[label] >= args.threshold and len(tie) == 1)
            row[task] = {"label": label if sure else None, "confidence": shares}
            if len(tie) > 1:
                row[task]["tie"] = tie
    return row | {"warnings": list(said.warnings), "error": said.error}


def csv_fields(fitted: Model, *, timed: bool) -> list[str]:
    """Return the column names: the JSON fields, the answer's share, and one column a class."""
    fields = ["file", *([*INTERVAL, *SECONDS] if timed else []), "frames", "points"]
    for name, task in fitted.tasks.items():
        fields += [name, f"{name} share", *(f"{name} {c}" for c in task.classes)]
    return [*fields, "warnings", "error"]


def csv_cells(row: output.Row) -> output.Row:
    """Return the cells of one row under `csv_fields`."""
    cells = dict(row)
    cells.update(zip(INTERVAL, row.get("interval") or (), strict=False))
    cells.update(zip(SECONDS, row.get("seconds") or (), strict=False))
    for name in TASKS:
        told = row[name] or {"label": None, "confidence": {}}
        cells[name] = told["label"]
        cells[f"{name} share"] = max(told["confidence"].values(), default=None)
        cells.update((f"{name} {c}", share) for c, share in told["confidence"].items())
    return cells


def labels_of(row: output.Row) -> list[str | None]:
    """Return what a row says of both tasks, in a word or two; None where it says nothing."""
    said: list[str | None] = []
    for told in (row[task] for task in TASKS):
        label = told and " or ".join(told.get("tie", [told["label"] or ""]))
        said.append(label if not told or told["label"] else "(unsure)")
    return said


def joined(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows of timelines with equal neighbors as one: shares are the mean of theirs."""

    def answer(row: dict[str, Any]) -> list[str | None]:
        return [row["file"], row["error"], *labels_of(row)]

    merged = []
    for same in (list(group) for _, group in itertools.groupby(rows, answer)):
        first, last = same[0], same[-1]
        one = first | {name: sum(row[name] for row in same) for name in ("frames", "points")}
        for name in ("interval", "seconds"):
            one[name] = first[name] and [first[name][0], last[name][1]]
        for task in TASKS:
            if first[task]:
                shares = [row[task]["confidence"] for row in same]
                means = {c: sum(s[c] for s in shares) / len(shares) for c in shares[0]}
                one[task] = first[task] | {"confidence": means}
        merged.append(one)
    return merged


def stamp(seconds: float) -> str:
    """Return h:mm:ss, with tenths where they are no whole seconds."""
    minutes, second = divmod(round(seconds, 1), 60)
    hours, minute = divmod(int(minutes), 60)
    digits = f"{second:02.0f}" if second == int(second) else f"{second:04.1f}"
    return f"{hours}:{minute:02}:{digits}"


def counts(rows: Sequence[output.Row]) -> Iterator[str]:
    """Yield a line per task: how many videos were given each answer."""
    for number, task in enumerate(TASKS):
        found = collections.Counter(labels_of(row)[number] or "no answer" for row in rows)
        yield f"{task}: " + ", ".join(f"{printable(name)} {n}" for name, n in found.most_common())


def as_table(rows: Sequence[output.Row], *, timed: bool) -> str:
    """Return a table: file, both labels with the share of votes behind them, counts."""
    header = ["file", "background", "share", "foreground", "share", "frames", "trajectories"]
    if timed:
        header[1:1] = ["frames from", "to", "time"]
    lines = []
    for row in rows:
        cells = [row["file"]]
        if timed:
            times = row["seconds"] and " - ".join(map(stamp, row["seconds"]))
            cells += [*(row["interval"] or [None, None]), times]
        for task, label in zip(TASKS, labels_of(row), strict=True):
            best = row[task] and max(row[task]["confidence"].values())
            cells += [label, best and f"{100 * best:.0f}%"]
        lines.append([*cells, row["frames"], row["points"]])
    return output.table(header, lines)
