"""Hostile files, kills and long videos met by the commands: one bad file never stops the rest."""

import csv
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import corpus
import numpy as np
import pytest
from clips import clip, texture

from lsfref.app.cli import main
from lsfref.media.writer import write_video
from lsfref.storage.files import printable

ROOT = Path(__file__).parents[1]
pytestmark = pytest.mark.unwatched
QUICK = ["--set", "epochs=3", "--set", "n_samples=1500", "--set", "n_scales=1"]
SMALL = re.compile("^(1x1|2x2|31x40|wide|tall)")  # frames below 32 pixels on a side
SHORT = re.compile("^(one frame|two frames|15 frames)")
BRIEF = [
    "h264.mp4", "variable rate.mkv", "cut at 75 %.avi", "ffconcat.mp4", "8000x8000.gif", "fifo.mp4",
    "empty.mp4", "15 frames.mp4", "new\nline.mp4", "escape\x1b[31m.mp4", "-dash.mp4", "folder.mp4",
    "2x2.mkv", "size changes.ts",
]  # fmt: skip


def run(*words, **options):
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", **options.pop("env", {})}
    command = [sys.executable, str(ROOT / "run.py"), *map(str, words)]
    return subprocess.run(command, capture_output=True, check=False, env=environment, **options)


NOTE = "note: the model holds no estimate of its accuracy; `evaluate --labels` measures it"


@pytest.fixture(scope="module")
def trained(labeled_clips, tmp_path_factory):
    path = tmp_path_factory.mktemp("trained") / "m.npz"
    words = ["--labels", str(labeled_clips), "--model", str(path), "--jobs", "1", "--quiet"]
    assert main(["train", *words, "--cache", "none", "--no-estimate", *QUICK]) == 0
    return path


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def factory(tmp_path_factory):
    return corpus.Factory(tmp_path_factory.mktemp("corpus"), port=1)


def by_name(*names):
    return [next(case for case in corpus.CASES if case.name == name) for name in names]


def expected(case):
    """The outcome of `classify`: short and small videos have frames, but no answer."""
    name = str(case.name)
    return "error" if SMALL.match(name) or SHORT.match(name) else case.outcome


def check_rows(cases, paths, rows):
    assert [row["file"] for row in rows] == list(map(str, paths))
    for case, row in zip(cases, rows, strict=True):
        outcome = "error" if row["error"] else "warning" if row["warnings"] else "ok"
        wanted = "warning" if str(case.name).startswith("dark") else expected(case)  # no tracks: D4
        if wanted == "told":
            assert outcome in ("warning", "error"), case.name
        elif wanted != "any":
            assert outcome == wanted, (case.name, row)
        if case.outcome == "ok" and not SMALL.match(str(case.name)):  # told at the first frame
            assert row["frames"] == case.frames, case.name
        if outcome == "error":
            assert row["background"] is None
            assert row["foreground"] is None
        else:
            assert sum(row["background"]["confidence"].values()) == pytest.approx(1)
        said = [*row["warnings"], *([row["error"]] if row["error"] else [])]
        assert all(text.isprintable() and printable(row["file"]) in text for text in said)


def summary(errors):
    """The counts at the end, and the cause of each failed file, which is told once, as it comes."""
    lines = errors.splitlines()
    return lines[-1], [line[len("error: ") :] for line in lines if line.startswith("error: ")]


def test_one_bad_file_never_stops_the_rest(factory, trained, cache, capfd):
    cases = by_name(*BRIEF)
    paths = [factory.path(case) for case in cases]
    words = ["classify", "--model", str(trained), "--jobs", "1", "--cache", str(cache)]
    assert main([*words, "--json", "--", *map(str, paths)]) == 1
    out, err = capfd.readouterr()
    rows = [json.loads(line) for line in out.splitlines()]
    check_rows(cases, paths, rows)
    assert "\x1b" not in out + err
    head, causes = summary(err)
    bad = [row["error"] for row in rows if row["error"]]
    assert head == (f"{len(rows) - len(bad)} ok, {len(bad)} failed")
    assert causes == bad
    assert all(err.count(cause) == 1 for cause in causes)


