"""Preset best beside its peers: python tests/peers/bench_best.py --labels LIST [--seeds 0 1 2]

Accuracy (%) of both tasks over group folds, one division a seed: mean and deviation over the seeds,
the mean difference from the preset, and the paired exact sign test by video (its share of right
answers over the seeds). All fits see the training part of their fold alone.

Changed: each choice of the preset in turn. `nested`: X1 to X5 chosen anew in each fold, by the
right answers to both tasks in folds of its training videos, without the head and the changes; then
X7 by those to the background alone. Peers, from scikit-learn, on z-scored means and deviations of
the raw descriptors: logistic regression and an RBF support vector machine, their constants chosen
in the same way. The rows of presets small and paper are those of `compare` with the same --seed:
its folds are the same.
"""

import argparse
import dataclasses
import functools
import itertools
import os
import sys
from pathlib import Path

for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"  # before numpy comes in
sys.path.insert(0, str(Path(__file__).parents[2]))

import numpy as np  # noqa: E402
from sklearn.linear_model import LogisticRegression  # noqa: E402
from sklearn.model_selection import GridSearchCV  # noqa: E402
from sklearn.pipeline import make_pipeline  # noqa: E402
from sklearn.preprocessing import StandardScaler  # noqa: E402
from sklearn.svm import SVC  # noqa: E402

from lsfref.app import options  # noqa: E402
from lsfref.app.commands import evaluate  # noqa: E402
from lsfref.app.evaluation import folding  # noqa: E402
from lsfref.app.lists.manifest import read_labels  # noqa: E402
from lsfref.app.work.session import session  # noqa: E402
from lsfref.phases.phase2 import UNLABELLED  # noqa: E402
from lsfref.study.best import preset as best  # noqa: E402
from lsfref.study.protocol import splits  # noqa: E402
from lsfref.study.protocol.evaluate import NO_ANSWER  # noqa: E402
from lsfref.study.protocol.metrics import sign_test  # noqa: E402
from lsfref.study.protocol.protocol import rounds_of, strata  # noqa: E402

PRESET = best.Choices()
CHANGED = {
    "X1 mean alone": {"moments": "mean"},
    "X1 without frames": {"moments": "deviation"},
    "X2 no mirror": {"mirror": "no"},
    "X3 linear": {"kernel": "linear"},
    "X4 gamma 0.5": {"gamma": 0.5},
    "X4 gamma 2": {"gamma": 2.0},
    "X5 cost 6": {"cost": 6.0},
    "X5 cost 60": {"cost": 60.0},
    "X6 no head": {"head": 0.0},
    "X6 head alone": {"head": 1.0, "changes": 0.0},
    "X7 no changes": {"changes": 0.0},
    "X7 changes alone": {"changes": 1.0},
    "X6 X7 tracks alone": {"head": 0.0, "changes": 0.0},
}
SHARES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)  # of the changes
MOMENTS, MIRROR, COSTS = ("frames", "deviation", "mean"), ("yes", "no"), (6.0, 20.0, 60.0)
KERNELS = [("linear", 1.0), *(("gaussian", gamma) for gamma in (0.5, 1.0, 2.0))]
GRID = [
    best.Choices(moments=m, mirror=f, kernel=k, gamma=g, cost=c, head=0.0, changes=0.0)
    for m, f, (k, g), c in itertools.product(MOMENTS, MIRROR, KERNELS, COSTS)
]
PEERS = {
    "logistic regression": (
        LogisticRegression(max_iter=5000),
        {"logisticregression__C": [1e-4, 1e-3, 1e-2, 1e-1, 1.0]},
    ),
    "RBF SVM": (
        SVC(),
        {"svc__C": [1.0, 10.0, 100.0], "svc__gamma": [3e-4, 1e-3, 3e-3]},
    ),
}


