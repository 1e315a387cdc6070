"""`check`: read a label list, decode every video of it, say what is wrong; nothing is fitted.

Status 0 if all is well, 1 if videos are no good or damaged, 3 if the list itself has mistakes (the
videos that it names rightly are decoded all the same).
"""

import argparse
import collections
import functools
import hashlib
import os
import sys
from collections.abc import Sequence
from typing import Any, NamedTuple

from lsfref.app import options, output
from lsfref.app.lists.manifest import Manifest, describe, lone_classes, parse_labels, understood
from lsfref.app.work.session import session
from lsfref.config import Config
from lsfref.storage.files import printable

FIELDS = ("file", "line", "background", "foreground", "group", "split", "frames", "width", "height")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags of `check`."""
    parser.add_argument(
        "list", nargs="?", metavar="LABELS", help="label list: CSV, lines, or a folder per class"
    )
    parser.add_argument("--labels", metavar="CSV", help="the same, by a flag")
    options.add_output(parser)
    options.add_limits(parser)
    options.add_common(parser)
    parser.set_defaults(cache="none")


def run(args: argparse.Namespace) -> int:
    """Print what was understood and what is wrong."""
    path = args.list or args.labels
    if path is None:
        raise options.UsageError("name a label list: check LABELS")
    listed, faults = parse_labels(path)
    if not listed.rows:
        print("\n".join(faults), file=sys.stderr if args.json or args.csv else sys.stdout)
        return 3
    manifest = understood(listed, printable(path))
    with session(args, passes=1, n_videos=len(manifest.videos)) as doing:
        if not args.json and not args.csv:
            print("\n".join(describe(manifest)), flush=True)
        paths = [video.path for video in manifest.videos]
        config = options.with_flags(Config(), args)
        look = functools.partial(
            look_at, max_frames=config.max_frames, max_pixels=config.max_pixels
        )
        looks = list(doing.work.each("decoding", look, paths))
        say = doing.progress.say
    rows = [as_row(manifest, i, found) for i, found in enumerate(looks)]
    mark_copies(rows, looks)
    if args.json:
        for row in rows:
            output.write_json(row)
    elif args.csv:
        writer = output.CsvWriter((*FIELDS, "warnings", "error"))
        for row in rows:
            told = ["; ".join(row["warnings"]) or None, row["error"]]
            writer.write([*(row[field] for field in FIELDS), *told])
    else:
        print("\n".join([*sizes(rows), *problems(rows, faults), *lone_classes(manifest)]))
    if args.json or args.csv:
        for text in faults:
            say(text)
    if faults:
        return 3
    return 1 if any(row["error"] or row["warnings"] for row in rows) else 0


class Look(NamedTuple):
    """What decoding a video showed."""

    frames: int
    width: int
    height: int
    digest: str
    warnings: tuple[str, ...]
    error: str | None


def look_at(path: str, *, max_frames: int, max_pixels: int) -> Look:
    """Return how many frames a video has, how large, and what is wrong with it."""
    from lsfref import video
    from lsfref.descriptors import PATCH
    from lsfref.errors import LsfrefError
    from lsfref.trajectories import TRACK_LENGTH

    warnings: list[str] = []
    frames = width = height = 0
    error = None
    try:
        pictures = video.read_frames(
            path, grey="8bit", max_frames=max_frames, max_pixels=max_pixels, warn=warnings.append
        )
        for grey_HW in pictures:
            frames += 1
            height, width = grey_HW.shape
    except LsfrefError as fault:
        error = str(fault)
    name = printable(path)
    if error is None and frames <= TRACK_LENGTH:
        error = f"{name}: {frames} frames; a trajectory needs {TRACK_LENGTH + 1}"
    elif error is None and min(width, height) < PATCH:
        error = f"{name}: frames of {width}x{height} pixels; each side must have {PATCH}"
    return Look(frames, width, height, content(path), tuple(warnings), error)


def content(path: str) -> str:
    """Return a digest of a file's bytes; "" where it cannot be read."""
    digest = hashlib.sha256()
    try:
        with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
            while chunk := file.read(1 << 20):
                digest.update(chunk)
    except OSError:
        return ""
    return digest.hexdigest()


def as_row(manifest: Manifest, i: int, found: Look) -> dict[str, Any]:
    """Return what is said and what was seen of video i."""
    video = manifest.videos[i]
    seen = (found.frames, found.width, found.height) if found.frames else (0, None, None)
    said = (video.name, manifest.lines[i] or None, video.background, video.foreground, video.group)
    row = dict(zip(FIELDS, (*said, manifest.splits[i] or None, *seen), strict=True))
    return row | {"warnings": list(found.warnings), "error": found.error}


def mark_copies(rows: Sequence[dict[str, Any]], looks: Sequence[Look]) -> None:
    """Warn of files with the same bytes: one could be on both sides of a split."""
    first: dict[str, dict[str, Any]] = {}
    for row, found in zip(rows, looks, strict=True):
        other = first.setdefault(found.digest or f"\0{row['file']}", row)
        if other is not row:
            told = f"{printable(row['file'])}: the same bytes as {printable(other['file'])}"
            row["warnings"].append(f"{told}; keep one, or give both one group")


def sizes(rows: Sequence[dict[str, Any]]) -> list[str]:
    """Return how many frames there are, how large, and which video is the shortest."""
    seen = [row for row in rows if row["frames"]]
    if not seen:
        return []
    counts = collections.Counter(f"{row['width']}x{row['height']}" for row in seen)
    told = ", ".join(f"{size} ({n} videos)" for size, n in counts.most_common(6))
    more = f", and {len(counts) - 6} other sizes" if len(counts) > 6 else ""
    short = min(seen, key=lambda row: row["frames"])
    return [
        f"{sum(row['frames'] for row in seen)} frames decoded; {told}{more}",
        f"shortest: {printable(short['file'])}, {short['frames']} frames",
    ]


def problems(rows: Sequence[dict[str, Any]], faults: Sequence[str]) -> list[str]:
    """Return every problem with the line that it is on, the list's own first."""
    told = list(faults)
    for row in rows:
        line = f"line {row['line']}: " if row["line"] else ""
        for text in [*row["warnings"], *([row["error"]] if row["error"] else [])]:
            told.append(line + printable(text))
    n_bad = sum(bool(row["error"]) for row in rows)
    end = f"{len(rows) - n_bad} videos can be used, {n_bad} cannot" if n_bad else None
    return [*told, end or f"all {len(rows)} videos can be used"]