def test_names_in_every_form_of_output(factory, trained, cache):
    """Also where stdout can print ASCII alone, and with the names that a shell would hand over."""
    names = [
        "new\nline.mp4",
        "=cmd().mp4",
        "regen \u96e8.mp4",
        b"not\xff\xfeutf8.mp4",
        "\u202egnp.mp4",
    ]
    paths = [factory.path(case) for case in by_name(*names)]
    words = ["classify", "--model", trained, "--jobs", "1", "--cache", cache, *paths]
    for form in ([], ["--csv"], ["--json"]):
        done = run(*words, *form, env={"PYTHONIOENCODING": "ascii"})
        assert done.returncode == 0, done.stderr.decode()
        assert done.stderr.count(b"Traceback") == 0
        lines = done.stdout.decode("ascii").splitlines()
        assert len(lines) == len(paths) + (form != ["--json"])
        assert "\x1b" not in done.stdout.decode()
    assert [json.loads(line)["file"] for line in lines] == list(map(str, paths))


def test_a_closed_pipe_ends_quietly(factory, trained, cache):
    path = factory.path(by_name("h264.mp4")[0])
    words = [sys.executable, str(ROOT / "run.py"), "classify", "--model", str(trained), "--json"]
    words += ["--jobs", "1", "--cache", str(cache), "--quiet", *[str(path)] * 3]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        child.stdout.close()
        assert child.stderr.read().decode() == f"{NOTE}\n"
    assert child.returncode == 0


def write_labels(path, videos):
    classes = ("rain", "normal", "noise")
    with open(path, "w", newline="", encoding="utf-8", errors="surrogateescape") as file:
        writer = csv.writer(file)
        writer.writerow(["file", "background", "foreground"])
        for i, video in enumerate(videos):
            writer.writerow([video, classes[i % 3], "none" if i % 2 else "human"])


def test_check_lists_what_is_wrong(factory, tmp_path, capfd):
    names = ["h264.mp4", "cut at 75 %.avi", "ffconcat.mp4", "8000x8000.gif", "15 frames.mp4"]
    cases = by_name(*names)
    write_labels(tmp_path / "labels.csv", [factory.path(case) for case in cases])
    assert main(["check", str(tmp_path / "labels.csv"), "--jobs", "1", "--json"]) == 3
    rows = {Path(r["file"]).name: r for r in map(json.loads, capfd.readouterr().out.splitlines())}
    assert set(rows) == set(names)
    assert (rows["h264.mp4"]["frames"], rows["h264.mp4"]["error"]) == (40, None)
    assert "damaged" in rows["cut at 75 %.avi"]["warnings"][0]
    assert "not a video" in rows["ffconcat.mp4"]["error"]
    assert "--max-pixels" in rows["8000x8000.gif"]["error"]
    assert "needs 16" in rows["15 frames.mp4"]["error"]


# ------------------------------------------------------------------ all of it; slow


@pytest.mark.slow
def test_the_whole_corpus_through_classify(factory, trained, cache):
    paths = [factory.path(case) for case in corpus.CASES]
    done = run("classify", "--model", trained, "--jobs", "1", "--cache", cache, "--json", *paths)
    assert done.returncode == 1
    assert done.stderr.count(b"Traceback") == 0
    assert b"\x1b" not in done.stdout + done.stderr
    rows = [json.loads(line) for line in done.stdout.decode().splitlines()]
    check_rows(corpus.CASES, paths, rows)
    outcomes = ("error" if r["error"] else "warning" if r["warnings"] else "answer" for r in rows)
    print(Counter(outcomes))


