"""Work on a Dask cluster: a scheduler and two workers on the loopback, the bytes of one job."""

import contextlib
import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from lsfref.app.cli import main
from lsfref.app.work import cluster as cluster_work
from lsfref.errors import LsfrefError

pytestmark = pytest.mark.unwatched
real = pytest.mark.cluster

ROOT = Path(__file__).parents[3]
QUICK = ["--set", "epochs=2", "--set", "n_samples=400", "--set", "n_scales=1"]
HERE = os.environ | {"PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"}
HERE |= {"DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "1"}
ODD = """
import os
from lsfref.phases import extraction
def extract(path, config, inner=extraction.extract, **rest):
    if str(path).endswith("01.mkv"): os._exit(9)
    return inner(path, config, **rest)
extraction.extract = extract
def exists(path, inner=os.path.exists):
    return not str(path).endswith("11.mkv") and inner(path)
os.path.exists = exists
"""


class Cluster:
    """A scheduler and its workers, processes of their own."""

    def __init__(self, folder):
        pytest.importorskip("distributed")
        self.folder, self.running = folder, []

    def begin(self, *, n_workers=2, workers=()):
        about = self.folder / "scheduler.json"
        self.start("scheduler", "--host", "127.0.0.1", "--port", "0", "--scheduler-file", about)
        until(about.exists)
        until(lambda: about.read_text().endswith("}"))
        self.address = json.loads(about.read_text())["address"]
        for _ in range(n_workers):
            self.start("worker", self.address, "--local-directory", self.folder, *workers)
        until(lambda: len(self.threads()) == n_workers)

    def start(self, kind, *words):
        if kind == "worker" and "--nthreads" not in words:
            words = [*words, "--nthreads", "1"]
        command = [sys.executable, "-m", "dask", kind, *map(str, words), "--no-dashboard"]
        with open(self.folder / "log", "a") as log:
            process = subprocess.Popen(
                command, stdout=log, stderr=log, env=HERE, start_new_session=True
            )
        self.running.append(process)

    def ask(self, question):
        """What a function makes of the scheduler."""
        from dask.distributed import Client

        with Client(self.address, set_as_default=False) as client:
            return client.run_on_scheduler(question)

    def threads(self):
        return self.ask(
            lambda dask_scheduler: [w.nthreads for w in dask_scheduler.workers.values()]
        )

    def end(self):
        for process in self.running:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # a nanny and its worker
            process.wait()


def until(happened, *, within=60):
    end = time.monotonic() + within
    while not happened():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.fixture
def make(tmp_path):
    made = []

    def start(**how):
        folder = tmp_path / f"cluster {len(made)}"
        folder.mkdir()
        made.append(Cluster(folder))
        made[-1].begin(**how)
        return made[-1]

    yield start
    for cluster in made:
        cluster.end()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    made = Cluster(tmp_path_factory.mktemp("cluster"))
    try:
        made.begin()
        yield made
    finally:
        made.end()


def start(*words, **rest):
    command = [sys.executable, ROOT / "run.py", *map(str, words)]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, env=HERE, **rest)


def run(*words, status=0, **rest):
    """What a command prints, and what it says."""
    out, err = (running := start(*words, **rest)).communicate(timeout=300)
    assert running.returncode == status, err
    assert "Traceback" not in err
    return out, err


def train(labels, model, *flags):
    return ["train", "--labels", labels, "--model", model, "--no-estimate", *QUICK, *flags]


@pytest.fixture(scope="module")
def wanted(labeled_clips, tmp_path_factory):
    """The model of one job."""
    model = tmp_path_factory.mktemp("wanted") / "model.npz"
    run(*train(labeled_clips, model, "--jobs", "1", "--cache", "none"))
    return model


