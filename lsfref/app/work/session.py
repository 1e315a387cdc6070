"""What a run works with: extraction that remembers, a mapper over jobs, progress."""

import contextlib
import functools
import tempfile
import time
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from lsfref.app.work import cluster, workers
from lsfref.app.work.cache import CachedExtract, place
from lsfref.app.work.progress import Progress
from lsfref.config import Config
from lsfref.errors import VideoError
from lsfref.phases.extraction import Extract, Extraction, PathLike, Work, extract, from_start
from lsfref.phases.streaming import Block
from lsfref.storage.files import scratch, sweep_once

LONG = 500  # frames


class Session(NamedTuple):
    """Used by every command that reads videos: how they are worked on, and who tells of it."""

    work: Work
    progress: Progress


@contextlib.contextmanager
def session(args: Namespace, *, passes: int, n_videos: int) -> Iterator[Session]:
    """Yield a Session for --jobs or --cluster, --cache, --strict and --quiet.

    Who reads each video once (`passes` = 1) needs no cache; who reads it again gets a temporary one
    where --cache is none, but for a cluster, which may not see it.
    """
    with contextlib.ExitStack() as stack:
        progress = Progress(quiet=args.quiet)
        sweep_once(Path(tempfile.gettempdir()))
        stack.callback(progress.clear)
        jobs = max(1, min(args.jobs, n_videos))
        reader: Extract = extract
        if jobs == 1 and not args.cluster:  # in this process: a long video can say how far it is
            reader = functools.partial(extract, seen=functools.partial(show_frame, progress))
        folder: Path | None = None
        if args.cache != "none":
            folder = place(args.cache)
        elif passes > 1 and not args.cluster:
            folder = stack.enter_context(scratch())
        if folder is not None:
            limit = int(args.cache_limit * 1e9)
            reader = CachedExtract(folder, limit, since=time.time(), compute=reader)
        if getattr(args, "strict", False):
            reader = functools.partial(strict_extract, inner=reader)
        many = cluster.mapper(args.cluster, progress.say) if args.cluster else workers.mapper(jobs)
        each = functools.partial(progress.each, stack.enter_context(many))
        resume = functools.partial(progress.training, from_start)
        yield Session(Work(reader, each, resume), progress)


def show_frame(progress: Progress, number: int) -> None:
    """Show how far a long video is; short ones are counted as videos alone."""
    if number >= LONG:
        progress("long video", number, 0)


def strict_extract(path: PathLike, config: Config, *, inner: Extract, **more: Any) -> Extraction:
    """Return what `inner` does; a warning about the video becomes a VideoError (--strict)."""
    found = inner(path, config, **more)
    if found.n_points is not None:  # all is known beforehand
        refuse_damage(found)
    found.blocks = _checked(found, found.blocks)
    return found


def _checked(found: Extraction, blocks: Iterator[Block]) -> Iterator[Block]:
    yield from blocks
    refuse_damage(found)


def refuse_damage(found: Extraction) -> None:
    """Raise VideoError where there is a warning about the video itself."""
    for notice in found.notices:
        if notice.kind == "video":
            raise VideoError(notice.text)
