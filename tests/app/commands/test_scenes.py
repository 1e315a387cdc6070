"""The command scenes: flags that are refused, a set with its list and sheet."""

import pytest

from lsfref.app.cli import main

pytestmark = pytest.mark.unwatched


def test_a_set_is_written_with_its_list(tmp_path, capsys):
    words = ["scenes", str(tmp_path / "set"), "--scenes", "1", "--frames", "2", "--size", "64x64"]
    assert main([*words, "--jobs", "1", "--quiet"]) == 0
    out, err = capsys.readouterr()
    clips = list((tmp_path / "set").rglob("*.m*"))
    assert f"labels.csv: {len(clips)} clips of 1 camera" in out
    assert err == ""
    lines = (tmp_path / "set" / "labels.csv").read_text().splitlines()
    assert len(lines) == len(clips) + 1


def test_a_sheet_does_not_replace_the_list(tmp_path, capsys):
    words = ["scenes", str(tmp_path), "--sheet", str(tmp_path / "labels.csv"), "--scenes", "1"]
    assert main(words) == 2
    assert "would replace" in capsys.readouterr().err


def test_a_sheet_of_no_name_is_refused(tmp_path, capsys):
    words = ["scenes", str(tmp_path / "set"), "--scenes", "1", "--frames", "2", "--sheet", ""]
    assert main([*words, "--size", "64x64", "--jobs", "1"]) == 3
    assert "'': cannot be written" in capsys.readouterr().err
    assert list((tmp_path / "set").iterdir()) == []
