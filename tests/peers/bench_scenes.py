"""The built-in scenes beside five simple numbers: python tests/peers/bench_scenes.py [SEED ...]

For each seed: what `train` reports on the scenes it has not seen, and the nearest neighbor by mean
and standard deviation of the frame difference, the same of the flow (every fifth pair of frames),
and mean brightness. Demands, as means over seeds 100 to 104: 85 % in both tasks, five numbers 15
points below.
"""

import argparse
import itertools
import os
import sys
from pathlib import Path

for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"  # before numpy comes in
sys.path.insert(0, str(Path(__file__).parents[2]))

import numpy as np  # noqa: E402

from lsfref import pipeline, video  # noqa: E402
from lsfref.app import flags, options  # noqa: E402
from lsfref.app.commands import train  # noqa: E402
from lsfref.app.evaluation import held_out  # noqa: E402
from lsfref.app.lists.manifest import read_labels, training_part  # noqa: E402
from lsfref.app.work.session import session  # noqa: E402
from lsfref.flow import dense_flow  # noqa: E402
from lsfref.study.protocol.metrics import wilson_interval  # noqa: E402
from lsfref.study.protocol.outcome import confusion_lines, figures  # noqa: E402

SEEDS = (100, 101, 102, 103, 104)


def five_numbers(path):
    """Return mean and sd of |frame difference|, mean and sd of |flow|, mean brightness."""
    frames_FHW = np.stack([f.astype(np.float32) for f in video.read_frames(path)])
    change = np.abs(np.diff(frames_FHW, axis=0))
    flow = np.stack(
        [
            np.hypot(*np.moveaxis(dense_flow(first, second), 2, 0))
            for first, second in itertools.islice(itertools.pairwise(frames_FHW), 0, None, 5)
        ]
    )
    return [change.mean(), change.std(), flow.mean(), flow.std(), frames_FHW.mean()]


def nearest_share(numbers_M5, labels_M, test_M):
    """Return the share of test clips whose nearest training clip, z-scored, is of their class."""
    train_m5 = numbers_M5[~test_M]
    scaled_M5 = (numbers_M5 - train_m5.mean(axis=0)) / train_m5.std(axis=0)
    apart = np.square(scaled_M5[test_M][:, None] - scaled_M5[~test_M]).sum(axis=2)
    return float((labels_M[~test_M][apart.argmin(axis=1)] == labels_M[test_M]).mean())


def measure(seed, args):
    """Return {task: (system's Outcome, share of the five numbers)} of one seed."""
    args.seed = seed
    config = options.config_from(args)
    with train.scenes(args) as labels:
        listed = read_labels(labels)
        with session(args, passes=3, n_videos=len(listed.videos)) as doing:
            known = training_part(listed)
            trained = pipeline.train(known.videos, config, classes=known.classes, work=doing.work)
            outcomes = held_out.ask(listed, trained.model, doing)
            numbers = doing.work.each("", five_numbers, [video.path for video in listed.videos])
            numbers_M5 = np.array(list(numbers), np.float64)
    test_M = np.array([split == "test" for split in listed.splits])
    results = {}
    for outcome in outcomes:
        labels_M = np.array([getattr(video, outcome.task) for video in listed.videos])
        results[outcome.task] = outcome, nearest_share(numbers_M5, labels_M, test_M)
    return results


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("seeds", type=int, nargs="*", default=SEEDS)
    flags.add(parser, "COMMON")
    parser.set_defaults(preset="small", settings=[])
    args = parser.parse_args()
    shares = {}
    for seed in args.seeds:
        for task, (outcome, simple) in measure(seed, args).items():
            measured = figures(outcome)
            low, high = measured.whole.interval
            print(
                f"seed {seed} {task}: {measured.accuracy_mean:.3f} ({low:.3f} to {high:.3f}), "
                f"five numbers {simple:.3f}, {len(outcome.true_M)} unseen clips"
            )
            print("\n".join(confusion_lines(outcome)), flush=True)
            shown = measured.accuracy_mean, simple, len(outcome.true_M)
            shares.setdefault(task, []).append(shown)
    for task, each in shares.items():
        system, simple, n_clips = np.array(each).T
        low, high = wilson_interval(system.mean(), int(n_clips.sum()))
        spread = system.std(ddof=1) if len(system) > 1 else 0.0
        print(
            f"{task}: mean {system.mean():.3f} (sd {spread:.3f}, {low:.3f} to {high:.3f}), five "
            f"numbers {simple.mean():.3f}, {100 * (system.mean() - simple.mean()):.1f} points apart"
        )


if __name__ == "__main__":
    main()
