"""Feature tables and their labels, as people have them: CSV with or without a header or names.

In: files.  Out: features_MV of each extractor, and class names in the order of its rows.
"""

import collections
import contextlib
import csv
import functools
import itertools
import math
import os
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from lsfref.app.lists.rows import COLUMNS, Row
from lsfref.app.output import counted
from lsfref.arrays import Floats
from lsfref.errors import LabelsError
from lsfref.storage.files import PathLike, printable

NAME_COLUMNS = ("file", "name", "video", "path", "id")
TASKS = ("background", "foreground")
MOST_COLUMNS, MOST_CELLS = 200_000, 30_000_000  # of a table, which has then 240 MB
MOST_LINE = 8 << 20  # characters
PROPORTION = 1e100  # a number's square, and that of what it divides, are still numbers
UNEVEN = 1e4  # from the spread of one column in ten to that of nine in ten


class FeatureTable(NamedTuple):
    """One extractor: a row a video. names is None where the file holds numbers only."""

    source: str
    features_MV: Floats
    names: tuple[str, ...] | None


def read_features(path: PathLike) -> FeatureTable:
    """Return the numbers of a table. Raises LabelsError with the line and what is wrong there.

    Cells are separated by commas, semicolons, tabs or blanks. A first column of text, or under a
    header such as `file`, holds names; one under an empty header counts the rows and is dropped. A
    first line is a header where none of its cells is a number, where they count 0, 1, 2, ..., or
    where it names the first column so; any other is a row, and what is no number in it is a fault.
    Numbers whose squares overflow or vanish are all multiplied by one power of two.
    """
    name = printable(path)
    number, line = next(_lines(path))
    mark = next((mark for mark in ",;\t" if mark in line), None)
    first = _cells(line, mark, f"{name} line {number}")
    starts = [(n, _first_cell(text, mark, f"{name} line {n}")) for n, text in _lines(path)]
    head = first[0].lower()
    later = [_number(cell) is None for _, cell in starts[1:] or starts]
    has_names = head in NAME_COLUMNS or 2 * sum(later) > len(later)
    skipped = int(has_names or (head == "" and _is_header(first[1:])))
    has_header = head in NAME_COLUMNS or _is_header(first[skipped:])
    n_rows, n_columns = len(starts) - has_header, len(first) - skipped
    if not n_rows or not n_columns:
        raise LabelsError(f"{name}: no rows of numbers")
    if n_columns > MOST_COLUMNS or n_rows * n_columns > MOST_CELLS:
        told = f"{counted(n_rows, 'row')} of {n_columns} columns, beyond {MOST_COLUMNS} or"
        raise LabelsError(f"{name}: {told} {MOST_CELLS} cells; reduce the columns, as by PCA")
    features_MV = np.empty((n_rows, n_columns))
    rows = itertools.islice(_lines(path), has_header, None)
    for row_V, (number, line) in zip(features_MV, rows, strict=True):
        where = f"{name} line {number}"
        cells = _cells(line, mark, where)
        _check_width(cells, len(first), where)
        row_V[:] = _numbers(cells[skipped:], where, skipped=skipped)
    names = tuple(cell for _, cell in starts[has_header:])
    if has_names and len(set(names)) < len(names):
        twice = collections.Counter(names).most_common(1)[0][0]
        raise LabelsError(f"{name}: two rows are named '{printable(twice)}'")
    places = [f"{name} line {n}" for n, _ in starts[has_header:]]
    scaled_MV = _in_range(features_MV, places, skipped)
    return FeatureTable(name, scaled_MV, names if has_names else None)


