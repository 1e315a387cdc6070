"""Work for processes of their own, and a process that is told to end."""

import multiprocessing
import time


def nap(seconds):
    time.sleep(seconds)
    return seconds


def told_to_end(work):
    """Run work in a process of a pool, tell it to end; return its exit status, quick or killed."""
    process = multiprocessing.get_context("spawn").Process(target=work)
    process.start()
    process.join(40)
    process.kill()
    process.join()
    return process.exitcode
