import numpy as np
import oracles
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lsfref import lsh
from lsfref.kernels import shortlists
from lsfref.lsh import draw_directions, hash_features, nearest, prepare, stack_tables

CASES = ("plain", "offset", "in the index", "copies", "grid", "all equal", "outlier", "far query")
CASES += ("small", "smallest", "large", "zeros", "unlike axes", "sorted", "near ties")

EXTREMES = {
    "small": {"float64": 1e-160, "float32": 1e-22},
    "smallest": {"float64": 1e-310, "float32": 1e-41},
    "large": {"float64": 1e150, "float32": 1e16},
}


def vectors(n_rows, n, *, seed=0, dtype="float64"):
    return np.random.default_rng(seed).normal(size=(n_rows, n)).astype(dtype)


def literal(index_MN, queries_mN, k):
    """Return numbers and squared distances by the loops, in the type of the vectors."""
    found = [oracles.nearest(list(index_MN), list(q), k) for q in queries_mN]
    numbers = np.array([[i for _, i in row] for row in found])
    return numbers, np.array([[d for d, _ in row] for row in found], index_MN.dtype)


def check(index_MN, queries_mN, k):
    """Compare with every distance written out; the loops take too long for thousands."""
    squared = np.zeros((len(queries_mN), len(index_MN)), index_MN.dtype)
    for n in range(index_MN.shape[1]):
        apart = queries_mN[:, n, None] - index_MN[:, n]
        squared += apart * apart
    order = np.argsort(squared, axis=1, kind="stable")[:, :k]
    for index in (index_MN, prepare(index_MN)):
        own = nearest(index, queries_mN, k=k)
        np.testing.assert_array_equal(own.neighbors_mK, order)
        np.testing.assert_array_equal(
            own.squared_distances_mK, np.take_along_axis(squared, order, axis=1)
        )
        assert own.squared_distances_mK.dtype == index_MN.dtype


def test_by_hand():
    """Two tables of two projections in the plane; ties to the lower number."""
    features_MQ = np.array([[1.0, 2.0], [0.0, -1.0], [3.0, 0.0]])
    directions_CNQ = np.array([[[1.0, 0.0], [0.0, 1.0]], [[1.0, 1.0], [2.0, -1.0]]])
    hashes_CMN = hash_features(features_MQ, directions_CNQ)
    wanted = [[[1, 2], [0, -1], [3, 0]], [[3, 0], [-1, 1], [3, 6]]]
    np.testing.assert_array_equal(hashes_CMN, wanted)
    np.testing.assert_array_equal(
        stack_tables(hashes_CMN), [[[1, 2, 3, 0], [0, -1, -1, 1], [3, 0, 3, 6]]]
    )
    index_MN = np.array([[0.0, 3.0], [0.0, 0.0], [4.0, 0.0], [0.0, 0.0]])
    own = nearest(index_MN, np.array([[0.0, 0.0], [4.0, 3.0]]), k=3)
    np.testing.assert_array_equal(own.neighbors_mK, [[1, 3, 0], [2, 0, 1]])
    np.testing.assert_array_equal(own.squared_distances_mK, [[0, 0, 9], [9, 16, 25]])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("n", [8, 30, 300])
def test_terms_are_added_in_order_where_one_distance_is_all(n, dtype):
    """numpy sums a single contiguous run in pairs, which has other bits."""
    for seed in range(20):
        check(vectors(1, n, seed=seed, dtype=dtype), vectors(1, n, seed=99, dtype=dtype), 1)


