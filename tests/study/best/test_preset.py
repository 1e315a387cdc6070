"""Preset `best`: its model, its file, its commands."""

import dataclasses
import itertools
import json
import re
from pathlib import Path

import numpy as np
import pytest
from fakes import CLASSES, FakeExtract, ask, videos
from fakes_best import blocks_of, labels_of, run, some_rows

import lsfref
from lsfref import model, pipeline
from lsfref.app.cli import main
from lsfref.errors import LsfrefError, ModelError, VideoError
from lsfref.model import Extras, LabeledVideo
from lsfref.phases.extraction import Extraction, Work
from lsfref.phases.passes import Pooled
from lsfref.storage.choices import parse_setting
from lsfref.study.best import people, pictures, vectors
from lsfref.study.best import preset as best
from lsfref.study.best.choices import CONFIG as BEST
from lsfref.study.best.choices import Choices
from lsfref.study.protocol import answering, protocol, splits

CONFIG = dataclasses.replace(BEST, epochs=2, n_samples=200, hidden=(11,), n_code=7, batch_size=67)
QUICK = ["--set", "epochs=3", "--set", "n_samples=700", "--set", "n_scales=2", "--jobs", "1"]
STILL = frozenset({"rain-none-2-g2.mp4", "normal-human-1-g1.mp4"})  # without trajectories


@pytest.fixture(autouse=True, scope="module")
def quick_search():
    """People are looked for on one frame, of a size that holds a window."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(people, "SIDE", 200)
        patch.setattr(pictures, "N_LOOKS", 1)
        yield


@pytest.fixture(autouse=True, scope="module")
def small_pictures():
    """People are looked for in smaller pictures: tiny clips are not enlarged twelve times."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("lsfref.study.best.people.SIDE", 256)
        yield


@pytest.fixture(scope="module")
def made():
    return videos(per_class=8, groups=5)


@pytest.fixture(scope="module")
def extract():
    return FakeExtract(sizes=dict.fromkeys(STILL, 0))


def test_a_fold_is_what_train_and_classify_give(made, extract):
    tasks = labels_of(made)
    groups = np.array([v.group for v in made])
    ((*_, last),) = splits.repeated_folds(
        protocol.strata(tasks), groups, n_folds=3, n_repeats=1, seed=0
    )
    train, test = last
    outcomes = run(made, extract)
    fitted = best.train(
        [made[i] for i in train], CONFIG, Choices(), classes=CLASSES, work=Work(extract)
    ).model
    asked = best.answerer(fitted)
    for i in test:
        said = ask(asked, made[i].path, extract=extract)
        for task, outcome in zip(tasks, outcomes, strict=True):
            assert said.labels[task.name] == task.classes[outcome.predicted_YM[0, i]]
            share = said.confidence[task.name][said.labels[task.name]]
            assert share == pytest.approx(outcome.confidence_YM[0, i], abs=1e-9)


# The model file


@pytest.fixture(scope="module")
def trained_model(made, extract):
    return best.train(made, CONFIG, Choices(), classes=CLASSES, work=Work(extract))


@pytest.fixture(scope="module")
def fitted(trained_model):
    return trained_model.model


def test_the_rest_of_the_model_is_the_papers(made, extract, fitted, tmp_path):
    plain = pipeline.train(made, CONFIG, classes=CLASSES, work=Work(extract)).model
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
        answers = [ask(best.answerer(m), name, extract=FakeExtract()) for m in (fitted, loaded)]
        assert answers[0] == answers[1]
        assert answers[0].points == 23
        assert sum(answers[0].confidence["background"].values()) == pytest.approx(1)


def test_the_public_classify_answers_as_the_model_is_meant_to(fitted):
    """A model of this preset does not silently answer as the paper's system."""
    name = "rain-human-1-x.mp4"
    said = lsfref.classify(name, fitted, extract=FakeExtract())
    assert said == ask(best.answerer(fitted), name, extract=FakeExtract())
    plain = dataclasses.replace(fitted, extras=None)
    of_paper = lsfref.classify(name, plain, extract=FakeExtract())
    assert of_paper == pipeline.classify(name, plain, extract=FakeExtract())
    assert of_paper.confidence != said.confidence


