"""One reading of the frames: which are kept, what moves, what comes out, how much is held."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsfref.errors import VideoError
from lsfref.study.best import pictures
from lsfref.study.best.changes import frame_changes, summary
from lsfref.study.best.pictures import FAMILIES, N_SEEN, PARTS, look, plan


def run(n=40, shape=(26, 34), seed=0):
    return np.random.default_rng(seed).uniform(0, 255, (n, *shape))


@pytest.fixture
def nobody(monkeypatch):
    """A search for people that is quick."""
    monkeypatch.setattr(pictures, "people", lambda looks, gated: np.full(5, len(looks) + gated))


@given(st.integers(16, 3000))
def test_a_plan_lies_within_the_video_and_is_bounded(n_frames):
    found = plan(n_frames)
    assert 1 <= len(found.runs) <= 4
    assert {len(one) for one in found.runs} == {min(32, n_frames)}
    assert found.runs[0][0] == 0
    assert found.runs[-1][-1] == n_frames - 1 or len(found.runs) == 1
    assert 1 <= len(found.looks) <= 8
    assert found.looks[0] >= n_frames // 5 - 8
    assert max(found.frames) <= n_frames - 1
    assert len(found.frames) <= 4 * 32 + 3 * 8


def test_a_plan_wants_16_frames():
    with pytest.raises(ValueError, match="16 frames or more, got 15"):
        plan(15)


def test_what_is_seen_is_changes_statistics_people(nobody):
    frames = run()
    seen = look(iter(frames), 40)
    assert seen.shape == (N_SEEN,)
    assert np.isfinite(seen).all()
    np.testing.assert_allclose(seen[PARTS["changes"]], summary(frame_changes(frames)))
    np.testing.assert_array_equal(seen[PARTS["people"]], [9] * 5)
    whole = np.rint(frames).astype(np.uint8).astype(np.float32)
    median_HW = np.median(whole[0:32:8], axis=0)
    wanted = pictures.statistics(whole[:32], median_HW)
    np.testing.assert_allclose(seen[PARTS["statistics"]], wanted, rtol=1e-6)
    assert wanted.shape == (sum(FAMILIES.values()),)


def test_statistics_are_the_mean_over_the_runs(nobody, monkeypatch):
    asked = []
    monkeypatch.setattr(
        pictures,
        "statistics",
        lambda run_FHW, median: asked.append(run_FHW) or np.full(67, len(asked)),
    )
    seen = look(run(100), 100)
    assert [len(one) for one in asked] == [32, 32, 32]
    np.testing.assert_allclose(seen[PARTS["statistics"]], 2)


def test_frames_that_do_not_come_are_told(nobody):
    with pytest.raises(VideoError, match="has changed"):
        look(iter(run(39)), 40)


def test_frames_that_no_one_looks_at_are_not_held(nobody):
    """Nothing but the changes sees frames between the runs."""
    frames = run(200)
    seen = look(iter(frames), 200)
    unseen = min(set(range(20, 200)) - plan(200).frames)
    frames[unseen] = 0
    other = look(iter(frames), 200)
    for part in ("statistics", "people"):
        np.testing.assert_array_equal(other[PARTS[part]], seen[PARTS[part]])
    assert not np.array_equal(other[PARTS["changes"]], seen[PARTS["changes"]])


def test_what_moves_differs_from_before_and_after():
    """A block at column 10 f: of frames 0, 8, 16 the middle one's own place alone moves."""
    kept = {}
    for frame in (0, 8, 16):
        kept[frame] = np.zeros((20, 300), np.uint8)
        kept[frame][:, 10 * frame : 10 * frame + 9] = 90
    grey_HW, moving_HW = pictures.moving(kept, 8, sigma=1)
    assert grey_HW.max() == 90
    wanted = np.zeros((20, 300), bool)
    wanted[:, 80:89] = True
    np.testing.assert_array_equal(moving_HW, wanted)
    first = pictures.moving(kept, 0, sigma=1)[1]  # nothing is before it
    wanted[:, :9] = True
    np.testing.assert_array_equal(first, wanted)
    assert not pictures.moving(kept, 8, sigma=31)[1].any()


@pytest.mark.parametrize("shape", [(16, 16), (16, 300), (300, 17)])
@pytest.mark.parametrize("n", [16, 17, 33])
def test_the_smallest_videos_give_finite_numbers(shape, n, nobody):
    assert np.isfinite(look(run(n, shape), n)).all()
    assert np.isfinite(look(np.full((n, *shape), 255.0), n)).all()


def test_smaller_pictures_are_refused(nobody):
    with pytest.raises(VideoError, match="fewer than 16 pixels"):
        look(run(16, (15, 300)), 16)
