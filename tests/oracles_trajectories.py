"""Stages 3 and 4 as literal loops over pixels and points. Imports nothing from lsfref."""

import functools
import math
import os
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest


def development_file(*parts):
    """Return the path of a file of the development data; skip where it is not at hand."""
    shared = os.environ.get("LSFREF_DATA", Path(__file__).parents[1].parent / "shared")
    path = Path(shared).joinpath(*parts)
    if not path.is_file():
        pytest.skip(f"the development data are not at hand ({path.name}); set LSFREF_DATA")
    return path


@functools.lru_cache(maxsize=2)
def clip(name):
    """Return what the original program computed on a clip."""
    with np.load(development_file("oracle", f"{name}.npz")) as arrays:
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


def corner_strength(image):
    """Return the smaller eigenvalue of the structure tensor of each pixel."""
    h, w = len(image), len(image[0])
    at = [[float(value) for value in row] for row in image]
    products = []
    for y in range(h):
        products.append([])
        up, down = mirror(y - 1, h), mirror(y + 1, h)
        for x in range(w):
            left, right = mirror(x - 1, w), mirror(x + 1, w)
            dx = at[up][right] + 2 * at[y][right] + at[down][right]
            dx -= at[up][left] + 2 * at[y][left] + at[down][left]
            dy = at[down][left] + 2 * at[down][x] + at[down][right]
            dy -= at[up][left] + 2 * at[up][x] + at[up][right]
            products[-1].append((dx * dx, dx * dy, dy * dy))
    strength = np.empty((h, w))
    for y in range(h):
        for x in range(w):
            a = b = c = 0.0
            for j in (-1, 0, 1):
                for i in (-1, 0, 1):
                    xx, xy, yy = products[mirror(y + j, h)][mirror(x + i, w)]
                    a, b, c = a + xx, b + xy, c + yy
            strength[y, x] = (a + c) / 2 - math.sqrt(((a - c) / 2) ** 2 + b * b)
    return strength


