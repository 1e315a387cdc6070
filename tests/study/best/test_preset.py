"""Preset `best`: moments, mirror images, the classifier, its folds, its commands, its file."""

import dataclasses
import functools
import itertools
import json
import math
import re
from pathlib import Path

import numpy as np
import pytest
from fakes import CLASSES, FakeExtract, videos
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import logsumexp

from lsfref import lsfnet, model, pipeline, video
from lsfref.app.cli import main
from lsfref.app.commands import inspect
from lsfref.descriptors import cell_sums, describe
from lsfref.errors import LsfrefError, ModelError, NoTrajectoriesError, VideoError
from lsfref.kernels.scaling import Scaling
from lsfref.media import writer
from lsfref.model import Encoder, Extras, Network
from lsfref.phases import passes, testing
from lsfref.phases.extraction import Extraction, Work
from lsfref.phases.phase2 import encode_labels
from lsfref.phases.streaming import Block
from lsfref.storage.choices import parse_setting
from lsfref.study.best import changes
from lsfref.study.best import preset as best
from lsfref.study.best.preset import Choices, Head
from lsfref.study.classifiers import logistic
from lsfref.study.classifiers.logistic import Kernel
from lsfref.study.protocol import protocol, splits
from lsfref.study.protocol.evaluate import Counted
from lsfref.study.protocol.outcome import figures
from lsfref.study.protocol.protocol import NOT_ASKED, TaskLabels

CONFIG = dataclasses.replace(
    best.CONFIG, epochs=2, n_samples=200, hidden=(11,), n_code=7, batch_size=67
)
QUICK = ["--set", "epochs=3", "--set", "n_samples=700", "--set", "n_scales=2", "--jobs", "1"]


GLARING = set()  # names of files whose pictures are poisoned
N_PICTURES = 10  # of a file of FakeExtract, so that two have changes; it claims 23


@pytest.fixture(autouse=True, scope="module")
def fake_pictures():
    """Files of FakeExtract are names: their pictures are drawn from them, and blink as their
    background says."""
    real = best.read_frames

    def read(path, config):
        name = str(path)
        if "/" in name:
            yield from real(path, config)
            return
        step = 3 * CLASSES["background"].index(name.partition("-")[0])
        rng = np.random.default_rng(list(name.encode()))
        for frame in range(N_PICTURES):
            grey_HW = 90 + step * (frame % 2) + rng.normal(size=(37, 43))
            yield (grey_HW * (1e6 if name in GLARING else 1)).astype(config.dtype)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(best, "read_frames", read)
        yield


def blocks_of(rows_PD, frames_P, cuts=()):
    info_P10 = np.zeros((len(rows_PD), 10))
    info_P10[:, 0] = frames_P
    pieces = zip(np.split(info_P10, cuts), np.split(rows_PD, cuts), strict=True)
    return [Block(*piece) for piece in pieces]


def some_rows(n=13, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, 426)), np.sort(rng.integers(15, 19, n))


def head(classes=(0, 2), seed=3):
    rng = np.random.default_rng(seed)
    parameters = lsfnet.init_parameters(
        rng, n_in=426, hidden=(5,), n_code=3, n_classes=len(classes)
    )
    scaling = Scaling("center", rng.normal(size=426), np.ones(426))
    return Head(Network(Encoder(scaling, parameters), np.zeros(1), np.zeros(1)), classes)


# Moments


def test_moments_by_hand():
    """Column 0 is 1, 3 on frame 15 and 5 on frame 16; column 1 is 7 throughout."""
    rows_PD = np.zeros((3, 426))
    rows_PD[:, 0], rows_PD[:, 1] = (1, 3, 5), 7
    pooled = best.pool_blocks(blocks_of(rows_PD, [15, 15, 16]))
    assert pooled.n_points == 3
    moments_3D = pooled.pooled_E.reshape(3, 426)
    np.testing.assert_allclose(moments_3D[:, 0], [3, 8 / 3, 2], rtol=1e-14)  # 2, 2, 5 about 3
    assert moments_3D[:, 1].tolist() == [7, 0, 0]
    features_Q = best.features(pooled.pooled_E[None], Choices(mirror="no"))[0]
    np.testing.assert_allclose(
        features_Q[[0, 426, 852]], [3, math.sqrt(8 / 3), math.sqrt(2)], rtol=1e-14
    )


