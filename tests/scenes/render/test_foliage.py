"""Trees: where their crowns are, and how wind moves them."""

import numpy as np
import pytest

from lsfref.scenes.render.foliage import Tree, blown, draw_crown, draw_gusts
from lsfref.scenes.render.perspective import Camera, column_of, row_of

CAMERA = Camera(focal=100.0, height=2.0, horizon=40.0, center=48.0)
TREE = Tree(x=1.0, z=9.0, tall=5.0, half=1.6)


@pytest.fixture
def crown():
    return draw_crown(np.random.default_rng(0), CAMERA, TREE, sun=0.5, reach=9)


def covers(crown, meters):
    gusts, clock_F = draw_gusts(np.random.default_rng(0)), np.arange(3) / 15
    layers = blown(crown, gusts, np.full(3, meters), clock_F)
    return np.array([layer.cover_hw for layer in layers])


def test_a_crown_is_where_its_tree_stands(crown):
    still = crown.still
    rows, columns = np.nonzero(still.cover_hw > 0.5)
    assert abs(columns.mean() + still.left - column_of(CAMERA, TREE.x, TREE.z)) < 3
    assert abs(rows.min() + still.top - row_of(CAMERA, TREE.tall, TREE.z)) < 8  # a cluster
    assert 0.7 < np.ptp(columns) / (2 * TREE.half * crown.scale) < 1.3
    assert still.color_3hw.max() <= 1.7
    assert (still.color_3hw[:, still.cover_hw == 0] == 0).all()


def test_wind_moves_leaves_and_not_what_holds_them(crown):
    calm = covers(crown, 0.0)
    np.testing.assert_allclose(calm, [crown.still.cover_hw] * 3, atol=1e-5)
    held = crown._replace(give_h1=np.zeros_like(crown.give_h1))
    assert np.ptp(covers(held, 0.2), axis=0).max() == 0
    assert np.ptp(covers(crown, 0.2), axis=0).max() > 0.3


def test_the_top_of_a_tree_gives_way_farthest(crown):
    assert (np.diff(crown.give_h1[:, 0]) <= 0).all()
    assert crown.give_h1.min() >= 0
