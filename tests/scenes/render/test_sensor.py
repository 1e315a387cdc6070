"""The camera: what shakes, what exposure and noise do, and that none does nothing."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from lsfref.scenes.render.sensor import exposure, sensed, shake_path, shaken

CLOCK_F = np.arange(45) / 15
seeds = st.integers(0, 2**32 - 1)


def rng_of(seed):
    return np.random.default_rng(seed)


def test_a_shift_by_whole_pixels_by_hand():
    frame = rng_of(0).random((3, 17, 23), dtype=np.float32)
    way = np.array([2.0, -1.0, 0.0])
    np.testing.assert_allclose(
        shaken(frame, way, margin=3), frame[:, 4:-2, 1:-5], atol=1e-5
    )  # right by two, up by one


@given(seeds)
def test_a_process_of_no_strength_does_nothing(seed):
    frames = rng_of(seed).random((3, 2, 37, 41), dtype=np.float32) * 200
    path = shake_path(rng_of(seed), CLOCK_F, strength=0.0, height=31)
    seen = shaken(frames[:, 1], path[:, 1], margin=3)
    np.testing.assert_allclose(seen, frames[:, 1, 3:-3, 3:-3], atol=2e-3)
    noisy = sensed(rng_of(seed), frames, gain=1.0, offset=0.0, strength=0.0)
    assert np.array_equal(noisy, np.moveaxis((frames + np.float32(0.5)).astype(np.uint8), 0, 3))


@given(seeds, st.floats(0.1, 1.5))
def test_a_camera_shakes_by_its_strength_and_stays_within_its_margin(seed, strength):
    *across, turn_F = shake_path(rng_of(seed), CLOCK_F, strength=strength, height=120)
    for course_F in across:
        assert np.abs(course_F).max() < 0.075 * 120
        assert 0.5 * strength < course_F.std() < 3.0 * strength
    np.testing.assert_allclose(np.sqrt(np.mean(turn_F**2)), 0.0063 * strength, rtol=0.2)


@given(seeds, st.floats(20, 200), st.floats(0.3, 1.5))
def test_exposure_sets_the_mean_brightness_of_any_clip(seed, brightness, contrast):
    frames = rng_of(seed).random((3, 2, 7, 11), dtype=np.float32)
    gain, offset = exposure(frames, brightness=brightness, contrast=contrast)
    luma = np.tensordot([0.299, 0.587, 0.114], frames * gain + offset, 1)
    np.testing.assert_allclose(luma.mean(), brightness, rtol=1e-3)


def test_noise_grows_with_strength_and_with_light():
    frames = np.full((3, 3, 37, 41), 160.0, np.float32)
    frames[:, :, :, 20:] = 60.0
    spread = [
        sensed(rng_of(1), frames, gain=1.0, offset=0.0, strength=strength).astype(float)
        for strength in (0.1, 0.5)
    ]
    bright = [seen[:, :, :20].std() for seen in spread]
    assert 3 < bright[1] / bright[0] < 7
    assert bright[1] > 1.2 * spread[1][:, :, 20:].std()
    assert abs(spread[1][:, :, :20].mean() - 160) < 1
