"""Golden outputs once more, written from the equations. Imports nothing from lsfref.

Each function takes a case's stored tensors and settings, and returns its outputs. Images are read
one pixel at a time; where numpy adds up, it adds up what a loop has put together.
"""

import cmath
import itertools
import math
from fractions import Fraction

import numpy as np
import oracles
from oracles_trajectories import area_mean, mirror, resize


def clamp(i, n):
    return min(max(i, 0), n - 1)


# Stage 1.


def grey(t, _settings):
    rgb = t["rgb_HW3"]
    luma, eight = np.empty(rgb.shape[:2]), np.empty(rgb.shape[:2], dtype=np.int64)
    for y, x in np.ndindex(luma.shape):
        r, g, b = (int(v) for v in rgb[y, x])
        luma[y, x] = float(Fraction(299 * r + 587 * g + 114 * b, 1000))
        eight[y, x] = (9798 * r + 19235 * g + 3735 * b + 2**14) // 2**15
    return {"grey_HW": luma, "grey_8bit_HW": eight}


def shrink(t, _settings):
    frame, side = t["frame_HW"], int(t["max_side"])
    longer = max(frame.shape)
    if side == 0 or longer <= side:
        return {"shrunk_HW": frame}
    sizes = [Fraction(n * side, longer) for n in frame.shape]
    shape = [max(1, math.floor(size + Fraction(1, 2))) for size in sizes]
    return {"shrunk_HW": area_mean(frame, tuple(shape))}


# Stage 2: kernels and pyramid.