@given(st.sets(st.integers(1, 12), max_size=4), st.integers(0, 5))
def test_moments_are_numpys_however_blocks_are_cut(cuts, seed):
    rows_PD, frames_P = some_rows(seed=seed)
    pooled = best.pool_blocks(blocks_of(rows_PD, frames_P, sorted(cuts)), heads=[head()])
    whole = best.pool_blocks(blocks_of(rows_PD, frames_P), heads=[head()])
    np.testing.assert_array_equal(pooled.pooled_E, whole.pooled_E)
    frame_means = np.stack([rows_PD[frames_P == f].mean(axis=0) for f in frames_P])
    wanted = [rows_PD.mean(axis=0), rows_PD.var(axis=0), frame_means.var(axis=0)]
    np.testing.assert_allclose(
        pooled.pooled_E[: best.MOMENTS], np.concatenate(wanted), rtol=1e-10, atol=1e-13
    )


def test_the_heads_say_their_mean_log_posterior():
    rows_PD, frames_P = some_rows()
    heads = [head((0, 2), 3), head((0, 1, 2), 5)]
    pooled_V = best.pool_blocks(blocks_of(rows_PD, frames_P), heads=heads).pooled_E
    wanted = []
    for one in heads:
        codes = one.network.encoder(rows_PD)
        shares = lsfnet.head_posteriors(one.network.encoder.parameters, codes)
        wanted.append(np.log(np.maximum(shares, 1e-6)).mean(axis=0))
    np.testing.assert_allclose(pooled_V[best.MOMENTS :], np.concatenate(wanted), rtol=1e-12)


def test_nothing_and_what_is_not_finite_are_told():
    with pytest.raises(NoTrajectoriesError):
        best.pool_blocks([])
    with pytest.raises(NoTrajectoriesError):
        best.pool_blocks(blocks_of(np.zeros((0, 426)), []))
    rows_PD, frames_P = some_rows()
    rows_PD[11, 3] = np.nan
    with pytest.raises(LsfrefError, match="row 11 is not finite"):
        best.pool_blocks(blocks_of(rows_PD, frames_P))


# Mirror images


def mirrored_scene(seed=2):
    """Descriptors of one track, and of its mirror image, by the stages themselves."""
    rng = np.random.default_rng(seed)
    grey_FHW = rng.uniform(0, 255, (15, 41, 53))
    flow_FHW2 = rng.normal(size=(15, 41, 53, 2))
    moves_PL2 = rng.normal(size=(1, 15, 2))
    found = []
    for mirror in (False, True):
        x = 52 - 25 + 1 if mirror else 25  # a patch of even width: columns x - 16 to x + 15
        sums = []
        for grey, flow in zip(grey_FHW, flow_FHW2, strict=True):
            if mirror:
                grey, flow = grey[:, ::-1], flow[:, ::-1] * (-1, 1)
            sums.append(cell_sums(np.ascontiguousarray(grey), flow, np.array([[x, 19.0]])))
        found.append(describe(moves_PL2 * ((-1, 1) if mirror else (1, 1)), np.stack(sums))[0])
    return found


def test_the_mirrored_columns_are_those_of_a_mirrored_scene():
    plain_D, mirrored_D = mirrored_scene()
    columns_D, signs_D = best.mirrored_columns()
    np.testing.assert_allclose(plain_D[columns_D] * signs_D, mirrored_D, rtol=1e-9, atol=1e-12)
    assert np.abs(plain_D - mirrored_D).max() > 0.01


