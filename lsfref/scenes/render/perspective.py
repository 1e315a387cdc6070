"""Where things of the built-in scenes fall in the picture: a pinhole camera above flat ground.

World axes are x right, y up, z away from the camera, in meters; the optical axis is level, so
verticals stay vertical. Pictures are indexed by pixel centers, columns right and rows down.
"""

from typing import NamedTuple

import numpy as np

from lsfref.arrays import Floats


class Camera(NamedTuple):
    """A fixed camera: focal length, horizon row and middle column in pixels, height in meters."""

    focal: float
    height: float
    horizon: float
    center: float


def column_of(camera: Camera, x: Floats | float, z: Floats | float) -> Floats:
    """Return the picture column of world points; z must be positive."""
    return np.asarray(camera.center + camera.focal * x / z, np.float32)


def row_of(camera: Camera, y: Floats | float, z: Floats | float) -> Floats:
    """Return the picture row of world points; z must be positive."""
    return np.asarray(camera.horizon + camera.focal * (camera.height - y) / z, np.float32)


def ground_depth(camera: Camera, rows: Floats, *, farthest: float) -> Floats:
    """Return the depth z, in meters, at which rows look at the ground; `farthest` above it."""
    drop = np.maximum(rows - camera.horizon, camera.focal * camera.height / farthest)
    return (camera.focal * camera.height / drop).astype(np.float32)


def world_x(camera: Camera, columns: Floats, z: Floats | float) -> Floats:
    """Return x, in meters, of what is seen in `columns` at depth z."""
    return ((columns - camera.center) * z / camera.focal).astype(np.float32)


def world_y(camera: Camera, rows: Floats, z: Floats | float) -> Floats:
    """Return the height y, in meters, of what is seen in `rows` at depth z."""
    return (camera.height - (rows - camera.horizon) * z / camera.focal).astype(np.float32)
