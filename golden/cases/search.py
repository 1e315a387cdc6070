"""Golden cases of stages 8, 9 and 10: rank and select, hash and search, vote."""

import numpy as np

from golden.cases.base import Case, Kind, Output, least_gap
from golden.cases.numbers import bells, reals, whole
from lsfref import fisher, lsh, voting


def run_fisher(t, _settings):
    scores_E = fisher.fisher_score(t["pooled_ME"], t["labels_M"])
    selected_Q = fisher.select_top(scores_E, top_percent=float(t["top_percent"]))
    return {"scores_E": scores_E, "selected_Q": selected_Q}


def fisher_margin(t, _settings, out):
    ranked = np.sort(out["scores_E"].astype(float))[::-1][: len(out["selected_Q"]) + 1]
    if (ranked[1:] == ranked[:-1]).any():
        return 0.0
    return least_gap(ranked)


FISHER = Kind(
    "fisher",
    "08_fisher",
    run_fisher,
    {
        "scores_E": Output(
            "paper Eq. (1): sum over classes of n (mean of class - mean)^2 over sum of n variance"
            " (of n, not n - 1); inf where it is constant in every class, 0 where overall; classes"
            " without videos left out; F1 F2 F5",
            "loops, sklearn",
        ),
        "selected_Q": Output(
            "the best max(1, ceil(E top_percent / 100)), best first, of equals the lower; F3 F4",
            "loops",
        ),
    },
    fisher_margin,
)


def _pooled(labels, n_features, seed, apart=1.0):
    labels = np.asarray(labels)
    centers = bells((labels.max() + 1, n_features), seed=seed) * apart
    return centers[labels] + bells((len(labels), n_features), seed=seed + 1) / 2


_SIX = np.array([0, 1, 2, 3, 4, 5, 5, 4, 3, 2, 1, 0, 5, 4, 3, 5, 1])
_TWO = np.array([1, 0, 0, 1, 0, 1, 1, 0, 1, 0, 0, 0, 1])
_TIED = np.array(  # columns 1, 4 alike; 2 is 0 turned over; 3 is 0 moved; whole numbers, sizes 4, 4
    [
        [1, 5, -1, 3, 5, 0],
        [3, 1, -3, 5, 1, 2],
        [1, 5, -1, 3, 5, 4],
        [3, 1, -3, 5, 1, 2],
        [5, 3, -5, 7, 3, 0],
        [7, 7, -7, 9, 7, 2],
        [5, 3, -5, 7, 3, 4],
        [7, 7, -7, 9, 7, 2],
    ],
    dtype=float,
)


def _constants():
    pooled = _pooled([0, 0, 1, 1, 1], 7, seed=811)
    pooled[:, 1] = 0.1  # constant overall: 0
    pooled[:, 3] = [0.1, 0.1, 0.3, 0.3, 0.3]  # constant within every class: inf
    pooled[:, 4] = 0.7
    pooled[:, 6] = [0.7, 0.7, 0.7, 0.7, 0.1]  # varies in one class
    pooled[:, 5] = [-0.3, -0.3, 0.1, 0.1, 0.1]  # inf once more: lower index first
    return pooled


def _many():
    """Return seven videos; the scores of their features are about 1, 2, ... 211 times the least."""
    apart = np.rint(2**10 * np.sqrt(1 + (np.arange(211) * 67) % 211)) / 2**10
    spread = np.array([-1, 0, 1, -1, 1, -1, 1])
    return spread[:, None] + np.outer([0, 0, 0, 1, 1, 1, 1], apart)


