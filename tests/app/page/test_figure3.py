"""Figure 3: maps that never see a label, one per space and task, with their numbers below."""

import inspect
import re
import sys
from types import SimpleNamespace

import numpy as np
from pages import Page

from lsfref.app.page import marks, shell
from lsfref.app.page.figure3 import figure3, map_2d, separation
from lsfref.study.protocol.protocol import TaskLabels
from lsfref.study.table1.rows import SPACES

N = 31
LABELS = np.arange(N) % 3
TASKS = [
    TaskLabels("background", ("rain", "snow & <ice>", "fog"), LABELS),
    TaskLabels("foreground", ("none", "human"), np.where(LABELS == 2, -1, LABELS)),
]


def test_each_number_says_where_it_comes_from():
    rng = np.random.default_rng(5)
    spaces = {kind: rng.standard_normal((N, 7)) for kind in SPACES}
    asked = np.arange(N) % 4 == 0
    text = figure3(spaces, asked, TASKS, np.arange(N))
    page = Page(shell.page("t", [text]))
    for words in (*SPACES.values(), "Background motion", "Foreground motion", "(8 asked)"):
        assert words in page.text
    assert "snow & <ice>" in page.text
    assert text.count('role="img"') == 6
    marks = text.count("<circle") + text.count("<polygon")
    n_known = int((LABELS < 2).sum())
    assert marks == 3 * (N + n_known) + 5  # of the points and of two legends
    assert text.count('fill="none" stroke="#') == 3 * ((~asked).sum() + (~asked)[LABELS < 2].sum())
    features = spaces["lsfnet"][asked]
    assert separation(features, LABELS[asked]).startswith("silhouette ")
    assert separation(features, 0 * LABELS[asked]) == "fewer than two classes were asked"


def test_no_mark_stands_for_classes_of_two_tasks():
    tasks = [
        TaskLabels("background", ("fog", "snow"), LABELS % 2),
        TaskLabels("foreground", ("cat", "dog"), LABELS % 2),
    ]
    text = figure3({"pca": np.eye(N, 7)}, np.ones(N, bool), tasks, np.arange(N))
    first, second = text.split("<h3>Foreground motion")
    drawn = [set(re.findall(r"fill=\"(#\w+)\"", part)) for part in (first, second)]
    assert drawn == [
        {marks.color_of(8), marks.color_of(9)},
        {marks.color_of(10), marks.color_of(11)},
    ]


def test_rows_are_numbers_among_the_labels():
    spaces = {kind: np.eye(5, 7) for kind in SPACES}
    text = figure3(
        spaces, np.ones(5, bool), TASKS[:1], np.array([0, 3, 6, 9, 12])
    )  # all of class 0
    assert "fewer than two classes were asked" in text
    apart = separation(np.eye(2), np.array([0, 1]))
    assert apart == "silhouette +0.00, between / within infinite (2 asked)"


def test_the_map_is_unsupervised_and_says_what_it_is(monkeypatch):
    assert list(inspect.signature(map_2d).parameters) == ["features_MQ"]
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    rng = np.random.default_rng(1)
    features = rng.standard_normal((31, 7)) * [9, 5, 1, 1, 1, 1, 1]
    points, name = map_2d(features)
    assert name.startswith("PCA, ")
    share = (features - features.mean(axis=0)) ** 2
    assert 0.8 < float(name.split()[1].rstrip("%")) / 100 < 1
    assert points.shape == (31, 2)
    assert points[:, 0].var() >= points[:, 1].var()
    assert points.var(axis=0).sum() < share.sum() / 31
    flat, _ = map_2d(np.ones((5, 3)))
    np.testing.assert_array_equal(flat, np.zeros((5, 2)))


def test_umap_is_asked_without_labels_where_it_is_installed(monkeypatch):
    calls = []

    class Umap:
        def __init__(self, **settings):
            calls.append(settings)

        def fit_transform(self, features):
            calls.append(features.shape)
            return features[:, :2].astype(np.float32)

    monkeypatch.setitem(sys.modules, "umap", SimpleNamespace(UMAP=Umap))
    monkeypatch.setattr("importlib.util.find_spec", lambda name: True)
    points, name = map_2d(np.random.default_rng(2).standard_normal((31, 7)))
    assert name == "UMAP"
    assert points.dtype == np.float64
    settings = {"n_neighbors": 15, "min_dist": 0.0, "n_components": 2, "random_state": 42}
    assert calls == [settings, (31, 7)]
