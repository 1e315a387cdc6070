"""What a process asks of the machine before it computes: one thread, and memory that it keeps."""

import contextlib
import ctypes
import os

# The libraries that multiply matrices add up in an order that depends on their threads.
THREADS = (
    "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)  # fmt: skip


def use_one_thread() -> None:
    """Give each process one thread, whatever the environment says; call it before numpy is there.

    Jobs are the parallelism, and the bytes of a model do not depend on the shell it was made in.
    """
    os.environ.update(dict.fromkeys(THREADS, "1"))


def keep_freed_memory() -> None:
    """Teach glibc's malloc to keep freed memory for the next arrays; elsewhere it does nothing.

    A block of this size, once freed, raises the size from which malloc hands memory back to the
    kernel to twice as much. Without it each large array is faulted in anew, page by page: a step of
    training takes 4,000 page faults, and flow twice the time. The block itself is never touched.
    Where the environment has set a threshold, as Dask's nanny does, both are set by name.
    """
    bytes(31 << 20)
    if "MALLOC_TRIM_THRESHOLD_" in os.environ:
        with contextlib.suppress(AttributeError, OSError):
            malloc = ctypes.CDLL(None)
            malloc.mallopt(-3, 32 << 20)  # M_MMAP_THRESHOLD
            malloc.mallopt(-1, 1 << 30)  # M_TRIM_THRESHOLD