def test_features_are_those_of_the_video_with_its_mirror_image():
    rows_PD, _ = some_rows()
    frames_P = np.arange(13)  # each point its own frame
    columns_D, signs_D = best.mirrored_columns()
    both = np.concatenate([rows_PD, rows_PD[:, columns_D] * signs_D])
    moments_V = best.pool_blocks(blocks_of(rows_PD, frames_P)).pooled_E
    features_Q = best.features(moments_V[None], Choices())[0]
    np.testing.assert_allclose(features_Q[:426], both.mean(axis=0), rtol=1e-10, atol=1e-13)
    np.testing.assert_allclose(features_Q[426:852], both.std(axis=0), rtol=1e-10)
    other_V = best.pool_blocks(blocks_of(rows_PD[:, columns_D] * signs_D, frames_P)).pooled_E
    np.testing.assert_allclose(
        best.features(other_V[None], Choices())[0], features_Q, rtol=1e-10, atol=1e-13
    )


def test_moments_and_mirror_can_be_switched_off():
    moments_MV = np.random.default_rng(0).uniform(0.1, 1, (5, best.MOMENTS))
    for moments, n in (("mean", 426), ("deviation", 852), ("frames", 1278)):
        features_MQ = best.features(moments_MV, Choices(moments=moments, mirror="no"))
        assert features_MQ.shape == (5, n)
        np.testing.assert_array_equal(features_MQ[:, :426], moments_MV[:, :426])


# Who answers


def test_who_is_asked_about_what():
    """The background: tracks, then the head with its share of them, then the changes with theirs;
    the foreground: the tracks alone."""
    rng = np.random.default_rng(4)
    vectors_mV = rng.uniform(0.1, 1, (11, best.FIXED))
    labels_m = np.arange(11) % 3
    asked_MV = rng.uniform(0.1, 1, (5, best.FIXED + 2))
    choices = Choices(head=0.3, changes=0.25)
    rest = {"n_classes": 3, "choices": choices}
    experts = best.fit_experts(vectors_mV, labels_m, task="background", said=(0, 2), **rest)
    fit = functools.partial(
        logistic.fit_classifier, n_classes=3, kernel=Kernel("gaussian", 1.0), cost=20.0
    )
    tracks, changes = (
        fit(rows, labels_m)
        for rows in (best.features(vectors_mV, choices), vectors_mV[:, best.MOMENTS :])
    )
    tracks_MC = logistic.log_posteriors(tracks, best.features(asked_MV, choices))
    changes_MC = logistic.log_posteriors(changes, asked_MV[:, best.MOMENTS : best.FIXED])
    said_MC = np.full((5, 3), -np.inf)
    said_MC[:, [0, 2]] = asked_MV[:, best.FIXED :]
    with np.errstate(invalid="ignore"):
        wanted_MC = 0.75 * (0.7 * tracks_MC + 0.3 * said_MC) + 0.25 * changes_MC
    wanted_MC = np.exp(wanted_MC - logsumexp(wanted_MC, axis=1, keepdims=True))
    np.testing.assert_allclose(best.answer_rows(experts, asked_MV, choices), wanted_MC, rtol=1e-9)
    foreground = best.fit_experts(vectors_mV, labels_m, task="foreground", **rest)
    shares_MC = best.answer_rows(foreground, asked_MV[:, : best.FIXED], choices)
    np.testing.assert_allclose(shares_MC, np.exp(tracks_MC), rtol=1e-9)


# Folds


def labels_of(made):
    return [
        TaskLabels(task, names, encode_labels([getattr(v, task) for v in made], names))
        for task, names in CLASSES.items()
    ]


def run(made, extract, choices=Choices(), n_repeats=1):  # noqa: B008 it is frozen
    tasks = labels_of(made)
    groups = np.array([v.group or v.name for v in made])
    repeats = splits.repeated_folds(
        protocol.strata(tasks), groups, n_folds=3, n_repeats=n_repeats, seed=0
    )
    counts = [passes.survey(v.path, config=CONFIG, extract=extract).n_points for v in made]
    counted = Counted([v.path for v in made], np.array(counts))
    return best.evaluate_videos(counted, tasks, repeats, CONFIG, choices, work=Work(extract))


@pytest.fixture(scope="module")
def made():
    return videos(per_class=8, groups=5)


@pytest.fixture(scope="module")
def plain(made):
    return run(made, FakeExtract())


