"""What `train` expects against what comes: python tests/peers/bench_honesty.py --labels LIST

Again and again the sources of a list are parted in two at random. On one half preset best is
fitted, and expects a share of right answers as `train` prints it; the videos of the other half are
the cameras not seen. Printed for each task: the mean difference, and how often the interval holds
what came, as such (a half is a sample too) and widened by the sampling error of the other half.
"""

import argparse
import os
import sys
from pathlib import Path

for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"  # before numpy comes in
sys.path.insert(0, str(Path(__file__).parents[2]))

import numpy as np  # noqa: E402

from lsfref.app import flags  # noqa: E402
from lsfref.app.evaluation import estimate, folding, videos  # noqa: E402
from lsfref.app.lists.manifest import read_labels  # noqa: E402
from lsfref.app.work.session import session  # noqa: E402
from lsfref.phases.phase2 import UNLABELED  # noqa: E402
from lsfref.study.best import evaluation  # noqa: E402
from lsfref.study.best.choices import CONFIG, Choices  # noqa: E402
from lsfref.study.best.evaluation import Described  # noqa: E402
from lsfref.study.protocol.protocol import Round, rounds_of  # noqa: E402

TASKS = ("background", "foreground")


def halves(groups, seed):
    """Return which videos are learned from, and which are asked: whole sources on either side."""
    names = np.unique(groups)
    learned = np.random.default_rng(seed).permutation(names)[: len(names) // 2]
    return np.flatnonzero(np.isin(groups, learned)), np.flatnonzero(~np.isin(groups, learned))


def expected(listed, described, learned, seed):
    """Return what `train` keeps of its estimate for the videos of one half."""
    part = listed._replace(videos=[listed.videos[m] for m in learned], splits=())
    part = videos.labeled(part)
    own = Described(*(array[learned] for array in described))
    tasks = videos.task_labels(part)
    repeats = folding.divide(part, tasks, argparse.Namespace(seed=seed, repeats=1))
    outcomes = evaluation.ask_rounds(own, tasks, rounds_of(repeats), Choices())
    return estimate.facts(folding.by_source(outcomes, part, repeats), part, drawn=False)


def came(described, tasks, learned, asked):
    """Return the share of right answers of each task, and of how many."""
    for task in tasks:
        one = Round((learned, asked), None, None)
        decision_m = evaluation._answer_fold(described, task, one, Choices()).decision_Ym[0]
        known = task.labels_M[asked] != UNLABELED
        yield (decision_m == task.labels_M[asked])[known].mean(), known.sum()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    flags.add(parser, "--labels SPLIT COMMON")
    parser.add_argument("--halves", type=int, default=30)
    args = parser.parse_args()
    listed = videos.labeled(read_labels(args.labels))
    with session(args, passes=1, n_videos=len(listed.videos)) as doing:
        listed, counted, _ = videos.count(listed, CONFIG, doing)
        described = evaluation.describe(counted, CONFIG, Choices(), work=doing.work)
        doing.progress.clear()
    groups, tasks = np.array([v.group for v in listed.videos]), videos.task_labels(listed)
    rows = {task: [] for task in TASKS}
    for seed in range(args.halves):
        learned, asked = halves(groups, seed)
        told = expected(listed, described, learned, 0)
        for task, (share, n) in zip(tasks, came(described, tasks, learned, asked), strict=True):
            row = told[task.name]
            low, high = row["interval"]
            spread = 1.96 * np.sqrt(share * (1 - share) / n)
            far = low <= share <= high, low - spread <= share <= high + spread
            rows[task.name].append((row["accuracy"] - share, *far))
            print(
                f"half {seed} {task.name}: {100 * row['accuracy']:.1f} ({100 * low:.0f} to"
                f" {100 * high:.0f}) expected, {100 * share:.1f} came", flush=True,
            )  # fmt: skip
    for task, found in rows.items():
        apart, holds, widened = np.mean(found, axis=0)
        print(
            f"{task}: expected less what came {100 * apart:+.1f} points; the interval holds it in"
            f" {100 * holds:.0f} %, widened by the sampling of the other half {100 * widened:.0f} %"
        )


if __name__ == "__main__":
    main()
