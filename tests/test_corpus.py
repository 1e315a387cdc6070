"""Every file of the corpus through the reader: the outcome that was expected, and no other."""

import json
import os
import re
import socket
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import corpus
import pytest

from lsfref.errors import VideoError
from lsfref.media.decoding import count_frames
from lsfref.storage.files import printable
from lsfref.video import read_frames

pytestmark = pytest.mark.unwatched

ROOT = Path(__file__).parents[1]
TIMED = {case.name for case in [*corpus.CONTAINERS, *corpus.TIMES, *corpus.CHANGES]}
ALWAYS = [*corpus.SCRIPTS, *corpus.BOMBS, *corpus.ODDITIES[-17:]]
IN_BRIEF = re.compile("cut at (33.3|90) |40-45")  # of the damaged; of the others one in four


@pytest.fixture(scope="session")
def listener():
    """A socket on which nobody may call."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        server.setblocking(False)
        yield server
        with pytest.raises(BlockingIOError):
            server.accept()


@pytest.fixture(scope="session")
def factory(tmp_path_factory, listener):
    folder = tmp_path_factory.mktemp("corpus")
    return corpus.Factory(folder, port=listener.getsockname()[1])


def parameters(cases):
    for number, case in enumerate(cases):
        name = f"{number}-{printable(case.name)[:40]}"
        brief = case in ALWAYS or IN_BRIEF.search(str(case.name))
        if case not in corpus.DAMAGED:
            brief = brief or number % 4 == 0
        yield pytest.param(case, id=name, marks=[] if brief else pytest.mark.slow)


def outcome_of(path):
    """Read a file; return (outcome, frames, what was said)."""
    told, count = [], 0
    try:
        for frame_HW in read_frames(path, warn=told.append):
            assert not told
            assert frame_HW.ndim == 2
            count += 1
    except VideoError as error:
        return "error", count, str(error)
    assert len(told) <= 1
    return ("warning", count, told[0]) if told else ("ok", count, "")


@pytest.mark.parametrize("case", list(parameters(corpus.CASES)))
def test_reader(factory, case):
    path = factory.path(case)
    start = time.monotonic()
    outcome, count, said = outcome_of(path)
    assert time.monotonic() - start < 10
    if case.outcome == "told":
        assert outcome in ("warning", "error"), f"{count} frames in silence"
    elif case.outcome != "any":
        assert outcome == case.outcome, said
    if case.outcome == "ok":
        assert count == case.frames
    if case.name in TIMED and outcome != "error":
        assert count_frames(path, warn=lambda text: None) == count
    assert re.search(case.says, said)
    if said:  # one printable sentence with the name of the file
        assert said.startswith(printable(path) + ": ")
        assert said.isprintable()
        assert len(said) < 800


def test_the_corpus_is_large_and_no_name_occurs_twice():
    names = Counter(os.fsencode(case.name) for case in corpus.CASES)
    assert len(names) >= 300
    assert set(names.values()) == {1}


def test_the_corpus_is_the_same_every_time(factory, tmp_path):
    again = corpus.Factory(tmp_path, port=factory.port)
    for case in [*corpus.CONTAINERS[:4], *corpus.DAMAGED[:3], *corpus.BOMBS]:
        assert again.path(case).read_bytes() == factory.path(case).read_bytes(), case.name


def test_no_script_touches_its_neighbor(factory):
    """A read would move the canary's access time forward from long ago."""
    canary = factory.folder / "canary.mkv"
    scripts = [factory.path(case) for case in corpus.SCRIPTS]
    os.utime(canary, (10**9, 10**9 + 10**6))
    probe = factory.folder / "probe"
    probe.write_bytes(b"x")
    os.utime(probe, (10**9, 10**9 + 10**6))
    probe.read_bytes()
    if probe.stat().st_atime == 10**9:
        pytest.skip("this file system keeps no access times")
    for path in scripts:
        assert outcome_of(path)[0] == "error"
    assert canary.stat().st_atime == 10**9


BOMB = """
import json, resource, sys, time
from lsfref.errors import VideoError
from lsfref.media.decoding import count_frames
from lsfref.video import read_frames
found = []
for path in sys.argv[1:]:
    for read in (lambda p: list(read_frames(p)), count_frames):
        start = time.monotonic()
        try:
            read(path)
            said = ""
        except VideoError as error:
            said = str(error)
        own = [line for line in open("/proc/self/status") if line.startswith("VmHWM")]
        peak = int(own[0].split()[1])  # ru_maxrss would be that of whoever started us, too
        peak += resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
        found.append((path, said, time.monotonic() - start, peak / 1024))
print(json.dumps(found))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
def test_bombs_are_refused_quickly_and_in_little_memory(factory):
    paths = [str(factory.path(case)) for case in corpus.BOMBS]
    command = [sys.executable, "-c", BOMB, *paths]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, check=True, env=environment)
    for path, said, seconds, megabytes in json.loads(done.stdout):
        assert said, path
        assert seconds < 2
        assert megabytes < 300
        if path.endswith("8000x8000.gif"):
            assert os.path.getsize(path) < 1000
            assert re.search("more than 33177600 pixels; allow more with --max-pixels", said)
