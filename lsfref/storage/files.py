"""How files are written, whole or not at all, and how they are named in messages."""

import contextlib
import errno
import os
import re
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from lsfref.errors import WriteError

# What a disk answers while bytes go to it; any other error in the writer's block is the writer's.
_DISK_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS)
TEMPORARY = re.compile(r"\.lsfref-[0-9a-f]{16}\.tmp")  # what is not yet whole; ours alone
_CURES = {
    errno.ENOSPC: "free some room or give another place",
    errno.EDQUOT: "free some room or give another place",
    errno.ENOENT: "make its folder first",
    errno.EACCES: "ask for the right to write there or give another place",
}


def printable(name: str | bytes | os.PathLike[str]) -> str:
    """Return `name` fit for a message: one line, no control character, bytes beyond UTF-8 as \\xff.

    A file name is whatever its maker chose: line feeds, escape sequences for the terminal, marks
    that reverse the direction of writing. None of them reaches the screen.
    """
    text = os.fsdecode(name)
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else _escape(c) for c in text)


def _escape(character: str) -> str:
    if "\udc80" <= character <= "\udcff":  # how Python keeps a byte that is not UTF-8
        return f"\\x{ord(character) - 0xDC00:02x}"
    return character.encode("unicode_escape").decode("ascii")


def open_own(path: str | os.PathLike[str]) -> IO[bytes]:
    """Return a file opened to be read: a regular one, never what a link leads to.

    Raises OSError for anything else, at once: a pipe or a device is not waited for.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return open(descriptor, "rb")
    os.close(descriptor)
    raise OSError(errno.EINVAL, "not a regular file", os.fspath(path))


@contextlib.contextmanager
def write_whole(path: str | os.PathLike[str], *, follow: bool = True) -> Iterator[IO[bytes]]:
    """Yield a binary file that becomes `path` on success and leaves no trace on failure.

    The bytes go to a temporary name in the same folder, are flushed to the disk and moved into
    place, so a reader sees the old file or the new one, whole, whatever happens in between. A link
    stays a link, and what it points to is replaced; without `follow` the link itself is. Raises
    WriteError (an OSError too) when there is no room, no permission, no such folder, or when `path`
    is a folder or a device; what the block itself raises passes through.
    """
    target = Path(os.path.realpath(os.fsdecode(path)) if follow else os.fsdecode(path))
    temporary = target.with_name(f".lsfref-{secrets.token_hex(8)}.tmp")
    try:
        with _told(path):
            if follow and target.exists() and not stat.S_ISREG(target.stat().st_mode):
                raise OSError(errno.EINVAL, "it is a folder or a device, not a file")
            file = open(temporary, "xb")
        with _told(path, only=_DISK_ERRORS), file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        with _told(path):
            os.replace(temporary, target)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise


@contextlib.contextmanager
def _told(path: str | os.PathLike[str], *, only: tuple[int, ...] = ()) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if isinstance(error, WriteError) or (only and error.errno not in only):
            raise
        cause = error.strerror or type(error).__name__
        cure = _CURES.get(error.errno or 0, "give another place")
        raise WriteError(f"{printable(path)}: cannot be written ({cause}); {cure}") from error