def test_directions_come_table_by_table():
    """G2: fewer tables are the first of more."""
    size = {"n_projections": 5, "n_features": 7}
    two = draw_directions(np.random.default_rng(3), n_classes=2, **size)
    three = draw_directions(np.random.default_rng(3), n_classes=3, **size)
    assert three.shape == (3, 5, 7)
    np.testing.assert_array_equal(two, three[:2])
    many = draw_directions(np.random.default_rng(3), n_classes=7, n_projections=50, n_features=61)
    assert abs(many.mean()) < 0.03
    assert abs(many.std() - 1) < 0.03


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_hashes_are_the_loop(dtype):
    """The same bits, alone or among 97: so a query that is in the index is at distance 0."""
    features_MQ = vectors(97, 11, dtype=dtype)
    rng = np.random.default_rng(5)
    directions_CNQ = draw_directions(rng, n_classes=3, n_projections=7, n_features=11)
    directions_CNQ = directions_CNQ.astype(dtype)
    hashes_CMN = hash_features(features_MQ, directions_CNQ)
    assert hashes_CMN.dtype == np.dtype(dtype)
    if dtype == "float64":
        wanted = [
            [[oracles.project(x, a) for a in table] for x in features_MQ]
            for table in directions_CNQ
        ]
        np.testing.assert_array_equal(hashes_CMN, wanted)
    for m in (0, 63, 64, 96):
        alone_C1N = hash_features(features_MQ[m : m + 1], directions_CNQ)
        assert alone_C1N.tobytes() == hashes_CMN[:, m : m + 1].tobytes()
        own = nearest(hashes_CMN[0], alone_C1N[0], k=1)
        assert (own.neighbors_mK[0, 0], own.squared_distances_mK[0, 0]) == (m, 0)


def test_projections_keep_distances_on_average():
    """G1: E||g(x) - g(y)||^2 = N ||x - y||^2, within 5 standard errors for N = 5003."""
    features_MQ = vectors(2, 7)
    rng = np.random.default_rng(1)
    directions_CNQ = draw_directions(rng, n_classes=1, n_projections=5003, n_features=7)
    hashes_CMN = hash_features(features_MQ, directions_CNQ)
    ratio = ((hashes_CMN[0, 0] - hashes_CMN[0, 1]) ** 2).mean()
    ratio /= ((features_MQ[0] - features_MQ[1]) ** 2).sum()
    assert abs(ratio - 1) < 5 * np.sqrt(2 / 5003)


def test_many_projections_tend_to_exact_neighbors():
    features_MQ, queries_mQ = vectors(101, 7), vectors(23, 7, seed=1)
    exact = nearest(features_MQ, queries_mQ, k=5).neighbors_mK
    agree = []
    for n in (2, 20, 2000):
        rng = np.random.default_rng(2)
        directions_CNQ = draw_directions(rng, n_classes=1, n_projections=n, n_features=7)
        index, queries = (hash_features(f, directions_CNQ)[0] for f in (features_MQ, queries_mQ))
        found = nearest(index, queries, k=5).neighbors_mK
        agree.append(np.mean([len(set(a) & set(b)) / 5 for a, b in zip(found, exact, strict=True)]))
    assert agree[0] < agree[1] < agree[2]
    assert agree[2] > 0.9


@given(
    sizes=st.tuples(st.integers(1, 40), st.integers(1, 5), st.integers(1, 7)),
    k=st.integers(1, 45),
    grid=st.sampled_from([0.0, 0.5, 0.1]),
    offset=st.sampled_from([0.0, 1e6]),
    seed=st.integers(0, 2**32 - 1),
    dtype=st.sampled_from(["float64", "float32"]),
)
@settings(max_examples=80)
def test_search_is_the_loop(sizes, k, grid, offset, seed, dtype):
    """Order, ties (vectors on a grid) and the bits of every distance."""
    n_index, n_queries, n = sizes
    rng = np.random.default_rng(seed)
    index_MN, queries_mN = rng.normal(size=(n_index, n)), rng.normal(size=(n_queries, n))
    if grid:
        index_MN, queries_mN = (np.rint(a / grid) * grid for a in (index_MN, queries_mN))
    index_MN, queries_mN = ((a + offset).astype(dtype) for a in (index_MN, queries_mN))
    own = nearest(index_MN, queries_mN, k=k)
    numbers, squared = literal(index_MN, queries_mN, k)
    np.testing.assert_array_equal(own.neighbors_mK, numbers)
    np.testing.assert_array_equal(own.squared_distances_mK, squared)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("case", CASES)
