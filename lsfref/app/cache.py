"""Features of videos, kept: stages 1 to 4 are 95 % of the work and do not change between runs.

An entry is keyed by the video's content, the parameters of stages 1 to 4 and their code. It is a
plain `.npz` of blocks, checked as it is read; a broken one is recomputed, with a warning. Processes
may share a folder: entries appear whole, and the oldest go first when the limit is reached.
"""

import contextlib
import dataclasses
import functools
import hashlib
import json
import os
import time
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import imageio_ffmpeg
import numpy as np

import lsfref
from lsfref import npz
from lsfref.config import Config, extraction_parameters
from lsfref.errors import VideoError
from lsfref.extraction import Block
from lsfref.files import printable, write_whole
from lsfref.passes import Extraction, PathLike, extract

LIMIT = 10_000_000_000  # bytes
ROWS = 8192  # of a stored block
CODE = "video pyramid filters flow farneback trajectories descriptors extraction passes".split()
BROKEN = (zipfile.BadZipFile, zlib.error, ValueError, KeyError, EOFError, OSError, RuntimeError)


@dataclasses.dataclass(frozen=True)
class CachedExtract:
    """`passes.extract` with a memory; picklable, so that workers share it."""

    folder: Path
    limit: int = LIMIT

    def __call__(self, path: PathLike, config: Config) -> Extraction:
        """Return the trajectories of a video, from the folder or computed and kept."""
        entry = self.folder / f"{entry_key(path, config)}.npz"
        found = Extraction(0, iter(()))
        try:
            about = _describe(entry)
        except FileNotFoundError:
            return self._compute(entry, path, config)
        except BROKEN:
            computed = self._compute(entry, path, config)
            computed.warnings.append(f"{printable(entry)}: broken cache entry; computed again")
            return computed
        with contextlib.suppress(OSError):
            os.utime(entry)  # the oldest by use go first
        found.n_frames, found.n_points = about["n_frames"], about["n_points"]
        found.warnings.extend(about["warnings"])
        found.blocks = self._stored(entry, about["blocks"], found, path, config)
        return found

    def _stored(
        self, entry: Path, n_blocks: int, found: Extraction, path: PathLike, config: Config
    ) -> Iterator[Block]:
        given = 0
        try:
            with zipfile.ZipFile(entry) as archive:
                for b in range(n_blocks):
                    parts = (npz.read_member(archive, f"{b:06}.{name}") for name in Block._fields)
                    block = Block(*parts)
                    given += len(block.info_P10)
                    yield block
            return
        except BROKEN as fault:
            if isinstance(fault, VideoError):
                raise
        found.warnings.append(f"{printable(entry)}: broken cache entry; computed again")
        for block in self._compute(entry, path, config):  # go on where the entry broke
            n = len(block.info_P10)
            if n > given:
                yield Block(*(part[given:] for part in block)) if given else block
            given = max(0, given - n)

    def _compute(self, entry: Path, path: PathLike, config: Config) -> Extraction:
        computed = extract(path, config)
        computed.blocks = self._kept(entry, rebatch(computed.blocks), computed)
        return computed

    def _kept(self, entry: Path, blocks: Iterator[Block], computed: Extraction) -> Iterator[Block]:
        """Pass blocks on while writing them; without a place for them, just pass them on."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with write_whole(entry) as file, zipfile.ZipFile(file, "w") as archive:
                n_blocks = n_points = 0
                for block in blocks:
                    yield block
                    for name, part in block._asdict().items():
                        npz.write_member(archive, f"{n_blocks:06}.{name}", part)
                    n_blocks, n_points = n_blocks + 1, n_points + len(block.info_P10)
                    if file.tell() > self.limit // 4:
                        raise _TooLargeError  # it would not leave room for others
                about = {
                    "n_frames": computed.n_frames,
                    "n_points": n_points,
                    "blocks": n_blocks,
                    "warnings": computed.warnings,
                }
                npz.write_member(archive, "json", npz.to_bytes(json.dumps(about)))
            self.trim()
        except _TooLargeError:
            pass
        except OSError as fault:
            why = f"{printable(self.folder)}: features are not kept: {fault.strerror or fault}"
            computed.warnings.append(why)
        yield from blocks

    def trim(self) -> None:
        """Drop the entries that were used longest ago until the rest fits; and old leavings."""
        entries = []
        for path in self.folder.iterdir():
            with contextlib.suppress(OSError):
                status = path.stat()
                if path.suffix == ".npz":
                    entries.append((status.st_mtime, status.st_size, path))
                elif path.suffix == ".tmp" and time.time() - status.st_mtime > 86_400:
                    path.unlink()
        total = sum(size for _time, size, _path in entries)
        for _time, size, path in sorted(entries):
            if total <= self.limit:
                break
            with contextlib.suppress(OSError):
                path.unlink()
            total -= size


class _TooLargeError(Exception):
    """An entry beyond a quarter of the limit."""


def rebatch(blocks: Iterator[Block]) -> Iterator[Block]:
    """Yield the same rows in blocks of ROWS or a little more; the last one is what is left."""
    held: list[Block] = []
    n = 0
    for block in blocks:
        held.append(block)
        n += len(block.info_P10)
        if n >= ROWS:
            yield Block(*map(np.concatenate, zip(*held, strict=True)))
            held, n = [], 0
    if n:
        yield Block(*map(np.concatenate, zip(*held, strict=True)))


def _describe(entry: Path) -> dict:
    with zipfile.ZipFile(entry) as archive:
        npz.headers(archive, entry.stat().st_size)
        about = json.loads(npz.read_texts(archive, ["json"])["json"])
        if set(about) != {"n_frames", "n_points", "blocks", "warnings"}:
            raise ValueError("not an entry")
        return about


def entry_key(path: PathLike, config: Config) -> str:
    """Return the key of a video's features: its content, the parameters, the code."""
    digest = hashlib.sha256(code_version().encode())
    digest.update(json.dumps(extraction_parameters(config), sort_keys=True).encode())
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK) if os.path.isfile(path) else None
    if descriptor is None:  # the reader will say what it is
        return "none"
    with open(descriptor, "rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


@functools.lru_cache
def code_version() -> str:
    """Return a digest of the code of stages 1 to 4 and of the decoder's version."""
    digest = hashlib.sha256(f"{imageio_ffmpeg.__version__} {np.__version__}".encode())
    for name in CODE:
        digest.update((Path(lsfref.__file__).parent / f"{name}.py").read_bytes())
    return digest.hexdigest()
