"""How files are written, whole or not at all, and how they are named in messages."""

import contextlib
import errno
import fcntl
import functools
import json
import os
import re
import secrets
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

from lsfref.errors import WriteError

PathLike = str | os.PathLike[str]

# What a disk answers while bytes go to it; any other error in the writer's block is the writer's.
_DISK_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS)
TEMPORARY = re.compile(r"\.lsfref-[0-9a-f]{16}\.tmp")  # what is not yet whole; ours alone
JSON_LIMIT, VALUES = 32 << 20, 1_000_000  # bytes; and values in them: 200 MB unpacked
_CURES = {
    errno.ENOSPC: "free some room or give another place",
    errno.EDQUOT: "free some room or give another place",
    errno.ENOENT: "make its folder first",
    errno.EACCES: "ask for the right to write there or give another place",
}


def printable(name: PathLike | bytes) -> str:
    """Return `name` fit for a message: one line, no control character, bytes beyond UTF-8 as \\xff.

    A file name is whatever its maker chose: line feeds, escape sequences for the terminal, marks
    that reverse the direction of writing. None of them reaches the screen.
    """
    return "".join(c if c.isprintable() else _escape(c) for c in os.fsdecode(name))


def with_name(path: PathLike | bytes, fault: Exception) -> str:
    """Return the fault as a sentence that begins with the file's name."""
    name = printable(path)
    return str(fault) if str(fault).startswith(name) else f"{name}: {fault}"


def _escape(character: str) -> str:
    if "\udc80" <= character <= "\udcff":  # how Python keeps a byte that is not UTF-8
        return f"\\x{ord(character) - 0xDC00:02x}"
    return character.encode("unicode_escape").decode("ascii")


def open_own(path: PathLike, *, follow: bool = False) -> IO[bytes]:
    """Return a file opened to be read: a regular one, without `follow` never what a link leads to.

    Raises OSError for anything else, at once: a pipe or a device is not waited for.
    """
    links = 0 if follow else os.O_NOFOLLOW
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | links)
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return open(descriptor, "rb")
    os.close(descriptor)
    raise OSError(errno.EINVAL, "not a regular file", os.fspath(path))


def parse_json(data: bytes) -> Any:
    """Return what JSON text says. Raises ValueError where it is none, or where it would not fit.

    A value of two bytes, `{}`, takes 72 of memory: what may hold more than VALUES is not unpacked.
    """
    if len(data) > JSON_LIMIT or sum(data.count(mark) for mark in b"[{,:") > VALUES:
        raise ValueError("a description of a size that none of ours has")
    return json.loads(data)


@contextlib.contextmanager
def write_whole(path: PathLike, *, follow: bool = True) -> Iterator[IO[bytes]]:
    """Yield a binary file that becomes `path` on success and leaves no trace on failure.

    The bytes go to a temporary name in the same folder, are flushed to the disk and moved into
    place, so a reader sees the old file or the new one, whole, whatever happens in between. A
    replaced file passes its permissions on. A link stays a link, and what it points to is replaced;
    without `follow` the link itself is. Raises WriteError (an OSError too) when there is no room,
    no permission, no such folder, or when `path` is a folder or a device; what the block itself
    raises passes through.
    """
    target = Path(os.path.realpath(os.fsdecode(path)) if follow else os.fsdecode(path))
    with _told(path):
        mode = target.stat().st_mode if follow and target.exists() else None
        if mode is not None and not stat.S_ISREG(mode):
            raise OSError(errno.EINVAL, "it is a folder or a device, not a file")
        temporary, descriptor = _new(target.parent, _new_file)
    try:
        with _told(path, only=_DISK_ERRORS), open(descriptor, "wb") as file:
            if mode is not None:
                os.fchmod(descriptor, stat.S_IMODE(mode))
            yield file
            file.flush()
            os.fsync(descriptor)
            with _told(path):
                os.replace(temporary, target)  # still open, and so held
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise


@contextlib.contextmanager
def write_passing(path: PathLike) -> Iterator[IO[bytes]]:
    """Yield a binary file in a `scratch` folder. Raises WriteError where the disk takes no more."""
    with _told(path, only=_DISK_ERRORS), open(path, "wb") as file:
        yield file


def write_bytes(path: PathLike, data: bytes) -> None:
    """Write a file as `write_whole` does."""
    with write_whole(path) as file:
        file.write(data)


def check_output(path: PathLike) -> None:
    """Raise WriteError where `write_whole` would, before there is anything to write."""
    with contextlib.suppress(GivenUpError), write_whole(path):
        raise GivenUpError


def check_folder(path: PathLike) -> None:
    """Make a folder for results where there is none. Raises WriteError where none can be kept."""
    with _told(path):
        os.makedirs(path, exist_ok=True)
        with scratch(path):
            pass


class GivenUpError(Exception):
    """Thrown into an open file so that it leaves no trace."""


@contextlib.contextmanager
def scratch(parent: PathLike | None = None) -> Iterator[Path]:
    """Yield a new folder in `parent`, or for this user alone where temporary files are kept.

    In the end it is removed, if it is still there.
    """
    make = functools.partial(_new_folder, mode=0o700 if parent is None else 0o777)
    path, descriptor = _new(Path(parent or tempfile.gettempdir()), make)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
        os.close(descriptor)


def _new(folder: Path, make: Callable[[Path], int]) -> tuple[Path, int]:
    """Return a new path of ours and the descriptor that holds it: locked until it is closed.

    What killed runs left in the folder is swept away first, once for each process.
    """
    sweep_once(folder)
    while True:
        path = folder / f".lsfref-{secrets.token_hex(8)}.tmp"
        descriptor = make(path)
        with contextlib.suppress(OSError):  # a sweeper has it, or the disk knows no locks
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if path.exists():
            return path, descriptor
        os.close(descriptor)


def _new_file(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)


def _new_folder(path: Path, *, mode: int) -> int:
    path.mkdir(mode)
    return os.open(path, os.O_RDONLY)


def sweep(folder: PathLike) -> None:
    """Remove what killed runs left in a folder: names of our form, this user's, held by nobody.

    Who writes holds a lock on what he writes, which ends with him however he ends; where the disk
    knows no locks, nothing is removed.
    """
    for path in [entry for entry in Path(folder).iterdir() if TEMPORARY.fullmatch(entry.name)]:
        with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
            descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
            stack.callback(os.close, descriptor)
            status = os.fstat(descriptor)
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if status.st_uid == os.geteuid() and stat.S_ISDIR(status.st_mode):
                shutil.rmtree(path)
            elif status.st_uid == os.geteuid() and stat.S_ISREG(status.st_mode):
                path.unlink()


@functools.cache
def sweep_once(folder: Path) -> None:
    """Sweep a folder, once for each process, where that is allowed."""
    with contextlib.suppress(OSError):
        sweep(folder)


@contextlib.contextmanager
def _told(path: PathLike, *, only: tuple[int, ...] = ()) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if isinstance(error, WriteError) or (only and error.errno not in only):
            raise
        cause = error.strerror or type(error).__name__
        cure = _CURES.get(error.errno or 0, "give another place")
        where = printable(path) or "''"
        raise WriteError(f"{where}: cannot be written ({cause}); {cure}") from error
