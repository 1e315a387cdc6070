"""The fields of --json that README.md lists are those that the commands print, in their order."""

import json
import re
from pathlib import Path

import pytest
from clips import BRIEF

from lsfref.app.cli import main

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


def listed(command):
    """The fields of a command, in the table of README.md."""
    (cell,) = re.findall(rf"^\| {command} \| (.*) \|$", README, re.MULTILINE)
    return re.findall(r"`([a-z_]+)`", cell.partition(";")[0])


def rows(capsys, *words):
    assert main([*map(str, words), "--json", "--quiet"]) in (0, 1)
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_classify(trained, cache, labeled_clips, capsys):
    words = ["classify", labeled_clips.parent / "00.mkv", "--model", trained, "--cache", cache]
    (row,) = rows(capsys, *words)
    assert list(row) == listed("`classify`")
    assert {*row["background"]} <= {*listed("a task of it")}
    (timed, *_) = rows(capsys, *words, "--timeline", "1")
    assert {*timed} == {*row, "interval", "seconds"}


def test_retrieve(trained, cache, labeled_clips, capsys):
    words = ["retrieve", labeled_clips.parent / "00.mkv", "--model", trained, "--cache", cache]
    assert list(rows(capsys, *words)[0]) == listed("`retrieve`")


@pytest.mark.parametrize("command", ["check", "evaluate"])
def test_what_reads_a_list(command, cache, labeled_clips, capsys):
    words = ["check", labeled_clips, "--cache", cache, "--jobs", "1"]
    if command == "evaluate":
        words = ["evaluate", "--labels", *words[1:], "--folds", "2", *BRIEF]
    found = [row for row in rows(capsys, *words) if "file" in row or "task" in row]
    assert all(list(row) == listed(f"`{command}`") for row in found)
    assert len(found) > 1