def test_labels_that_show_in_the_features_are_found(made):
    outcomes = run(made, FakeExtract(strength=2.0), n_repeats=2)
    for outcome in outcomes:
        assert outcome.method == "preset best"
        assert outcome.predicted_YM.shape == (2, 24)
        assert figures(outcome).accuracy_mean > 0.9
        assert outcome.confidence_YM.min() > 0
        assert outcome.confidence_YM.max() <= 1


def test_a_fold_is_what_train_and_classify_give(made):
    extract = FakeExtract()
    tasks = labels_of(made)
    groups = np.array([v.group for v in made])
    ((*_, last),) = splits.repeated_folds(
        protocol.strata(tasks), groups, n_folds=3, n_repeats=1, seed=0
    )
    train, test = last  # whose head speaks behind those of the other folds
    outcomes = run(made, extract)
    fitted = best.train(
        [made[i] for i in train], CONFIG, Choices(), classes=CLASSES, work=Work(extract)
    ).model
    asked = best.answerer(fitted)
    for i in test:
        said = testing.classify(asked, made[i].path, extract=extract)
        for task, outcome in zip(tasks, outcomes, strict=True):
            assert said.labels[task.name] == task.classes[outcome.predicted_YM[0, i]]
            share = said.confidence[task.name][said.labels[task.name]]
            assert share == pytest.approx(outcome.confidence_YM[0, i], abs=1e-9)


def test_random_labels_stay_at_chance():
    shares = []
    for seed in range(6):
        made = videos(per_class=8, rng=np.random.default_rng(seed))
        found = run(made, FakeExtract(strength=2.0))
        shares.append([figures(one).accuracy_mean for one in found])
    background, foreground = np.mean(shares, axis=0)
    assert background < 1 / 3 + 0.15  # 144 answers: three standard errors are 0.12
    assert foreground < 1 / 2 + 0.15


def test_poisoned_test_videos_change_nothing_for_the_others(made, plain, monkeypatch):
    tasks = labels_of(made)
    groups = np.array([v.group for v in made])
    ((*_, last),) = splits.repeated_folds(
        protocol.strata(tasks), groups, n_folds=3, n_repeats=1, seed=0
    )
    poisoned = last[1][:2]  # of the last fold, as above
    names = frozenset(made[i].path for i in poisoned)
    monkeypatch.setattr(f"{__name__}.GLARING", names)
    bad = run(made, FakeExtract(poisoned=names))
    rest = np.setdiff1d(last[1], poisoned)
    for one, other in zip(plain, bad, strict=True):
        np.testing.assert_array_equal(one.predicted_YM[:, rest], other.predicted_YM[:, rest])
        np.testing.assert_array_equal(one.confidence_YM[:, rest], other.confidence_YM[:, rest])


def test_no_trajectories_is_no_answer_and_no_label_is_not_asked(made):
    silent = made[3].path
    made = [v._replace(foreground=None) if i == 5 else v for i, v in enumerate(made)]
    background, foreground = run(made, FakeExtract(strength=2.0, sizes={silent: 0}))
    assert background.predicted_YM[0, 3] == -1
    assert background.confidence_YM[0, 3] == 0
    assert len(foreground.true_M) == 23
    assert NOT_ASKED not in foreground.predicted_YM


def test_videos_without_trajectories_are_not_learned_from(made):
    extract = FakeExtract(sizes={made[3].path: 0})
    counts = np.array(
        [passes.survey(v.path, config=CONFIG, extract=extract).n_points for v in made]
    )
    counted, tasks = Counted([v.path for v in made], counts), labels_of(made)
    test = np.arange(0, 24, 5)
    train = np.setdiff1d(np.arange(24), test)
    found = [
        best.evaluate_videos(
            counted, tasks, [[(rows, test)]], CONFIG, Choices(), work=Work(extract)
        )
        for rows in (train, train[train != 3])
    ]
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one.confidence_YM, other.confidence_YM, rtol=1e-9)


