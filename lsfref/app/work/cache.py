"""Features of videos, kept: stages 1 to 4 are 95 % of the work and do not change between runs.

An entry is keyed by the video's content, the parameters of stages 1 to 4 and their code. It is a
plain `.npz` of blocks that holds its key and a digest of all that it says. It is checked whole
before a row of it is used; a broken one is recomputed, with a warning. Processes may share a
folder: entries appear whole, and the oldest go first when the limit is reached.
The folder carries a mark of ours, and in it only names of our own form are ever read, written or
removed: whatever else a user keeps there, or where a link there leads to, is left alone.
"""

import contextlib
import errno
import functools
import hashlib
import json
import os
import platform
import re
import stat
import zipfile
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import imageio_ffmpeg
import numpy as np

import lsfref
from lsfref.app.work.entries import BROKEN, member, read_entry, rebatch, seal
from lsfref.config import Config, settings
from lsfref.errors import Notice, VideoError
from lsfref.media.pictures import content_digest
from lsfref.phases import extraction
from lsfref.phases.extraction import Extract, Extraction, PathLike
from lsfref.phases.streaming import Block
from lsfref.storage import npz
from lsfref.storage.files import TEMPORARY, GivenUpError, open_own, printable, write_whole

LIMIT = 10_000_000_000  # bytes
FORMAT = "entry 2"
TAG = "CACHEDIR.TAG"  # [CDT]: backups pass it over
MARK = (
    b"Signature: 8a477f597d28d172789f06886806bc55\n# features of videos kept by lsfref, format 1\n"
)
ENTRY = re.compile(r"[0-9a-f]{64}\.npz")
BESIDE = "lsfref-cache"  # our part of a folder that holds other things
EXTRACTION_FIELDS = (  # what stages 1 to 4 depend on; a test tries each
    "max_side enlarge max_frames max_pixels dtype flow n_scales camera_motion repeats borders"
).split()
SOURCES = (  # what stages 1 to 4 are made of; a test holds the list against the imports
    "arrays errors video flow trajectories descriptors kernels.filters kernels.medians "
    "kernels.pyramid media.boxes media.containers media.decoding media.ffmpeg media.pictures "
    "media.borders media.streams media.repeats storage.files cited.farneback cited.homography "
    "cited.medians phases.motion phases.streaming phases.extraction"
).split()


@dataclass(frozen=True)
class CachedExtract:
    """An `extract` with a memory; picklable, so that workers share it.

    Entries that were used at `since` or later (seconds of the clock) never make room for others:
    where one run's features exceed the limit, some are kept instead of none.
    """

    folder: Path
    limit: int = LIMIT
    since: float = float("inf")
    compute: Extract = extraction.extract

    def __call__(self, path: PathLike, config: Config, **more: Any) -> Extraction:
        """Return the trajectories of a video, from the folder or computed and kept.

        What computes them is given `more`.
        """
        key = entry_key(path, config)
        if key is None:  # no file: the reader will say what it is
            return self.compute(path, config, **more)
        entry = self.folder / f"{key}.npz"
        try:
            about, blocks = read_entry(entry, key, config)
        except (FileNotFoundError, NotADirectoryError):
            return self._computed(entry, path, config, **more)
        except BROKEN:
            found = self._computed(entry, path, config, **more)
            found.notices.append(note(f"{printable(entry)}: broken cache entry; computed again"))
            return found
        name = printable(path)
        warnings = [name + w if w.startswith(": ") else w for w in about["warnings"]]
        notices = [Notice("video", text) for text in warnings]
        return Extraction(blocks, about["n_frames"], about["n_points"], notices)

    def _computed(self, entry: Path, path: PathLike, config: Config, **more: Any) -> Extraction:
        found = self.compute(path, config, **more)
        found.blocks = self._kept(entry, rebatch(found.blocks), found, printable(path))
        return found

    def _kept(
        self, entry: Path, blocks: Iterator[Block], found: Extraction, name: str
    ) -> Iterator[Block]:
        """Pass blocks on while writing them; without a place for them, just pass them on."""
        trouble: list[Notice] = []
        with contextlib.closing(self._writing(entry, found, name, trouble)) as writing:
            next(writing, None)
            for block in blocks:
                yield block
                with contextlib.suppress(StopIteration):  # it has given up
                    writing.send(block)
            next(writing, None)  # that was the last
        found.notices += trouble

    def _writing(
        self, entry: Path, found: Extraction, name: str, trouble: list[Notice]
    ) -> Generator[None, Block | None, None]:
        """Write an entry of the blocks that are sent until one is None; where it cannot, say why.

        An entry beyond a quarter of the limit would leave others no room. Warnings go without the
        file's name: another file may have the same bytes. What is closed early leaves no trace.
        """
        n_blocks = n_points = 0
        try:
            claim(self.folder)
            with write_whole(entry, follow=False) as file, zipfile.ZipFile(file, "w") as archive:
                while block := (yield):
                    for part, array in block._asdict().items():
                        npz.write_member(archive, member(n_blocks, part), array)
                    n_blocks, n_points = n_blocks + 1, n_points + len(block.info_P10)
                    if file.tell() > self.limit // 4:
                        text = "features beyond a quarter of the cache's limit are not kept"
                        raise GivenUpError(text)
                about = {"key": entry.stem, "n_frames": found.n_frames, "n_points": n_points}
                about["warnings"] = [
                    n.text.removeprefix(name) for n in found.notices if n.kind == "video"
                ]
                text = json.dumps(about | {"seal": seal(about, archive)})
                npz.write_member(archive, "json", npz.to_bytes(text))
                if not self.make_room(file.tell()):
                    text = "the cache is full of this run's features; more are not kept"
                    raise GivenUpError(text)
        except GivenUpError as fault:
            trouble.append(note(str(fault)))
        except OSError as fault:
            disk = fault.__cause__ if isinstance(fault.__cause__, OSError) else fault
            reason = disk.strerror or str(fault)
            trouble.append(note(f"{printable(self.folder)}: features are not kept: {reason}"))

    def make_room(self, n_bytes: int) -> bool:
        """Drop the entries used longest ago until `n_bytes` more fit; return whether they do."""
        entries, total = [], n_bytes
        for path in self.folder.iterdir():
            with contextlib.suppress(OSError):
                status = path.lstat()
                if stat.S_ISREG(status.st_mode) and ENTRY.fullmatch(path.name):
                    entries.append((status.st_mtime, status.st_size, path))
                    total += status.st_size
        for used, size, path in sorted(entries):
            if total <= self.limit or used >= self.since:
                break
            with contextlib.suppress(FileNotFoundError):
                path.unlink()
            total -= size
        return total <= self.limit


