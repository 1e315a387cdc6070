"""The command classify: rows, timelines, bad files."""

import argparse
import csv
import dataclasses
import io
import json
import multiprocessing.queues
import multiprocessing.reduction
import subprocess
from pathlib import Path

import numpy as np
import pytest
from clips import clip

from lsfref.app.cli import main
from lsfref.app.commands.classify import as_row, as_table, joined, stamp
from lsfref.app.work import workers
from lsfref.media.ffmpeg import executable
from lsfref.media.writer import write_video
from lsfref.model import load, save
from lsfref.phases.phase2 import fit_tasks
from lsfref.phases.testing import Answer

pytestmark = pytest.mark.unwatched


KEYS = ["file", "frames", "points", "background", "foreground", "warnings", "error"]


def classify(trained, cache, *words):
    return main(["classify", "--model", str(trained), "--jobs", "1", "--cache", cache, *words])


def test_classify_a_folder_as_json(trained, cache, labeled_clips, capsys):
    assert classify(trained, cache, str(labeled_clips.parent), "--json") == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [Path(row["file"]).name for row in rows] == [f"{c}{i}.mkv" for c in "012" for i in "012"]
    for row in rows:
        assert list(row) == KEYS
        assert row["error"] is None
        assert row["warnings"] == []
        for task in ("background", "foreground"):
            shares = row[task]["confidence"]
            assert sum(shares.values()) == pytest.approx(1)
            assert row[task]["label"] in shares


def test_classify_as_csv_and_as_table(trained, cache, labeled_clips, capsys):
    video = str(labeled_clips.parent / "00.mkv")
    assert classify(trained, cache, video, "--csv") == 0
    header, row = csv.reader(io.StringIO(capsys.readouterr().out))
    assert header[:4] == ["file", "frames", "points", "background"]
    assert header[4:6] == ["background share", "background normal"]
    assert header[-2:] == ["warnings", "error"]
    told = dict(zip(header, row, strict=True))
    assert told["file"] == video
    shares = [float(told[f"background {name}"]) for name in load(trained).head_classes]
    assert float(told["background share"]) == max(shares)
    assert float(told["foreground none"]) + float(told["foreground human"]) == pytest.approx(1)
    assert classify(trained, cache, video) == 0
    table = capsys.readouterr().out.splitlines()
    assert table[0].split() == "file background share foreground share frames trajectories".split()
    assert len(table) == 2


def test_a_timeline_under_variable_rate_follows_the_stamps(trained, cache, tmp_path, capsys):
    """72 frames, 15 a second, each late by 0 to 18 ms: intervals of 30 frames, not of 50."""
    even, uneven = tmp_path / "even.mkv", tmp_path / "uneven.mkv"
    write_video(even, clip("tree waving", 3, n_frames=72))
    late = "settb=1/90000,setpts=(N/15+0.018*mod(N*7\\,5)/4)/TB"
    command = [executable(), "-v", "error", "-i", even, "-vf", late, "-fps_mode", "passthrough"]
    subprocess.run([*command, "-enc_time_base", "1/90000", "-c:v", "ffv1", uneven], check=True)
    classify(trained, cache, str(uneven), "--timeline", "2", "--json", "--every")
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["interval"] for row in rows] == [[0, 29], [30, 59], [60, 71]]
    for row, begin in zip(rows, (0, 2, 4), strict=True):
        assert row["seconds"][0] == pytest.approx(begin, abs=0.02)
        assert row["warnings"] == []


def test_one_bad_file_never_stops_the_rest(trained, cache, labeled_clips, tmp_path, capsys):
    (tmp_path / "text.mp4").write_text("no video")
    write_video(tmp_path / "short.mkv", clip("normal", 3, n_frames=15))
    odd = tmp_path / "bad\x1b[31m\nname.mp4"
    odd.write_bytes(b"")
    good = str(labeled_clips.parent / "11.mkv")
    files = [str(tmp_path / "text.mp4"), str(tmp_path / "short.mkv"), str(odd), good]
    assert classify(trained, cache, *files, "--json") == 1
    out, err = capsys.readouterr()
    rows = [json.loads(line) for line in out.splitlines()]
    assert [row["file"] for row in rows] == files
    assert [row["error"] is None for row in rows] == [False, False, False, True]
    assert rows[1]["frames"] == 15
    assert "15 frames; a trajectory needs 16" in rows[1]["error"]
    assert rows[1]["background"] is None
    assert "1 ok, 3 failed" in err
    assert "\x1b" not in out + err
    assert classify(trained, cache, *files) == 1
    assert "\x1b" not in "".join(capsys.readouterr())


