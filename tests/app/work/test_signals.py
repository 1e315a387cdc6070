"""Signals come as exceptions, and none is lost."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time

import pytest
from processes import begin, nap, told_to_end

import lsfref.app.commands.inspect
from lsfref.app import cli
from lsfref.app.work import signals, workers

pytestmark = pytest.mark.unwatched


class Unlucky:
    """An object whose destructor is where a signal comes; that of a file may be, too."""

    def __init__(self, number):
        self.number = number

    def __del__(self):
        os.kill(os.getpid(), self.number)
        time.sleep(1)


def nap_after_an_unlucky_moment(number):
    unlucky = Unlucky(number)
    del unlucky
    return nap(50)


def be_told_in_a_destructor():
    begin(nap_after_an_unlucky_moment)
    workers._task(signal.SIGTERM)


def test_a_call_to_end_in_a_destructor_is_not_lost(capfd):
    assert told_to_end(be_told_in_a_destructor) == 143
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["INT", "TERM"]
)
def test_a_signal_in_a_destructor_ends_a_command(number, status, monkeypatch, capfd):
    monkeypatch.setattr(
        lsfref.app.commands.inspect, "run", lambda _: nap_after_an_unlucky_moment(number)
    )
    hook = sys.unraisablehook
    with pytest.raises(SystemExit) if status == 143 else contextlib.nullcontext() as told:
        assert cli.main(["inspect", "m.npz"]) == 130
    assert told is None or told.value.code == 143
    assert capfd.readouterr().err == ("lsfref inspect: interrupted\n" if status == 130 else "")
    assert sys.unraisablehook is hook


def test_nothing_is_heard_while_signals_are_held():
    heard = []
    previous = signal.signal(signal.SIGTERM, lambda *_: heard.append(1))
    try:
        with signals.held(signal.SIGTERM):
            signal.pthread_kill(threading.get_ident(), signal.SIGTERM)  # other threads may hear it
            time.sleep(0.05)
            code = "import signal; print(*map(int, signal.pthread_sigmask(0, ())))"
            child = subprocess.run(
                [sys.executable, "-c", code],
                capture_output=True, text=True, check=True,
            )  # fmt: skip
            assert heard == []
        assert heard == [1]
    finally:
        signal.signal(signal.SIGTERM, previous)
    assert child.stdout == f"{signal.SIGTERM}\n"
    assert signal.SIGTERM not in signal.pthread_sigmask(signal.SIG_BLOCK, ())
