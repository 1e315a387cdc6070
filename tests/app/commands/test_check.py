"""`check`: what is understood of a list and what is wrong with its videos."""

import csv
import io
import json
import shutil

import numpy as np
import pytest
from clips import clip

from lsfref.app import cli
from lsfref.media.writer import write_video


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Good clips, a short one, a tiny one, a text, a cut one, a copy."""
    folder = tmp_path_factory.mktemp("check")
    good = clip("normal", 1)
    write_video(folder / "good.mkv", good)
    write_video(folder / "other.mkv", clip("camera shaking", 2))
    write_video(folder / "short.mkv", good[:15])
    write_video(folder / "tiny.mkv", np.ascontiguousarray(good[:, :31]))
    (folder / "text.mp4").write_text("no video at all")
    whole = (folder / "good.mkv").read_bytes()
    (folder / "cut.mkv").write_bytes(whole[: len(whole) * 9 // 10])
    shutil.copy(folder / "good.mkv", folder / "copy.mkv")
    return folder


def check(folder, text, capsys, *flags):
    (folder / "labels.csv").write_text(text)
    status = cli.main(["check", str(folder / "labels.csv"), "--jobs", "1", *flags])
    return status, *capsys.readouterr()


GOOD = "file,background,foreground,group\ngood.mkv,normal,none,a\nother.mkv,rain,human,b\n"


def test_a_good_list(folder, capsys):
    status, out, err = check(folder, GOOD, capsys)
    assert status == 0
    assert out.splitlines()[:3] == [
        "2 videos in 2 groups",
        "background: normal 1, rain 1",
        "foreground: none 1, human 1",
    ]
    assert "38 frames decoded; 53x41 (2 videos)" in out
    assert "shortest: good.mkv, 19 frames" in out
    assert "all 2 videos can be used" in out
    assert "class 'rain' has one video; label a second" in out  # told; `add` would take it
    assert err == "decoding: 2 videos\n"


def test_everything_wrong_is_told_with_line_and_reason_and_the_rest_is_done(folder, capsys):
    text = GOOD + "short.mkv,rain,,\ntiny.mkv,rain,,\ntext.mp4,rain,,\ncut.mkv,normal,,\n"
    status, out, _ = check(folder, text + "copy.mkv,rain,,\n", capsys)
    assert status == 1
    told = out.splitlines()
    for line, words in (
        (4, "short.mkv: 15 frames; a trajectory needs 16"),
        (5, "tiny.mkv: frames of 53x31 pixels; each side must have 32"),
        (6, "text.mp4"),
        (7, "cut.mkv: damaged"),
        (2, "good.mkv: the same bytes as copy.mkv"),
    ):
        found = [t for t in told if t.startswith(f"line {line}: ") and words in t]
        assert len(found) == 1, (line, words, out)
    assert "4 videos can be used, 3 cannot" in out
    assert "shortest: short.mkv, 15 frames" in out


def test_mistakes_of_the_list_are_told_and_the_rest_is_decoded(folder, capsys):
    status, out, _ = check(folder, GOOD + "absent.mkv,rain,,\ngood.mkv,rain,,\n", capsys)
    assert status == 3
    assert "line 4: no such file: 'absent.mkv'" in out
    assert "line 5: 'good.mkv' is listed twice" in out
    assert "19 frames decoded" not in out
    assert "38 frames decoded" in out


def test_a_list_without_one_good_line_is_refused_without_decoding(folder, capsys):
    status, out, err = check(folder, "file,background\nabsent.mkv,rain\n", capsys)
    assert (status, err) == (3, "")
    assert "line 2: no such file: 'absent.mkv'" in out
    status, out, err = check(folder, "", capsys, "--json")
    assert (status, out) == (3, "")
    assert "empty" in err


def test_json_and_csv_have_a_row_a_video(folder, capsys):
    text = GOOD + "short.mkv,rain,,\n"
    status, out, _ = check(folder, text, capsys, "--json")
    rows = [json.loads(line) for line in out.splitlines()]
    assert status == 1
    assert rows[0] == {
        "file": "good.mkv", "line": 2, "background": "normal", "foreground": "none",
        "group": "a", "split": None, "frames": 19, "width": 53, "height": 41,
        "warnings": [], "error": None,
    }  # fmt: skip
    assert "15 frames" in rows[2]["error"]
    status, out, _ = check(folder, text, capsys, "--csv", "--quiet")
    table = list(csv.DictReader(io.StringIO(out)))
    assert [row["file"] for row in table] == ["good.mkv", "other.mkv", "short.mkv"]
    assert set(table[0]) == set(rows[0])


def test_the_readers_limits_hold_here_too(folder, capsys):
    status, out, _ = check(folder, GOOD, capsys, "--max-frames", "17")
    assert status == 0
    assert "34 frames decoded" in out
    status, out, _ = check(folder, GOOD, capsys, "--max-pixels", "1000")
    assert status == 1
    assert "--max-pixels" in out


def test_no_list_is_a_usage_error(capsys):
    assert cli.main(["check"]) == 2
    assert "check LABELS" in capsys.readouterr().err


def test_jobs_do_not_change_what_is_said(folder, capsys):
    text = GOOD + "short.mkv,rain,,\n"
    one = check(folder, text, capsys)
    (folder / "labels.csv").write_text(text)
    status = cli.main(["check", str(folder / "labels.csv"), "--jobs", "2"])
    assert (status, *capsys.readouterr()) == one
