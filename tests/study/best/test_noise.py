"""Noise: its level, its lack of neighbors, its growth; rain: bright upright streaks."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from lsfref.study.best import noise
from lsfref.study.best.noise import N_NOISE

LEVEL, ALL, EXCESS, NEIGHBORS = 0, 1, 2, slice(3, 7)
NEXT, NEXT_FLAT, GROWTH, BRIGHT, DARK, COHERENT, UPRIGHT = 7, 8, slice(9, 17), 17, 18, 19, 20


def noisy(sigma=3.0, n=24, shape=(41, 53), seed=0):
    rng = np.random.default_rng(seed)
    scene = rng.uniform(60, 120, shape)
    return (scene + sigma * rng.normal(size=(n, *shape))).astype(np.float32)


def test_noise_has_its_level_no_neighbors_and_does_not_grow():
    found = noise.noise(noisy())
    assert found.shape == (N_NOISE,)
    assert np.exp(found[[LEVEL, ALL]]) - 0.1 == pytest.approx([3, 3], rel=0.05)
    np.testing.assert_allclose(found[NEIGHBORS], 0, atol=0.05)
    np.testing.assert_allclose(found[[NEXT, NEXT_FLAT]], -0.5, atol=0.05)
    np.testing.assert_allclose(found[GROWTH], 0, atol=0.1)


def test_what_moves_has_neighbors_and_grows():
    rng = np.random.default_rng(1)
    wide = 200 * ndimage.gaussian_filter(rng.normal(size=(41, 120)), 5)
    run = np.stack([wide[:, f : f + 53] for f in range(24)]).astype(np.float32)
    found = noise.noise(run)
    assert found[NEIGHBORS].min() > 0.2
    assert found[NEXT] > 0.2
    assert (np.diff(found[GROWTH][::2]) > 0).all()


@pytest.mark.parametrize(("streak", "upright"), [((9, 1), 0.5), ((1, 9), -0.5)])
def test_bright_streaks_of_one_frame(streak, upright):
    run, rng = noisy(sigma=0.5), np.random.default_rng(3)
    for frame in range(24):
        for _ in range(6):
            y, x = rng.integers(0, 30), rng.integers(0, 40)
            run[frame, y : y + streak[0], x : x + streak[1]] += 60
    found, plain = noise.noise(run), noise.noise(noisy(sigma=0.5))
    assert found[BRIGHT] > plain[BRIGHT] + 2
    assert found[DARK] < found[BRIGHT] - 2
    assert found[COHERENT] > 0.5
    assert found[UPRIGHT] * np.sign(upright) > 0.5


@given(st.integers(0, 99), st.floats(-40, 40))
@settings(max_examples=10)
def test_more_light_throughout_and_a_mirror_change_nothing(seed, offset):
    run = noisy(n=9, shape=(19, 23), seed=seed).astype(np.float64)
    found = noise.noise(run)
    np.testing.assert_allclose(noise.noise(run + offset), found, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(noise.noise(run[..., ::-1]), found, rtol=1e-6, atol=1e-6)


def test_levels_neighbors_and_flashes_equal_literal_loops():
    run = noisy(n=5, shape=(11, 13), seed=4).astype(np.float64)
    found = noise.noise(run)
    steps = [run[f + 1] - run[f] for f in range(4)]
    sigma = 1.4826 * np.median([abs(v) for s in steps for v in s.ravel()]) / 2**0.5
    assert np.exp(found[ALL]) - 0.1 == pytest.approx(sigma)
    limit, least = 4 * sigma + 2, max(3.6 * sigma, 4)
    even = [np.clip(s - s.mean(), -limit, limit) for s in steps]
    energy = np.mean([v * v for s in even for v in s.ravel()]) + 0.05
    down = np.mean([s[y + 4, x] * s[y, x] for s in even for y in range(7) for x in range(13)])
    assert found[NEIGHBORS][3] == pytest.approx(down / energy)
    bright = [
        min(steps[f][y, x], -steps[f + 1][y, x]) > least
        for f in range(3)
        for y in range(11)
        for x in range(13)
    ]
    assert found[BRIGHT] == pytest.approx(np.log(np.mean(bright) + 1e-4))
    np.testing.assert_array_equal(found[GROWTH][4:], 0)  # lags of 8 and 16 frames


def test_a_still_scene_is_finite():
    found = noise.noise(np.full((16, 19, 23), 7, np.float32))
    assert np.isfinite(found).all()
