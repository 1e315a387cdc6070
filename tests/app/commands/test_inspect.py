"""What a model file holds, told to people and to programs."""

import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import pytest
from fakes import CLASSES, FakeExtract, videos

from lsfref import model, pipeline
from lsfref.app import cli
from lsfref.app.commands import inspect
from lsfref.config import PRESETS
from lsfref.phases.extraction import Work

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def fitted():
    config = dataclasses.replace(PRESETS["small"], epochs=5, n_samples=200, seed=7)
    made = videos(groups=4)
    return pipeline.train(made, config, classes=CLASSES, work=Work(FakeExtract())).model


@pytest.fixture(scope="module")
def path(fitted, tmp_path_factory):
    path = tmp_path_factory.mktemp("inspect") / "model.npz"
    model.save(fitted, path)
    return path


def test_text_tells_data_tasks_network_curves_versions_and_choices(path, fitted, capsys):
    assert cli.main(["inspect", str(path)]) == 0
    out = capsys.readouterr().out
    for words in (
        "trained on 24 videos in 4 groups, 552 trajectories",
        f"training list: sha256 {fitted.digest}",
        "background: normal 8, rain 8, tree waving 8",
        "64 features kept, 3 hash tables of 30 projections, 3 neighbors vote",
        "foreground: none 12, human 12",
        "network: 426-256-128-256-426, a head of 3 classes, 143277 parameters",
        "reconstruction loss, 5 passes: ",
        "numpy",
        "choices, as in preset small",
        "* epochs = 5 ",
        "* n_samples = 200 ",
        "  seed = 7 ",
        "C9      when the loss is switched",
    ):
        assert words in out
    assert out.count("\n* ") == 2


def test_json_is_one_object_with_the_same_facts(path, fitted, capsys):
    assert cli.main(["inspect", "--model", str(path), "--json"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 1
    told = json.loads(lines[0])
    assert told["config"] == json.loads(json.dumps(dataclasses.asdict(fitted.config)))
    assert told["tasks"]["foreground"]["classes"] == {"none": 12, "human": 12}
    assert told["reconstruction_curve"] == fitted.network.reconstruction_curve.tolist()
    assert told["digest"] == fitted.digest
    assert told["versions"] == model.load(path).versions
    assert (told["videos"], told["groups"], told["trajectories"]) == (24, 4, 552)


def test_a_curve_as_a_line():
    assert inspect.spark([3, 2, 1, 0], blocks=False) == "@*-_"
    assert inspect.spark([0, 7], blocks=True) == "\u2581\u2588"
    assert inspect.spark([5, 5, 5], blocks=False) == "___"
    assert len(inspect.spark(list(range(200)), blocks=True)) == inspect.WIDTH
    assert inspect.spark(list(range(200)), blocks=False) == "".join(
        sorted(inspect.spark(list(range(200)), blocks=False), key=inspect.ASCII.index)
    )


@pytest.mark.parametrize(("encoding", "blocks"), [("ascii", False), ("utf-8", True)])
def test_terminals_without_blocks_get_ascii(path, encoding, blocks):
    import os

    done = subprocess.run(
        [sys.executable, "run.py", "inspect", path],
        cwd=ROOT, capture_output=True, env=os.environ | {"PYTHONIOENCODING": encoding},
    )  # fmt: skip
    assert done.returncode == 0
    assert done.stderr == b""
    assert ("\u2588" in done.stdout.decode(encoding)) == blocks


def test_what_is_no_model_says_so(tmp_path, capsys):
    (tmp_path / "text.npz").write_text("no model")
    assert cli.main(["inspect", str(tmp_path / "text.npz")]) == 3
    assert cli.main(["inspect", str(tmp_path / "absent.npz")]) == 3
    told = capsys.readouterr().err.splitlines()
    assert len(told) == 2
    assert "text.npz" in told[0]
    assert "no such model" in told[1]


def test_nothing_of_a_model_reaches_the_terminal_raw(fitted, tmp_path, capsys):
    tasks = {
        name: dataclasses.replace(task, classes=tuple(f"{c}\x1b[2J\u202e" for c in task.classes))
        for name, task in fitted.tasks.items()
    }
    head = tasks["background"].classes
    odd = dataclasses.replace(fitted, tasks=tasks, head_classes=head)
    model.save(odd, tmp_path / "odd.npz")
    assert cli.main(["inspect", str(tmp_path / "odd.npz")]) == 0
    out = capsys.readouterr().out
    assert "\\x1b[2J\\u202e" in out
    assert "\x1b" not in out
    assert "\u202e" not in out
