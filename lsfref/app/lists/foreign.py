"""Label lists that others use, read as they are: UCF101, TSN and Kinetics.

UCF101: `trainlist01.txt` and `testlist01.txt` side by side, with `classInd.txt`. TSN: lines of a
path, a number of frames and the number of a class; the path may be that of a folder of frames.
Kinetics: a CSV with the columns label, youtube_id, time_start, time_end and split. Their labels are
those of the background.
"""

import contextlib
import csv
import io
import os
import re
from collections.abc import Iterator
from pathlib import Path

from lsfref.app.lists.rows import Fault, Listed, Row
from lsfref.storage.files import printable

UCF = re.compile(r"(train|test)(list\d+\.txt)")
NUMBERED = re.compile(r"(.*\.\w+)\s+(\S+)")  # a name may hold blanks
TSN = re.compile(r"(.*\S)\s+\d+\s+(\d+)")
SOURCE = re.compile(r"(.*_g\d+)_c\d+")  # of a clip's name: class and recording
KINETICS = {"label", "youtube_id", "time_start", "time_end"}
ENDINGS = ("", ".mp4", ".avi", ".mkv", ".webm")
TRIED = 20  # rows by which the folder is found


def read_foreign(path: str, text: str) -> Listed | None:
    """Return what a list of another form says; None where it is none."""
    folder, name = os.path.split(os.path.abspath(path))
    first = text.lstrip().partition("\n")[0].strip()
    faults: list[Fault] = []
    if UCF.fullmatch(name):
        rows = list(_ucf(Path(path), faults))
    elif {cell.strip().lower() for cell in first.split(",")} >= KINETICS:
        rows = list(_kinetics(text, faults))
    elif TSN.fullmatch(first) and not os.path.exists(f"{folder}/{first.rsplit(None, 1)[0]}"):
        rows = list(_tsn(text, faults))
    else:
        return None
    return _where(folder, rows)._replace(faults=faults)


def _ucf(path: Path, faults: list[Fault]) -> Iterator[Row]:
    """Yield the rows of both lists; the class of a video is its folder where no number says it."""
    words = [line.split(None, 1) for line in _lines(path.with_name("classInd.txt"))]
    classes = {pair[0]: pair[1].strip() for pair in words if len(pair) == 2}
    for split in ("train", "test"):
        other = path.with_name(UCF.sub(rf"{split}\2", path.name))
        for number, line in enumerate(map(str.strip, _lines(other)), 1):
            named = NUMBERED.fullmatch(line)
            file, label = named.groups() if named else (line, "")
            label = classes.get(label, label or os.path.dirname(file))
            if file and label:
                yield Row(number if other == path else 0, file, label, "", _source(file), split)
            elif file:
                where = f"{other.name} line {number}: " if other != path else ""
                faults.append((number, f"{where}no class for '{printable(file)}'"))


def _lines(path: Path) -> list[str]:
    """Return the lines of a text beside a list, none where there is none."""
    return path.read_text("utf-8-sig", "replace").split("\n") if path.is_file() else []


def _tsn(text: str, faults: list[Fault]) -> Iterator[Row]:
    for number, line in enumerate(text.split("\n"), 1):
        found = TSN.fullmatch(line.strip())
        if found:
            yield Row(number, found[1], found[2], "", _source(found[1]), "")
        elif line.strip():
            faults.append((number, "want 'path frames label' as in the first line"))


def _kinetics(text: str, faults: list[Fault]) -> Iterator[Row]:
    reader = csv.DictReader(io.StringIO(text, newline=""), restval="")
    while True:
        try:
            cells = {(name or "").strip().lower(): cell for name, cell in next(reader).items()}
            first, last = (int(float(cells[name] or 0)) for name in ("time_start", "time_end"))
        except StopIteration:
            return
        except (ValueError, OverflowError, csv.Error) as fault:
            faults.append((reader.reader.line_num, f"no row of Kinetics ({printable(str(fault))})"))
            continue
        source, split = cells["youtube_id"], cells.get("split", "").strip().lower()
        row = f"{source}_{first:06}_{last:06}", cells["label"].strip(), "", source
        yield Row(reader.line_num, *row, split if split in ("train", "") else "test")


def _source(file: str) -> str:
    found = SOURCE.fullmatch(os.path.splitext(os.path.basename(file))[0])
    return found[1] if found else ""


def _where(folder: str, rows: list[Row]) -> Listed:
    """Return the rows with the names under which their files are found, and where that is.

    They lie beside the list, in the folder above, or in a folder of these; by class or split, too.
    """

    def found(root: str, row: Row) -> str | None:
        inside = ("", f"{row.background}/", f"{row.split}/", f"{row.split}/{row.background}/")
        names = [part + row.file + ending for part in inside for ending in ENDINGS]
        return next((name for name in names if os.path.exists(os.path.join(root, name))), None)

    roots = near = [folder, os.path.dirname(folder)]
    with contextlib.suppress(OSError):
        roots = near + [part.path for place in near for part in os.scandir(place) if part.is_dir()]
    holds = (root for root in roots if any(found(root, row) for row in rows[:TRIED]))
    root = next(holds, folder)
    rows = [row._replace(file=found(root, row) or row.file) for row in rows]
    return Listed(rows, [], [], root)
