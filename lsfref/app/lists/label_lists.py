"""The three written forms of a label list, read strictly: rows and every fault with its line.

A CSV with a header, `path label` lines (split at the last blank), or a folder per class. What the
rows mean together is `manifest.py`'s business; whether the files exist is found out there too.
"""

import collections
import csv
import io
import operator
import os
import re
import stat
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from lsfref.app.lists.foreign import read_foreign
from lsfref.app.lists.rows import COLUMNS, Fault, Listed, Row
from lsfref.app.output import counted
from lsfref.errors import LabelsError
from lsfref.media.pictures import holds_pictures
from lsfref.media.streams import is_video
from lsfref.storage.files import PathLike, printable

SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars"}
VIDEO_ENDINGS = frozenset(Path(__file__).with_name("endings.txt").read_text("ascii").split())
MOST_ENDINGS = 8  # of what is left out, told one by one
HEAD = 1 << 16  # bytes that show whether a file is text


def read_list(path: PathLike) -> Listed:
    """Return the rows of a label list and what is wrong with it.

    Raises LabelsError where it is no text and no folder, OSError where it cannot be opened.
    """
    if os.path.isdir(path):
        return _read_folder(os.fspath(path))
    text = _read_text(path)
    folder = os.path.dirname(os.path.abspath(path))
    faults: list[Fault] = []
    if other := read_foreign(os.fspath(path), text):
        return other
    read = csv_rows if looks_like_csv(text, folder) else line_rows
    return Listed(list(read(text, faults)), faults, [], folder)


def _read_text(path: PathLike) -> str:
    name = printable(path)
    if not stat.S_ISREG(os.stat(path).st_mode):
        raise LabelsError(f"{name}: not a regular file; give a CSV, a text file or a folder")
    with open(path, "rb") as file:
        data = file.read(HEAD)
        if data.startswith((b"\xff\xfe", b"\xfe\xff")):
            raise LabelsError(f"{name}: UTF-16 text; save it as UTF-8")
        if b"\0" in data:
            what = "not a text file; a label list is a CSV, 'path label' lines or a folder"
            raise LabelsError(f"{name}: {what}")
        data += file.read()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        line = data.count(b"\n", 0, fault.start) + 1
        raise LabelsError(f"{name} line {line}: not UTF-8 text; save it as UTF-8") from None
    if not text.strip():
        raise LabelsError(f"{name}: the label list is empty; want file,background,foreground")
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}")  # no name holds it


def looks_like_csv(text: str, folder: str) -> bool:
    """Return whether the first line is a CSV's header, or a CSV's row where one is missing."""
    first = next(line for line in text.splitlines() if line.strip())
    cells = {cell.strip(" \"'").lower() for cell in re.split(r"[,;\t|]", first)}
    if cells & set(COLUMNS[:3]) and len(cells) > 1:
        return True
    parts = first.strip().rsplit(None, 1)
    as_line = len(parts) == 2 and os.path.exists(os.path.join(folder, parts[0]))
    return "," in first and not as_line


def csv_rows(text: str, faults: list[Fault]) -> Iterator[Row]:
    """Yield the rows of a CSV; a record's line is the one on which it begins."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    begins = 1
    try:
        header: list[str] = []
        while not any(header):
            begins = reader.line_num + 1
            header = [cell.strip().lower() for cell in next(reader)]
        wrong = _wrong_header(header)
        if wrong:
            faults.append((begins, wrong))
            return
        width = len(header)
        pick = operator.itemgetter(*(header.index(c) if c in header else width for c in COLUMNS))
        begins = reader.line_num + 1
        for cells in reader:
            line, begins = begins, reader.line_num + 1
            while len(cells) > width and not cells[-1].strip():
                del cells[-1]
            if len(cells) != width:
                if any(map(str.strip, cells)):
                    told = f"{counted(len(cells), 'cell')} under a header of {width}"
                    faults.append((line, f"{told}; put a name that holds a comma in quotes"))
                continue
            cells.append("")  # what a missing column says
            row = Row(line, *map(str.strip, pick(cells)))
            if row.file:
                yield row._replace(split=row.split.lower()) if row.split else row
            elif row.background or row.foreground:
                faults.append((line, "no file named"))
    except csv.Error as fault:
        told = str(fault)
        if "end of data" in told or "field limit" in told:
            told = "a quote is opened here and never closed"
        faults.append((begins, f"{told}; a quote inside quotes is written twice"))


def _wrong_header(header: list[str]) -> str | None:
    if len(header) == 1:
        for separator, name in SEPARATORS.items():
            if separator in header[0]:
                return f"columns are separated by {name}; save the list with commas"
    twice = [name for name in COLUMNS if header.count(name) > 1]
    if twice:
        return f"column '{twice[0]}' stands twice"
    told = f"the columns are {', '.join(map(printable, header))}"
    if "file" not in header:
        return f"no column 'file'; want a header file,background,foreground; {told}"
    if "background" not in header and "foreground" not in header:
        return f"no column 'background' or 'foreground'; {told}"
    return None


def line_rows(text: str, faults: list[Fault]) -> Iterator[Row]:
    """Yield the rows of `path label` lines."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for number, line in enumerate(lines, start=1):
        parts = line.strip().rsplit(None, 1)
        if parts and os.path.splitext(parts[-1])[1].lower() in VIDEO_ENDINGS:  # no label, a name
            parts = [line.strip()]
        if len(parts) == 2:
            yield Row(number, parts[0], parts[1], "", "", "")
        elif parts:
            told = f"'{printable(parts[0][:80])}' alone; want 'path label', or a CSV with a header"
            faults.append((number, told))