def test_a_class_outside_the_sample_is_unknown_to_the_head_alone(made, monkeypatch):
    """Four rows in all are drawn: some fold's sample lacks a class, and so does its head."""
    few = dataclasses.replace(CONFIG, n_samples=4, balance="none")
    monkeypatch.setattr(f"{__name__}.CONFIG", few)
    heads = []
    pool = best.pool_blocks
    monkeypatch.setattr(
        best, "pool_blocks", lambda blocks, heads: seen(heads) or pool(blocks, heads=heads)
    )
    seen = heads.append
    outcomes = run(made, FakeExtract(strength=2.0))
    widths = [len(one.classes) for one in heads[0]]
    assert min(widths) < 3
    for one in heads[0]:
        assert one.network.encoder.parameters["head_bias"].shape == (len(one.classes),)
    assert figures(outcomes[0]).accuracy_mean > 0.6


@pytest.mark.parametrize(
    "choices",
    [
        {"moments": "mean"}, {"moments": "deviation"}, {"mirror": "no"}, {"kernel": "linear"},
        {"gamma": 0.1}, {"cost": 0.01}, {"head": 0.0}, {"head": 1.0}, {"changes": 0.0},
        {"changes": 1.0},
    ],
)  # fmt: skip
def test_each_choice_has_an_effect(made, plain, choices):
    other = run(made, FakeExtract(), Choices(**choices))
    same = np.array_equal(plain[0].confidence_YM, other[0].confidence_YM)
    assert not same
    if "head" in choices or "changes" in choices:  # they speak of the background alone
        np.testing.assert_array_equal(plain[1].confidence_YM, other[1].confidence_YM)


# The model file


@pytest.fixture(scope="module")
def fitted(made):
    return best.train(made, CONFIG, Choices(), classes=CLASSES, work=Work(FakeExtract())).model


def test_the_rest_of_the_model_is_the_papers(made, fitted, tmp_path):
    plain = pipeline.train(made, CONFIG, classes=CLASSES, work=Work(FakeExtract())).model
    model.save(plain, tmp_path / "plain")
    model.save(dataclasses.replace(fitted, extras=None), tmp_path / "stripped")
    assert (tmp_path / "plain").read_bytes() == (tmp_path / "stripped").read_bytes()
    assert b"extras" not in (tmp_path / "plain").read_bytes()


def test_save_load_save_gives_the_same_bytes_and_answers(fitted, tmp_path):
    model.save(fitted, tmp_path / "a")
    loaded = model.load(tmp_path / "a")
    model.save(loaded, tmp_path / "b")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    for name in ("rain-human-1-x.mp4", "normal-none-4-x.mp4"):
        answers = [
            testing.classify(best.answerer(m), name, extract=FakeExtract())
            for m in (fitted, loaded)
        ]
        assert answers[0] == answers[1]
        assert answers[0].points == 23
        assert sum(answers[0].confidence["background"].values()) == pytest.approx(1)


def test_a_video_without_trajectories_has_no_answer(fitted):
    extract = FakeExtract(sizes={"rain-none-1": 0})
    answer = testing.classify(best.answerer(fitted), "rain-none-1", extract=extract)
    assert answer.labels == {"background": None, "foreground": None}
    assert "no trajectories" in answer.error


def test_an_interval_has_the_changes_of_its_own_pictures(fitted, monkeypatch):
    """Intervals of 7 frames of 23, tracks ending in the third and the fourth: the changes of frames
    14 to 20 and of 21 and 22, each with the 15 before that have any: from frame 8 on."""
    monkeypatch.setattr(f"{__name__}.N_PICTURES", 23)
    rows_PD, _ = some_rows(5)
    found = Extraction(iter(blocks_of(rows_PD, [15, 15, 19, 21, 22])), 23)
    monkeypatch.setattr("lsfref.media.decoding.frame_rate", lambda path: 1.0)
    name = "rain-human-1-x.mp4"
    timed = best.answerer(fitted).describe_intervals(
        name, seconds=7, extract=lambda path, config: found
    )
    asked = [part.pooled for part in timed.intervals]
    assert [one.n_points for one in asked] == [0, 0, 3, 2]
    assert [one.pooled_E is None for one in asked] == [True, True, False, False]
    every = list(changes.frame_changes(best.read_frames(name, fitted.config)))  # from frame 8 on
    for one, own in zip(asked[2:], (every[:13], every), strict=True):
        np.testing.assert_allclose(
            one.pooled_E[best.MOMENTS : best.FIXED], changes.summary(own), rtol=1e-12
        )
    said = testing.answer(best.answerer(fitted), asked[3])
    assert sum(said.confidence["background"].values()) == pytest.approx(1)


