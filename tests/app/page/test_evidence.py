"""What preset `best` looked at: the experts together make the answer, the window is where it is."""

import numpy as np
import pytest
from clips import clip
from pages import Page

from lsfref.app.page import shell
from lsfref.app.page.evidence import (
    FAR,
    Evidence,
    Sight,
    evidence,
    evidence_of,
    from_training,
    sights_of,
)
from lsfref.media.writer import write_video
from lsfref.model import load
from lsfref.study.best import preset
from lsfref.study.best.pictures import FAMILIES, N_SEEN
from lsfref.study.best.vectors import MOMENTS, WIDTH, tracked

pytestmark = pytest.mark.unwatched


@pytest.fixture(scope="module")
def found(best_model, labeled_clips):
    """The answerer of preset `best`, a clip as a vector, and its evidence."""
    system, path = preset.answerer(load(best_model)), labeled_clips.parent / "10.mkv"
    described = system.describe(path)
    return system, described, evidence_of(system, path, described.pooled_E)


def test_the_experts_together_make_the_answer(found):
    system, described, seen = found
    for task, experts in system.experts.items():
        said = seen.experts[task]
        assert list(said) == list(experts.classifiers)
        total = sum(experts.shares[name] * np.log(list(said[name].values())) for name in said)
        shares = np.exp(total) / np.exp(total).sum()
        np.testing.assert_allclose(shares, system.shares(task, described.pooled_E[None])[0])


def test_the_tracks_say_nothing_where_there_are_none(found, labeled_clips):
    system, described, _ = found
    vector = np.concatenate([np.zeros(MOMENTS), described.pooled_E[MOMENTS:]])
    assert not tracked(vector[None])[0]
    seen = evidence_of(system, labeled_clips.parent / "10.mkv", vector)
    assert not any("tracks" in said for said in seen.experts.values())
    assert any("people" in said for said in seen.experts.values())


def test_numbers_are_distances_from_the_training_clips():
    vectors = np.zeros((4, WIDTH))
    vectors[:, MOMENTS] = [1, 3, 1, 3]  # the first of the changes: mean 2, deviation 1
    vectors[:, -1] = [0, 0, 0, 8]  # the last of people
    vector = np.zeros(WIDTH)
    vector[MOMENTS], vector[-1], vector[-2] = 3.5, 1e6, 7.0
    families = from_training(vector, vectors)
    assert set(families) == {"changes", "people", *FAMILIES}
    assert sum(map(len, families.values())) == N_SEEN
    assert families["changes"][0] == 1.5
    assert families["people"][-1] == FAR
    assert families["people"][-2] == 0.0  # the same in all clips


def test_the_window_lies_on_what_moves(found, tmp_path):
    system = found[0]
    frames = np.full((40, 160, 320), 90, np.uint8)
    for t, frame in enumerate(frames):
        frame[40:130, 20 + 4 * t : 50 + 4 * t] = clip("normal", 5, n_frames=1)[0, :1, :30]
    write_video(tmp_path / "moving.mkv", frames)
    sights = sights_of(system, tmp_path / "moving.mkv")
    assert len(sights) == len({sight.frame for sight in sights}) > 1
    assert [s.score for s in sights] == sorted((s.score for s in sights), reverse=True)
    for sight in sights:
        at = 20 + 4 * sight.frame
        assert len(sight.corners_N22) == 1 or sight.score > 0
        for (left, top), (right, bottom) in sight.corners_N22:
            assert at - 32 - (right - left) < left < at + 30 + 32
            assert top < 130
            assert bottom > 40
            assert (bottom - top) / (right - left) == pytest.approx(2, rel=0.02)
        assert sight.moving_HW[60:110, at : at + 30].mean() > 0.5
    write_video(tmp_path / "still.mkv", np.full((40, 160, 320), 90, np.uint8))
    assert sights_of(system, tmp_path / "still.mkv") == []


def test_the_page_shows_the_window_and_the_families():
    corners = np.array([[[2.0, 1.0], [9.0, 15.0]], [[12.0, 1.0], [19.0, 15.0]]])
    sight = Sight(7, 0.625, np.full((20, 30), 90.0), np.eye(20, 30) > 0, corners)
    other = sight._replace(frame=9, score=-0.5, corners_N22=corners[:1])
    families = {"noise": np.array([1.0, -4.0]), "people": np.zeros(3)}
    seen = Evidence({"background": {"tracks": {"a": 1.0}}}, [sight, other], families)
    page = Page(shell.page("t", [evidence(seen)]))
    assert "Frame 7: the window most like a person" in page.text
    assert "score of 0.625" in page.text
    assert "noise: 2 numbers" in page.text
    assert "people: 3 numbers" in page.text
    assert "0), 1 more above 0" in page.text
    assert "Frame 9: the window" in page.text.partition("The other frames looked at")[2]
    assert len(page.images) == 2
    page = Page(shell.page("t", [evidence(seen._replace(sights=[]))]))
    assert "No window of the size of a person moves enough" in page.text
