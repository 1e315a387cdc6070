"""K nearest of 6668 for 2700 queries in R^50, beside faiss flat and scikit-learn brute: ratios.

    OPENBLAS_NUM_THREADS=1 python tests/peers/bench_neighbors.py [K ...]

CPU time of one thread; the contestants take turns, and each figure is the median of the turns.
Ours gets float64, as in the pipeline, and float32, as faiss wants it.
"""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

from lsfref.app.work.machine import keep_freed_memory
from lsfref.lsh import nearest

TURNS = 9


def contestants(index: np.ndarray, queries: np.ndarray, k: int) -> dict[str, Callable]:
    """Return what searches, by name; peers only where they are installed."""
    index32, queries32 = index.astype(np.float32), queries.astype(np.float32)
    found: dict[str, Callable] = {
        "ours float64": lambda: nearest(index, queries, k=k),
        "ours float32": lambda: nearest(index32, queries32, k=k),
    }
    try:
        import faiss

        faiss.omp_set_num_threads(1)
        flat = faiss.IndexFlatL2(index.shape[1])
        flat.add(index32)
        found["faiss flat"] = lambda: flat.search(queries32, k)
    except ImportError:
        pass
    try:
        from sklearn.neighbors import NearestNeighbors

        brute = NearestNeighbors(algorithm="brute", n_jobs=1).fit(index)
        found["scikit-learn"] = lambda: brute.kneighbors(queries, k)
    except ImportError:
        pass
    return found


def main(ks: list[int]) -> None:
    """Print one line for each K."""
    rng = np.random.default_rng(0)
    index, queries = rng.standard_normal((6668, 50)), rng.standard_normal((2700, 50))
    for k in ks:
        searches = contestants(index, queries, k)
        times: dict[str, list[float]] = {name: [] for name in searches}
        for _ in range(TURNS):
            for name, search in searches.items():
                began = time.process_time_ns()
                search()
                times[name].append((time.process_time_ns() - began) / 1e6)
        median = {name: statistics.median(t) for name, t in times.items()}
        line = ", ".join(f"{name} {t:.1f} ms" for name, t in median.items())
        for peer in list(median)[2:]:
            for own in ("ours float64", "ours float32"):
                line += f"; {own} of {peer} {median[own] / median[peer]:.2f} x"
        print(f"K = {k}: {line}")


if __name__ == "__main__":
    keep_freed_memory()
    main([int(a) for a in sys.argv[1:]] or [10, 50, 75, 100])
