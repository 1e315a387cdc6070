"""Ctrl-C and TERM are exceptions; where one would be lost or misread, it comes later."""

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

LATER = 0.25  # seconds; a hook is over by then on a busy machine, too


def told_again(otherwise: Callable[[Any], Any], unraisable: "sys.UnraisableHookArgs") -> None:
    """Hook for what destructors raise: Ctrl-C and TERM that came in one come again after it."""
    number = {KeyboardInterrupt: signal.SIGINT, SystemExit: signal.SIGTERM}.get(unraisable.exc_type)
    if number is None:
        otherwise(unraisable)
    else:  # here it would be lost, and the reader of stderr shown a traceback
        with held(number):  # a second one would end the start of the timer, and be lost with it
            threading.Timer(LATER, os.kill, (os.getpid(), number)).start()


@contextlib.contextmanager
def held(*numbers: signal.Signals) -> Iterator[None]:
    """Hold signals back until the end of a block, from this thread and the processes it starts."""
    previous = signal.pthread_sigmask(signal.SIG_BLOCK, numbers)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, previous)
