"""`check`: what is understood of a list and what is wrong with its videos."""

import csv
import io
import json
import shutil

import numpy as np
import pytest
from clips import clip

from lsfref.app import cli
from lsfref.app.commands import check as commands_check
from lsfref.media.writer import write_video


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Good clips, a short one, a tiny one, a text, a cut one, a copy."""
    folder = tmp_path_factory.mktemp("check")
    good = clip("normal", 1)
    write_video(folder / "good.mkv", good)
    write_video(folder / "other.mkv", clip("camera shaking", 2))
    write_video(folder / "third.mkv", clip("normal", 3))
    write_video(folder / "fourth.mkv", clip("camera shaking", 4))
    write_video(folder / "still.mkv", np.repeat(good[:1], 20, axis=0))
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


GOOD = (
    "file,background,foreground,group\ngood.mkv,normal,none,a\nother.mkv,rain,human,b\n"
    "third.mkv,normal,human,\nfourth.mkv,rain,none,\n"
)


def test_a_good_list(folder, capsys):
    status, out, err = check(folder, GOOD, capsys)
    assert status == 0
    assert out.splitlines()[:3] == [
        "4 videos in 4 groups",
        "background: normal 2, rain 2",
        "foreground: none 2, human 2",
    ]
    assert "76 frames decoded; 53x41 (4 videos)" in out
    assert "shortest: fourth.mkv, 19 frames" in out
    assert "all 4 videos can be used" in out
    assert err == "extracting: 4 videos\n"


def test_everything_wrong_is_told_with_line_and_reason_and_the_rest_is_done(folder, capsys):
    text = GOOD + "short.mkv,rain,,\ntiny.mkv,rain,,\ntext.mp4,rain,,\ncut.mkv,normal,,\n"
    status, out, _ = check(folder, text + "copy.mkv,rain,,\n", capsys)
    assert status == 1
    told = out.splitlines()
    for line, words in (
        (6, "short.mkv: 15 frames; a trajectory needs 16"),
        (7, "tiny.mkv: "),
        (8, "text.mp4"),
        (9, "cut.mkv: damaged"),
        (2, "good.mkv: the same bytes as copy.mkv"),
    ):
        found = [t for t in told if t.startswith(f"line {line}: ") and words in t]
        assert len(found) == 1, (line, words, out)
    assert "6 videos can be used, 3 cannot" in out
    assert "shortest: short.mkv, 15 frames" in out


def test_mistakes_of_the_list_are_told_and_the_rest_is_decoded(folder, capsys):
    status, out, _ = check(folder, GOOD + "absent.mkv,rain,,\ngood.mkv,rain,,\n", capsys)
    assert status == 3
    assert "line 6: no such file: 'absent.mkv'" in out
    assert "line 7: 'good.mkv' is listed twice" in out
    assert "76 frames decoded" in out


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
    assert rows[1] == {
        "file": "good.mkv", "line": 2, "background": "normal", "foreground": "none",
        "group": "a", "split": None, "frames": 19, "width": 53, "height": 41,
        "warnings": [], "error": None,
    }  # fmt: skip
    assert "15 frames" in rows[3]["error"]
    status, out, _ = check(folder, text, capsys, "--csv", "--quiet")
    table = list(csv.DictReader(io.StringIO(out)))
    assert [row["file"] for row in table] == [
        "fourth.mkv",
        "good.mkv",
        "other.mkv",
        "short.mkv",
        "third.mkv",
    ]
    assert set(table[0]) == set(rows[0])


def test_the_readers_limits_hold_here_too(folder, capsys):
    status, out, _ = check(folder, GOOD, capsys, "--max-frames", "17")
    assert status == 0
    assert "68 frames decoded" in out
    status, out, _ = check(folder, GOOD, capsys, "--max-pixels", "1000")
    assert status == 3  # none is left
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


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ("lone.mkv,noise,,\n", "class 'noise' has one video; label a second or leave it out"),
        ("still.mkv,noise,,\nshort.mkv,noise,,\n", "no usable video of class 'noise' is left"),
    ],
)
def test_what_train_would_refuse_is_refused_here_and_with_its_status(
    folder, tmp_path, capsys, rows, words
):
    write_video(folder / "lone.mkv", clip("normal", 5))
    status, out, _ = check(folder, GOOD + rows, capsys)
    assert (status, out.count(words)) == (3, 1)
    flags = ["--model", str(tmp_path / "m.npz"), "--set", "epochs=1", "--set", "n_samples=99"]
    assert cli.main(["train", "--labels", str(folder / "labels.csv"), "--jobs", "1", *flags]) == 3
    assert words in capsys.readouterr().err


def test_a_video_without_trajectories_cannot_be_used_as_train_says(folder, capsys):
    status, out, _ = check(folder, GOOD + "still.mkv,normal,,\n", capsys)
    assert status == 1
    assert "line 6: " in out
    assert "still.mkv: no trajectories" in out
    assert "4 videos can be used, 1 cannot" in out
    _, out, _ = check(folder, GOOD + "still.mkv,normal,,\n", capsys, "--preset", "best")
    assert "all 5 videos can be used" in out  # that preset learns from it


def test_one_is_one(folder, capsys):
    _, out, _ = check(folder, "file,background\nshort.mkv,rain\n", capsys)
    assert "1 video can be used" not in out
    assert "0 videos can be used, 1 cannot" in out
    assert "15 frames decoded; 53x41 (1 video)" in out
    _, out, _ = check(folder, "file,background\ngood.mkv,rain\n", capsys)
    assert "\n1 video can be used\n" in out


def test_what_was_found_is_kept_when_it_is_interrupted(folder, capsys, monkeypatch):
    real = commands_check.as_row

    def interrupted(manifest, i, *found):
        if i == 3:
            raise KeyboardInterrupt
        return real(manifest, i, *found)

    monkeypatch.setattr(commands_check, "as_row", interrupted)
    status, out, err = check(folder, GOOD + "short.mkv,rain,,\nzz.mkv,rain,,\n", capsys)
    assert status == 130
    assert "57 frames decoded" in out
    assert err.splitlines()[-1] == "lsfref check: interrupted"
    status, out, _ = check(folder, GOOD + "a.mkv,rain,,\nshort.mkv,rain,,\n", capsys, "--json")
    assert status == 130
    assert [json.loads(line)["file"] for line in out.splitlines()] == [
        "fourth.mkv", "good.mkv", "other.mkv",
    ]  # fmt: skip
