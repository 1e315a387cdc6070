"""Commands as a user meets them: what is printed where, and every exit status."""

import csv
import io
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from clips import clip

from lsfref.app.cli import COMMANDS, explanation, main
from lsfref.app.options import cache_folder
from lsfref.media.ffmpeg import executable
from lsfref.media.writer import write_video

pytestmark = pytest.mark.unwatched

ROOT = Path(__file__).parents[2]
QUICK = ["--set", "epochs=4", "--set", "n_samples=2000", "--set", "n_scales=2"]
KEYS = ["file", "frames", "points", "background", "foreground", "warnings", "error"]


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return str(tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="module")
def trained(labelled_clips, cache, tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "m.npz"
    common = ["--jobs", "1", "--cache", cache]
    status = main(["train", "--labels", str(labelled_clips), "--model", str(path), *QUICK, *common])
    assert status == 0
    return path


def classify(trained, cache, *words):
    return main(["classify", "--model", str(trained), "--jobs", "1", "--cache", cache, *words])


def test_train_says_what_it_read_and_what_it_fitted(labelled_clips, cache, tmp_path, capsys):
    path = tmp_path / "m.npz"
    words = ["--labels", str(labelled_clips), "--model", str(path), "--jobs", "1", "--cache", cache]
    assert main(["train", *words, *QUICK]) == 0
    out, err = capsys.readouterr()
    assert path.exists()
    assert f"wrote {path}" in out
    assert "background: 3 classes, 9 videos, 64 features kept, N = 30, K = 3" in out
    assert "9 videos in 9 groups" in err
    assert "background: normal 3, camera shaking 3, tree waving 3" in err
    assert "training: 4 passes" in err
    assert "\x1b" not in err


def test_quiet_is_quiet(labelled_clips, cache, tmp_path, capsys):
    words = ["--labels", str(labelled_clips), "--jobs", "1", "--cache", cache, "--quiet"]
    assert main(["train", *words, *QUICK, "--model", str(tmp_path / "m.npz")]) == 0
    assert capsys.readouterr().err == ""


def test_train_reports_on_the_videos_set_aside(labelled_clips, cache, tmp_path, capsys):
    header, *lines = labelled_clips.read_text().splitlines()
    folder = labelled_clips.parent
    lines = [f"{folder / line},{'test' if line[1] == '2' else 'train'}" for line in lines]
    labels = tmp_path / "split.csv"
    labels.write_text("\n".join([header + ",split", *lines]) + "\n")
    words = ["--labels", str(labels), "--jobs", "1", "--cache", cache, "--quiet", *QUICK]
    assert main(["train", *words, "--model", str(tmp_path / "m.npz")]) == 0
    out = capsys.readouterr().out
    assert "background: 3 classes, 6 videos" in out
    assert "On the 3 videos set aside" in out
    assert main(["train", *words, "--model", str(tmp_path / "m.npz"), "--json"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(row["task"], row["videos"]) for row in rows] == [("background", 3), ("foreground", 3)]


def test_classify_a_folder_as_json(trained, cache, labelled_clips, capsys):
    assert classify(trained, cache, str(labelled_clips.parent), "--json") == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [Path(row["file"]).name for row in rows] == [f"{c}{i}.mkv" for c in "012" for i in "012"]
    for row in rows:
        assert list(row) == KEYS
        assert row["error"] is None
        assert row["warnings"] == []
        for task in ("background", "foreground"):
            shares = row[task]["confidence"]
            assert sum(shares.values()) == pytest.approx(1)
            assert row[task]["label"] in shares


def test_classify_as_csv_and_as_table(trained, cache, labelled_clips, capsys):
    video = str(labelled_clips.parent / "00.mkv")
    assert classify(trained, cache, video, "--csv") == 0
    header, row = csv.reader(io.StringIO(capsys.readouterr().out))
    assert header[:5] == ["file", "frames", "points", "background", "background normal"]
    assert header[-2:] == ["warnings", "error"]
    told = dict(zip(header, row, strict=True))
    assert told["file"] == video
    assert float(told["foreground none"]) + float(told["foreground human"]) == pytest.approx(1)
    assert classify(trained, cache, video) == 0
    table = capsys.readouterr().out.splitlines()
    assert table[0].split() == "file background share foreground share frames trajectories".split()
    assert len(table) == 2


def test_a_timeline_under_variable_rate_follows_the_stamps(trained, cache, tmp_path, capsys):
    """72 frames, 15 a second, each late by 0 to 18 ms: intervals of 30 frames, not of 50."""
    even, uneven = tmp_path / "even.mkv", tmp_path / "uneven.mkv"
    write_video(even, clip("tree waving", 3, n_frames=72))
    late = "settb=1/90000,setpts=(N/15+0.018*mod(N*7\\,5)/4)/TB"
    command = [executable(), "-v", "error", "-i", even, "-vf", late, "-fps_mode", "passthrough"]
    subprocess.run([*command, "-enc_time_base", "1/90000", "-c:v", "ffv1", uneven], check=True)
    classify(trained, cache, str(uneven), "--timeline", "2", "--json")
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["interval"] for row in rows] == [[0, 29], [30, 59], [60, 71]]
    for row, begin in zip(rows, (0, 2, 4), strict=True):
        assert row["seconds"][0] == pytest.approx(begin, abs=0.02)
        assert row["warnings"] == []


def test_one_bad_file_never_stops_the_rest(trained, cache, labelled_clips, tmp_path, capsys):
    (tmp_path / "text.mp4").write_text("no video")
    write_video(tmp_path / "short.mkv", clip("normal", 3, n_frames=15))
    odd = tmp_path / "bad\x1b[31m\nname.mp4"
    odd.write_bytes(b"")
    good = str(labelled_clips.parent / "11.mkv")
    files = [str(tmp_path / "text.mp4"), str(tmp_path / "short.mkv"), str(odd), good]
    assert classify(trained, cache, *files, "--json") == 1
    out, err = capsys.readouterr()
    rows = [json.loads(line) for line in out.splitlines()]
    assert [row["file"] for row in rows] == files
    assert [row["error"] is None for row in rows] == [False, False, False, True]
    assert rows[1]["frames"] == 15
    assert "15 frames; a trajectory needs 16" in rows[1]["error"]
    assert rows[1]["background"] is None
    assert "1 ok, 3 failed" in err
    assert "\x1b" not in out + err
    assert classify(trained, cache, *files) == 1
    assert "\x1b" not in "".join(capsys.readouterr())


def test_extract_writes_the_436_columns(labelled_clips, cache, tmp_path, capsys):
    video = str(labelled_clips.parent / "00.mkv")
    words = ["extract", video, "--out", str(tmp_path), "--jobs", "1", "--cache", cache]
    assert main([*words, "--set", "n_scales=2"]) == 0
    rows = np.load(tmp_path / "00.mkv.npy", allow_pickle=False)
    assert rows.shape[1] == 436
    assert rows.dtype == np.float32
    assert rows[:, 0].min() >= 15
    assert f"{len(rows)} trajectories" in capsys.readouterr().out
    assert main([*words, "--set", "n_scales=2", "--text"]) == 0
    text = np.loadtxt(tmp_path / "00.mkv.txt", delimiter="\t")
    np.testing.assert_allclose(text, rows, atol=1e-5)
    first = (tmp_path / "00.mkv.txt").read_text().split("\t")
    assert first[0] == "15"
    assert len(first[1].partition(".")[2]) == 6
    assert len(first[40].partition(".")[2]) == 7


def test_extract_leaves_nothing_of_a_bad_video(tmp_path, cache, capsys):
    (tmp_path / "text.mp4").write_text("no video")
    out = tmp_path / "out"
    words = ["extract", str(tmp_path / "text.mp4"), "--out", str(out), "--jobs", "1"]
    assert main([*words, "--cache", cache]) == 1
    assert list(out.iterdir()) == []
    assert "text.mp4" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "status", "told"),
    [
        ("classify x.mp4 --model absent.npz", 3, "absent.npz: no such model"),
        ("train --labels absent.csv", 3, "absent.csv"),
        ("train --labels empty.csv", 3, "empty"),
        ("train --labels lone.csv", 3, "class 'rain' has one video"),
        ("train --labels lone.csv --set epochs=no", 2, "epochs"),
        ("train --labels lone.csv --set colour=red", 2, "colour"),
        ("extract absent_folder/x.mp4 --out out", 1, "x.mp4"),
    ],
)
def test_errors_are_one_sentence_and_a_status(words, status, told, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    Path("empty.csv").write_text("")
    for name in "abc":
        Path(f"{name}.mp4").write_text("no video")
    Path("lone.csv").write_text("file,background\na.mp4,rain\nb.mp4,noise\nc.mp4,noise\n")
    assert main([*words.split(), "--quiet", "--jobs", "1"]) == status
    err = capsys.readouterr().err
    assert told in err
    assert "Traceback" not in err
    usage, line, sentence = err.rpartition("lsfref ")
    assert line + sentence == err.splitlines()[-1] + "\n"
    assert usage.startswith(f"usage: lsfref {words.split()[0]} ") == (status == 2)


@pytest.mark.parametrize(
    ("words", "command"),
    [
        ("", ""), ("nonsense", ""), ("classify", "classify "),
        ("train --jobs 0 --labels x", "train "), ("train --bogus", "train "),
    ],
)  # fmt: skip
def test_usage_errors_exit_with_2_and_show_the_usage_of_the_command(words, command, capsys):
    with pytest.raises(SystemExit) as left:
        main(words.split())
    assert left.value.code == 2
    assert capsys.readouterr().err.startswith(f"usage: lsfref {command}[-h]")


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (ModuleNotFoundError("No module", name="numpy"), "package numpy is not installed; act"),
        (ModuleNotFoundError("No module", name="imageio_ffmpeg.x"), "package imageio_ffmpeg is"),
        (
            ImportError("\nIt is broken\nat length"),
            "It is broken; activate the environment, or pip",
        ),
        (OSError(5, "Bad", "a\nb"), r"a\nb: Bad"),
        (MemoryError(), "out of memory; use fewer --jobs"),
    ],
)
def test_faults_of_the_machine_are_sentences(fault, message):
    text, status = explanation(fault)
    assert text.startswith(message)
    assert "\n" not in text
    assert status == 3


