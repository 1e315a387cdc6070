"""Preset `best`: the paper's trajectories and network, asked in another way (X1 to X7).

In: labelled videos.  Out: a Model with Extras, and answers; the reference itself stays the paper's.

Counting neighbours of average codes wants many videos. Of a few hundred real ones more is learned
by a kernel classifier on moments of the raw descriptors: their mean, how far all points of a video
lie apart, and how far its frames do. To the answer about the background, LSFNet's head adds its
posterior, averaged over the points, and a second classifier what the pictures themselves say.
"""

import dataclasses
import functools
import itertools
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from lsfref import lsfnet, pipeline, pooling, video
from lsfref.arrays import COLUMNS, N_COLUMNS, Bools, Floats, Ints
from lsfref.config import PRESETS, Config, choice
from lsfref.descriptors import TIME_CELLS
from lsfref.errors import LsfrefError, ModelError, NoTrajectoriesError, VideoError
from lsfref.kernels import pyramid
from lsfref.model import Extras, LabelledVideo, Model, Network, Trained
from lsfref.phases import timeline
from lsfref.phases.advice import fit_warnings
from lsfref.phases.extraction import ALONE, Extract, PathLike, Work, extract
from lsfref.phases.passes import Pooled, pool_video_by
from lsfref.phases.phase2 import UNLABELLED
from lsfref.phases.sampling import draw_sample
from lsfref.phases.streaming import Block
from lsfref.storage.choices import from_json
from lsfref.storage.files import printable
from lsfref.study.best.changes import LAGS, N_CHANGES, PER_FRAME, frame_changes, summary
from lsfref.study.classifiers.logistic import (
    Classifier,
    Kernel,
    blend,
    fit_classifier,
    log_posteriors,
    restore_classifier,
)
from lsfref.study.protocol.evaluate import Counted, check_round, fit_networks
from lsfref.study.protocol.outcome import Outcome
from lsfref.study.protocol.protocol import (
    NO_ANSWER,
    NOT_ASKED,
    Asked,
    Round,
    TaskLabels,
    collect,
    rounds_of,
)
from lsfref.study.protocol.splits import Split
from lsfref.trajectories import TRACK_LENGTH

NAME = "best"
BACKGROUND = "background"
CONFIG = dataclasses.replace(PRESETS["small"], balance="video")  # B2: a long clip is one clip
MOMENTS = 3 * N_COLUMNS  # mean, variance, variance of the frames' means
FIXED = MOMENTS + N_CHANGES  # of a video's vector; then what the heads say
LEAST = 1e-6  # of a posterior of the head
LARGEST = 1e6  # no number of a video is near it; what is beyond would overflow


@dataclass(frozen=True)
class Choices:
    """What preset `best` adds to a Config."""

    moments: str = choice(
        "frames", "X1", "moments of a video: mean; deviation too; that of its frames too",
        ("frames", "deviation", "mean"),
    )  # fmt: skip
    mirror: str = choice("yes", "X2", "describe a video and its mirror image as one", ("yes", "no"))
    kernel: str = choice("gaussian", "X3", "likeness of two videos", ("gaussian", "linear"))
    gamma: float = choice(1.0, "X4", "narrowness of the gaussian kernel", least=1e-6, most=1e6)
    cost: float = choice(20.0, "X5", "weight of the errors against smoothness", least=1e-6)
    head: float = choice(0.2, "X6", "share of the head in what the tracks say of it", most=1)
    changes: float = choice(0.6, "X7", "share of the changes in the background answer", most=1)

    @property
    def likeness(self) -> Kernel:
        """Return the kernel of all classifiers."""
        return Kernel(self.kernel, self.gamma)


class Head(NamedTuple):
    """LSFNet as a classifier of single trajectories, and the class numbers of its outputs."""

    network: Network
    classes: tuple[int, ...]


class Experts(NamedTuple):
    """Who is asked about one task; beside the tracks, the background alone has others."""

    tracks: Classifier
    said: tuple[int, ...] = ()  # classes of the head; none: it is not asked
    changes: Classifier | None = None


# A video as a vector: moments of its descriptors, changes of its pictures, what the heads say.