def test_the_pictures_are_those_that_the_trajectories_are_of(tmp_path):
    frames = np.random.default_rng(0).integers(0, 255, (5, 40, 60, 3), dtype=np.uint8)
    path = tmp_path / "clip.mkv"
    writer.write_video(path, frames)
    config = dataclasses.replace(CONFIG, max_side=30, max_frames=3)
    found = list(best.read_frames(path, config))
    assert [(f.shape, f.dtype) for f in found] == [((20, 30), np.dtype(config.dtype))] * 3
    grey_HW = video.grey_luma(frames[2])
    means = grey_HW.reshape(20, 2, 30, 2).mean(axis=(1, 3))
    np.testing.assert_allclose(found[2], means, atol=1e-4)


def test_where_changes_have_no_share_no_picture_is_looked_at(made, monkeypatch):
    monkeypatch.setattr(best, "read_frames", None)
    rest = {"config": CONFIG, "extract": FakeExtract()}
    found = best.describe_video(made[0].path, choices=Choices(changes=0.0), **rest)
    assert not found.pooled_E[best.MOMENTS :].any()
    assert found.n_points == 23
    without = best.train(
        made, CONFIG, Choices(changes=0.0), classes=CLASSES, work=Work(FakeExtract())
    )
    name = "rain-human-1-x.mp4"
    monkeypatch.setattr("lsfref.media.decoding.frame_rate", lambda path: 1.0)
    timed = best.answerer(without.model).describe_intervals(name, seconds=60, extract=FakeExtract())
    assert timed.error is None
    assert timed.intervals[0].pooled.n_points == 23
    told = inspect.lines({"file": "m"} | inspect.facts(without.model), blocks=False)
    assert not any("changes," in line for line in told)


def test_limits_reach_the_reader_and_damage_is_told_once(monkeypatch):
    asked = {}
    monkeypatch.setattr("lsfref.video.read_frames", lambda path, **rest: asked.update(rest) or [])
    limits = {"max_frames": 77, "max_pixels": 50_000_000}
    assert list(best.read_frames("a/b.mp4", dataclasses.replace(CONFIG, **limits))) == []
    assert asked.pop("warn")("damaged") is None
    assert asked == limits


def test_pictures_that_end_before_the_tracks_are_told(made, fitted, monkeypatch):
    real = best.read_frames
    monkeypatch.setattr(best, "read_frames", lambda *a: itertools.islice(real(*a), 9))
    monkeypatch.setattr("lsfref.media.decoding.frame_rate", lambda path: 1.0)
    rows_PD, _ = some_rows(2)
    found = Extraction(iter(blocks_of(rows_PD, [15, 22])), 23)
    name = "rain-human-1-x.mp4"
    timed = best.answerer(fitted).describe_intervals(
        name, seconds=7, extract=lambda path, config: found
    )
    assert "has changed while it was worked on" in timed.error
    monkeypatch.setattr(best, "read_frames", lambda *a: itertools.islice(real(*a), 8))
    found = best.describe_video(name, config=CONFIG, choices=Choices(), extract=FakeExtract())
    assert found.pooled_E is None
    assert "has changed while it was worked on" in found.error


def test_pictures_that_are_gone_are_told(made, monkeypatch):
    def gone(path, config):
        raise VideoError(f"{path}: no such file")
        yield

    monkeypatch.setattr(best, "read_frames", gone)
    rest = {"config": CONFIG, "extract": FakeExtract()}
    found = best.describe_video(made[0].path, choices=Choices(), **rest)
    assert found.pooled_E is None
    assert "no such file" in found.error
    with pytest.raises(LsfrefError, match="no such file"):
        best.train(made, CONFIG, Choices(), classes=CLASSES, work=Work(FakeExtract()))


