"""Periodic repeats count once, still scenes keep their length, and little is held."""

import numpy as np
import pytest

from lsfref.media.repeats import HELD, LOOK, without_repeats


def moving(n_frames, *, noise=0.0, seed=0):
    """A drifting pattern, each frame its own noise."""
    rng = np.random.default_rng(seed)
    t, y, x = np.ogrid[:n_frames, :31, :43]
    clean = 128 + 60 * np.sin(0.4 * x + 0.9 * t) + 40 * np.cos(0.3 * y - 0.5 * t)
    return list(clean + rng.normal(0, noise, clean.shape))


def repeated(frames, period, *, noise=0.0, phase=0):
    """Each frame `period` times, as a codec leaves it; the first `phase` are cut off."""
    rng = np.random.default_rng(1)
    each = [frame + rng.normal(0, noise, frame.shape) for frame in frames for _ in range(period)]
    return each[phase:]


def once(frames):
    periods = []
    return list(without_repeats(iter(frames), periods.append)), periods


@pytest.mark.parametrize("n_frames", [20, 150])
@pytest.mark.parametrize("period", [2, 3])
def test_every_frame_once(period, n_frames):
    frames = moving(n_frames, noise=3)
    kept, periods = once(repeated(frames, period))
    np.testing.assert_array_equal(kept, frames)
    assert periods == [period]


@pytest.mark.parametrize(("period", "phase"), [(2, 1), (3, 1), (3, 2)])
def test_near_copies_and_a_cut_first_cycle(period, phase):
    frames = repeated(moving(120, noise=2), period, noise=1.0, phase=phase)
    kept, periods = once(frames)
    assert periods == [period]
    assert len(kept) == 120
    np.testing.assert_array_equal(kept[1], frames[period - phase])


@pytest.mark.parametrize("noise", [0.0, 0.3, 5.0])
def test_a_still_scene_keeps_its_length(noise):
    rng = np.random.default_rng(2)
    still_HW = moving(1)[0]
    frames = [still_HW + rng.normal(0, noise, still_HW.shape) for _ in range(200)]
    assert len(once(frames)[0]) == 200
    late = frames[:120] + repeated(moving(80), 2)  # what is found late is left out from then on
    assert 120 + 80 <= len(once(late)[0]) < 120 + 80 + LOOK


@pytest.mark.parametrize("n_frames", [0, 1, 11, 300])
def test_frames_that_do_not_repeat_are_all_passed_on_as_they_are(n_frames):
    frames = moving(n_frames, noise=1)
    kept, periods = once(frames)
    assert periods == []
    assert len(kept) == n_frames
    assert all(a is b for a, b in zip(kept, frames, strict=True))


def test_a_pause_in_the_cycle_loses_no_new_frame():
    """Pairs slip by one at frame 200: from there the phase is the other one."""
    frames = moving(200)
    kept, _ = once(repeated(frames, 2)[:200] + repeated(frames, 2)[201:])
    assert {frame.tobytes() for frame in kept} == {frame.tobytes() for frame in frames}


def test_no_more_than_some_frames_are_held():
    asked = 0

    def counting(frames):
        nonlocal asked
        for frame in frames:
            asked += 1
            yield frame

    passed = without_repeats(counting(moving(200)), print)
    next(passed)
    assert asked == LOOK
    large = np.zeros((1 << 12, 1 << 10))  # 32 MB
    asked = 0
    next(without_repeats(counting([large] * 9), print))
    assert asked == HELD // large.nbytes == 2
