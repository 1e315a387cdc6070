import functools

import numpy as np
import oracles_study as oracle
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lsfref.study.table1.fisher_vector import add, gradients, normalize
from lsfref.study.table1.mixture import Mixture, fit_mixture, posterior_sums, seed_mixture


def some_mixture(rng, *, n_gaussians=5, width=3):
    weights = rng.uniform(0.2, 1, n_gaussians)
    return Mixture(
        weights / weights.sum(),
        rng.standard_normal((n_gaussians, width)),
        rng.uniform(0.3, 2, (n_gaussians, width)),
    )


def fisher_vector(blocks, mixture):
    """Return vector_V of one video, given block by block."""
    sums = [posterior_sums(mixture, rows) for rows in blocks]
    return gradients(functools.reduce(add, sums), mixture)


def test_by_hand():
    """One Gaussian: no weight, mean of the rows less mu, var less the mean square."""
    mixture = Mixture(np.ones(1), np.array([[1.0, 0.0]]), np.array([[2.0, 3.0]]))
    rows = np.array([[2.0, 4.0], [4.0, 0.0]])
    vector = fisher_vector([rows], mixture)
    np.testing.assert_allclose(vector, [0, 2, 2, 2 - 5, 3 - 8], atol=1e-14)
    rooted = np.sqrt([0, 2, 2, 3, 5]) * [1, 1, 1, -1, -1] / np.sqrt(12)
    np.testing.assert_allclose(normalize(vector[None])[0], rooted, atol=1e-14)


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=25)
def test_order_repetition_and_blocks_change_nothing(seed):
    rng = np.random.default_rng(seed)
    mixture, rows = some_mixture(rng), rng.standard_normal((23, 3))
    vector = fisher_vector([rows], mixture)
    assert vector.shape == (5 + 2 * 15,)
    for blocks in (
        [rows[rng.permutation(23)]],
        [rows, rows],
        [rows[:7], rows[7:]],
    ):
        np.testing.assert_allclose(fisher_vector(blocks, mixture), vector, atol=1e-13)
    assert vector[:5].sum() == pytest.approx(0, abs=1e-13)
    assert np.linalg.norm(normalize(vector[None])) == pytest.approx(1, rel=1e-12)


def test_equals_the_literal_loops():
    rng = np.random.default_rng(0)
    mixture, rows = some_mixture(rng), rng.standard_normal((11, 3))
    wanted = oracle.fisher_vector(rows.tolist(), *(part.tolist() for part in mixture))
    np.testing.assert_allclose(fisher_vector([rows], mixture), wanted, atol=1e-13)


def test_means_and_variances_are_the_gradient_of_the_likelihood_up_to_sign_and_scale():
    rng = np.random.default_rng(1)
    mixture, rows = some_mixture(rng), rng.standard_normal((11, 3))
    vector = fisher_vector([rows], mixture)
    h = 1e-5
    for k, d in ((0, 1), (3, 2)):
        for part, start, scale in (
            ("means_GD", 5, 1 / mixture.variances_GD[k, d]),
            ("variances_GD", 20, -0.5 / mixture.variances_GD[k, d] ** 2),
        ):
            values = []
            for step in (h, -h):
                moved = getattr(mixture, part).copy()
                moved[k, d] += step
                at = mixture._replace(**{part: moved})
                values.append(posterior_sums(at, rows).log_likelihood / 11)
            gradient = (values[0] - values[1]) / (2 * h)
            assert vector[start + 3 * k + d] * scale == pytest.approx(gradient, rel=1e-6, abs=1e-9)


def test_rows_of_a_converged_mixture_have_no_gradient():
    rng = np.random.default_rng(2)
    rows = np.concatenate([rng.standard_normal((61, 2)), rng.standard_normal((53, 2)) + 9])
    start = seed_mixture(rows, n_gaussians=2, rng=rng)
    mixture = fit_mixture(rows, start, max_iterations=60, tolerance=-np.inf)[0]
    assert np.abs(fisher_vector([rows], mixture)).max() < 1e-9


def test_zero_vectors_stay():
    np.testing.assert_array_equal(normalize(np.zeros((2, 3))), np.zeros((2, 3)))