@real
def test_the_bytes_are_those_of_one_job(cluster, labeled_clips, wanted, tmp_path):
    """Of every command; paths are those of the folder where it is run."""
    home, on = labeled_clips.parent, ["--cluster", cluster.address]
    caches = ["--cache", tmp_path / "cache"]
    run(*train(labeled_clips.name, tmp_path / "m.npz", *on, *caches), cwd=home)
    assert (tmp_path / "m.npz").read_bytes() == wanted.read_bytes()
    for words in (
        ["classify", ".", "--model", wanted, "--json"],
        ["classify", "00.mkv", "--model", wanted, "--json", "--timeline", "1"],
        ["retrieve", "00.mkv", "--model", wanted, "--json"],
        ["check", labeled_clips.name],
        ["evaluate", "--labels", labeled_clips.name, "--folds", "3", "--json", *QUICK],
        ["classify", "absent.mkv", "00.mkv", "--model", wanted, "--json"],
        [
            "compare",
            "--labels",
            labeled_clips.name,
            "--folds",
            "2",
            "--rows",
            "raw",
            "lsfnet",
            "--page",
            "none",
            "--json",
            *QUICK,
        ],
    ):
        status = int("absent.mkv" in words)
        alone = run(*words, "--jobs", "1", "--cache", "none", cwd=home, status=status)
        assert run(*words, *on, *caches, cwd=home, status=status)[0] == alone[0]
    (home / "more.csv").write_text("file,background,foreground\nmore.mkv,rain,none\n")
    shutil.copy(home / "00.mkv", home / "more.mkv")
    for name, how in (("c", [*on, *caches]), ("d", ["--jobs", "1"])):
        grown = ["--model", wanted, "-o", tmp_path / name]
        run("add", "--labels", "more.csv", *grown, *how, cwd=home)
    assert (tmp_path / "c").read_bytes() == (tmp_path / "d").read_bytes()
    run("extract", "00.mkv", "--out", tmp_path / "a", *QUICK[-2:], *on, *caches, cwd=home)
    run("extract", "00.mkv", "--out", tmp_path / "b", *QUICK[-2:], "--jobs", "1", cwd=home)
    rows = [(tmp_path / part / "00.mkv.npy").read_bytes() for part in "ab"]
    assert rows[0] == rows[1]
    until(lambda: cluster.ask(lambda dask_scheduler: len(dask_scheduler.tasks)) == 0)


@real
def test_a_worker_that_is_killed_costs_a_line(make, labeled_clips, wanted, tmp_path):
    cluster, cache = make(), tmp_path / "cache"
    model = tmp_path / "m.npz"
    running = start(*train(labeled_clips, model, "--cache", cache, "--cluster", cluster.address))
    until(lambda: list(cache.glob("*")))
    victims = cluster.ask(lambda dask_scheduler: [w.pid for w in dask_scheduler.workers.values()])
    os.kill(victims[0], signal.SIGKILL)
    _, err = running.communicate(timeout=300)
    assert running.returncode == 0, err
    assert len(re.findall(r"note: worker tcp://\S+ is gone; its videos go to others\n", err)) == 1
    assert model.read_bytes() == wanted.read_bytes()


@real
def test_a_video_that_kills_and_one_that_is_not_seen(make, labeled_clips, tmp_path):
    """Clip 01 ends each worker that reads it; 11 is not there for workers. The others are done."""
    (tmp_path / "odd.py").write_text(ODD)
    cluster = make(workers=["--preload", tmp_path / "odd.py"])
    clips = sorted(labeled_clips.parent.glob("*.mkv"))
    words = ["extract", *clips, "--out", tmp_path / "out", "--cache", "none", *QUICK[-2:]]
    _, err = run(*words, "--cluster", cluster.address, status=1)
    assert "01.mkv: worker after worker died on it, at last alone" in err
    assert re.search(r"11\.mkv: worker tcp://\S+ cannot see it", err)
    names = {path.stem for path in (tmp_path / "out").iterdir()}
    assert names == {path.name for path in clips} - {"01.mkv", "11.mkv"}


@real
@pytest.mark.parametrize("odd", ["threads", "version"])
def test_a_worker_that_is_not_alike_is_refused_by_name(make, labeled_clips, tmp_path, odd):
    (tmp_path / "odd.py").write_text("import lsfref; lsfref.__version__ = '0.0.1'")
    words = {"threads": ["--nthreads", "2"], "version": ["--preload", tmp_path / "odd.py"]}[odd]
    cluster = make(n_workers=1, workers=words)
    _, err = run("check", labeled_clips, "--cluster", cluster.address, status=3)
    told = {"threads": "--nthreads is 2, and has to be 1", "version": "lsfref is 0.0.1, and has"}
    assert re.search(rf"worker tcp://\S+: {told[odd]}", err), err


