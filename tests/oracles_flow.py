"""Stage 2 as literal loops, pictures with known motion, and the Middlebury pairs.

Imports nothing from lsfref.
"""

import functools
import os
from pathlib import Path

import imageio.v3 as imageio
import numpy as np
import pytest

PAIRS = ("RubberWhale", "Dimetrodon", "Venus")


def development_data(*parts):
    """Return the path of a file of the development data; skip where it is not at hand."""
    shared = os.environ.get("LSFREF_DATA", Path(__file__).parents[1].parent / "shared")
    path = Path(shared, *parts)
    if not path.is_file():
        pytest.skip(f"the development data are not at hand ({path.name}); set LSFREF_DATA")
    return path


def area_means(image, shape):
    """Return the image averaged over areas: every source pixel counts by the part it lends."""
    for axis in (0, 1):
        n, m = image.shape[axis], shape[axis]
        edges = np.arange(m + 1) * n / m
        starts, pixels = edges[:-1, None], np.arange(n)
        overlap = np.minimum(edges[1:, None], pixels + 1) - np.maximum(starts, pixels)
        image = np.moveaxis(np.tensordot(overlap.clip(0) * m / n, image, (1, axis)), 0, axis)
    return image


@functools.lru_cache(maxsize=4)
def middlebury(name, shape=(240, 320)):
    """Return (first, second, flow, known) of a pair, averaged to `shape`; known: all of it is."""
    raw = np.fromfile(development_data("flow", name, "flow10.flo"), dtype="<f4")
    width, height = raw[1:3].view("<i4")
    flow = raw[3:].reshape(height, width, 2).astype(float)
    known = (np.abs(flow) < 1e9).all(axis=-1)
    flow = area_means(np.where(known[..., None], flow, 0), shape)
    flow *= [shape[1] / width, shape[0] / height]
    rgb = [
        imageio.imread(development_data("flow", name, f"frame{t}.png")).astype(float)
        for t in (10, 11)
    ]
    greys = [area_means(frame @ [0.299, 0.587, 0.114], shape) for frame in rgb]
    return *greys, flow, area_means(known.astype(float), shape) > 1 - 1e-9


def endpoint_errors(flow, truth):
    return np.hypot(*np.moveaxis(flow - truth, -1, 0))


class Texture:
    """A picture that can be read exactly anywhere: a sum of waves, grey 0..255 or nearly so."""

    def __init__(self, seed, *, waves=60, finest=5.0, coarsest=40.0):
        rng = np.random.default_rng(seed)
        length = np.exp(rng.uniform(np.log(finest), np.log(coarsest), waves))
        angle, self.phase = rng.uniform(0, 2 * np.pi, (2, waves))
        self.wave = 2 * np.pi / length * np.stack([np.cos(angle), np.sin(angle)])
        self.height = 90 * np.sqrt(length / length.sum())

    def __call__(self, x, y):
        """Return the grey values at positions of one shape."""
        phase = x[..., None] * self.wave[0] + y[..., None] * self.wave[1] + self.phase
        return 128 + np.cos(phase) @ self.height


def grid(shape):
    """Return the positions x, y of the pixels of an image."""
    y, x = np.indices(shape, dtype=float)
    return x, y


def shifted_pair(shape, motion, *, seed):
    """Return two pictures, the second's content moved by `motion` (dx, dy)."""
    texture, (x, y) = Texture(seed), grid(shape)
    return texture(x, y), texture(x - motion[0], y - motion[1])


def window_sums(image, size):
    """Return the sum over every window that holds at least one pixel, pixel by pixel."""
    height, width = image.shape
    sums = np.zeros((height + size - 1, width + size - 1))
    for i, j in np.ndindex(sums.shape):
        for y in range(i - size + 1, i + 1):
            for x in range(j - size + 1, j + 1):
                if 0 <= y < height and 0 <= x < width:
                    sums[i, j] += image[y, x]
    return sums


def covering_sums(windows, size, shape):
    """Return, for every pixel, the sum over the windows that hold it."""
    sums = np.zeros(shape)
    for (i, j), value in np.ndenumerate(windows):
        for y in range(max(0, i - size + 1), min(shape[0], i + 1)):
            for x in range(max(0, j - size + 1), min(shape[1], j + 1)):
                sums[y, x] += value
    return sums


def read(image, x, y):
    """Return the image read bilinearly at one position, clamped to it."""
    height, width = image.shape
    x, y = min(max(x, 0), width - 1), min(max(y, 0), height - 1)
    x0, y0 = int(x), int(y)
    x1, y1 = min(x0 + 1, width - 1), min(y0 + 1, height - 1)
    upper = image[y0, x0] * (1 - (x - x0)) + image[y0, x1] * (x - x0)
    lower = image[y1, x0] * (1 - (x - x0)) + image[y1, x1] * (x - x0)
    return upper * (1 - (y - y0)) + lower * (y - y0)


def slope(image, y, x, dy, dx):
    """Return the five-point derivative at a pixel along (dy, dx), 0 near the edge across it."""
    place, n = (y, image.shape[0]) if dy else (x, image.shape[1])
    if not 2 <= place < n - 2:
        return 0.0
    taps = ((-2, 1), (-1, -8), (1, 8), (2, -1))
    return sum(w * image[y + k * dy, x + k * dx] for k, w in taps) / 12


