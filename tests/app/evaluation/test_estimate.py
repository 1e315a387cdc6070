"""What a fresh model is worth: the numbers of evaluate, kept in the model, and their words."""

import json

import numpy as np
import pytest

from lsfref import model
from lsfref.app import cli
from lsfref.app.evaluation import estimate
from lsfref.app.lists.manifest import read_labels
from lsfref.study.protocol.metrics import wilson_interval
from lsfref.study.protocol.outcome import Outcome

pytestmark = pytest.mark.unwatched
QUICK = ["--set", "epochs=2", "--set", "n_samples=400", "--set", "n_scales=1", "--jobs", "1"]


@pytest.fixture(scope="module")
def trained(labeled_clips, tmp_path_factory):
    folder = tmp_path_factory.mktemp("estimate")
    words = ["--labels", str(labeled_clips), "--model", str(folder / "m.npz"), "--seed", "3"]
    common = ["--cache", str(folder / "cache"), "--quiet", *QUICK]
    assert cli.main(["train", *words, *common]) == 0
    return folder / "m.npz", common


def test_the_numbers_are_those_of_evaluate(trained, labeled_clips, capsys):
    path, common = trained
    stored = model.load(path).estimate
    capsys.readouterr()
    words = ["evaluate", "--labels", str(labeled_clips), "--seed", "3", "--json"]
    assert cli.main([*words, *common]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["task"] for row in rows] == list(stored) == ["background", "foreground"]
    for row in rows:
        kept = stored[row["task"]]
        assert kept["accuracy"] == row["accuracy_mean"]
        assert kept["interval"] == row["interval"]
        assert (kept["majority"], kept["recall_mean"]) == (row["majority"], row["recall_mean"])
        assert kept["by_group"]
        assert not kept["drawn"]
    assert stored["background"]["sources"] == {"normal": 3, "camera shaking": 3, "tree waving": 3}


@pytest.mark.parametrize("command", ["evaluate", "compare --page none --rows whole"])
def test_the_interval_counts_cameras(command, trained, labeled_clips, tmp_path, capsys):
    """T5: nine clips of three cameras, one of each class from each of them."""
    videos = read_labels(labeled_clips).videos
    rows = [f"{v.path},{v.background},{v.foreground},{v.path[-5]}" for v in videos]
    labels = tmp_path / "cameras.csv"
    labels.write_text("\n".join(["file,background,foreground,group", *rows, ""]))
    words = [*command.split(), "--labels", str(labels), "--folds", "3", "--json", *trained[1]]
    assert cli.main(words) == 0
    for line in capsys.readouterr().out.splitlines():
        row = json.loads(line)
        share = np.sum(np.diagonal(row["confusion"])) / 9
        assert row["interval"] == pytest.approx(wilson_interval(share, 3))


def test_inspect_and_classify_show_it_and_none_is_said(trained, labeled_clips, tmp_path, capsys):
    path, common = trained
    assert cli.main(["inspect", str(path)]) == 0
    assert "background: expect " in capsys.readouterr().out
    words = ["--labels", str(labeled_clips), "--model", str(tmp_path / "n.npz"), "--no-estimate"]
    assert cli.main(["train", *words, *common]) == 0
    assert model.load(tmp_path / "n.npz").estimate is None
    capsys.readouterr()
    video = str(labeled_clips.parent / "00.mkv")
    words = [video, "--model", str(tmp_path / "n.npz"), *common[:3], "--jobs", "1"]
    assert cli.main(["classify", *words]) == 0
    assert capsys.readouterr().err.count("holds no estimate") == 1


def outcome_of(shares, *, right, n=40):
    true_M = np.arange(n) % 2
    wrong = np.arange(n) >= right
    return Outcome(
        "m", "background", ("normal", "rain"), true_M,
        np.where(wrong, 1 - true_M, true_M)[None], np.asarray(shares)[None],
    )  # fmt: skip


@pytest.fixture(scope="module")
def manifest(labeled_clips):
    return read_labels(labeled_clips)


def test_words_by_hand(manifest):
    sure = np.where(np.arange(40) < 32, 0.9, 0.5)  # the 8 wrong ones are unsure
    videos = manifest.videos[:1] * 39 + [manifest.videos[0]._replace(background="rain", group="z")]
    videos = [v._replace(background="normal") if v.group != "z" else v for v in videos]
    listed = manifest._replace(videos=videos)
    (row,) = estimate.facts([outcome_of(sure, right=32)], listed, drawn=False).values()
    assert (row["accuracy"], row["majority"], row["threshold"]) == (0.8, 0.5, 0.9)
    assert row["sources"] == {"normal": 1, "rain": 1}
    said = estimate.sentence("background", row)
    assert "expect 80 % right (65 % to 90 %) on cameras not seen; always 'normal' 50 %" in said
    assert "few sources of 'normal' (1), 'rain' (1): add more" in said
    assert "8 of 10 are right: --threshold 0.90 is right in 9 of 10 and answers 80 %" in said
    poor = estimate.facts([outcome_of(sure, right=22)], listed, drawn=False)
    assert "no better than always 'normal'" in estimate.sentence("background", poor["background"])
    assert "no better" in estimate.caution(poor)
    assert estimate.caution({"background": row}) is None
    assert "drawn scenes" in estimate.caution({"background": row | {"drawn": True}})


def test_the_other_preset_is_named_where_it_is_better():
    here, there = {"background": {"accuracy": 0.5}}, {"background": {"accuracy": 0.74}}
    assert estimate.compared(here, there, "best") == (
        "preset best is expected at background 74 %: train with --preset best"
    )
    assert "train with" not in estimate.compared(there, here, "best")
    assert "--estimate both" in estimate.compared(here, None, "best")


@pytest.mark.parametrize(
    "spoil",
    [
        {"accuracy": 1e300}, {"interval": [0.1]}, {"videos": True}, {"majority_class": "snow"},
        {"by_group": "yes"}, {"threshold": "0.7"}, {"sources": {"normal": -1}},
    ],
)  # fmt: skip
def test_a_model_with_an_odd_estimate_is_refused(trained, tmp_path, spoil):
    fitted = model.load(trained[0])
    rows = fitted.estimate | {"background": fitted.estimate["background"] | spoil}
    model.save(model.dataclasses.replace(fitted, estimate=rows), tmp_path / "odd.npz")
    with pytest.raises(model.ModelError, match="estimate of accuracy"):
        model.load(tmp_path / "odd.npz")
