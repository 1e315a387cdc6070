"""Stages 3 and 4 as literal loops over pixels and points. Imports nothing from lsfref."""

import functools
import math
import os
from pathlib import Path

import numpy as np
import pytest


@functools.lru_cache(maxsize=2)
def clip(name):
    """Return what the original program computed on a clip; skip where its file is not at hand."""
    shared = os.environ.get("LSFREF_DATA", Path(__file__).parents[1].parent / "shared")
    path = Path(shared) / "oracle" / f"{name}.npz"
    if not path.is_file():
        pytest.skip(f"the development data are not at hand ({path.name}); set LSFREF_DATA")
    with np.load(path) as arrays:
        return dict(arrays)


def mirror(index, n):
    """Return the index inside 0..n-1 that reflection about the edge pixels gives."""
    while not 0 <= index < n:
        index = -index if index < 0 else 2 * (n - 1) - index
    return index


def resize(image, shape):
    """Return the image resampled bilinearly, half-pixel aligned, pixel by pixel."""
    image = np.asarray(image, dtype=float)
    result = np.empty(shape)
    for i in range(shape[0]):
        for j in range(shape[1]):
            y = min(max((i + 0.5) * image.shape[0] / shape[0] - 0.5, 0), image.shape[0] - 1)
            x = min(max((j + 0.5) * image.shape[1] / shape[1] - 0.5, 0), image.shape[1] - 1)
            y0, x0 = math.floor(y), math.floor(x)
            y1, x1 = min(y0 + 1, image.shape[0] - 1), min(x0 + 1, image.shape[1] - 1)
            upper = (1 - (x - x0)) * image[y0, x0] + (x - x0) * image[y0, x1]
            lower = (1 - (x - x0)) * image[y1, x0] + (x - x0) * image[y1, x1]
            result[i, j] = (1 - (y - y0)) * upper + (y - y0) * lower
    return result


def area_mean(image, shape):
    """Return the image averaged over areas: every source pixel by the fraction that is covered."""
    result = np.zeros(shape)
    step_y, step_x = image.shape[0] / shape[0], image.shape[1] / shape[1]
    for i in range(shape[0]):
        for j in range(shape[1]):
            for y in range(image.shape[0]):
                high = min(y + 1, (i + 1) * step_y) - max(y, i * step_y)
                for x in range(image.shape[1]):
                    wide = min(x + 1, (j + 1) * step_x) - max(x, j * step_x)
                    result[i, j] += max(high, 0) * max(wide, 0) * image[y, x]
    return result / (step_y * step_x)
