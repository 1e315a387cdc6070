"""Flow at 320x240 beside OpenCV's Farneback and DIS and scikit-image's ILK: time and error.

    OPENBLAS_NUM_THREADS=1 python tests/peers/bench_flow.py

CPU time of one thread; the contestants take turns, and each figure is the median of the turns.
Farneback has the settings of dense trajectories (polynomial 7, sigma 1.5, window 10, 2 iterations,
pyramid sqrt(2)). Errors are mean endpoint errors in pixels on the Middlebury pairs of the
development data where they are at hand, else on a made scene: a disc that crosses the ground.
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

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[2]))

import oracles_flow
import pytest

from lsfref.app.work.machine import keep_freed_memory
from lsfref.flow import dense_flow, grey_layers, layer_flows, prepare

TURNS, SHAPE = 9, (240, 320)
Flow = Callable[[np.ndarray, np.ndarray], np.ndarray]


def made_scene() -> tuple[np.ndarray, ...]:
    """Return (first, second, flow, known): the ground and a disc move apart by 6 pixels."""
    (x, y), ground, disc = oracles_flow.grid(SHAPE), (-2.0, 0.5), (4.0, 1.5)
    under, over = oracles_flow.Texture(5), oracles_flow.Texture(6)

    def inside(t: int) -> np.ndarray:
        return np.hypot(x - 160 - t * disc[0], y - 120 - t * disc[1]) < 70

    first, second = (
        np.where(
            inside(t),
            over(x - t * disc[0], y - t * disc[1]),
            under(x - t * ground[0], y - t * ground[1]),
        ).clip(0, 255)
        for t in (0, 1)
    )
    return first, second, np.where(inside(0)[..., None], disc, ground), np.ones(SHAPE, dtype=bool)


def scenes() -> dict[str, tuple[np.ndarray, ...]]:
    """Return the pairs to measure errors on, by name."""
    try:
        return {name: oracles_flow.middlebury(name, SHAPE) for name in oracles_flow.PAIRS}
    except pytest.skip.Exception:
        return {"a made scene": made_scene()}


def contestants() -> dict[str, Flow]:
    """Return every flow by name, the reference of the ratios first if it is installed."""
    found: dict[str, Flow] = {}
    try:
        import cv2

        cv2.setNumThreads(1)
        cv2.ocl.setUseOpenCL(False)
        settings = (None, 2**-0.5, 8, 10, 2, 7, 1.5, cv2.OPTFLOW_FARNEBACK_GAUSSIAN)
        dis = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)

        def bytes_(*frames: np.ndarray) -> list[np.ndarray]:
            return [np.rint(frame).astype(np.uint8) for frame in frames]

        found["OpenCV Farneback"] = lambda a, b: cv2.calcOpticalFlowFarneback(
            *bytes_(a, b), *settings
        )
        found["OpenCV DIS medium"] = lambda a, b: dis.calc(*bytes_(a, b), None)
    except ImportError:
        print("OpenCV is not installed: no ratio to it")
    try:
        from skimage.registration import optical_flow_ilk

        found["scikit-image ILK"] = lambda a, b: np.moveaxis(
            optical_flow_ilk(a / 255, b / 255, dtype=np.float32)[::-1], 0, -1
        )
    except ImportError:
        print("scikit-image is not installed: no ratio to it")
    found["ours float32"] = lambda a, b: dense_flow(a.astype(np.float32), b.astype(np.float32))
    found["ours float64"] = dense_flow
    return found


def streamed(first: np.ndarray, second: np.ndarray) -> None:
    """Do what one more frame of a video costs: prepare it, and the flow of all six layers."""
    layer_flows(before[0], prepare(grey_layers(second.astype(np.float32))))


before: list[object] = []


def main() -> None:
    """Print the time of each flow, its ratios to the peers, and its errors."""
    pairs, flows = scenes(), contestants()
    first, second, *_ = next(iter(pairs.values()))
    before.append(prepare(grey_layers(first.astype(np.float32))))
    timed: dict[str, Callable[..., object]] = {**flows, "ours float32, streamed": streamed}
    times: dict[str, list[float]] = {name: [] for name in timed}
    for _ in range(TURNS):
        for name, flow in timed.items():
            began = time.process_time_ns()
            flow(first, second)
            times[name].append((time.process_time_ns() - began) / 1e6)
    median = {name: statistics.median(t) for name, t in times.items()}
    peers = [name for name in median if not name.startswith("ours")]
    for name, own in median.items():
        ratios = "".join(f", {own / median[peer]:.2f} x {peer}" for peer in peers if peer != name)
        print(f"{name}: {own:.1f} ms{ratios}")
    print(f"float64 of float32: {median['ours float64'] / median['ours float32']:.2f} x")
    for name, flow in flows.items():
        errors = [
            oracles_flow.endpoint_errors(flow(a, b), truth)[known].mean()
            for a, b, truth, known in pairs.values()
        ]
        each = ", ".join(f"{pair} {e:.3f}" for pair, e in zip(pairs, errors, strict=True))
        print(f"{name}: error {np.mean(errors):.3f} px ({each})")


if __name__ == "__main__":
    keep_freed_memory()
    main()