def _read_folder(folder: str) -> Listed:
    rows, notes = [], list[str]()
    names = sorted(name for name in os.listdir(folder) if not name.startswith("."))
    labels = [name for name in names if os.path.isdir(os.path.join(folder, name))]
    for label in labels:
        inside = os.path.join(folder, label)
        files, others = video_files(inside)
        rows += [Row(0, os.path.relpath(f, folder), label, "", "", "") for f in files]
        if not files:
            notes.append(f"{printable(inside)}: no video files, so no class of this name")
        if others:
            notes.append(f"{printable(inside)}: left out: {others}")
    if beside := len(names) - len(labels):
        notes.append(f"{printable(folder)}: left out: {beside} beside the folders of classes")
    if not rows:
        lists = sorted(n for n in os.listdir(folder) if n.endswith((".csv", ".txt")))
        cure = f"; did you mean {printable(os.path.join(folder, lists[0]))}?" if lists else ""
        raise LabelsError(f"{printable(folder)}: no videos in FOLDER/CLASS/VIDEO{cure}")
    return Listed(rows, [], notes, os.path.abspath(folder))


def video_files(folder: str) -> tuple[list[str], str]:
    """Return the videos in a folder and below, sorted, and what else is there, in words.

    They are known by their endings; without one, by their first bytes.
    """
    files, others = [], collections.Counter[str]()
    for inside, _folders, names in os.walk(folder):
        for name in names:
            path, ending = os.path.join(inside, name), os.path.splitext(name)[1].lower()
            if name.startswith("."):
                others["hidden"] += 1
            elif ending in VIDEO_ENDINGS or (not ending and is_video(path)):
                files.append(path)
            else:
                others[ending or "without an ending"] += 1
    counts = sorted(others.items(), key=lambda item: (-item[1], item[0]))
    told = [f"{n} {printable(ending[:20])}" for ending, n in counts[:MOST_ENDINGS]]
    if rest := sum(n for _, n in counts[MOST_ENDINGS:]):
        told.append(f"{rest} of other endings")
    return sorted(files), ", ".join(told)


def find_videos(paths: Iterable[str]) -> tuple[list[str], list[str]]:
    """Return files as they are and, for a folder, its videos; and a sentence on what else is there.

    A folder that holds numbered pictures and no video is one itself. "-" stands for the names on
    stdin, one per line, or with zeros between them, as `find -print0` writes. Raises LabelsError
    where there are none.
    """
    videos, notes = [], []
    for path in [name for p in paths for name in (names_of(sys.stdin.read()) if p == "-" else [p])]:
        inside, others = video_files(path) if os.path.isdir(path) else ([], "")
        videos += inside or [path]  # the reader says what an empty folder is
        if others and (inside or not holds_pictures(path)):
            notes.append(f"{printable(path)}: left out: {others}")
    if not videos:
        raise LabelsError("stdin names no video")
    return videos, notes


def names_of(text: str) -> list[str]:
    """Return the names in a text, one per line or with zeros between them.

    Raises LabelsError for UTF-16.
    """
    lines = text.removeprefix("\ufeff").split("\0" if "\0" in text else "\n")
    names = [name for name in (line.removesuffix("\r") for line in lines) if name]
    letters = "\0" in text and "." in names and max(map(len, names)) == 1
    if letters or text.startswith(("\udcff\udcfe", "\udcfe\udcff")):  # else / is a name, too
        raise LabelsError("stdin is UTF-16 text; give the names as UTF-8")
    return names
