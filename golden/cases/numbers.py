"""Inputs that are the same bits everywhere: multiples of a power of two from a counter's hash.

Every number here fits in float32 without rounding, so that a float32 run starts from equal inputs.
"""

import numpy as np


def bits(shape, *, seed):
    """Return uint64 numbers, the splitmix64 sequence of `seed`."""
    count = int(np.prod(shape, dtype=np.int64))
    with np.errstate(over="ignore"):
        state = np.arange(1, count + 1, dtype=np.uint64) + np.uint64(seed * 1_000_003)
        state *= np.uint64(0x9E3779B97F4A7C15)
        state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return (state ^ (state >> np.uint64(31))).reshape(shape)


def whole(shape, *, seed, low=0, high=2):
    """Return int64 numbers in low..high-1."""
    return low + ((bits(shape, seed=seed) >> np.uint64(11)) % np.uint64(high - low)).astype(
        np.int64
    )


def reals(shape, *, seed, span=1.0, step=2**-12):
    """Return multiples of `step` in (-span, span)."""
    n = int(span / step)
    return whole(shape, seed=seed, low=1 - n, high=n) * step


def bells(shape, *, seed):
    """Return numbers that look normal (mean 0, variance 1): sums of twelve uniform ones."""
    return reals((12, *shape), seed=seed, span=0.5, step=2**-13).sum(axis=0)


def texture(shape, *, seed, at=(0.0, 0.0), scale=1.0):
    """Return a grey_HW of blotches, multiples of 1/64 in 0..255, seen from (x, y) = `at`.

    `at` in eighths of a pixel; two calls with one seed show one pattern, moved.
    """
    margin = 40
    noise = whole((shape[0] + 2 * margin, shape[1] + 2 * margin), seed=seed, high=256)
    for _ in range(3):  # [1 2 1] in both directions
        noise = noise[:-2] + 2 * noise[1:-1] + noise[2:]
        noise = noise[:, :-2] + 2 * noise[:, 1:-1] + noise[:, 2:]
    pattern = np.clip((noise // 2**6 - 128 * 64) * 4 + 128 * 64, 0, 255 * 64)  # more contrast
    x, y = (margin - 3 + 8 * at[0] / 8, margin - 3 + 8 * at[1] / 8)
    left, top = int(np.floor(x)), int(np.floor(y))
    wx, wy = x - left, y - top
    cut = pattern[top : top + shape[0] + 1, left : left + shape[1] + 1] / 64
    rows = cut[:-1] * (1 - wy) + cut[1:] * wy
    return scale * (rows[:, :-1] * (1 - wx) + rows[:, 1:] * wx)
