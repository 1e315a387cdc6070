import numpy as np
import oracles_study as oracle
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lsfref.study.table1 import mixture as subject
from lsfref.study.table1.mixture import Mixture, fit_mixture, maximize, posterior_sums, seed_mixture


def three_clouds(rng, n_rows, *, width=3, offset=0.0):
    centers = np.arange(3)[rng.integers(0, 3, n_rows)][:, None] * 2.0
    return centers + rng.standard_normal((n_rows, width)) + offset


def some_mixture(rng, *, n_gaussians=5, width=3):
    weights = rng.uniform(0.2, 1, n_gaussians)
    return Mixture(
        weights / weights.sum(),
        rng.standard_normal((n_gaussians, width)),
        rng.uniform(0.3, 2, (n_gaussians, width)),
    )


def test_by_hand():
    mixture = Mixture(np.array([0.5, 0.5]), np.array([[-1.0], [1.0]]), np.ones((2, 1)))
    sums = posterior_sums(mixture, np.array([[0.0], [0.0], [50.0]]))
    np.testing.assert_allclose(sums.posterior_G, [1, 2], rtol=1e-15)
    np.testing.assert_allclose(sums.first_GD, [[0], [50]], atol=1e-14)
    np.testing.assert_allclose(sums.second_GD, [[0], [2500]], atol=1e-14)
    at_zero = -0.5 - 0.5 * np.log(2 * np.pi)
    at_fifty = np.log(0.5) - 49**2 / 2 - 0.5 * np.log(2 * np.pi)
    assert sums.log_likelihood == pytest.approx(2 * at_zero + at_fifty, rel=1e-14)
    new = maximize(sums, mixture, floor=0.25)
    np.testing.assert_allclose(new.weights_G, [1 / 3, 2 / 3], rtol=1e-15)
    np.testing.assert_allclose(new.means_GD, [[0], [25]], atol=1e-14)
    np.testing.assert_allclose(new.variances_GD, [[0.25], [625]], rtol=1e-14)


@given(st.integers(0, 2**32 - 1), st.sampled_from([0.0, 1e4]), st.sampled_from([1e-3, 0.5]))
@settings(max_examples=40)
def test_log_likelihood_never_falls(seed, offset, floor):
    rng = np.random.default_rng(seed)
    rows = three_clouds(rng, 61, offset=offset)
    start = seed_mixture(rows, n_gaussians=7, rng=rng, floor=floor)
    fitted = fit_mixture(rows, start, max_iterations=30, tolerance=-np.inf, floor=floor)
    assert len(fitted[1]) == 31
    assert np.diff(fitted[1]).min() >= -1e-10
    assert fitted[0].weights_G.sum() == pytest.approx(1, rel=1e-12)
    assert fitted[0].variances_GD.min() >= floor


def test_it_ends_when_an_iteration_gains_too_little():
    rng = np.random.default_rng(0)
    rows = three_clouds(rng, 101)
    start = seed_mixture(rows, n_gaussians=3, rng=rng)
    fitted = fit_mixture(rows, start, tolerance=1e-3)
    gains = np.diff(fitted[1])
    assert (gains[:-1] >= 1e-3).all()
    assert gains[-1] < 1e-3
    sums = posterior_sums(fitted[0], rows)
    assert fitted[1][-1] == sums.log_likelihood / 101  # the curve is that of what comes back


def test_sums_and_steps_are_the_literal_ones():
    rng = np.random.default_rng(2)
    mixture, rows = some_mixture(rng), three_clouds(rng, 13)
    plain = [part.tolist() for part in mixture]
    sums = posterior_sums(mixture, rows)
    r, likelihood = oracle.posteriors(rows.tolist(), *plain)
    r = np.array(r)
    assert sums.log_likelihood == pytest.approx(likelihood, rel=1e-13)
    np.testing.assert_allclose(sums.posterior_G, r.sum(axis=0), rtol=1e-12)
    np.testing.assert_allclose(sums.first_GD, r.T @ (rows - sums.origin_D), atol=1e-12)
    new = maximize(sums, mixture, floor=1e-3)
    wanted = oracle.em_step(rows.tolist(), *plain, 1e-3)
    for got, want in zip(new, wanted, strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-10, atol=1e-12)


