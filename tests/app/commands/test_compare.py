"""The command compare, on clips and on tables."""

import argparse
import csv
import json

import numpy as np
import pytest

from lsfref.app import flags
from lsfref.app.cli import main
from lsfref.app.commands import compare as command
from lsfref.errors import LabelsError
from lsfref.study.table1 import representations
from lsfref.study.table1.rows import ROWS, TABLE_ROWS

N_VIDEOS = 31


LABELS = np.arange(N_VIDEOS) % 3


@pytest.fixture(autouse=True)
def small_sizes(monkeypatch):
    monkeypatch.setattr(representations, "N_GAUSSIANS", 3)
    monkeypatch.setattr("lsfref.study.protocol.asking.N_PAIRS", 2)
    monkeypatch.setattr("lsfref.study.table1.features.LEAST_STEPS", 40)


def parse(*words):
    parser = argparse.ArgumentParser()
    flags.add_command(parser, "compare")
    return parser.parse_args([*words, "--jobs", "1", "--quiet"])


TINY = [f"--set={text}" for text in ("hidden=13", "n_code=7", "n_samples=300", "epochs=2")]


@pytest.mark.slow
def test_command_on_clips(labeled_clips, tmp_path, capsys):
    out = tmp_path / "page.html"
    table = tmp_path / "c3d.csv"
    names = [line.split(",")[0] for line in labeled_clips.read_text().splitlines()[1:]]
    rng = np.random.default_rng(6)
    lines = [",".join([name, *map(str, rng.random(3))]) for name in names[::-1]]
    table.write_text("\n".join(lines) + "\n")
    words = ["--labels", str(labeled_clips), "--cache", str(tmp_path / "cache"), "--folds", "3"]
    words += ["--page", str(out), "--also", str(table), *TINY]
    assert command.run(parse(*words)) == 0
    told = capsys.readouterr().out
    for recipe in ROWS.values():
        assert recipe.name in told
    assert "c3d.csv + linear SVM" in told
    assert f"wrote {out}" in told
    text = out.read_text()
    assert text.count('role="img"') >= 6
    assert "reproduce nothing of the paper" in text
    words[words.index(str(out))] = "none"
    assert command.run(parse(*words, "--json", "--rows", "pca")) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {row["method"] for row in rows} == {
        ROWS["whole"].name, ROWS["pca"].name, "c3d.csv + linear SVM",
    }  # fmt: skip
    assert rows[0]["p"] is None
    assert all({"confusion", "won", "lost"} <= set(row) for row in rows)


@pytest.mark.slow
def test_the_row_of_preset_best_is_what_evaluate_gives_in_these_folds(labeled_clips, cache, capsys):
    """With its sign test against the whole system."""
    words = ["--labels", str(labeled_clips), "--cache", cache, "--folds", "3"]
    flags_ = [*words, "--json", "--jobs", "1", "--quiet"]
    assert main(["evaluate", "--preset", "best", *flags_]) == 0
    wanted = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert main(["compare", *flags_, "--page", "none", "--rows", "best", *TINY]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    best = [row for row in rows if row["method"] == "preset best"]
    assert [row["task"] for row in best] == ["background", "foreground"]
    for row, alone in zip(best, wanted, strict=True):
        for name in ("accuracy_mean", "confusion", "unanswered"):
            assert row[name] == alone[name]
        assert row["won"] + row["lost"] <= 9
        assert 0 <= row["p"] <= 1
    assert best[0]["accuracy_mean"] > 0.5


def test_command_on_tables(tmp_path, capsys):
    rng = np.random.default_rng(7)
    paths = []
    for number, width in enumerate((5, 7)):
        path = tmp_path / f"t{number}.csv"
        rows = LABELS[:, None] + rng.standard_normal((N_VIDEOS, width))
        np.savetxt(path, rows, delimiter=",")
        paths.append(str(path))
    labels = tmp_path / "labels.csv"
    labels.write_text("\n".join(np.array(["a", "b", "c"])[LABELS]) + "\n")
    words = ["--features", *paths, "--labels", str(labels), "--csv", "--folds", "3", *TINY]
    out = tmp_path / "page.html"
    assert command.run(parse(*words, "--page", str(out))) == 0
    rows = list(csv.DictReader(capsys.readouterr().out.splitlines()))
    assert rows[0]["method"] == "t0.csv + linear SVM"
    assert len(rows) == 2 + len(TABLE_ROWS)
    assert "LSFNet" in out.read_text()


def test_no_page_takes_the_place_of_a_video(labeled_clips, capsys):
    video = labeled_clips.parent / "10.mkv"
    before = video.read_bytes()
    assert main(["compare", "--labels", str(labeled_clips), "--page", str(video)]) == 2
    assert f"{video} would replace" in capsys.readouterr().err
    assert video.read_bytes() == before


def test_no_page_takes_the_place_of_a_table(tmp_path, capsys):
    table, labels = tmp_path / "t.csv", tmp_path / "l.txt"
    table.write_text("1,2\n3,4\n")
    labels.write_text("a\nb\n")
    words = ["compare", "--features", str(table), "--labels", str(labels), "--page"]
    for page in (table, labels, tmp_path / "none" / ".." / "t.csv"):
        assert main([*words, str(page)]) == 2
        assert "would replace what this command works on" in capsys.readouterr().err
    assert (table.read_text(), labels.read_text()) == ("1,2\n3,4\n", "a\nb\n")


@pytest.mark.unwatched
def test_command_refuses_a_table_before_any_work(labeled_clips, tmp_path, monkeypatch):
    monkeypatch.setattr(command, "session", None)
    bad = tmp_path / "t.csv"
    bad.write_text("1,2\n3,4\n")
    with pytest.raises(LabelsError, match="no file names; make them the first column"):
        command.run(parse("--labels", str(labeled_clips), "--also", str(bad)))