def _in_range(features_MV: Floats, places: Sequence[str], skipped: int) -> Floats:
    """Return the features times a power of two, 1 where their squares are numbers without it.

    Raises LabelsError where no power of two will do: one is out of all proportion to the rest.
    """
    peaks_M = np.maximum(features_MV.max(axis=1), -features_MV.min(axis=1))
    largest = peaks_M.max()
    if np.median(peaks_M[peaks_M > 0] if largest else 1.0) < largest / PROPORTION:
        m = peaks_M.argmax()
        v = np.abs(features_MV[m]).argmax()
        told = f"{features_MV[m, v]:g} is out of all proportion to the rest"
        raise LabelsError(f"{places[m]}, column {v + skipped + 1}: {told}; correct it")
    if largest == 0 or 1 / PROPORTION < largest < PROPORTION:
        return features_MV
    return np.ldexp(features_MV, -int(np.frexp(largest)[1]))


def uneven(table: FeatureTable) -> str | None:
    """Return a warning where some columns vary so little beside others that they say nothing."""
    spread_V = table.features_MV.max(axis=0) - table.features_MV.min(axis=0)
    spread_V = spread_V[spread_V > 0]
    low, high = np.quantile(spread_V, [0.1, 0.9]) if len(spread_V) else (1.0, 1.0)
    if high < UNEVEN * low:
        return None
    told = f"some columns vary {high / low:.0e} times as much as others, and decide alone"
    return f"{table.source}: {told}; --set input_scaling=zscore gives each the same weight"


def short_names(paths: Sequence[PathLike]) -> list[str]:
    """Return the names of files without their folders, where these are not needed to tell them."""
    names = [printable(os.path.basename(path)) for path in paths]
    return names if len(set(names)) == len(names) else [printable(path) for path in paths]


def labeled(**cells: str) -> Row:
    """Return a row of these cells; the others are empty."""
    return Row(0, *(cells.get(name, "") for name in COLUMNS))


def read_label_table(path: PathLike, *, n_rows: int, task: str = "background") -> list[Row]:
    """Return the labels for tables of n_rows; LabelsError names file, line and fault.

    A bare list, in the order of the rows, names no files.

    Three forms: a CSV with a header `file,background,foreground[,group]` of which any column may be
    missing but one label column; `path label` lines; one bare label a line, in the order of the
    rows, with or without a heading (a line more than there are rows, and no label of another row).
    The last two are labels of `task`, unless the heading of a bare list names one.
    """
    name, lines = printable(path), list(_lines(path))
    cells = [(number, _cells(line, ",", f"{name} line {number}")) for number, line in lines]
    header = [cell.lower() for cell in cells[0][1]]
    if len(header) > 1 and any(task in header for task in TASKS):
        return _rows_with_header(name, header, cells[1:])
    if all(re.search(r"[./\\][^\s]*\s", line.strip()) for _, line in lines):
        pairs = [line.strip().rsplit(None, 1) for _, line in lines]
        return [labeled(file=file, **{task: label}) for file, label in pairs]
    wide = next((number for number, row in cells if len(row) != 1), None)
    if wide is not None:
        want = "a header with 'background' or 'foreground', or one label a line"
        raise LabelsError(f"{name} line {wide}: want {want}")
    task = header[0] if header[0] in TASKS else task
    more = len(cells) == n_rows + 1 and cells[0][1] not in [row for _, row in cells[1:]]
    has_heading = header[0] in TASKS or more
    return [labeled(**{task: row[0]}) for _, row in cells[has_heading:]]


def align(tables: Sequence[FeatureTable], files: Sequence[str], source: str) -> list[Floats]:
    """Return the features of each table, in the order of the files that the list `source` names.

    By name where both sides have names, otherwise row by row; then the counts must agree. Raises
    LabelsError for what has no partner.
    """
    aligned = []
    for table in tables:
        if table.names is not None and any(files):
            at = {name: row for row, name in enumerate(table.names)}
            missing = [file for file in files if file not in at]
            if missing:
                more = f" and {len(missing) - 1} more" if missing[1:] else ""
                what = f"no row named '{printable(missing[0])}'{more}"
                raise LabelsError(f"{table.source}: {what}; {source} lists it")
            aligned.append(table.features_MV[[at[file] for file in files]])
        elif len(table.features_MV) == len(files):
            aligned.append(table.features_MV)
        else:
            rows, there = counted(len(table.features_MV), "row"), counted(len(files), "label")
            raise LabelsError(f"{table.source}: {rows}; {source} has {there}")
    return aligned


