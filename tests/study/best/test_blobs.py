"""Blobs: shares, shapes and persistence of what stands out against the median picture."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsfref.study.best import blobs


def walker(n=8, *, size=(20, 10)):
    """A block of `size` that moves 12 px right a frame, on black; 40 x 120."""
    run = np.zeros((n, 40, 120), np.float32)
    for frame in range(n):
        run[frame, 10 : 10 + size[0], 12 * frame + 2 : 12 * frame + 2 + size[1]] = 100
    return run


def test_a_walker_by_hand():
    found = blobs.blobs(walker(), np.zeros((40, 120)), sigma=1)
    share = 200 / 4800
    assert found.shape == (blobs.N_BLOBS,)
    np.testing.assert_allclose(found[:3], np.log([share + 1e-4, share + 1e-4, 1e-4]), rtol=1e-6)
    shapes = [np.log(2)] * 3 + [1, 1, np.log(0.5), 1, 1]
    np.testing.assert_allclose(found[3:11], shapes, rtol=1e-6)
    often = np.array([8 * 200 / 64, 8 * 200 / 8])
    assert found[11] == pytest.approx(often[0] / (often[1] + 1))
    assert found[12] == pytest.approx(np.log(0.01))  # no pixel twice running
    assert found[13] == pytest.approx(np.log(8 * 200 / 4800 + 1e-3))


def test_a_car_lies_and_small_specks_do_not_count():
    lying = blobs.blobs(walker(size=(8, 11)), np.zeros((40, 120)), sigma=1)
    assert lying[3] == pytest.approx(np.log(8 / 11))
    assert lying[9] == 0
    specks = blobs.blobs(walker(size=(4, 4)), np.zeros((40, 120)), sigma=1)
    np.testing.assert_array_equal(specks[3:11], blobs.NONE)


def test_noise_below_three_deviations_does_not_stand_out():
    found = blobs.blobs(walker(), np.zeros((40, 120)), sigma=40)
    np.testing.assert_array_equal(found[3:11], blobs.NONE)
    assert found[0] == pytest.approx(np.log(1e-4))


@given(st.integers(0, 99))
def test_a_mirror_changes_little(seed):
    rng = np.random.default_rng(seed)
    run = walker() + rng.normal(size=(8, 40, 120))
    found = blobs.blobs(run, np.zeros((40, 120)), sigma=1)
    mirrored = blobs.blobs(run[..., ::-1], np.zeros((40, 120)), sigma=1)
    np.testing.assert_allclose(mirrored, found, atol=0.2)
