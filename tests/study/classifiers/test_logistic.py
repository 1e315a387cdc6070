"""Kernel logistic regression: by hand, by another route, invariances."""

import math

import numpy as np
import pytest
from scipy.special import logsumexp

from lsfref.study.classifiers.logistic import (
    GAP,
    Kernel,
    fit_classifier,
    log_posteriors,
    misfit,
    objective,
)

GAUSSIAN = Kernel("gaussian", 1.0)
REST = {"kernel": GAUSSIAN, "cost": 10.0}


def points(n=60, seed=0):
    rng = np.random.default_rng(seed)
    labels_m = rng.integers(0, 3, n)
    return rng.normal(size=(n, 7)) + 2 * np.eye(7)[labels_m], labels_m


def test_the_kernel_by_hand():
    left, right = np.array([[1.0, 3.0]]), np.array([[0.0, 1.0], [1.0, 3.0]])
    gaussian = Kernel("gaussian", 0.5)(left, right)
    np.testing.assert_allclose(gaussian, [[1 + math.exp(-0.5 * 2.5), 2]], rtol=1e-14)  # (1 + 4) / 2
    linear = Kernel("linear", 1.0)(left, right)
    np.testing.assert_allclose(linear, [[1 + 1.5, 1 + 5]], rtol=1e-14)


def test_the_gradient_is_that_of_the_value():
    rng = np.random.default_rng(1)
    rows, labels = rng.normal(size=(11, 5)), rng.integers(0, 3, 11)
    flat, toward, h = rng.normal(size=15), rng.normal(size=15), 1e-6
    _, gradient = objective(flat, rows, labels, 3, cost=2.5)
    value = [objective(flat + s * h * toward, rows, labels, 3, cost=2.5)[0] for s in (1, -1)]
    assert gradient @ toward == pytest.approx((value[0] - value[1]) / (2 * h), rel=1e-7)


def test_two_videos_by_hand():
    """Features -1 and 1, linear kernel 1 + z z': w = (b, u), b = 0 by symmetry, and
    u = 2 cost (1 - p) / 2 summed over both, with p = 1 / (1 + exp(-2 u_1))."""
    fitted = fit_classifier(
        np.array([[-1.0], [1.0]]),
        np.array([0, 1]),
        n_classes=2,
        kernel=Kernel("linear", 1.0),
        cost=3.0,
    )
    logs = log_posteriors(fitted, np.array([[1.0], [0.0]]))
    np.testing.assert_allclose(np.exp(logs[1]), 0.5, atol=1e-6)
    u = 0.0
    for _ in range(200):  # u_1 = -u_0 = u: u = cost * 2 * (1 - p), p = 1 / (1 + exp(-2u))
        u = (u + 2 * 3.0 / (1 + math.exp(2 * u))) / 2
    assert np.exp(logs[0, 1]) == pytest.approx(1 / (1 + math.exp(-2 * u)), abs=1e-3)


def test_the_fit_is_where_another_route_ends():
    """Plain gradient descent on the expansion coefficients themselves, no eigenvectors."""
    rows, labels = points(17)
    fitted = fit_classifier(rows, labels, n_classes=3, kernel=GAUSSIAN, cost=0.7)
    gram = GAUSSIAN(fitted.index_mQ, fitted.index_mQ)
    targets, weights = np.eye(3)[labels], np.zeros((17, 3))
    for _ in range(1500):
        scores = gram @ weights
        shares = np.exp(scores - logsumexp(scores, axis=1, keepdims=True))
        weights -= 0.05 * (weights + 0.7 * (shares - targets))
    np.testing.assert_allclose(gram @ fitted.weights_mC, gram @ weights, atol=0.02)


def test_scale_and_shift_of_a_feature_and_the_order_of_videos_do_not_matter():
    rows, labels = points()
    asked = points(seed=5)[0]
    fitted = fit_classifier(rows, labels, n_classes=3, **REST)
    logs = log_posteriors(fitted, asked)
    factor = np.array([3.0, 0.5, 1, 10, 7, 0.1, 2])
    again = fit_classifier(rows * factor + 5, labels, n_classes=3, **REST)
    np.testing.assert_allclose(log_posteriors(again, asked * factor + 5), logs, atol=0.02)
    order = np.random.default_rng(3).permutation(len(rows))
    turned = fit_classifier(rows[order], labels[order], n_classes=3, **REST)
    np.testing.assert_allclose(log_posteriors(turned, asked), logs, atol=0.02)
    assert (logs.argmax(axis=1) == points(seed=5)[1]).mean() > 0.7


def test_constant_features_and_classes_never_seen():
    rows, labels = points()
    rows = np.concatenate([rows, np.full((60, 2), 4.0)], axis=1)
    fitted = fit_classifier(rows, labels * 2, n_classes=6, **REST)
    logs = log_posteriors(fitted, rows)
    assert np.isneginf(logs[:, [1, 3, 5]]).all()
    np.testing.assert_allclose(np.exp(logs).sum(axis=1), 1, rtol=1e-12)


def test_far_values_count_as_the_limit():
    """In the data that are learned and in those that are asked."""
    rng = np.random.default_rng(0)
    rows_mQ, labels_m = rng.normal(size=(23, 3)), np.arange(23) % 2
    rows_mQ[5, 1] = 90.0
    kernel = Kernel("gaussian", 1.0, 2.0)
    fitted = fit_classifier(rows_mQ, labels_m, n_classes=2, kernel=kernel, cost=20.0)
    assert np.abs(fitted.index_mQ).max() == 2
    far = np.array([[1e6, 0, 0], [1e3, 0, 0]])
    logs_MC = log_posteriors(fitted, far)
    np.testing.assert_array_equal(logs_MC[0], logs_MC[1])


def test_a_fit_has_no_misfit_and_other_weights_have():
    rng = np.random.default_rng(0)
    rows_mQ, labels_m = rng.normal(size=(23, 3)), np.arange(23) % 3
    kernel = Kernel("gaussian", 1.0, 4.0)
    fitted = fit_classifier(rows_mQ, labels_m, n_classes=3, kernel=kernel, cost=20.0)
    assert 0 <= misfit(fitted, labels_m, cost=20.0) <= GAP
    assert misfit(fitted, labels_m, cost=60.0) > 0.01
    other = fitted._replace(weights_mC=fitted.weights_mC[::-1])
    assert misfit(other, labels_m, cost=20.0) > 0.01
