"""How far values are from the thresholds behind decisions of stages 3 and 4.

A gap is relative to the threshold, or in pixels where positions are rounded or compared.
"""

import numpy as np

LIMITS = {
    "static": 3**0.5,
    "erratic": 50.0,
    "jump": 20.0,
    "share": 0.7,
    "camera": 1.0,
    "still": 0.4,
}


def _least(values):
    return float(np.min(values, initial=np.inf))


def rint_gap(points_P2):
    """Return how far coordinates are from half-way between pixels, pixels."""
    return _least(np.abs(points_P2 - np.floor(points_P2) - 0.5))


def inside_gap(points_P2, shape):
    """Return how far points are from the lines where tracks end, pixels."""
    ends = np.array([shape[1], shape[0]])
    return min(_least(np.abs(points_P2)), _least(np.abs(points_P2 - ends)))


def cell_gap(points_P2):
    """Return how far points are from the borders of 5x5 cells, pixels."""
    return _least(np.abs(points_P2 - 5 * np.rint(points_P2 / 5)))


def sample_gap(live_P2, *, strength_HW, threshold, occupied_hw, **_rest):
    """Return the least gap of strengths at free candidates, and of live points at cell borders."""
    rows, columns = occupied_hw.shape
    strength_hw = strength_HW[2::5, 2::5][:rows, :columns][occupied_hw == 0]
    scale = float(threshold) or 1.0
    return min(_least(np.abs(strength_hw - threshold)) / scale, cell_gap(live_P2))


def judge_gap(tracks_PS2, own_moves_PL2=None):
    """Return the least relative gap at the limits of the rules."""
    spread_P2 = tracks_PS2.std(axis=1)
    steps_PL = np.sqrt((np.diff(tracks_PS2, axis=1) ** 2).sum(axis=-1))
    longest_P, path_P = steps_PL.max(axis=1, initial=0), steps_PL.sum(axis=1)
    share_P = longest_P / np.maximum(path_P, 1e-9)
    own_P = np.empty(0)
    if own_moves_PL2 is not None:
        own_P = np.sqrt((own_moves_PL2**2).sum(axis=-1)).max(axis=1, initial=0)
    return min(
        _least(np.abs(own_P / LIMITS["camera"] - 1)),
        _least(np.abs(spread_P2.max(axis=1, initial=0) / LIMITS["static"] - 1)),
        _least(np.abs(spread_P2.max(axis=1, initial=0) / LIMITS["erratic"] - 1)),
        _least(np.abs(longest_P / LIMITS["jump"] - 1)),
        _least(np.abs(share_P / LIMITS["share"] - 1)[longest_P > LIMITS["jump"]]),
    )


def still_gap(flow_HW2):
    """Return how far lengths of the flow are from 0.4 px, relative."""
    return _least(np.abs(np.sqrt((flow_HW2**2).sum(axis=-1)) / LIMITS["still"] - 1))


class FollowGaps:
    """Watches stages 3 and 4 over a video and keeps the least gap of all their decisions."""

    def __init__(self):
        self.least = np.inf
        self.seen = {}

    def watch(self, stage, name, array, *, frame, scale):
        """Take what `extraction.follow` shows; the fields of a frame come one after the other."""
        self.seen[name] = array
        if stage != "trajectories":
            return
        if name == "flow_HW2":
            self._see(still_gap(array))
        elif name == "stays_P":
            moved = self.seen["moved_P2"]
            self._see(inside_gap(moved, self.seen["grey_HW"].shape))
            self._see(min(rint_gap(moved[array]), cell_gap(moved[array])))
        elif name == "complete_pS2" and len(array):
            self._see(judge_gap(array * 2 ** (scale / 2)))
        elif name == "occupied_hw":
            seeds = {key: self.seen[key] for key in ("strength_HW", "threshold")}
            self._see(sample_gap(np.empty((0, 2)), occupied_hw=array, **seeds))

    def _see(self, gap):
        self.least = min(self.least, gap)