@real
def test_one_that_joins_later_is_looked_at_too(monkeypatch):
    """Each task looks at its worker; the folder is left as it was."""
    threads = SimpleNamespace(nthreads=2)
    here = SimpleNamespace(address="tcp://there", state=threads)
    monkeypatch.setattr("dask.distributed.get_worker", lambda: here)
    ask, before = [cluster_work.itself(1), "/", False], os.getcwd()
    with pytest.raises(LsfrefError, match="worker tcp://there: --nthreads is 2"):
        cluster_work.work(*ask, os.getcwd)
    threads.nthreads = 1
    assert cluster_work.work(*ask, os.getcwd) == "/"
    assert os.getcwd() == before
    crooked = np.frombuffer(bytes(17), np.float64, count=2, offset=1)
    assert not crooked.flags.aligned
    assert cluster_work.work(*ask, lambda a: a.flags.aligned, crooked)


@real
def test_a_scheduler_that_goes_away_is_told_and_the_cache_kept(make, labeled_clips, tmp_path):
    cluster, cache = make(), tmp_path / "cache"
    words = train(labeled_clips, tmp_path / "m.npz", "--cache", cache)
    running = start(*words, "--cluster", cluster.address)
    until(lambda: list(cache.glob("*.npz")))
    cluster.running[0].kill()
    _, err = running.communicate(timeout=100)
    assert running.returncode == 3, err
    assert "Traceback" not in err
    assert err.splitlines()[-1].startswith("run.py train: --cluster: the scheduler is gone")
    assert list(cache.glob("*.npz"))


@real
def test_ctrl_c_leaves_nothing_to_be_done(cluster, labeled_clips, tmp_path):
    cache = tmp_path / "cache"
    words = train(labeled_clips, tmp_path / "m.npz", "--cache", cache)
    running = start(*words, "--cluster", cluster.address)
    until(lambda: list(cache.glob("*")))
    running.send_signal(signal.SIGINT)
    _, err = running.communicate(timeout=60)
    assert running.returncode == 130
    assert err.splitlines()[-1] == "run.py train: interrupted"
    until(lambda: cluster.ask(lambda dask_scheduler: len(dask_scheduler.tasks)) == 0)


@real
def test_the_section_of_the_readme(labeled_clips, tmp_path):
    """Its lines after `pip install`, in a shell, with two workers here."""
    section = (ROOT / "README.md").read_text().partition("## More than one machine")[2]
    _, *lines = section.partition("```sh\n")[2].partition("```")[0].splitlines()
    shutil.copytree(labeled_clips.parent, tmp_path / "demo")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    python = shlex.quote(sys.executable)
    changed = {"8786": port, "HOST": "127.0.0.1", "--nworkers 16": "--nworkers 2"}
    changed |= {"dask ": f"{python} -m dask ", "lsfref train": f"{python} -m lsfref train --quiet"}
    script = "\n".join(lines)
    for old, new in changed.items():
        assert old in script
        script = script.replace(old, new)
    with open(tmp_path / "said", "w+") as said:
        shell = subprocess.Popen(
            ["bash", "-c", script], cwd=tmp_path, env=HERE, stdout=said, stderr=said,
            start_new_session=True,
        )  # fmt: skip
        status = shell.wait(300)
        os.killpg(shell.pid, signal.SIGKILL)  # what runs in the background
        said.seek(0)
        assert status == 0, said.read()
    assert (tmp_path / "demo.npz").exists()


@real
def test_a_scheduler_that_is_not_there_and_one_without_workers(make, labeled_clips):
    _, err = run("check", labeled_clips, "--cluster", "tcp://127.0.0.1:9", status=3)
    assert "no scheduler with a worker" in err
    _, err = run("check", labeled_clips, "--cluster", make(n_workers=0).address, status=3)
    assert "no scheduler with a worker" in err


def test_without_the_package_it_is_one_sentence(monkeypatch, labeled_clips, capsys):
    monkeypatch.setitem(sys.modules, "dask", None)
    assert main(["check", str(labeled_clips), "--cluster", "tcp://127.0.0.1:8786"]) == 3
    told = 'run.py check: --cluster: Dask is not installed; pip install "dask[distributed]"'
    assert capsys.readouterr().err.splitlines()[-1].endswith(told.partition(" ")[2])


def test_jobs_or_a_cluster(labeled_clips, capsys):
    words = ["check", str(labeled_clips), "--jobs", "2", "--cluster", "tcp://127.0.0.1:8786"]
    with pytest.raises(SystemExit) as left:
        main(words)
    assert left.value.code == 2
    assert "--cluster: not allowed with argument --jobs" in capsys.readouterr().err


def test_nobody_imports_dask_unasked():
    ask = "import sys; from lsfref.app import cli; cli.main(['check', 'absent']);"
    ask += "print('dask' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", ask], env=HERE, capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "False"
