"""Stage 4 of 10, paper Section 2.1, [26]: shape, HOG [DT05], HOF [LMS08] and MBH [DTS06].

In: grey_HW, flow_HW2 and points_P2 at each step.  Out: descriptors_PD, 426 columns a track.

Every pixel votes for the direction of a vector at that pixel, with its length: 33 planes of votes
a layer. A frame's descriptor sums them over the four cells of a patch around the point.
"""

import math

import numpy as np

from lsfref.arrays import Floats, Ints
from lsfref.trajectories import step_lengths

PATCH = 32  # pixels, the side of a patch, at every scale (A9)
CELL = PATCH // 2  # pixels, the side of each of its 2 x 2 cells (A9)
TIME_CELLS = 3  # runs of 5 frames that are averaged (A9)
STILL = 0.4  # pixels a frame: flow of at most this length votes for HOF's ninth bin (A9)
RUN = 8192  # pixels whose votes are made at a time
EPSILON = 0.05  # added to every bin before normalizing (A10)

# The vote planes of a layer; `arrays.COLUMNS` are the columns that they become (A12).
PLANES = {"hog": slice(0, 8), "hof": slice(8, 17), "mbhx": slice(17, 25), "mbhy": slice(25, 33)}
N_PLANES = 33


def gradient(image_HW: Floats) -> tuple[Floats, Floats]:
    """Return (gx_HW, gy_HW): next pixel minus previous one, 0 across an edge of the image (A9)."""
    gx_HW, gy_HW = np.zeros_like(image_HW), np.zeros_like(image_HW)
    np.subtract(image_HW[:, 2:], image_HW[:, :-2], out=gx_HW[:, 1:-1])
    np.subtract(image_HW[2:], image_HW[:-2], out=gy_HW[1:-1])
    return gx_HW, gy_HW


def room_for(layer_HW: Floats) -> Floats:
    """Return the memory that `cell_sums` uses again and again, as fresh memory is slow.

    It serves layers of this type, no larger than this one: nine planes of votes, two of totals.
    """
    return np.empty((11, layer_HW.size), layer_HW.dtype)


def orientation_votes(
    gx_HW: Floats, gy_HW: Floats, *, still: float | None = None, room: Floats | None = None
) -> Floats:
    """Return votes_OHW, 8 planes for the directions 0, 45, ..., 315 degrees from +x over +y.

    A vector votes, with its length, for the two bins nearest to its direction. One of the two lies
    on an axis, the other on a diagonal. With r the shorter component over the longer one, the share
    of the diagonal is atan(r) / 45 degrees and the axis has the rest.

    Choices: A9 linear split over the full circle. Where `still` is given, vectors of at most this
             length vote 1 for a ninth plane, and for no other.
    """
    gx_A, gy_A = gx_HW.ravel(), gy_HW.ravel()
    room = room_for(gx_HW) if room is None else room
    votes_OA = room[: 8 if still is None else 9, : gx_A.size]
    for start in range(0, gx_A.size, RUN):  # all that a run needs stays in the cache
        run = slice(start, start + RUN)
        _vote(gx_A[run], gy_A[run], votes_OA[:, run], still)
    return votes_OA.reshape(-1, *gx_HW.shape)


def _vote(gx_A: Floats, gy_A: Floats, out_OA: Floats, still: float | None) -> None:
    length_A = np.sqrt(gx_A * gx_A + gy_A * gy_A)
    if still is not None:
        out_OA[8] = length_A <= still
        length_A -= length_A * out_OA[8]
    across_A, along_A = np.abs(gx_A), np.abs(gy_A)
    longer_A = np.maximum(across_A, along_A) + np.finfo(gx_A.dtype).tiny  # zero vector: r = 0
    ratio_A = np.minimum(across_A, along_A) / longer_A
    diagonal_A = np.arctan(ratio_A) * (4 / math.pi) * length_A
    axis_A = length_A - diagonal_A
    right_A, down_A = (gx_A > 0).astype(gx_A.dtype), (gy_A > 0).astype(gx_A.dtype)
    level_A = axis_A * (across_A > along_A)
    right_half_A = diagonal_A * right_A
    for votes_A, side_A, plus, minus in (
        (level_A, right_A, 0, 4),
        (axis_A - level_A, down_A, 2, 6),
        (right_half_A, down_A, 1, 7),
        (diagonal_A - right_half_A, down_A, 3, 5),
    ):
        np.multiply(votes_A, side_A, out=out_OA[plus])
        np.subtract(votes_A, out_OA[plus], out=out_OA[minus])