def _fisher_cases():
    def case(name, about, branch, pooled, labels, percent=50.0, **rest):
        return Case(
            FISHER,
            name,
            about,
            branch,
            {"pooled_ME": pooled, "labels_M": np.asarray(labels)},
            {"top_percent": np.float64(percent)},
            **rest,
        )

    one = [0, 0, 0, 1, 2, 2, 2]
    yield case(
        "tiny",
        "background: six classes of unequal size",
        "Eq. (1) itself: sums over videos and classes, population standard deviation squared",
        _pooled(_SIX, 11, seed=873),
        _SIX,
    )
    yield case(
        "foreground",
        "the other task: two classes",
        "labels of the task",
        _pooled(_TWO, 7, seed=803, apart=0.5),
        _TWO,
    )
    yield case(
        "many",
        "half of 211 features",
        "ceil(E top_percent / 100), for as many features as a real code has (F4)",
        _many(),
        [0, 0, 0, 1, 1, 1, 1],
    )
    yield case(
        "tie",
        "features with equal scores, whole numbers",
        "equal scores: the lower feature first (F3)",
        _TIED,
        [0, 0, 0, 0, 1, 1, 1, 1],
        70.0,
        exact=True,
    )
    yield case(
        "constant",
        "features constant in a class, in all classes, overall; 0.1 is no binary number",
        "a feature is constant where its greatest value is its least: inf, or 0 overall (F2)",
        _constants(),
        [0, 0, 1, 1, 1],
        100.0,
        exact=True,
    )
    yield case(
        "one_video",
        "a class with one video",
        "a class of one has deviation 0 and still a mean (F5)",
        _pooled(one, 5, seed=805),
        one,
    )
    yield case(
        "empty_class",
        "no video of class 1",
        "a class without videos is left out (F5)",
        _pooled([0, 2, 2, 0, 3, 3, 2], 5, seed=807),
        [0, 2, 2, 0, 3, 3, 2],
    )
    yield case(
        "unlike_means",
        "one class far from the others, far from zero",
        "means are subtracted before squares are taken",
        np.rint(64 * _pooled(_TWO, 5, seed=809)) / 64 + 128.0 * np.array([1, -1, 3, 0, 2]),
        _TWO,
    )
    yield case(
        "least",
        "a share that rounds to no feature",
        "at least one feature is kept (F4)",
        _pooled(_TWO, 3, seed=813),
        _TWO,
        1.0,
    )
    yield case(
        "share",
        "a third of ten features",
        "the number kept is rounded up (F4)",
        _pooled(_TWO, 10, seed=815),
        _TWO,
        31.0,
    )
    yield case(
        "large",
        "features around 1e200 and 1e-200",
        "squares overflow unless features are scaled, by powers of two",
        _pooled(_TWO, 5, seed=817) * np.array([1e200, 1.0, 1e-200, 1e180, 1e-190]),
        _TWO,
        100.0,
        single=False,
    )


def run_search(t, settings):
    index_TmN = lsh.hash_features(t["index_mQ"], t["directions_TNQ"])
    queries_TMN = lsh.hash_features(t["queries_MQ"], t["directions_TNQ"])
    if settings["voting"] == "stacked":
        index_TmN, queries_TMN = lsh.stack_tables(index_TmN), lsh.stack_tables(queries_TMN)
    found = [lsh.nearest(i, q, k=int(t["k"])) for i, q in zip(index_TmN, queries_TMN, strict=True)]
    return {
        "index_hashes_TmN": index_TmN,
        "query_hashes_TMN": queries_TMN,
        "neighbors_TMK": np.stack([f.neighbors_mK for f in found]),
        "squared_distances_TMK": np.stack([f.squared_distances_mK for f in found]),
    }


def search_margin(t, _settings, out):
    index, queries = out["index_hashes_TmN"].astype(float), out["query_hashes_TMN"].astype(float)
    squared = ((queries[:, :, None] - index[:, None]) ** 2).sum(axis=-1)
    nearest = np.sort(squared, axis=-1)[..., : out["neighbors_TMK"].shape[-1] + 1]
    gaps = np.diff(nearest, axis=-1)
    return float(gaps.min(initial=np.inf) / squared.max())


SEARCH = Kind(
    "search",
    "09_lsh",
    run_search,
    {
        "index_hashes_TmN": Output(
            "h(x) = a . x; stacked: side by side, table after table; G1 G2 V6",
            "loops, scipy, sklearn",
        ),
        "query_hashes_TMN": Output("h(y) = a . y; G1 G2", "loops, scipy, sklearn"),
        "neighbors_TMK": Output(
            "the K least squared distances, nearest first, of equals the lower index; all where"
            " there are fewer than K; G3 G4",
            "loops, scipy, sklearn",
        ),
        "squared_distances_TMK": Output(
            "sum over n of (x_n - y_n)^2, differences first; G3", "loops, scipy, sklearn"
        ),
    },
    search_margin,
)


