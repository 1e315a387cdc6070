"""Houses and trunks: where they stand, and what they hide."""

import numpy as np

from lsfref.scenes.render import buildings
from lsfref.scenes.render.foliage import Tree
from lsfref.scenes.render.ground import Picture
from lsfref.scenes.render.perspective import Camera

CAMERA = Camera(focal=100.0, height=2.0, horizon=40.0, center=48.0)


def empty():
    return Picture(np.full((3, 74, 97), 0.1, np.float32), np.full((74, 97), 300.0, np.float32))


def test_a_house_fills_its_front_and_has_windows():
    rng = np.random.default_rng(0)
    picture = buildings.paint_house(rng, empty(), CAMERA, left=-5, right=5, near=25, tall=8)
    inside = picture.depth_HW == 25  # columns 28 to 68, rows 16 to 48, at the edges none
    assert inside[17:48, 29:68].all()
    assert inside.sum() == 31 * 39
    assert np.array_equal(picture.color_3HW[0] != np.float32(0.1), inside)
    assert picture.color_3HW[:, inside].std() > 0.05


def test_a_house_behind_another_is_hidden():
    rng = np.random.default_rng(1)
    near = buildings.paint_house(rng, empty(), CAMERA, left=-5, right=5, near=25, tall=8)
    both = buildings.paint_house(rng, near, CAMERA, left=-4, right=4, near=30, tall=7)
    assert np.array_equal(both.color_3HW, near.color_3HW)


def test_a_trunk_is_upright_and_as_thick_as_it_should_be():
    picture = buildings.paint_trunk(empty(), CAMERA, Tree(x=1.0, z=10.0, tall=5.0, half=5.0))
    solid = picture.depth_HW == 10
    rows, columns = np.nonzero(solid)
    assert (rows.min(), rows.max()) == (31, 59)  # between rows 30 and 60
    assert (columns.min(), columns.max()) == (56, 60)
    assert solid[31:60, 56:61].all()