def describe_video(
    path: PathLike,
    *,
    heads: Sequence[Head] = (),
    config: Config,
    choices: Choices,
    extract: Extract = extract,
) -> Pooled:
    """Return the vector of a video, FIXED numbers and those of the heads; bad input never raises.

    X7: where the changes have no share, zeros stand in their place and no picture is looked at.
    """
    pool = functools.partial(pool_blocks, heads=heads)
    pooled = pool_video_by(path, pool=pool, config=config, extract=extract)
    if pooled.pooled_E is None:
        return pooled
    changes_V: Floats = np.zeros(N_CHANGES)
    if choices.changes > 0:
        try:
            changes_V = _summarised(path, (), frame_changes(read_frames(path, config)))
        except LsfrefError as fault:
            return pooled._replace(pooled_E=None, error=str(fault))
    return pooled._replace(pooled_E=_vector(pooled.pooled_E, changes_V))


def _summarised(path: PathLike, before: Sequence[Floats], rows: Iterator[Floats]) -> Floats:
    """Return the summary of both; `rows` has one at least, as where a track ends there is one."""
    first_V = next(rows, None)
    if first_V is None:
        raise VideoError(f"{printable(path)}: it has changed while it was worked on; start again")
    return summary(itertools.chain(before, [first_V], rows))


def read_frames(path: PathLike, config: Config) -> Iterator[Floats]:
    """Yield grey_HW of the size that trajectories are extracted from, 0.299 R + ... whatever the
    flow (A1). Damage is told by who extracts."""
    frames = video.read_frames(
        path, max_frames=config.max_frames, max_pixels=config.max_pixels, warn=lambda text: None
    )
    for frame_HW in frames:
        yield pyramid.shrink(frame_HW, max_side=config.max_side).astype(config.dtype)


def _vector(pooled: Floats, changes_V: Floats) -> Floats:
    return np.concatenate([pooled[:MOMENTS], changes_V, pooled[MOMENTS:]])


def pool_blocks(blocks: Iterable[Block], *, heads: Sequence[Head] = ()) -> pooling.Pooled:
    """Return the moments of a video's descriptors and the mean log-posteriors of each head.

    1278 + the heads' classes, float64: mean_D, variance_D and the variance of the means of the
    frames on which the trajectories end, each frame with the weight of its rows. Posteriors below
    LEAST count as LEAST. Frames are taken whole, so it does not matter how the blocks were cut.
    Raises NoTrajectoriesError without rows, LsfrefError for a row that is not finite.
    """
    n_points, origin_D, total_V = 0, np.zeros(N_COLUMNS), np.zeros(0)
    for rows_BD in whole_frames(blocks):
        finite_B = np.isfinite(rows_BD).all(axis=1)
        if not finite_B.all():
            raise LsfrefError(f"descriptor row {n_points + int(finite_B.argmin())} is not finite")
        if not n_points:
            origin_D = rows_BD[0].astype(np.float64)  # what is constant has variance 0 exactly
        apart_BD = rows_BD - origin_D
        sum_D = apart_BD.sum(axis=0)
        parts = [sum_D, np.square(apart_BD).sum(axis=0), sum_D**2 / len(rows_BD)]
        parts += [_log_posteriors_of(head, rows_BD).sum(axis=0) for head in heads]
        total_V = np.concatenate(parts) + (total_V if n_points else 0)
        n_points += len(rows_BD)
    if not n_points:
        raise NoTrajectoriesError("no trajectories")
    mean_V = total_V / n_points
    moments_3D = mean_V[:MOMENTS].reshape(3, N_COLUMNS)
    moments_3D[1:] = np.maximum(moments_3D[1:] - moments_3D[0] ** 2, 0)
    moments_3D[0] += origin_D
    return pooling.Pooled(mean_V, n_points)


def whole_frames(blocks: Iterable[Block]) -> Iterator[Floats]:
    """Yield rows_BD, the descriptors that end on one frame, frame after frame."""
    held: list[Floats] = []
    last = None
    for block in blocks:
        frames_P = block.info_P10[:, 0]
        for part_pD, frame in zip(*_runs(block.descriptors_PD, frames_P), strict=True):
            if held and frame != last:
                yield np.concatenate(held)
                held = []
            held, last = [*held, part_pD], frame
    if held:
        yield np.concatenate(held)


