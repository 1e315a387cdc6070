"""Feature tables and their labels, as people have them: CSV with or without a header or names.

In: files.  Out: features_MV of each extractor, and class names in the order of its rows.
"""

import csv
import io
import math
import os
import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from lsfref.arrays import Floats
from lsfref.errors import LabelsError
from lsfref.storage.files import printable

NAME_COLUMNS = ("file", "name", "video", "path", "id")
TASKS = ("background", "foreground")


class FeatureTable(NamedTuple):
    """One extractor: a row a video. names is None where the file holds numbers only."""

    source: str
    features_MV: Floats
    names: tuple[str, ...] | None


class LabelTable(NamedTuple):
    """What is said of the videos; files is None for a bare list in the order of the rows."""

    source: str
    files: tuple[str, ...] | None
    labels: dict[str, list[str | None]]  # task -> a class a row, None where there is none
    groups: list[str] | None


def read_features(path: str | os.PathLike[str]) -> FeatureTable:
    """Return the numbers of a table. Raises LabelsError with the line and what is wrong there.

    Cells are separated by commas, semicolons, tabs or blanks. A first line that is not all numbers,
    or that counts 0, 1, 2, ... is a header. A first column of text, or under a header such as
    `file`, holds names; one under an empty header counts the rows and is dropped.
    """
    name, lines = _lines(path)
    mark = next((mark for mark in ",;\t" if mark in lines[0][1]), None)
    first = _cells(lines[0][1], mark)
    second = _cells(lines[1][1], mark) if len(lines) > 1 else first
    has_names = not _is_number(second[0]) or first[0].strip().lower() in NAME_COLUMNS
    has_index = not has_names and first[0] == ""
    skipped = int(has_names or has_index)
    has_header = _is_header(first[skipped:]) or (
        skipped > 0 and first[0].lower() in ("", *NAME_COLUMNS)
    )
    body = lines[has_header:]
    if not body or len(first) == skipped:
        raise LabelsError(f"{name}: no rows of numbers")
    features_MV = np.empty((len(body), len(first) - skipped))
    names: list[str] = []
    for row_V, (number, line) in zip(features_MV, body, strict=True):
        cells = _cells(line, mark)
        if len(cells) != len(first):
            raise LabelsError(f"{name} line {number}: {len(cells)} cells; want {len(first)}")
        names += cells[:1]
        row_V[:] = _numbers(cells[skipped:], f"{name} line {number}", skipped=skipped)
    if has_names and len(set(names)) < len(names):
        twice = next(n for n in names if names.count(n) > 1)
        raise LabelsError(f"{name}: two rows are named '{printable(twice)}'")
    return FeatureTable(name, features_MV, tuple(names) if has_names else None)


def read_label_table(
    path: str | os.PathLike[str], *, n_rows: int, task: str = "background"
) -> LabelTable:
    """Return the labels for tables of n_rows; LabelsError names file, line and fault.

    Three forms: a CSV with a header `file,background,foreground[,group]` of which any column may be
    missing but one label column; `path label` lines; one bare label a line, in the order of the
    rows, with or without a heading (a line more than there are rows). The last two are labels of
    `task`, unless the heading of a bare list names one.
    """
    name, lines = _lines(path)
    cells = [(number, next(csv.reader([line]), [""])) for number, line in lines]
    header = [cell.strip().lower() for cell in cells[0][1]]
    if len(header) > 1 and any(task in header for task in TASKS):
        return _labels_with_header(name, header, cells[1:])
    if all(re.search(r"[./\\][^\s]*\s", line.strip()) for _, line in lines):
        pairs = [line.strip().rsplit(None, 1) for _, line in lines]
        files = tuple(pair[0] for pair in pairs)
        return LabelTable(name, files, {task: [pair[1] for pair in pairs]}, None)
    wide = next((number for number, row in cells if len(row) != 1), None)
    if wide is not None:
        want = "a header with 'background' or 'foreground', or one label a line"
        raise LabelsError(f"{name} line {wide}: want {want}")
    task = header[0] if header[0] in TASKS else task
    has_heading = header[0] in TASKS or len(cells) == n_rows + 1
    return LabelTable(
        name, None, {task: [row[0].strip() or None for _, row in cells[has_heading:]]}, None
    )


