"""Noise that repeats, smooth courses, pictures twice as large."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from lsfref.scenes.render.textures import course, fractal_tile, look_up, smooth_step, twice

seeds = st.integers(0, 2**32 - 1)


def test_a_picture_twice_as_large_by_hand():
    small = np.array([[[0.0, 4.0], [8.0, 4.0]]])
    wanted = [[0, 2, 4, 4], [4, 4, 4, 4], [8, 6, 4, 4], [8, 6, 4, 4]]
    np.testing.assert_array_equal(twice(small)[0], wanted)


def test_a_step_is_smooth_between_its_ends():
    steps = smooth_step(np.array([-3.0, 1.0, 2.0, 3.0, 9.0]), 1.0, 3.0)
    np.testing.assert_allclose(steps, [0, 0, 0.5, 1, 1])


@given(seeds, st.floats(0, 2), st.integers(1, 6))
def test_a_tile_is_standard_and_has_nothing_slower_than_asked(seed, slope, lowest):
    tile = fractal_tile(np.random.default_rng(seed), slope=slope, lowest=lowest)
    np.testing.assert_allclose([tile.mean(), tile.std()], [0, 1], atol=1e-4)
    cycles = np.abs(np.fft.fft2(tile))
    assert cycles[:lowest, 0].max() < 1e-3 * cycles.max()


@given(seeds)
def test_a_tile_is_read_between_its_pixels_and_repeats(seed):
    rng = np.random.default_rng(seed)
    tile = fractal_tile(rng, slope=1.0)
    row, column = rng.integers(0, 128, 2)
    below, right = (row + 1) % 128, (column + 1) % 128
    seen = look_up(tile, np.array([row + 0.25, row + 0.25 - 128.0]), np.array([column + 0.5] * 2))
    edges = np.array(
        [[tile[row, column], tile[row, right]], [tile[below, column], tile[below, right]]]
    )
    np.testing.assert_allclose(seen, 0.75 * edges[0].mean() + 0.25 * edges[1].mean(), atol=1e-5)


def test_a_course_keeps_to_its_band():
    clock_F = np.arange(300) / 15
    course_F = course(np.random.default_rng(0), clock_F, slowest=2.0, fastest=3.0)
    power = np.abs(np.fft.rfft(course_F * np.hanning(300))) ** 2
    hertz = np.fft.rfftfreq(300, 1 / 15)
    assert power[(hertz > 1.8) & (hertz < 3.2)].sum() > 0.99 * power.sum()
    assert 0.5 < course_F.std() < 1.5