def _runs(rows_PD: Floats, frames_P: Floats) -> tuple[list[Floats], list[float]]:
    """Return the rows cut where the frame changes, and the frame of each part."""
    if not len(rows_PD):
        return [], []
    cuts = np.flatnonzero(np.diff(frames_P)) + 1
    return np.split(rows_PD, cuts), frames_P[np.concatenate([[0], cuts])].tolist()


def _log_posteriors_of(head: Head, rows_BD: Floats) -> Floats:
    encoder = head.network.encoder
    shares_BC = lsfnet.head_posteriors(encoder.parameters, encoder(rows_BD))
    return np.log(np.maximum(shares_BC, LEAST), dtype=np.float64)


def features(moments_MV: Floats, choices: Choices) -> Floats:
    """Return features_MQ, means and deviations of videos, from the moments that they begin with.

    Choices: X1 mean; mean and deviation of all points; both and the deviation of the frames.
             X2 of the video and its mirror image as one set of points.
    """
    mean_MD, whole_MD, between_MD = np.split(moments_MV[:, :MOMENTS], 3, axis=1)
    if choices.mirror == "yes":
        columns_D, signs_D = mirrored_columns()
        other_MD = mean_MD[:, columns_D] * signs_D
        whole_MD = (whole_MD + whole_MD[:, columns_D]) / 2 + ((mean_MD - other_MD) / 2) ** 2
        between_MD = (between_MD + between_MD[:, columns_D]) / 2
        mean_MD = (mean_MD + other_MD) / 2
    n_parts = {"mean": 1, "deviation": 2, "frames": 3}[choices.moments]
    parts = [mean_MD, np.sqrt(whole_MD), np.sqrt(between_MD)]
    return np.concatenate(parts[:n_parts], axis=1)


@functools.cache
def mirrored_columns() -> tuple[Ints, Floats]:
    """Return (columns_D, signs_D): of a scene whose left and right are exchanged, column d is
    signs_D[d] times column columns_D[d] of the scene as it is.

    Left and right cells change places. A direction at angle a becomes 180 - a; the gradient of the
    horizontal flow, which itself changes sign, -a. HOF's bin of still points stays (A9, A12).
    """
    columns_D, signs_D = np.arange(N_COLUMNS), np.ones(N_COLUMNS)
    signs_D[COLUMNS["trajectory"]][::2] = -1
    turned = (4 - np.arange(8)) % 8
    bins = {"hog": turned, "hof": np.append(turned, 8), "mbhx": -np.arange(8) % 8, "mbhy": turned}
    for name, order in bins.items():
        block = columns_D[COLUMNS[name]].reshape(TIME_CELLS, 2, 2, len(order))
        columns_D[COLUMNS[name]] = block[:, ::-1][..., order].ravel()
    return columns_D, signs_D


# Who answers.


def fit_experts(
    vectors_mV: Floats,
    labels_m: Ints,
    *,
    task: str,
    n_classes: int,
    choices: Choices,
    said: Sequence[int] = (),
) -> Experts:
    """Return who answers a task, fitted to m videos; `said` are the classes of a head, if any."""
    fit = functools.partial(
        fit_classifier, n_classes=n_classes, kernel=choices.likeness, cost=choices.cost
    )
    tracks = fit(features(vectors_mV, choices), labels_m)
    if task != BACKGROUND:
        return Experts(tracks)
    changes = fit(vectors_mV[:, MOMENTS:FIXED], labels_m) if choices.changes > 0 else None
    return Experts(tracks, tuple(said), changes)


def answer_rows(experts: Experts, vectors_MV: Floats, choices: Choices) -> Floats:
    """Return shares_MC of one task.

    Choices: X6 share of the head in what the tracks say. X7 share of the changes in all.
    """
    logs_MC = log_posteriors(experts.tracks, features(vectors_MV, choices))
    if experts.said:
        said_MC = np.full_like(logs_MC, -np.inf)
        said_MC[:, list(experts.said)] = vectors_MV[:, FIXED : FIXED + len(experts.said)]
        logs_MC = blend(logs_MC, said_MC, share=choices.head)
    if experts.changes is not None:
        changes_MC = log_posteriors(experts.changes, vectors_MV[:, MOMENTS:FIXED])
        logs_MC = blend(logs_MC, changes_MC, share=choices.changes)
    return np.exp(logs_MC)


