"""The command retrieve: the query itself first, in every format."""

import csv
import io
import json

import pytest

from lsfref.app.cli import main
from lsfref.model import load

pytestmark = pytest.mark.unwatched


def retrieve(capsys, video, model, *words):
    status = main(["retrieve", str(video), "--model", str(model), "--jobs", "1", *words])
    return status, *capsys.readouterr()


def test_a_video_of_the_index_is_its_own_nearest(labeled_clips, small_model, tmp_path, capsys):
    video, cache = labeled_clips.parent / "10.mkv", ("--cache", str(tmp_path))
    words = (video, small_model, *cache, "--top", "4")
    status, out, _ = retrieve(capsys, *words, "--json")
    rows = [json.loads(line) for line in out.splitlines()]
    assert status == 0
    assert [row["rank"] for row in rows] == [1, 2, 3, 4]
    assert (rows[0]["file"], rows[0]["background"]) == ("10.mkv", "tree waving")
    assert rows[0]["hash_distance"] == pytest.approx(0, abs=1e-5)
    far = [row["hash_distance"] for row in rows]
    assert far == sorted(far)
    _, out, _ = retrieve(capsys, *words, "--csv")
    table = list(csv.DictReader(io.StringIO(out)))
    assert [row["file"] for row in table] == [row["file"] for row in rows]
    _, out, _ = retrieve(capsys, *words)
    assert out.splitlines()[0].split()[:3] == ["rank", "file", "background"]
    assert len(out.splitlines()) == 5


def test_a_query_that_cannot_be_read_is_told(small_model, tmp_path, capsys):
    status, out, err = retrieve(capsys, tmp_path / "absent.mp4", small_model, "--cache", "none")
    assert (status, out) == (1, "")
    assert "absent.mp4" in err


def test_the_index_holds_what_was_trained_on(small_model):
    assert len(load(small_model).files) == 9


def test_several_queries_are_told_apart(labeled_clips, small_model, tmp_path, capsys):
    folder = labeled_clips.parent
    clips = [folder / "10.mkv", tmp_path / "absent.mkv", folder / "00.mkv"]
    words = ["--cache", str(tmp_path), "--top", "2"]
    model = ["--model", str(small_model), "--jobs", "1"]
    status = main(["retrieve", *map(str, clips), *model, *words, "--json"])
    out, err = capsys.readouterr()
    rows = [json.loads(line) for line in out.splitlines()]
    assert status == 1
    assert [(row["query"], row["rank"]) for row in rows] == [
        (str(clip), rank) for clip in (clips[0], clips[2]) for rank in (1, 2)
    ]
    assert [row["file"] for row in rows[::2]] == ["10.mkv", "00.mkv"]
    assert "2 ok, 1 failed" in err
    assert main(["retrieve", *map(str, clips[::2]), *model, *words]) == 0
    out, _ = capsys.readouterr()
    assert out.splitlines()[0].split()[:3] == ["query", "rank", "file"]