def test_shortlist_loses_nobody(case, dtype):
    """Large enough for columns to be folded; everything that could mislead a matrix product."""
    rng = np.random.default_rng(7)
    index_MN, queries_mN = vectors(997, 11, dtype=dtype), vectors(31, 11, seed=1, dtype=dtype)
    real = index_MN.dtype.type
    if case == "offset":
        index_MN, queries_mN = index_MN + real(1e6), queries_mN + real(1e6)
    elif case == "in the index":
        queries_mN = index_MN[rng.integers(0, 997, 31)]
    elif case == "copies":
        index_MN, queries_mN = index_MN[rng.integers(0, 37, 997)], index_MN[rng.integers(0, 37, 31)]
    elif case == "grid":
        index_MN, queries_mN = np.rint(index_MN), np.rint(queries_mN)
    elif case == "all equal":
        index_MN = np.full_like(index_MN, 0.1)
    elif case == "outlier":
        index_MN[5] *= real(1e4)
    elif case == "far query":
        queries_mN[3] *= real(1e6)
    elif case in EXTREMES:
        factor = real(EXTREMES[case][dtype])
        index_MN, queries_mN = index_MN * factor, queries_mN * factor
    elif case == "zeros":
        index_MN, queries_mN = index_MN * 0, queries_mN * 0
    elif case == "unlike axes":
        widths = (10.0 ** rng.uniform(-6, 6, 11)).astype(dtype)
        index_MN, queries_mN = index_MN * widths, queries_mN * widths
    elif case == "sorted":
        index_MN = index_MN[np.argsort(((index_MN - queries_mN[0]) ** 2).sum(axis=1))]
    elif case == "near ties":  # one ulp apart in one coordinate
        index_MN = np.repeat(index_MN[:1], 997, axis=0)
        index_MN[:, 3] += np.arange(997, dtype=dtype)[::-1] * np.spacing(index_MN[0, 3])
    for k in (1, 7, 75, 500, 997):
        check(index_MN, queries_mN, k)


@pytest.mark.parametrize("offset", [0.0, 1e6])
def test_shortlists_are_short(offset):
    """What makes it quick: of 997 videos, hardly more than k are looked at, at any offset."""
    index_MN, queries_mN = vectors(997, 11) + offset, vectors(31, 11, seed=1) + offset
    ((_, _, counts_B),) = shortlists.shortlists(prepare(index_MN), queries_mN, k=20)
    assert (counts_B >= 20).all()
    assert counts_B.mean() < 25


@given(
    sizes=st.tuples(st.integers(1, 300), st.integers(1, 5), st.integers(1, 7)),
    k=st.integers(1, 45),
    grid=st.sampled_from([0.0, 0.5]),
    offset=st.sampled_from([0.0, 1e6]),
    power=st.integers(-55, 30),
    away=st.integers(-70, 70),
    seed=st.integers(0, 2**32 - 1),
    dtype=st.sampled_from(["float64", "float32"]),
)
@settings(max_examples=200)
def test_a_prepared_index_gives_the_same_bits(sizes, k, grid, offset, power, away, seed, dtype):
    """Queries from 2^-70 to 2^70 of the index's scale: within what it was prepared for, and out."""
    n_index, n_queries, n = sizes
    rng = np.random.default_rng(seed)
    index_MN, queries_mN = rng.normal(size=(n_index, n)), rng.normal(size=(n_queries, n))
    if grid:
        index_MN, queries_mN = (np.rint(a / grid) * grid for a in (index_MN, queries_mN))
    index_MN = ((index_MN + offset) * 2.0**power).astype(dtype)
    queries_mN = (queries_mN + offset) * 2.0**power
    queries_mN[0] *= 2.0 ** (away if dtype == "float64" else min(away, 35 - power))
    check(index_MN, queries_mN.astype(dtype), k)


