"""Label lists: what a user says of videos, read strictly (T1, T2, T4).

Three forms: a CSV with a header `file,background,foreground[,group][,split]`, a folder per class,
and `path label` lines; the last two carry background labels alone. Everything that is wrong is
collected and told with its line, so that one reading mends a list.
"""

import collections
import csv
import io
import os
import stat
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from lsfref.errors import LabelsError
from lsfref.files import printable
from lsfref.pipeline import LabelledVideo

BACKGROUND = ("normal", "illumination", "noise", "rain", "camera shaking", "tree waving")
FOREGROUND = ("none", "human")
SPLITS = ("", "train", "test")
MOST_TOLD = 20
VIDEO_ENDINGS = frozenset(
    ".mp4 .m4v .mov .3gp .mkv .webm .avi .ts .mts .m2ts .mpg .mpeg .flv .ogv .ogg .gif .asf .wmv"
    .split()
)  # fmt: skip


class Manifest(NamedTuple):
    """A label list that was understood: videos sorted by name, and the classes of each task."""

    videos: list[LabelledVideo]
    splits: list[str]  # "", "train" or "test", for each video
    classes: dict[str, tuple[str, ...]]
    has_groups: bool


class _Row(NamedTuple):
    where: str
    name: str
    path: str
    background: str
    foreground: str
    group: str
    split: str


def read_labels(path: str | os.PathLike[str]) -> Manifest:
    """Return the videos of a label list. Raises LabelsError with every fault and its line."""
    name, faults = printable(path), []
    try:
        if os.path.isdir(path):
            rows = list(_folder_rows(os.fspath(path)))
        else:
            text = _read_text(path)
            folder = os.path.dirname(os.path.abspath(path))
            read = _csv_rows if _is_csv(text) else _line_rows
            rows = list(read(text, name, folder, faults))
    except OSError as fault:
        raise LabelsError(f"{name}: cannot be read: {fault.strerror or fault}") from None
    if not rows and not faults:
        faults.append(f"{name}: lists no videos")
    _check_files(rows, faults)
    if faults:
        more = [f"... and {len(faults) - MOST_TOLD} more"] if len(faults) > MOST_TOLD else []
        raise LabelsError("\n".join(faults[:MOST_TOLD] + more))
    rows.sort(key=lambda row: row.name)
    videos = [
        LabelledVideo(r.name, r.path, r.background or None, r.foreground or None, r.group or None)
        for r in rows
    ]
    classes = {
        "background": class_order((r.background for r in rows), BACKGROUND),
        "foreground": class_order((r.foreground for r in rows), FOREGROUND),
    }
    return Manifest(videos, [r.split for r in rows], classes, any(r.group for r in rows))


def class_order(names: Iterable[str], known: tuple[str, ...]) -> tuple[str, ...]:
    """Return the class names in their order: the known ones first, then the rest sorted (T1)."""
    present = set(names) - {""}
    return (*(n for n in known if n in present), *sorted(present.difference(known)))


def describe(manifest: Manifest) -> list[str]:
    """Return lines that say what was understood: classes, counts, groups, splits."""
    videos = manifest.videos
    lines = [f"{len(videos)} videos"]
    if manifest.has_groups:
        lines[0] += f" in {len({v.group or v.name for v in videos})} groups"
    if any(manifest.splits):
        lines[0] += f"; split: {manifest.splits.count('train')} train, "
        lines[0] += f"{manifest.splits.count('test')} test"
    for task, names in manifest.classes.items():
        counts = collections.Counter(getattr(v, task) for v in videos)
        told = ", ".join(f"{printable(n)} {counts[n]}" for n in names) or "no labels"
        lines.append(f"{task}: {told}" + (f"; {counts[None]} unlabelled" if counts[None] else ""))
    return lines


def lone_classes(manifest: Manifest) -> list[str]:
    """Return a sentence for each class with one video: too few to train on or to measure."""
    told = []
    for task, names in manifest.classes.items():
        counts = collections.Counter(getattr(v, task) for v in manifest.videos)
        told += [
            f"{task}: class '{printable(n)}' has one video; label a second or leave it out"
            for n in names
            if counts[n] == 1
        ]
    return told


def find_videos(paths: Iterable[str]) -> list[str]:
    """Return files as they are and, for a folder, the video files in it and below, sorted."""
    found: list[str] = []
    for path in paths:
        if not os.path.isdir(path):
            found.append(path)
            continue
        inside = [
            os.path.join(folder, name)
            for folder, _folders, names in os.walk(path)
            for name in names
            if not name.startswith(".") and os.path.splitext(name)[1].lower() in VIDEO_ENDINGS
        ]
        if not inside:
            raise LabelsError(f"{printable(path)}: no video files in this folder")
        found += sorted(inside)
    return found


