"""Label lists: what a user says of videos, taken together (T1, T2, T4).

Everything that is wrong is collected and told with its line, so that one reading mends a list. No
video is opened.
"""

import collections
import errno
import itertools
import operator
import os
import stat
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from lsfref.app.lists.label_lists import read_list
from lsfref.app.lists.rows import Listed, Row
from lsfref.app.output import counted
from lsfref.errors import LabelsError
from lsfref.media.pictures import holds_pictures
from lsfref.model import LabeledVideo
from lsfref.phases.advice import check_classes
from lsfref.storage.files import PathLike, printable

BACKGROUND = ("normal", "illumination", "noise", "rain", "camera shaking", "tree waving")
FOREGROUND = ("none", "human")
KNOWN = {"background": BACKGROUND, "foreground": FOREGROUND}  # class names in their order (T1)
MOST_TOLD = 20


class Manifest(NamedTuple):
    """A label list that was understood: videos sorted by name."""

    videos: list[LabeledVideo]
    splits: list[str]  # "", "train" or "test", for each video
    lines: Sequence[int]  # of each video in the list; 0 where the list is a folder
    source: str  # the list's name
    notes: Sequence[str] = ()

    @property
    def classes(self) -> dict[str, tuple[str, ...]]:
        """The classes of each task that videos have."""
        labels = {task: {getattr(video, task) for video in self.videos} for task in KNOWN}
        return {task: class_order(task, names) for task, names in labels.items()}

    @property
    def has_groups(self) -> bool:
        """Whether some videos name a group."""
        return any(video.group for video in self.videos)

    def place(self, i: int) -> str:
        """Return where video i stands: "labels.csv line 7"."""
        return f"{self.source} line {self.lines[i]}" if self.lines[i] else self.source


def read_labels(path: PathLike) -> Manifest:
    """Return the videos of a label list. Raises LabelsError with every fault and its line."""
    listed, faults = parse_labels(path)
    if faults:
        more = [f"... and {len(faults) - MOST_TOLD} more"] if len(faults) > MOST_TOLD else []
        raise LabelsError("\n".join(faults[:MOST_TOLD] + more))
    return understood(listed, printable(path))


def parse_labels(path: PathLike) -> tuple[Listed, list[str]]:
    """Return the rows that are good, with the paths of their files, and every fault in order."""
    name = printable(path)
    try:
        listed = read_list(path)
    except OSError as fault:
        raise LabelsError(f"{name}: cannot be read: {fault.strerror or fault}") from None
    faults = list(listed.faults)
    if not listed.rows and not faults:
        faults.append((0, "lists no videos"))
    rows = existing(listed, faults)
    check_sides(rows, faults)
    bad = {line for line, _ in faults if line}
    rows = [row for row in rows if row.line not in bad]
    told = [f"{name} line {n}: {text}" if n else f"{name}: {text}" for n, text in sorted(faults)]
    return listed._replace(rows=rows), told


def understood(listed: Listed, name: str) -> Manifest:
    """Return what rows mean together."""
    rows = sorted(listed.rows, key=operator.attrgetter("file"))
    videos = [row.video(row.file, listed.path(row)) for row in rows]
    splits, lines = [row.split for row in rows], [row.line for row in rows]
    return Manifest(videos, splits, lines, name, listed.notes)


def class_order(task: str, names: Iterable[str | None]) -> tuple[str, ...]:
    """Return the class names of a task in order: the known ones, then the rest sorted (T1)."""
    present, known = {name for name in names if name}, KNOWN[task]
    return (*(n for n in known if n in present), *sorted(present.difference(known)))


def part(manifest: Manifest, wanted: Sequence[bool]) -> Manifest:
    """Return the wanted videos; classes that none of them has are gone."""
    of_each = {name: getattr(manifest, name) for name in ("videos", "splits", "lines")}
    kept: Any = {name: list(itertools.compress(held, wanted)) for name, held in of_each.items()}
    return manifest._replace(**kept)


def training_part(manifest: Manifest) -> Manifest:
    """Return the videos that are not set aside for testing, with their classes.

    Raises LabelsError where all are.
    """
    if set(manifest.splits) == {"test"}:
        raise LabelsError(f"{manifest.source}: every video has split 'test': none is left to train")
    return part(manifest, [split != "test" for split in manifest.splits])


