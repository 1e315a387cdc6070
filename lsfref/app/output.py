"""Results on stdout: a table for people, JSON lines or CSV for programs."""

import csv
import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from lsfref.app.work.progress import tell
from lsfref.storage.files import check_output, printable


def claim(*paths: str | os.PathLike[str]) -> None:
    """Check before the work that files can be written, and say on stderr which are replaced.

    Raises WriteError, which tells why one cannot.
    """
    for path in paths:
        check_output(path)
    there = [path for path in paths if os.path.exists(path)]
    if there:
        more = f" and {len(there) - 1} more" if there[1:] else ""
        tell(f"replaces what is there: {printable(there[0])}{more}")


def counted(n: int, noun: str) -> str:
    """Return "1 video", "2 videos"."""
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


def write_json(row: Mapping[str, Any]) -> None:
    """Print one JSON object on a line of its own; numbers are finite."""
    print(json.dumps(row, allow_nan=False), flush=True)


class CsvWriter:
    """Comma-separated rows under one header. Text is quoted; control characters are escaped."""

    def __init__(self, header: Sequence[str]) -> None:
        self.writer = csv.writer(sys.stdout, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
        self.writer.writerow([printable(name) for name in header])

    def write(self, cells: Iterable[Any]) -> None:
        """Print one row; None is an empty cell."""
        self.writer.writerow(
            [printable(c) if isinstance(c, str) else "" if c is None else c for c in cells]
        )
        sys.stdout.flush()


def table(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Return lines of columns: text to the left, numbers to the right."""
    cells = [list(header), *([_cell(value) for value in row] for row in rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(header))]
    right = [all(_numeric(row[i]) for row in cells[1:]) for i in range(len(header))]
    lines = [
        "  ".join(
            c.rjust(w) if r else c.ljust(w) for c, w, r in zip(row, widths, right, strict=True)
        )
        for row in cells
    ]
    return "\n".join(line.rstrip() for line in lines)


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:.3f}" if isinstance(value, float) else printable(str(value))


def _numeric(text: str) -> bool:
    return text.replace(".", "", 1).replace("%", "", 1).lstrip("-").isdigit() or text == "-"
