"""What a fresh model is worth: the numbers of evaluate, kept in the model."""

import json

import numpy as np
import pytest

from lsfref import model
from lsfref.app import cli
from lsfref.app.lists.manifest import read_labels
from lsfref.study.protocol.metrics import wilson_interval

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
