"""Killed at random moments: old outputs stay whole, resumed bytes are equal, nothing is left."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from clips import clip

from lsfref.app.work.resuming import ENDING
from lsfref.media.writer import write_video

pytestmark = [pytest.mark.slow, pytest.mark.unwatched]

ROOT = Path(__file__).parents[2]
SET = ["--set", "epochs=2", "--set", "n_samples=400", "--set", "n_scales=1"]


@pytest.fixture(scope="module")
def home(tmp_path_factory, labeled_clips):
    """A folder with labels, a trained model, one more video, and an empty place for TMPDIR."""
    home = tmp_path_factory.mktemp("kills")
    (home / "tmp").mkdir()
    write_video(home / "new.mkv", clip("normal", 77))
    (home / "more.csv").write_text("file,background,foreground\nnew.mkv,normal,none\n")
    command = [
        "train",
        "--labels",
        labeled_clips,
        "--model",
        home / "model.npz",
        "--no-estimate",
        *SET,
    ]
    assert start(home, *command, "--jobs", "2").wait() == 0
    return home


def start(home, *words, errors=subprocess.DEVNULL):
    environment = os.environ | {"TMPDIR": str(home / "tmp"), "XDG_CACHE_HOME": str(home / "cache")}
    return subprocess.Popen(
        [sys.executable, ROOT / "run.py", *map(str, words)], cwd=home, env=environment,
        stdout=subprocess.DEVNULL, stderr=errors, start_new_session=True,
    )  # fmt: skip


def files(folder):
    return {
        path.relative_to(folder): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not path.name.startswith(".lsfref-") and path.suffix != ENDING
    }


def leavings(home):
    ours = [path for path in home.rglob("*") if path.name.startswith((".lsfref-", "lsfref-"))]
    return [*ours, *home.rglob(f"*{ENDING}")]


def commands(home, clips):
    run = ["--jobs", "2", "--cache", "none"]
    return {
        "train": ["train", "--labels", clips, "--model", "out/m.npz", "--no-estimate", *SET, *run],
        "add": ["add", "--labels", "more.csv", "--model", "model.npz", "-o", "out/m.npz", *run],
        "extract": ["extract", clips.parent, "--out", "out", "--set", "n_scales=1", *run],
        "explain": ["explain", "new.mkv", "--model", "model.npz", "-o", "out/p.html"],
        "scenes": ["scenes", "out", "--scenes", "1", "--frames", "16", "--size", "64x64"],
        "compare": ["compare", "--labels", clips, "--folds", "2", "--rows", "raw",
                    "--page", "out/p.html", *SET, *run],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("command", "n_kills"),
    [("train", 60), *((c, 12) for c in ("add", "extract", "explain", "scenes", "compare"))],
)
def test_killed_at_random_moments(home, labeled_clips, command, n_kills):
    words = commands(home, labeled_clips)[command]
    subprocess.run(["rm", "-rf", str(home / "out")], check=True)  # of a test that failed
    (home / "out").mkdir()
    began = time.monotonic()
    assert start(home, *words).wait() == 0
    lasts = time.monotonic() - began
    wanted = files(home / "out")
    moments = random.Random(command)
    n_killed = 0
    for _ in range(n_kills):
        running = start(home, *words)
        time.sleep(moments.uniform(0.2, 1.1) * lasts)
        n_killed += running.poll() is None
        try:
            os.killpg(running.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        running.wait()
        assert files(home / "out") == wanted  # whole, and the same
    assert n_killed > n_kills // 4  # what phase 1 has done is kept, so that runs get shorter
    time.sleep(0.5)
    for path in (home / "out").iterdir():
        if path.is_file() and not path.name.startswith("."):
            path.unlink()
    assert start(home, *words).wait() == 0
    assert files(home / "out") == wanted
    assert leavings(home) == []


def test_training_that_was_interrupted_goes_on_with_the_same_bytes(home, labeled_clips, tmp_path):
    """Killed at ten random moments of phase 1, and once by Ctrl-C; each time it goes on."""
    model = tmp_path / "m.npz"
    words = ["train", "--labels", labeled_clips, "--model", model, "--no-estimate", *SET,
             "--set", "epochs=1500"]  # fmt: skip
    assert start(home, *words).wait() == 0
    whole = model.read_bytes()
    state = model.with_name(f"m.npz{ENDING}")
    assert not state.exists()
    model.unlink()
    moments = random.Random(5)
    for number in range(11):
        running = start(home, *words)
        while not state.exists() and running.poll() is None:
            time.sleep(0.01)
        time.sleep(moments.uniform(0, 0.3))
        assert running.poll() is None
        if number < 10:
            os.killpg(running.pid, signal.SIGKILL)
            running.wait()
        else:
            os.kill(running.pid, signal.SIGINT)
            assert running.wait() == 130
        assert not model.exists()
        assert state.exists()
    with open(tmp_path / "errors", "w+") as errors:
        assert start(home, *words, errors=errors).wait() == 0
        errors.seek(0)
        assert "goes on after pass" in errors.read()
    assert model.read_bytes() == whole
    assert not state.exists()
