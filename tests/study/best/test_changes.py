"""How pictures change: differences over lags and blocks, their quantiles, their summary."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lsfref.study.best import changes
from lsfref.study.best.changes import LAGS, LEAST, N_CHANGES, PER_FRAME, Changes


def drawn(n=13, shape=(37, 53), seed=0):
    return np.random.default_rng(seed).uniform(0, 255, (n, *shape))


def frame_changes(frames):
    """The row of each frame, as it is counted."""
    found, rows = Changes(), []
    found._count = rows.append
    for frame_HW in frames:
        found.add(frame_HW)
    return iter(rows)


def summary(frames):
    found = Changes()
    for frame_HW in frames:
        found.add(frame_HW)
    return found.summary()


def parts_of(row_V):
    """A row as (lag, scale, quantile) and the whole picture's (lag): 4 x 3 x 3 and 4."""
    by_lag = row_V.reshape(4, 10)
    return by_lag[:, :9].reshape(4, 3, 3), by_lag[:, 9]


def test_a_step_of_light_by_hand():
    """6 grey levels brighter from frame 10 on: seen by lag 1 on frame 10 alone, by lag 4 on 10 to
    13, and alike at every scale."""
    frames_FHW = np.full((15, 37, 53), 90.0)
    frames_FHW[10:] += 6
    rows = list(frame_changes(frames_FHW))
    assert len(rows) == 15 - 8
    for frame, row_V in enumerate(rows, start=8):
        blocks, whole = parts_of(row_V)
        for i, lag in enumerate(LAGS):
            wanted = math.log(LEAST + (6 if 10 <= frame < 10 + lag else 0))
            np.testing.assert_allclose(blocks[i], wanted, rtol=1e-12)
            assert whole[i] == pytest.approx(wanted, rel=1e-12)


def test_one_changed_block_is_seen_by_the_highest_quantile_alone():
    """One of six blocks of 16 px changes: of 6 values the median is 0, and 0.9 lies halfway."""
    frames_FHW = np.zeros((9, 32, 48))
    frames_FHW[8, 16:32, 16:32] = 10
    (row_V,) = frame_changes(frames_FHW)
    blocks, whole = parts_of(row_V)
    np.testing.assert_allclose(np.exp(blocks[0, 2]) - LEAST, [0, 5, 9.5], atol=1e-9)
    assert math.exp(whole[0]) - LEAST == pytest.approx(10 / 6)


@settings(max_examples=10)
@given(st.integers(0, 99), st.integers(32, 41), st.integers(32, 53))
def test_equals_literal_loops(seed, height, width):
    frames = drawn(10, (height, width), seed)
    rows = list(frame_changes(frames))
    assert len(rows) == 2
    for frame, row_V in zip((8, 9), rows, strict=True):
        wanted = []
        for lag in LAGS:
            now, before = frames[frame], frames[frame - lag]
            pixels = [
                abs(now[y, x] - before[y, x])
                for y in range(0, height, 2)
                for x in range(0, width, 2)
            ]
            scales = [pixels]
            for side in (4, 16):
                scales.append([])
                for y in range(0, height - side + 1, side):
                    for x in range(0, width - side + 1, side):
                        block = (slice(y, y + side), slice(x, x + side))
                        scales[-1].append(abs(now[block].mean() - before[block].mean()))
            wanted += [np.quantile(scale, q) for scale in scales for q in (0.5, 0.9, 0.99)]
            wanted.append(abs(now.mean() - before.mean()))
        np.testing.assert_allclose(np.exp(row_V) - 0.5, wanted, rtol=1e-9, atol=1e-9)


def test_noise_averages_out_and_light_does_not():
    noise = 90 + 5 * np.random.default_rng(0).normal(size=(20, 64, 96))
    light = np.full((20, 64, 96), 90.0) + 5 * (np.arange(20) % 2)[:, None, None]
    by_noise, by_light = (parts_of(summary(f)[:PER_FRAME]) for f in (noise, light))
    pixels, fours, sixteens = np.exp(by_noise[0][0, :, 0]) - LEAST
    assert fours == pytest.approx(pixels / 4, rel=0.1)
    assert sixteens < pixels / 8
    np.testing.assert_allclose(by_light[0][0], by_light[0][0, 0, 0])


@given(st.integers(0, 99), st.floats(-40, 40))
def test_more_light_throughout_changes_nothing(seed, offset):
    frames = drawn(11, (32, 48), seed)
    brighter = summary(frames + offset)
    np.testing.assert_allclose(brighter, summary(frames), rtol=1e-7, atol=1e-9)


@given(st.integers(0, 99))
def test_a_mirror_image_has_the_same_blocks(seed):
    """Where they fill the picture; of its pixels every second one is another."""
    frames = drawn(11, (32, 48), seed)
    row_V, mirrored_V = (next(frame_changes(f)) for f in (frames, frames[..., ::-1]))
    blocks, whole = parts_of(row_V)
    mirrored, mirrored_whole = parts_of(mirrored_V)
    np.testing.assert_allclose(mirrored[:, 1:], blocks[:, 1:], rtol=1e-9)
    np.testing.assert_allclose(mirrored_whole, whole, rtol=1e-9)
    np.testing.assert_allclose(mirrored[:, 0], blocks[:, 0], atol=0.3)


@given(st.integers(0, 12), st.integers(0, 99))
def test_the_summary_is_numpys(n, seed):
    rows = np.random.default_rng(seed).normal(size=(n, PER_FRAME)) + 50
    found = Changes()
    for row_V in rows:
        found._count(row_V)
    found_V = found.summary()
    assert found_V.shape == (N_CHANGES,)
    if n:
        wanted = np.concatenate([rows.mean(axis=0), rows.std(axis=0)])
        np.testing.assert_allclose(found_V, wanted, rtol=1e-9, atol=1e-9)
    else:
        assert not found_V.any()


def test_what_does_not_change_has_no_deviation():
    found_V = summary(np.full((20, 32, 32), 7.0))
    np.testing.assert_allclose(found_V[:PER_FRAME], math.log(LEAST), rtol=1e-12)
    assert not found_V[PER_FRAME:].any()


@pytest.mark.parametrize("n", [0, 1, 8])
def test_too_few_frames_have_no_changes(n):
    assert list(frame_changes(drawn(n))) == []


def test_single_precision_stays_near():
    frames = drawn()
    found = summary(frames.astype(np.float32))
    np.testing.assert_allclose(found, summary(frames), atol=1e-5)


def test_blocks_hold_whole_blocks_only():
    means = changes.block_means(np.arange(63.0).reshape(7, 9), side=4)
    np.testing.assert_allclose(means, [[15, 19]])  # rows 0 to 3, columns 0 to 3 and 4 to 7
