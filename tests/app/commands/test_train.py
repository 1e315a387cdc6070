"""The command train: what it says, and what it writes."""

import argparse
import contextlib
import json
from types import SimpleNamespace

import pytest
from clips import BRIEF

from lsfref.app.cli import main
from lsfref.app.commands import train

pytestmark = pytest.mark.unwatched


def test_train_says_what_it_read_and_what_it_fitted(labeled_clips, cache, tmp_path, capsys):
    path = tmp_path / "m.npz"
    words = ["--labels", str(labeled_clips), "--model", str(path), "--jobs", "1", "--cache", cache]
    assert main(["train", *words, *BRIEF]) == 0
    out, err = capsys.readouterr()
    assert path.exists()
    assert f"wrote {path}" in out
    assert "background: 3 classes, 9 videos, 64 features kept, N = 30, K = 3" in out
    assert "9 videos in 9 groups" in err
    assert "background: normal 3, camera shaking 3, tree waving 3" in err
    assert "training: 4 passes" in err
    assert "\x1b" not in err


def test_no_model_takes_the_place_of_a_list_or_a_video(labeled_clips, tmp_path, capsys):
    folder, link = labeled_clips.parent, tmp_path / "link.npz"
    link.symlink_to(labeled_clips)
    for out in (labeled_clips, link, folder / "10.mkv"):
        before = out.read_bytes()
        words = ["--labels", str(labeled_clips), "--model", str(out), "--cache", "none"]
        assert main(["train", *words]) == 2
        assert f"{out} would replace what this command works on" in capsys.readouterr().err
        assert out.read_bytes() == before


def test_quiet_is_quiet(labeled_clips, cache, tmp_path, capsys):
    words = ["--labels", str(labeled_clips), "--jobs", "1", "--cache", cache, "--quiet"]
    assert main(["train", *words, *BRIEF, "--model", str(tmp_path / "m.npz")]) == 0
    assert capsys.readouterr().err == ""


def test_train_reports_on_the_videos_set_aside(labeled_clips, cache, tmp_path, capsys):
    header, *lines = labeled_clips.read_text().splitlines()
    folder = labeled_clips.parent
    lines = [f"{folder / line},{'test' if line[1] == '2' else 'train'}" for line in lines]
    labels = tmp_path / "split.csv"
    labels.write_text("\n".join([header + ",split", *lines]) + "\n")
    words = ["--labels", str(labels), "--jobs", "1", "--cache", cache, "--quiet", *BRIEF]
    words += ["--estimate", "both"]
    assert main(["train", *words, "--model", str(tmp_path / "m.npz")]) == 0
    out = capsys.readouterr().out
    assert "--estimate both is for lists without split" in out
    assert "background: 3 classes, 6 videos" in out
    assert "On the 3 videos set aside" in out
    assert main(["train", *words, "--model", str(tmp_path / "m.npz"), "--json"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(row["task"], row["videos"]) for row in rows] == [("background", 3), ("foreground", 3)]


def test_a_read_only_folder_keeps_the_old_model(labeled_clips, cache, trained, capsys):
    before = trained.read_bytes()
    words = ["--labels", str(labeled_clips), "--jobs", "1", "--cache", cache, "--quiet", *BRIEF]
    target = trained.parent / "absent" / "m.npz"
    assert main(["train", *words, "--model", str(target)]) == 3
    assert str(target) in capsys.readouterr().err
    assert trained.read_bytes() == before


def test_a_list_that_cannot_be_fit_is_refused_before_a_video_is_read(tmp_path, capsys):
    for rows, words in (
        (
            "a.mp4,rain,none,\nb.mp4,rain,none,\nc.mp4,fog,none,\nd.mp4,fog,none,\n",
            "only the class",
        ),
        ("a.mp4,rain,none,test\nb.mp4,fog,none,test\n", "every video has split 'test'"),
    ):
        for name in "abcd":
            (tmp_path / f"{name}.mp4").write_text(name)
        (tmp_path / "l.csv").write_text("file,background,foreground,split\n" + rows)
        words_of_it = ["--labels", str(tmp_path / "l.csv"), "--model", str(tmp_path / "m.npz")]
        assert main(["train", *words_of_it]) == 3
        said = capsys.readouterr().err
        assert words in said
        assert "not a video" not in said
        assert "extracting" not in said


def test_scenes_that_are_not_as_they_were_rendered_are_rendered_again(tmp_path, monkeypatch):
    wanted = {"a.mp4": b"clip", "labels.csv": b"list"}
    seeds = []

    def render_set(folder, settings, *, each):
        folder.mkdir(exist_ok=True)
        for name, data in wanted.items():
            (folder / name).write_bytes(data)
        seeds.append(settings.seed)

    doing = SimpleNamespace(work=SimpleNamespace(each=None))
    monkeypatch.setattr("lsfref.scenes.clip_set.render_set", render_set)
    monkeypatch.setattr(train, "session", lambda *_, **__: contextlib.nullcontext(doing))
    args = argparse.Namespace(cache=str(tmp_path / "cache"), seed=3)
    for damage in (lambda file: file.unlink(), lambda file: file.write_bytes(b"\xff")):
        for name in ("a.mp4", "labels.csv", "seal"):
            seeds.clear()
            for _twice in range(2):
                with train.scenes(args) as labels:
                    assert {n: (labels.parent / n).read_bytes() for n in wanted} == wanted
            assert len(seeds) <= 1
            damage(labels.parent / name)
    (labels.parent / ".lsfref-0123456789abcdef.tmp").touch()  # of another run
    with train.scenes(args):
        assert seeds == [3, 3]
