"""Videos on many machines: what `--jobs` does, on a Dask cluster; the package is optional.

In: the address of a scheduler.  Out: a `map` with the results of one job, in order. Workers see the
videos under the same paths; each has one thread, and the same versions as this process.
"""

import contextlib
import copy
import functools
import logging
import os
import weakref
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from lsfref import __version__
from lsfref.app.work import machine, workers
from lsfref.app.work.cache import code_version
from lsfref.errors import LsfrefError

Function = Callable[..., Any]
Sent = tuple[Any, Function, Sequence[Any]]

START = 10  # seconds in which a scheduler answers and has a worker
LOOK = 1.0  # seconds between two looks at who is there
PATIENCE = 60  # looks at a cluster without workers, before it is given up
DIED = "worker after worker died on it, at last alone (out of memory?); leave it out"
KEPT = "start again: what the cache keeps is there"


@contextlib.contextmanager
def mapper(address: str, say: Callable[[str], None]) -> Iterator[workers.Mapper]:
    """Yield a `map` over the workers of a scheduler; what becomes of them is said.

    On the way out, however it comes, nothing of ours is left to be done. Raises LsfrefError where
    there is no package, scheduler or worker, and for a worker that would give other bytes.
    """
    try:
        from dask import config, distributed
    except ImportError:
        told = 'Dask is not installed; pip install "dask[distributed]"'
        raise LsfrefError(f"--cluster: {told}") from None
    logging.disable()  # what matters is told here
    config.set({"distributed.admin.large-graph-warning-threshold": "1 TB"})
    try:
        client = distributed.Client(address, timeout=START, set_as_default=False)
        client.wait_for_workers(1, timeout=START)
    except (OSError, ValueError, distributed.TimeoutError):
        told = "no scheduler with a worker; start both as README.md says"
        raise LsfrefError(f"--cluster {address}: {told}") from None
    with contextlib.closing(client):
        crew = Crew(client, say)
        yield functools.partial(workers.ordered, crew, workers.AHEAD * len(crew.there))


class Crew:
    """The workers of a cluster, for `workers.ordered`."""

    def __init__(self, client: Any, say: Callable[[str], None]) -> None:
        self.client, self.say, self.own = client, say, itself(1)
        self.function: Function | None = None
        self.futures: weakref.WeakSet[Any] = weakref.WeakSet()
        self.there, self.alone = set(client.nthreads()), 0
        for worker, fault in client.run(admit, self.own, on_error="return").items():
            if isinstance(fault, LsfrefError):
                raise fault
            if fault is not None:
                raise LsfrefError(f"worker {worker}: {fault}")

    def submit(self, function: Function, /, *each: Any) -> Sent:
        """Return the future of function(*each), and both; each worker gets the function once."""
        if function is not self.function:
            self.function = function
            self.carried = self.client.submit(lambda same: same, function, pure=False)
        seen = workers.reads_video(function, each) and os.path.exists(each[0])
        ask = (work, self.own, os.getcwd(), seen, self.carried, *each)
        future = self.client.submit(*ask, pure=False)
        self.futures.add(future)
        return future, function, each

    def result(self, sent: Sent, last: bool = False) -> Any:
        """Return a result. A video on which workers died is tried alone, then left out by name."""
        from dask.distributed import KilledWorker

        future, function, each = sent
        try:
            return self.wait(future)
        except KilledWorker:
            if last:
                return workers.without(function, each, DIED)
        for other in list(self.futures):  # it may have been the fault of its neighbor
            with contextlib.suppress(Exception):
                self.wait(other)
        return self.result(self.submit(function, *each), last=True)

    def wait(self, future: Any) -> Any:
        """Return the result of a future; meanwhile, look after the workers."""
        from dask.distributed import CancelledError, TimeoutError
        from distributed.comm import CommClosedError

        self.look()
        try:
            while not future.done():
                with contextlib.suppress(TimeoutError, CancelledError):
                    return future.result(timeout=LOOK)
                self.look()
            if not future.cancelled():
                return future.result()
        except CommClosedError:  # it went while a result was on its way
            pass
        raise LsfrefError(f"--cluster: the scheduler is gone; {KEPT}")

    def look(self) -> None:
        """Say which workers are gone. Raises LsfrefError where nobody is left."""
        try:
            there = set(self.client.nthreads())
        except OSError:
            raise LsfrefError(f"--cluster: the scheduler is gone; {KEPT}") from None
        for worker in sorted(self.there - there):
            self.say(f"note: worker {worker} is gone; its videos go to others")
        self.there, self.alone = there, 0 if there else self.alone + 1
        if self.alone > PATIENCE:
            raise LsfrefError(f"--cluster: no worker is left; {KEPT}")


def itself(threads: int) -> dict[str, Any]:
    """Return what a process must have in common with others to give the same bytes."""
    own = {"--nthreads": threads, machine.THREADS[0]: os.environ.get(machine.THREADS[0])}
    return own | {"lsfref": __version__, "numpy": np.__version__, "code": code_version()[:16]}


def admit(own: dict[str, Any], dask_worker: Any) -> None:
    """Raise LsfrefError in a worker that is not as the process that asks."""
    here = itself(dask_worker.state.nthreads)
    for name, wanted in own.items():
        if here[name] != wanted:
            told = f"{name} is {here[name]}, and has to be {wanted}"
            raise LsfrefError(f"worker {dask_worker.address}: {told}")


def work(own: dict[str, Any], folder: str, seen: bool, function: Function, *each: Any) -> Any:
    """Return function(*each) in a worker, in the folder of the process that asks."""
    from dask.distributed import get_worker

    admit(own, get_worker())
    machine.keep_freed_memory()
    function, each = copy.deepcopy((function, each))  # Dask aligns no array: products take 5 x
    before = os.getcwd()
    with contextlib.suppress(OSError):
        os.chdir(folder)
    try:
        if seen and not os.path.exists(each[0]):
            why = f"worker {get_worker().address} cannot see it; put it where all workers do"
            return workers.without(function, each, why)
        return function(*each)
    finally:
        os.chdir(before)
