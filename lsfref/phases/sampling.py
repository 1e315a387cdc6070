"""Between stages 4 and 5, paper Section 3.2: the descriptors that phase 1 learns from.

In: labeled videos.  Out: sample_PD, some of their rows, and the video of each.

Every row has a random key, and those with the smallest keys are drawn (B1). Keys come from the
video's own content, so that the sample depends neither on the order of the videos nor on who reads
which. A video can therefore hand back, when it is counted, all that the sample may want of it (B4).
"""

import functools
import hashlib
import io
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from lsfref.arrays import N_COLUMNS, Floats, Ints
from lsfref.config import Config
from lsfref.media.pictures import digest_or_name
from lsfref.phases.advice import check_finite
from lsfref.phases.extraction import ALONE, Extract, Extraction, PathLike, Work
from lsfref.phases.passes import Pooled, survey
from lsfref.phases.streaming import Block
from lsfref.storage.files import scratch, write_passing

Describe = Callable[..., Pooled]  # (path, *, config, extract)


class Sample(NamedTuple):
    """What phase 1 learns from: rows in the order of videos and rows, and whose they are."""

    rows_PD: Floats
    owner_P: Ints


def identities(paths: Sequence[PathLike], *, work: Work = ALONE) -> list[str]:
    """Return what keys are drawn by: the digest of a video's content, and its place among equals.

    `paths` are in the order of the videos' names.
    """
    seen: Counter[str] = Counter()
    found = []
    for digest in work.each("", digest_or_name, paths):
        found.append(f"{digest} {seen[digest]}")
        seen[digest] += 1
    return found


def key_stream(seed: int, identity: str) -> np.random.Generator:
    """Return the generator of a video's keys: uniform numbers in [0, 1), in the order of rows."""
    digest = hashlib.sha256(f"sample {seed} {identity}".encode()).digest()
    return np.random.default_rng(list(digest))


def draw_rows(
    keys_P: Floats, owner_P: Ints, counts_M: Ints, labels_M: Ints, config: Config
) -> Ints:
    """Return rows_p, ascending: which of P rows are drawn, those with the smallest keys (B1, B2).

    keys_P and owner_P are in the order of videos and rows, and of each video the smallest keys at
    least; counts_M says how many it has in all. Of equal keys the earlier goes first. Videos with
    label -1 (unlabeled) give none. If there are no more than `n_samples` rows, all are drawn.

    Choices: B1 "none": uniform over all rows, so long videos weigh more.
             B2 "video": the same number from each video; "class": from each class, uniform over
             its rows. What a short video or a small class lacks is shared equally by the others;
             an indivisible rest goes to the largest.
    """
    counts_M = np.where(labels_M < 0, 0, counts_M)
    group_M = group_by(labels_M, config)
    groups = np.unique(group_M[counts_M > 0])
    quotas = share_out([int(counts_M[group_M == g].sum()) for g in groups], config.n_samples)
    group_P = group_M[owner_P]
    drawn = [np.empty(0, np.int64)]
    for g, quota in zip(groups, quotas, strict=True):
        rows_p = np.flatnonzero(group_P == g)
        drawn.append(rows_p[np.argsort(keys_P[rows_p], kind="stable")[:quota]])
    return np.sort(np.concatenate(drawn))


UNDRAWN = -1  # the group of what has no label


def group_by(labels_M: Ints, config: Config) -> Ints:
    """Return group_M: which videos share a quota (B2)."""
    groups = {"none": np.zeros_like(labels_M), "video": np.arange(len(labels_M)), "class": labels_M}
    return np.where(labels_M < 0, UNDRAWN, groups[config.balance])


