"""Light, haze, fog, rain and snow: what each does, and drops against a literal loop."""

import numpy as np
import oracles_scenes as oracles
from hypothesis import given
from hypothesis import strategies as st

from lsfref.scenes.render import weather
from lsfref.scenes.render.perspective import Camera

CAMERA = Camera(focal=170.0, height=3.0, horizon=31.0, center=79.5)
CLOCK_F = np.arange(9) / 15
seeds = st.integers(0, 2**32 - 1)


def rng_of(seed):
    return np.random.default_rng(seed)


def test_haze_by_hand():
    depth = np.array([0.0, 10.0, 150.0, 300.0])
    lost = 1 - np.exp(-0.02 * np.array([0, 10, 150, 150]))
    np.testing.assert_allclose(weather.veil(depth, 0.02), lost, rtol=1e-6)


def test_drops_are_spread_as_the_loop_spreads_them():
    rng = rng_of(2)
    row, column, weight = rng.uniform(0, 6, 17), rng.uniform(0, 13, 17), rng.uniform(0, 0.2, 17)
    spread = weather.spread(row, column, weight, height=7, width=13)
    wanted = oracles.spread(zip(row, column, weight, strict=True), 7, 13)
    np.testing.assert_allclose(spread, wanted, atol=1e-6)


@given(seeds)
def test_light_of_no_strength_is_steady_and_stronger_light_varies_more(seed):
    steady, weak, strong = (weather.light(rng_of(seed), CLOCK_F, strength=s) for s in (0, 0.1, 1))
    assert (steady == 1).all()
    assert np.ptp(weak) < np.ptp(strong)
    assert strong.min() > 0


def test_shadows_move_over_the_ground_and_not_over_the_sky():
    depth = np.full((37, 41), 9.0, np.float32)
    depth[:11] = 300.0
    for seed in range(6):
        shadows = weather.cloud_shadows(rng_of(seed), CAMERA, depth, CLOCK_F, strength=1.0)
        gains = np.array(list(shadows))
        assert gains.shape == (9, 37, 41)
        assert (gains[:, :11] == 1).all()
        assert np.ptp(gains[:, 11:]) > 0.2
        assert np.ptp(gains[:, 11:], axis=0).max() > 0.2
        assert 0 < gains.min() <= gains.max() <= 1


def test_fog_drifts_in_banks_about_as_thick_as_still_air():
    still = np.full((37, 41), 0.4, np.float32)
    banks = np.array(list(weather.fog_banks(rng_of(0), still, CLOCK_F)))
    assert 0.24 <= banks.min() < banks.max() <= 0.44 + 1e-6
    assert np.ptp(banks, axis=0).max() > 0.01
    assert max(weather.fog_banks(rng_of(0), 0 * still, CLOCK_F), key=np.max).max() == 0


def test_rain_is_upright_and_falls_and_snow_is_round_and_slower():
    along, across, kept = [], [], []
    for snow in (False, True):
        drops = weather.falling(rng_of(0), CLOCK_F, size=(96, 74), strength=1.0, snow=snow)
        veils = np.array(list(drops))
        assert veils.shape == (9, 74, 96)
        assert 0 <= veils.min() <= veils.max() <= 0.85
        along.append(np.corrcoef(veils[:, 2:].ravel(), veils[:, :-2].ravel())[0, 1])
        across.append(np.corrcoef(veils[:, :, 2:].ravel(), veils[:, :, :-2].ravel())[0, 1])
        kept.append(np.corrcoef(veils[1:].ravel(), veils[:-1].ravel())[0, 1])
    assert along[0] > 0.6 > 0.1 > across[0]
    assert abs(along[1] - across[1]) < 0.2
    assert kept[1] > kept[0] + 0.1  # flakes are still near where they were


def test_more_rain_hides_more():
    rain = {"size": (96, 74), "snow": False}
    hidden = [
        np.mean(list(weather.falling(rng_of(1), CLOCK_F, strength=strength, **rain)))
        for strength in (0.05, 0.5, 1.0)
    ]
    assert hidden == sorted(hidden)
    assert hidden[0] < 0.1 * hidden[2]
