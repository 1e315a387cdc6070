"""The camera's motion: shifts that are known are found, whatever else moves or brightens."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from lsfref.study.best import camera


def texture(shape=(60, 80), seed=0):
    rough = np.random.default_rng(seed).normal(size=shape)
    return 128 + 60 * ndimage.gaussian_filter(rough, 1.5) / 0.2


def moved(path, *, gain=1.0, offset=0.0):
    """A run of frames whose content is at path[f] = (down, right)."""
    wide = texture((120, 140))
    frames = [ndimage.shift(wide, shift, order=3, mode="reflect")[20:100, 20:120] for shift in path]
    return np.stack([f * gain**i + offset * i for i, f in enumerate(frames)]).astype(np.float32)


@settings(max_examples=10)
@given(st.floats(-4, 4), st.floats(-4, 4))
def test_a_known_shift_is_found(down, right):
    run = moved([(0, 0), (down, right)], gain=1.1, offset=5)
    found = camera.align(run)
    scale = 320 / 100  # told for a width of 320
    np.testing.assert_allclose(found.shift_f2[0] / scale, [down, right], atol=0.1)
    assert found.gain_f[0] == pytest.approx(1.1, abs=0.07)
    assert found.left_f[0] < 0.1 * found.raw_f[0] + 4


def test_whole_pixels_by_phase_correlation():
    wide = texture((60, 80))
    assert camera.phase_shift(wide[10:50, 10:60], wide[7:47, 15:65]).tolist() == [3, -5]


def test_shaking_panning_and_standing_differ():
    rng = np.random.default_rng(0)
    still, pan = np.zeros((20, 2)), np.arange(20)[:, None] * [0.0, 1.5]
    shake = rng.normal(scale=1.5, size=(20, 2))
    found = {
        name: camera.camera(moved(path))
        for name, path in {"still": still, "pan": pan, "shake": shake}.items()
    }
    rms, jerk, drift = 0, 4, 6
    assert all(one.shape == (camera.N_CAMERA,) for one in found.values())
    assert found["still"][rms] < np.log(0.1)
    assert np.exp(found["pan"][[rms, drift]]) == pytest.approx([1.5 * 3.2 + 0.02] * 2, rel=0.1)
    assert found["pan"][jerk] < found["shake"][jerk] - 1
    assert found["shake"][drift] < found["pan"][drift] - 1


def test_one_who_walks_by_does_not_move_the_camera():
    run = moved(np.zeros((5, 2)))
    for frame in range(5):
        run[frame, 20:60, 10 + 6 * frame : 25 + 6 * frame] = 250
    assert np.abs(camera.align(run).shift_f2).max() < 0.3


def test_a_mirror_exchanges_left_and_right():
    run = moved(np.random.default_rng(3).normal(size=(9, 2)))
    found, mirrored = camera.align(run), camera.align(run[..., ::-1])
    np.testing.assert_allclose(mirrored.shift_f2, found.shift_f2 * [1, -1], atol=0.02)
    np.testing.assert_allclose(camera.camera(run[..., ::-1]), camera.camera(run), atol=0.05)


def test_a_picture_without_anything_is_finite():
    assert np.isfinite(camera.camera(np.full((16, 19, 23), 7, np.float32))).all()