def is_ours(folder: Path) -> bool:
    """Return whether a folder carries our mark."""
    try:
        with open_own(folder / TAG) as file:
            return file.read(len(MARK) + 1) == MARK
    except OSError:
        return False


def place(given: PathLike) -> Path:
    """Return the folder to keep features in: the given one, or one of ours in it.

    The given one is used where it is new, empty or marked. Nothing is made yet.
    """
    folder = Path(given).absolute()
    with contextlib.suppress(OSError):
        if _holds_others(folder):
            return folder / BESIDE
    return folder


def _holds_others(folder: Path) -> bool:
    """Return whether a folder holds anything and is not ours.

    The mark is looked for last: what another process is making is marked before it holds more.
    """
    held = any(not TEMPORARY.fullmatch(name) for name in os.listdir(folder))
    return held and not is_ours(folder)


def claim(folder: Path) -> None:
    """Make a folder and mark it as ours. Raises OSError where it holds other things."""
    folder.mkdir(parents=True, exist_ok=True)
    if _holds_others(folder):
        told = "it holds other things; give an empty folder"
        raise OSError(errno.ENOTEMPTY, told, str(folder))
    if is_ours(folder):
        return
    with write_whole(folder / TAG, follow=False) as file:
        file.write(MARK)


def note(text: str) -> Notice:
    """Return a warning about the machine, not about the video: --strict lets it pass."""
    return Notice("machine", text)


def entry_key(path: PathLike, config: Config) -> str | None:
    """Return the key of a video's features: its content, the parameters, the code."""
    digest = hashlib.sha256(code_version().encode())
    parameters = settings(config, *EXTRACTION_FIELDS)
    digest.update(json.dumps(parameters, sort_keys=True).encode())
    try:
        digest.update(content_digest(path).encode())
    except (OSError, VideoError):
        return None
    return digest.hexdigest()


@functools.lru_cache
def code_version() -> str:
    """Return a digest of the code of stages 1 to 4 and of what computes them."""
    machine = [FORMAT, imageio_ffmpeg.__version__, np.__version__, platform.machine()]
    machine.append(os.environ.get("IMAGEIO_FFMPEG_EXE", ""))
    digest = hashlib.sha256(" ".join(machine).encode())
    for _name, text in sorted(stage_sources().items()):
        digest.update(text.encode())
    return digest.hexdigest()


def stage_sources() -> dict[str, str]:
    """Return the source of every module of lsfref that stages 1 to 4 are made of."""
    own = Path(lsfref.__file__).parent
    return {
        name: own.joinpath(*name.split(".")).with_suffix(".py").read_text(encoding="utf-8")
        for name in SOURCES
    }
