"""Files are written whole or not at all, and named without tricks."""

import os
import signal
import subprocess
import sys
import time
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from texts import texts

from lsfref.errors import LsfrefError, VideoError, WriteError
from lsfref.storage.files import (
    check_folder,
    check_output,
    open_own,
    parse_json,
    printable,
    scratch,
    sweep,
    with_name,
    write_whole,
)

ROOT = Path(__file__).parents[2]


def test_a_sentence_is_named_once():
    assert with_name("a.mp4", VideoError("odd")) == "a.mp4: odd"
    assert with_name("a.mp4", VideoError("a.mp4: odd")) == "a.mp4: odd"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("clip.mp4", "clip.mp4"),
        ("Ära 雨.mp4", "Ära 雨.mp4"),
        ("a\nb\tc\x1b[31m\x7f", r"a\nb\tc\x1b[31m\x7f"),
        ("\u202egpj.exe\u2028\u200b", r"\u202egpj.exe\u2028\u200b"),
        (b"not\xff\xfeutf8", r"not\xff\xfeutf8"),
        (Path("folder") / "x", "folder/x"),
        ("\U000e0001", r"\U000e0001"),
    ],
)
def test_names_by_hand(name, shown):
    assert printable(name) == shown


def encodable(name):
    return not any("\ud800" <= c <= "\udfff" for c in name)


@given(st.one_of(st.binary(max_size=30), texts(max_size=30).filter(encodable)))
def test_any_name_is_one_printable_line(name):
    shown = printable(name)
    assert shown.isprintable()
    shown.encode()  # no lone surrogate is left


def test_whole(tmp_path):
    path = tmp_path / "out.bin"
    with write_whole(path) as file:
        file.write(b"old")
        assert not path.exists()
    with write_whole(str(path)) as file:
        file.write(b"new")
        file.flush()
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"
    assert os.listdir(tmp_path) == ["out.bin"]


@pytest.mark.parametrize("error", [KeyError, KeyboardInterrupt, OSError, FileNotFoundError])
def test_an_error_in_the_block_passes_and_leaves_the_old(tmp_path, error):
    path = tmp_path / "out.bin"
    path.write_bytes(b"old")
    with pytest.raises(error) as caught, write_whole(path) as file:  # noqa: PT012
        file.write(b"new")
        raise error("mine")
    assert not isinstance(caught.value, WriteError)
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["out.bin"]


def test_odd_names(tmp_path):
    for name in ("x" * 255, "-n", "new\nline", os.fsdecode(b"\xff\xfe"), "%s", "雨" * 80):
        with write_whole(tmp_path / name) as file:
            file.write(name.encode("utf-8", "surrogateescape"))
    assert len(os.listdir(tmp_path)) == 6


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    target, link = tmp_path / "elsewhere" / "real", tmp_path / "link"
    target.write_bytes(b"old")
    link.symlink_to(target)
    with write_whole(link) as file:
        file.write(b"new")
    assert link.is_symlink()
    assert target.read_bytes() == b"new"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("nowhere/out.bin", "No such file or directory.; make its folder first"),
        ("folder", "a folder or a device.*; give another place"),
        ("fifo", "a folder or a device.*; give another place"),
        ("x" * 256, "File name too long"),
        ("a\nb/c", r"a\\nb/c: cannot be written"),
    ],
)
def test_one_sentence_when_it_cannot_be_written(tmp_path, name, words):
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "fifo")
    before = sorted(os.listdir(tmp_path))
    with pytest.raises(WriteError, match=words) as caught, write_whole(tmp_path / name):
        pytest.fail("not reached")
    assert isinstance(caught.value, OSError)
    assert isinstance(caught.value, LsfrefError)
    assert "\n" not in str(caught.value)
    assert sorted(os.listdir(tmp_path)) == before


def test_a_device_is_not_replaced():
    with pytest.raises(WriteError, match="/dev/null: cannot be written"), write_whole("/dev/null"):
        pytest.fail("not reached")
    assert not os.path.isfile("/dev/null")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write all")
