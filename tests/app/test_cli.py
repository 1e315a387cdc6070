"""Commands as a user meets them: what is printed where, and every exit status."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lsfref.app.cli import explanation, main
from lsfref.app.flags import COMMANDS, cache_folder

pytestmark = pytest.mark.unwatched

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("words", "status", "told"),
    [
        ("classify x.mp4 --model absent.npz", 3, "absent.npz: no such model"),
        ("train --labels absent.csv", 3, "absent.csv"),
        ("train --labels empty.csv", 3, "empty"),
        ("train --labels lone.csv", 3, "class 'rain' has one video"),
        ("train --labels lone.csv --set epochs=no", 2, "epochs"),
        ("train --labels lone.csv --set color=red", 2, "color"),
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


def test_a_closed_pipe_ends_quietly(trained, cache, labeled_clips):
    words = ["classify", "--model", str(trained), "--cache", cache, "--json", "--jobs", "1"]
    videos = map(str, labeled_clips.parent.glob("*.mkv"))
    command = [sys.executable, str(ROOT / "run.py"), *words, *videos, "--quiet"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        child.stdout.close()
        told = child.stderr.read()
        child.wait(timeout=60)
    assert [line for line in told.splitlines() if not line.startswith(b"note: ")] == []
    assert child.returncode == 0
