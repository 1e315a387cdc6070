"""Jobs, interruptions and progress: the same bytes, no one left behind, nothing on the screen."""

import concurrent.futures
import contextlib
import functools
import multiprocessing.resource_tracker
import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from processes import begin, nap, told_to_end

from lsfref.app import cli
from lsfref.app.work import workers
from lsfref.errors import LsfrefError, VideoError

pytestmark = pytest.mark.unwatched

ROOT = Path(__file__).parents[3]
QUICK = ["--set", "epochs=2", "--set", "n_samples=400", "--set", "n_scales=1"]


def square(x):
    return x * x


def die(_x):
    os._exit(9)


def fail(x):
    raise LsfrefError(f"no good: {x}")


def test_nothing_in_the_current_folder_is_run(tmp_path, labeled_clips):
    """Modules beside the videos have the names of those that a worker imports first."""
    names = "multiprocessing numpy json threading signal argparse runpy zipfile lsfref scipy"
    for name in names.split():
        (tmp_path / f"{name}.py").write_text(
            f"open({str(tmp_path / 'ran')!r}, 'a').write('{name} ')"
        )
    words = ["check", str(labeled_clips), "--jobs", "2"]
    command = [sys.executable, str(ROOT / "run.py"), *words]
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONSAFEPATH"}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert not (tmp_path / "ran").exists(), (tmp_path / "ran").read_text()
    assert "all 9 videos can be used" in done.stdout, done.stderr


class Held:
    """A crew that works only when it is asked for a result, and knows what waits."""

    def __init__(self):
        self.waiting, self.most = 0, 0

    def submit(self, function, /, *arguments):
        self.waiting += 1
        self.most = max(self.most, self.waiting)
        return function, arguments

    def result(self, sent):
        self.waiting -= 1
        return sent[0](*sent[1])


def test_results_are_in_order_and_few_wait():
    held = Held()
    found = workers.ordered(held, 5, pow, range(23), [2] * 23)
    assert list(found) == [x**2 for x in range(23)]
    assert held.most == 5
    endless = workers.ordered(held, 3, square, iter(range(10**12)))
    assert [next(endless) for _ in range(4)] == [0, 1, 4, 9]


def test_a_slow_first_one_does_not_stop_the_others():
    gate, done = threading.Event(), []

    def work(x):
        if x == 0:
            gate.wait(20)
        else:
            done.append(x)
            if len(done) == 2 * workers.AHEAD - 1:
                gate.set()
        return x

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        pool.result = concurrent.futures.Future.result
        found = workers.ordered(pool, 2 * workers.AHEAD, work, range(40))
        assert list(found) == list(range(40))


def test_a_pool_of_processes_and_its_errors():
    with workers.mapper(1) as mapper:
        assert mapper is map
    with workers.mapper(2) as mapper:
        assert list(mapper(square, range(5))) == [0, 1, 4, 9, 16]
        with pytest.raises(LsfrefError, match="no good: 3"):
            list(mapper(fail, [3]))
    with pytest.raises(LsfrefError, match=r"a worker process died.*fewer --jobs"):
        with workers.mapper(2) as mapper:
            list(mapper(die, [1]))


def test_one_function_may_be_fed_by_another():
    """As the samples of networks are fetched while the first networks are fitted."""
    with workers.mapper(2) as mapper:
        inner = (x for part in (3, 5) for x in mapper(square, range(part)))
        assert list(mapper(pow, inner, [2] * 8)) == [0, 1, 16, 0, 1, 16, 81, 256]


def nothing(path, config=None):
    return path


def touchy(path, *, extract=nothing, log=None):
    """Return what `extract` says of a path; `kill` dies at every try, `once` at the first."""
    try:
        found = extract(path, None)
    except VideoError as fault:
        return str(fault)
    with open(log, "a") as file:
        file.write(f"{path} {os.getpid()}\n")
    tries = Path(log).read_text().count(f"{path} ")
    if path.startswith("kill") or (path.startswith("once") and tries == 1):
        os.kill(os.getpid(), signal.SIGKILL)
    return found


def test_a_process_that_dies_costs_its_video_alone(tmp_path):
    log = tmp_path / "log"
    work = functools.partial(touchy, log=log, extract=nothing)
    paths = [f"{i}.mp4" for i in range(45)]
    paths[3], paths[4], paths[30], paths[44] = "kill\x1b.mp4", "once.mp4", "once too.mp4", "kill2"
    with workers.mapper(2) as mapper:
        found = list(mapper(work, paths))
        again = list(mapper(work, paths[5:9]))
    assert again == paths[5:9]
    told = {
        3: "kill\\x1b.mp4: a worker process died on it, twice",
        44: "kill2: a worker process died",
    }
    for i, (path, text) in enumerate(zip(paths, found, strict=True)):
        assert text.startswith(told[i]) if i in told else text == path
    tries = [line.rsplit(" ", 1) for line in log.read_text().splitlines()]
    last = [pid for path, pid in tries if path == paths[3]][-1]
    assert [path for path, pid in tries if pid == last] == [paths[3]]  # alone


