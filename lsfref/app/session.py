"""What a run works with: extraction that remembers, a mapper over jobs, progress."""

import contextlib
import dataclasses
import tempfile
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path

from lsfref.app import workers
from lsfref.app.cache import CachedExtract
from lsfref.app.progress import Progress
from lsfref.passes import Extract, Mapper, extract


@dataclasses.dataclass(frozen=True)
class Session:
    """Handed to `pipeline` by every command that reads videos."""

    extract: Extract
    mapper: Mapper
    progress: Progress


@contextlib.contextmanager
def session(args: Namespace, *, passes: int, n_videos: int) -> Iterator[Session]:
    """Yield a Session for --jobs, --cache and --quiet.

    Who reads each video once (`passes` = 1) needs no cache; who reads it again gets a temporary one
    where --cache is none.
    """
    with contextlib.ExitStack() as stack:
        progress = Progress(quiet=args.quiet)
        stack.callback(progress.clear)
        reader: Extract = extract
        if args.cache != "none":
            reader = CachedExtract(Path(args.cache).absolute())
        elif passes > 1:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="lsfref-"))
            reader = CachedExtract(Path(folder))
        mapper = stack.enter_context(workers.mapper(max(1, min(args.jobs, n_videos))))
        yield Session(reader, mapper, progress)
