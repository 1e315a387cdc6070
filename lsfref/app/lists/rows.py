"""What a label list says, whatever its form: rows, and faults with their lines."""

from typing import NamedTuple

from lsfref.model import LabeledVideo

COLUMNS = ("file", "background", "foreground", "group", "split")
Fault = tuple[int, str]  # line, text


class Row(NamedTuple):
    """One labeled file; "" where a cell is empty. `line` is 0 for a folder's file."""

    line: int
    file: str
    background: str
    foreground: str
    group: str
    split: str

    def video(self, name: str, path: str) -> LabeledVideo:
        """Return what the row says of a video."""
        return LabeledVideo(name, path, *(cell or None for cell in self[2:5]))


class Listed(NamedTuple):
    """What a list says: rows in its order, faults as (line, text), remarks, where files are."""

    rows: list[Row]
    faults: list[Fault]
    notes: list[str]
    folder: str

    def path(self, row: Row) -> str:
        """Return where the file of a row is; names are relative to the list."""
        return row.file if row.file[0] == "/" else f"{self.folder}/{row.file}"
