"""The three standard streams, made safe to use: present, and their failures reported.

Messages that nobody can read are no reason to stop: stderr may be closed, full or gone. Results
that nobody gets are: where stdout is full, the error names it. A closed stream is one that the
caller does not want; it leads nowhere, and no file of ours is opened in its place.
"""

import contextlib
import io
import os
import sys
from collections.abc import Iterator
from typing import Any

STDOUT = "standard output"
NULL = {0: os.O_RDONLY, 1: os.O_WRONLY, 2: os.O_WRONLY}


class Output(io.FileIO):
    """Stdout or stderr without a buffer."""

    def write(self, data: Any) -> int:
        """Write bytes; on stderr what cannot be written is dropped."""
        try:
            return super().write(data)
        except OSError as fault:
            if self.fileno() == 2:
                return len(data)
            raise type(fault)(fault.errno, fault.strerror, STDOUT) from None


@contextlib.contextmanager
def usable() -> Iterator[None]:
    """Replace what of stdin, stdout and stderr is closed or would fail, until the end of a block.

    A stream that somebody else has put in place stays.
    """
    for descriptor, flags in NULL.items():
        try:
            os.fstat(descriptor)
        except OSError:
            null = os.open(os.devnull, flags)  # takes the lowest number that is free: this one
            os.set_inheritable(null, True)
    before = sys.stdin, sys.stdout, sys.stderr
    if sys.stdin is None:
        sys.stdin = open(0, closefd=False)
    sys.stdout = _fit(1, sys.stdout, sys.__stdout__)
    sys.stderr = _fit(2, sys.stderr, sys.__stderr__)
    try:
        yield
    finally:
        sys.stdin, sys.stdout, sys.stderr = before


def _fit(descriptor: int, now: Any, own: Any) -> Any:
    """Return the stream to use in place of `now`; names are any: what it cannot show is escaped."""
    if now is not own:
        return now
    return io.TextIOWrapper(
        io.BufferedWriter(Output(descriptor, "w", closefd=False)), encoding=now and now.encoding,
        errors="backslashreplace", line_buffering=descriptor == 2 or os.isatty(descriptor),
    )  # fmt: skip


def lead_nowhere(descriptor: int) -> None:
    """Send to nowhere what a stream still holds: from 3.13 on Python would complain at the end."""
    with contextlib.suppress(OSError):
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, descriptor)
        os.close(null)
