"""What an entry of the cache is: the blocks of a video's trajectories, and how they are believed.

A plain `.npz`: two arrays a block, and one JSON text with the entry's key, what is known of the
video, and a digest of all of it. Only what stages 1 to 4 can have made is read as their work.
"""

import contextlib
import hashlib
import json
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from lsfref.arrays import N_COLUMNS, Floats
from lsfref.config import Config
from lsfref.errors import VideoError
from lsfref.phases.streaming import Block
from lsfref.storage import npz
from lsfref.storage.files import open_own, parse_json, printable

ROWS = 2048  # of a stored block, at least
ABOUT = {"key": str, "n_frames": int, "n_points": int, "warnings": list, "seal": str}
MOST_FRAMES = 2**31
HIGHEST_10 = np.array([MOST_FRAMES, *[1e5] * 4, 1e6, 100, 1, 1, MOST_FRAMES])  # of a Block's info
ONE = 1.001  # no number of a descriptor is larger (A8, A10), but for rounding
BROKEN = (*npz.UNREADABLE, OSError)


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


def member(block: int, name: str) -> str:
    """Return the name of an array in an entry."""
    return f"{block:06}.{name}"


def seal(about: dict[str, Any], archive: zipfile.ZipFile) -> str:
    """Return a digest of what an entry says and of the checksums of its arrays."""
    sums = [(m.filename, m.CRC) for m in archive.infolist() if m.filename != "json.npy"]
    return hashlib.sha256(json.dumps([about, sums], sort_keys=True).encode()).hexdigest()


def read_entry(entry: Path, key: str, config: Config) -> tuple[dict[str, Any], Iterator[Block]]:
    """Return what an entry says of itself, and its blocks, after it was checked whole.

    It stays open until the last block, so that it may be removed meanwhile. Raises one of BROKEN
    where anything in it is not as the cache and stages 1 to 4 leave it.
    """
    reading = _reading(entry, key, config)
    return next(reading), reading


def _reading(entry: Path, key: str, config: Config) -> Iterator[Any]:
    with open_own(entry) as file, zipfile.ZipFile(file) as archive:
        size = os.fstat(file.fileno()).st_size
        n_blocks = len(npz.headers(archive, size)) // 2
        about = parse_json(npz.read_member(archive, "json").tobytes())
        if {name: type(value) for name, value in about.items()} != ABOUT or about["key"] != key:
            raise ValueError("not this entry")
        if about.pop("seal") != seal(about, archive):
            raise ValueError("not as it was written")
        texts = all(type(text) is str and text.isprintable() for text in about["warnings"])
        if not texts or not 0 <= about["n_frames"] < MOST_FRAMES:
            raise ValueError("not what is said of a video")
        n_points = last = 0
        for b in range(n_blocks):
            block = read_block(archive, b, check=True)
            check_rows(*block, about["n_frames"], last, config.dtype)
            n_points, last = n_points + len(block.info_P10), block.info_P10[-1, 0]
        if n_points != about["n_points"]:
            raise ValueError("not all of it")
        with contextlib.suppress(OSError):
            os.utime(file.fileno())  # the oldest by use go first
        yield about
        try:
            yield from (read_block(archive, b, check=False) for b in range(n_blocks))
        except BROKEN as fault:
            told = "it has changed while it was read; start again"
            raise VideoError(f"{printable(entry)}: {told}") from fault


def read_block(archive: zipfile.ZipFile, b: int, *, check: bool) -> Block:
    """Return block b of an entry."""
    return Block(*(npz.read_member(archive, member(b, n), check=check) for n in Block._fields))


def check_rows(
    info_P10: Floats, descriptors_PD: Floats, n_frames: int, last: float, dtype: str
) -> None:
    """Raise ValueError for rows that stages 1 to 4 cannot have made after those of frame `last`."""
    kinds = info_P10.dtype.str, info_P10.shape, descriptors_PD.dtype.str, descriptors_PD.shape
    n = len(info_P10)
    if kinds != ("<f8", (n, 10), np.dtype(dtype).newbyteorder("<").str, (n, N_COLUMNS)):
        raise ValueError(f"types and shapes {kinds}")
    frames_P = info_P10[:, 0]
    if not (last <= frames_P[0] and np.all(frames_P[:-1] <= frames_P[1:])):
        raise ValueError("frames are not in order")
    low_10, high_10 = info_P10.min(axis=0), info_P10.max(axis=0)
    if not (np.all(low_10 >= -1) and np.all(high_10 <= HIGHEST_10) and frames_P[-1] < n_frames):
        raise ValueError("info out of range")
    if not (descriptors_PD.min() >= -ONE and descriptors_PD.max() <= ONE):
        raise ValueError("descriptors out of range")
