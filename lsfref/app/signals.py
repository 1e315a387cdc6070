"""Ctrl-C and TERM are exceptions; one that comes while a destructor runs must not be lost."""

import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any


def told_again(otherwise: Callable[[Any], Any], unraisable: "sys.UnraisableHookArgs") -> None:
    """Hook for what destructors raise: Ctrl-C and TERM that came in one come again after it."""
    number = {KeyboardInterrupt: signal.SIGINT, SystemExit: signal.SIGTERM}.get(unraisable.exc_type)
    if number is None:
        otherwise(unraisable)
    else:  # here it would be lost, and the reader of stderr shown a traceback
        threading.Timer(0.01, os.kill, (os.getpid(), number)).start()
