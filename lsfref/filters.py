"""The few array kernels that stages 2 to 4 share: window sums, bilinear warp, small medians.

In: planes of an image.  Out: planes of the same shape and dtype.
"""

import numpy as np

from lsfref.arrays import Floats


def run_sums(values: Floats, *, size: int, step: int = 1) -> Floats:
    """Return sums[i] = values[i] + values[i + step] + ... (`size` terms), while they last.

    By doubling: sums of 1, 2, 4, ... terms, each from two of the last, and those that the binary
    digits of `size` name are chained. Every pass is contiguous and nothing is ever subtracted.
    """
    kept = len(values) - (size - 1) * step
    total, covered, length = None, 0, 1
    while covered < size:
        if length > 1:
            values = values[: -length // 2 * step] + values[length // 2 * step :]
        if size & length:
            part = values[covered * step :][:kept]
            total = part if total is None else total + part
            covered += length
        length *= 2
    return values if total is None else total


def box_sums(image_HW: Floats, *, size: int) -> Floats:
    """Return the sum over the size x size window centred on each pixel (size odd), 0 outside."""
    height, width = image_HW.shape
    padded = np.pad(image_HW, size // 2)
    stride = width + size - 1
    flat = run_sums(run_sums(padded.ravel(), size=size), size=size, step=stride)
    sums_HW = np.empty_like(image_HW)
    for y in range(height):
        sums_HW[y] = flat[y * stride : y * stride + width]
    return sums_HW


def warp(image_HW: Floats, x_HW: Floats, y_HW: Floats) -> Floats:
    """Return the image read bilinearly at (x, y), positions clamped to the image."""
    height, width = image_HW.shape
    x_HW = np.clip(x_HW, 0, width - 1)
    y_HW = np.clip(y_HW, 0, height - 1)
    left_HW, top_HW = np.floor(x_HW), np.floor(y_HW)
    right_HW, down_HW = x_HW - left_HW, y_HW - top_HW
    flat = image_HW.ravel()
    corner_HW = top_HW.astype(np.intp) * width + left_HW.astype(np.intp)

    def row(offset: int) -> Floats:
        a_HW = np.take(flat, corner_HW + offset, mode="clip")
        b_HW = np.take(flat, corner_HW + offset + 1, mode="clip")
        return a_HW + (b_HW - a_HW) * right_HW

    upper_HW = row(0)
    return upper_HW + (row(width) - upper_HW) * down_HW


def median(image_HW: Floats, *, size: int) -> Floats:
    """Return the median of the size x size window (3 or 5), edge pixels repeated outside.

    Forgetful selection: of just over half of the values neither the least nor the greatest can be
    the median of all, so both are dropped and the next value is let in.
    """
    height, width = image_HW.shape
    padded = np.pad(image_HW, size // 2, mode="edge")
    rest = [padded[j : j + height, i : i + width] for j in range(size) for i in range(size)]
    held = [rest.pop() for _ in range(size * size // 2 + 2)]
    while True:
        for i in range(1, len(held)):  # the least to the front
            held[0], held[i] = np.minimum(held[0], held[i]), np.maximum(held[0], held[i])
        for i in range(1, len(held) - 1):  # the greatest to the back
            held[-1], held[i] = np.maximum(held[-1], held[i]), np.minimum(held[-1], held[i])
        held = held[1:-1]
        if not rest:
            return held[0]
        held.append(rest.pop())