# As the commands use it.


def train(
    videos: Iterable[LabelledVideo],
    config: Config,
    choices: Choices,
    *,
    classes: dict[str, tuple[str, ...]],
    work: Work = ALONE,
) -> Trained:
    """Return the whole system as `pipeline.train` fits it, with Extras that answer instead."""
    videos = list(videos)
    trained = pipeline.train(videos, config, classes=classes, work=work)
    model = trained.model
    paths = {one.name: one.path for one in videos}
    rows = []
    look = functools.partial(describe_video, config=config, choices=choices, extract=work.extract)
    for one in work.each("describing", look, [paths[name] for name in model.files]):
        if one.pooled_E is None:  # it could be read a moment ago
            raise LsfrefError(one.error)
        rows.append(one.pooled_E)
    arrays = {"vectors_MV": np.stack(rows)}
    for name, task in model.tasks.items():
        fitted = fit_experts(
            arrays["vectors_MV"][task.rows_m], task.labels_m, task=name,
            n_classes=len(task.classes), choices=choices,
        )  # fmt: skip
        arrays[f"{name}.weights_mC"] = fitted.tracks.weights_mC
        if fitted.changes is not None:
            arrays[f"{name}.changes_mC"] = fitted.changes.weights_mC
    extras = Extras(NAME, dataclasses.asdict(choices), arrays)
    of_votes = fit_warnings(model)  # K and N answer nothing here
    return trained._replace(
        model=dataclasses.replace(model, extras=extras),
        warnings=[text for text in trained.warnings if text not in of_votes],
    )


@dataclass(frozen=True)
class Answerer:
    """A model of this preset, ready to be asked."""

    model: Model
    choices: Choices
    experts: Mapping[str, Experts]
    head: Head

    @property
    def describe(self) -> Callable[..., Pooled]:
        """Return what makes a vector of a video: `describe_video`, all but path and `extract`."""
        return functools.partial(
            describe_video, heads=[self.head], config=self.model.config, choices=self.choices
        )

    def shares(self, task: str, vectors_MV: Floats) -> Floats:
        """Return shares_MC of one task for the vectors of M videos."""
        return answer_rows(self.experts[task], vectors_MV, self.choices)

    @property
    def describe_intervals(self) -> Callable[..., timeline.Timeline]:
        """Return what makes a vector of each interval, all but path, `seconds` and `extract`."""
        return functools.partial(
            describe_intervals, head=self.head, config=self.model.config, choices=self.choices
        )

    @property
    def width(self) -> int:
        """Return the length of a video's vector."""
        return FIXED + len(self.head.classes)

    def outcomes(
        self, pooled_MV: Floats, usable_M: Bools, tasks: Sequence[TaskLabels], one: Round
    ) -> list[Outcome]:
        """Return the Outcome of each task on the test rows of a split."""
        test, told = one.split[1], []
        for task in tasks:
            shares = functools.partial(self._shares_among, task)
            told.append(asked_of(shares, pooled_MV[test], usable_M[test], task.labels_M[test]))
        return collect([one], [{f"preset {NAME}": told}], tasks)

    def _shares_among(self, task: TaskLabels, pooled_MV: Floats) -> Floats:
        """Return shares_MC of the classes of a task, of which the model may know a part."""
        known = self.model.tasks[task.name].classes
        shares_MC = np.zeros((len(pooled_MV), len(task.classes)))
        shares_MC[:, [task.classes.index(name) for name in known]] = self.shares(
            task.name, pooled_MV
        )
        return shares_MC


