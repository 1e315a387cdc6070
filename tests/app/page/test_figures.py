"""Figure 3: valid SVG, nothing outside, no text on text, labels never shown to the map."""

import inspect
import re
from xml.etree import ElementTree

import numpy as np
import pytest

from lsfref.app.page.figures import COLORS, SHAPES, Column, Panel, figure_svg, map_2d

SVG = "{http://www.w3.org/2000/svg}"


def some_figure(*, n_classes=6, n_points=41, points=None):
    rng = np.random.default_rng(0)
    labels = np.arange(n_points) % n_classes
    points = rng.standard_normal((n_points, 2)) if points is None else points
    classes = tuple(["camera shaking", "tree waving", "rain & <fog>", *"abcdefghij"][:n_classes])
    panels = tuple(
        Panel(title, points, labels, np.arange(n_points) < 13, ("silhouette 0.1", "scatter 0.3"))
        for title in ("concatenation + PCA", "autoencoder alone", "LSFNet")
    )
    two = ("none", "human")
    foreground = tuple(panel._replace(labels_M=labels % 2) for panel in panels)
    return figure_svg(
        [Column("background", classes, panels), Column("foreground", two, foreground)], title="t"
    )


def marks(root):
    return [*root.iter(f"{SVG}circle"), *root.iter(f"{SVG}polygon")]


def test_every_point_is_drawn_inside_its_panel():
    root = ElementTree.fromstring(some_figure())
    frames = [r for r in root.iter(f"{SVG}rect") if r.get("stroke")]
    assert len(frames) == 6
    assert len(marks(root)) == 6 * 41 + 6 + 2 + 2  # points, two legends, the key
    width, height = map(float, root.get("viewBox").split()[2:])
    for circle in root.iter(f"{SVG}circle"):
        assert 0 < float(circle.get("cx")) < width
        assert 0 < float(circle.get("cy")) < height


def test_texts_do_not_overlap_and_stay_inside():
    for n_classes in (2, 6, 13):
        root = ElementTree.fromstring(some_figure(n_classes=n_classes))
        width, height = map(float, root.get("viewBox").split()[2:])
        boxes = []
        for text in root.iter(f"{SVG}text"):
            size, x, y = (float(text.get(key)) for key in ("font-size", "x", "y"))
            box = (x, y - 0.8 * size, x + 0.55 * size * len(text.text), y + 0.25 * size)
            assert box[0] >= 0
            assert box[1] >= 0
            assert box[2] <= width
            assert box[3] <= height
            boxes.append(box)
        frames = [
            tuple(float(r.get(k)) for k in ("x", "y", "width", "height"))
            for r in root.iter(f"{SVG}rect")
            if r.get("stroke")
        ]
        boxes += [(x, y, x + w, y + h) for x, y, w, h in frames]
        for i, a in enumerate(boxes):
            for b in boxes[:i]:
                apart = a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]
                assert apart, (n_classes, a, b)


def test_56_classes_have_56_marks_and_names_are_escaped():
    assert len({(c % len(COLORS), c % SHAPES) for c in range(56)}) == 56
    assert "rain &amp; &lt;fog&gt;" in some_figure()
    assert "NaN" not in some_figure()
    assert not re.search(r"\bnan\b", some_figure())


@pytest.mark.parametrize("points", [np.zeros((41, 2)), np.array([[i, 3.0] for i in range(41)])])
def test_points_that_coincide_lie_in_the_middle(points):
    root = ElementTree.fromstring(some_figure(points=points))
    assert len(marks(root)) == 6 * 41 + 10


def test_the_map_is_unsupervised_and_says_what_it_is(monkeypatch):
    assert list(inspect.signature(map_2d).parameters) == ["features_MQ", "seed"]
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    rng = np.random.default_rng(1)
    features = rng.standard_normal((31, 7)) * [9, 5, 1, 1, 1, 1, 1]
    found = map_2d(features)
    assert found.name.startswith("PCA, ")
    share = (features - features.mean(axis=0)) ** 2
    assert 0.8 < float(found.name.split()[1].rstrip("%")) / 100 < 1
    assert found.points_M2.shape == (31, 2)
    assert found.points_M2[:, 0].var() >= found.points_M2[:, 1].var()
    assert found.points_M2.var(axis=0).sum() < share.sum() / 31
    flat = map_2d(np.ones((5, 3)))
    np.testing.assert_array_equal(flat.points_M2, np.zeros((5, 2)))


def test_umap_is_asked_without_labels_where_it_is_installed(monkeypatch):
    import sys
    import types

    calls = []

    class Umap:
        def __init__(self, **settings):
            calls.append(settings)

        def fit_transform(self, features):
            calls.append(features.shape)
            return features[:, :2].astype(np.float32)

    monkeypatch.setitem(sys.modules, "umap", types.SimpleNamespace(UMAP=Umap))
    monkeypatch.setattr("importlib.util.find_spec", lambda name: True)
    found = map_2d(np.random.default_rng(2).standard_normal((31, 7)))
    assert found.name == "UMAP"
    assert found.points_M2.dtype == np.float64
    settings = {"n_neighbors": 15, "min_dist": 0.0, "n_components": 2, "random_state": 42}
    assert calls == [settings, (31, 7)]
