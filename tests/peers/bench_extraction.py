"""Stages 2 to 4 at 320x240, beside OpenCV's Farneback flow alone on the same frames: ratios.

    OPENBLAS_NUM_THREADS=1 python tests/peers/bench_extraction.py [VIDEO ...]

Farneback has the settings of dense trajectories (polynomial 7, sigma 1.5, window 10, 2 iterations,
pyramid sqrt(2)). CPU time of one thread a frame; the contestants take turns, and each ratio is the
median over the turns. Without a VIDEO, two made scenes: a camera that moves, and one that does not.
A VIDEO is shrunk to 320 px and cut to 40 frames.
"""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import itertools
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import scipy.ndimage

sys.path.insert(0, str(Path(__file__).parents[2]))

from lsfref.app.work.machine import keep_freed_memory
from lsfref.flow import layer_flows, prepare
from lsfref.kernels.pyramid import grey_layers, resize
from lsfref.phases.motion import Step
from lsfref.phases.streaming import extract_frames, follow
from lsfref.video import read_frames

TURNS, N_FRAMES = 5, 40


def made_scene(*, camera: float) -> list[np.ndarray]:
    """Return frames of a texture that slides by `camera` pixels a frame, a square crossing it."""
    rng = np.random.default_rng(0)

    def texture(height: int, width: int) -> np.ndarray:
        fine = scipy.ndimage.gaussian_filter(rng.normal(0, 1, (height, width)), 2)
        coarse = scipy.ndimage.gaussian_filter(rng.normal(0, 1, (height, width)), 8)
        return 128 + 40 * (fine / fine.std() + coarse / coarse.std()) / 2

    world, square = texture(300, 480), texture(60, 60)
    frames = []
    for t in range(N_FRAMES):
        at = np.indices((240, 320)) + np.array([0.5, 1.0])[:, None, None] * camera * t
        frame = scipy.ndimage.map_coordinates(world, at, order=1)
        frame[100 + t : 160 + t, 20 + 3 * t : 80 + 3 * t] = square
        frames.append(np.clip(frame + rng.normal(0, 1, frame.shape), 0, 255))
    return frames


def contestants(frames: list[np.ndarray]) -> dict[str, Callable[[], object]]:
    """Return what is timed, by name; Farneback only where OpenCV is installed."""
    found: dict[str, Callable[[], object]] = {}
    try:
        import cv2

        cv2.setNumThreads(1)
        bytes_ = [np.rint(frame).astype(np.uint8) for frame in frames]
        settings = (None, 2**-0.5, 6, 10, 2, 7, 1.5, cv2.OPTFLOW_FARNEBACK_GAUSSIAN)
        found["OpenCV Farneback"] = lambda: [
            cv2.calcOpticalFlowFarneback(*pair, *settings) for pair in itertools.pairwise(bytes_)
        ]
    except ImportError:
        print("OpenCV is not installed: times alone")
    for dtype in (np.float32, np.float64):
        typed = [frame.astype(dtype) for frame in frames]
        prepared = [prepare(grey_layers(frame)) for frame in typed]
        flows = [None, *(layer_flows(*pair) for pair in itertools.pairwise(prepared))]
        moments = [Step(grey_layers(f), flow) for f, flow in zip(typed, flows, strict=True)]
        n, name = len(frames), np.dtype(dtype).name
        found[f"stages 3, 4 {name}"] = lambda m=moments, n=n: list(follow(m))
        found[f"extraction {name}"] = lambda t=typed, n=n: list(extract_frames(t))
    return found


def main(paths: list[str]) -> None:
    """Print a line a contestant for each scene."""
    scenes = {
        p: [resize(f, max_side=320) for f in read_frames(p, max_frames=N_FRAMES)] for p in paths
    }
    for name, camera in () if paths else (("moving camera", 1.3), ("still camera", 0.0)):
        scenes[name] = made_scene(camera=camera)
    for name, frames in scenes.items():
        runs = contestants(frames)
        times: dict[str, list[float]] = {run: [] for run in runs}
        for _ in range(TURNS):
            for run, function in runs.items():
                start = time.process_time()
                function()
                times[run].append(time.process_time() - start)
        base = next(iter(times.values()))
        height, width = frames[0].shape
        rows = sum(len(b.info_P10) for b in extract_frames(frames))
        print(f"{name}: {len(frames)} frames of {width}x{height}, {rows} trajectories")
        for run, seconds in times.items():
            ratio = statistics.median(a / b for a, b in zip(seconds, base, strict=True))
            each = 1000 * statistics.median(seconds) / (len(frames) - 1)
            print(f"  {run:22s} {each:7.1f} ms a frame   {ratio:5.2f} x")


if __name__ == "__main__":
    keep_freed_memory()
    main(sys.argv[1:])
