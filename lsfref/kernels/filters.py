"""The few array kernels that stages 2 to 4 share: window sums, warps, slopes.

In: planes of an image.  Out: planes in the dtype they came in.

Written for numpy: every pass is over one contiguous plane, neighbors are slices of the flat plane.
"""

from collections.abc import Sequence

import numpy as np

from lsfref.arrays import Bools, Floats


def run_sums(values: Floats, *, size: int, step: int = 1) -> Floats:
    """Return sums[i] = values[i] + values[i + step] + ... (`size` terms), while they last.

    By doubling: sums of 1, 2, 4, ... terms, each from two of the last, and those that the binary
    digits of `size` name are chained. Nothing is ever subtracted, so rounding stays local.
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


def window_sums(planes: Sequence[Floats] | Floats, *, size: int) -> Floats:
    """Return the sums over every size x size window that holds at least one pixel, 0 outside.

    Of n planes (H, W), and of each by itself: (n, H + size - 1, W + size - 1). Element
    (i, j) is the window whose last row and column are i and j. On the flat stack the margin of
    zeros left of a row is also the one right of the row before.
    """
    n, (height, width) = len(planes), planes[0].shape
    margin, stride = size - 1, width + size - 1
    rows = height + 2 * margin
    flat = np.zeros(n * rows * stride + margin, dtype=planes[0].dtype)
    inner = flat[: n * rows * stride].reshape(n, rows, stride)[:, margin : margin + height, margin:]
    for k, plane in enumerate(planes):
        inner[k] = plane
    sums = run_sums(run_sums(flat, size=size), size=size, step=stride)
    return view(sums, (n, height + margin, stride), (rows * stride, stride))


def covering_sums(windows: Floats, *, size: int) -> Floats:
    """Return, for each pixel, the sum over the windows of `window_sums` that hold it."""
    n, rows, stride = windows.shape
    sums = run_sums(run_sums(windows.ravel(), size=size), size=size, step=stride)
    return view(sums, (n, rows - size + 1, stride - size + 1), (rows * stride, stride))


def box_sums(image_HW: Floats, *, size: int) -> Floats:
    """Return the sum over the size x size window centered on each pixel (size odd), 0 outside."""
    half, (height, width) = size // 2, image_HW.shape
    return window_sums(image_HW[None], size=size)[0, half : half + height, half : half + width]


def view(flat: Floats, shape: tuple[int, int, int], steps: tuple[int, int]) -> Floats:
    """Return planes of a flat array: planes begin steps[0] elements apart, rows steps[1]."""
    strides = (steps[0] * flat.itemsize, steps[1] * flat.itemsize, flat.itemsize)
    return np.ndarray(shape, flat.dtype, flat, strides=strides)


def cells(image_HW: Floats) -> Floats:
    """Return the sum over each cell of 2 x 2 pixels; the last row or column may be half empty."""
    height, width = image_HW.shape
    rows_hW = image_HW[::2].copy()
    rows_hW[: height // 2] += image_HW[1::2]
    cells_hw = rows_hW[:, ::2].copy()
    cells_hw[:, : width // 2] += rows_hW[:, 1::2]
    return cells_hw


def repeat_edges(image_HW: Floats, before: int, after: int) -> Floats:
    """Return the image with its outer rows and columns repeated."""
    height, width = image_HW.shape
    padded = np.empty((height + before + after, width + before + after), dtype=image_HW.dtype)
    inner = slice(before, before + width)
    padded[before : before + height, inner] = image_HW
    padded[:before, inner] = image_HW[:1]
    padded[before + height :, inner] = image_HW[-1:]
    padded[:, :before] = padded[:, before : before + 1]
    padded[:, before + width :] = padded[:, before + width - 1 : before + width]
    return padded


def read_at(image_HW: Floats, x_HW: Floats, y_HW: Floats) -> tuple[Floats, Bools]:
    """Return the image read bilinearly at (x, y), clamped to it, and where they lie inside."""
    height, width = image_HW.shape
    flat, stride = repeat_edges(image_HW, 0, 1).ravel(), width + 1
    wanted, x_HW, y_HW = (x_HW, y_HW), x_HW.clip(0, width - 1), y_HW.clip(0, height - 1)
    inside_HW = x_HW == wanted[0]
    inside_HW &= y_HW == wanted[1]
    left_HW, top_HW = np.floor(x_HW), np.floor(y_HW)
    corner_HW = top_HW.astype(np.int32)
    corner_HW *= np.int32(stride)
    corner_HW += left_HW.astype(np.int32)
    corner_HW = corner_HW.astype(np.intp)
    x_HW -= left_HW
    y_HW -= top_HW

    def between(offset: int) -> Floats:
        value_HW, other_HW = flat[offset:][corner_HW], flat[offset + 1 :][corner_HW]
        other_HW -= value_HW
        other_HW *= x_HW
        value_HW += other_HW
        return value_HW

    upper_HW, lower_HW = between(0), between(stride)
    lower_HW -= upper_HW
    lower_HW *= y_HW
    upper_HW += lower_HW
    return upper_HW, inside_HW


def slopes(image_HW: Floats) -> tuple[Floats, Floats]:
    """Return the derivatives along x and y, (1, -8, 0, 8, -1) / 12; 0 in the outer two pixels."""
    height, width = image_HW.shape
    flat = image_HW.ravel()
    gx, gy = np.empty_like(flat), np.empty_like(flat)
    for slope, step in ((gx, 1), (gy, width)):
        inner = slope[2 * step : -2 * step]
        np.subtract(flat[3 * step : -step], flat[step : -3 * step], out=inner)
        inner *= 8
        inner -= flat[4 * step :]
        inner += flat[: -4 * step]
        inner /= 12
    gx_HW, gy_HW = gx.reshape(height, width), gy.reshape(height, width)
    gx_HW[:, :2] = gx_HW[:, -2:] = gy_HW[:2] = gy_HW[-2:] = 0
    return gx_HW, gy_HW
