"""Work for processes of their own, and a process that is told to end."""

import multiprocessing
import pickle
import tempfile
import time
from pathlib import Path

from lsfref.app.work import workers


def nap(seconds):
    time.sleep(seconds)
    return seconds


def begin(work):
    """Make this process a worker that does `work`."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "work")
        file.write_bytes(pickle.dumps(work))
        workers._begin(file)


def told_to_end(work):
    """Run work in a process of a pool, tell it to end; return its exit status, quick or killed."""
    process = multiprocessing.get_context("spawn").Process(target=work)
    process.start()
    process.join(40)
    process.kill()
    process.join()
    return process.exitcode