@pytest.mark.parametrize("fault", [KeyError("x"), ImportError("x", name="lsfref.model")])
def test_faults_of_ours_are_not(fault):
    assert explanation(fault)[0] == ""


def test_a_missing_package_is_one_sentence():
    code = "import sys; sys.modules['numpy'] = None; from lsfref.app.cli import main; main()"
    for words in (["train"], ["--version"], ["classify", "--help"]):
        command = [sys.executable, "-c", f"{code.replace('main()', f'sys.exit(main({words}))')}"]
        done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
        assert done.returncode == 3
        assert done.stderr.count("\n") == 1
        assert "package numpy is not installed; activate the environment, or pip" in done.stderr


def test_a_user_without_a_home_has_no_cache(monkeypatch):
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)  # as where nobody knows the user
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert cache_folder() == "none"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert cache_folder() == "none"
    monkeypatch.setenv("XDG_CACHE_HOME", "/absolute")
    assert cache_folder() == "/absolute/lsfref"


def test_debug_shows_the_traceback(tmp_path):
    from lsfref.errors import ModelError

    with pytest.raises(ModelError):
        main(["classify", "x.mp4", "--model", str(tmp_path / "absent"), "--debug"])


def test_a_read_only_folder_keeps_the_old_model(labelled_clips, cache, trained, capsys):
    before = trained.read_bytes()
    words = ["--labels", str(labelled_clips), "--jobs", "1", "--cache", cache, "--quiet", *QUICK]
    target = trained.parent / "absent" / "m.npz"
    assert main(["train", *words, "--model", str(target)]) == 3
    assert str(target) in capsys.readouterr().err
    assert trained.read_bytes() == before