def share_out(sizes: Sequence[int], n: int) -> list[int]:
    """Return how many to take of each size: `n` in all, as equal as the sizes allow."""
    quotas = [0] * len(sizes)
    for n_done, i in enumerate(sorted(range(len(sizes)), key=lambda i: sizes[i])):
        quotas[i] = min(sizes[i], n // (len(sizes) - n_done))
        n -= quotas[i]
    return quotas


class Want(NamedTuple):
    """What the sample may want of a video: `most` rows, with keys up to `highest`."""

    most: int
    highest: float


class Standing:
    """How far a sample has come: how many rows were seen of each group, and their smallest keys."""

    def __init__(self, n_samples: int) -> None:
        self.n_samples = n_samples
        self.sizes: Counter[int] = Counter()
        self.keys: dict[int, Floats] = {}

    def want(self, group: int) -> Want:
        """Return what can still be drawn of a video of this group, whatever videos follow.

        Were the group without end, its quota would be `most`; further rows of others lower it.
        """
        if group == UNDRAWN:
            return Want(0, -1.0)
        others = [size for other, size in self.sizes.items() if other != group]
        endless = max([*others, self.n_samples])
        most = share_out([*others, endless], self.n_samples)[-1]
        return Want(most, _nth(self.keys.get(group, np.empty(0)), most))

    def add(self, group: int, n_rows: int, keys_p: Floats) -> None:
        """Take note of a video."""
        self.sizes[group] += n_rows if group != UNDRAWN else 0
        every_p = np.concatenate([self.keys.get(group, np.empty(0)), keys_p])
        self.keys[group] = np.sort(every_p, kind="stable")[: self.n_samples]


def _nth(keys_p: Floats, n: int) -> float:
    """Return the n-th smallest key, or 1 where there are fewer."""
    return float(np.partition(keys_p, n - 1)[n - 1]) if 0 < n <= len(keys_p) else 1.0


def survey_videos(
    paths: Sequence[PathLike],
    parts: Sequence[Ints],
    config: Config,
    *,
    work: Work = ALONE,
    describe: Describe = survey,
) -> tuple[list[Pooled], list[Sample]]:
    """Return what `describe` makes of each video, and a sample for each of `parts` (B1 to B4).

    A part is labels_M, -1 where a video gives it nothing. Each video is read once. `paths` are in
    the order of the videos' names. Rows that may be drawn wait in temporary files, about
    n (1 + ln(all rows / n)) of them for a sample of n.
    """
    groups = [group_by(labels_M, config).tolist() for labels_M in parts]
    standings = [Standing(config.n_samples) for _ in parts]

    def wants() -> Iterator[Want]:  # each when its turn has come
        for own in zip(*groups, strict=True):
            of_parts = [one.want(group) for one, group in zip(standings, own, strict=True)]
            yield Want(*map(max, zip(*of_parts, strict=True)))

    described, keys, counts_M = list[Pooled](), list[Floats](), np.zeros(len(paths), np.int64)
    with scratch() as folder:
        files = [folder / str(m) for m in range(len(paths))]
        look = functools.partial(_look, config=config, extract=work.extract, describe=describe)
        each = paths, identities(paths, work=work), wants(), files
        for m, (found, keys_p, held) in enumerate(work.each("extracting", look, *each)):
            if held:
                files[m].write_bytes(held)
            counts_M[m] = 0 if found.error else found.n_points
            for standing, group_M in zip(standings, groups, strict=True):
                standing.add(group_M[m], int(counts_M[m]), keys_p)
            described.append(found)
            keys.append(keys_p)
        keys_K = np.concatenate([np.empty(0), *keys])
        owner_K = np.repeat(np.arange(len(keys)), [len(keys_p) for keys_p in keys])
        drawn = [draw_rows(keys_K, owner_K, counts_M, labels_M, config) for labels_M in parts]
        return described, [_gathered(rows_P, owner_K, files, config) for rows_P in drawn]


def _gathered(rows_P: Ints, owner_K: Ints, files: Sequence[Path], config: Config) -> Sample:
    """Return the drawn rows, of all that wait in files; 10^6 are held once."""
    owner_P, sample_PD = owner_K[rows_P], np.empty((len(rows_P), N_COLUMNS), config.dtype)
    for m in np.unique(owner_P):
        waiting = np.memmap(files[m], config.dtype, "r").reshape(-1, N_COLUMNS)
        own = slice(*np.searchsorted(owner_P, [m, m + 1]))  # owners ascend
        sample_PD[own] = waiting[rows_P[own] - np.searchsorted(owner_K, m)]
    return Sample(sample_PD, owner_P)


def _look(
    path: PathLike,
    identity: str,
    want: Want,
    file: Path,
    *,
    config: Config,
    extract: Extract,
    describe: Describe,
) -> tuple[Pooled, Floats, bytes]:
    """Return what `describe` makes of a video, and the keys of its rows that may be drawn.

    The rows wait in the file, or are the bytes, where its folder is not on this machine.
    """
    keys = [np.empty(0)]

    def kept(blocks: Iterable[Block]) -> Iterator[Block]:
        """Pass blocks on; rows that may be drawn are written."""
        stream, highest = key_stream(config.seed, identity), want.highest
        n_seen, n_kept, enough = 0, 0, 2 * want.most
        for block in blocks:
            keys_B = stream.random(len(block.descriptors_PD))
            rows_b = np.flatnonzero(keys_B <= highest)
            picked_bD = block.descriptors_PD[rows_b].astype(config.dtype, copy=False)
            check_finite(path, picked_bD, n_seen + rows_b)
            target.write(picked_bD.tobytes())
            keys.append(keys_B[rows_b])
            n_seen, n_kept = n_seen + len(keys_B), n_kept + len(rows_b)
            if n_kept > enough:  # of a long video, not all rows need to wait
                keys[:], enough = [np.concatenate(keys)], n_kept + want.most
                highest = min(highest, _nth(keys[0], want.most))
            yield block

    def watched(*rest: Any, **more: Any) -> Extraction:
        found = extract(*rest, **more)
        found.blocks, found.n_points = kept(found.blocks), None
        return found

    with write_passing(file) if file.parent.is_dir() else io.BytesIO() as target:
        found = describe(path, config=config, extract=watched)
        held = target.getvalue() if isinstance(target, io.BytesIO) else b""
    return found, np.empty(0) if found.error else np.concatenate(keys), held