@pytest.mark.parametrize(
    ("threshold", "label"), [(0.0, "rain"), (0.625, "rain"), (0.6251, None), (1.0, None)]
)
def test_a_share_of_exactly_the_threshold_is_sure(threshold, label):
    shares = {"rain": 0.625, "snow": 0.375}
    labels = {"background": "rain", "foreground": None}
    said = Answer(23, 5, labels, {"background": shares}, ("grainy",), None)
    row = as_row("a.mp4", said, argparse.Namespace(threshold=threshold))
    assert row == {
        "file": "a.mp4", "frames": 23, "points": 5, "foreground": None, "error": None,
        "background": {"label": label, "confidence": shares}, "warnings": ["grainy"],
    }  # fmt: skip


def test_workers_get_the_network_once_and_never_the_index(
    trained, labeled_clips, tmp_path, monkeypatch, capsys
):
    """A model of 8,000 indexed videos, 25 MB of arrays: a video costs its path, and the search."""
    fitted, n = load(trained), 8000
    rng = np.random.default_rng(0)
    pooled_ME = rng.normal(size=(n, fitted.config.n_code))
    classes = {name: task.classes for name, task in fitted.tasks.items()}
    labels = {name: rng.integers(0, len(names), n) for name, names in classes.items()}
    many = dataclasses.replace(
        fitted, files=tuple(f"{i:05}.mp4" for i in range(n)), groups=("",) * n,
        points_M=np.ones(n, np.int64), pooled_ME=pooled_ME, ranking_M=None,
        tasks=fit_tasks(pooled_ME, labels, classes, fitted.config, rng=rng),
    )  # fmt: skip
    save(many, tmp_path / "many.npz")
    tasks, starts, files = [], [], []

    class Counting(multiprocessing.reduction.ForkingPickler):
        @classmethod
        def dumps(cls, *what):
            packed = super().dumps(*what)
            tasks.append(len(packed))
            return packed

    def dump(what, file, protocol=None, plain=multiprocessing.reduction.dump):
        began = file.tell()
        plain(what, file, protocol)
        starts.append(file.tell() - began)

    def write(path, data, plain=workers.write_bytes):
        files.append(len(data))
        plain(path, data)

    monkeypatch.setattr(workers, "write_bytes", write)
    monkeypatch.setattr(multiprocessing.queues, "_ForkingPickler", Counting)
    monkeypatch.setattr(multiprocessing.reduction, "dump", dump)
    folder = str(labeled_clips.parent)
    words = ["classify", folder, "--model", str(tmp_path / "many.npz"), "--json", "--quiet"]
    assert main([*words, "--jobs", "2"]) == 0
    side_by_side = capsys.readouterr().out
    assert len(tasks) >= 9
    assert max(tasks) < 2_000
    network = sum(a.nbytes for a in fitted.network.encoder.parameters.values())
    assert network < sum(files) < network + 100_000
    assert max(starts) < 1 << 16  # what a pipe holds, if nobody reads
    assert main([*words, "--jobs", "1"]) == 0
    assert side_by_side == capsys.readouterr().out


def answered(background, *, file="a.mp4", at=(0, 24)):
    row = {"file": file, "interval": list(at), "seconds": [at[0] / 25, (at[1] + 1) / 25]}
    row |= {"frames": at[1] - at[0] + 1, "points": 7, "warnings": [], "error": None}
    row["background"] = {"label": background, "confidence": {"normal": 0.25, "rain": 0.75}}
    row["foreground"] = {"label": "none", "confidence": {"none": 1.0, "human": 0.0}}
    return row