def wait_for(path):
    """Die as the others start; those wait for a moment."""
    if path == "die":
        os._exit(9)
    time.sleep(0.05)
    return path


def test_a_broken_pool_that_misses_a_process_is_ended(monkeypatch, tmp_path):
    """As it breaks, a pool ends its processes, but for one that was just about to start."""
    tell_all = concurrent.futures.process._ExecutorManagerThread.terminate_broken

    def tell_all_but_one(manager, cause):
        process = [p for p in manager.processes.values() if p.is_alive()][-1]
        process.terminate = lambda: vars(process).pop("terminate")
        missed.append(process)
        tell_all(manager, cause)

    missed, manager = [], concurrent.futures.process._ExecutorManagerThread
    monkeypatch.setattr(manager, "terminate_broken", tell_all_but_one)
    monkeypatch.setattr(manager, "shutdown_workers", lambda manager: None)
    crew = workers.Crew(2, tmp_path)
    for future in [crew.submit(wait_for, "a") for _ in range(2)]:  # so that there are two
        future.result()
    waiting = [crew.submit(wait_for, path) for path in ("die", "b", "c", "d")]
    with pytest.raises(concurrent.futures.process.BrokenProcessPool):
        waiting[0].result()
    ending = threading.Thread(target=crew.stop, daemon=True)
    ending.start()
    ending.join(20)
    hung = ending.is_alive()
    for process in missed:
        process.kill()  # so that a failure does not wait for it
    assert missed
    assert not hung


def test_a_worker_waits_for_no_lock_as_it_is_told_to_end(monkeypatch):
    """It may be told again in the middle of that, and would wait for itself."""
    called, before = [], signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr(workers, "_told_to_end", workers._told_to_end)
    monkeypatch.setattr(signal, "alarm", lambda _seconds: None)
    sys.setprofile(lambda _frame, event, what: called.append(what) if event == "c_call" else None)
    try:
        with pytest.raises(SystemExit):
            workers._end()
    finally:
        sys.setprofile(None)
        signal.signal(signal.SIGTERM, before)
    assert sys.exit in called
    assert not [what for what in called if "lock" in repr(what).lower()], called


def deaf():
    """Be told to end, and lose it."""
    begin(square)
    workers.GRACE = 1
    signal.signal(signal.SIGTERM, workers._end)
    with contextlib.suppress(SystemExit):
        os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(30)


def test_a_worker_that_loses_the_call_to_end_ends():
    assert told_to_end(deaf) == -signal.SIGALRM


def test_work_that_a_pool_loses_as_it_breaks_is_done_again(monkeypatch, tmp_path):
    """Up to Python 3.11, what is sent as a pool fails all that it has is in no list of it."""
    fail_all, lost = concurrent.futures.process._ExecutorManagerThread.terminate_broken, []

    def fail_all_but_one(manager, cause):
        if not lost:
            lost.append(manager.pending_work_items.pop(0))
        fail_all(manager, cause)

    manager, paths = concurrent.futures.process._ExecutorManagerThread, ["once", "a", "b", "c"]
    monkeypatch.setattr(manager, "terminate_broken", fail_all_but_one)
    crew, found = workers.Crew(1, tmp_path), []
    work = workers.ordered(crew, 9, functools.partial(touchy, log=tmp_path / "log"), paths)
    run = threading.Thread(target=found.extend, args=(work,), daemon=True)
    run.start()
    run.join(30)
    assert found == paths
    assert lost
    crew.stop()


def size_of(x, *, network):
    return x, len(network)


def test_a_worker_that_is_killed_as_it_starts_is_not_waited_for(monkeypatch):
    """Not even with much to tell it: a pipe holds 64 KB, and nobody else reads that one."""
    start, killed = multiprocessing.util.spawnv_passfds, []

    def start_and_kill(*command):
        pid = start(*command)
        if not killed:
            os.kill(pid, signal.SIGKILL)
            killed.append(pid)
        return pid

    def run():
        with workers.mapper(2) as mapper:
            found.extend(mapper(functools.partial(size_of, network=b"x" * 3_000_000), range(3)))

    found, work = [], threading.Thread(target=run, daemon=True)
    multiprocessing.resource_tracker.ensure_running()  # else that is killed
    monkeypatch.setattr(multiprocessing.util, "spawnv_passfds", start_and_kill)
    work.start()
    work.join(30)
    assert found == [(x, 3_000_000) for x in range(3)]
    assert killed


