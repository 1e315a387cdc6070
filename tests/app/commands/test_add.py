"""The command add: a grown model beside the old one, which stays."""

import json
import shutil

import pytest

from lsfref.app.cli import main
from lsfref.model import load

pytestmark = pytest.mark.unwatched


def add(labels, model, new, cache, *words):
    command = ["add", "--labels", str(labels), "--model", str(model), "-o", str(new)]
    return main([*command, "--jobs", "1", "--quiet", "--cache", str(cache), *words])


@pytest.fixture
def more(labeled_clips, tmp_path):
    """Two clips under new names, one of a class that the model does not know."""
    folder = tmp_path / "more"
    folder.mkdir()
    for name in ("x.mkv", "y.mkv"):
        shutil.copy(labeled_clips.parent / f"{'xy'.index(name[0])}1.mkv", folder / name)
    labels = folder / "labels.csv"
    labels.write_text("file,background,foreground\nx.mkv,rain,none\ny.mkv,normal,human\n")
    return labels


def test_new_videos_and_classes_join_the_index(trained, more, tmp_path, capsys):
    before = trained.read_bytes()
    assert add(more, trained, tmp_path / "new.npz", tmp_path / "cache") == 0
    out = capsys.readouterr().out
    assert "background: 11 videos, 4 classes; new: rain" in out
    assert "foreground: 11 videos, 2 classes\n" in out
    assert trained.read_bytes() == before
    old, new = load(trained), load(tmp_path / "new.npz")
    assert new.files == (*old.files, "x.mkv", "y.mkv")
    assert new.config == old.config
    assert main(["inspect", str(tmp_path / "new.npz"), "--quiet"]) == 0
    said = capsys.readouterr().out
    assert "trained on 9 videos, 2 added later," in said
    assert "as of before videos were added" in said
    assert main(["inspect", str(trained)]) == 0
    assert "added" not in capsys.readouterr().out


def test_a_model_of_preset_best_learns_from_what_is_added(best_model, more, tmp_path, capsys):
    assert add(more, best_model, tmp_path / "new.npz", tmp_path / "cache") == 0
    assert "background: 11 videos, 4 classes; new: rain" in capsys.readouterr().out
    old, new = load(best_model), load(tmp_path / "new.npz")
    assert new.extras.choices == old.extras.choices
    assert new.extras.arrays["vectors_MV"].shape[0] == 11
    assert new.extras.arrays["background.tracks_mC"].shape == (11, 4)
    words = ["--model", str(tmp_path / "new.npz"), "--cache", str(tmp_path / "cache"), "--quiet"]
    assert main(["classify", str(more.parent / "x.mkv"), "--json", *words]) == 0
    row = json.loads(capsys.readouterr().out)
    assert row["background"]["confidence"]["rain"] > 0.3  # a copy of one with another label


def test_what_cannot_grow_is_refused(small_model, more, tmp_path, capsys):
    for out in (small_model, more, more.parent / "x.mkv"):
        before = out.read_bytes()
        assert add(more, small_model, out, tmp_path) == 2
        assert f"{out} would replace what this command works on" in capsys.readouterr().err
        assert out.read_bytes() == before


def test_a_video_left_out_is_status_1(small_model, more, tmp_path, capsys):
    (more.parent / "y.mkv").write_text("no video")
    assert add(more, small_model, tmp_path / "new.npz", tmp_path / "cache") == 1
    assert "y.mkv" in capsys.readouterr().err
    assert len(load(tmp_path / "new.npz").files) == 10
