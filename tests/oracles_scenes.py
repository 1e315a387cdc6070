"""Literal loops for the drawing kernels of the built-in scenes. Imports nothing from lsfref."""

import math


def capsule(x, y, start, end, radii):
    """Cover of the pixel (x, y) by a line that is radii[0] thick at start and radii[1] at end."""
    across, down = end[0] - start[0], end[1] - start[1]
    length = math.hypot(across, down)
    along = ((x - start[0]) * across + (y - start[1]) * down) / length
    inside = min(max(along, 0.0), length)
    nearest = (start[0] + inside * across / length, start[1] + inside * down / length)
    radius = radii[0] + (radii[1] - radii[0]) * inside / length
    return min(max(radius - math.hypot(x - nearest[0], y - nearest[1]) + 0.5, 0.0), 1.0)


def spread(points, height, width):
    """Points (row, column, weight) spread over the four pixels around each; columns wrap."""
    plane = [[0.0] * width for _ in range(height)]
    for row, column, weight in points:
        top, left = math.floor(row), math.floor(column)
        for i, part in ((top, 1 - (row - top)), (top + 1, row - top)):
            for j, share in ((left, 1 - (column - left)), (left + 1, column - left)):
                plane[i][j % width] += weight * part * share
    return plane
