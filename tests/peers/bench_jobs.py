"""Two jobs beside one, against what the machine gives two copies of a plain numpy loop: ratios.

    python tests/peers/bench_jobs.py [VIDEO ...]

Without videos, eight of 40 frames of 320 x 240 are made. Wall time, pool and processes started
beforehand; the contestants take turns, and each figure is the median of the turns.
"""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import functools
import multiprocessing
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

from lsfref.app.work import workers
from lsfref.config import PRESETS
from lsfref.media.writer import write_video
from lsfref.phases.passes import survey

TURNS = 3
LOOPS = 6000


def plain_loop(_number: int = 0) -> float:
    """Add, multiply and root planes of 300 kB, as the stages do; return the seconds it took."""
    a, b = np.full((240, 320), 1.5, np.float32), np.full((240, 320), 0.5, np.float32)
    out = np.empty_like(a)
    start = time.perf_counter()
    for _ in range(LOOPS):
        np.multiply(a, b, out=out)
        np.add(out[1:], a[:-1], out=out[1:])
        np.sqrt(out, out=out)
    return time.perf_counter() - start


def clips(folder: Path) -> list[str]:
    """Write videos of a texture that drifts; return their names."""
    rng = np.random.default_rng(0)
    texture = np.kron(rng.random((80, 100)), np.ones((5, 5)))
    names = []
    for n in range(8):
        frames = [
            texture[t : t + 240, t : t + 320] * 200 + rng.random((240, 320)) for t in range(40)
        ]
        names.append(str(folder / f"{n}.mkv"))
        write_video(names[-1], [frame.astype(np.uint8) for frame in frames])
    return names


def seconds(work: Callable[[], object]) -> float:
    """Return how long it took."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def main(paths: list[str]) -> None:
    """Print what two of each reach beside one."""
    look = functools.partial(survey, config=PRESETS["small"])
    context = multiprocessing.get_context("spawn")
    loops, jobs = [], []
    with workers.mapper(2) as two, context.Pool(2) as pool:
        list(two(look, paths[:2]))  # both have imported what they need
        pool.map(plain_loop, range(2), chunksize=1)
        for _ in range(TURNS):
            alone = plain_loop()
            together = statistics.mean(pool.map(plain_loop, range(2), chunksize=1))
            loops.append(2 * alone / together)
            jobs.append(
                seconds(lambda: list(map(look, paths))) / seconds(lambda: list(two(look, paths)))
            )
    loop, job = statistics.median(loops), statistics.median(jobs)
    print(f"two copies of a numpy loop do {loop:.2f} x the work of one in the same time")
    print(f"two jobs extract {job:.2f} x the videos of one in the same time")
    print(f"two jobs reach {job / loop:.2f} of what the machine gives (0.9 is wanted)")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        main(sys.argv[1:] or clips(Path(folder)))
