"""Times the port of golden/example against our own stages 2 to 4: one run, video and processor.

    python tests/peers/bench_port.py VIDEO [--frames 20] [--rounds 3]

Seconds of the processor, the least of the rounds; the ratio is Python over C++. The port reads and
writes a trace meanwhile, Python nothing.
"""

import argparse
import itertools
import os
import resource
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
        flags = ["-std=c++17", "-O2", "-ffp-contract=off", "-DREAL=double"]
        subprocess.run([shutil.which("c++"), *flags, "-o", str(port), source], check=True)
        python, cpp, rows = [], [], 0
        for _ in range(args.rounds):
            seconds, rows = python_seconds(frames)
            python.append(seconds)
            cpp.append(port_seconds(port, trace, Path(folder) / "out"))
    height, width = frames[0].shape
    print(f"{args.video}: {len(frames)} frames of {width}x{height}, {rows} trajectories")
    ratio = min(python) / min(cpp)
    print(f"Python {min(python):.2f} s  C++ {min(cpp):.2f} s  ratio {ratio:.2f}")


def port_seconds(port, trace, out):
    """Return the seconds of the processor that the port takes for a trace."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([str(port), str(trace), str(out)], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def python_seconds(frames):
    """Return the seconds, and how many trajectories end."""
    start = time.process_time()
    steps = list(motion.steps(iter(frames), flow="lucas_kanade", n_scales=8))
    rows = sum(len(found.info_P10) for found in streaming.follow(iter(steps)))
    return time.process_time() - start, rows


if __name__ == "__main__":
    main()