def test_equal_neighbors_of_a_timeline_are_one_row_of_the_table():
    rows = [
        answered("rain", at=(0, 24)),
        answered("rain", at=(25, 49)),
        answered("normal", at=(50, 62)),
        answered("normal", at=(0, 24), file="b.mp4"),
    ]
    rows[1]["background"]["confidence"] = {"normal": 0.05, "rain": 0.95}
    found = joined(rows)
    assert [row["interval"] for row in found] == [[0, 49], [50, 62], [0, 24]]
    assert [row["frames"] for row in found] == [50, 13, 25]
    assert found[0]["points"] == 14
    assert found[0]["background"]["confidence"] == pytest.approx({"normal": 0.15, "rain": 0.85})
    lines = as_table(found, timed=True).splitlines()
    assert "0:00:00 - 0:00:02 " in lines[1]
    assert "0:00:02 - 0:00:02.5" in lines[2]
    assert "rain" in lines[1]
    assert "85%" in lines[1]


def test_intervals_without_an_answer_are_joined_too():
    rows = [answered("rain", at=(0, 24)) for _ in range(2)]
    for row in rows:
        row |= {"background": None, "foreground": None, "seconds": None, "error": "no trajectories"}
    (found,) = joined(rows)
    assert (found["background"], found["seconds"], found["frames"]) == (None, None, 50)


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (0, "0:00:00"),
        (59.96, "0:01:00"),
        (61.2, "0:01:01.2"),
        (3600, "1:00:00"),
        (9.5, "0:00:09.5"),
    ],
)
def test_times_of_a_timeline(seconds, told):
    assert stamp(seconds) == told


@pytest.mark.parametrize(("threshold", "label"), [(0.0, "rain"), (0.5, None), (0.4, None)])
def test_a_tie_is_told_and_passes_no_threshold(threshold, label):
    shares = {"rain": 0.5, "snow": 0.5, "fog": 0.0}
    labels = {"background": "rain", "foreground": None}
    said = Answer(23, 5, labels, {"background": shares}, (), None)
    row = as_row("a.mp4", said, argparse.Namespace(threshold=threshold))
    assert row["background"] == {"label": label, "confidence": shares, "tie": ["rain", "snow"]}
    assert ("rain or snow" in as_table([row], timed=False)) == (threshold == 0)


def test_a_folder_ends_with_counts_and_names_come_from_stdin(
    trained, cache, labeled_clips, capsys, monkeypatch
):
    clips = [str(path) for path in sorted(labeled_clips.parent.glob("*.mkv"))[:3]]
    monkeypatch.setattr("sys.stdin", io.StringIO("\n".join([*clips, ""])))
    assert classify(trained, cache, "-", "--csv") == 0
    out, err = capsys.readouterr()
    assert [line.split(",")[0] for line in out.splitlines()[1:]] == [f'"{clip}"' for clip in clips]
    (line,) = [line for line in err.splitlines() if line.startswith("background: ")]
    assert sum(int(word.rsplit(" ", 1)[1]) for word in line[12:].split(", ")) == 3
    assert any(line.startswith("foreground: ") for line in err.splitlines())


def test_every_interval_of_a_timeline_on_request(trained, cache, labeled_clips, capsys):
    video = str(labeled_clips.parent / "00.mkv")
    words = [video, "--timeline", "0.2"]
    classify(trained, cache, *words, "--every")
    every = capsys.readouterr().out.splitlines()
    classify(trained, cache, *words)
    fewer = capsys.readouterr().out.splitlines()
    assert 2 <= len(fewer) < len(every)
    for form in ("--json", "--csv"):
        heads = 1 if form == "--csv" else 0
        for more, table in (((), fewer), (("--every",), every)):
            classify(trained, cache, *words, form, *more)
            assert len(capsys.readouterr().out.splitlines()) - heads == len(table) - 1


def test_a_folder_of_pictures_has_the_rate_that_is_given(trained, cache, tmp_path, capsys):
    import imageio.v3

    folder = tmp_path / "frames"
    folder.mkdir()
    for number, frame in enumerate(clip("tree waving", 3, n_frames=40)):
        imageio.v3.imwrite(folder / f"frame_{number:05}.png", frame)
    words = [str(folder), "--timeline", "2", "--json", "--every"]
    classify(trained, cache, *words, "--rate", "10")
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["interval"] for row in rows] == [[0, 19], [20, 39]]
    assert [row["seconds"] for row in rows] == [[0, 2], [2, 4]]
    classify(trained, cache, *words)
    (row,) = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert row["seconds"] is None
    assert "its frames have no times; intervals of 50 frames" in row["warnings"][0]