def test_videos_without_trajectories_are_learned_from_and_not_called_skipped(trained_model):
    """The paper's part of the model leaves two out; what answers learns from them."""
    assert trained_model.skipped == []
    fitted = trained_model.model
    assert len(fitted.files) == 22
    assert not STILL & set(fitted.files)
    others = fitted.extras.arrays["others"]
    assert not others[:, : vectors.MOMENTS].any()
    assert others[:, vectors.WIDTH :].tolist() == [[0, 1], [1, 0]]  # in the order of their names
    assert fitted.extras.arrays["background.tracks_mC"].shape == (22, 3)
    assert fitted.extras.arrays["background.statistics_mC"].shape == (24, 3)


def test_what_is_added_is_as_if_it_had_been_learned_at_once(made, extract, tmp_path):
    """The experts, that is: of the same vectors, labels and classes; the network is the old one."""
    fog = [
        LabeledVideo(f"fog-{f}-{i}-x.mp4", f"fog-{f}-{i}-x.mp4", "fog", f, "x")
        for i, f in enumerate(["none", "human"])
    ]
    classes = CLASSES | {"background": ("fog", *CLASSES["background"])}
    extract = dataclasses.replace(extract, sizes={**extract.sizes, fog[1].name: 0})
    half = [v for v in made if v.name not in STILL][:18] + [v for v in made if v.name in STILL][:1]
    rest = [v for v in made if v not in half] + fog[::-1]

    def order(task, names):
        return tuple(name for name in classes[task] if name in set(names))

    start = best.train(half, CONFIG, Choices(), classes=CLASSES, work=Work(extract)).model
    kept = model.save(start, tmp_path / "start")
    grown = best.add(start, rest, order=order, work=Work(extract))
    model.save(start, tmp_path / "again")
    assert (tmp_path / "start").read_bytes() == (tmp_path / "again").read_bytes(), kept
    assert grown.skipped == []
    whole = best.train([*made, *fog], CONFIG, Choices(), classes=classes, work=Work(extract)).model
    arrays = grown.model.extras.arrays
    assert arrays.keys() == whole.extras.arrays.keys()
    for name in ("vectors_MV", "background.tracks_mC"):
        np.testing.assert_array_equal(arrays[name], whole.extras.arrays[name])
    assert sorted(map(tuple, arrays["others"])) == sorted(map(tuple, whole.extras.arrays["others"]))
    best.answerer(grown.model)  # is believed
    model.save(grown.model, tmp_path / "grown")
    assert model.load(tmp_path / "grown").files == grown.model.files


def test_what_cannot_be_read_again_ends_the_adding_in_a_sentence(fitted, monkeypatch):
    """Its codes are averaged first; then it is described, and has gone."""
    name = "rain-human-9-x.mp4"
    fault = Pooled(None, 0, 0, (), f"{name}: cannot be opened")
    monkeypatch.setattr(best, "describe_video", lambda path, **_: fault)
    new = [LabeledVideo(name, name, "rain", "human", "x")]
    with pytest.raises(LsfrefError, match=r"9-x\.mp4: cannot be opened"):
        best.add(fitted, new, order=lambda task, _: CLASSES[task], work=Work(FakeExtract()))


def test_without_the_choice_they_are_skipped(made, extract):
    choices = Choices(trackless="no")
    trained = best.train(made, CONFIG, choices, classes=CLASSES, work=Work(extract))
    assert len(trained.skipped) == 2
    assert "others" not in trained.model.extras.arrays
    (name, *_) = sorted(STILL)
    answer = ask(best.answerer(trained.model), name, extract=extract)
    assert answer.labels == {"background": None, "foreground": None}
    assert "no trajectories" in answer.error


def test_a_video_without_trajectories_is_answered(fitted, extract):
    (name, *_) = sorted(STILL)
    answer = ask(best.answerer(fitted), name, extract=extract)
    assert answer.error is None
    assert answer.points == 0
    assert answer.labels["background"] == "normal"
    assert sum(answer.confidence["background"].values()) == pytest.approx(1)