def _read_text(path: str | os.PathLike[str]) -> str:
    name = printable(path)
    if not stat.S_ISREG(os.stat(path).st_mode):
        raise LabelsError(f"{name}: not a regular file; give a CSV, a text file or a folder")
    with open(path, "rb") as file:
        data = file.read()
    if not data.strip():
        raise LabelsError(f"{name}: the label list is empty")
    if b"\0" in data:
        raise LabelsError(f"{name}: not a text file; a label list is CSV or 'path label' lines")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        line = data.count(b"\n", 0, fault.start) + 1
        raise LabelsError(f"{name} line {line}: not UTF-8 text; save it as UTF-8") from None


def _is_csv(text: str) -> bool:
    header = next(csv.reader(io.StringIO(text)), [])
    names = {cell.strip().lower() for cell in header}
    return bool(names & {"file", "background", "foreground"}) or len(header) > 2


def _csv_rows(text: str, name: str, folder: str, faults: list[str]) -> Iterator[_Row]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = [cell.strip().lower() for cell in next(reader)]
        wanted = {key: header.index(key) if key in header else None for key in _Row._fields[1:]}
        wanted["name"], wanted["path"] = (header.index("file") if "file" in header else None), None
        twice = [h for h in header if h in (*_Row._fields, "file") and header.count(h) > 1]
        if twice:
            faults.append(f"{name} line 1: column '{twice[0]}' stands twice")
            return
        if wanted["name"] is None:
            faults.append(f"{name} line 1: no column 'file'; want file,background,foreground")
            return
        if wanted["background"] is None and wanted["foreground"] is None:
            faults.append(f"{name} line 1: no column 'background' or 'foreground'")
            return
        for cells in reader:
            where = f"{name} line {reader.line_num}"
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(header):
                faults.append(f"{where}: {len(cells)} cells under a header of {len(header)}")
                continue
            picked = {k: "" if at is None else cells[at].strip() for k, at in wanted.items()}
            if not picked["name"]:
                faults.append(f"{where}: no file named")
                continue
            if picked["split"] not in SPLITS:
                faults.append(f"{where}: split '{printable(picked['split'])}'; want train or test")
            picked["path"] = os.path.normpath(os.path.join(folder, picked["name"]))
            yield _Row(where=where, **picked)
    except csv.Error as fault:
        faults.append(f"{name} line {reader.line_num}: {fault}; check the quotes")


def _line_rows(text: str, name: str, folder: str, faults: list[str]) -> Iterator[_Row]:
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        where = f"{name} line {number}"
        parts = line.strip().rsplit(None, 1)
        if len(parts) != 2:
            faults.append(f"{where}: want 'path label', or a CSV with a header; got one word")
            continue
        path = os.path.normpath(os.path.join(folder, parts[0]))
        yield _Row(where, parts[0], path, parts[1], "", "", "")


def _folder_rows(folder: str) -> Iterator[_Row]:
    for label in sorted(os.listdir(folder)):
        inside = os.path.join(folder, label)
        if label.startswith(".") or not os.path.isdir(inside):
            continue
        for file in sorted(os.listdir(inside)):
            if file.startswith(".") or not os.path.isfile(os.path.join(inside, file)):
                continue
            name = os.path.join(label, file)
            yield _Row(printable(name), name, os.path.join(inside, file), label, "", "", "")


def _check_files(rows: list[_Row], faults: list[str]) -> None:
    """Note missing files, and one file under two lines, by what the disk says it is."""
    seen: dict[tuple[int, int], _Row] = {}
    for row in rows:
        try:
            status = os.stat(row.path)
        except (OSError, ValueError):
            faults.append(f"{row.where}: no such file '{printable(row.name)}'")
            continue
        if stat.S_ISDIR(status.st_mode):
            faults.append(f"{row.where}: '{printable(row.name)}' is a folder, not a video")
            continue
        first = seen.setdefault((status.st_dev, status.st_ino), row)
        if first is row:
            continue
        at = first.where.rpartition(" ")[2] if " line " in first.where else first.where
        if {first.split, row.split} == {"train", "test"}:
            faults.append(
                f"{row.where}: '{printable(row.name)}' is in train and in test (line {at})"
            )
        else:
            faults.append(f"{row.where}: '{printable(row.name)}' is listed twice (line {at} too)")
