"""Stage 3 of 10, paper Section 2.1, [26]: points that are started, tracked and judged.

In: grey_HW and flow_HW2 of one layer.  Out: points_P2 frame by frame, a verdict for each track.

Positions are (x, y), x to the right, pixel centers at integers, in pixels of the layer; a finished
track is judged in pixels of the frame. Whatever is rounded to a pixel rounds halves to even.
"""

from typing import NamedTuple

import numpy as np

from lsfref.arrays import Bools, Floats, Ints
from lsfref.kernels.filters import repeat_edges
from lsfref.media.borders import strongest

GRID = 5  # pixels between candidates, and the side of an occupancy cell (A4)
QUALITY = 0.001  # the threshold, as a share of the strongest corner of the layer (A4)
TRACK_LENGTH = 15  # displacements of a track (A6)
STATIC = 3**0.5  # pixels: both standard deviations below it (A7)
ERRATIC = 50.0  # pixels: one of the standard deviations above it (A7)
JUMP = 20.0  # pixels: one displacement above it (A7) ...
JUMP_SHARE = 0.7  # ... and above this share of the whole path (A7)
CAMERA = 1.0  # pixels: no displacement above it, once the camera's motion is taken off (H6)
VERDICTS = ("valid", "static", "erratic", "jump", "camera")  # as `judge` numbers them


class Seeds(NamedTuple):
    """The points that start on a layer, and what kept the other candidates from it."""

    points_P2: Floats  # row by row
    strength_HW: Floats  # a candidate starts where this is above ...
    threshold: float
    occupied_hw: Bools  # ... and no live point is in its cell (h, w count cells)


def corner_strength(grey_HW: Floats) -> Floats:
    """Return the smaller eigenvalue of each pixel's structure tensor [ST94].

    With a, b, c the 3x3 sums of dx dx, dx dy, dy dy:  (a + c)/2 - sqrt(((a - c)/2)^2 + b^2)

    Choices: A4 3x3 Sobel derivatives; image and products are mirrored about their edge pixels.
    """
    padded = _mirrored(grey_HW)
    smooth, slope = padded[:-2] + padded[2:] + 2 * padded[1:-1], padded[2:] - padded[:-2]
    dx_HW = smooth[:, 2:] - smooth[:, :-2]
    dy_HW = slope[:, 2:] + slope[:, :-2] + 2 * slope[:, 1:-1]
    a_HW, b_HW, c_HW = map(_sum_3x3, (dx_HW * dx_HW, dx_HW * dy_HW, dy_HW * dy_HW))
    mean_HW = (a_HW + c_HW) / 2
    c_HW -= mean_HW  # half of the difference
    return mean_HW - np.sqrt(c_HW * c_HW + b_HW * b_HW)


def _sum_3x3(image_HW: Floats) -> Floats:
    padded = _mirrored(image_HW)
    rows = padded[:-2] + padded[1:-1] + padded[2:]
    return rows[:, :-2] + rows[:, 1:-1] + rows[:, 2:]


def _mirrored(image_HW: Floats) -> Floats:
    """Return the image with one more pixel on each side, mirrored about the edge pixels."""
    padded = repeat_edges(image_HW, 1, 1)
    padded[0], padded[-1] = padded[2], padded[-3]
    padded[:, 0], padded[:, -1] = padded[:, 2], padded[:, -3]
    return padded


def candidates(shape: tuple[int, int]) -> Ints:
    """Return points_hw2, the pixel (x, y) in the middle of each whole 5x5 cell (A4)."""
    rows, columns = shape[0] // GRID, shape[1] // GRID
    y_hw, x_hw = np.indices((rows, columns)) * GRID + GRID // 2
    return np.stack([x_hw, y_hw], axis=-1)


