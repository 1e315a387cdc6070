"""The empty place: sky above the horizon, ground below, each as deep as it should be."""

import numpy as np
import pytest

from lsfref.scenes.render import ground
from lsfref.scenes.render.perspective import Camera

CAMERA = Camera(focal=100.0, height=2.0, horizon=20.0, center=48.0)


@pytest.mark.parametrize("seed", range(4))
def test_sky_is_far_and_ground_is_near_at_the_foot_of_the_picture(seed):
    rows, columns = np.arange(74.0)[:, None], np.arange(97.0)[None]
    picture = ground.paint_ground(np.random.default_rng(seed), CAMERA, rows, columns)
    assert picture.color_3HW.shape == (3, 74, 97)
    assert (picture.depth_HW[:20] == 2 * ground.FARTHEST).all()
    np.testing.assert_allclose(picture.depth_HW[70], 100 * 2 / 50, rtol=1e-6)
    assert 0 < picture.color_3HW.min() < picture.color_3HW.max() < 1.5


def test_texture_fades_where_a_pixel_covers_much_of_it():
    z_HW, x_HW = np.mgrid[2:5:0.04, -2:2:0.04]
    spread = [
        ground._surface(np.random.default_rng(0), kind, x_HW, z_HW, np.full_like(x_HW, blur)).std()
        for kind in ("grass", "paving")
        for blur in (0.0, 2.0)
    ]
    assert spread[0] > 1.2 * spread[1]
    assert spread[2] > 1.2 * spread[3]


def test_a_mixture_by_hand():
    under, over = np.zeros((3, 1, 2)), ground.as_color((1.0, 0.5, 0.2))
    mixed = ground.mixed(under, over, np.array([[0.5, 1.0]]))
    np.testing.assert_allclose(mixed[:, 0], [[0.5, 1], [0.25, 0.5], [0.1, 0.2]])
