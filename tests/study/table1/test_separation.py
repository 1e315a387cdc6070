import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsfref.study.table1.separation import scatter_ratio, silhouette


def test_by_hand():
    features = np.array([[0.0], [2.0], [10.0], [20.0]])
    labels = np.array([4, 4, 1, 9])
    # rows 0, 1: a = 2, b = 10 and 8; the two lonely rows count 0
    assert silhouette(features, labels) == pytest.approx((0.8 + 0.75) / 4, rel=1e-15)
    # mean 8: between 2 (8 - 1)^2 + 2^2 + 12^2, within 1 + 1
    assert scatter_ratio(features, labels) == pytest.approx((98 + 4 + 144) / 2, rel=1e-15)
    assert math.isinf(scatter_ratio(features[:, :0] + np.ones((4, 1)) * labels[:, None], labels))
    assert silhouette(np.zeros((4, 2)), np.array([0, 0, 1, 1])) == 0


@given(st.integers(0, 2**32 - 1), st.floats(0.01, 100, allow_subnormal=False))
def test_scale_shift_and_order_change_nothing(seed, scale):
    rng = np.random.default_rng(seed)
    features, labels = rng.standard_normal((23, 5)), rng.integers(0, 3, 23)
    labels[:3] = [0, 1, 2]
    order = rng.permutation(23)
    for measure in (silhouette, scatter_ratio):
        one = measure(features, labels)
        other = measure((features * scale + 3.0)[order], labels[order])
        assert other == pytest.approx(one, rel=1e-6, abs=1e-9)


def test_silhouette_is_the_literal_one():
    rng = np.random.default_rng(1)
    features, labels = rng.standard_normal((19, 3)), np.repeat([0, 1, 2], [11, 7, 1])
    values = []
    for i in range(19):
        mean = {}
        for c in range(3):
            rest = [j for j in range(19) if labels[j] == c and j != i]
            if rest:
                mean[c] = sum(math.dist(features[i], features[j]) for j in rest) / len(rest)
        own = mean.pop(labels[i], None)
        other = min(mean.values())
        values.append(0 if own is None else (other - own) / max(own, other))
    assert silhouette(features, labels) == pytest.approx(sum(values) / 19, rel=1e-12)