def _rows_with_header(name: str, header: list[str], rows: list[tuple[int, list[str]]]) -> list[Row]:
    at = {key: header.index(key) for key in ("file", "group", *TASKS) if key in header}
    found: dict[str, int] = {}
    labels = []
    for number, cells in rows:
        _check_width(cells, len(header), f"{name} line {number}")
        labels.append(labeled(**{key: cells[i] for key, i in at.items()}))
    for (number, _), row in zip(rows, labels, strict=True):
        if "file" in at and found.setdefault(row.file, number) != number:
            raise LabelsError(f"{name} line {number}: '{printable(row.file)}' listed twice")
    return labels


def _lines(path: PathLike) -> Iterator[tuple[int, str]]:
    """Yield the lines of a text file with their numbers, blank ones left out."""
    name, number = printable(path), 0
    try:
        with open(path, encoding="utf-8-sig") as file:
            lines = iter(functools.partial(file.readline, MOST_LINE), "")
            for i, line in enumerate(lines, start=1):
                if len(line) == MOST_LINE:
                    told = f"beyond {MOST_LINE >> 20} million characters; reduce the columns"
                    raise LabelsError(f"{name} line {i}: {told}, as by PCA")
                if "\0" in line:
                    raise LabelsError(f"{name}: not a text file; save it as UTF-8 CSV")
                if line.strip():
                    number = i
                    yield number, line.rstrip("\n")
    except OSError as fault:
        raise LabelsError(f"{name}: cannot be read: {fault.strerror or fault}") from None
    except UnicodeDecodeError:
        raise LabelsError(f"{name}: not a text file; save it as UTF-8 CSV") from None
    if not number:
        raise LabelsError(f"{name}: the file is empty")


def _cells(line: str, mark: str | None, where: str) -> list[str]:
    if mark is None:
        return line.split()
    try:
        cells = next(csv.reader([line], delimiter=mark)) if '"' in line else line.split(mark)
    except csv.Error as fault:
        raise LabelsError(f"{where}: {fault}; is a quote never closed?") from None
    return [cell.strip() for cell in cells]


def _check_width(cells: list[str], width: int, where: str) -> None:
    if len(cells) != width:
        raise LabelsError(f"{where}: {counted(len(cells), 'cell')}; want {width}")


def _first_cell(line: str, mark: str | None, where: str) -> str:
    return _cells(line if '"' in line else line.strip().split(mark, 1)[0], mark, where)[0]


def _is_header(cells: list[str]) -> bool:
    """Return whether cells stand above columns: as counts, or as words alone."""
    if len(cells) > 1 and cells == [str(i) for i in range(len(cells))]:
        return True
    damaged = len(cells) == 1 and re.match(r"[-+.]?\d", cells[0])
    return not damaged and all(_number(cell) is None for cell in cells)


def _number(cell: str) -> float | None:
    try:
        return None if "_" in cell else float(cell)
    except ValueError:
        return None


def _numbers(cells: list[str], where: str, *, skipped: int) -> Floats:
    """Return the cells of a line as finite numbers, or tell which one is not."""
    with contextlib.suppress(ValueError):
        values_V = np.fromiter(map(float, cells), float, len(cells))
        if np.isfinite(values_V).all() and not any("_" in cell for cell in cells):
            return values_V
    values = [_number(cell) for cell in cells]
    column = next(i for i, v in enumerate(values) if v is None or not math.isfinite(v))
    told = f"'{printable(cells[column][:80])}' is not a finite number"
    raise LabelsError(f"{where}, column {column + skipped + 1}: {told}")
