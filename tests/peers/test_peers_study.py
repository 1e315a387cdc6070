"""The numerical parts of the study beside scikit-learn and scikit-image, from the same start."""

import warnings

import numpy as np
import pytest

from lsfref.study.classifiers.svm import fit_svm, margins, objective
from lsfref.study.table1.fisher_vector import gradients, normalize
from lsfref.study.table1.mixture import Mixture, fit_mixture, posterior_sums, seed_mixture
from lsfref.study.table1.pca import fit_pca, project
from lsfref.study.table1.separation import silhouette

sklearn = pytest.importorskip("sklearn", reason="scikit-learn is not installed (tests/peers)")


def clouds(rng, n_rows, *, width):
    centers = rng.standard_normal((7, width)) * 1.5
    return centers[rng.integers(0, 7, n_rows)] + rng.standard_normal((n_rows, width))


def peer_mixture(start, *, max_iter, reg_covar=0.0):
    from sklearn.mixture import GaussianMixture

    return GaussianMixture(
        len(start.weights_G),
        covariance_type="diag",
        weights_init=start.weights_G,
        means_init=start.means_GD,
        precisions_init=1 / start.variances_GD,
        init_params="random_from_data",
        reg_covar=reg_covar,
        max_iter=max_iter,
        tol=0.0,
    )


@pytest.mark.parametrize("iterations", [1, 5, 40])
def test_em_from_the_same_start(iterations):
    rng = np.random.default_rng(0)
    rows = clouds(rng, 1009, width=13)
    start = seed_mixture(rows, n_gaussians=11, rng=rng)
    ours = fit_mixture(rows, start, max_iterations=iterations, tolerance=-np.inf, floor=1e-9)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns that it did not converge
        peer = peer_mixture(start, max_iter=iterations).fit(rows)
    np.testing.assert_allclose(ours[1][-1], peer.score(rows), rtol=1e-9)
    if iterations <= 5:  # later both have drifted by the rounding of their sums
        np.testing.assert_allclose(ours[0].weights_G, peer.weights_, rtol=1e-6)
        np.testing.assert_allclose(ours[0].means_GD, peer.means_, atol=1e-6)
        np.testing.assert_allclose(ours[0].variances_GD, peer.covariances_, rtol=1e-6)


def test_em_ends_no_lower_than_the_peer_with_its_own_stop():
    """Both stop by the same rule; the peer adds reg_covar where we have a floor: within 1e-3."""
    rng = np.random.default_rng(1)
    rows = clouds(rng, 2003, width=17)
    start = seed_mixture(rows, n_gaussians=13, rng=rng)
    ours = fit_mixture(rows, start, tolerance=1e-3, floor=1e-6)
    peer = peer_mixture(start, max_iter=100, reg_covar=1e-6).set_params(tol=1e-3).fit(rows)
    assert abs(ours[1][-1] - peer.score(rows)) < 1e-3


def test_fisher_vectors_are_scikit_images_up_to_the_information_scale():
    feature = pytest.importorskip("skimage.feature", reason="scikit-image is not installed")
    rng = np.random.default_rng(2)
    rows = clouds(rng, 503, width=13)
    start = seed_mixture(rows, n_gaussians=7, rng=rng)
    peer = peer_mixture(start, max_iter=20, reg_covar=1e-6).set_params(tol=1e-3).fit(rows)
    mixture = Mixture(peer.weights_, peer.means_, peer.covariances_)
    root_G1 = np.sqrt(peer.weights_)[:, None]
    scale = np.concatenate(
        [
            root_G1[:, 0],
            (root_G1 * np.sqrt(peer.covariances_)).ravel(),
            (np.sqrt(2) * root_G1 * peer.covariances_).ravel(),
        ]
    )
    for video in (rows[:101], rng.standard_normal((59, 13)) + 0.3):
        ours = gradients(posterior_sums(mixture, video), mixture) / scale
        want = feature.fisher_vector(video, peer)
        assert ours @ want / np.linalg.norm(ours) / np.linalg.norm(want) >= 1 - 1e-6
        np.testing.assert_allclose(ours, want, rtol=1e-6, atol=1e-9)
        improved = feature.fisher_vector(video, peer, improved=True)
        assert normalize(ours[None])[0] @ improved >= 1 - 1e-6


def test_posteriors_sum_to_the_peers():
    rng = np.random.default_rng(3)
    rows = clouds(rng, 211, width=5)
    start = seed_mixture(rows, n_gaussians=3, rng=rng)
    peer = peer_mixture(start, max_iter=3, reg_covar=1e-6).set_params(tol=1.0).fit(rows)
    sums = posterior_sums(Mixture(peer.weights_, peer.means_, peer.covariances_), rows)
    np.testing.assert_allclose(sums.posterior_G, peer.predict_proba(rows).sum(axis=0), rtol=1e-9)


@pytest.mark.parametrize("shape", [(131, 17), (23, 61)])
def test_pca(shape):
    from sklearn.decomposition import PCA

    rng = np.random.default_rng(4)
    rows = rng.standard_normal(shape) * rng.uniform(0.1, 3, shape[1]) + 5
    ours = fit_pca(rows)
    peer = PCA(n_components=len(ours.variances_R), svd_solver="full").fit(rows)
    np.testing.assert_allclose(ours.variances_R, peer.explained_variance_, rtol=1e-6)
    np.testing.assert_allclose(ours.shares_R, peer.explained_variance_ratio_, rtol=1e-6)
    cosines = np.abs((ours.directions_RV * peer.components_).sum(axis=1))
    np.testing.assert_allclose(cosines, 1, rtol=1e-6)
    for share in (0.5, 0.9, 0.98):
        n_kept = PCA(n_components=share, svd_solver="full").fit(rows).n_components_
        assert len(fit_pca(rows, share=share).variances_R) == n_kept
    np.testing.assert_allclose(np.abs(project(ours, rows)), np.abs(peer.transform(rows)), atol=1e-9)


@pytest.mark.parametrize("cost", [0.01, 1.0, 10.0])
@pytest.mark.parametrize("shape", [(211, 19), (53, 131)])
def test_svm_reaches_the_peers_minimum(cost, shape):
    from sklearn.svm import LinearSVC

    rng = np.random.default_rng(5)
    rows, labels = clouds(rng, shape[0], width=shape[1]), rng.integers(0, 3, shape[0])
    rows[labels == 1, 0] += 1
    ours = fit_svm(rows, labels, n_classes=3, cost=cost)
    peer = LinearSVC(C=cost, dual=False, tol=1e-8, max_iter=100_000).fit(rows, labels)
    padded = np.concatenate([rows, np.ones((len(rows), 1))], axis=1)
    for c in range(3):
        signs = np.where(labels == c, 1.0, -1.0)
        values = [
            objective(padded, signs, np.append(weights, offset), cost=cost)[0]
            for weights, offset in (
                (ours.weights_CV[c], ours.offsets_C[c]),
                (peer.coef_[c], peer.intercept_[c]),
            )
        ]
        assert values[0] == pytest.approx(values[1], rel=1e-4)
    same = margins(ours, rows).argmax(axis=1) == peer.predict(rows)
    assert same.mean() > 0.98


def test_silhouette():
    from sklearn.metrics import silhouette_score

    rng = np.random.default_rng(6)
    rows, labels = rng.standard_normal((61, 5)), rng.integers(0, 4, 61)
    labels[0] = 9  # a class of one
    assert silhouette(rows, labels) == pytest.approx(silhouette_score(rows, labels), rel=1e-9)