def describe_intervals(
    path: PathLike,
    *,
    seconds: float,
    head: Head,
    config: Config,
    choices: Choices,
    extract: Extract = extract,
) -> timeline.Timeline:
    """Return a vector for each interval of `seconds`.

    An interval's pictures are those that the tracks which end in it have seen: its own, and the 15
    before it (T9).
    """
    rows: Iterator[Floats] = iter(())
    if choices.changes > 0:
        rows = frame_changes(read_frames(path, config))
    earlier: deque[Floats] = deque(maxlen=TRACK_LENGTH)
    at = LAGS[-1]  # the frame of the next row

    def until(stop: int) -> Iterator[Floats]:
        nonlocal at
        for row_V in itertools.islice(rows, max(stop - at, 0)):
            earlier.append(row_V)
            yield row_V
        at = max(at, stop)

    def pool(blocks: Iterable[Block], frames: range) -> pooling.Pooled:
        pooled = pool_blocks(blocks, heads=[head])
        changes_V: Floats = np.zeros(N_CHANGES)
        if choices.changes > 0:
            for _ in until(frames.start):
                pass
            changes_V = _summarised(path, tuple(earlier), until(frames.stop))
        return pooled._replace(pooled_E=_vector(pooled.pooled_E, changes_V))

    return timeline.describe_intervals(
        path, seconds=seconds, pool=pool, config=config, extract=extract
    )


def answerer(model: Model, name: str = "model") -> Answerer:
    """Return what answers for a model of this preset. Raises ModelError where it is none."""
    try:
        if model.extras is None or model.extras.kind != NAME:
            raise ValueError(f"extras of kind {model.extras and model.extras.kind!r}")
        choices = from_json(Choices, model.extras.choices)
        of_head = [task.classes for name, task in model.tasks.items() if name == BACKGROUND]
        if of_head != [model.head_classes]:
            raise ValueError("the head has other classes than the background")
        arrays = dict(model.extras.arrays)
        vectors_MV = _member(arrays, "vectors_MV", (len(model.files), FIXED))
        if min(vectors_MV[:, N_COLUMNS:MOMENTS].min(), vectors_MV[:, -PER_FRAME:].min()) < 0:
            raise ValueError("vectors_MV holds a negative variance or deviation")
        if np.abs(vectors_MV).max() > LARGEST:
            raise ValueError("vectors_MV holds what no video has")
        said = tuple(range(len(model.head_classes)))
        experts = {}
        for key, task in model.tasks.items():
            own_mV = vectors_MV[task.rows_m]
            shape = len(own_mV), len(task.classes)
            weights_mC = _weights(arrays, f"{key}.weights_mC", shape, choices)
            tracks = restore_classifier(features(own_mV, choices), weights_mC, choices.likeness)
            experts[key] = Experts(tracks)
            if key == BACKGROUND:
                changes = None
                if choices.changes > 0:
                    weights_mC = _weights(arrays, f"{key}.changes_mC", shape, choices)
                    changes = restore_classifier(own_mV[:, MOMENTS:], weights_mC, choices.likeness)
                experts[key] = Experts(tracks, said, changes)
        if arrays:
            raise ValueError(f"{min(arrays)} does not belong there")
    except ValueError as fault:
        raise ModelError(f"{name}: damaged ({fault}); train again or restore a copy") from None
    return Answerer(model, choices, experts, Head(model.network, said))


def _weights(
    arrays: dict[str, Floats], key: str, shape: tuple[int, ...], choices: Choices
) -> Floats:
    weights_mC = _member(arrays, key, shape)
    if np.abs(weights_mC).max() > LARGEST * (1 + choices.cost):  # of a fit: cost (truth - share)
        raise ValueError(f"extras.{key} holds what no fit gives")
    return weights_mC


def _member(arrays: dict[str, Floats], key: str, shape: tuple[int, ...]) -> Floats:
    if key not in arrays or arrays[key].shape != shape:
        raise ValueError(f"extras.{key} is missing or has the wrong shape")
    return arrays.pop(key)


def evaluate_videos(
    videos: Counted,
    tasks: Sequence[TaskLabels],
    repeats: Sequence[Sequence[Split]],
    config: Config,
    choices: Choices,
    *,
    work: Work = ALONE,
) -> list[Outcome]:
    """Return the Outcome of each task; one round a repetition: nothing is drawn but the folds.

    All that is fitted sees the training rows of its fold alone, as in `study.evaluate`.
    """
    rounds = rounds_of(repeats)
    heads = fit_heads(videos, tasks, rounds, config, choices, work=work)
    vectors_MV = describe(videos, heads, config, choices, work=work)
    return ask_rounds(vectors_MV, heads, videos, tasks, rounds, choices)


