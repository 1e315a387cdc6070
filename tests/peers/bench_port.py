"""Times the port of golden/example against our own stages on one clip: one run, one processor.

    python tests/peers/bench_port.py VIDEO [--frames 20] [--rounds 3]

The clip becomes a case of each stage, as golden/ holds them; stages 8 to 10, which a clip alone
does not feed, take 149 videos of random codes. Seconds of the processor, the least of the rounds;
of the port less what reading the same case takes. The ratio is Python over C++.
"""

import argparse
import itertools
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from unittest import mock

for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"  # before numpy comes in
ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402

from golden.cases import CASES, recompute  # noqa: E402
from golden.cases.network import network  # noqa: E402
from lsfref import video  # noqa: E402
from lsfref.phases import motion, streaming  # noqa: E402
from lsfref.storage.recorder import Recorder  # noqa: E402

TEMPLATES = {case.key: case for case in CASES}
N_VIDEOS, N_CLASSES = 149, 6


def case_of(key, name, inputs, params=None, draws=None):
    """Return a case of another's kind and settings, of tensors of our own."""
    params = TEMPLATES[key].params | (params or {})
    return replace(TEMPLATES[key], name=name, inputs=inputs, params=params, draws=draws or {})


def of_the_clip(frames):
    """Yield (what it is, case) of stages 1 to 7, for frames of a clip."""
    rgb = np.rint(np.concatenate(frames))[..., None].astype(np.int64)
    yield "1 grey", case_of("01_video/tiny", "clip", {"rgb_HW3": np.repeat(rgb, 3, axis=2)})
    for f, (first, second) in enumerate(itertools.pairwise(frames)):
        pair = {"first_HW": first, "second_HW": second}
        yield "2 flow", case_of("02_flow/tiny", f"pair_{f}", pair, {"n_scales": np.int64(8)})
    steps = list(motion.steps(iter(frames), flow="lucas_kanade", n_scales=8))
    numbers = np.arange(len(steps))
    shown = {"grey_at_F": numbers, "flow_at_F": numbers - 1}
    for k in range(len(steps[0].greys)):
        shown[f"grey_{k}_4HW"] = np.stack([step.greys[k] for step in steps])
        shown[f"flow_{k}_3HW2"] = np.stack([step.flows[k] for step in steps[1:]])
    yield "3 trajectories", case_of("03_trajectories/tiny", "clip", shown)
    n_frames = {"n_frames": np.int64(len(frames))}
    yield "4 descriptors", case_of("04_descriptors/tiny", "clip", shown, n_frames)
    rows = np.concatenate([block.descriptors_PD for block in streaming.follow(iter(steps))])
    rng, parameters = np.random.default_rng(0), network((426, 256, 128, N_CLASSES), seed=1)
    parameters = {name: array / 16 for name, array in parameters.items()}
    labels = rng.integers(N_CLASSES, size=len(rows))
    batch = {"rows_BD": rows, "labels_B": labels}
    yield "5 network, both gradients", case_of("05_lsfnet/tiny", "clip", batch, parameters)
    sampled = {"rows_PD": rows, "labels_P": labels}
    params = parameters | {"batch_size": np.int64(128)}
    order = {"order_UP": rng.permutation(len(rows))[None]}
    yield "6 an epoch", case_of("06_switching/step_adam", "clip", sampled, params, order)
    whole = {"rows_PD": rows, "blocks_F": np.array([len(rows)])}
    yield "7 codes, pooled", case_of("07_pooling/tiny", "clip", whole, parameters)


def of_a_collection():
    """Yield (what it is, case) of stages 8 to 10, for random codes of 149 videos."""
    rng = np.random.default_rng(0)
    pooled, labels = rng.normal(size=(N_VIDEOS, 128)), rng.integers(N_CLASSES, size=N_VIDEOS)
    inputs = {"pooled_ME": pooled, "labels_M": labels}
    yield "8 Fisher scores", case_of("08_fisher/tiny", "collection", inputs)
    directions = {"directions_TNQ": rng.normal(size=(N_CLASSES, 30, 64))}
    inputs = {"index_mQ": pooled[:, :64], "queries_MQ": pooled[:, 64:]}
    search = case_of("09_lsh/tiny", "collection", inputs, {"k": np.int64(75)}, directions)
    yield "9 hashes, search", search
    found = recompute("search", search.given(), search.settings, dtype="float64")
    kept = ("neighbors_TMK", "squared_distances_TMK")
    inputs = {name: found[name] for name in kept} | {"labels_m": labels}
    params = {"n_classes": np.int64(N_CLASSES)}
    yield "10 votes", case_of("10_voting/tiny", "collection", inputs, params)


def python_seconds(case):
    """Return the outputs of our own stages, and their seconds: in stage 4, and in all others."""
    inner, describe = [], streaming._Layer.describe

    def timed(*args):
        start = time.process_time()
        block = describe(*args)
        inner.append(time.process_time() - start)
        return block

    with mock.patch.object(streaming._Layer, "describe", timed):
        start = time.process_time()
        outputs = recompute(case.kind.name, case.given(), case.settings, dtype="float64")
        whole = time.process_time() - start
    return outputs, sum(inner) if case.kind.name == "descriptors" else whole - sum(inner)


def port_seconds(port, case, outputs):
    """Return the seconds that the port takes for a case, less those for reading it."""
    with tempfile.TemporaryDirectory() as folder:
        seconds = []
        for kind in (case.kind.name, "read_alone"):
            golden = Path(folder) / kind
            with Recorder(golden) as recorder:
                for name, array, facts in case.entries(outputs):
                    recorder.add(case.kind.stage, case.name, name, array, **facts)
                recorder.describe(case.kind.stage, case.name, **case.facts() | {"kind": kind})
                recorder.close()
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            subprocess.run([port, golden, Path(folder) / "out"], check=True)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            seconds.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return seconds[0] - seconds[1]


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("video")
    parser.add_argument("--frames", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    frames = list(itertools.islice(video.read_frames(args.video), args.frames))
    python, cpp, rows = {}, {}, 0
    with tempfile.TemporaryDirectory() as folder:
        port, source = Path(folder) / "port", ROOT / "golden" / "example" / "port.cpp"
        flags = ["-std=c++17", "-O2", "-ffp-contract=off", "-DREAL=double"]
        subprocess.run(["c++", *flags, "-o", port, source], check=True)
        for what, case in [*of_the_clip(frames), *of_a_collection()]:
            runs = [python_seconds(case) for _ in range(args.rounds)]
            outputs = runs[0][0]
            rows = len(outputs.get("descriptors_PD", rows * [None]))
            theirs = [port_seconds(port, case, outputs) for _ in range(args.rounds)]
            python[what] = python.get(what, 0) + min(seconds for _, seconds in runs)
            cpp[what] = cpp.get(what, 0) + min(theirs)
    cpp["4 descriptors"] -= cpp["3 trajectories"]  # what describes tracks follows them first
    height, width = frames[0].shape
    print(f"{args.video}: {len(frames)} frames of {width}x{height}, {rows} trajectories")
    for what, seconds in python.items():
        print(f"{what:26} Python {seconds:8.4f} s  C++ {cpp[what]:8.4f} s  ratio", end=" ")
        print(f"{seconds / cpp[what]:.2f}" if cpp[what] > 0.01 else "too short for a ratio")


if __name__ == "__main__":
    main()
