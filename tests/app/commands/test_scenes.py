"""The command scenes: flags that are refused, a set with its list and sheet."""

import argparse

import pytest

from lsfref.app.cli import main
from lsfref.app.commands.scenes import picture_size

pytestmark = pytest.mark.unwatched


def test_sizes_are_even_and_within_limits():
    assert picture_size("160x120") == (160, 120)
    assert picture_size("1920x64") == (1920, 64)
    for text in (
        "62x64",
        "64x62",
        "161x120",
        "160x121",
        "1922x64",
        "64x1922",
        "160",
        "axb",
        "1x2x3",
    ):
        with pytest.raises(argparse.ArgumentTypeError):
            picture_size(text)


def test_a_set_is_written_with_its_list(tmp_path, capsys):
    words = ["scenes", str(tmp_path / "set"), "--scenes", "1", "--frames", "2", "--size", "64x64"]
    assert main([*words, "--jobs", "1", "--quiet"]) == 0
    out, err = capsys.readouterr()
    clips = list((tmp_path / "set").rglob("*.m*"))
    assert f"labels.csv: {len(clips)} clips of 1 cameras" in out
    assert err == ""
    lines = (tmp_path / "set" / "labels.csv").read_text().splitlines()
    assert len(lines) == len(clips) + 1