def align(tables: Sequence[FeatureTable], labels: LabelTable) -> tuple[list[Floats], LabelTable]:
    """Return the features of each table and the labels, all in the order of the label list.

    By name where both sides have names, otherwise row by row; then the counts must agree. Raises
    LabelsError for what has no partner.
    """
    n_rows = len(next(iter(labels.labels.values())))
    aligned = []
    for table in tables:
        if table.names is not None and labels.files is not None:
            at = {name: row for row, name in enumerate(table.names)}
            missing = [file for file in labels.files if file not in at]
            if missing:
                more = f" and {len(missing) - 1} more" if missing[1:] else ""
                what = f"no row named '{printable(missing[0])}'{more}"
                raise LabelsError(f"{table.source}: {what}; {labels.source} lists it")
            aligned.append(table.features_MV[[at[file] for file in labels.files]])
        elif len(table.features_MV) == n_rows:
            aligned.append(table.features_MV)
        else:
            counts = f"{len(table.features_MV)} rows; {labels.source} has {n_rows} labels"
            raise LabelsError(f"{table.source}: {counts}")
    return aligned, labels


def _labels_with_header(
    name: str, header: list[str], rows: list[tuple[int, list[str]]]
) -> LabelTable:
    for number, cells in rows:
        if len(cells) != len(header):
            raise LabelsError(f"{name} line {number}: {len(cells)} cells; want {len(header)}")
    columns = {
        key: [cells[header.index(key)].strip() for _, cells in rows]
        for key in ("file", "group", *TASKS)
        if key in header
    }
    files = tuple(columns["file"]) if "file" in columns else None
    if files is not None and len(set(files)) < len(files):
        twice = next(i for i, file in enumerate(files) if file in files[:i])
        raise LabelsError(f"{name} line {rows[twice][0]}: '{printable(files[twice])}' listed twice")
    groups = columns.get("group")
    if groups is not None and not any(groups):
        groups = None
    labels = {task: [cell or None for cell in columns[task]] for task in TASKS if task in columns}
    return LabelTable(name, files, labels, groups)


def _lines(path: str | os.PathLike[str]) -> tuple[str, list[tuple[int, str]]]:
    """Return the printable name of a text file and its lines with numbers, blank ones left out."""
    name = printable(path)
    try:
        with open(path, "rb") as file:
            data = file.read()
        text = data.decode("utf-8-sig")
    except OSError as fault:
        raise LabelsError(f"{name}: cannot be read: {fault.strerror or fault}") from None
    except UnicodeDecodeError:
        raise LabelsError(f"{name}: not a text file; save it as UTF-8 CSV") from None
    lines = [(i, line) for i, line in enumerate(io.StringIO(text), start=1) if line.strip()]
    if not lines or "\0" in text:
        raise LabelsError(f"{name}: {'not a text file' if lines else 'the file is empty'}")
    return name, [(number, line.rstrip("\r\n")) for number, line in lines]


def _cells(line: str, mark: str | None) -> list[str]:
    if mark is None:
        return line.split()
    cells = next(csv.reader([line], delimiter=mark)) if '"' in line else line.split(mark)
    return [cell.strip() for cell in cells]


def _is_header(cells: list[str]) -> bool:
    counts = [str(i) for i in range(len(cells))]
    return not all(map(_is_number, cells)) or (len(cells) > 1 and cells == counts)


def _is_number(cell: str) -> bool:
    return _number(cell) is not None


def _number(cell: str) -> float | None:
    try:
        return float(cell)
    except ValueError:
        return None


def _numbers(cells: list[str], where: str, *, skipped: int) -> Floats:
    """Return the cells of a line as finite numbers, or tell which one is not."""
    values = [_number(cell) for cell in cells]
    for column, value in enumerate(values):
        if value is None or not math.isfinite(value):
            at = f"{where}, column {column + skipped + 1}"
            raise LabelsError(f"{at}: '{printable(cells[column])}' is not a finite number")
    return np.array(values, dtype=float)
