"""Videos side by side: a process pool that keeps order, bounds memory and dies with its parent."""

import collections
import contextlib
import functools
import gc
import inspect
import multiprocessing
import os
import pickle
import signal
import sys
import threading
import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import util
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, NoReturn

from lsfref.app.work import machine, signals
from lsfref.errors import LsfrefError, VideoError
from lsfref.storage.files import printable, scratch, write_bytes

_told_to_end = False  # in a worker; no Event: a second signal would wait for the lock of the first
_given: Any = None  # in a worker: what it does

DIED = "a worker process died on it, twice (out of memory?); leave it out, or use fewer --jobs"
GRACE = 10  # seconds in which a worker that is told to end cleans up
LOOK = 1.0  # seconds between two looks at a pool that has no result yet
AHEAD = 16  # results a job may be ahead of the one waited for, so that a long video stops nobody

Mapper = Callable[..., Iterable[Any]]  # as `map`


@contextlib.contextmanager
def mapper(jobs: int) -> Iterator[Mapper]:
    """Yield a `map` over `jobs` processes with results in order; the built-in one for one job.

    On the way out by an exception (Ctrl-C too) the processes are ended; they clean up.
    """
    if jobs == 1:
        yield map
        return
    with scratch() as folder:
        crew = Crew(jobs, folder)
        try:
            yield functools.partial(ordered, crew, AHEAD * jobs)
            crew.stop(cancel=True)
        except BaseException:
            with signals.held(signal.SIGINT, signal.SIGTERM):  # a process that has just begun waits
                crew.kill()
                crew.stop(cancel=True)
            raise


class Crew:
    """A pool of processes for one function, which they find in a file of the folder as they start:
    an encoder is sent once to each, not with every video, and not down a pipe, on which the parent
    would wait for ever where a process dies before it reads. The pool is made anew for another
    function, and where one of them dies, which ends a pool."""

    def __init__(self, jobs: int, folder: Path) -> None:
        self.jobs, self.file = jobs, folder / "work"
        self.function: Callable[..., Any] | None = None
        self.sent: weakref.WeakSet[Future[Any]] = weakref.WeakSet()
        self.start(jobs)

    def start(self, jobs: int) -> None:
        """Begin a pool."""
        context = multiprocessing.get_context("spawn")  # nothing is inherited: no locks, no threads
        write_bytes(self.file, pickle.dumps(self.function))
        with folder_off_path():
            self.pool = _Pool(jobs, context, _begin, (self.file,))

    def kill(self) -> None:
        """Tell all processes of the pool to end."""
        for process in list((self.pool._processes or {}).values()):
            process.terminate()

    def stop(self, *, cancel: bool = False) -> None:
        """End the pool. One that broke waits for its processes, and may have missed one that was
        just starting as it told them all to end. Up to Python 3.11 it may also have lost work that
        was just sent, which fails here."""
        if self.pool._broken:
            self.kill()
        self.pool.shutdown(wait=True, cancel_futures=cancel)
        for future in list(self.sent):
            if not cancel and not future.done():  # else nobody waits for it
                future.set_exception(BrokenProcessPool())

    def submit(self, function: Callable[..., Any], /, *each: Any) -> Future[Any]:
        """Return the future of function(*each)."""
        if function is not self.function:
            self.stop()
            self.function = function
            self.start(self.jobs)
        try:
            future = self.pool.submit(*each)
        except (BrokenProcessPool, OSError, ValueError):  # the last two as it breaks meanwhile
            if not self.pool._broken:
                raise
            future = Future()
        self.sent.add(future)
        return future

    def result(self, future: Future[Any]) -> Any:
        """Return the result of a future."""
        while not future.done():
            if self.pool._broken:
                self.stop()
            wait([future], LOOK)
        return future.result()

    def again(self, function: Callable[..., Any], each: Sequence[Any]) -> Any:
        """Return function(*each), tried once more and alone; then go on with a new pool.

        Where its process dies again, this is what the function makes of it `without` the video.
        """
        self.stop()
        self.function = function
        self.start(1)
        try:
            found = self.pool.submit(*each).result()
        except BrokenProcessPool:
            found = without(function, each, DIED)
        self.stop()
        self.start(self.jobs)
        return found


