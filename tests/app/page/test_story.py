"""The story of a video: the best moment, the answer that `classify` gives, what is in the index."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from clips import clip
from fakes import ask

from lsfref.app.page.explain_page import explain_page
from lsfref.app.page.story import find_indexed, gather, indexed_as, label_of, thumbnail
from lsfref.errors import VideoError
from lsfref.media.writer import write_video
from lsfref.model import load
from lsfref.phases import extraction
from lsfref.study.best import preset
from lsfref.study.protocol import answering

pytestmark = pytest.mark.unwatched


def test_the_moment_is_the_frame_on_which_most_trajectories_end(stories):
    bare, asked = stories
    blocks = list(extraction.extract(bare.path, bare.config))
    ends = np.concatenate([block.info_P10[:, 0] for block in blocks]).astype(int)
    assert bare.n_points == asked.n_points == len(ends)
    assert bare.moment.frame == np.bincount(ends).argmax()
    assert bare.moment.n_valid == np.bincount(ends).max()
    assert bare.counts["valid"] == len(ends)
    assert [frame for frame, _ in bare.strip] == [0, 4, 7, 11, 14, 18]
    block = next(b for b in blocks if b.info_P10[0, 0] == bare.moment.frame)
    np.testing.assert_array_equal(bare.example.descriptor_D, block.descriptors_PD[bare.example.row])
    assert len(bare.moment.greys) == 16
    assert bare.moment.seen[0]["flow_HW2"].shape == (41, 53, 2)


def test_the_answer_is_that_of_classify(stories, small_model):
    _, asked = stories
    system = answering.paper_answerer(load(small_model))
    assert asked.answer == ask(system, asked.path)
    assert asked.fault is None
    for name, search in asked.searches.items():
        shares = list(asked.answer.confidence[name].values())
        np.testing.assert_array_equal(search.votes.confidence_MC[0], shares)
    assert [interval[:2] for interval, _ in asked.intervals] == [(0, 9), (10, 18)]
    assert asked.intervals[1][1] == asked.answer.labels
    assert asked.intervals[0][1] == {"background": None, "foreground": None}
    assert asked.evidence is None


def test_for_preset_best_its_own_classifiers_answer(stories, best_model):
    fitted = load(best_model)
    found = gather(stories[0].path, fitted.config, fitted)
    assert found.answer == ask(preset.answerer(fitted), found.path)
    votes = found.searches["background"].votes.confidence_MC[0]
    assert list(found.answer.confidence["background"].values()) != votes.tolist()
    assert found.evidence is not None


def test_one_extraction_serves_all(stories, small_model):
    calls = []

    def extract(*given, watch):
        calls.append(watch)
        return extraction.extract(*given, watch=watch)

    fitted = load(small_model)
    gather(stories[0].path, fitted.config, fitted, extract=extract)
    assert len(calls) == 1
    assert calls[0] is not None


def test_a_video_is_known_by_its_code(stories, small_model):
    fitted = load(small_model)
    assert stories[1].indexed_as == "10.mkv"
    code = fitted.pooled_ME[4]
    assert indexed_as(fitted, code) == fitted.files[4]
    assert indexed_as(fitted, code * (1 + 1e-7)) == fitted.files[4]
    assert indexed_as(fitted, code * 1.001) is None


def test_an_own_clip_is_not_in_the_index(small_model, tmp_path):
    fitted = load(small_model)
    write_video(tmp_path / "10.mkv", clip("normal", 77))
    found = gather(str(tmp_path / "10.mkv"), fitted.config, fitted)
    assert found.indexed_as is None
    assert found.answer.labels["background"] is not None


@pytest.mark.parametrize(
    ("n_frames", "fault"), [(15, "15 frames; a trajectory needs 16"), (1, "1 frame; a trajectory")]
)
def test_without_trajectories_there_is_a_fault(small_model, tmp_path, n_frames, fault):
    path = str(tmp_path / "a.mkv")
    write_video(path, clip("camera shaking", 1, n_frames=n_frames))
    fitted = load(small_model)
    for model in (None, fitted):
        found = gather(path, fitted.config, model)
        assert fault in found.fault
        assert found.searches == {}
        assert found.n_frames == n_frames


def test_a_damaged_video_is_refused_where_it_should_be(small_model, labeled_clips, tmp_path):
    whole = (labeled_clips.parent / "10.mkv").read_bytes()
    path = tmp_path / "cut.mkv"
    path.write_bytes(whole[: len(whole) * 9 // 10])
    fitted = load(small_model)
    assert gather(str(path), fitted.config, fitted).warnings
    with pytest.raises(VideoError, match=r"cut\.mkv: damaged"):
        gather(str(path), fitted.config, fitted, strict=True)


def test_indexed_videos_are_found_below_the_folders_alone(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a.mkv").write_bytes(b"")
    (tmp_path / "b.mkv").write_bytes(b"")
    folders = [tmp_path / "nowhere", tmp_path / "sub", tmp_path]
    assert find_indexed("a.mkv", folders) == tmp_path / "sub" / "a.mkv"
    assert find_indexed("sub/a.mkv", folders) == tmp_path / "sub" / "a.mkv"
    assert find_indexed("c.mkv", folders) is None
    assert find_indexed("../b.mkv", [tmp_path / "sub"]) is None
    assert find_indexed("../b.mkv", folders) == tmp_path / "b.mkv"  # below the last of them
    assert find_indexed(str(tmp_path / "b.mkv"), folders) == tmp_path / "b.mkv"
    assert find_indexed(str(tmp_path / "b.mkv"), folders[:2]) is None
    assert find_indexed(str(tmp_path / "sub" / ".." / "b.mkv"), folders[:2]) is None
    assert find_indexed("sub", folders) is None


def test_a_thumbnail_is_an_early_frame(labeled_clips, tmp_path, small_model):
    config = load(small_model).config
    (tmp_path / "no.mkv").write_text("no video")
    assert thumbnail(tmp_path / "no.mkv", config) is None
    assert thumbnail(tmp_path / "missing.mkv", config) is None
    frame = thumbnail(labeled_clips.parent / "10.mkv", config)
    assert abs(frame - clip("tree waving", 10, human=True)[11]).mean() < 12
    assert frame.shape == (41, 53)


def test_the_label_of_a_row_is_found_in_its_task():
    task = SimpleNamespace(
        rows_m=np.array([2, 5, 7]), labels_m=np.array([1, 0, 2]), classes=("a", "b", "c")
    )
    assert [label_of(task, row) for row in (2, 5, 7)] == ["b", "a", "c"]


def test_the_story_has_a_path_of_any_kind(labeled_clips, small_model):
    fitted = load(small_model)
    assert gather(str(Path(labeled_clips.parent / "11.mkv")), fitted.config).model is None


def test_a_still_scene_is_answered_without_neighbors(small_model, tmp_path):
    write_video(tmp_path / "still.mkv", np.full((20, 41, 53), 90, np.uint8))
    fitted = load(small_model)
    found = gather(str(tmp_path / "still.mkv"), fitted.config, fitted)
    assert found.answer.labels == {"background": "normal", "foreground": "none"}
    assert found.searches == {}
    assert found.indexed_as is None
    assert "taken for a still scene" in found.warnings[-1]
    text = explain_page(found, [])
    assert "taken for a still scene" in text
    assert text.count("with a share of 100&nbsp;%") == 2
