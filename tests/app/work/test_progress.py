"""Progress on stderr: bars, clocks, rates."""

import os
import pty
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import pytest

from lsfref.app.work.progress import Progress, clock, speed
from lsfref.config import Config
from lsfref.phases.extraction import from_start

pytestmark = pytest.mark.unwatched


ROOT = Path(__file__).parents[3]


def on_terminal(code, **environment):
    """Run code with a terminal as stderr; return what the terminal was sent."""
    ours, theirs = pty.openpty()
    env = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "TERM")} | environment
    child = subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, stderr=theirs, env={"TERM": "xterm"} | env
    )
    os.close(theirs)
    sent = b""
    while True:
        try:
            piece = os.read(ours, 1 << 12)
        except OSError:  # how Linux says that the other end is closed
            break
        if not piece:
            break
        sent += piece
    os.close(ours)
    assert child.wait(30) == 0
    return sent.decode()


SHOW = """
import time
from lsfref.app.work.progress import Progress
progress = Progress(quiet={quiet})
for i in range(4):
    progress("extracting", i, 3)
    time.sleep(0.12)
progress("pooling", 1, 2)
progress.say("warning: one")
progress.say("warning: one")
progress("pooling", 2, 2)
"""


def test_a_terminal_gets_a_bar_with_rate_and_time_left():
    sent = on_terminal(SHOW.format(quiet=False))
    assert "\x1b[1mextracting\x1b[0m [" in sent
    assert re.search(r"\r\x1b\[K\S+extracting\S+ \[#+ +\] 1/3  \d+\.\d/s  0:0\d left", sent)
    assert re.search(r"\[#+\] 3/3  \d+\.\d/s  0:0\d\r\n", sent)
    assert sent.count("warning: one") == 1
    assert sent.endswith("\n")


@pytest.mark.slow
def test_no_color_no_terminal_dumb_and_quiet():
    sent = on_terminal(SHOW.format(quiet=False), NO_COLOR="1")
    assert "extracting [" in sent
    assert "\x1b[1m" not in sent
    lines = ["extracting: 3 videos", "pooling: 2 videos", "warning: one", ""]
    assert on_terminal(SHOW.format(quiet=False), TERM="dumb").split("\r\n") == lines
    assert on_terminal(SHOW.format(quiet=True)) == "warning: one\r\n"
    piped = subprocess.run(
        [sys.executable, "-c", SHOW.format(quiet=False)], cwd=ROOT, capture_output=True, text=True
    )
    assert piped.stderr.splitlines() == lines[:3]


def test_clocks_and_rates():
    assert [clock(s) for s in (0, 59.4, 59.6, 3599.6, 36_000)] == [
        "0:00", "0:59", "1:00", "1:00:00", "10:00:00",
    ]  # fmt: skip
    assert speed(30, 10) == "3.0/s"
    assert speed(1, 20) == "3.0/min"
    assert speed(0, 0) == "0.0/min"


def test_units_are_what_is_counted(capsys):
    progress = Progress(quiet=False)
    progress("training", 1, 30)
    progress("networks", 1, 5)
    assert capsys.readouterr().err == "training: 30 passes\nnetworks: 5 folds\n"


def test_what_is_wrong_with_an_input_is_said_and_how_many_failed(capsys):
    progress = Progress(quiet=True)
    assert progress.conclude(2) == 0
    progress.report(["a.mp4: damaged\x1b"], None)
    progress.report([], "b.mp4: gone")
    assert progress.conclude(3) == 1
    said = ["warning: a.mp4: damaged\\x1b", "error: b.mp4: gone", "2 ok, 1 failed"]
    assert capsys.readouterr().err.splitlines() == said
    alone = Progress(quiet=True)
    alone.report([], "b.mp4: gone", fate="left out")
    assert alone.conclude(1) == 1
    assert capsys.readouterr().err == "left out: b.mp4: gone\n"


def test_each_keeps_the_order_and_shows_how_many_are_done(monkeypatch):
    shown = []
    monkeypatch.setattr(Progress, "__call__", lambda self, *words: shown.append(words))
    progress = Progress(quiet=True)
    with ThreadPoolExecutor(2) as pool:
        for mapper in (map, pool.map):
            found = list(progress.each(mapper, "adding", max, [1, 40, 3], (10, 20, 30)))
            assert found == [10, 40, 30]
    assert shown == [("adding", done, 3) for done in range(4)] * 2


def test_every_pass_is_shown_before_it_is_kept(monkeypatch):
    shown, kept = [], []
    monkeypatch.setattr(Progress, "__call__", lambda self, *words: shown.append(words))
    states = [SimpleNamespace(curves=[range(n)]) for n in (2, 3)]

    def keep(state):
        assert shown[-1][1] == 3
        kept.append(state)

    config = Config(epochs=4)
    state, after = Progress(quiet=True).training(lambda *_: (states[0], keep), "rows", config)
    after(states[1])
    assert (state, kept) == (states[0], [states[1]])
    assert shown == [("training", 2, 4), ("training", 3, 4)]
    state, after = Progress(quiet=True).training(from_start, config)
    after(states[0])  # nobody keeps it
    assert state is None
    assert shown[2:] == [("training", 0, 4), ("training", 2, 4)]


def test_a_stage_without_a_name_is_silent(capsys):
    assert list(Progress(quiet=False).each(map, "", abs, [-1])) == [1]
    assert capsys.readouterr() == ("", "")
