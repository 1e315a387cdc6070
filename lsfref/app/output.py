"""Results on stdout: a table for people, JSON lines or CSV for programs."""

import argparse
import csv
import json
import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from lsfref.app.work.progress import tell
from lsfref.errors import UsageError
from lsfref.media.pictures import NUMBERED
from lsfref.storage.files import PathLike, check_output, printable

Row = Mapping[str, Any]


def claim(*paths: PathLike, reads: Iterable[str | None] = ()) -> None:
    """Check before the work that files can be written, and say on stderr which are replaced.

    Raises WriteError, which tells why one cannot; UsageError for one that the command `reads`, or
    a picture of a folder that it reads as a video.
    """
    inputs = {os.path.realpath(path) for path in reads if path}
    for path in paths:
        place = os.path.realpath(path)
        above = os.path.dirname(place)
        if place in inputs or (above in inputs and NUMBERED.fullmatch(os.path.basename(place))):
            told = "would replace what this command works on; give the output a name of its own"
            raise UsageError(f"{printable(path)} {told}")
        check_output(path)
    there = [path for path in paths if os.path.exists(path)]
    if there:
        more = f" and {len(there) - 1} more" if there[1:] else ""
        tell(f"will replace what is there: {printable(there[0])}{more}")


def counted(n: int | str, noun: str) -> str:
    """Return "1 video", "2 videos"; a count in words, such as "1,200" or "10 + 6", is plural."""
    return f"{n} {noun}" if str(n) == "1" else f"{n} {noun}s"


def write_json(row: Row) -> None:
    """Print one JSON object on a line of its own; numbers are finite."""
    print(json.dumps(row, allow_nan=False), flush=True)


def printer(
    args: argparse.Namespace, fields: Sequence[str], *, flat: Callable[[Row], Row] = dict
) -> Callable[[Row], None] | None:
    """Return what prints one row as --json or --csv ask, at once; None where people read.

    `fields` are the columns of the CSV: those of `flat(row)`, where it is not the row itself. Text
    is quoted there, control characters are escaped; what is None, or not there, is an empty cell.
    """
    if args.json:
        return write_json
    if not args.csv:
        return None
    writer = csv.writer(sys.stdout, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
    writer.writerow(map(printable, fields))

    def write(row: Row) -> None:
        cells = flat(row)
        writer.writerow([_csv_cell(field, cells.get(field)) for field in fields])
        sys.stdout.flush()

    return write


def _csv_cell(field: str, value: Any) -> Any:
    if isinstance(value, list):
        value = "; ".join(value) if field == "warnings" else json.dumps(value)
    return printable(value) if isinstance(value, str) else value


def table(fields: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Return lines of columns: text to the left, numbers to the right."""
    cells = [list(fields), *([_cell(value) for value in row] for row in rows)]
    columns = []
    for column in zip(*cells, strict=True):
        width = max(map(len, column))
        right = all(map(_numeric, column[1:]))
        columns.append([text.rjust(width) if right else text.ljust(width) for text in column])
    return "\n".join("  ".join(row).rstrip() for row in zip(*columns, strict=True))


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:.3f}" if isinstance(value, float) else printable(str(value))


def _numeric(text: str) -> bool:
    return text.replace(".", "", 1).replace("%", "", 1).lstrip("-").isdigit() or text == "-"