def patch_corners(points_P2: Floats, shape: tuple[int, int]) -> Ints:
    """Return corners_P2, the top left pixel (x, y) of the patch around each point.

    Choices: A9 the patch is shifted, not cut, to lie inside an image of this shape.
    """
    corners_P2 = np.rint(points_P2).astype(np.int64) - PATCH // 2
    return np.clip(corners_P2, 0, np.array(shape[::-1]) - PATCH)


def cell_sums(
    grey_HW: Floats, flow_HW2: Floats, points_P2: Floats, *, room: Floats | None = None
) -> Floats:
    """Return sums_O4P: each vote plane (O) summed over the four 16x16 cells of each point's patch.

    Choices: A9 HOG from the grey image, HOF from the flow, MBH from the derivatives of its parts.
             A12 cells go top left, bottom left, top right, bottom right.
    """
    sums_O4P = np.empty((N_PLANES, 4, len(points_P2)), grey_HW.dtype)
    if len(points_P2) == 0:
        return sums_O4P
    corners_P2 = patch_corners(points_P2, grey_HW.shape)
    (left, top), (right, bottom) = corners_P2.min(axis=0), corners_P2.max(axis=0) + PATCH
    window = slice(top, bottom), slice(left, right)  # all that the patches cover
    x_P, y_P = (corners_P2 - (left, top)).T
    width = right - left
    at_4P = y_P * width + x_P + CELL * np.array([[0], [width], [1], [1 + width]])
    room = room_for(grey_HW) if room is None else room
    u_HW, v_HW = (np.ascontiguousarray(flow_HW2[..., i]) for i in (0, 1))
    fields = {"hog": gradient(grey_HW), "hof": (u_HW, v_HW)}
    fields |= {"mbhx": gradient(u_HW), "mbhy": gradient(v_HW)}
    for name, (gx_HW, gy_HW) in fields.items():
        still = STILL if name == "hof" else None
        votes_ohw = orientation_votes(gx_HW[window], gy_HW[window], still=still, room=room)
        for votes_hw, sums_4P in zip(votes_ohw, sums_O4P[PLANES[name]], strict=True):
            np.take(_cell_totals(votes_hw, room), at_4P, out=sums_4P, mode="clip")
    return sums_O4P


def _cell_totals(votes_HW: Floats, room: Floats) -> Floats:
    """Return the sum over the cell whose top left pixel is each pixel of the flattened plane.

    By doubling, along x and then along y. Cells that wrap around the right edge are never used.
    """
    width = votes_HW.shape[1]
    flat = votes_HW.ravel()
    for i, step in enumerate((1, 2, 4, 8, width, 2 * width, 4 * width, 8 * width)):
        flat = np.add(flat[:-step], flat[step:], out=room[9 + i % 2, : flat.size - step])
    return flat


def normalize(sums_LO4P: Floats) -> Floats:
    """Return the frame descriptors, each with unit L2 norm over its bins and cells.

    Choices: A10 RootSIFT [AZ12]: 0.05 more in every bin, divided by the sum, square root.
    """
    vectors_LO4P = sums_LO4P + EPSILON
    for planes in PLANES.values():
        block = vectors_LO4P[:, planes]
        block /= block.sum(axis=(1, 2), keepdims=True)
    return np.sqrt(vectors_LO4P, out=vectors_LO4P)


def describe(moves_PL2: Floats, sums_LO4P: Floats) -> Floats:
    """Return descriptors_PD of tracks, from their displacements and the cell sums on the way.

    Choices: A8 the shape is dx, dy of each displacement over the length of the whole path.
             A9 three runs of frames, averaged; A10 nothing is normalized after that; A12 columns:
             shape, HOG, HOF, MBHx, MBHy; in each: run, cell column, cell row, bin.
    """
    n_steps, n_planes, n_cells, n_tracks = sums_LO4P.shape
    shape = TIME_CELLS, n_steps // TIME_CELLS, n_planes, n_cells, n_tracks
    mean = normalize(sums_LO4P).reshape(shape).mean(axis=1).transpose(3, 0, 2, 1)
    path_P1 = step_lengths(moves_PL2).sum(axis=1, keepdims=True)
    parts = [moves_PL2.reshape(n_tracks, 2 * n_steps) / path_P1]
    for planes in PLANES.values():
        histograms = mean[..., planes]  # track, run, cell, plane
        parts.append(histograms.reshape(n_tracks, math.prod(histograms.shape[1:])))
    return np.concatenate(parts, axis=1)