@pytest.mark.slow
def test_the_whole_corpus_through_check(factory, tmp_path):
    cases = [case for case in corpus.CASES if os.path.isfile(factory.path(case))]
    cases = [case for case in cases if not factory.path(case).is_symlink()]
    cases = [case for case in cases if printable(case.name) == case.name]  # a list is text
    write_labels(tmp_path / "labels.csv", [factory.path(case) for case in cases])
    done = run("check", tmp_path / "labels.csv", "--jobs", "1", "--json")
    assert done.stderr.count(b"Traceback") == 0
    rows = {row["file"]: row for row in map(json.loads, done.stdout.decode().splitlines())}
    assert done.returncode == 1, done.stderr.decode()
    for case in cases:
        row = rows[str(factory.path(case))]
        wanted = "error" if str(case.name).startswith("dark") else expected(case)  # as in `train`
        copies = [text for text in row["warnings"] if "the same bytes" in text]
        damage = len(row["warnings"]) - len(copies)
        outcome = "error" if row["error"] else "warning" if damage else "ok"
        assert outcome in {"told": ("warning", "error"), "any": (outcome,)}.get(
            wanted, (wanted,)
        ), row
        if case.outcome == "ok" and not SMALL.match(str(case.name)):  # told at the first frame
            assert row["frames"] == case.frames, case.name


def training(labels, model, cache):
    """Without an estimate: with one, a whole model is written before it, and another after."""
    words = ["train", "--labels", labels, "--model", model, "--jobs", "1", "--cache", cache]
    return [*words, "--no-estimate", *QUICK]


@pytest.mark.slow
def test_killed_training_goes_on_and_ends_with_the_same_bytes(labeled_clips, tmp_path):
    undisturbed = tmp_path / "undisturbed.npz"
    start = time.monotonic()
    assert run(*training(labeled_clips, undisturbed, "none")).returncode == 0
    length = time.monotonic() - start
    path, cache = tmp_path / "m.npz", tmp_path / "cache"
    rng = np.random.default_rng(0)
    for kill in range(25):
        words = [sys.executable, str(ROOT / "run.py"), *training(labeled_clips, path, cache)]
        with subprocess.Popen([*map(str, words), "--quiet"]) as child:
            time.sleep(rng.uniform(0.1, 1.1) * length)
            child.kill()
        if path.exists():
            assert path.read_bytes() == undisturbed.read_bytes(), kill
        if kill % 5 == 4:
            path.unlink(missing_ok=True)
    assert run(*training(labeled_clips, path, cache)).returncode == 0
    assert path.read_bytes() == undisturbed.read_bytes()


@pytest.mark.slow
def test_two_processes_share_a_cache(labeled_clips, tmp_path):
    cache = tmp_path / "cache"
    paths = [tmp_path / f"{name}.npz" for name in "abc"]
    command = [sys.executable, str(ROOT / "run.py")]
    children = [
        subprocess.Popen([*command, *map(str, training(labeled_clips, path, cache)), "--quiet"])
        for path in paths
    ]
    assert [child.wait() for child in children] == [0, 0, 0]
    assert len({path.read_bytes() for path in paths}) == 1
    assert {path.name for path in cache.iterdir() if path.suffix != ".npz"} == {"CACHEDIR.TAG"}


def long_video(path, count):
    """A texture that sways, 64 x 48."""
    picture, rng = texture(1, (88, 104)), np.random.default_rng(0)

    def frames():
        for t in range(count):
            top, left = int(20 + 10 * np.sin(0.21 * t)), int(20 + 10 * np.cos(0.17 * t))
            frame = picture[top : top + 48, left : left + 64] + rng.normal(0, 1, (48, 64))
            yield np.clip(frame, 0, 255).astype(np.uint8)

    write_video(path, frames(), coding=corpus.H264)


def high_water(process_id):
    """The largest memory of a process since it began, in MB; 0 where it has just ended."""
    try:
        text = Path(f"/proc/{process_id}/status").read_text()
    except OSError:
        return 0
    found = re.search(r"VmHWM:\s+(\d+) kB", text)
    return int(found[1]) / 1024 if found else 0


@pytest.mark.slow
def test_twenty_thousand_frames_in_little_memory(trained, tmp_path):
    peaks = []
    for count in (40, 20_000):
        long_video(tmp_path / "long.mp4", count)
        words = ["classify", "--model", trained, "--jobs", "1", "--cache", "none", "--json"]
        command = [sys.executable, str(ROOT / "run.py"), *words, tmp_path / "long.mp4"]
        peak = 0
        with subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE) as child:
            while child.poll() is None:
                peak = max(peak, high_water(child.pid))
                time.sleep(0.05)
            row = json.loads(child.stdout.read())
        assert (child.returncode, row["frames"]) == (0, count)
        peaks.append(peak)
    print(peaks, "MB")
    assert peaks[0] > 30
    assert peaks[1] - peaks[0] < 150