def test_a_run_goes_on_when_a_worker_is_killed(labeled_clips, tmp_path):
    """`extract` of a video whose reader kills the process that reads it."""
    paths = sorted(labeled_clips.parent.glob("*.mkv"))[:4]
    deadly = tmp_path / "deadly.py"
    deadly.write_text(
        "import os, sys\n"
        "from lsfref.phases import extraction\n"
        "def extract(path, config, inner=extraction.extract, **rest):\n"
        f"    if str(path) == {str(paths[1])!r}: os.kill(os.getpid(), 9)\n"
        "    return inner(path, config, **rest)\n"
        "extraction.extract = extract\n"
        "from lsfref.app import cli\n"
        "if __name__ == '__main__': sys.exit(cli.main(sys.argv[1:]))\n"
    )
    words = ["extract", *paths, "--out", tmp_path / "out", "--cache", "none", "--jobs", 2]
    ran = subprocess.run(
        [sys.executable, deadly, *map(str, words)], cwd=ROOT, capture_output=True, text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert ran.returncode == 1, ran.stderr
    assert f"{paths[1]}: a worker process died on it, twice" in ran.stderr
    assert "Traceback" not in ran.stderr
    assert [line.split(":")[0] for line in ran.stdout.splitlines()] == [
        str(tmp_path / "out" / f"{path.name}.npy") for i, path in enumerate(paths) if i != 1
    ]


def test_an_exception_ends_long_work_at_once():
    with workers.mapper(2) as mapper:  # both processes are there, and imported
        list(mapper(nap, [0, 0]))
        began = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
            interrupt_while_sleeping()
    assert time.monotonic() - began < 50


def be_told_between_two_tasks():
    begin(nap)
    workers._task(0)
    os.kill(os.getpid(), signal.SIGTERM)
    nap(50)


def waits_for_term(_x):
    return signal.SIGTERM in signal.pthread_sigmask(signal.SIG_BLOCK, [])


def test_processes_start_whole_and_hear_the_call_to_end(monkeypatch, tmp_path):
    with workers.mapper(2) as mapper:
        assert list(mapper(waits_for_term, range(3))) == [False] * 3
    started = []

    def told_meanwhile(_pool, *each):
        signal.pthread_kill(threading.get_ident(), signal.SIGTERM)
        started.append(each)

    monkeypatch.setattr(concurrent.futures.ProcessPoolExecutor, "submit", told_meanwhile)
    with cli.ended_by_signals(), pytest.raises(SystemExit):
        workers.Crew(2, tmp_path).pool.submit(7)
    assert started == [(workers._task, 7)]


def test_processes_are_ended_whole_when_ctrl_c_comes_twice(monkeypatch):
    done = []

    def stop(_crew, *, cancel):
        signal.pthread_kill(threading.get_ident(), signal.SIGINT)
        done.append(cancel)

    monkeypatch.setattr(workers.Crew, "stop", stop)
    with pytest.raises(KeyboardInterrupt), workers.mapper(2):
        raise KeyboardInterrupt
    assert done == [True]


def test_ctrl_c_while_work_that_nobody_wants_comes_to_its_end_ends_it(monkeypatch):
    stop = workers.Crew.stop

    def interrupted(crew, *, cancel=False):
        monkeypatch.setattr(workers.Crew, "stop", stop)
        raise KeyboardInterrupt

    stack = contextlib.ExitStack()
    mapper = stack.enter_context(workers.mapper(2))
    naps = iter(mapper(nap, [0.1, 0.2, 0.3, 50, 50]))
    assert [next(naps) for _ in range(3)] == [0.1, 0.2, 0.3]
    monkeypatch.setattr(workers.Crew, "stop", interrupted)
    with pytest.raises(KeyboardInterrupt):
        stack.close()
    left = multiprocessing.active_children()
    for process in left:
        process.kill()  # so that a failure does not wait for it
    assert not left


def test_a_call_to_end_between_two_tasks_ends_at_once():
    assert told_to_end(be_told_between_two_tasks) == -signal.SIGTERM


def misread_the_call_to_end():
    try:
        os.kill(os.getpid(), signal.SIGTERM)
        nap(50)
    except SystemExit:
        raise ImportError("as extension modules do") from None


def be_told_in_an_import():
    begin(misread_the_call_to_end)
    workers._task()


def test_a_call_to_end_in_an_import_is_not_taken_for_its_failure(capfd):
    assert told_to_end(be_told_in_an_import) == 143
    assert capfd.readouterr().err == ""


def catches(process, number):
    """Whether a process has a handler for a signal."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(re.search(r"SigCgt:\s*(\w+)", status)[1], 16) >> (number - 1) & 1


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="/proc tells when to begin")
@pytest.mark.parametrize("at", [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.65, 0.7, 0.75, 0.8, 0.9])
def test_an_early_ctrl_c_shows_no_traceback(labeled_clips, tmp_path, at):
    endless = ["--set", "epochs=1000000"]  # else a fast machine is done before the signal comes
    words = train(labeled_clips, tmp_path / "m.npz", "--jobs", "2", "--cache", "none", *endless)
    running = start(words)
    while not catches(running, signal.SIGTERM):
        time.sleep(0.005)
    time.sleep(at)
    os.killpg(running.pid, signal.SIGINT)
    _, err = running.communicate(timeout=60)
    assert running.returncode == 130
    assert "Traceback" not in err
    assert err.splitlines()[-1] == "run.py train: interrupted"


def interrupt_while_sleeping():
    with workers.mapper(2) as mapper:
        found = mapper(nap, [0, 100, 100, 100])
        assert next(found) == 0
        raise KeyboardInterrupt


def train(labels, model, *flags):
    flags = ["--labels", labels, "--model", model, *QUICK, *flags]
    return [str(part) for part in ["train", *flags]]


@pytest.fixture(scope="module")
def wanted(labeled_clips, tmp_path_factory):
    """The model of one job without a cache."""
    model = tmp_path_factory.mktemp("wanted") / "model.npz"
    assert cli.main(train(labeled_clips, model, "--jobs", "1", "--cache", "none", "--quiet")) == 0
    return model.read_bytes()


def start(arguments, **rest):
    """Start a command in a session of its own, so that nobody else's processes are in it."""
    return subprocess.Popen(
        [sys.executable, ROOT / "run.py", *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True, text=True, **rest,
    )  # fmt: skip


def gone(session, *, within):
    """Whether every process of a session ends in so many seconds."""
    end = time.monotonic() + within
    while time.monotonic() < end:
        try:
            os.killpg(session, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False


@pytest.mark.slow
@pytest.mark.parametrize("whole_group", [False, True], ids=["kill", "terminal"])
def test_interrupted_and_continued_by_two_jobs_gives_the_same_bytes(
    labeled_clips, wanted, tmp_path, whole_group
):
    model, cache = tmp_path / "model.npz", tmp_path / "cache"
    arguments = train(labeled_clips, model, "--jobs", "2", "--cache", cache)
    running = start(arguments)
    end = time.monotonic() + 120
    while not list(cache.glob("*.npz")) and time.monotonic() < end:
        time.sleep(0.02)
    if whole_group:  # as a terminal does it
        os.killpg(running.pid, signal.SIGINT)
    else:
        running.send_signal(signal.SIGINT)
    _, err = running.communicate(timeout=60)
    assert running.returncode == 130
    assert err.splitlines()[-1] == "run.py train: interrupted"
    assert "Traceback" not in err
    assert gone(running.pid, within=20)
    assert not model.exists()
    assert {path.suffix for path in cache.iterdir()} == {".npz", ".TAG"}
    assert 1 <= len(list(cache.glob("*.npz"))) < 9
    if whole_group:
        return  # the rest is the same
    again = start(arguments)
    _, err = again.communicate(timeout=240)
    assert again.returncode == 0, err
    assert model.read_bytes() == wanted
    model.unlink()
    assert cli.main(train(labeled_clips, model, "--jobs", "1", "--cache", cache, "--quiet")) == 0
    assert model.read_bytes() == wanted  # all from the cache
    assert not list(tmp_path.rglob("*.tmp"))


@pytest.mark.slow
def test_nobody_outlives_a_killed_parent(labeled_clips, tmp_path):
    cache = tmp_path / "cache"
    running = start(train(labeled_clips, tmp_path / "m.npz", "--jobs", "2", "--cache", cache))
    end = time.monotonic() + 120
    while not list(cache.glob("*")) and time.monotonic() < end:
        time.sleep(0.02)
    running.kill()
    running.communicate(timeout=60)
    assert gone(running.pid, within=30)


def test_a_broken_entry_is_told_and_the_model_is_the_same(labeled_clips, wanted, tmp_path, capsys):
    model, cache = tmp_path / "model.npz", tmp_path / "cache"
    arguments = train(labeled_clips, model, "--jobs", "1", "--cache", cache)
    assert cli.main(arguments) == 0
    entry = sorted(cache.iterdir())[0]
    entry.write_bytes(entry.read_bytes()[:-100])
    capsys.readouterr()
    assert cli.main(arguments) == 0
    told = capsys.readouterr().err
    assert told.count("warning: ") == 1
    assert f"warning: {entry}: broken cache entry; computed again" in told
    assert model.read_bytes() == wanted