@pytest.mark.unwatched  # pictures of fake files are rows
def test_an_interval_is_what_is_seen_of_its_own_pictures(fitted, monkeypatch):
    """Intervals of 7 frames of 23, tracks ending in the third and the fourth: frames 14 to 20 and
    21 and 22, each with the 15 before."""
    rows_PD, _ = some_rows(5)
    found = Extraction(iter(blocks_of(rows_PD, [15, 15, 19, 21, 22])), 23)
    monkeypatch.setattr("lsfref.media.decoding.frame_rate", lambda path: 1.0)
    monkeypatch.setattr("lsfref.phases.timeline._repeat_period", lambda path, config: 1)
    name = "rain-human-1-x.mp4"
    timed = best.answerer(fitted).describe_intervals(
        name, seconds=7, extract=lambda path, config, **more: found
    )
    asked = [part.pooled for part in timed.intervals]
    assert [one.n_points for one in asked] == [0, 0, 3, 2]
    assert [one.pooled_E is None for one in asked] == [True, True, False, False]
    every = list(best.read_frames(name, fitted.config))
    for one, own in zip(asked[2:], (every[:21], every[6:]), strict=True):
        np.testing.assert_array_equal(one.pooled_E[vectors.MOMENTS :], best.look(own).summary())
    said = answering.answer_as(best.answerer(fitted), asked[3])
    assert sum(said.confidence["background"].values()) == pytest.approx(1)


@pytest.mark.unwatched  # pictures of fake files are rows
@pytest.mark.parametrize("trackless", ["yes", "no"])
def test_an_interval_without_tracks_is_answered_by_its_pictures(fitted, monkeypatch, trackless):
    """Intervals of 5 frames of 23, tracks in the fifth alone: the fourth is still; in the first
    three no track could have ended."""
    rows_PD, _ = some_rows(2)
    found = Extraction(iter(blocks_of(rows_PD, [21, 22])), 23)
    monkeypatch.setattr("lsfref.media.decoding.frame_rate", lambda path: 1.0)
    monkeypatch.setattr("lsfref.phases.timeline._repeat_period", lambda path, config: 1)
    name, choices = "rain-human-1-x.mp4", Choices(trackless=trackless)
    timed = best.describe_intervals(
        name, seconds=5, config=CONFIG, choices=choices, extract=lambda path, config, **more: found
    )
    *early, still, moving = [part.pooled for part in timed.intervals]
    assert [one.error for one in early] == ["no trajectories end in this interval"] * 3
    every = list(best.read_frames(name, CONFIG))
    assert (still.n_points, moving.n_points) == (0, 2)
    np.testing.assert_array_equal(
        moving.pooled_E[vectors.MOMENTS :], best.look(every[5:]).summary()
    )
    if trackless == "no":
        assert still.error == "no trajectories end in this interval"
        return
    assert still.error is None
    assert not still.pooled_E[: vectors.MOMENTS].any()
    np.testing.assert_array_equal(
        still.pooled_E[vectors.MOMENTS :], best.look(every[:20]).summary()
    )


@pytest.mark.unwatched  # pictures of fake files are rows
def test_pictures_that_end_before_the_tracks_are_told(fitted, monkeypatch):
    real = best.read_frames
    monkeypatch.setattr(best, "read_frames", lambda *a: itertools.islice(real(*a), 9))
    monkeypatch.setattr("lsfref.media.decoding.frame_rate", lambda path: 1.0)
    monkeypatch.setattr("lsfref.phases.timeline._repeat_period", lambda path, config: 1)
    rows_PD, _ = some_rows(2)
    found = Extraction(iter(blocks_of(rows_PD, [15, 22])), 23)
    timed = best.answerer(fitted).describe_intervals(
        "rain-human-1-x.mp4", seconds=7, extract=lambda path, config, **more: found
    )
    assert "has changed while it was worked on" in timed.error


