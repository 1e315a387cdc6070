"""Light: one sign everywhere, together; motion: not."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsfref.study.best import light


def scene(n=20, shape=(37, 53), seed=0):
    rng = np.random.default_rng(seed)
    return np.repeat(rng.uniform(60, 120, (1, *shape)), n, axis=0)


def test_a_gain_changes_all_parts_together():
    gain = 1 + 0.3 * np.sin(np.arange(20))
    found = light.light(scene() * gain[:, None, None])
    assert found.shape == (light.N_LIGHT,)
    np.testing.assert_allclose(found, 1, atol=0.01)


def test_what_moves_brightens_one_part_and_darkens_another():
    run = scene()
    for frame in range(20):
        run[frame, 10:25, 2 * frame : 2 * frame + 9] += 60
    assert light.light(run).max() < 0.7


def test_nothing_that_changes_is_finite_and_short_runs_have_no_long_lags():
    assert np.isfinite(light.light(np.full((16, 19, 23), 7.0))).all()
    assert light.light(scene(n=16) * np.linspace(1, 2, 16)[:, None, None])[3] == 0


@given(st.integers(0, 99))
def test_a_mirror_changes_nothing(seed):
    run = np.random.default_rng(seed).uniform(0, 255, (17, 18, 24))
    np.testing.assert_allclose(light.light(run[..., ::-1]), light.light(run), rtol=1e-6)


def test_parts_by_hand():
    frame = np.arange(12.0)[:, None] + np.zeros((12, 16))
    means_FV = light.part_means(frame[None])
    np.testing.assert_allclose(means_FV[0], np.repeat([0.5, 2.5, 4.5, 6.5, 8.5, 10.5], 8))


@pytest.mark.parametrize("n", [2, 5])
def test_lag_one_equals_a_literal_loop(n):
    run = np.random.default_rng(2).uniform(0, 255, (n, 18, 24))
    logs = np.log(light.part_means(run) + 8)
    changes = [[logs[f + 1, p] - logs[f, p] for p in range(48)] for f in range(n - 1)]
    together = np.mean([abs(np.mean(c)) for c in changes]) + 1e-4
    each = np.mean([abs(v) for c in changes for v in c]) + 3e-4
    assert light.light(run)[1] == pytest.approx(together / each)
