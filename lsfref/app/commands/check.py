"""`check`: read a label list, extract every video of it, say what is wrong; nothing is fitted.

What can be used is decided as `train` decides it, and what was extracted is kept for it. Status 0
if all is well, 1 if videos are no good or damaged, 3 if the list itself has mistakes (the videos
that it names rightly are looked at all the same) or `train` would refuse it. Every row and problem
is printed as it is found.
"""

import argparse
import collections
import contextlib
import functools
import sys
from collections.abc import Sequence
from typing import Any

from lsfref import video
from lsfref.app import options, output
from lsfref.app.lists import manifest as lists
from lsfref.app.output import counted
from lsfref.app.work.session import session
from lsfref.config import Config
from lsfref.errors import LsfrefError, VideoError
from lsfref.media.pictures import content_digest
from lsfref.phases.extraction import Extract
from lsfref.phases.passes import Pooled, survey, trackless
from lsfref.storage.files import printable

FIELDS = (
    "file", "line", "background", "foreground", "group", "split", "frames", "width", "height",
    "warnings", "error",
)  # fmt: skip


def run(args: argparse.Namespace) -> int:
    """Print what was understood and what is wrong."""
    path = args.list or args.labels
    if path is None:
        raise options.UsageError("name a label list: check LABELS")
    listed, faults = lists.parse_labels(path)
    if not listed.rows:
        print("\n".join(faults), file=sys.stderr if args.json or args.csv else sys.stdout)
        return 3
    manifest = lists.understood(listed, printable(path))
    config, choices = options.chosen(args)
    tracks = choices is None or choices.trackless == "no"
    rows: list[dict[str, Any]] = []
    with session(args, passes=1, n_videos=len(manifest.videos)) as doing:
        show = output.printer(args, FIELDS)
        say = doing.progress.say if show else print
        for text in (*(() if show else lists.describe(manifest)), *faults):
            say(text)
        look = functools.partial(look_at, config=config, tracks=tracks, extract=doing.work.extract)
        first: dict[str, dict[str, Any]] = {}
        try:
            looks = doing.work.each("extracting", look, [v.path for v in manifest.videos])
            for i, (found, size, digest) in enumerate(looks):
                row = as_row(manifest, i, found, size)
                rows.append(row)
                mark_copy(row, first.setdefault(digest or f"\0{i}", row))
                if show:
                    show(row)
                else:
                    doing.progress.clear()
                    print(*problems(row), sep="", end="", flush=True)
        finally:  # also of what was seen before Ctrl-C
            if show is None:
                print("\n".join(sizes(rows)), flush=True)
        refused = refusals(manifest, rows)
        for text in refused:
            say(text)
    if faults or refused:
        return 3
    return 1 if any(row["error"] or row["warnings"] for row in rows) else 0


def refusals(manifest: lists.Manifest, rows: Sequence[dict[str, Any]]) -> list[str]:
    """Return why `train` would refuse the list, with the videos of it that can be used."""
    bad = {row["file"]: row["error"] for row in rows if row["error"]}
    try:
        training = lists.training_part(manifest)
        usable = [video for video in training.videos if video.name not in bad]
        lists.refuse_unfit(training, usable, [*bad.values()])
    except LsfrefError as fault:
        return str(fault).split("\n")
    return []


def look_at(
    path: str, *, config: Config, tracks: bool, extract: Extract
) -> tuple[Pooled, tuple[int | None, int | None], str]:
    """Return what `train` learns of a video, its width and height, and a digest of its bytes.

    `tracks`: a video without trajectories is no use.
    """
    found, size, digest = survey(path, config=config, extract=extract), (None, None), ""
    if not tracks and trackless(path, found, config):
        found = found._replace(error=None)
    if found.n_frames:
        # What is wrong with the file is said by the survey.
        first = video.read_frames(path, max_pixels=config.max_pixels, warn=lambda _text: None)
        size = next(first).shape[::-1]
    with contextlib.suppress(OSError, VideoError):  # one that cannot be read has none
        digest = content_digest(path)
    return found, size, digest


def as_row(manifest: lists.Manifest, i: int, found: Pooled, size: Sequence[Any]) -> dict[str, Any]:
    """Return what is said and what was seen of video i."""
    video = manifest.videos[i]
    said = (video.name, manifest.lines[i] or None, video.background, video.foreground, video.group)
    seen = (found.n_frames, *size, list(found.warnings), found.error)
    return dict(zip(FIELDS, (*said, manifest.splits[i] or None, *seen), strict=True))


def mark_copy(row: dict[str, Any], other: dict[str, Any]) -> None:
    """Warn of a file with the bytes of another: they could be on both sides of a split."""
    if other is not row:
        text = f"{printable(row['file'])}: the same bytes as {printable(other['file'])}"
        row["warnings"].append(f"{text}; keep one, or give both one group")


def sizes(rows: Sequence[dict[str, Any]]) -> list[str]:
    """Return how many frames there are, how large, the shortest video, and how many can be used."""
    lines = []
    if seen := [row for row in rows if row["frames"]]:
        counts = collections.Counter(f"{row['width']}x{row['height']}" for row in seen)
        text = ", ".join(f"{size} ({counted(n, 'video')})" for size, n in counts.most_common(6))
        more = f", and {len(counts) - 6} other sizes" if len(counts) > 6 else ""
        n_frames = sum(row["frames"] for row in seen)
        short = min(seen, key=lambda row: row["frames"])
        lines = [
            f"{counted(n_frames, 'frame')} decoded; {text}{more}",
            f"shortest: {printable(short['file'])}, {counted(short['frames'], 'frame')}",
        ]
    n_bad = sum(bool(row["error"]) for row in rows)
    good = f"{counted(len(rows) - n_bad, 'video')} can be used"
    return [*lines, f"{good}, {n_bad} cannot" if n_bad else f"all {good}" if rows[1:] else good]


def problems(row: dict[str, Any]) -> list[str]:
    """Return the lines of what is wrong with a video, and where the list names it."""
    place = f"line {row['line']}: " if row["line"] else ""
    texts = [*row["warnings"], *([row["error"]] if row["error"] else [])]
    return [f"{place}{printable(text)}\n" for text in texts]
