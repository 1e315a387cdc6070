"""Selection, search, votes and scaling beside scikit-learn, scipy and faiss."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from lsfref import fisher
from lsfref.lsh import nearest
from lsfref.phases import sampling
from lsfref.voting import vote

neighbors = pytest.importorskip("sklearn.neighbors")
feature_selection = pytest.importorskip("sklearn.feature_selection")
preprocessing = pytest.importorskip("sklearn.preprocessing")


def vectors(n_rows, n, *, seed=0, dtype="float64"):
    return np.random.default_rng(seed).normal(size=(n_rows, n)).astype(dtype)


def labels(n, *, n_classes=3):
    return np.random.default_rng(9).integers(0, n_classes, n)


def test_fisher_score_ranks_as_f_classif():
    pooled_ME, labels_M = vectors(97, 31), labels(97)
    statistic_E = feature_selection.f_classif(pooled_ME, labels_M)[0]
    scores_E = fisher.fisher_score(pooled_ME, labels_M)
    np.testing.assert_allclose(scores_E * (97 - 3) / (3 - 1), statistic_E, rtol=1e-10)


@pytest.mark.parametrize("k", [1, 10, 75])
def test_neighbors_are_those_of_cdist_and_scikit_learn(k):
    index_MN, queries_mN = vectors(997, 13), vectors(101, 13, seed=1)
    own = nearest(index_MN, queries_mN, k=k)
    squared_mM = cdist(queries_mN, index_MN, "sqeuclidean")
    order_mK = np.argsort(squared_mM, axis=1, kind="stable")[:, :k]
    np.testing.assert_array_equal(own.neighbors_mK, order_mK)
    wanted_mK = np.take_along_axis(squared_mM, order_mK, axis=1)
    np.testing.assert_allclose(own.squared_distances_mK, wanted_mK, rtol=1e-13)
    brute = neighbors.NearestNeighbors(n_neighbors=k, algorithm="brute").fit(index_MN)
    np.testing.assert_array_equal(own.neighbors_mK, brute.kneighbors(queries_mN)[1])


def test_an_offset_of_a_million_misleads_only_others():
    """Recall 1 against cdist of the same vectors, where |x|^2 - 2 x.y + |y|^2 has lost all."""
    index_MN, queries_mN = vectors(997, 13) + 1e6, vectors(101, 13, seed=1) + 1e6
    order_mK = np.argsort(cdist(queries_mN, index_MN, "sqeuclidean"), axis=1, kind="stable")
    own = nearest(index_MN, queries_mN, k=10)
    np.testing.assert_array_equal(own.neighbors_mK, order_mK[:, :10])


@pytest.mark.filterwarnings("ignore")  # of its bindings, as it is imported
def test_neighbors_are_those_of_faiss():
    """In float32, at the paper's sizes: distances to 1e-4, no neighbor of ours further away."""
    faiss = pytest.importorskip("faiss")
    index_MN = vectors(6668, 50, dtype="float32")
    queries_mN = vectors(211, 50, seed=1, dtype="float32")
    flat = faiss.IndexFlatL2(50)
    flat.add(index_MN)
    squared_mK, order_mK = flat.search(queries_mN, 75)
    own = nearest(index_MN, queries_mN, k=75)
    np.testing.assert_allclose(own.squared_distances_mK, squared_mK, rtol=1e-4)
    assert (own.neighbors_mK == order_mK).mean() > 0.99  # it rounds: near ties change places


@pytest.mark.parametrize(("weights", "rule"), [("uniform", "average"), ("distance", "weighted")])
def test_votes_of_one_table_are_k_nearest_neighbors(weights, rule):
    index_MN, queries_mN, labels_m = vectors(211, 7), vectors(53, 7, seed=1), labels(211)
    peer = neighbors.KNeighborsClassifier(n_neighbors=11, weights=weights, algorithm="brute")
    peer.fit(index_MN, labels_m)
    own = nearest(index_MN, queries_mN, k=11)
    votes = vote(
        own.neighbors_mK[None], own.squared_distances_mK[None], labels_m, n_classes=3, rule=rule
    )
    np.testing.assert_allclose(votes.confidence_MC, peer.predict_proba(queries_mN), rtol=1e-9)
    np.testing.assert_array_equal(votes.decision_M, peer.predict(queries_mN))


def test_zscore_is_the_standard_scaler():
    rows_PD = vectors(97, 11) * np.arange(11) + 5  # the first column is constant
    own_PD = sampling.apply_scaling(sampling.fit_scaling(rows_PD, kind="zscore"), rows_PD)
    peer_PD = preprocessing.StandardScaler().fit_transform(rows_PD)
    np.testing.assert_allclose(own_PD, peer_PD, rtol=0, atol=1e-12)
