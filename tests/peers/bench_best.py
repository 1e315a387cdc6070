"""Preset best beside its peers: python tests/peers/bench_best.py --labels LIST [--seeds 0 1 2]

Accuracy (%) of both tasks over group folds, one division a seed: mean and deviation over the seeds,
the mean difference from the preset, and the paired exact sign test by video (its share of right
answers over the seeds). All fits see the training part of their fold alone.

Changed: each choice of the preset in turn, and each family of picture statistics left out.
`nested`: X4, X5, X14 and the shares X7 to X9 chosen anew in each fold, by the right answers in
folds of its training videos. Peers: from scikit-learn, on z-scored moments of the raw descriptors,
logistic regression and an RBF support vector machine, their constants chosen in the same way; where
OpenCV with its HOG detector is installed, the people expert from its own search in place of ours.
The rows of presets small and paper are those of `compare` with the same --seed: its folds are the
same.
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

from lsfref.app import flags  # noqa: E402
from lsfref.app.evaluation import folding, videos  # noqa: E402
from lsfref.app.lists.manifest import read_labels  # noqa: E402
from lsfref.app.work.session import session  # noqa: E402
from lsfref.phases.phase2 import UNLABELED  # noqa: E402
from lsfref.study.best import evaluation, people, pictures, vectors  # noqa: E402
from lsfref.study.best.choices import CONFIG, Choices  # noqa: E402
from lsfref.study.best.evaluation import Described  # noqa: E402
from lsfref.study.protocol import splits  # noqa: E402
from lsfref.study.protocol.metrics import sign_test  # noqa: E402
from lsfref.study.protocol.protocol import NO_ANSWER, rounds_of, strata  # noqa: E402

PRESET = Choices()
CHANGED = {
    "X1 mean alone": {"moments": "mean"},
    "X1 without frames": {"moments": "deviation"},
    "X2 no mirror": {"mirror": "no"},
    "X3 linear": {"kernel": "linear"},
    "X4 gamma 0.5": {"gamma": 0.5},
    "X4 gamma 2": {"gamma": 2.0},
    "X5 cost 20": {"cost": 20.0},
    "X5 cost 180": {"cost": 180.0},
    "X7 no changes": {"changes": 0.0},
    "X7 changes alone": {"changes": 1.0, "statistics": 0.0},
    "X8 no statistics": {"statistics": 0.0},
    "X8 statistics alone": {"statistics": 1.0},
    "X9 no people": {"people": 0.0},
    "X9 people alone": {"people": 1.0},
    "X10 no gate": {"gate": "no"},
    "X11 limit 2": {"limit": 2.0},
    "X11 no limit": {"limit": 1e9},
    "X12 no trackless": {"trackless": "no"},
    "X14 gamma 0.15": {"gamma_few": 0.15},
    "X14 gamma 0.6": {"gamma_few": 0.6},
    "tracks alone": {"changes": 0.0, "statistics": 0.0, "people": 0.0},
}
GRID = [
    Choices(gamma=g, gamma_few=few, cost=c, changes=share, statistics=share, people=share)
    for g, few, c, share in itertools.product(
        (0.5, 1.0), (0.15, 0.3, 0.6), (20.0, 60.0), (0.3, 0.5, 0.7)
    )
]
PEERS = {
    "logistic regression": (
        LogisticRegression(max_iter=5000),
        {"logisticregression__C": [1e-4, 1e-3, 1e-2, 1e-1, 1.0]},
    ),
    "RBF SVM": (SVC(), {"svc__C": [1.0, 10.0, 100.0], "svc__gamma": [3e-4, 1e-3, 3e-3]}),
}
SEEN = {name: slice(vectors.MOMENTS + p.start, vectors.MOMENTS + p.stop)
        for name, p in pictures.PARTS.items()}  # fmt: skip


def opencv_search(grey_HW):
    """Yield the Windows of OpenCV's own detector on the pictures that `people.search` looks at."""
    import cv2

    detector = cv2.HOGDescriptor()
    detector.setSVMDetector(cv2.HOGDescriptor_getDefaultPeopleDetector())
    largest = people.SIDE / max(grey_HW.shape)
    for level in range(99):
        rows, columns = (round(n * largest / people.STEP**level) for n in grey_HW.shape)
        if rows < 128 or columns < 64:
            return
        picture = cv2.resize(np.rint(grey_HW).astype(np.uint8), (columns, rows))
        places, scores = detector.detect(picture, hitThreshold=-99, winStride=(8, 8))
        at = np.array(places).reshape(-1, 2) // 8
        scores_HW = np.full(((rows - 128) // 8 + 1, (columns - 64) // 8 + 1), -99.0)
        scores_HW[at[:, 1], at[:, 0]] = np.ravel(scores)
        yield people.Windows(scores_HW, np.array(grey_HW.shape) / (rows, columns))


def people_by_opencv(path, *, config, choices):
    """Return the vector of a video with OpenCV's search in place of ours."""
    own, people.search = people.search, opencv_search
    try:
        frames = list(vectors.read_frames(path, config))
        return pictures.look(frames).summary()[pictures.PARTS["people"]]
    finally:
        people.search = own


class Asked:
    """One seed's folds; `right(choices)` is who is answered right."""

    def __init__(self, args, seed, listed, counted, described):
        self.args = argparse.Namespace(**{**vars(args), "seed": seed})
        self.counted, self.described = counted, described
        self.tasks = videos.task_labels(listed)
        own = [video._replace(group=video.group or f"\0{video.name}") for video in listed.videos]
        listed = listed._replace(videos=own, splits=())
        self.groups_M = folding.groups_of(listed)
        self.rounds = rounds_of(folding.divide(listed, self.tasks, self.args))

    def right(self, choices, *, described=None, rounds=None):
        """Return right_M of each task, over the videos that have a label."""
        vectors_MV, usable_M = described or self.described
        vectors_MV = vectors_MV.copy()
        if choices.gate == "no":  # the best of all windows in place of the best that move
            at = SEEN["people"].start
            vectors_MV[:, [at + 1, at + 3]] = vectors_MV[:, [at, at + 2]]
        if choices.trackless == "no":
            usable_M = usable_M & vectors.tracked(vectors_MV)
        outcomes = evaluation.ask_rounds(
            Described(vectors_MV, usable_M), self.tasks, rounds or self.rounds, choices
        )
        return [(one.predicted_YM == one.true_M)[0] for one in outcomes]

    def without(self, columns):
        """Return right_M of each task where some columns say nothing."""
        vectors_MV = self.described.vectors_MV.copy()
        vectors_MV[:, columns] = 0
        return self.right(PRESET, described=Described(vectors_MV, self.described.usable_M))

    def by_fold(self, answer):
        """Return right_M of each task where answer(fold) gives the decisions of its test rows."""
        right = [np.full(len(self.groups_M), np.nan) for _ in self.tasks]
        for fold, one in enumerate(self.rounds):
            for task, right_M, decision_m in zip(self.tasks, right, answer(fold), strict=True):
                test = one.split[1]
                right_M[test] = decision_m == task.labels_M[test]
        return [
            right_M[task.labels_M != UNLABELED]
            for task, right_M in zip(self.tasks, right, strict=True)
        ]

    def inner(self, fold):
        """Return the folds of a fold's training videos, as positions among them."""
        train = self.rounds[fold].split[0]
        rng = np.random.default_rng([self.args.seed, fold])
        return splits.folds(strata(self.tasks)[train], self.groups_M[train], n_folds=5, rng=rng)

    @functools.cache  # noqa: B019
    def chosen(self, fold):
        """Return the Choices of GRID that answer most of a fold's training videos, per task."""
        train = self.rounds[fold].split[0]
        rounds = rounds_of([[(train[a], train[b]) for a, b in self.inner(fold)]])
        scores = np.array([[r.sum() for r in self.right(one, rounds=rounds)] for one in GRID])
        return [GRID[best] for best in scores.argmax(axis=0)]

    def nested(self):
        """Return right_M of each task, the Choices chosen in each fold."""

        def answer(fold):
            one = self.rounds[fold]
            for task, choices in zip(self.tasks, self.chosen(fold), strict=True):
                asked = evaluation._answer_fold(self.described, task, one, choices)
                yield asked.decision_Ym[0]

        return self.by_fold(answer)

    def peer(self, estimator, grid):
        """Return right_M of each task for a classifier of scikit-learn."""
        choices = dataclasses.replace(PRESET, moments="deviation", mirror="no")
        features_MQ = vectors.features(self.described.vectors_MV, choices)
        usable_M = vectors.tracked(self.described.vectors_MV)

        def answer(fold):
            train, test = self.rounds[fold].split
            inner = self.inner(fold)
            for task in self.tasks:
                known = (task.labels_M[train] != UNLABELED) & usable_M[train]
                at = np.cumsum(known) - 1  # where a training video stands among the labeled
                parts = [(at[a[known[a]]], at[b[known[b]]]) for a, b in inner]
                search = GridSearchCV(make_pipeline(StandardScaler(), estimator), grid, cv=parts)
                search.fit(features_MQ[train[known]], task.labels_M[train[known]])
                yield np.where(usable_M[test], search.predict(features_MQ[test]), NO_ANSWER)

        return self.by_fold(answer)


def rows_of(asked, of_opencv):
    """Yield (name, right_M of each task)."""
    yield "preset best", asked.right(PRESET)
    for name, fields in CHANGED.items():
        yield name, asked.right(dataclasses.replace(PRESET, **fields))
    at = SEEN["statistics"].start
    for name, width in pictures.FAMILIES.items():
        yield f"X8 without {name}", asked.without(slice(at, at + width))
        at += width
    yield "nested", asked.nested()
    for name, (estimator, grid) in PEERS.items():
        yield name, asked.peer(estimator, grid)
    if of_opencv is not None:
        yield "people by OpenCV", asked.right(PRESET, described=of_opencv)


def searched_by_opencv(described, paths, each):
    """Return Described with the people that OpenCV finds, None where it is not installed."""
    try:
        import cv2
    except ImportError:
        return None
    if not hasattr(cv2, "HOGDescriptor_getDefaultPeopleDetector"):
        return None
    vectors_MV = described.vectors_MV.copy()
    look = functools.partial(people_by_opencv, config=CONFIG, choices=PRESET)
    usable = np.flatnonzero(described.usable_M)
    for m, people_V in zip(usable, each("", look, [paths[m] for m in usable]), strict=True):
        vectors_MV[m, SEEN["people"]] = people_V
    return Described(vectors_MV, described.usable_M)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    flags.add(parser, "--labels SPLIT COMMON")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3, 4])
    args = parser.parse_args()
    listed = videos.labeled(read_labels(args.labels))
    with session(args, passes=2, n_videos=len(listed.videos)) as doing:
        listed, counted, _ = videos.count(listed, CONFIG, doing)
        described = evaluation.describe(counted, CONFIG, PRESET, work=doing.work)
        of_opencv = searched_by_opencv(described, counted.paths, doing.work.each)
        doing.progress.clear()
    found = {}
    for seed in args.seeds:
        asked = Asked(args, seed, listed, counted, described)
        for name, right in rows_of(asked, of_opencv):
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
