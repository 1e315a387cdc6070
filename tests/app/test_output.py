"""Tables, CSV and JSON by hand; what is written is checked before the work."""

import argparse
import json

import pytest

from lsfref.app import output
from lsfref.errors import UsageError, WriteError


def test_a_table_by_hand():
    rows = [["a.mp4", 0.12345, 7, None], ["long name.mp4", -2.0, 11, "x\ny"]]
    assert output.table(["file", "share", "n", "why"], rows).split("\n") == [
        "file            share   n  why",
        "a.mp4           0.123   7  -",
        "long name.mp4  -2.000  11  x\\ny",
    ]


def test_a_column_of_numbers_is_to_the_right_percentages_too():
    assert output.table(["a"], [["7%"], ["100%"]]).split("\n") == ["   a", "  7%", "100%"]
    assert output.table(["a"], [["7x"], ["100"]]).split("\n") == ["a", "7x", "100"]
    assert output.table(["abc", "d"], []) == "abc  d"


def test_csv_quotes_text_and_leaves_nothing_for_none(capsys):
    show = output.printer(argparse.Namespace(json=False, csv=True), ["file", "n\x1b", "warnings"])
    show({"file": 'a "b"', "n\x1b": 7, "warnings": ["x", "y"], "more": 1})
    show({"file": "=1\n", "n\x1b": None, "warnings": []})
    header, first, second = capsys.readouterr().out.splitlines()
    assert header == '"file","n\\x1b","warnings"'
    assert (first, second) == ('"a ""b""",7,"x; y"', '"=1\\n","",""')


def test_rows_are_printed_as_the_flags_say(capsys):
    row = {"file": "a", "interval": [1, 2]}

    def flat(row):
        return row | {"low": row["interval"][0]}

    asked = argparse.Namespace(json=True, csv=False)
    output.printer(asked, ["file", "low"], flat=flat)(row)
    assert json.loads(capsys.readouterr().out) == row
    asked = argparse.Namespace(json=False, csv=True)
    output.printer(asked, ["file", "low", "interval"], flat=flat)(row)
    assert capsys.readouterr().out == '"file","low","interval"\n"a",1,"[1, 2]"\n'
    assert output.printer(argparse.Namespace(json=False, csv=False), ["file"]) is None


def test_json_is_a_line_of_finite_numbers(capsys):
    output.write_json({"a": 0.1, "b": None, "c": "\n"})
    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line) == {"a": 0.1, "b": None, "c": "\n"}
    with pytest.raises(ValueError, match="not JSON compliant"):
        output.write_json({"a": float("nan")})


def test_counted():
    assert [output.counted(n, "video") for n in (0, 1, 2)] == ["0 videos", "1 video", "2 videos"]
    assert output.counted("1,200", "video") == "1,200 videos"


def test_what_is_replaced_is_said_and_what_cannot_be_written_refused(tmp_path, capsys):
    new, old, more = (tmp_path / name for name in ("new", "old", "more"))
    output.claim(new)
    assert capsys.readouterr().err == ""
    old.touch()
    more.touch()
    output.claim(new, old)
    assert capsys.readouterr().err == f"will replace what is there: {old}\n"
    output.claim(new, old, more)
    assert capsys.readouterr().err == f"will replace what is there: {old} and 1 more\n"
    with pytest.raises(WriteError):
        output.claim(tmp_path / "absent" / "m.npz")
    output.claim(new, reads=[str(old), None, ""])
    with pytest.raises(UsageError, match="more would replace what this command works on"):
        output.claim(new, more, reads=[None, f"{tmp_path}/absent/../more"])
    output.claim(tmp_path / "page.html", reads=[str(tmp_path)])
    with pytest.raises(UsageError, match=r"img7.png would replace what"):
        output.claim(tmp_path / "img7.png", reads=[str(tmp_path)])