def test_a_prepared_index_is_not_prepared_again(monkeypatch):
    """But for a query out of reach, one of another type, and one whose squares overflow."""
    index_MN, queries_mN = vectors(101, 5), vectors(3, 5, seed=1)
    ready = prepare(index_MN)
    again = []
    for module in (lsh, shortlists):
        monkeypatch.setattr(module, "prepare", lambda *a, **k: again.append(1) or prepare(*a, **k))
    nearest(ready, queries_mN * 2.0**40, k=3)
    nearest(ready, queries_mN.astype("float32"), k=3)
    assert not again
    nearest(ready, queries_mN * 2.0**60, k=3)
    assert len(again) == 1
    own = nearest(prepare(index_MN.astype("float32")), queries_mN, k=3)
    assert own.squared_distances_mK.dtype == np.float64
    assert len(again) == 2
    with pytest.raises(ValueError, match="squares"):
        nearest(prepare(index_MN * 1e150), queries_mN * 1e158, k=3)


def test_blocks_of_queries_change_nothing(monkeypatch):
    index_MN, queries_mN = vectors(101, 5), vectors(53, 5, seed=1)
    whole = nearest(index_MN, queries_mN, k=7)
    monkeypatch.setattr(shortlists, "BLOCK", 7 * 101)
    parts = nearest(index_MN, queries_mN, k=7)
    np.testing.assert_array_equal(whole.neighbors_mK, parts.neighbors_mK)
    assert whole.squared_distances_mK.tobytes() == parts.squared_distances_mK.tobytes()


@given(seed=st.integers(0, 2**32 - 1), power=st.integers(-20, 20))
@settings(max_examples=30)
def test_scale_and_order_are_no_matter(seed, power):
    """Scaling features or directions by one factor keeps all neighbors; so does any order."""
    rng = np.random.default_rng(seed)
    features_MQ = rng.normal(size=(29, 7))
    directions_CNQ = rng.normal(size=(3, 5, 7))
    plain = [
        nearest(h, h[:11], k=5).neighbors_mK for h in hash_features(features_MQ, directions_CNQ)
    ]
    scaled = [
        nearest(h, h[:11], k=5).neighbors_mK
        for h in hash_features(features_MQ * 3.7, directions_CNQ * 2.0**power)
    ]
    np.testing.assert_array_equal(plain, scaled)
    order_M = rng.permutation(29)
    hashes_CMN = hash_features(features_MQ, directions_CNQ)
    mixed = [nearest(h[order_M], h[:11], k=5).neighbors_mK for h in hashes_CMN]
    np.testing.assert_array_equal(order_M[np.array(mixed)], plain)


def test_whole_numbers_and_mixed_types():
    index_MN = np.array([[3, 4], [0, 1], [0, 0]])
    own = nearest(index_MN, np.array([[0, 0]], "float32"), k=3)
    np.testing.assert_array_equal(own.neighbors_mK, [[2, 1, 0]])
    np.testing.assert_array_equal(own.squared_distances_mK, [[0, 1, 25]])
    assert own.squared_distances_mK.dtype == np.float64


def test_k_beyond_the_index_and_no_queries():
    own = nearest(vectors(5, 3), vectors(2, 3, seed=1), k=99)
    assert own.neighbors_mK.shape == own.squared_distances_mK.shape == (2, 5)
    assert nearest(vectors(5, 3), np.empty((0, 3)), k=2).neighbors_mK.shape == (0, 2)


@pytest.mark.parametrize(
    ("index_MN", "queries_mN", "k", "message"),
    [
        (np.ones((5, 3)), np.ones((2, 7)), 1, r"\(5, 3\), \(2, 7\)"),
        (np.ones((0, 3)), np.ones((2, 3)), 1, "M, k > 0"),
        (np.ones((5, 3)), np.ones((2, 3)), 0, "M, k > 0"),
        (np.full((5, 3), np.nan), np.ones((2, 3)), 1, "finite"),
        (np.ones((5, 3)), np.full((2, 3), np.inf), 1, "finite"),
        (np.ones((5, 3)), np.full((2, 3), 1e200), 1, "squares"),
    ],
)
def test_searches_that_are_refused(index_MN, queries_mN, k, message):
    with pytest.raises(ValueError, match=message):
        nearest(index_MN, queries_mN, k=k)


def test_features_of_another_width_are_refused():
    with pytest.raises(ValueError, match=r"\(5, 3\), \(2, 7, 11\)"):
        hash_features(np.ones((5, 3)), np.ones((2, 7, 11)))