def test_a_read_only_folder(tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "out.bin").write_bytes(b"old")
    folder.chmod(0o555)
    with pytest.raises(WriteError, match="ask for the right"), write_whole(folder / "out.bin"):
        pytest.fail("not reached")
    assert (folder / "out.bin").read_bytes() == b"old"


FULL = """
import resource, sys
from lsfref.storage.files import write_whole
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))  # a disk of 100 kB
with write_whole(sys.argv[1]) as file:
    for _ in range(int(sys.argv[2])):
        file.write(bytes(1000))
"""


@pytest.mark.parametrize("blocks", [101, 1000])  # the error comes with the last flush, or before
def test_a_full_disk_leaves_the_old_file(tmp_path, blocks):
    path = tmp_path / "out.bin"
    path.write_bytes(b"old")
    done = run(FULL, path, str(blocks))
    assert done.returncode == 1
    last = done.stderr.decode().strip().splitlines()[-1]
    assert last.startswith("lsfref.errors.WriteError: ")
    assert last.endswith("out.bin: cannot be written (File too large); give another place")
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["out.bin"]


WRITER = """
import sys
import numpy as np
from lsfref.storage.files import write_whole
print("ready", flush=True)
for turn in range(10_000):
    with write_whole(sys.argv[1]) as file:
        np.savez(file, turn=turn, data=np.full(1 << 20, turn))
"""


def environment():
    return {**os.environ, "PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"}


def run(program, *arguments):
    command = [sys.executable, "-c", program, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, env=environment(), check=False)


@pytest.mark.parametrize("kills", [3, pytest.param(25, marks=pytest.mark.slow)])
def test_kills_leave_the_old_file_or_the_new(tmp_path, kills):
    path = tmp_path / "out.npz"
    with write_whole(path) as file:
        np.savez(file, turn=-1, data=np.full(1 << 20, -1))
    rng = np.random.default_rng(kills)
    for _ in range(kills):
        command = [sys.executable, "-c", WRITER, str(path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment()) as child:
            assert child.stdout.readline() == b"ready\n"
            time.sleep(rng.uniform(0, 0.2))
            child.kill()
        with np.load(path, allow_pickle=False) as found:
            assert (found["data"] == found["turn"]).all()


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o444])
def test_a_replaced_file_keeps_its_mode_and_a_new_one_follows_the_umask(tmp_path, mode):
    old, new = tmp_path / "old", tmp_path / "new"
    old.write_bytes(b"secret")
    old.chmod(mode)
    for umask, new_mode, folder_mode in ((0o027, 0o640, 0o750), (0, 0o666, 0o777)):
        before = os.umask(umask)
        try:
            for path in (old, new):
                with write_whole(path) as file:
                    file.write(b"x")
            with scratch(tmp_path) as folder:
                assert folder.stat().st_mode & 0o1777 == folder_mode
        finally:
            os.umask(before)
        assert [path.stat().st_mode & 0o777 for path in (old, new)] == [mode, new_mode]
        new.unlink()