def _search_cases():
    def case(name, about, branch, index, queries, directions, k, voting_rule="average", **rest):
        return Case(
            SEARCH,
            name,
            about,
            branch,
            {"index_mQ": index, "queries_MQ": queries},
            {"k": np.int64(k)},
            {"directions_TNQ": directions},
            {"voting": voting_rule},
            **rest,
        )

    index, queries = bells((13, 7), seed=1019), bells((3, 7), seed=2019)
    directions = bells((5, 11, 7), seed=3019)
    yield case(
        "tiny",
        "background: five tables",
        "the projections, or the order of tables",
        index,
        queries,
        directions,
        2,
    )
    yield case(
        "foreground",
        "the other task: two tables",
        "the projections, or the number of tables",
        bells((11, 5), seed=958),
        bells((7, 5), seed=1958),
        bells((2, 17, 5), seed=2958),
        3,
    )
    yield case(
        "stacked",
        "one search in the space of all hashes",
        "tables side by side, table after table (V6)",
        bells((11, 5), seed=921),
        bells((3, 5), seed=922),
        bells((2, 7, 5), seed=923),
        5,
        "stacked",
    )
    yield case(
        "large",
        "more videos",
        "sums over many videos",
        bells((67, 7), seed=1014),
        bells((3, 7), seed=2014),
        bells((2, 11, 7), seed=3014),
        5,
    )
    lattice = np.array([[1, 0], [0, 1], [-1, 0], [0, -1], [2, 0], [0, 0], [0, 1]], dtype=float)
    axes = np.array([[[1, 0], [0, 1], [1, 1]], [[0, 2], [1, 0], [0, 0]]], dtype=float)
    yield case(
        "tie",
        "whole numbers; equal distances within the K and at its end",
        "equal distances: the lower index first, also for the last place (G3)",
        lattice,
        np.array([[0, 0], [1, 1]], dtype=float),
        axes,
        3,
        exact=True,
    )
    yield case(
        "same",
        "queries that are indexed, and copies of one video",
        "distances are summed differences: from an equal video exactly 0 (G3)",
        np.concatenate([index[:5], index[2:3]]),
        index[[2, 4]],
        directions[:2],
        3,
        exact=True,
    )
    yield case(
        "few",
        "fewer videos than K",
        "K is cut to the size of the index (G4)",
        index[:3],
        queries,
        directions[:2],
        5,
    )
    yield case(
        "one",
        "one video, one query",
        "nothing special",
        index[:1],
        queries[:1],
        directions[:2],
        1,
        exact=True,
    )
    yield case(
        "offset",
        "1e6 added to every coordinate",
        "distances from differences, not from |x|^2 - 2 x.y + |y|^2 (G3)",
        np.rint(64 * index) / 64 + 1e6,
        np.rint(64 * queries) / 64 + 1e6,
        np.rint(64 * directions[:2]) / 64,
        2,
        single=False,
    )


def run_vote(t, settings):
    votes = voting.vote(
        t["neighbors_TMK"],
        t["squared_distances_TMK"],
        t["labels_m"],
        n_classes=int(t["n_classes"]),
        rule=settings["rule"],
    )
    return votes._asdict()


def vote_margin(_t, _settings, out):
    top = np.sort(out["confidence_MC"].astype(float), axis=1)[:, -2:]
    gap = float((top[:, 1] - top[:, 0]).min())
    return 0.0 if gap < 1e-9 else gap


VOTE = Kind(
    "vote",
    "10_voting",
    run_vote,
    {
        "confidence_MC": Output(
            "average, stacked: share of each label among the neighbors of all tables; table: table"
            " c counts label c alone, every class alike where nothing is counted; weighted: a"
            " neighbor weighs 1 / (sqrt(squared distance) + 1e-12), a table 1 in all, mean"
            " of tables; V1 V2 V5 V6",
            "loops",
        ),
        "decision_M": Output("most votes, the lowest class of equals; V1", "loops"),
    },
    vote_margin,
)