def test_pictures_that_are_gone_stop_the_training(made, monkeypatch):
    def gone(path, config):
        raise VideoError(f"{path}: no such file")
        yield

    monkeypatch.setattr(vectors, "read_frames", gone)
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
    "weights": (lambda m: changed(m, **{"background.tracks_mC": np.zeros((2, 3))}), "tracks_mC"),
    "huge": (lambda m: changed(m, vectors_MV=m.extras.arrays["vectors_MV"] * 1e200), "no video"),
    "huge weights": (
        lambda m: changed(m, **{"foreground.people_mC": np.full((24, 2), 1e308)}), "no fit",
    ),
    "other weights": (
        lambda m: changed(
            m, **{"background.changes_mC": m.extras.arrays["background.changes_mC"][::-1]}
        ),
        "no fit",
    ),
    "other moments": (
        lambda m: changed(m, vectors_MV=m.extras.arrays["vectors_MV"][::-1].copy()), "no fit",
    ),
    "moments of the trackless": (
        lambda m: changed(m, others=m.extras.arrays["others"] + 1), "moments",
    ),
    "labels of the trackless": (
        lambda m: changed(
            m,
            others=m.extras.arrays["others"] + np.r_[np.zeros(vectors.WIDTH), 0.5, 0.5],
        ),
        "label",
    ),
    "more": (lambda m: changed(m, more=np.zeros(3)), "more"),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_what_does_not_fit_is_refused(fitted, tmp_path, fault):
    change, why = FAULTS[fault]
    model.save(change(fitted), tmp_path / "m.npz")
    with pytest.raises(ModelError, match=why):
        best.answerer(model.load(tmp_path / "m.npz"))


def test_values_that_are_not_finite_are_refused(fitted, tmp_path):
    weights = np.full_like(fitted.extras.arrays["foreground.people_mC"], np.nan)
    model.save(changed(fitted, **{"foreground.people_mC": weights}), tmp_path / "m.npz")
    with pytest.raises(ModelError, match="no fit gives"):
        model.load(tmp_path / "m.npz")


# The commands


@pytest.fixture(scope="module")
def trained(labeled_clips, tmp_path_factory):
    folder = tmp_path_factory.mktemp("best")
    words = ["--labels", str(labeled_clips), "--cache", str(folder / "cache"), *QUICK]
    name = str(folder / "m.npz")
    assert main(["train", "--preset", "best", "--set", "gamma=0.5", *words, "--model", name]) == 0
    return name, ["--cache", str(folder / "cache"), "--jobs", "1"], words


def test_classify_and_its_timeline(trained, labeled_clips, capsys):
    name, common, _ = trained
    capsys.readouterr()
    assert main(["classify", "--model", name, *common, "--json", str(labeled_clips.parent)]) == 0
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
    assert "classifiers of tracks, changes, statistics of 9 videos answer" in out
    assert "classifiers of tracks, people of 9 videos answer" in out


def test_evaluate(trained, capsys):
    words = trained[2]
    capsys.readouterr()
    assert main(["evaluate", "--preset", "best", "--folds", "3", *words, "--json"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert rows[0]["method"] == "preset best"
    assert rows[0]["rounds"] == 1
    assert rows[0]["videos"] == 9


def test_evaluate_on_tables(tmp_path, capsys):
    rng = np.random.default_rng(0)
    labels = ["a", "b", "c"] * 10
    table = rng.normal(size=(30, 7)) + 4 * np.eye(7)[np.arange(30) % 3]
    np.savetxt(tmp_path / "f.csv", table, delimiter=",")
    (tmp_path / "l.txt").write_text("\n".join(labels) + "\n")
    words = ["--features", str(tmp_path / "f.csv"), "--labels", str(tmp_path / "l.txt")]
    assert main(["evaluate", "--preset", "best", *words, "--jobs", "1", "--json"]) == 0
    (row,) = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert (row["method"], row["videos"]) == ("preset best", 30)
    assert row["accuracy_mean"] > 0.9


def test_train_reports_on_the_videos_set_aside(trained, labeled_clips, tmp_path, capsys):
    header, *lines = labeled_clips.read_text().splitlines()
    folder = labeled_clips.parent
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
        (["train", "--preset", "best", "--set", "people=1.5"], 2, "people"),
        (["train", "--preset", "best", "--set", "changes=-0.1"], 2, "changes"),
        (["train", "--preset", "small", "--set", "kernel=linear"], 2, "want NAME=VALUE"),
        (["compare", "--preset", "best", "--labels", "x"], 2, "invalid choice"),
        (
            ["evaluate", "--preset", "best", "--features", "f", "--labels", "x", "--fuse", "pca"],
            2,
            "leave out --fuse",
        ),
    ],
)
def test_what_is_refused(words, status, told, capsys):
    try:
        found = main(words)
    except SystemExit as stop:
        found = stop.code
    assert found == status
    assert told in capsys.readouterr().err


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
