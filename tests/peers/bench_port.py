"""Times the port of golden/example against our own stages 2 to 4: one run, video and processor.

    python tests/peers/bench_port.py VIDEO [--frames 20] [--rounds 3]

Seconds of the processor, the least of the rounds, nothing written; the ratio is Python over C++.
"""

import argparse
import itertools
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")
ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from lsfref import video  # noqa: E402
from lsfref.app import cli  # noqa: E402
from lsfref.phases import motion, streaming  # noqa: E402

STAGES = ("02_flow", "03_trajectories", "04_descriptors")


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("video")
    parser.add_argument("--frames", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    frames = list(itertools.islice(video.read_frames(args.video), args.frames))
    with tempfile.TemporaryDirectory() as folder:
        trace, port = Path(folder) / "trace", Path(folder) / "port"
        cli.main(["trace", args.video, str(trace), "--frames", str(args.frames), "--quiet"])
        source = str(ROOT / "golden" / "example" / "port.cpp")
        flags = ["-std=c++17", "-O2", "-ffp-contract=off"]
        subprocess.run([shutil.which("c++"), *flags, "-o", str(port), source], check=True)
        ours, theirs = [], []
        for _ in range(args.rounds):
            ours.append(python_seconds(frames))
            theirs.append(port_seconds(port, trace))
    height, width = frames[0].shape
    print(f"{args.video}: {len(frames)} frames of {width}x{height}")
    for stage in STAGES:
        python, cpp = (min(found[stage] for found in runs) for runs in (ours, theirs))
        print(f"{stage:16} Python {python:6.2f} s  C++ {cpp:6.2f} s  ratio {python / cpp:.2f}")


def port_seconds(port, trace):
    """Return {stage: seconds} as the port tells them."""
    ran = subprocess.run([str(port), str(trace), "-"], capture_output=True, text=True, check=True)
    words = [line.split() for line in ran.stdout.splitlines()]
    return {line[0]: float(line[1]) for line in words}


def python_seconds(frames):
    """Return {stage: seconds}; stage 3 is told from stage 4 by when each is at work."""
    start = time.process_time()
    steps = list(motion.steps(iter(frames), flow="lucas_kanade", n_scales=8))
    flow = time.process_time() - start
    described = [0.0]

    def timed(function):
        def call(*args, **kwargs):
            begun = time.process_time()
            found = function(*args, **kwargs)
            described[0] += time.process_time() - begun
            return found

        return call

    whole = {name: getattr(streaming, name) for name in ("cell_sums", "describe")}
    try:
        for name, function in whole.items():
            setattr(streaming, name, timed(function))
        start = time.process_time()
        for _ in streaming.follow(iter(steps)):
            pass
        both = time.process_time() - start
    finally:
        for name, function in whole.items():
            setattr(streaming, name, function)
    return dict(zip(STAGES, (flow, both - described[0], described[0]), strict=True))


if __name__ == "__main__":
    main()