def _vote_cases():
    def case(name, about, branch, neighbors, squared, labels, n_classes, rule, **rest):
        return Case(
            VOTE,
            name,
            about,
            branch,
            {
                "neighbors_TMK": neighbors,
                "squared_distances_TMK": squared,
                "labels_m": np.asarray(labels),
            },
            {"n_classes": np.int64(n_classes)},
            settings={"rule": rule},
            **rest,
        )

    labels = whole((19,), seed=1545, high=5)
    neighbors, squared = _ranked(5, 3, 7, 19, seed=1045)
    yield case(
        "tiny",
        "background: five tables, counts of all of them",
        "neighbors of all tables count alike (V1)",
        neighbors,
        squared,
        labels,
        5,
        "average",
    )
    yield case(
        "table",
        "table c counts class c alone",
        "table c counts label c alone (V2)",
        neighbors,
        squared,
        labels,
        5,
        "table",
    )
    yield case(
        "weighted",
        "near neighbors weigh more",
        "weights 1 / (distance + 1e-12), not of its square, 1 in all a table (V5)",
        neighbors,
        squared,
        labels,
        5,
        "weighted",
    )
    yield case(
        "stacked",
        "one table in all",
        "as average, with one table (V6)",
        neighbors[:1],
        squared[:1],
        labels,
        5,
        "stacked",
    )
    two, apart = _ranked(2, 5, 7, 11, seed=1141)
    humans = whole((11,), seed=1641, high=2)
    for rule in ("average", "table", "weighted"):
        yield case(
            f"foreground_{rule}",
            "the other task: two classes",
            f"rule {rule} with two classes",
            two,
            apart,
            humans,
            2,
            rule,
        )
    even = np.array([[[0, 1, 2, 3]], [[4, 5, 0, 2]]])
    far = np.array([[[0.25, 1, 2.25, 4]], [[1, 4, 9, 16]]])
    yield case(
        "tie",
        "as many votes for class 1 as for class 2",
        "equal votes: the lowest class (V1)",
        even,
        far,
        [2, 1, 2, 1, 1, 1],
        3,
        "average",
        exact=True,
    )
    yield case(
        "table_tie",
        "as many votes in table 1 as in table 2",
        "equal votes: the lowest class (V2)",
        np.concatenate([even, even[:1]]),
        np.concatenate([far, far[:1]]),
        [2, 1, 2, 1, 1, 1],
        3,
        "table",
        exact=True,
    )
    yield case(
        "silent",
        "no table finds a video of its own class",
        "nothing counted: every class alike (V2)",
        np.array([[[0, 1, 2, 3]], [[4, 5, 6, 7]]]),
        far,
        [1, 1, 1, 1, 0, 0, 0, 0],
        2,
        "table",
        exact=True,
    )
    near = far.copy()
    near[:, :, 0] = 0
    yield case(
        "zero_distance",
        "a query that is indexed",
        "1e-12 is added to the distance: it outweighs the rest (V5)",
        even,
        near,
        [2, 1, 1, 1, 2, 1],
        3,
        "weighted",
    )
    yield case(
        "one_video",
        "a class with one video, which is always found",
        "a class of one cannot win a count of many",
        np.array([[[3, 0, 1], [3, 1, 2]], [[0, 3, 2], [2, 3, 4]]]),
        np.array([[[1, 2, 3], [1, 3, 4]], [[1, 2, 5], [2, 3, 7.0]]]),
        [0, 0, 0, 1, 0],
        2,
        "average",
    )


def _ranked(n_tables, n_queries, k, n_index, *, seed):
    """Return neighbors without repetition, and distances that grow."""
    order = np.argsort(whole((n_tables, n_queries, n_index), seed=seed, high=2**40), axis=-1)
    steps = reals((n_tables, n_queries, k), seed=seed + 1, span=0.9) + 1
    return order[..., :k], np.cumsum(steps, axis=-1)


CASES = [*_fisher_cases(), *_search_cases(), *_vote_cases()]
