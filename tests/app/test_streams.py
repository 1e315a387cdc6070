"""Standard streams that are closed, full or gone: results are kept, and errors are sentences."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from lsfref.app import streams

pytestmark = [
    pytest.mark.unwatched,
    pytest.mark.skipif(not Path("/dev/full").exists(), reason="a full device is needed"),
]

RUN = shlex.join([sys.executable, str(Path(__file__).parents[2] / "run.py")])


def shell(line, **rest):
    done = subprocess.run(["sh", "-c", f"{RUN} {line}"], capture_output=True, text=True, **rest)
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
    return done


@pytest.mark.parametrize("stream", ["2>&-", "2>/dev/full", "2>&- <&-"])
def test_results_come_without_stderr(stream, labeled_clips):
    done = shell(f"check {labeled_clips} --jobs 2 {stream}")
    assert done.returncode == 0
    assert "all 9 videos can be used" in done.stdout
    assert shell(f"inspect absent.npz {stream}").returncode == 3


@pytest.mark.parametrize("stream", [">&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_work_is_done_without_stdout(stream, labeled_clips, tmp_path):
    video = labeled_clips.parent / "00.mkv"
    words = f"extract {video} --out {tmp_path} --set n_scales=1 --cache none --jobs 2"
    assert shell(f"{words} {stream}").returncode == 0
    assert (tmp_path / "00.mkv.npy").stat().st_size > 1000


@pytest.mark.parametrize("words", ["--help", "--version", "check --help", "check {labels} --json"])
def test_a_full_stdout_is_named(words, labeled_clips):
    done = shell(
        f"{words.format(labels=labeled_clips)} --jobs 1 >/dev/full".replace(
            "--help --jobs 1", "--help"
        ).replace("--version --jobs 1", "--version")
    )
    assert done.returncode == 3
    assert done.stderr.splitlines()[-1].endswith("standard output: No space left on device")


def test_no_file_is_opened_in_the_place_of_a_closed_stream():
    code = (
        "import os, sys; from lsfref.app import streams; hold = streams.usable(); hold.__enter__();"
        "assert all(os.get_inheritable(number) for number in range(3));"
        "os.write(int(sys.argv[1]), str(os.open(os.devnull, 0)).encode())"
    )
    read, write = os.pipe()
    closing = f"{shlex.join([sys.executable, '-c', code, str(write)])} <&- >&- 2>&-"
    subprocess.run(["sh", "-c", closing], pass_fds=[write], check=True)
    os.close(write)
    with open(read) as pipe:
        assert int(pipe.read()) > 2


def test_streams_are_put_back(monkeypatch):
    ours = sys.stdout
    monkeypatch.setattr(sys, "__stdout__", ours)
    with streams.usable():
        assert sys.stdout is not ours
        assert sys.stdout.errors == "backslashreplace"
    assert sys.stdout is ours


def test_streams_of_somebody_else_stay():
    ours = sys.stdout, sys.stderr
    with streams.usable():
        assert (sys.stdout, sys.stderr) == ours