def changed(fitted, **arrays):
    extras = fitted.extras
    return dataclasses.replace(fitted, extras=extras._replace(arrays=extras.arrays | arrays))


FAULTS = {
    "no extras": (lambda m: dataclasses.replace(m, extras=None), "kind"),
    "other kind": (lambda m: dataclasses.replace(m, extras=Extras("magic", {}, {})), "magic"),
    "choice": (
        lambda m: dataclasses.replace(
            m, extras=m.extras._replace(choices=m.extras.choices | {"kernel": "magic"})
        ),
        "kernel",
    ),
    "unknown choice": (
        lambda m: dataclasses.replace(m, extras=m.extras._replace(choices={"a": 1})), "fields",
    ),
    "vectors": (lambda m: changed(m, vectors_MV=np.zeros((3, 4))), "vectors_MV"),
    "variance": (lambda m: changed(m, vectors_MV=-m.extras.arrays["vectors_MV"] ** 2), "negative"),
    "weights": (lambda m: changed(m, **{"background.weights_mC": np.zeros((2, 3))}), "weights"),
    "deviation": (
        lambda m: changed(
            m, vectors_MV=m.extras.arrays["vectors_MV"] - 9 * (np.arange(best.FIXED) > 1318)
        ),
        "negative",
    ),
    "huge": (lambda m: changed(m, vectors_MV=m.extras.arrays["vectors_MV"] * 1e200), "no video"),
    "huge weights": (
        lambda m: changed(m, **{"foreground.weights_mC": np.full((24, 2), 1e308)}), "no fit",
    ),
    "head": (
        lambda m: dataclasses.replace(m, head_classes=m.head_classes[::-1]), "the head has other",
    ),
    "changes": (lambda m: changed(m, **{"background.changes_mC": np.zeros((2, 3))}), "changes"),
    "more": (lambda m: changed(m, more=np.zeros(3)), "more"),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_what_does_not_fit_is_refused(fitted, tmp_path, fault):
    change, why = FAULTS[fault]
    model.save(change(fitted), tmp_path / "m.npz")
    with pytest.raises(ModelError, match=why):
        best.answerer(model.load(tmp_path / "m.npz"))


def test_values_that_are_not_finite_are_refused(fitted, tmp_path):
    weights = np.full_like(fitted.extras.arrays["foreground.weights_mC"], np.nan)
    model.save(changed(fitted, **{"foreground.weights_mC": weights}), tmp_path / "m.npz")
    with pytest.raises(ModelError, match="not finite"):
        model.load(tmp_path / "m.npz")


# The commands


@pytest.fixture(scope="module")
def trained(labelled_clips, tmp_path_factory):
    folder = tmp_path_factory.mktemp("best")
    words = ["--labels", str(labelled_clips), "--cache", str(folder / "cache"), *QUICK]
    name = str(folder / "m.npz")
    assert main(["train", "--preset", "best", "--set", "gamma=0.5", *words, "--model", name]) == 0
    return name, ["--cache", str(folder / "cache"), "--jobs", "1"], words


def test_classify_and_its_timeline(trained, labelled_clips, capsys):
    name, common, _ = trained
    capsys.readouterr()
    assert main(["classify", "--model", name, *common, "--json", str(labelled_clips.parent)]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert len(rows) == 9
    for row in rows:
        shares = row["background"]["confidence"]
        assert sum(shares.values()) == pytest.approx(1)
        assert row["background"]["label"] == max(shares, key=shares.get)
    timed = ["--timeline", "60", "--json", rows[0]["file"]]
    assert main(["classify", "--model", name, *common, *timed]) == 0
    part = json.loads(capsys.readouterr().out)
    for task in ("background", "foreground"):
        whole = rows[0][task]["confidence"] if rows[0][task] else None
        assert whole is None or part[task]["confidence"] == pytest.approx(whole)


def test_inspect_names_preset_and_choices(trained, capsys):
    name = trained[0]
    capsys.readouterr()
    assert main(["inspect", name, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["preset"] == "best"
    assert told["config"]["gamma"] == 0.5
    assert main(["inspect", name]) == 0
    out = capsys.readouterr().out
    assert "* gamma = 0.5" in out
    assert "  kernel = gaussian " in out
    assert "a classifier on the moments, and one on the changes, of 9 videos answers" in out
    assert "a classifier on the moments of 9 videos answers" in out


def test_evaluate(trained, capsys):
    words = trained[2]
    capsys.readouterr()
    assert main(["evaluate", "--preset", "best", "--folds", "3", *words, "--json"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert rows[0]["method"] == "preset best"
    assert rows[0]["rounds"] == 1
    assert rows[0]["videos"] == 9


def test_train_reports_on_the_videos_set_aside(trained, labelled_clips, tmp_path, capsys):
    header, *lines = labelled_clips.read_text().splitlines()
    folder = labelled_clips.parent
    lines = [f"{folder / line},{'test' if line[1] == '2' else 'train'}" for line in lines]
    labels, name = tmp_path / "split.csv", str(tmp_path / "m.npz")
    labels.write_text("\n".join([header + ",split", *lines]) + "\n")
    words = ["--labels", str(labels), *trained[2][2:], "--model", name, "--set", "k_rule=fixed"]
    capsys.readouterr()
    assert main(["train", "--preset", "best", *words, "--json"]) == 0
    captured = capsys.readouterr()
    rows = {row["task"]: row for row in map(json.loads, captured.out.splitlines())}
    assert [(row["method"], row["videos"]) for row in rows.values()] == [("preset best", 3)] * 2
    assert "K = 75" not in captured.err
    asked = [line.split(",")[:3] for line in lines if line.endswith("test")]
    assert main(["classify", "--model", name, *trained[1], "--json", *(a[0] for a in asked)]) == 0
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    right = [t["background"]["label"] == a[1] for t, a in zip(told, asked, strict=True)]
    assert rows["background"]["accuracy_mean"] == pytest.approx(np.mean(right))


@pytest.mark.parametrize(
    ("words", "status", "told"),
    [
        (["train", "--preset", "better"], 2, "invalid choice"),
        (["train", "--preset", "best", "--set", "kernel=cubic"], 2, "gaussian or linear"),
        (["train", "--preset", "best", "--set", "head=1.5"], 2, "head"),
        (["train", "--preset", "best", "--set", "changes=-0.1"], 2, "changes"),
        (["train", "--preset", "small", "--set", "kernel=linear"], 2, "want NAME=VALUE"),
        (["compare", "--preset", "best", "--labels", "x"], 2, "invalid choice"),
        (["evaluate", "--preset", "best", "--features", "f", "--labels", "x"], 2, "reads videos"),
    ],
)
def test_what_is_refused(words, status, told, capsys):
    try:
        found = main(words)
    except SystemExit as stop:
        found = stop.code
    assert found == status
    assert told in capsys.readouterr().err


def test_a_model_of_it_does_not_grow(trained, labelled_clips, tmp_path, capsys):
    words = ["--labels", str(labelled_clips), "-o", str(tmp_path / "n.npz"), "--cache", "none"]
    assert main(["add", "--model", trained[0], *words]) == 2
    assert "train again" in capsys.readouterr().err


def test_settings_of_both_kinds_are_parsed():
    assert parse_setting("kernel=linear", Choices) == ("kernel", "linear")
    assert parse_setting("epochs=3", Choices) == ("epochs", 3)
    with pytest.raises(ValueError, match="kernel"):
        parse_setting("kernels=linear", Choices)


def test_the_table_of_choices_has_the_defaults():
    table = (Path(best.__file__).parents[2] / "CHOICES.md").read_text()
    rows = {line.split(" | ")[0]: line for line in table.splitlines()}
    for field in dataclasses.fields(Choices):
        default = field.default if isinstance(field.default, str) else f"{field.default:g}"
        (row,) = (rows[f"| {one}"] for one in field.metadata["ids"])
        assert re.search(rf"\| `{field.name}` {re.escape(default)}\b(?!\.)", row), field.name
