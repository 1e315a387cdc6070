"""One camera: what it holds, that it repeats, where people may stand."""

import numpy as np
import pytest

from lsfref.scenes.render.perspective import row_of
from lsfref.scenes.render.scenery import draw_scenery, foot_limits

SIZE = (96, 74)


@pytest.mark.parametrize("seed", range(5))
def test_a_camera_sees_trees_and_has_room_for_people(seed):
    scenery = draw_scenery(np.random.default_rng(seed), SIZE)
    assert scenery.picture.depth_HW.shape == (74 + 2 * scenery.margin, 96 + 2 * scenery.margin)
    assert 2 <= len(scenery.crowns) <= 4
    depths = [crown.still.depth for crown in scenery.crowns]
    assert depths == sorted(depths, reverse=True)
    nearest, farthest = foot_limits(scenery)
    assert 1 < min(nearest, farthest) < max(nearest, farthest) < 15
    assert row_of(scenery.camera, 0.0, nearest) <= 1.06 * 74 + scenery.margin + 1e-3
    for z, share in ((nearest, 0.9), (farthest, 0.58)):  # of the height of the picture
        tall = row_of(scenery.camera, 0.0, z) - row_of(scenery.camera, 1.75, z)
        assert tall <= share * 74 + 1e-3


def test_a_camera_repeats_and_no_two_are_alike():
    first, again, another = (draw_scenery(np.random.default_rng(k), SIZE) for k in (0, 0, 1))
    assert np.array_equal(first.picture.color_3HW, again.picture.color_3HW)
    assert first.camera == again.camera != another.camera