def new_points(image, live):
    """Return the points (x, y) that start on an image where `live` points are."""
    strength = corner_strength(image)
    h, w = strength.shape
    occupied = {(math.floor(x) // 5, math.floor(y) // 5) for x, y in live}
    return [
        (5.0 * i + 2, 5.0 * j + 2)
        for j in range(h // 5)
        for i in range(w // 5)
        if (i, j) not in occupied and strength[5 * j + 2, 5 * i + 2] > 0.001 * strength.max()
    ]


def single(value):
    """Return the number rounded to single precision."""
    return float(np.float32(value))


def step(point, flow):
    """Return the next point of a track, or None where it leaves the image."""
    h, w = len(flow), len(flow[0])
    column = min(max(round(point[0]), 0), w - 1)
    row = min(max(round(point[1]), 0), h - 1)
    x = single(point[0] + float(flow[row][column][0]))
    y = single(point[1] + float(flow[row][column][1]))
    return None if x <= 0 or x >= w or y <= 0 or y >= h else (x, y)


def spread(values):
    """Return the standard deviation, divisor n."""
    mean = sum(values) / len(values)
    return math.sqrt(sum((value - mean) ** 2 for value in values) / len(values))


def verdict(track):
    """Return what the validity test says about a track in pixels of the frame."""
    sx, sy = spread([x for x, _ in track]), spread([y for _, y in track])
    steps = [math.dist(a, b) for a, b in pairwise(track)]
    if sx < math.sqrt(3) and sy < math.sqrt(3):
        return "static"
    if sx > 50 or sy > 50:
        return "erratic"
    if max(steps) > 20 and max(steps) > 0.7 * sum(steps):
        return "jump"
    return "valid"


def shape(track):
    """Return the displacements of a track over the length of its path."""
    path = sum(math.dist(a, b) for a, b in pairwise(track))
    return [(b[i] - a[i]) / path for a, b in pairwise(track) for i in (0, 1)]


def derivatives(plane):
    """Return {(x, y): (gx, gy)}: next minus previous pixel, mirrored at the edges."""
    h, w = len(plane), len(plane[0])
    at = [[float(value) for value in row] for row in plane]
    columns = [(mirror(x + 1, w), mirror(x - 1, w)) for x in range(w)]
    rows = [(mirror(y + 1, h), mirror(y - 1, h)) for y in range(h)]
    field = {}
    for y in range(h):
        for x in range(w):
            gx = at[y][columns[x][0]] - at[y][columns[x][1]]
            gy = at[rows[y][0]][x] - at[rows[y][1]][x]
            field[x, y] = gx, gy
    return field


def vote(gx, gy, n_bins):
    """Return {bin: votes} of one vector; the ninth bin is for short ones."""
    length = math.sqrt(gx * gx + gy * gy)
    if n_bins == 9 and length <= 0.4:
        return {8: 1.0}
    place = (math.atan2(gy, gx) % (2 * math.pi)) * 8 / (2 * math.pi) % 8
    low = math.floor(place)
    return {low: length * (1 - (place - low)), (low + 1) % 8: length * (place - low)}


def frame_votes(grey, flow):
    """Return, for hog, hof, mbhx, mbhy, the votes of every pixel: votes[name][y][x] = {bin: m}."""
    h, w = len(grey), len(grey[0])
    u, v = ([[float(pixel[i]) for pixel in row] for row in flow] for i in (0, 1))
    fields = {
        "hog": (8, derivatives(grey)),
        "hof": (9, {(x, y): (u[y][x], v[y][x]) for x in range(w) for y in range(h)}),
        "mbhx": (8, derivatives(u)),
        "mbhy": (8, derivatives(v)),
    }
    return {
        name: [[vote(*field[x, y], n_bins) for x in range(w)] for y in range(h)]
        for name, (n_bins, field) in fields.items()
    }


def cell_histograms(votes, point):
    """Return the 2 x 2 cell sums of one descriptor around a point: columns outside, rows inside."""
    h, w = len(votes), len(votes[0])
    left = min(max(round(point[0]) - 16, 0), w - 32)
    top = min(max(round(point[1]) - 16, 0), h - 32)
    cells = []
    for cx in (0, 1):
        for cy in (0, 1):
            cells.append({})
            for y in range(top + 16 * cy, top + 16 * cy + 16):
                for x in range(left + 16 * cx, left + 16 * cx + 16):
                    for place, share in votes[y][x].items():
                        cells[-1][place] = cells[-1].get(place, 0.0) + share
    return cells


def frame_vector(votes, point, n_bins):
    """Return the frame descriptor: 0.05 more in every bin, divided by the sum, square root."""
    cells = cell_histograms(votes, point)
    values = [max(cell.get(place, 0.0), 0.0) + 0.05 for cell in cells for place in range(n_bins)]
    return [math.sqrt(value / sum(values)) for value in values]


def descriptor(track, votes_of_frames):
    """Return the 426 numbers of a track, from the votes of the 15 frames that it starts from."""
    numbers = []
    for name, n_bins in (("hog", 8), ("hof", 9), ("mbhx", 8), ("mbhy", 8)):
        vectors = [
            frame_vector(votes[name], point, n_bins)
            for votes, point in zip(votes_of_frames, track[:15], strict=True)
        ]
        for run in (vectors[:5], vectors[5:10], vectors[10:]):
            numbers += [sum(column) / 5 for column in zip(*run, strict=True)]
    return numbers


def extract(greys, flows, factors):
    """Return (rows of 436 numbers, {scale: [(frame, x, y) started]}) of a video.

    greys[frame][k], flows[frame][k] from that frame to the next.
    """
    rows, started = [], {}
    for k, factor in enumerate(factors):
        started[k], tracks = [], []
        h, w = greys[0][0].shape
        votes = [frame_votes(greys[t][k], flows[t][k]) for t in range(len(flows))]
        for t in range(len(greys)):
            if t:
                moved = [(track, step(track[-1], flows[t - 1][k])) for track in tracks]
                tracks = [[*track, point] for track, point in moved if point is not None]
            for track in [track for track in tracks if len(track) == 16]:
                tracks.remove(track)
                whole = [(single(x * factor), single(y * factor)) for x, y in track]
                if verdict(whole) != "valid":
                    continue
                xs, ys = [x for x, _ in whole], [y for _, y in whole]
                mx, my = sum(xs) / 16, sum(ys) / 16
                path = sum(math.dist(a, b) for a, b in pairwise(whole))
                info = [t, mx, my, spread(xs), spread(ys), path, factor]
                info += [
                    min(max(part, 0), 0.999) for part in (mx / w, my / h, (t - 7.5) / len(greys))
                ]
                row = [*info, *shape(whole), *descriptor(track, votes[t - 15 : t])]
                rows.append((t, k, row))
            points = new_points(greys[t][k], [track[-1] for track in tracks])
            started[k] += [(t, *point) for point in points]
            tracks += [[point] for point in points]
    rows.sort(key=lambda row: row[:2])
    return np.array([row for _, _, row in rows]), started
