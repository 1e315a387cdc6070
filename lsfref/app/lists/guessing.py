"""A label list from what one has: folders and names of videos say a class, or where it is from.

Nothing is invented: a cell stays empty where names say nothing, or two things.
"""

import os
import re

from lsfref.app.lists.label_lists import video_files
from lsfref.app.lists.manifest import KNOWN
from lsfref.app.lists.rows import COLUMNS, Row
from lsfref.app.output import counted
from lsfref.errors import LabelsError
from lsfref.storage.files import printable

WORDS = {  # that begin a part of a name, and what they say
    "normal": "normal", "static": "normal", "illum": "illumination", "light": "illumination",
    "nois": "noise", "rain": "rain", "shak": "camera shaking", "jitter": "camera shaking",
    "tree": "tree waving", "leaves": "tree waving", "foliage": "tree waving",
    "human": "human", "person": "human", "people": "human", "pedestrian": "human",
    "none": "none", "nobody": "none", "empty": "none",
}  # fmt: skip
PART = re.compile(r"[^\W_]+")
TAKE = re.compile(r"[a-z]?\d+", re.IGNORECASE)  # the number of a clip: 04, c01


def guess(folder: str) -> tuple[list[Row], list[str]]:
    """Return a row for each video of a folder, and how the cells were found, in words.

    Raises LabelsError where there is no video.
    """
    files, others = video_files(folder)
    every = [os.path.relpath(file, folder) for file in files]
    names = [name for name in every if printable(name) == name]
    if not names:
        there = "not a folder" if os.path.exists(folder) else "no such folder"
        why = "no videos in it" if os.path.isdir(folder) else there
        raise LabelsError(f"{printable(folder)}: {why}")
    tops = {name.split(os.sep)[0] for name in names if os.sep in name}
    by_folder = len(tops) > 1 and not any(any(said(top).values()) for top in tops)
    rows, used = [], dict[str, str]()
    for name in names:
        *above, _file = name.split(os.sep)
        cells = said(name)
        if by_folder and above:
            cells["background"] = above[0]
        used |= {word: label for word, label in WORDS.items() if word in _words(name)}
        source = above[1] if len(above) > 1 else source_of(_file)
        rows.append(Row(0, name, cells["background"], cells["foreground"], source, ""))
    how = [f"'{word}...' in a name: {label}" for word, label in used.items()]
    if by_folder:
        how = [f"background: the folder, one of {len(tops)}"]
    how.append("group: the second folder, or the name without class and last number")
    empty = [f"{sum(not row[i] for row in rows)} without {COLUMNS[i - 1]}" for i in (2, 3, 4)]
    if odd := len(every) - len(names):
        how.append(f"left out: {odd} whose names hold what cannot be printed; rename them")
    if others:
        how.append(f"left out: {others}")
    return rows, [f"{counted(len(rows), 'video')}; {', '.join(empty)}", *how]


def _words(name: str) -> list[str]:
    """Return the words of WORDS that begin a part of a name."""
    parts = [part.lower() for part in PART.findall(os.path.splitext(name)[0])]
    return [word for word in WORDS if any(part.startswith(word) for part in parts)]


def said(name: str) -> dict[str, str]:
    """Return what a name says of each task; "" where it says nothing or two things."""
    found = {WORDS[word] for word in _words(name)}
    own = {task: [label for label in known if label in found] for task, known in KNOWN.items()}
    return {task: labels[0] if len(labels) == 1 else "" for task, labels in own.items()}


def source_of(name: str) -> str:
    """Return a name without ending, words for classes and the number of a clip; "" for none."""
    parts = PART.findall(os.path.splitext(name)[0])
    parts = [part for part in parts if not any(part.lower().startswith(w) for w in WORDS)]
    if len(parts) > 1 and TAKE.fullmatch(parts[-1]):
        parts.pop()
    return "_".join(parts) if parts and not TAKE.fullmatch(parts[0]) else ""
