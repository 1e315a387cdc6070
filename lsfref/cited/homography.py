"""Between stages 2 and 3 of 10, paper Table 1 (iDT): the motion of the camera, found and undone.

In: two frames and the flow between them.  Out: homography_33, the second frame brought back.

What improved trajectories [WS13] do before tracking, with corners alone: SURF
matches and the person detector are left out, boxes around people can be given (H6). A homography
takes (x, y, 1) on the first frame to a multiple of (x, y, 1) on the second.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from lsfref.arrays import Bools, Floats, Ints
from lsfref.kernels.filters import read_at
from lsfref.trajectories import QUALITY, corner_strength, read_flow

N_CORNERS = 1000  # the strongest ones, of corners that keep ...
SPACING = 3.0  # ... this distance from each other, pixels
MIN_MATCHES, MIN_INLIERS = 50, 25  # no more than these: the camera stands still
TOLERANCE = 1.0  # pixels between a corner's target and the homography's
N_DRAWS, BATCH = 2000, 100  # samples of four matches at most; at a time
DOUBT = 1e-6  # drawing ends when a better homography has been missed with this probability
N_REFITS = 3
MARGIN = 5  # pixels: what would come from nearer to the edge, or beyond, is not brought back


def pick_corners(grey_HW: Floats, *, boxes_Z4: Floats | None = None) -> Ints:
    """Return corners_P2 (x, y), strongest first: local peaks, 3 px apart, 1000 at most.

    Greedy: a peak is taken unless a stronger one nearby was. None inside boxes_Z4 (left, top,
    right, bottom). A4 strength and least quality are those of new points.
    """
    from scipy.ndimage import maximum_filter  # here: every process starts sooner without it

    strength_HW = corner_strength(grey_HW)
    peak_HW = strength_HW == maximum_filter(strength_HW, size=3)
    peak_HW &= strength_HW > QUALITY * strength_HW.max()
    y, x = np.ogrid[: grey_HW.shape[0], : grey_HW.shape[1]]
    for left, top, right, bottom in () if boxes_Z4 is None else boxes_Z4:
        peak_HW &= ~((left <= x) & (x <= right) & (top <= y) & (y <= bottom))
    y_P, x_P = np.nonzero(peak_HW)
    order_P = np.argsort(-strength_HW[y_P, x_P], kind="stable")
    corners_P2 = np.stack([x_P, y_P], axis=1)[order_P]
    return corners_P2[_apart(corners_P2)][:N_CORNERS]


def _apart(corners_P2: Ints) -> Bools:
    """Return which corners are taken if each is, in their order, unless a taken one is near."""
    from scipy.spatial import cKDTree  # here: every process starts sooner without it

    tree = cKDTree(corners_P2)
    pairs = tree.query_pairs(np.nextafter(SPACING, 0), output_type="ndarray")
    first, second = pairs.min(axis=1), pairs.max(axis=1)
    taken_P, open_P = np.zeros(len(corners_P2), bool), np.ones(len(corners_P2), bool)
    while open_P.any():  # at once all that have no open corner before them
        new_P = open_P.copy()
        new_P[second[open_P[first] & open_P[second]]] = False
        taken_P |= new_P
        open_P &= ~new_P
        open_P[second[new_P[first]]] = False
    return taken_P


def camera_homography(
    grey_HW: Floats, flow_HW2: Floats, *, rng: np.random.Generator, boxes_Z4: Floats | None = None
) -> Floats:
    """Return homography_33 from this frame to the one that the flow leads to.

    The identity unless there are more than 50 corners to follow and more than 25 of them agree.
    """
    corners_P2 = pick_corners(grey_HW, boxes_Z4=boxes_Z4).astype(np.float64)
    if len(corners_P2) <= MIN_MATCHES:
        return np.eye(3)
    fit = find_homography(corners_P2, corners_P2 + read_flow(flow_HW2, corners_P2), rng=rng)
    return fit.homography_33 if np.count_nonzero(fit.agrees_P) > MIN_INLIERS else np.eye(3)


class Fit(NamedTuple):
    """A homography and the matches that it explains."""

    homography_33: Floats
    agrees_P: Bools


def find_homography(from_P2: Floats, to_P2: Floats, *, rng: np.random.Generator) -> Fit:
    """Return the homography that most matches agree with to 1 px: RANSAC [FB81], then refits.

    Four matches are drawn again and again until, with the share of matches that the best
    homography explains, all draws would have had a wrong match with probability 1e-6 only. Then
    it is fitted to all matches that agree, and to those that agree with that, three times.
    """
    n = len(from_P2)
    best_33: Floats = np.eye(3)
    most = 0
    for drawn in range(BATCH, N_DRAWS + 1, BATCH):
        four_N4 = rng.integers(0, n, (BATCH, 4))
        some_N33 = through_four(from_P2[four_N4], to_P2[four_N4])
        count_N = agreement(some_N33, from_P2, to_P2).sum(axis=1)
        if count_N.max() > most:
            best_33, most = some_N33[count_N.argmax()], count_N.max()
        if (1 - (most / n) ** 4) ** drawn < DOUBT:
            break
    agrees_P = agreement(best_33[None], from_P2, to_P2)[0]
    for _ in range(N_REFITS):
        if np.count_nonzero(agrees_P) < 4:
            break
        best_33 = fit_all(from_P2[agrees_P], to_P2[agrees_P])
        agrees_P = agreement(best_33[None], from_P2, to_P2)[0]
    return Fit(best_33, agrees_P)


def agreement(homography_N33: Floats, from_P2: Floats, to_P2: Floats) -> Bools:
    """Return agrees_NP: the homography takes the point to less than 1 px from its match.

    Without dividing by the third coordinate, which must be positive: a degenerate homography of
    zeros agrees with nothing.
    """
    ahead = homography_N33 @ np.column_stack([from_P2, np.ones(len(from_P2))]).T
    x_NP, y_NP, w_NP = ahead[:, 0], ahead[:, 1], ahead[:, 2]
    dx_NP, dy_NP = x_NP - to_P2[:, 0] * w_NP, y_NP - to_P2[:, 1] * w_NP
    return (dx_NP**2 + dy_NP**2 < (TOLERANCE * w_NP) ** 2) & (w_NP > 0)


def through_four(from_N42: Floats, to_N42: Floats) -> Floats:
    """Return homography_N33, each exactly through its four matches, third coordinates positive.

    Both sets of four are seen from a common basis: the matrix whose columns are the first three
    points, weighted so that their sum is a multiple of the fourth.
    """
    found_N33 = _basis(to_N42) @ _adjugate(_basis(from_N42))
    center_N = (found_N33[:, 2] * np.append(from_N42.mean(axis=(0, 1)), 1)).sum(axis=1)
    return found_N33 * np.sign(center_N)[:, None, None]


def _basis(points_N42: Floats) -> Floats:
    points_N43 = np.concatenate([points_N42, np.ones((*points_N42.shape[:2], 1))], axis=2)
    columns_N33 = points_N43[:, :3].transpose(0, 2, 1)
    weights_N31 = _adjugate(columns_N33) @ points_N43[:, 3, :, None]
    return columns_N33 * weights_N31.transpose(0, 2, 1)


def _adjugate(matrix_N33: Floats) -> Floats:
    """Return the inverses times the determinants, which exist for singular matrices too."""
    a_N3, b_N3, c_N3 = matrix_N33.transpose(2, 0, 1)
    return np.stack([np.cross(b_N3, c_N3), np.cross(c_N3, a_N3), np.cross(a_N3, b_N3)], axis=1)


def fit_all(from_P2: Floats, to_P2: Floats) -> Floats:
    """Return the homography_33 that fits all matches best: a normalized linear transform [Har97].

    Both sets of points are moved to mean 0 and scaled to a mean distance of sqrt(2). Each match
    gives two linear equations for nine numbers; the answer has the least sum of squares.
    """
    from_33, to_33 = _centering(from_P2), _centering(to_P2)
    point_P3 = np.column_stack([from_P2, np.ones(len(from_P2))]) @ from_33.T
    x_P, y_P = (to_P2 * to_33[0, 0] + to_33[:2, 2]).T
    zeros_P3 = np.zeros_like(point_P3)
    first_P9 = np.concatenate([point_P3, zeros_P3, -x_P[:, None] * point_P3], axis=1)
    second_P9 = np.concatenate([zeros_P3, point_P3, -y_P[:, None] * point_P3], axis=1)
    squares_99 = first_P9.T @ first_P9 + second_P9.T @ second_P9
    least_33 = np.linalg.eigh(squares_99)[1][:, 0].reshape(3, 3)
    fitted_33 = np.linalg.inv(to_33) @ least_33 @ from_33
    return fitted_33 / fitted_33[2, 2]


def _centering(points_P2: Floats) -> Floats:
    mean_2 = points_P2.mean(axis=0)
    distance = np.sqrt(((points_P2 - mean_2) ** 2).sum(axis=1)).mean()
    scale = np.sqrt(2) / distance
    return np.array([[scale, 0, -scale * mean_2[0]], [0, scale, -scale * mean_2[1]], [0, 0, 1]])


def bring_back(first_HW: Floats, second_HW: Floats, homography_33: Floats) -> Floats:
    """Return the second frame as the camera of the first would see it.

    Where that would be read from within 5 px of the second frame's edge, or from outside, the
    first frame is copied: nothing moves there (H6).
    """
    height, width = first_HW.shape
    y_HW, x_HW = np.indices((height, width), dtype=first_HW.dtype)
    rows = [a * x_HW + b * y_HW + c for a, b, c in homography_33.tolist()]
    ahead_HW = rows[2] > 0.1  # the homography is scaled to 1 at the origin
    depth_HW = np.where(ahead_HW, rows[2], 1)
    x_HW, y_HW = rows[0] / depth_HW, rows[1] / depth_HW
    seen_HW = ahead_HW & (abs(x_HW - (width - 1) / 2) <= (width - 1) / 2 - MARGIN)
    seen_HW &= abs(y_HW - (height - 1) / 2) <= (height - 1) / 2 - MARGIN
    return np.where(seen_HW, read_at(second_HW, x_HW, y_HW)[0], first_HW)


def steadied(
    steps: Iterable[Any],
    *,
    method: Any,
    boxes: Mapping[int, Floats],
    watch: Callable[..., None] | None = None,
) -> Iterator[Any]:
    """Yield the steps of motion.py with own_flows: from each frame to the next brought back to it.

    `method` is one of its METHODS; `boxes` are those of people, boxes_Z4 by frame; `watch` is shown
    homography_33 of each step.

    Choices: H6 drawn from one seed, so that the same video always gives the same.
    """
    rng = np.random.default_rng(0)
    before: list[Floats] = []
    for frame, step in enumerate(steps):
        if step.flows is not None:
            homography_33 = camera_homography(
                before[0], step.flows[0], rng=rng, boxes_Z4=boxes.get(frame - 1)
            )
            if watch:
                watch("flow", "homography_33", homography_33, frame=frame, scale=0)
            steady_HW = bring_back(before[0], step.greys[0], homography_33)
            steady = method.grey_layers(steady_HW, n_scales=len(before))
            own_flows = method.layer_flows(method.prepare(before), method.prepare(steady))
            step = step._replace(own_flows=own_flows)
        yield step
        before = step.greys