def alive(words):
    """Ids of processes whose command line holds all words."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
        except OSError:
            continue
        if all(word in line for word in words):
            found.append(path.parent.name)
    return found


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="looks into /proc")
@pytest.mark.parametrize("jobs", ["1", pytest.param("2", marks=pytest.mark.slow)])
def test_interrupted_in_a_long_video(trained, tmp_path, jobs):
    """Ctrl-C goes to the whole group, as a terminal sends it: 130, no orphan, no partial file."""
    for name in ("long.mp4", "other.mp4"):
        long_video(tmp_path / name, 400)
    words = ["classify", "--model", trained, "--jobs", jobs, "--cache", tmp_path / "cache"]
    command = [sys.executable, str(ROOT / "run.py"), *words, *tmp_path.glob("*.mp4")]
    with subprocess.Popen(
        list(map(str, command)), stderr=subprocess.PIPE, start_new_session=True
    ) as child:
        deadline = time.monotonic() + 30
        while not (reading := children_of(child.pid)) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert reading
        time.sleep(0.3)
        os.killpg(child.pid, signal.SIGINT)
        errors = child.stderr.read().decode()
    assert child.returncode == 130
    assert "Traceback" not in errors
    assert "interrupted" in errors
    assert not alive([str(tmp_path)])
    assert not [pid for pid in reading if running(pid)]
    assert not list(tmp_path.glob("cache/.*"))


def children_of(process_id):
    """Ids of the ffmpegs below a process, at any depth."""
    found, waiting = [], [str(process_id)]
    while waiting:
        one = waiting.pop()
        try:
            below = [
                child
                for task in Path(f"/proc/{one}/task").iterdir()
                for child in (task / "children").read_text().split()
            ]
            waiting += below
            if "ffmpeg" in os.readlink(f"/proc/{one}/exe"):
                found.append(one)
        except OSError:
            continue
    return found


def running(process_id):
    try:
        text = Path(f"/proc/{process_id}/stat").read_text()
    except OSError:
        return False
    return "ffmpeg" in text and text.rpartition(")")[2].split()[0] != "Z"


def test_a_video_and_its_copy_are_told_by_their_own_names(factory, trained, tmp_path, capfd):
    content = factory.path(by_name("cut at 75 %.avi")[0]).read_bytes()
    paths = [tmp_path / "one.avi", tmp_path / "two.avi"]
    for path in paths:
        path.write_bytes(content)
    words = ["classify", "--model", str(trained), "--jobs", "1", "--cache", str(tmp_path / "cache")]
    assert main([*words, "--json", *map(str, paths)]) == 0
    rows = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    for path, row in zip(paths, rows, strict=True):
        (text,) = row["warnings"]
        assert text.startswith(f"{path}: damaged")
    assert main([*words, "--strict", *map(str, paths)]) == 1
    assert capfd.readouterr().err.count("damaged") >= 2


def test_a_clip_of_the_set_and_an_empty_folder(trained, tmp_path, capfd):
    (tmp_path / "empty").mkdir()
    write_video(tmp_path / "clip.mkv", clip("normal", 3))
    words = ["classify", "--model", str(trained), "--jobs", "1", "--cache", "none", "--json"]
    assert main([*words, str(tmp_path / "empty"), str(tmp_path / "clip.mkv")]) == 1
    rows = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert "a folder, not a video" in rows[0]["error"]
    assert rows[1]["error"] is None


def test_a_long_video_says_how_far_it_is(factory, trained, monkeypatch, capfd):
    monkeypatch.setattr("lsfref.app.work.session.LONG", 40)
    paths = [str(factory.path(case)) for case in by_name("16 frames.mp4", "h264.mp4")]
    words = ["classify", "--model", str(trained), "--jobs", "1", "--cache", "none"]
    assert main([*words, *paths]) == 0
    assert capfd.readouterr().err.splitlines() == [
        NOTE,
        "classifying: 2 videos",
        "long video: many frames",
        "classifying: 2 videos",
        "background: camera shaking 2",
        "foreground: none or human 2",
    ]