def describe(manifest: Manifest) -> list[str]:
    """Return lines that say what was understood: classes, counts, groups, splits."""
    videos = manifest.videos
    lines = [counted(len(videos), "video")]
    if manifest.has_groups:
        lines[0] += f" in {counted(len({v.group or v.name for v in videos}), 'group')}"
    if any(manifest.splits):
        lines[0] += f"; split: {manifest.splits.count('train')} train, "
        lines[0] += f"{manifest.splits.count('test')} test"
    for task, names in manifest.classes.items():
        counts = collections.Counter(getattr(v, task) for v in videos)
        told = ", ".join(f"{printable(n)} {counts[n]}" for n in names) or "no labels"
        lines.append(f"{task}: {told}" + (f"; {counts[None]} unlabeled" if counts[None] else ""))
    return [*lines, *(f"note: {text}" for text in [*_near_names(manifest), *manifest.notes])]


def _near_names(manifest: Manifest) -> list[str]:
    """Return remarks on class names that differ in capitals or blanks alone."""
    told = []
    for task, names in manifest.classes.items():
        seen: dict[str, str] = {}
        for name in names:
            first = seen.setdefault("".join(name.casefold().split()), name)
            if first is not name:
                told.append(f"{task}: '{printable(first)}' and '{printable(name)}' are two classes")
    return told


def refuse_lone_classes(manifest: Manifest) -> None:
    """Raise LabelsError where classes have one video: too few to train on or to measure."""
    told = []
    for task, names in manifest.classes.items():
        labels = [getattr(v, task) for v in manifest.videos]
        counts = collections.Counter(labels)
        for name in names:
            if counts[name] == 1:
                which = f"{manifest.place(labels.index(name))}: {task}: class '{printable(name)}'"
                told.append(f"{which} has one video; label a second or leave it out")
    if told:
        raise LabelsError("\n".join(told))


def refuse_unfit(
    manifest: Manifest, usable: Sequence[LabeledVideo], skipped: Sequence[str] = ()
) -> None:
    """Raise LsfrefError where a model of the usable videos of a list cannot be fit."""
    refuse_lone_classes(manifest)
    check_classes(usable, {t: c for t, c in manifest.classes.items() if c}, skipped)


def existing(listed: Listed, faults: list[tuple[int, str]]) -> list[Row]:
    """Return the rows whose file is there and new; note the others.

    Two names of one file are found by what the disk says it is.
    """
    rows = []
    seen: dict[tuple[int, int], Row] = {}
    for row in listed.rows:
        try:
            status = os.stat(listed.path(row))
        except OSError as fault:
            missing = fault.errno in (errno.ENOENT, errno.ENOTDIR)
            told = "no such file" if missing else f"cannot be read ({fault.strerror})"
            faults.append((row.line, f"{told}: '{printable(row.file)}'"))
            continue
        if not stat.S_ISREG(status.st_mode) and not holds_pictures(listed.path(row)):
            what = "a folder" if stat.S_ISDIR(status.st_mode) else "not a regular file"
            faults.append((row.line, f"'{printable(row.file)}' is {what}, not a video"))
            continue
        first = seen.setdefault((status.st_dev, status.st_ino), row)
        if first is row:
            rows.append(row)
        else:
            faults.append((row.line, _told_twice(first, row)))
    return rows


def _told_twice(first: Row, row: Row) -> str:
    name = f"'{printable(row.file)}'"
    at = f"line {first.line}" if first.line else f"'{printable(first.file)}'"
    if {first.split, row.split} == {"train", "test"}:
        return f"{name} is in train and in test ({at}); a file has one side"
    labels = (first.background, first.foreground) == (row.background, row.foreground)
    return f"{name} is listed twice ({at} too{'' if labels else ', with other labels'})"


def check_sides(rows: list[Row], faults: list[tuple[int, str]]) -> None:
    """Note splits that are none, cells left empty among filled ones, groups on both sides."""
    if not any(row.split for row in rows):
        return
    first: dict[str, Row] = {}
    for row in rows:
        if row.split not in ("train", "test"):
            empty = "split is empty; want train or test here, or nowhere"
            told = f"split '{printable(row.split)}'; want train or test" if row.split else empty
            faults.append((row.line, told))
            continue
        other = first.setdefault(row.group, row) if row.group else row
        if other.split != row.split:
            told = f"group '{printable(row.group)}' is in {row.split}"
            faults.append((row.line, f"{told} and in {other.split} (line {other.line})"))
