"""The pinhole camera: worked by hand, and back again."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from lsfref.scenes.render.perspective import (
    Camera,
    column_of,
    ground_depth,
    row_of,
    world_x,
    world_y,
)

CAMERA = Camera(focal=170.0, height=3.0, horizon=31.0, center=79.5)


def test_a_camera_three_meters_up_sees_the_ground_where_it_should():
    assert row_of(CAMERA, 0.0, 10.0) == 31 + 170 * 3 / 10
    assert row_of(CAMERA, 3.0, 10.0) == 31  # what is as high as the camera lies on the horizon
    assert column_of(CAMERA, 2.0, 17.0) == 79.5 + 20
    rows = np.array([82.0, 31.0], np.float32)
    np.testing.assert_allclose(ground_depth(CAMERA, rows, farthest=99), [10, 99], rtol=1e-6)


@given(st.floats(-20, 20), st.floats(0, 10), st.floats(1, 100))
def test_the_world_is_found_again_from_the_picture(x, y, z):
    np.testing.assert_allclose(world_x(CAMERA, column_of(CAMERA, x, z), z), x, atol=1e-4)
    np.testing.assert_allclose(world_y(CAMERA, row_of(CAMERA, y, z), z), y, atol=1e-4)
