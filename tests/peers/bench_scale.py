"""What the paper's scale takes, from measured pieces: prints the tables of tests/peers/SCALE.md.

    OPENBLAS_NUM_THREADS=1 python tests/peers/bench_scale.py

CPU time of one core, preset `small`. Each piece is measured at three sizes, to which a power of the
size is fitted. A ~ marks what was multiplied from the largest size that was measured.
"""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import dataclasses
import functools
import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

from bench_video import ordinary

from lsfref.app.work.machine import keep_freed_memory
from lsfref.arrays import N_COLUMNS
from lsfref.config import PRESETS, Config
from lsfref.lsh import nearest, prepare
from lsfref.media.writer import write_video
from lsfref.model import LabeledVideo, Model, Network, load, save
from lsfref.phases.extraction import Extraction, Work, extract
from lsfref.phases.phase1 import fit_network
from lsfref.phases.phase2 import fit_tasks
from lsfref.phases.streaming import Block
from lsfref.pipeline import train
from lsfref.pooling import pool_codes
from lsfref.video import read_frames

SMALL = dataclasses.replace(PRESETS["small"], epochs=1)
CLASSES = {"background": tuple("abcdef"), "foreground": ("none", "human")}
TABLES = 8  # of both tasks
PER_VIDEO = 1000  # rows of a stub, where the machine holds no more
CLIP = 280  # frames at 320x240, the paper's mean
PASSES, ROWS = 200, 10**6  # of phase 1
SETS = {"2,700": 2700, "6,668": 6668}
PLACES = {"a laptop, 8 cores": 8, "a cluster, 10 x 16 cores": 160}


def cpu(work: Callable[[], object]) -> float:
    """Return the CPU seconds of this process and of those that it starts, the least of three."""
    found = []
    while len(found) < 3 and sum(found) < 10:
        before, theirs = time.process_time(), sum(os.times()[2:4])
        work()
        found.append(time.process_time() - before + sum(os.times()[2:4]) - theirs)
    return min(found)


def grown(what: str, unit: str, cost: dict[int, float]) -> float:
    """Print a piece at its sizes and how its cost grows; return the cost of the largest."""
    power = np.polyfit(np.log(list(cost)), np.log(list(cost.values())), 1)[0]
    said = " / ".join(f"{seconds:.3g}" for seconds in cost.values())
    sizes = " / ".join(f"{n:,}" for n in cost)
    print(f"| {what} | {sizes} {unit} | {said} | {power:.2f} |", flush=True)
    return list(cost.values())[-1]