def fit_heads(
    videos: Counted,
    tasks: Sequence[TaskLabels],
    rounds: Sequence[Round],
    config: Config,
    choices: Choices,
    *,
    work: Work = ALONE,
) -> list[Head]:
    """Return the head of each round; none where none is asked (X6).

    Raises LsfrefError where a training part has fewer than two classes of a task.
    """
    for one in rounds:
        check_round(one, videos, tasks)
    if choices.head == 0:
        return []
    labels_M = tasks[0].labels_M
    networks = fit_networks(videos, labels_M, rounds, config, work=work)
    heads = []
    for one, network in zip(rounds, networks, strict=True):
        train = one.split[0]
        drawn = draw_sample(videos.counts_M[train], labels_M[train], config)
        known = np.unique(labels_M[train[drawn.owner_p]])  # a class may lie outside the sample
        heads.append(Head(network, tuple(known.tolist())))
    return heads


def describe(
    videos: Counted,
    heads: Sequence[Head],
    config: Config,
    choices: Choices,
    *,
    work: Work = ALONE,
) -> Floats:
    """Return vectors_MV, `describe_video` of each; zeros for videos without trajectories."""
    usable = np.flatnonzero(videos.counts_M > 0)
    width = sum(len(head.classes) for head in heads)
    vectors_MV = np.zeros((len(videos.paths), FIXED + width))
    look = functools.partial(
        describe_video, heads=heads, config=config, choices=choices, extract=work.extract
    )
    described = work.each("describing", look, [videos.paths[int(m)] for m in usable])
    for m, pooled in zip(usable, described, strict=True):
        if pooled.pooled_E is None:
            raise LsfrefError(pooled.error)
        vectors_MV[m] = pooled.pooled_E
    return vectors_MV


def ask_rounds(
    vectors_MV: Floats,
    heads: Sequence[Head],
    videos: Counted,
    tasks: Sequence[TaskLabels],
    rounds: Sequence[Round],
    choices: Choices,
) -> list[Outcome]:
    """Return the Outcome of each task from what `describe` made of the videos and these heads."""
    answers, at = [], FIXED
    for number, one in enumerate(rounds):
        said = heads[number].classes if heads else ()
        columns = np.r_[:FIXED, at : at + len(said)]
        at += len(said)
        ask = functools.partial(
            _answer_fold, vectors_MV[:, columns], videos, one=one, choices=choices, said=said
        )
        answers.append({f"preset {NAME}": [ask(task) for task in tasks]})
    return collect(rounds, answers, tasks)


def _answer_fold(
    vectors_MV: Floats,
    videos: Counted,
    task: TaskLabels,
    *,
    one: Round,
    choices: Choices,
    said: Sequence[int],
) -> Asked:
    """Answer one task for the test rows of a fold."""
    train, test = one.split
    learned = train[(videos.counts_M[train] > 0) & (task.labels_M[train] != UNLABELLED)]
    fitted = fit_experts(
        vectors_MV[learned], task.labels_M[learned], task=task.name,
        n_classes=len(task.classes), choices=choices, said=said,
    )  # fmt: skip
    shares = functools.partial(answer_rows, fitted, choices=choices)
    return asked_of(shares, vectors_MV[test], videos.counts_M[test] > 0, task.labels_M[test])


def asked_of(
    shares: Callable[[Floats], Floats], pooled_mV: Floats, usable_m: Bools, labels_m: Ints
) -> Asked:
    """Return the decisions on m test videos and their shares, as one round."""
    decision_m = np.where(labels_m == UNLABELLED, NOT_ASKED, NO_ANSWER)
    confidence_m = np.zeros(len(labels_m))
    asked = np.flatnonzero(usable_m & (labels_m != UNLABELLED))
    if len(asked):
        shares_MC = shares(pooled_mV[asked])
        decision_m[asked], confidence_m[asked] = shares_MC.argmax(axis=1), shares_MC.max(axis=1)
    return Asked(decision_m[None], confidence_m[None])