def test_blocks_of_rows_do_not_matter(monkeypatch):
    rng = np.random.default_rng(3)
    mixture, rows = some_mixture(rng), three_clouds(rng, 101)
    whole = posterior_sums(mixture, rows)
    monkeypatch.setattr(subject, "BLOCK", 17)
    for one, other in zip(posterior_sums(mixture, rows), whole, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("offset", [0.0, 100.0])
def test_single_precision_gives_the_same_sums_and_mixture(offset):
    rng = np.random.default_rng(6)
    rows = three_clouds(rng, 3001, width=40, offset=offset).astype(np.float32)
    start = seed_mixture(rows, n_gaussians=5, rng=rng)
    single, double = posterior_sums(start, rows), posterior_sums(start, rows.astype(float))
    assert single.log_likelihood == pytest.approx(double.log_likelihood, rel=1e-6)
    for one, other in zip(single[2:], double[2:], strict=True):
        assert one.dtype == float
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-4 * np.abs(other).max())
    one = fit_mixture(rows, start, max_iterations=9, tolerance=-np.inf)
    other = fit_mixture(rows.astype(float), start, max_iterations=9, tolerance=-np.inf)
    np.testing.assert_allclose(one[1], other[1], rtol=1e-6)
    np.testing.assert_allclose(one[0].means_GD, other[0].means_GD, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(one[0].variances_GD, other[0].variances_GD, rtol=1e-4)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_least_posterior_is_a_normal_number(dtype):
    """Numbers below are slow; the sum is that of a row that only the near Gaussian believes in."""
    mixture = Mixture(np.array([0.5, 0.5]), np.array([[0.0], [100.0]]), np.ones((2, 1)))
    far = posterior_sums(mixture, np.zeros((1, 1), dtype)).posterior_G[1]
    assert np.finfo(dtype).tiny < far < np.finfo(dtype).tiny ** 0.8


def test_a_common_offset_does_not_drown_the_variances():
    rng = np.random.default_rng(4)
    rows = three_clouds(rng, 101)
    start = seed_mixture(rows, n_gaussians=3, rng=rng)
    near = fit_mixture(rows, start, max_iterations=5)[0]
    away = start._replace(means_GD=start.means_GD + 1e6)
    far = fit_mixture(rows + 1e6, away, max_iterations=5)[0]
    np.testing.assert_allclose(far.variances_GD, near.variances_GD, rtol=1e-6)


def test_far_and_empty_gaussians_stay_finite():
    rows = np.array([[0.0], [0.1], [0.2], [0.3]])
    means = np.array([[0.0], [1e6]])
    start = Mixture(np.array([0.5, 0.5]), means, np.full((2, 1), 1e-3))
    fitted = fit_mixture(rows, start, max_iterations=4, tolerance=-np.inf)
    assert fitted[0].means_GD[1, 0] == pytest.approx(1e6, rel=1e-15)
    assert fitted[0].weights_G[1] < 1e-200
    assert np.isfinite(fitted[1]).all()


def test_seeds_are_rows_and_the_nearest_rows_give_the_moments():
    rng = np.random.default_rng(5)
    rows = np.repeat([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0]], [11, 7, 5], axis=0)
    rows = rows + 0.01 * rng.standard_normal(rows.shape)
    start = seed_mixture(rows, n_gaussians=3, rng=rng, floor=1e-9)
    order = np.argsort(-start.weights_G, kind="stable")
    np.testing.assert_allclose(start.weights_G[order], np.array([11, 7, 5]) / 23, rtol=1e-12)
    np.testing.assert_allclose(start.means_GD[order[0]], rows[:11].mean(axis=0), atol=1e-12)
    np.testing.assert_allclose(start.variances_GD[order[0]], rows[:11].var(axis=0), rtol=1e-9)


def test_one_gaussian_has_the_moments_of_all_rows():
    rows = three_clouds(np.random.default_rng(9), 31)
    start = seed_mixture(rows, n_gaussians=1, rng=np.random.default_rng(0))
    for mixture in (start, fit_mixture(rows, start)[0]):
        np.testing.assert_allclose(mixture.weights_G, [1.0], rtol=1e-15)
        np.testing.assert_allclose(mixture.means_GD[0], rows.mean(axis=0), rtol=1e-12)
        np.testing.assert_allclose(mixture.variances_GD[0], rows.var(axis=0), rtol=1e-10)


def test_seeds_of_two_rows_and_of_one():
    """Two rows give their own variance; a lone one takes that of all rows."""
    rows = np.array([[0.0], [1.0], [100.0]])
    start = seed_mixture(rows, n_gaussians=2, rng=np.random.default_rng(0))
    pair, lone = np.argsort(-start.weights_G, kind="stable")
    np.testing.assert_allclose(start.variances_GD[pair], [0.25], rtol=1e-12)
    np.testing.assert_allclose(start.variances_GD[lone], [rows.var()], rtol=1e-12)


def test_seeding_prefers_far_rows():
    """By D^2: the second center of {0 (99 rows), 1, 3} is 3 nine times as often as 1."""
    rows = np.array([[0.0]] * 99 + [[1.0], [3.0]])
    far = 0
    for seed in range(300):
        start = seed_mixture(rows, n_gaussians=2, rng=np.random.default_rng(seed))
        far += start.weights_G.min() < 1.5 / 101
    assert 0.8 < far / 300 < 0.97


def test_more_gaussians_than_distinct_rows():
    rows = np.ones((7, 2))
    rng = np.random.default_rng(6)
    start = seed_mixture(rows, n_gaussians=5, rng=rng)
    fitted = fit_mixture(rows, start)
    np.testing.assert_allclose(fitted[0].means_GD, 1, rtol=1e-12)
    np.testing.assert_allclose(fitted[0].variances_GD, 1e-3, rtol=1e-12)


def test_same_seed_same_mixture_and_float32_rows_are_taken():
    rng = np.random.default_rng(7)
    rows = three_clouds(rng, 61).astype(np.float32)
    one, other = (
        fit_mixture(rows, seed_mixture(rows, n_gaussians=4, rng=np.random.default_rng(1)))
        for _ in range(2)
    )
    for a, b in zip(one[0], other[0], strict=True):
        np.testing.assert_array_equal(a, b)
        assert a.dtype == np.float64


def test_errors():
    rng = np.random.default_rng(8)
    with pytest.raises(ValueError, match="want rows of 3"):
        posterior_sums(some_mixture(rng), np.ones((2, 4)))
    with pytest.raises(ValueError, match="want rows of 3"):
        posterior_sums(some_mixture(rng), np.ones((0, 3)))
    with pytest.raises(ValueError, match="a Gaussian or more"):
        seed_mixture(np.ones((2, 4)), n_gaussians=0, rng=rng)