def extraction(folder: Path) -> tuple[float, np.ndarray]:
    """Return the seconds of a clip, and its rows."""
    ordinary(str(folder / "whole.mp4"))
    frames = np.array(list(read_frames(str(folder / "whole.mp4")))).astype(np.uint8)
    cost = {}
    for n in (CLIP // 4, CLIP // 2, CLIP):
        write_video(folder / f"{n}.mp4", frames[:n], codec="h264")
        found = functools.partial(extract, folder / f"{n}.mp4", SMALL)
        cost[n] = cpu(lambda found=found: sum(len(block.info_P10) for block in found()))
    rows_PD = np.concatenate([block.descriptors_PD for block in found()])
    return grown("extraction of a clip", "frames", cost), rows_PD


def training(rows_PD: np.ndarray) -> tuple[float, Network]:
    """Return the seconds of PASSES over ROWS rows, and some network."""
    cost = {}
    for n in (20_000, 40_000, 80_000):
        some_PD = np.resize(rows_PD, (n, rows_PD.shape[1]))
        fit = functools.partial(fit_network, some_PD, np.arange(n) % 6, SMALL, n_classes=6)
        found = []
        cost[n] = cpu(lambda fit=fit, found=found: found.append(fit().network))
    return grown("a pass of phase 1", "rows", cost) * ROWS / 80_000 * PASSES, found[0]


def pooling(rows_PD: np.ndarray, network: Network) -> float:
    """Return the seconds of encoding and averaging the rows of a clip."""
    cost = {}
    for n in (len(rows_PD) // 4, len(rows_PD) // 2, len(rows_PD)):
        blocks = [rows_PD[i : i + 2048] for i in range(0, n, 2048)]
        cost[n] = cpu(functools.partial(pool_codes, blocks, network.encoder))
    return grown("pooling of a clip", "rows", cost)


def models(folder: Path, network: Network) -> None:
    """Print what models weigh, and how long they take to load."""
    cost, sizes = {}, []
    for n in (1_000, 10_000, 100_000):
        rng = np.random.default_rng(0)
        pooled_ME = rng.normal(size=(n, SMALL.n_code))
        labels = {task: rng.integers(0, len(names), n) for task, names in CLASSES.items()}
        model = Model(
            SMALL, network, CLASSES["background"], tuple(f"{i:07}.mp4" for i in range(n)),
            ("",) * n, np.ones(n, np.int64), pooled_ME,
            fit_tasks(pooled_ME, labels, CLASSES, SMALL, rng=rng),
        )  # fmt: skip
        save(model, folder / "m.npz")
        sizes.append(f"{(folder / 'm.npz').stat().st_size / 1e6:.0f}")
        cost[n] = cpu(functools.partial(load, folder / "m.npz"))
    grown(f"loading a model of {' / '.join(sizes)} MB", "videos", cost)


def searches() -> None:
    """Print preparing an index, one query and a thousand, in the tables of both tasks."""
    told: list[dict[int, float]] = [{}, {}, {}]
    for n in (10**4, 10**5, 10**6):
        rng, ready = np.random.default_rng(0), []
        index, queries = rng.standard_normal((n, 30)), rng.standard_normal((1000, 30))
        told[0][n] = TABLES * cpu(lambda index=index, ready=ready: ready.append(prepare(index)))
        ask = functools.partial(nearest, ready[0], k=75)
        few = cpu(lambda ask=ask, q=queries: [ask(q[i : i + 1]) for i in range(100)])
        told[1][n] = TABLES * few / 100
        told[2][n] = TABLES * cpu(functools.partial(ask, queries))
    for what, cost in zip(("preparing it", "a query alone", "1,000 at once"), told, strict=True):
        grown(f"the index: {what}", "videos", cost)


class Stub:
    """An extraction without pictures: PER_VIDEO rows that the video's name decides."""

    def __call__(self, path: str, config: Config, **_more: object) -> Extraction:
        rng = np.random.default_rng(int(path))
        rows_PD = rng.random((PER_VIDEO, N_COLUMNS), np.float32)
        return Extraction(iter([Block(np.zeros((PER_VIDEO, 10)), rows_PD)]), CLIP)


def simulated(n: int) -> tuple[float, float]:
    """Return the CPU seconds and the peak memory, GB, of `train` on n videos that are a Stub's."""
    videos = [
        LabeledVideo(f"{i:05}", f"{i:05}", CLASSES["background"][i % 6], ("none", "human")[i % 2])
        for i in range(n)
    ]
    began = time.process_time()
    train(videos, SMALL, classes=CLASSES, work=Work(Stub()))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    return time.process_time() - began, peak


def trainings() -> None:
    """Print what `train` costs beside reading the videos, and what it holds, each size apart."""
    cost, held = {}, []
    for n in (1000, 3000, 6668):
        with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as alone:
            cost[n], peak = alone.submit(simulated, n).result()
        held.append(f"{peak:.2f}")
    grown(f"`train` on a stub's {PER_VIDEO} rows a video, {' / '.join(held)} GB", "videos", cost)


def main() -> None:
    """Print both tables."""
    print("| piece | sizes | CPU seconds | exponent |\n| --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as name:
        clip, rows_PD = extraction(Path(name))
        n_bytes = len(rows_PD) * (rows_PD.shape[1] + 10) * rows_PD.itemsize
        passes, network = training(rows_PD.copy())
        pool = pooling(rows_PD, network)
        models(Path(name), network)
    searches()
    trainings()
    print("\n| | core-hours | GB of features | wall hours |\n| --- | --- | --- | --- |")
    for what, n in {"1,000": 1000, **SETS}.items():
        hours = [n * clip / 3600, n * clip * 2 / 3600 + n * pool / 3600 + passes / 3600]
        print(f"| extraction of {what} clips | ~{hours[0]:.1f} | ~{n * n_bytes / 1e9:.0f} | |")
        if n > 1000:
            for place, cores in PLACES.items():
                wall = n * (2 * clip + pool) / 3600 / cores + passes / 3600
                print(f"| `train` on {what} clips, {place} | ~{hours[1]:.1f} | | ~{wall:.1f} |")
    print(f"\nPhase 1: ~{passes / 60:.0f} minutes. Rows a clip: {len(rows_PD):,}.")


if __name__ == "__main__":
    keep_freed_memory()
    main()