def refine(first, second, flow, *, window, robust, lost, hold, misfit):
    """Return the next flow (H, W, 2): each window's own least squares, then each cell's mean."""
    height, width = first.shape
    equations = {}  # of each pixel: gx, gy, target, weight
    warped = np.array(
        [
            [read(second, x + flow[y, x, 0], y + flow[y, x, 1]) for x in range(width)]
            for y in range(height)
        ]
    )
    for y, x in np.ndindex(first.shape):
        gx, gy = (slope((first + warped) / 2, y, x, *step) for step in ((0, 1), (1, 0)))
        r = warped[y, x] - first[y, x]
        to_x, to_y = x + flow[y, x, 0], y + flow[y, x, 1]
        seen = 0 <= to_x <= width - 1 and 0 <= to_y <= height - 1
        weight = seen / (1 + (r / robust) ** 2)
        equations[y, x] = gx, gy, gx * flow[y, x, 0] + gy * flow[y, x, 1] - r, weight
    rows, columns, side = (height + 1) // 2, (width + 1) // 2, window // 2
    total, moved = np.zeros((rows, columns)), np.zeros((rows, columns, 2))
    for i in range(1 - side, rows):
        for j in range(1 - side, columns):  # the window's first cell
            cells = [
                (a, b)
                for a in range(max(i, 0), min(i + side, rows))
                for b in range(max(j, 0), min(j + side, columns))
            ]
            lines, goals, missing = [], [], lost * window**2
            for a, b in cells:
                keep = np.sqrt(hold / side**2)
                lines += [(keep, 0), (0, keep)]
                goals += list(keep * flow[2 * a, 2 * b])
                for y in range(2 * a, min(2 * a + 2, height)):
                    for x in range(2 * b, min(2 * b + 2, width)):
                        gx, gy, target, weight = equations[y, x]
                        lines.append((np.sqrt(weight) * gx, np.sqrt(weight) * gy))
                        goals.append(np.sqrt(weight) * target)
                        missing -= lost * weight
            lines, goals = np.array(lines), np.array(goals)
            found = np.linalg.lstsq(lines, goals, rcond=None)[0]
            squares = ((lines @ found - goals) ** 2).sum()
            trust = (misfit / ((squares + missing) / window**2 + misfit)) ** 4
            for a, b in cells:
                total[a, b] += trust
                moved[a, b] += trust * found
    cells = moved / total[..., None]
    return cells.repeat(2, axis=0).repeat(2, axis=1)[:height, :width]


def expand(image, y, x, *, radius=7, sigma=1.5):
    """Return bx, by, axx, ayy, axy of one pixel: weighted least squares on its neighborhood."""
    height, width = image.shape
    lines, goals = [], []
    for j in range(-radius, radius + 1):
        for i in range(-radius, radius + 1):
            keep = np.exp(-(i * i + j * j) / (4 * sigma**2))
            value = image[min(max(y + j, 0), height - 1), min(max(x + i, 0), width - 1)]
            lines.append([keep * f for f in (i, j, i * i, j * j, i * j, 1)])
            goals.append(keep * value)
    return np.linalg.lstsq(np.array(lines), np.array(goals), rcond=None)[0][:5]


def farneback_update(one, two, dx, dy):
    """Return the next (dx, dy) from the quadratics (5, H, W) of two frames, pixel by pixel."""
    height, width = dx.shape
    border = (0.14, 0.14, 0.4472, 0.4472, 0.4472)
    products = np.zeros((5, height, width))
    for y, x in np.ndindex(dx.shape):
        bx, by, axx, ayy, axy = one[:, y, x]
        at_x, at_y = x + dx[y, x], y + dy[y, x]
        if 0 <= np.floor(at_x) <= width - 2 and 0 <= np.floor(at_y) <= height - 2:
            other = [read(plane, at_x, at_y) for plane in two]
            hx, hy = (bx - other[0]) / 2, (by - other[1]) / 2
            axx, ayy, axy = (axx + other[2]) / 2, (ayy + other[3]) / 2, (axy + other[4]) / 4
        else:
            hx, hy, axy = bx / 2, by / 2, axy / 2
        hx, hy = hx + axx * dx[y, x] + axy * dy[y, x], hy + axy * dx[y, x] + ayy * dy[y, x]
        weight = 1.0
        for place, n in ((x, width), (y, height)):
            for edge in (place, n - 1 - place):
                weight *= border[edge] if edge < len(border) else 1
        hx, hy, axx, ayy, axy = (weight * value for value in (hx, hy, axx, ayy, axy))
        products[:, y, x] = (
            axx * axx + axy * axy,
            (axx + ayy) * axy,
            ayy * ayy + axy * axy,
            axx * hx + axy * hy,
            axy * hx + ayy * hy,
        )
    taps = np.exp(-(np.arange(-5, 6) ** 2) / (2 * 1.5**2))
    taps /= taps.sum()
    sums = np.zeros_like(products)
    for y, x in np.ndindex(dx.shape):
        for j in range(-5, 6):
            for i in range(-5, 6):
                place = min(max(y + j, 0), height - 1), min(max(x + i, 0), width - 1)
                sums[:, y, x] += taps[j + 5] * taps[i + 5] * products[(slice(None), *place)]
    g11, g12, g22, h1, h2 = sums
    det = g11 * g22 - g12 * g12 + 1e-3
    return (g22 * h1 - g12 * h2) / det, (g11 * h2 - g12 * h1) / det
