"""One reading of the frames: which are kept, what moves, what comes out, how much is held."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lsfref.errors import VideoError
from lsfref.study.best import pictures
from lsfref.study.best.changes import Changes
from lsfref.study.best.pictures import FAMILIES, N_SEEN, PARTS, look, plan


def run(n=40, shape=(26, 34), seed=0):
    return np.random.default_rng(seed).uniform(0, 255, (n, *shape))


@pytest.fixture
def nobody(monkeypatch):
    """A search for people that is quick."""
    monkeypatch.setattr(pictures, "people", lambda looks, gated: np.full(5, len(looks) + gated))


def taken(n_frames, shape=(16, 16)):
    """Pictures of n_frames, each of which holds its number."""
    found = pictures.Pictures()
    found.changes = SimpleNamespace(add=lambda frame_HW: None)
    for number in range(n_frames):
        found.add(np.full(shape, float(number % 256)))
    return found


@given(st.integers(16, 3000))
@settings(max_examples=25)
def test_what_is_held_is_bounded_and_spread_over_the_video(n_frames):
    """Whole pieces of 32 frames, the first among them, a whole power of two apart."""
    kept = taken(n_frames).kept
    assert len(kept) <= 512
    assert kept.keys() >= {*range(32)} & {*range(n_frames)}
    assert len(kept) == n_frames or len(kept) > 512 / 2 - 32
    assert all(kept[n][0, 0] == n % 256 for n in kept)
    pieces = {n // 32 for n in kept}
    stride = min(pieces - {0}, default=1)
    assert pieces == set(range(0, (n_frames - 1) // 32 + 1, stride))
    assert stride & (stride - 1) == 0


@given(st.integers(16, 3000))
@settings(max_examples=25)
def test_a_plan_lies_within_what_is_held(n_frames):
    kept = taken(n_frames).kept
    found = plan(n_frames, kept.keys())
    assert 1 <= len(found.runs) <= 4
    assert {len(one) for one in found.runs} == {min(32, n_frames)}
    assert found.runs[0][0] == 0
    assert found.runs[-1][-1] > n_frames - 1 - n_frames // 8 or len(found.runs) == 1
    assert 1 <= len(found.looks) <= 8
    for run_ in found.runs:
        assert kept.keys() >= {*run_}
    for look_ in found.looks.tolist():
        assert {look_, look_ + 8} <= kept.keys()
        assert look_ < 8 or look_ - 8 in kept


@given(st.integers(16, 512))
def test_of_a_clip_everything_can_be_looked_at(n_frames):
    """What is chosen is then spread evenly, to the frame."""
    found = plan(n_frames, {*range(n_frames)})
    n_runs = min(4, max(1, round(n_frames / 32)))
    starts = np.linspace(0, n_frames - min(32, n_frames), n_runs).astype(int)
    np.testing.assert_array_equal([one[0] for one in found.runs], starts)
    looks = np.linspace(n_frames // 5, n_frames - 9, 8).astype(int)
    np.testing.assert_array_equal(found.looks, np.unique(looks))


def test_what_is_seen_is_changes_statistics_people(nobody):
    frames = run()
    seen = look(iter(frames)).summary()
    assert seen.shape == (N_SEEN,)
    assert np.isfinite(seen).all()
    changes = Changes()
    for frame_HW in frames:
        changes.add(frame_HW)
    np.testing.assert_allclose(seen[PARTS["changes"]], changes.summary(), rtol=1e-5)
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
    seen = look(run(100)).summary()
    assert [len(one) for one in asked] == [32, 32, 32]
    np.testing.assert_allclose(seen[PARTS["statistics"]], 2)


def test_too_few_frames_are_told(nobody):
    with pytest.raises(VideoError, match="has changed"):
        look(iter(run(15))).summary()


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
    assert np.isfinite(look(run(n, shape)).summary()).all()
    assert np.isfinite(look(np.full((n, *shape), 255.0)).summary()).all()


@pytest.mark.parametrize("scale", [2, 3])
def test_larger_pictures_show_what_smaller_ones_do(scale, nobody):
    """But for people: changes and statistics are of 160 px."""
    frames = run(40, (120, 160))
    larger = np.repeat(np.repeat(frames, scale, axis=1), scale, axis=2)
    whole, half = (look(some).summary()[: PARTS["people"].start] for some in (larger, frames))
    np.testing.assert_allclose(whole, half, rtol=1e-3, atol=1e-3)
    assert pictures.small(np.zeros((16, 300))).shape == (16, 300)
    assert pictures.small(np.zeros((400, 600))).shape == (107, 160)


def test_smaller_pictures_are_refused(nobody):
    with pytest.raises(VideoError, match="fewer than 16 pixels"):
        look(run(16, (15, 300)))