def reads_video(function: Callable[..., Any], each: Sequence[Any]) -> bool:
    """Return whether function(*each) reads a video, the first of its arguments."""
    extracts = "extract" in inspect.signature(function).parameters
    return extracts and isinstance(each[0], (str, os.PathLike))


def without(function: Callable[..., Any], each: Sequence[Any], why: str) -> Any:
    """Return what a function makes of a video that cannot be read. Raises LsfrefError for none."""
    if not reads_video(function, each):
        raise LsfrefError(why)

    def refuse(path: Any, *_rest: Any, **_more: Any) -> NoReturn:
        raise VideoError(f"{printable(path)}: {why}")

    return function(*each, extract=refuse)


@contextlib.contextmanager
def folder_off_path() -> Iterator[None]:
    """See to it that processes started in the block import nothing from the current folder.

    Python runs them with `-c`, which looks there first: a `multiprocessing.py` beside the videos
    would be run. Before 3.11 only isolated mode prevents that; the path is then the parent's.
    """
    starter: Any = util
    before = os.environ.get("PYTHONSAFEPATH"), starter._args_from_interpreter_flags
    os.environ["PYTHONSAFEPATH"] = "1"
    if sys.version_info < (3, 11):
        starter._args_from_interpreter_flags = lambda: [*before[1](), "-I"]
    try:
        yield
    finally:
        starter._args_from_interpreter_flags = before[1]
        if before[0] is None:
            del os.environ["PYTHONSAFEPATH"]
        else:
            os.environ["PYTHONSAFEPATH"] = before[0]


class _Pool(ProcessPoolExecutor):
    """A pool whose processes end when they are told to, not after the tasks that wait for them."""

    def submit(self, *each: Any) -> Future[Any]:  # type: ignore[override]
        # Processes start here: whole, and Ctrl-C is the parent's.
        with signals.held(signal.SIGINT, signal.SIGTERM), folder_off_path():
            return super().submit(_task, *each)


def ordered(
    crew: Any, ahead: int, function: Callable[..., Any], *arguments: Iterable[Any]
) -> Iterator[Any]:
    """Yield function(*each) in order, with at most `ahead` results computed beforehand.

    What was lost with a process of the crew is done again, first of all what is waited for.
    """
    waiting: collections.deque[tuple[tuple[Any, ...], Any]] = collections.deque()

    def first() -> Any:
        each, future = waiting.popleft()
        try:
            return crew.result(future)
        except BrokenProcessPool:
            found = crew.again(function, each)
        for i, (later, future) in enumerate(waiting):
            if isinstance(future.exception(), BrokenProcessPool):
                waiting[i] = later, crew.submit(function, *later)
        return found

    for each in zip(*arguments, strict=True):
        waiting.append((each, crew.submit(function, *each)))
        if len(waiting) >= ahead:
            yield first()
    while waiting:
        yield first()


def _task(*each: Any) -> Any:
    try:
        signal.signal(signal.SIGTERM, _end)
        result = _given(*each)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        return result
    except BaseException:
        if not _told_to_end:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            raise
    # TERM, or what an import made of it: the pool would take either for a result, and go on.
    gc.collect()  # what the task left open is closed: its files leave no trace
    os._exit(143)


def _begin(file: Path) -> None:
    """Set up a worker: Ctrl-C is the parent's, TERM ends it at once between tasks, no orphans."""
    global _given
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})  # held as processes start
    machine.keep_freed_memory()
    sys.unraisablehook = functools.partial(_told_again, sys.unraisablehook)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_outlive, args=(parent,), daemon=True).start()
    _given = pickle.loads(file.read_bytes())


def _end(*_rest: Any) -> NoReturn:
    global _told_to_end
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # a second exception would end the first's work
    _told_to_end = True
    signal.alarm(GRACE)  # it ends, whatever becomes of the exception
    sys.exit(143)


def _told_again(otherwise: Callable[[Any], Any], unraisable: Any) -> None:
    if _told_to_end and unraisable.exc_type is SystemExit:  # it was lost, and comes again
        signal.signal(signal.SIGTERM, _end)
    signals.told_again(otherwise, unraisable)


def _outlive(parent: BaseProcess) -> NoReturn:
    parent.join()
    os._exit(1)