def _windows(image, size, outside):
    """Yield (place, values of the size x size window), `outside` giving values beyond the edge."""
    height, width = image.shape
    for y, x in np.ndindex(image.shape):
        values = []
        for j in range(y - size // 2, y + size // 2 + 1):
            for i in range(x - size // 2, x + size // 2 + 1):
                inside = 0 <= j < height and 0 <= i < width
                if inside or outside == "repeat":
                    values.append(image[clamp(j, height), clamp(i, width)])
                else:
                    values.append(0.0)
        yield (y, x), values


def box(t, _settings):
    sums = np.empty_like(t["image_HW"])
    for place, values in _windows(t["image_HW"], int(t["size"]), "zero"):
        sums[place] = math.fsum(values)
    return {"sums_HW": sums}


def median(t, _settings):
    result = np.empty_like(t["image_HW"])
    for place, values in _windows(t["image_HW"], int(t["size"]), "repeat"):
        result[place] = sorted(values)[len(values) // 2]
    return {"median_HW": result}


def read_bilinear(image, x, y):
    """Return the image at (x, y), clamped to the centers of the outermost pixels."""
    height, width = image.shape
    x, y = min(max(x, 0.0), width - 1.0), min(max(y, 0.0), height - 1.0)
    i, j = math.floor(x), math.floor(y)
    total = 0.0
    for dj, wy in ((0, 1 - (y - j)), (1, y - j)):
        for di, wx in ((0, 1 - (x - i)), (1, x - i)):
            total += wy * wx * image[clamp(j + dj, height), clamp(i + di, width)]
    return total


def warp(t, _settings):
    result = np.empty_like(t["image_HW"])
    for place in np.ndindex(result.shape):
        result[place] = read_bilinear(t["image_HW"], t["x_HW"][place], t["y_HW"][place])
    return {"warped_HW": result}


def layer_sizes(shape, n_scales):
    """Return the sizes of the layers by the rule in single precision."""
    side, count = np.float32(min(shape)), 0
    while side >= 32 and count < n_scales:
        side, count = np.float32(side / np.float32(math.sqrt(2))), count + 1
    factor, sizes = np.float32(1), []
    for _ in range(max(1, count)):
        sizes.append(tuple(round(n / float(factor)) for n in shape))
        factor = np.float32(factor * np.float32(math.sqrt(2)))
    return sizes


def resize_8bit(image, shape):
    """Return the layer of whole numbers: 11-bit weights, 4 and 16 bits dropped, 2 rounded."""

    def taps(n_in, n_out):
        for i in range(n_out):
            at = min(max((i + 0.5) * (n_in / n_out) - 0.5, 0.0), n_in - 1.0)
            low = min(math.floor(at), n_in - 2)
            share = np.float32(at - low)
            weights = (round(2048 * float(np.float32(1) - share)), round(2048 * float(share)))
            yield low, weights

    result = np.empty(shape, dtype=np.int64)
    columns = list(taps(image.shape[1], shape[1]))
    for y, (top, (b0, b1)) in enumerate(taps(image.shape[0], shape[0])):
        for x, (left, (a0, a1)) in enumerate(columns):
            upper = int(image[top, left]) * a0 + int(image[top, left + 1]) * a1
            lower = int(image[top + 1, left]) * a0 + int(image[top + 1, left + 1]) * a1
            total = (b0 * (upper >> 4) >> 16) + (b1 * (lower >> 4) >> 16)
            result[y, x] = (total + 2) >> 2
    return result


def layers(t, settings):
    sizes = layer_sizes(t["frame_HW"].shape, int(t["n_scales"]))
    shrink_by = resize_8bit if settings["bits"] == "8" else resize
    found, layer = {}, t["frame_HW"]
    for k, shape in enumerate(sizes[1:], start=1):
        layer = shrink_by(layer, shape)
        found[f"layer_{k}_HW"] = layer
    return found


def sizes(t, _settings):
    lists = [layer_sizes(tuple(int(n) for n in shape), 8) for shape in t["shapes_M2"]]
    factors = [np.float32(1)]
    for _ in range(7):
        factors.append(np.float32(factors[-1] * np.float32(math.sqrt(2))))
    return {
        "counts_M": np.array([len(found) for found in lists]),
        "layers_R2": np.array([shape for found in lists for shape in found]),
        "factors_8": np.array([float(f) for f in factors]),
    }


# Stage 2: Farneback's flow.


def _gauss(radius, sigma):
    weights = [math.exp(-(i * i) / (2 * sigma * sigma)) for i in range(-radius, radius + 1)]
    return [w / math.fsum(weights) for w in weights]


def _smooth(image, kernel, mode):
    """Return the image convolved with a kernel along x and y; the border as np.pad's mode."""
    radius = len(kernel) // 2
    height, width = image.shape
    padded = np.pad(image, ((radius, radius), (0, 0)), mode=mode)
    image = sum(w * padded[i : i + height] for i, w in enumerate(kernel))
    padded = np.pad(image, ((0, 0), (radius, radius)), mode=mode)
    return sum(w * padded[:, i : i + width] for i, w in enumerate(kernel))


def _quadratics(image):
    """Return bx, by, axx, ayy, axy of the weighted least squares fit around each pixel."""
    y, x = np.mgrid[-7:8, -7:8].reshape(2, -1)
    weights = np.outer(_gauss(7, 1.5), _gauss(7, 1.5)).ravel()
    basis = np.stack([np.ones(225), x, y, x * x, y * y, x * y], axis=1)
    normal = basis.T @ (weights[:, None] * basis)
    solve = np.linalg.solve(normal, (weights[:, None] * basis).T)
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(image, 7, mode="edge"), (15, 15))
    return np.moveaxis(windows.reshape(*image.shape, 225) @ solve.T, -1, 0)[1:]


def farneback(t, _settings):
    first, second = t["first_HW"], t["second_HW"]
    sizes_ = layer_sizes(first.shape, int(t["n_scales"]))
    flows, flow = {}, None
    for k in reversed(range(len(sizes_))):
        one, two = (
            _quadratics(resize(_smooth(frame, _before_layer(k), "reflect"), sizes_[k]))
            for frame in (first, second)
        )
        if flow is None:
            flow = np.zeros((*sizes_[k], 2))
        else:
            parts = [resize(flow[..., i], sizes_[k]) * math.sqrt(2) for i in (0, 1)]
            flow = np.stack(parts, axis=-1)
        for _ in range(2):
            flow = _farneback_step(one, two, flow)["next_HW2"]
        flow = _medians(flow, 5)
        flows[f"flow_{k}_HW2"] = flow
    return flows


def _farneback_step(one, two, flow):
    height, width = flow.shape[:2]
    y, x = np.mgrid[:height, :width]
    dx, dy = flow[..., 0], flow[..., 1]
    i, j = np.floor(x + dx).astype(int), np.floor(y + dy).astype(int)
    valid = (i >= 0) & (i <= width - 2) & (j >= 0) & (j <= height - 2)
    i, j = np.where(valid, i, 0), np.where(valid, j, 0)
    fx, fy = np.where(valid, x + dx - i, 0), np.where(valid, y + dy - j, 0)
    bx2, by2, axx2, ayy2, axy2 = (
        (1 - fy) * ((1 - fx) * c[j, i] + fx * c[j, i + 1])
        + fy * ((1 - fx) * c[j + 1, i] + fx * c[j + 1, i + 1])
        for c in two
    )
    bx, by, axx, ayy, axy = one
    hx = np.where(valid, bx - bx2, bx) / 2
    hy = np.where(valid, by - by2, by) / 2
    axx, ayy = np.where(valid, (axx + axx2) / 2, axx), np.where(valid, (ayy + ayy2) / 2, ayy)
    axy = np.where(valid, (axy + axy2) / 4, axy / 2)
    hx, hy = hx + axx * dx + axy * dy, hy + axy * dx + ayy * dy
    edge = np.array([0.14, 0.14, 0.4472, 0.4472, 0.4472, 1])
    weight = edge[np.minimum(np.minimum(x, width - 1 - x), 5)]
    weight = weight * edge[np.minimum(np.minimum(y, height - 1 - y), 5)]
    hx, hy, axx, ayy, axy = (weight * v for v in (hx, hy, axx, ayy, axy))
    terms = (
        axx * axx + axy * axy,
        (axx + ayy) * axy,
        ayy * ayy + axy * axy,
        axx * hx + axy * hy,
        axy * hx + ayy * hy,
    )
    g11, g12, g22, h1, h2 = sums = [_smooth(term, _gauss(5, 1.5), "edge") for term in terms]
    det = g11 * g22 - g12 * g12 + 0.001
    after = np.stack([(g22 * h1 - g12 * h2) / det, (g11 * h2 - g12 * h1) / det], axis=-1)
    return {"products_5HW": np.stack(terms), "sums_5HW": np.stack(sums), "next_HW2": after}


def farneback_round(t, _settings):
    out = _farneback_step(t["first_5HW"], t["second_5HW"], t["flow_HW2"])
    return out | {"median_HW2": _medians(out["next_HW2"], 5)}


def farneback_fit(t, _settings):
    return {"fit_5HW": _quadratics(t["image_HW"])}


def farneback_blur(t, _settings):
    return {
        f"blurred_{k}_HW": _smooth(t["frame_HW"], _before_layer(k), "reflect")
        for k in range(int(t["n_scales"]))
    }


def _before_layer(k):
    """Return the taps that smooth a frame before layer k is cut from it."""
    factor = float(np.prod(np.float32([math.sqrt(2)] * k), dtype=np.float32))
    sigma = (factor - 1) / 2
    return _gauss(max(round(5 * sigma) | 1, 3) // 2, sigma) if k else [0.25, 0.5, 0.25]


def _median(image, size):
    padded = np.pad(image, size // 2, mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, (size, size))
    return np.median(windows, axis=(2, 3))


def flow(t, settings):
    return {"farneback": farneback, "lucas_kanade": lucas_kanade}[settings["method"]](t, settings)


# Stage 2: our own flow, one window at a time.


def _normalized(image):
    """Return the image less its local mean, over its local deviation, windows of 7 x 7."""

    def local_mean(plane):
        result = np.empty_like(plane)
        for y, x in np.ndindex(plane.shape):
            part = plane[max(0, y - 3) : y + 4, max(0, x - 3) : x + 4]
            result[y, x] = part.sum() / part.size
        return result

    texture = image - local_mean(image)
    return texture / np.sqrt(local_mean(texture * texture) + 3.0**2)


def _five_point(image, axis):
    """Return (f(-2) - 8 f(-1) + 8 f(1) - f(2)) / 12 along an axis, 0 in the outer two pixels."""
    image = np.moveaxis(image, axis, 0)
    slope = np.zeros_like(image)
    for i in range(2, len(image) - 2):
        slope[i] = (image[i - 2] - 8 * image[i - 1] + 8 * image[i + 1] - image[i + 2]) / 12
    return np.moveaxis(slope, 0, axis)


def _round(first, second, flow):
    """Return all that a round makes: least squares in windows of 5 x 5 cells of 2 x 2 pixels."""
    height, width = first.shape
    warped, seen = np.empty_like(first), np.empty_like(first)
    for y, x in np.ndindex(first.shape):
        at_x, at_y = x + flow[y, x, 0], y + flow[y, x, 1]
        warped[y, x] = read_bilinear(second, at_x, at_y)
        seen[y, x] = 0 <= at_x <= width - 1 and 0 <= at_y <= height - 1
    mean = (first + warped) / 2
    gx, gy, r = _five_point(mean, 1), _five_point(mean, 0), warped - first
    w = seen / (1.0**2 + r * r)
    target = gx * flow[..., 0] + gy * flow[..., 1] - r
    rows, columns = (height + 1) // 2, (width + 1) // 2
    total, moved = np.zeros((rows, columns)), np.zeros((rows, columns, 2))
    names = ("xx", "xy", "yy", "xt", "yt", "cost", "u", "v", "misfit", "trust")
    planes = {f"{name}_hw": np.empty((rows + 4, columns + 4)) for name in names}
    hold = 4 * 0.1 / 10**2
    for i, j in np.ndindex(rows + 4, columns + 4):
        cells_ = (slice(max(0, i - 4), i + 1), slice(max(0, j - 4), j + 1))
        pixels = (slice(max(0, 2 * i - 8), 2 * i + 2), slice(max(0, 2 * j - 8), 2 * j + 2))
        weight, a, b, goal = w[pixels], gx[pixels], gy[pixels], target[pixels]
        kept = flow[::2, ::2][cells_].reshape(-1, 2)
        normal = np.array(
            [
                [(weight * a * a).sum() + hold * len(kept), (weight * a * b).sum()],
                [(weight * a * b).sum(), (weight * b * b).sum() + hold * len(kept)],
            ]
        )
        right = np.array([(weight * a * goal).sum(), (weight * b * goal).sum()])
        right += hold * kept.sum(axis=0)
        found = np.linalg.solve(normal, right)
        off = weight * (a * found[0] + b * found[1] - goal) ** 2 - 0.1 * weight
        misfit = (off.sum() + hold * ((found - kept) ** 2).sum()) / 10**2 + 0.1
        trust = (0.1 / (max(misfit, 0) + 0.1)) ** 4
        cost = (weight * (goal**2 - 0.1)).sum() + hold * (kept**2).sum()
        values = (*normal[0], normal[1, 1], *right, cost, *found, max(misfit, 0), trust)
        for plane, value in zip(planes.values(), values, strict=True):
            plane[i, j] = value
        total[cells_] += trust
        moved[cells_] += trust * found
    moved /= total[..., None]
    pixels = {"warped_HW": warped, "seen_HW": seen.astype(np.int64), "gx_HW": gx, "gy_HW": gy}
    after = moved.repeat(2, axis=0).repeat(2, axis=1)[:height, :width]
    return pixels | {"weights_HW": w} | planes | {"blended_HW2": after}


def _medians(flow, size):
    return np.stack([_median(flow[..., i], size) for i in (0, 1)], axis=-1)


def lk_round(t, _settings):
    out = _round(t["first_HW"], t["second_HW"], t["flow_HW2"])
    return out | {"median_HW2": _medians(out["blended_HW2"], 3)}


def _enlarged(flow, shape):
    """Return the flow on a finer grid: each pixel takes that of the pixel its center lies in.

    On an exact edge between two, double precision decides, the ratio of sizes rounded first.
    """
    larger = np.empty((*shape, 2))
    for y, x in np.ndindex(shape):
        place = []
        for i, n, n_coarse in ((y, shape[0], flow.shape[0]), (x, shape[1], flow.shape[1])):
            exact = Fraction(2 * i + 1, 2) * n_coarse / n
            place.append(math.floor(exact))
            if exact.denominator == 1:
                place[-1] -= (i + 0.5) / (n / n_coarse) < exact
        larger[y, x] = flow[tuple(place)]
    return larger * (shape[1] / flow.shape[1], shape[0] / flow.shape[0])


def enlarge(t, _settings):
    return {"flow_HW2": _enlarged(t["flow_hw2"], tuple(t["shape_2"].tolist()))}


def _n_layers(shape, n_wanted):
    """Return how many layers are searched: sides of 20 px and more, and all that are wanted."""
    n = 1
    while Fraction(min(shape)) ** 2 >= Fraction(20) ** 2 * 2**n:
        n += 1
    return max(n, n_wanted)


def searched(t, _settings):
    out = {"counts_M": [], "wanted_M": [], "layers_R2": []}
    for height, width in t["shapes_M2"].tolist():
        wanted = len(layer_sizes((height, width), int(t["n_scales"])))
        n, factor = _n_layers((height, width), wanted), np.float32(1)
        for _ in range(n):
            out["layers_R2"].append([round(side / float(factor)) for side in (height, width)])
            factor = np.float32(factor * np.float32(math.sqrt(2)))
        out["counts_M"].append(n)
        out["wanted_M"].append(wanted)
    return {name: np.array(values) for name, values in out.items()}


def slopes(t, _settings):
    return {"gx_HW": _five_point(t["image_HW"], 1), "gy_HW": _five_point(t["image_HW"], 0)}


def normalise(t, _settings):
    return {"texture_HW": _normalized(t["image_HW"])}


def lucas_kanade(t, _settings):
    shape = t["first_HW"].shape
    n_wanted = len(layer_sizes(shape, int(t["n_scales"])))
    n_layers = _n_layers(shape, n_wanted)
    factor, pairs = np.float32(1), []
    for k in range(n_layers):
        size = tuple(round(n / float(factor)) for n in shape)
        before = pairs[-1] if k else (t["first_HW"], t["second_HW"])
        pairs.append(tuple(resize(frame, size) if k else frame for frame in before))
        factor = np.float32(factor * np.float32(math.sqrt(2)))
    flow = np.zeros((*pairs[-1][0].shape, 2))
    flows = {}
    for k in reversed(range(n_layers)):
        first, second = map(_normalized, pairs[k])
        if flow.shape[:2] != first.shape:
            flow = _enlarged(flow, first.shape)
        for _ in range(2 if k else 1):
            flow = _round(first, second, flow)["blended_HW2"]
        flow = _medians(flow, 3)
        if k < n_wanted:
            flows[f"flow_{k}_HW2"] = flow
    return flows


def moments(t, settings):
    frames = t["frames_3HW"]
    if settings["method"] == "farneback":
        frames = np.vectorize(lambda value: float(round(value)))(frames)
    flows = []
    for first, second in itertools.pairwise(frames):
        pair = {"first_HW": first, "second_HW": second, "n_scales": 1}
        flows.append(flow(pair, settings)["flow_0_HW2"])
    return {"grey_3HW": frames, "flow_2HW2": np.stack(flows)}


# Stage 3.


def corner_strength(image):
    height, width = image.shape

    def at(y, x):
        return image[mirror(y, height), mirror(x, width)]

    dx, dy = np.empty(image.shape), np.empty(image.shape)
    for y, x in np.ndindex(image.shape):
        dx[y, x] = sum(
            w * (at(y + j, x + 1) - at(y + j, x - 1)) for j, w in ((-1, 1), (0, 2), (1, 1))
        )
        dy[y, x] = sum(
            w * (at(y + 1, x + i) - at(y - 1, x + i)) for i, w in ((-1, 1), (0, 2), (1, 1))
        )
    strength = np.empty(image.shape)
    for y, x in np.ndindex(image.shape):
        a = b = c = 0.0
        for j in (-1, 0, 1):
            for i in (-1, 0, 1):
                place = mirror(y + j, height), mirror(x + i, width)
                a += dx[place] * dx[place]
                b += dx[place] * dy[place]
                c += dy[place] * dy[place]
        strength[y, x] = (a + c) / 2 - math.sqrt(((a - c) / 2) ** 2 + b * b)
    return strength


def corner_strength_at_once(image):
    """Return the same with whole images at a time: for videos."""

    def shift(plane, dy, dx):
        height, width = image.shape
        return np.pad(plane, 1, mode="reflect")[1 + dy : height + 1 + dy, 1 + dx : width + 1 + dx]

    taps = ((-1, 1), (0, 2), (1, 1))
    dx = sum(w * (shift(image, j, 1) - shift(image, j, -1)) for j, w in taps)
    dy = sum(w * (shift(image, 1, i) - shift(image, -1, i)) for i, w in taps)
    around = list(itertools.product((-1, 0, 1), repeat=2))
    a, b, c = (sum(shift(p, *by) for by in around) for p in (dx * dx, dx * dy, dy * dy))
    return (a + c) / 2 - np.sqrt(((a - c) / 2) ** 2 + b * b)


def start(image, live, corner_strength=corner_strength):
    """Return (points that start, occupied cells, strength, threshold) of one layer."""
    height, width = image.shape
    occupied = np.zeros((height // 5, width // 5), dtype=np.int64)
    for x, y in live:
        column, row = math.floor(x) // 5, math.floor(y) // 5
        if column < width // 5 and row < height // 5:
            occupied[row, column] = 1
    strength = corner_strength(image)
    threshold = 0.001 * max(strength.ravel())
    points = []
    for row in range(height // 5):
        for column in range(width // 5):
            x, y = 5 * column + 2, 5 * row + 2
            if not occupied[row, column] and strength[y, x] > threshold:
                points.append((float(x), float(y)))
    return points, occupied, strength, threshold


def sample(t, _settings):
    points, occupied, strength, threshold = start(t["grey_HW"], t["live_P2"])
    return {
        "points_p2": np.array(points).reshape(-1, 2),
        "occupied_hw": occupied,
        "strength_HW": strength,
        "threshold": np.array(threshold),
    }


def step(flow, x, y):
    """Return (move, next point, whether it stays): Python's round takes halves to even."""
    height, width = flow.shape[:2]
    dx, dy = flow[clamp(round(y), height), clamp(round(x), width)]
    x, y = float(np.float32(x + dx)), float(np.float32(y + dy))
    return (dx, dy), (x, y), 0 < x < width and 0 < y < height


def move(t, _settings):
    found = [step(t["flow_HW2"], *point) for point in t["points_P2"].tolist()]
    moves, moved, stays = zip(*found, strict=True)
    return {
        "moves_P2": np.array(moves),
        "moved_P2": np.array(moved),
        "stays_P": np.array(stays, dtype=np.int64),
    }


def verdict(track, own_moves=None):
    """Return 0 valid, 1 static, 2 erratic, 3 jump, 4 camera of 16 points (and own moves)."""
    spreads = []
    for axis in (0, 1):
        values = [float(point[axis]) for point in track]
        mean = math.fsum(values) / len(values)
        spreads.append(math.sqrt(math.fsum((v - mean) ** 2 for v in values) / len(values)))
    steps = [math.dist(a, b) for a, b in itertools.pairwise(track)]
    if spreads[0] < math.sqrt(3) and spreads[1] < math.sqrt(3):
        return 1
    if spreads[0] > 50 or spreads[1] > 50:
        return 2
    if max(steps) > 20 and max(steps) > 0.7 * math.fsum(steps):
        return 3
    return 4 if own_moves is not None and max(math.hypot(*m) for m in own_moves) <= 1 else 0


def judge(t, _settings):
    own = t.get("own_moves_PL2", [None] * len(t["tracks_PS2"]))
    found = [verdict(track, moves) for track, moves in zip(t["tracks_PS2"], own, strict=True)]
    return {"verdicts_P": np.array(found)}


# Stage 4.


def derivative(image):
    height, width = image.shape
    gx, gy = np.empty(image.shape), np.empty(image.shape)
    for y, x in np.ndindex(image.shape):
        gx[y, x] = image[y, mirror(x + 1, width)] - image[y, mirror(x - 1, width)]
        gy[y, x] = image[mirror(y + 1, height), x] - image[mirror(y - 1, height), x]
    return gx, gy


def vote_planes(gx, gy, still=None):
    planes = np.zeros((8 if still is None else 9, *gx.shape))
    for y, x in np.ndindex(gx.shape):
        length = math.sqrt(gx[y, x] * gx[y, x] + gy[y, x] * gy[y, x])
        if still is not None and length <= still:
            planes[8, y, x] = 1
            continue
        turn = math.atan2(gy[y, x], gx[y, x]) / (2 * math.pi) % 1 * 8
        low = math.floor(turn) % 8
        planes[low, y, x] += length * (1 - (turn - math.floor(turn)))
        planes[(low + 1) % 8, y, x] += length * (turn - math.floor(turn))
    return planes


def vote_planes_at_once(gx, gy, still=None):
    """Return the same with whole images at a time: for videos."""
    length = np.hypot(gx, gy)
    quiet = length <= (-1 if still is None else still)
    turn = np.arctan2(gy, gx) / (2 * math.pi) % 1 * 8
    planes = np.zeros((8, *gx.shape))
    for b in range(8):
        apart = np.abs(turn - b)
        near = np.maximum(1 - np.minimum(apart, 8 - apart), 0)
        planes[b] = np.where(quiet, 0, length * near)
    return planes if still is None else np.concatenate([planes, quiet[None] * 1.0])


def derivative_at_once(image):
    gx, gy = np.zeros_like(image), np.zeros_like(image)
    gx[:, 1:-1], gy[1:-1] = image[:, 2:] - image[:, :-2], image[2:] - image[:-2]
    return gx, gy


def flow_fields(flow, vote_planes=vote_planes, derivative=derivative):
    u, v = flow[..., 0], flow[..., 1]
    return [
        vote_planes(u, v, still=0.4),
        vote_planes(*derivative(u)),
        vote_planes(*derivative(v)),
    ]


def four_fields(image, flow):
    return [vote_planes(*derivative(image)), *flow_fields(flow)]


def votes(t, _settings):
    names = ("hog_OHW", "hof_OHW", "mbhx_OHW", "mbhy_OHW")
    return dict(zip(names, four_fields(t["grey_HW"], t["flow_HW2"]), strict=True))


def corner(point, shape):
    """Return the top left pixel (x, y) of the patch of 32 x 32 pixels around a point."""
    x, y = round(float(point[0])) - 16, round(float(point[1])) - 16
    return clamp(x, shape[1] - 31), clamp(y, shape[0] - 31)


def four_cells(planes, left, top):
    """Return sums[bin][cell]: cells by column, then row."""
    return np.stack(
        [
            planes[:, top + dy : top + dy + 16, left + dx : left + dx + 16].sum(axis=(1, 2))
            for dx in (0, 16)
            for dy in (0, 16)
        ],
        axis=1,
    )


def cells(t, _settings):
    planes = np.concatenate(four_fields(t["grey_HW"], t["flow_HW2"]))
    corners = [corner(point, t["grey_HW"].shape) for point in t["points_P2"]]
    sums = np.stack([four_cells(planes, *place) for place in corners], axis=-1)
    return {"corners_P2": np.array(corners), "sums_O4P": sums}


def columns(moves, sums):
    """Return the 426 columns of one track: 15 moves, and sums[step][bin][cell]."""
    path = math.fsum(math.hypot(dx, dy) for dx, dy in moves)
    row = [float(v) / path for step_moves in moves for v in step_moves]
    for first, last in ((0, 8), (8, 17), (17, 25), (25, 33)):
        frames = []
        for step_sums in sums:
            vector = [step_sums[b][c] + 0.05 for c in range(4) for b in range(first, last)]
            total = math.fsum(vector)
            frames.append([math.sqrt(v / total) for v in vector])
        for run in (frames[0:5], frames[5:10], frames[10:15]):
            row.extend(math.fsum(values) / 5 for values in zip(*run, strict=True))
    return row


def describe(t, _settings):
    moves, sums = t["moves_PL2"], t["sums_LO4P"]
    return {
        "descriptors_PD": np.array(
            [columns(moves[p].tolist(), sums[..., p].tolist()) for p in range(len(moves))]
        )
    }


# Stages 3 and 4 over a video.


def follow(pictures, fields, n_frames, own_fields=None):
    """Return (starts, finished tracks, rows): the tracks through layers, one point at a time.

    pictures[k][frame] and fields[k][frame]; the flow into a frame stands with that frame. Where
    own_fields are given, these are described.
    """
    n_layers = len(pictures)
    factors = [float(f) for f in np.float32(1) * np.cumprod(np.float32([1] + [math.sqrt(2)] * 7))]
    shape = pictures[0][0].shape
    live = [[] for _ in range(n_layers)]
    known_starts, known_planes = {}, {}
    starts, finished, rows = [], [], []
    for frame in range(len(pictures[0])):
        for k in range(n_layers):
            if frame:
                live[k] = _advance(k, frame, live[k], pictures, fields, own_fields, known_planes)
                done = [track for track in live[k] if len(track[1]) == 16]
                live[k] = [track for track in live[k] if len(track[1]) < 16]
                for _, points, sums, own in done:
                    scaled = [[float(np.float32(v * factors[k])) for v in p] for p in points]
                    moves = [(b[0] - a[0], b[1] - a[1]) for a, b in itertools.pairwise(scaled)]
                    if own_fields:
                        moves = [(dx * factors[k], dy * factors[k]) for dx, dy in own]
                    finished.append(
                        (points, verdict(scaled, moves if own_fields else None), frame, k)
                    )
                    if finished[-1][1] == 0:
                        info = _info(scaled, frame, n_frames, factors[k], shape)
                        rows.append((info, moves, sums))
            key = (k, id(pictures[k][frame]))
            if key not in known_starts:
                known_starts[key] = start(pictures[k][frame], [], corner_strength_at_once)
            candidates = known_starts[key][0]
            taken = {(math.floor(t[1][-1][0]) // 5, math.floor(t[1][-1][1]) // 5) for t in live[k]}
            for x, y in candidates:
                if (int(x) // 5, int(y) // 5) not in taken:
                    live[k].append((frame, [(x, y)], [], []))
                    starts.append((frame, k, int(x), int(y)))
    return starts, finished, rows


def _advance(k, frame, tracks, pictures, fields, own_fields, known_planes):
    before, flow = pictures[k][frame - 1], fields[k][frame]
    described = own_fields[k][frame] if own_fields else flow
    if id(before) not in known_planes:
        known_planes[id(before)] = vote_planes_at_once(*derivative_at_once(before))
    if id(described) not in known_planes:
        found = flow_fields(described, vote_planes_at_once, derivative_at_once)
        known_planes[id(described)] = np.concatenate(found)
    planes = np.concatenate([known_planes[id(before)], known_planes[id(described)]])
    kept = []
    for began, points, sums, own in tracks:
        _, point, stays = step(flow, *points[-1])
        if stays:
            place = corner(points[-1], before.shape)
            own = [*own, step(described, *points[-1])[0]] if own_fields else []
            kept.append((began, [*points, point], [*sums, four_cells(planes, *place)], own))
    return kept


def _info(points, frame, n_frames, factor, shape):
    xs, ys = zip(*points, strict=True)
    mean = [math.fsum(v) / 16 for v in (xs, ys)]
    spread = [
        math.sqrt(math.fsum((v - m) ** 2 for v in values) / 16)
        for values, m in zip((xs, ys), mean, strict=True)
    ]
    path = math.fsum(math.dist(a, b) for a, b in itertools.pairwise(points))
    shares = (mean[0] / shape[1], mean[1] / shape[0], (frame - 7.5) / n_frames)
    return [frame, *mean, *spread, path, factor, *(min(max(s, 0), 0.999) for s in shares)]


def _stored_video(t):
    n_layers = sum(name.startswith("grey_") for name in t) - 1
    pictures, fields = [], []
    for k in range(n_layers):
        greys, flows = list(t[f"grey_{k}_4HW"]), [*t[f"flow_{k}_3HW2"], None]
        pictures.append([greys[i] for i in t["grey_at_F"]])
        fields.append([flows[i] for i in t["flow_at_F"]])
    return pictures, fields


def tracks(t, _settings):
    return track_rows(*follow(*_stored_video(t), len(t["grey_at_F"]))[:2])


def track_rows(starts, finished):
    """Return the outputs of stage 3 of what `follow` gives."""
    points, verdicts, ends, scales = zip(*finished, strict=True)
    return {
        "started_p4": np.array(starts),
        "tracks_PS2": np.array(points),
        "verdicts_P": np.array(verdicts),
        "end_frames_P": np.array(ends),
        "scales_P": np.array(scales),
    }


def descriptor_rows(rows):
    """Return info and descriptors of the rows that `follow` gives."""
    described = [columns(moves, [s.tolist() for s in sums]) for _, moves, sums in rows]
    return {"info_P10": np.array([r[0] for r in rows]), "descriptors_PD": np.array(described)}


def descriptors(t, _settings):
    own = None
    if "own_flow_0_3HW2" in t:
        flows = [*t["own_flow_0_3HW2"], None]
        own = [[flows[i] for i in t["flow_at_F"]]]
    return descriptor_rows(follow(*_stored_video(t), int(t["n_frames"]), own)[2])


def info(t, _settings):
    rest = (int(t["frame"]), int(t["n_frames"]), float(t["factor"]), tuple(t["shape_2"].tolist()))
    return {"info_P10": np.array([_info(track, *rest) for track in t["tracks_PS2"].tolist()])}


# Stages 5 and 6.


def parameters_of(t):
    keys = ("weights_", "encoder_bias_", "decoder_bias_", "head_")
    return {name: array for name, array in t.items() if name.startswith(keys)}


def _layer(rows, weights, bias, *, squash):
    totals = rows @ weights + bias
    return np.tanh(totals) if squash else totals


def _codes(p, rows):
    depth = sum(name.startswith("weights_") for name in p)
    for k in range(1, depth + 1):
        rows = _layer(rows, p[f"weights_{k}"], p[f"encoder_bias_{k}"], squash=k < depth)
    return rows


def _loss_1(p, rows):
    """Return the mean squared error; any number may be complex."""
    depth = sum(name.startswith("weights_") for name in p)
    layer = _codes(p, rows)
    for k in range(1, depth + 1):
        weights = p[f"weights_{depth + 1 - k}"].T
        layer = _layer(layer, weights, p[f"decoder_bias_{k}"], squash=k < depth)
    return ((layer - rows) ** 2).mean()


def _loss_2(p, rows, labels):
    """Return the mean of log(sum of exp) minus the label's output; any number may be complex."""
    outputs = _codes(p, rows) @ p["head_weights"] + p["head_bias"]
    total = 0
    for output, label in zip(outputs, labels, strict=True):
        top = output.real.max()
        total += cmath.log(sum(cmath.exp(v - top) for v in output)) + top - output[label]
    return total / len(labels)


def complex_step(loss, values):
    """Return {name: gradient} of a loss of named arrays: f'(x) is Im f(x + ih) / h, h = 1e-200."""
    gradients = {}
    for name, array in values.items():
        gradient = np.empty(array.shape)
        for place in np.ndindex(array.shape):
            moved = array.astype(complex)
            moved[place] += 1e-200j
            gradient[place] = loss(values | {name: moved}).imag / 1e-200
        gradients[name] = gradient
    return gradients


def _gradients(which, p, rows, labels, *, to_rows=False):
    """Return the gradients of loss 0 or 1, with the keys that its step moves."""
    unmoved = ("head_", "decoder_")[which]
    values = {n: a for n, a in p.items() if not n.startswith(unmoved)}
    values |= {"rows": rows} if to_rows else {}
    if which == 0:
        return complex_step(lambda v: _loss_1({**p, **v}, v.get("rows", rows)), values)
    return complex_step(lambda v: _loss_2({**p, **v}, v.get("rows", rows), labels), values)


def network(t, _settings):
    p, rows, labels = parameters_of(t), t["rows_BD"], t["labels_B"].tolist()
    codes = [oracles.encode(p, row)[-1] for row in rows]
    d1, d2 = (_gradients(which, p, rows, labels, to_rows=True) for which in (0, 1))
    return {
        "codes_BE": np.array(codes),
        "rebuilt_BD": np.array([oracles.decode(p, code) for code in codes]),
        "posteriors_BC": np.array([oracles.posteriors(p, code) for code in codes]),
        "reconstruction_loss": np.array(oracles.reconstruction_loss(p, rows)),
        "classification_loss": np.array(_loss_2(p, rows, labels).real),
        **{f"reconstruction_d_{name}": array for name, array in d1.items()},
        **{f"classification_d_{name}": array for name, array in d2.items()},
    }


def init(t, _settings):
    found = {}
    for name in ("weights_1", "weights_2", "head_weights"):
        unit = t[f"unit_{name}"]
        limit = math.sqrt(6 / (unit.shape[0] + unit.shape[1]))
        found[name] = np.array([[limit * (2 * u - 1) for u in row] for row in unit.tolist()])
    n_in, hidden = found["weights_1"].shape
    n_code, n_classes = found["head_weights"].shape
    biases = {
        "encoder_bias_1": hidden,
        "encoder_bias_2": n_code,
        "decoder_bias_1": hidden,
        "decoder_bias_2": n_in,
        "head_bias": n_classes,
    }
    return found | {name: np.zeros(n) for name, n in biases.items()}


def scaling(t, settings):
    rows, kind = t["rows_PD"].tolist(), settings["scaling"]
    means, deviations = oracles.column_statistics(rows)
    n_columns = len(means)
    mean = [0.0] * n_columns if kind in ("none", "unit") else means
    scale = [1.0] * n_columns
    if kind == "rms":
        scale = [math.sqrt(math.fsum(d * d for d in deviations) / n_columns)] * n_columns
    if kind == "zscore":
        constant = [min(c) == max(c) for c in zip(*rows, strict=True)]
        scale = [1.0 if c else d for c, d in zip(constant, deviations, strict=True)]
    scaled = [[(v - m) / s for v, m, s in zip(r, mean, scale, strict=True)] for r in t["rows_BD"]]
    if kind == "unit":
        scaled = [_to_unit(row.tolist()) for row in t["rows_BD"]]
    return {"mean_D": np.array(mean), "scale_D": np.array(scale), "scaled_BD": np.array(scaled)}


def _to_unit(row):
    result = []
    for first, last in ((0, 30), (30, 126), (126, 234), (234, 426)):
        norm = math.hypot(*row[first:last])
        result.extend(v / norm if norm else v for v in row[first:last])
    return result


def _quotas(sizes, n):
    """Hand out n one by one to whoever has least; of equals the largest, then the last."""
    quotas = [0] * len(sizes)
    for _ in range(min(n, sum(sizes))):
        open_ = [i for i in range(len(sizes)) if quotas[i] < sizes[i]]
        quotas[min(open_, key=lambda i: (quotas[i], -sizes[i], -i))] += 1
    return quotas


def draw(t, settings):
    counts, labels = t["counts_M"].tolist(), t["labels_M"].tolist()
    groups = {"none": [0] * len(counts), "video": range(len(counts)), "class": labels}
    rows = {}
    first = 0
    for count, label, group in zip(counts, labels, groups[settings["balance"]], strict=True):
        if label >= 0 and count:
            rows.setdefault(group, []).extend(range(first, first + count))
        first += count
    found = []
    quotas = _quotas([len(rows[g]) for g in sorted(rows)], int(t["n_samples"]))
    for group, quota in zip(sorted(rows), quotas, strict=True):
        by_key = sorted(rows[group], key=lambda row: (t["keys_P"][row], row))
        found.extend(by_key[:quota])
    return {"rows_p": np.array(sorted(found))}


class _Descent:
    """Moves named numbers by gradients: plain, or by Adam with moments of its own."""

    def __init__(self, optimizer):
        self.optimizer, self.steps, self.moments = optimizer, 0, {}

    def step(self, p, gradients, rate):
        self.steps += 1
        moved = dict(p)
        for name, g in gradients.items():
            if self.optimizer == "sgd":
                moved[name] = p[name] - rate * g
                continue
            m, v = self.moments.get(name, (0 * g, 0 * g))
            m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
            self.moments[name] = m, v
            m, v = m / (1 - 0.9**self.steps), v / (1 - 0.999**self.steps)
            moved[name] = p[name] - rate * m / (np.sqrt(v) + 1e-8)
        return moved


def train(t, settings, orders, batch_size):
    """Yield (epoch, loss number, loss, rows of the batch, gradients, state after) of each step."""
    p = parameters_of(t)
    descents = [_Descent(settings["optimizer"]), _Descent(settings["optimizer"])]
    rates = (float(t["lr_ae"]), float(t["lr_mlp"]))
    count = 0
    for epoch, order in enumerate(orders.tolist()):
        for first in range(0, len(order), batch_size):
            batch = order[first : first + batch_size]
            rows, labels = t["rows_PD"][batch], t["labels_P"][batch].tolist()
            turns = {
                "step": [count % 2],
                "epoch": [epoch % 2],
                "both": [0, 1],
                "reconstruction": [0],
            }[settings["switch"]]
            for which in turns:
                gradients = _gradients(which, p, rows, labels)
                loss = (_loss_1(p, rows), _loss_2(p, rows, labels))[which].real
                p = descents[which].step(p, gradients, rates[which])
                yield epoch, which, loss, len(batch), gradients, p
            count += 1


def steps(t, settings):
    found = list(train(t, settings, t["order_4P"], len(t["rows_PD"])))
    out = {f"after_{n}": np.stack([s[5][n] for s in found]) for n in parameters_of(t)}
    for which, loss in enumerate(("reconstruction", "classification")):
        own = [s for s in found if s[1] == which]
        out[f"{loss}_losses_2"] = np.array([s[2] for s in own])
        out |= {f"{loss}_d_{n}": np.stack([s[4][n] for s in own]) for n in own[0][4]}
    return out


def training(t, settings):
    orders = t["order_UP"]
    curves, state = ([], []), parameters_of(t)
    found = list(train(t, settings, orders, int(t["batch_size"])))
    for epoch in range(len(orders)):
        own = [s for s in found if s[0] == epoch]
        state = own[-1][5]
        for which, curve in enumerate(curves):
            seen = [(s[2], s[3]) for s in own if s[1] == which]
            if seen:
                curve.append(math.fsum(v * n for v, n in seen) / sum(n for _, n in seen))
            else:  # an epoch without such a step: the loss at its end, of the probe
                rows = t["rows_PD"][:: max(1, len(t["rows_PD"]) // 4096)]
                labels = t["labels_P"][:: max(1, len(t["rows_PD"]) // 4096)].tolist()
                curve.append((_loss_1(state, rows), _loss_2(state, rows, labels))[which].real)
    out = {
        "reconstruction_curve_U": np.array(curves[0]),
        "classification_curve_U": np.array(curves[1]),
    }
    if settings["end"] == "state":
        out |= {f"after_{name}": array for name, array in state.items()}
    return out


# Stages 7 to 10.


def pooling(t, _settings):
    rows = t["rows_PD"].tolist()
    mean = oracles.mean_code(parameters_of(t), rows) if rows else []
    return {"pooled_E": np.array(mean), "n_points": np.array(len(rows))}


def fisher(t, _settings):
    """Eq. (1) in fractions: exact, until the score is rounded once."""
    labels = t["labels_M"].tolist()
    scores = []
    for column in t["pooled_ME"].T.tolist():
        values = [Fraction(v) for v in column]
        mean = sum(values) / len(values)
        above = below = Fraction(0)
        for c in set(labels):
            own = [v for v, label in zip(values, labels, strict=True) if label == c]
            own_mean = sum(own) / len(own)
            above += len(own) * (own_mean - mean) ** 2
            below += sum((v - own_mean) ** 2 for v in own)
        scores.append(float(above / below) if below else (math.inf if above else 0.0))
    n_kept = max(1, math.ceil(len(scores) * float(t["top_percent"]) / 100))
    return {"scores_E": np.array(scores), "selected_Q": np.array(oracles.rank(scores, n_kept))}


def search(t, settings):
    def hashes(videos):
        return [
            [[oracles.project(video, a) for a in table] for video in videos.tolist()]
            for table in t["directions_TNQ"].tolist()
        ]

    index, queries = hashes(t["index_mQ"]), hashes(t["queries_MQ"])
    if settings["voting"] == "stacked":
        index = [[list(itertools.chain(*rows)) for rows in zip(*index, strict=True)]]
        queries = [[list(itertools.chain(*rows)) for rows in zip(*queries, strict=True)]]
    found = [
        [oracles.nearest(table, query, int(t["k"])) for query in own]
        for table, own in zip(index, queries, strict=True)
    ]
    return {
        "index_hashes_TmN": np.array(index),
        "query_hashes_TMN": np.array(queries),
        "neighbors_TMK": np.array([[[i for _, i in q] for q in table] for table in found]),
        "squared_distances_TMK": np.array([[[d for d, _ in q] for q in table] for table in found]),
    }


def vote(t, settings):
    neighbors, squared = t["neighbors_TMK"].tolist(), t["squared_distances_TMK"].tolist()
    shares, decisions = [], []
    for m in range(len(neighbors[0])):
        one = oracles.vote(
            settings["rule"],
            [table[m] for table in neighbors],
            [table[m] for table in squared],
            t["labels_m"].tolist(),
            int(t["n_classes"]),
        )
        shares.append(one)
        decisions.append(max(range(len(one)), key=lambda c: (round(one[c], 12), -c)))
    return {"confidence_MC": np.array(shares), "decision_M": np.array(decisions)}


def whole(t, _settings, layer_greys, layer_flows):
    """The whole system on given layers and flows: pictures[k][frame], flows[k][frame]."""
    starts, finished, info = follow(layer_greys, layer_flows, len(t["frames_FHW"]))
    out = {
        "layer_1_Fhw": np.array([resize(f, layer_greys[1][0].shape) for f in t["frames_FHW"]]),
        "flow_0_fHW2": np.array(layer_flows[0][1:]),
        "flow_1_fhw2": np.array(layer_flows[1][1:]),
        **track_rows(starts, finished),
        **descriptor_rows(info),
    }
    p, mean, scale = parameters_of(t), t["mean_D"], t["scale_D"]
    out["scaled_PD"] = (out["descriptors_PD"] - mean) / scale
    scaled = out["scaled_PD"].tolist()
    codes = [oracles.encode(p, row)[-1] for row in scaled]
    pooled = [math.fsum(column) / len(codes) for column in zip(*codes, strict=True)]
    out |= {
        "codes_PE": np.array(codes),
        "pooled_E": np.array(pooled),
        "n_points": np.array(len(codes)),
    }
    for name, n_classes in (("background", 3), ("foreground", 2)):
        labels = t[f"{name}_labels_M"]
        known = t["index_ME"][labels >= 0]
        ranked = fisher(
            {
                "pooled_ME": known,
                "labels_M": labels[labels >= 0],
                "top_percent": float(t["top_percent"]),
            },
            {},
        )
        kept = ranked["selected_Q"]
        found = search(
            {
                "index_mQ": known[:, kept],
                "queries_MQ": np.array([pooled])[:, kept],
                "directions_TNQ": t[f"{name}_directions_TNQ"],
                "k": int(t["k"]),
            },
            {"voting": "average"},
        )
        told = vote(
            found | {"labels_m": labels[labels >= 0], "n_classes": n_classes}, {"rule": "average"}
        )
        named = ranked | {key.replace("M", "1"): value for key, value in (found | told).items()}
        out |= {f"{name}_{key}": value for key, value in named.items()}
    return out


ORACLES = {
    name: globals()[name]
    for name in (
        *(
            "grey",
            "shrink",
            "box",
            "median",
            "warp",
            "layers",
            "sizes",
            "slopes",
            "normalise",
            "flow",
            "moments",
        ),
        *("lk_round", "enlarge", "searched"),
        *("farneback_fit", "farneback_blur", "farneback_round"),
        *("sample", "move", "judge", "tracks", "votes", "cells", "describe", "info", "descriptors"),
        *("network", "init", "scaling", "draw", "steps", "training"),
        *("pooling", "fisher", "search", "vote"),
    )
}