def test_outputs_are_checked_without_a_trace(tmp_path):
    (tmp_path / "file").write_text("old")
    os.mkfifo(tmp_path / "pipe")
    for name in ("file", "new"):
        check_output(tmp_path / name)
    for name, why in (
        ("missing/x", "make its folder first"),
        ("file/x", "Not a directory"),
        ("pipe", "a folder or a device"),
        (".", "a folder or a device"),
    ):
        with pytest.raises(WriteError, match=why):
            check_output(tmp_path / name)
    with pytest.raises(WriteError, match="device"):
        check_output("/dev/full")
    check_folder(tmp_path / "a" / "b")
    check_folder(tmp_path / "a" / "b")
    with pytest.raises(WriteError, match="cannot be written"):
        check_folder(tmp_path / "file")
    assert sorted(os.listdir(tmp_path)) == ["a", "file", "pipe"]
    assert os.listdir(tmp_path / "a" / "b") == []
    assert (tmp_path / "file").read_text() == "old"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_closed_folder_is_told(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(WriteError, match="right to write"):
        check_output(tmp_path / "x")


HOLD = """
import sys, time
from lsfref.storage.files import scratch, write_whole
with write_whole(sys.argv[1] + "/out") as file, scratch(sys.argv[1]) as folder:
    (folder / "part").write_text("x")
    print("there", flush=True)
    time.sleep(100)
"""


def test_what_a_killed_run_left_is_swept_and_nothing_else(tmp_path):
    """While it lives it holds what it writes; other names, links and pipes are never touched."""
    form = ".lsfref-{}.tmp"
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "file").write_text("mine")
    (tmp_path / form.format("a" * 16)).symlink_to(tmp_path / "outside")
    os.mkfifo(tmp_path / form.format("b" * 16))
    for name in (form.format("c" * 15), form.format("C" * 16), "lsfref-thesis.tmp", "x.tmp"):
        (tmp_path / name).write_text("mine")
    (tmp_path / "lsfref-mine").mkdir()
    mine = {path.name for path in tmp_path.iterdir()}
    running = subprocess.Popen(
        [sys.executable, "-c", HOLD, tmp_path], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    with running:
        assert running.stdout.readline() == "there\n"
        sweep(tmp_path)
        held = {path.name for path in tmp_path.iterdir()} - mine
        running.kill()
    assert len(held) == 2
    assert {path.name for path in tmp_path.iterdir()} == mine | held
    sweep(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == mine
    assert (tmp_path / "outside" / "file").read_text() == "mine"


def test_who_is_swept_while_he_begins_begins_anew(tmp_path, monkeypatch):
    from lsfref.storage import files

    real, left = files._new_file, [1, 1]

    def swept(path):
        descriptor = real(path)
        if left:
            left.pop()
            sweep(path.parent)
        return descriptor

    monkeypatch.setattr(files, "_new_file", swept)
    with write_whole(tmp_path / "x") as file:
        file.write(b"all")
    assert (tmp_path / "x").read_bytes() == b"all"
    assert os.listdir(tmp_path) == ["x"]


def test_a_scratch_folder_is_this_users_alone_and_gone_in_the_end(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with scratch() as folder:
        assert folder.parent == tmp_path
        assert folder.stat().st_mode & 0o777 == 0o700
        (folder / "x").write_text("x")
    assert os.listdir(tmp_path) == []
    with scratch(tmp_path) as folder:
        folder.rename(tmp_path / "kept")
    assert os.listdir(tmp_path) == ["kept"]


def test_json_that_would_not_fit_is_refused_before_it_is_unpacked():
    assert parse_json(b'{"files": ["a", "b"]}') == {"files": ["a", "b"]}
    names = ",".join(f'"class/video number {i}.mp4"' for i in range(300_000))
    assert len(parse_json(f"[{names}]".encode())) == 300_000
    with pytest.raises(ValueError, match="size that none of ours has"):
        parse_json(b"[" + b"[]," * 20_000_000 + b"[]]")


def test_a_million_values_and_32_mib_are_read_and_not_one_more():
    """One bracket and so many commas; two quotes and so many spaces."""
    for marks, letters in ((999_999, (32 << 20) - 2), (1_000_000, (32 << 20) - 1)):
        fine = marks < 1_000_000
        for text in (b"[" + b"0," * marks + b"0]", b'"' + b" " * letters + b'"'):
            with nullcontext() if fine else pytest.raises(ValueError, match="none of ours"):
                parse_json(text)


def test_a_pipe_is_refused_and_not_waited_for(tmp_path):
    def late(*_):
        raise TimeoutError("it waits")

    os.mkfifo(tmp_path / "pipe")
    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(5)
    try:
        with pytest.raises(OSError, match="not a regular file"):
            open_own(tmp_path / "pipe")
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def test_a_link_is_not_followed_unless_that_is_asked_for(tmp_path):
    (tmp_path / "file").write_bytes(b"x")
    (tmp_path / "link").symlink_to("file")
    with open_own(tmp_path / "file") as file:
        assert file.read() == b"x"
    with open_own(tmp_path / "link", follow=True) as file:
        assert file.read() == b"x"
    with pytest.raises(OSError, match="symbolic links"):
        open_own(tmp_path / "link")
