"""K nearest of 6668 for 2700 queries in R^50, beside faiss flat and scikit-learn brute: ratios.

    OPENBLAS_NUM_THREADS=1 python tests/peers/bench_neighbors.py [K ...]

CPU time of one thread; the contestants take turns, and each figure is the median of the turns.
Ours gets float64, as in the pipeline, and float32, as faiss wants it. Then one query of a prepared
index of 10^4, 10^5 and 10^6 x 30, beside a plain product with argpartition, in both types.
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
from lsfref.lsh import nearest, prepare

TURNS = 15


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


def take_turns(searches: dict[str, Callable]) -> dict[str, float]:
    """Return the median time of each in milliseconds."""
    times: dict[str, list[float]] = {name: [] for name in searches}
    for _ in range(TURNS):
        for name, search in searches.items():
            began = time.process_time_ns()
            search()
            times[name].append((time.process_time_ns() - began) / 1e6)
    return {name: statistics.median(t) for name, t in times.items()}


def one_query(n_index: int, k: int, dtype: str) -> None:
    """Print what one query takes beside a plain product, which promises no order and no bits."""
    rng = np.random.default_rng(0)
    index, query = (rng.standard_normal((n, 30)).astype(dtype) for n in (n_index, 1))
    ready, norms = prepare(index), np.square(index).sum(axis=1)
    median = take_turns({
        "plain": lambda: np.argpartition(norms - 2 * (index @ query[0]), k)[:k],
        "ours": lambda: nearest(ready, query, k=k),
    })  # fmt: skip
    ratio = median["ours"] / median["plain"]
    print(
        f"1 of {n_index}, K = {k}, {dtype}: {median['ours']:.2f} ms, {ratio:.2f} x a plain product"
    )


def main(ks: list[int]) -> None:
    """Print one line for each K."""
    rng = np.random.default_rng(0)
    index, queries = rng.standard_normal((6668, 50)), rng.standard_normal((2700, 50))
    for k in ks:
        median = take_turns(contestants(index, queries, k))
        line = ", ".join(f"{name} {t:.1f} ms" for name, t in median.items())
        for peer in list(median)[2:]:
            for own in ("ours float64", "ours float32"):
                line += f"; {own} of {peer} {median[own] / median[peer]:.2f} x"
        print(f"K = {k}: {line}")
    for n_index in (10**4, 10**5, 10**6):
        for k in (ks[0], ks[-1]):
            one_query(n_index, k, "float64")
            one_query(n_index, k, "float32")


if __name__ == "__main__":
    keep_freed_memory()
    main([int(a) for a in sys.argv[1:]] or [10, 50, 75, 100])
