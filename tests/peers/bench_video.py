"""Reading a video to grey, beside imageio_ffmpeg.read_frames in grey: ratios.

    OPENBLAS_NUM_THREADS=1 python tests/peers/bench_video.py [VIDEO ...]

Without a video, one of 280 frames of 320 x 240 is made. Wall time, and the CPU time of Python and
ffmpeg together; the contestants take turns, and each figure is the median of the turns.
"""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import imageio_ffmpeg
import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

from lsfref.media.decoding import count_frames, read_rgb
from lsfref.media.writer import write_video
from lsfref.video import read_frames

TURNS = 9


def theirs(path: str) -> int:
    """Read with imageio-ffmpeg, to arrays of the same shape."""
    frames = imageio_ffmpeg.read_frames(path, pix_fmt="gray", bits_per_pixel=8)
    width, height = next(frames)["size"]
    return sum(len(np.frombuffer(frame, np.uint8).reshape(height, width)) > 0 for frame in frames)


def ordinary(path: str) -> None:
    """Write 280 frames of drifting texture and noise, H.264."""
    rng = np.random.default_rng(0)
    t, y, x = np.ogrid[:280, :240, :320]
    waves = 128 + 45 * np.sin(0.11 * (x - t) + 0.07 * y) + 45 * np.cos(0.09 * y + 0.05 * t)
    noisy = (waves + rng.normal(0, 4, waves.shape)).clip(0, 255).astype(np.uint8)
    coding = ("-c:v", "libx264", "-crf", "18", "-pix_fmt", "yuv420p")
    write_video(path, noisy, coding=coding)


def cost(read: Callable[[str], int], path: str) -> tuple[float, float]:
    """Return (wall, CPU) seconds."""
    before, start = os.times(), time.perf_counter()
    read(path)
    wall, after = time.perf_counter() - start, os.times()
    return wall, sum(after[:4]) - sum(before[:4])


def main(paths: list[str]) -> None:
    """Print one line for each video and reader."""
    with tempfile.TemporaryDirectory() as folder:
        if not paths:
            paths = [str(Path(folder, "ordinary.mp4"))]
            ordinary(paths[0])
        readers: dict[str, Callable[[str], int]] = {
            "imageio_ffmpeg.read_frames, grey": theirs,
            "read_frames": lambda p: sum(1 for _ in read_frames(p, warn=print)),
            "read_frames, 8 bit": lambda p: sum(1 for _ in read_frames(p, grey="8bit", warn=print)),
            "read_rgb": lambda p: sum(1 for _ in read_rgb(p, warn=print)),
            "count_frames": lambda p: count_frames(p, warn=print),
        }
        for path in paths:
            spent: dict[str, list[tuple[float, float]]] = {name: [] for name in readers}
            for _ in range(TURNS):
                for name, read in readers.items():
                    spent[name].append(cost(read, path))
            medians = {
                name: [statistics.median(column) for column in zip(*turns, strict=True)]
                for name, turns in spent.items()
            }
            base = medians["imageio_ffmpeg.read_frames, grey"]
            print(path)
            for name, (wall, cpu) in medians.items():
                print(
                    f"  {name:34} wall {wall * 1e3:7.1f} ms  x {wall / base[0]:.2f}"
                    f"   CPU {cpu * 1e3:7.1f} ms  x {cpu / base[1]:.2f}"
                )


if __name__ == "__main__":
    main(sys.argv[1:])