class Asked:
    """One seed's videos, folds and heads; `right(choices)` is who is answered right."""

    def __init__(self, args, seed, work):
        self.args = argparse.Namespace(**{**vars(args), "seed": seed})
        listed = evaluate.labelled(read_labels(args.labels))
        self.config = dataclasses.replace(best.CONFIG, seed=seed)
        self.listed, self.videos, _ = evaluate.count(listed, self.config, work)
        self.tasks = evaluate.task_labels(self.listed)
        self.groups_M = np.array([v.group or f"\0{v.name}" for v in self.listed.videos])
        self.rounds = rounds_of(folding.divide(self.args, self.tasks, self.groups_M))
        self.work = {"extract": work.extract, "mapper": work.mapper, "report": work.progress}
        self.heads, self.vectors_MV = self.described(self.config)

    def described(self, config):
        """Return the heads of a Config, and the vector of each video with what they say."""
        heads = best.fit_heads(self.videos, self.tasks, self.rounds, config, PRESET, **self.work)
        return heads, best.describe(self.videos, heads, config, PRESET, **self.work)

    def outcomes(self, choices, *, described=None, rounds=None):
        """Return the Outcome of each task."""
        heads, vectors_MV = described or (self.heads, self.vectors_MV)
        return best.ask_rounds(
            vectors_MV, heads if choices.head else [], self.videos, self.tasks,
            rounds or self.rounds, choices,
        )  # fmt: skip

    def right(self, choices, **rest):
        """Return right_M of each task, over the videos that have a label."""
        return [(one.predicted_YM == one.true_M)[0] for one in self.outcomes(choices, **rest)]

    def by_fold(self, answer):
        """Return right_M of each task where answer(fold) gives the decisions of its test rows."""
        right = [np.full(len(self.groups_M), np.nan) for _ in self.tasks]
        for fold, one in enumerate(self.rounds):
            for task, right_M, decision_m in zip(self.tasks, right, answer(fold), strict=True):
                test = one.split[1]
                right_M[test] = decision_m == task.labels_M[test]
        return [
            right_M[task.labels_M != UNLABELLED]
            for task, right_M in zip(self.tasks, right, strict=True)
        ]

    def inner(self, fold):
        """Return the folds of a fold's training videos, as positions among them."""
        train = self.rounds[fold].split[0]
        rng = np.random.default_rng([self.args.seed, fold])
        return splits.folds(strata(self.tasks)[train], self.groups_M[train], n_folds=5, rng=rng)

    @functools.cache  # noqa: B019
    def chosen(self, fold):
        """Return the Choices that answer most of a fold's training videos: of GRID, then of X7."""
        train = self.rounds[fold].split[0]
        rounds = rounds_of([[(train[a], train[b]) for a, b in self.inner(fold)]])
        scores = [sum(r.sum() for r in self.right(choices, rounds=rounds)) for choices in GRID]
        found = GRID[int(np.argmax(scores))]
        shared = [dataclasses.replace(found, changes=share) for share in SHARES]
        scores = [self.right(choices, rounds=rounds)[0].sum() for choices in shared]
        return shared[int(np.argmax(scores))]

    def nested(self, *, head):
        """Return right_M of each task, X1 to X5 and X7 chosen in each fold."""

        def answer(fold):
            choices = dataclasses.replace(self.chosen(fold), head=head)
            outcomes = self.outcomes(choices)
            test = self.rounds[fold].split[1]
            for task, one in zip(self.tasks, outcomes, strict=True):
                decision_M = np.full(len(task.labels_M), UNLABELLED)
                decision_M[task.labels_M != UNLABELLED] = one.predicted_YM[0]
                yield decision_M[test]

        return self.by_fold(answer)

    def peer(self, estimator, grid):
        """Return right_M of each task for a classifier of scikit-learn."""
        choices = dataclasses.replace(PRESET, moments="deviation", mirror="no")
        features_MQ, usable_M = best.features(self.vectors_MV, choices), self.videos.counts_M > 0

        def answer(fold):
            train, test = self.rounds[fold].split
            inner = self.inner(fold)
            for task in self.tasks:
                known = (task.labels_M[train] != UNLABELLED) & usable_M[train]
                at = np.cumsum(known) - 1  # where a training video stands among the labelled
                parts = [(at[a[known[a]]], at[b[known[b]]]) for a, b in inner]
                search = GridSearchCV(make_pipeline(StandardScaler(), estimator), grid, cv=parts)
                search.fit(features_MQ[train[known]], task.labels_M[train[known]])
                yield np.where(usable_M[test], search.predict(features_MQ[test]), NO_ANSWER)

        return self.by_fold(answer)


def rows_of(asked):
    """Yield (name, right_M of each task)."""
    yield "preset best", asked.right(PRESET)
    for name, fields in CHANGED.items():
        yield name, asked.right(dataclasses.replace(PRESET, **fields))
    classes = dataclasses.replace(asked.config, balance="class")
    yield "B2 balance class", asked.right(PRESET, described=asked.described(classes))
    yield "nested", asked.nested(head=PRESET.head)
    yield "nested, no head", asked.nested(head=0.0)
    for name, (estimator, grid) in PEERS.items():
        yield name, asked.peer(estimator, grid)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    options.add_labels(parser)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3, 4])
    folding.add_split(parser, repeats=1)
    options.add_common(parser)
    args = parser.parse_args()
    found = {}
    for seed in args.seeds:
        n_videos = len(read_labels(args.labels).videos)
        with session(args, passes=3, n_videos=n_videos) as work:
            asked = Asked(args, seed, work)
            work.progress.clear()
            for name, right in rows_of(asked):
                found.setdefault(name, []).append(right)
                told = " / ".join(f"{100 * right_M.mean():.1f}" for right_M in right)
                print(f"seed {seed} {name}: {told}", flush=True)
    for t, task in enumerate(("background", "foreground")):
        print(task)
        base_SM = np.array([right[t] for right in found["preset best"]], float)
        for name, each in found.items():
            right_SM = np.array([right[t] for right in each], float)
            share_S, test = right_SM.mean(axis=1), sign_test(right_SM.mean(0), base_SM.mean(0))
            spread = share_S.std(ddof=1) if len(share_S) > 1 else 0.0
            print(
                f"  {name:22s}{100 * share_S.mean():5.1f} ({100 * spread:.1f})"
                f"{100 * (right_SM - base_SM).mean():+6.1f}  won {test.wins}, lost {test.losses}, "
                f"p {test.p:.3f}"
            )


if __name__ == "__main__":
    main()