def sample(grey_HW: Floats, live_P2: Floats, *, borders: str = "counted") -> Seeds:
    """Return the points that start on this layer beside those that live there already.

    Choices: A4 one candidate a cell, in cells without a live point, stronger than 0.001 times the
             strongest corner; live points beyond the last whole cell occupy nothing. R5 with
             borders="ignored" the strongest of the picture alone, where a border has one of twice.
    """
    points_hw2 = candidates(grey_HW.shape)
    rows, columns = points_hw2.shape[:2]
    cell_P2 = np.floor(live_P2).astype(np.int64) // GRID
    within_P = (cell_P2[:, 0] < columns) & (cell_P2[:, 1] < rows)
    occupied_hw = np.zeros((rows, columns), dtype=bool)
    occupied_hw[cell_P2[within_P, 1], cell_P2[within_P, 0]] = True
    strength_HW = corner_strength(grey_HW)
    ruled = strongest(strength_HW, grey_HW) if borders == "ignored" else strength_HW.max(initial=0)
    threshold = QUALITY * ruled
    middle = slice(GRID // 2, None, GRID)
    strength_hw = strength_HW[middle, middle][:rows, :columns]
    starts_hw = (strength_hw > threshold) & ~occupied_hw
    points_p2 = points_hw2[starts_hw].astype(grey_HW.dtype)
    return Seeds(points_p2, strength_HW, threshold, occupied_hw)


def read_flow(flow_HW2: Floats, points_P2: Floats) -> Floats:
    """Return moves_P2, the flow at the pixel nearest to each point.

    Choices: A5 no interpolation, as the flow comes median filtered; a point that is rounded off the
             image reads its edge.
    """
    height, width = flow_HW2.shape[:2]
    pixel_P2 = np.rint(points_P2).astype(np.int64)
    return flow_HW2[pixel_P2[:, 1].clip(0, height - 1), pixel_P2[:, 0].clip(0, width - 1)]


def single(points: Floats) -> Floats:
    """Return positions rounded to single precision, in their own dtype.

    Choices: A5 as the program of [26] keeps them. Shapes are differences of positions: in double
             precision they would be up to 2e-6 away from that program's.
    """
    return points.astype(np.float32).astype(points.dtype)


def inside(points_P2: Floats, shape: tuple[int, int]) -> Bools:
    """Return whether each point is still tracked: 0 < x < width and 0 < y < height (A5)."""
    x_P, y_P = points_P2.T
    return (x_P > 0) & (x_P < shape[1]) & (y_P > 0) & (y_P < shape[0])


class Advance(NamedTuple):
    """What one step does to the live tracks."""

    moved_P2: Floats  # where each goes
    stays_P: Bools  # and whether that is inside the image
    complete_pS2: Floats  # those that now have all their steps, oldest start first
    own_moves_pL2: Floats  # their displacements less the camera's, if these are kept


class Tracker:
    """The live tracks of one scale, oldest first."""

    def __init__(self, dtype: np.dtype, *, borders: str = "counted") -> None:
        self.borders = borders
        self.points_PS2 = np.empty((0, TRACK_LENGTH + 1, 2), dtype)
        self.own_moves_PL2 = np.empty((0, 0, 2), dtype)  # of no length while they are not known
        self.steps_P = np.empty(0, np.int64)  # displacements so far

    def live(self) -> Floats:
        """Return points_P2, where the tracks are now."""
        return self.points_PS2[np.arange(len(self.steps_P)), self.steps_P]

    def start(self, grey_HW: Floats) -> Seeds:
        """Begin tracks at the corners of a frame that have no live track near them."""
        seeds = sample(grey_HW, self.live(), borders=self.borders)
        n_new = len(seeds.points_P2)
        begun_pS2 = np.zeros((n_new, TRACK_LENGTH + 1, 2), grey_HW.dtype)
        begun_pS2[:, 0] = seeds.points_P2
        unmoved_pL2 = np.zeros((n_new, *self.own_moves_PL2.shape[1:]), grey_HW.dtype)
        self.points_PS2 = np.concatenate([self.points_PS2, begun_pS2])
        self.own_moves_PL2 = np.concatenate([self.own_moves_PL2, unmoved_pL2])
        self.steps_P = np.concatenate([self.steps_P, np.zeros(n_new, np.int64)])
        return seeds

    def advance(self, flow_HW2: Floats, own_flow_HW2: Floats | None = None) -> Advance:
        """Move the tracks along the flow; let go of those that leave or are complete.

        Choices: H6 own_flow_HW2, given on every step or on none, is the flow less the camera's
                 motion: it is noted, not followed.
        """
        live_P2 = self.live()
        moved_P2 = single(live_P2 + read_flow(flow_HW2, live_P2))
        stays_P = inside(moved_P2, flow_HW2.shape[:2])
        points_pS2, own_moves_pL2 = self.points_PS2[stays_P], self.own_moves_PL2[stays_P]
        steps_p = self.steps_P[stays_P]
        each_p = np.arange(len(steps_p))
        points_pS2[each_p, steps_p + 1] = moved_P2[stays_P]
        if own_flow_HW2 is not None:
            if own_moves_pL2.shape[1] == 0:  # the first step of all
                own_moves_pL2 = np.zeros((len(steps_p), TRACK_LENGTH, 2), moved_P2.dtype)
            own_moves_pL2[each_p, steps_p] = read_flow(own_flow_HW2, live_P2[stays_P])
        n_done = np.count_nonzero(steps_p == TRACK_LENGTH - 1)
        self.points_PS2, self.own_moves_PL2 = points_pS2[n_done:], own_moves_pL2[n_done:]
        self.steps_P = steps_p[n_done:] + 1
        return Advance(moved_P2, stays_P, points_pS2[:n_done], own_moves_pL2[:n_done])


def judge(points_PS2: Floats, own_moves_PL2: Floats | None = None) -> Ints:
    """Return verdicts_P, places in VERDICTS, of complete tracks in pixels of the frame.

    Choices: A7 population standard deviations; the rules in the order static, erratic, jump, each
             with strict inequalities. H6 where own_moves_PL2, without the camera's, are given:
             a track that passes but never moves by more than 1 px is the camera's.
    """
    spread_P2 = points_PS2.std(axis=1)
    length_PL = step_lengths(np.diff(points_PS2, axis=1))
    longest_P = length_PL.max(axis=1)
    static_P = (spread_P2 < STATIC).all(axis=1)
    erratic_P = (spread_P2 > ERRATIC).any(axis=1)
    jump_P = (longest_P > JUMP) & (longest_P > JUMP_SHARE * length_PL.sum(axis=1))
    camera_P = np.zeros_like(static_P)
    if own_moves_PL2 is not None:
        camera_P = step_lengths(own_moves_PL2).max(axis=1) <= CAMERA
    return np.select([static_P, erratic_P, jump_P, camera_P], [1, 2, 3, 4], 0)


def step_lengths(moves_PL2: Floats) -> Floats:
    """Return length_PL, how far each displacement goes."""
    return np.sqrt((moves_PL2**2).sum(axis=-1))