def run(*words, **rest):
    command = [sys.executable, str(ROOT / "run.py"), *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, **rest)


def test_help_and_version_are_quick_and_name_what_computes():
    began = time.perf_counter()
    told = run("--help")
    assert told.returncode == 0
    assert time.perf_counter() - began < 5
    for command in COMMANDS:
        assert command in told.stdout
    assert "\n  130  interrupted" in told.stdout
    version = run("--version").stdout
    for name in ("lsfref", "numpy", "scipy", "imageio-ffmpeg", "ffmpeg"):
        assert name in version


def test_help_imports_no_heavy_module():
    code = (
        "import sys; from lsfref.app.cli import build_parser; build_parser('classify');"
        "print([m for m in ('scipy.stats', 'scipy.optimize') if m in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert told.stdout.strip() == "[]", told.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_documents_every_flag(command, capsys):
    with pytest.raises(SystemExit) as left:
        main([command, "--help"])
    assert left.value.code == 0
    assert "default" in capsys.readouterr().out


def test_a_closed_pipe_ends_quietly(trained, cache, labelled_clips):
    words = ["classify", "--model", str(trained), "--cache", cache, "--json", "--jobs", "1"]
    videos = map(str, labelled_clips.parent.glob("*.mkv"))
    command = [sys.executable, str(ROOT / "run.py"), *words, *videos, "--quiet"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        child.stdout.close()
        told = child.stderr.read()
        child.wait(timeout=60)
    assert [line for line in told.splitlines() if not line.startswith(b"note: ")] == []
    assert child.returncode == 0
