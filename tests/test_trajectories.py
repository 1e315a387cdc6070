"""lsfref/trajectories.py: where tracks start, how they move, which are valid."""

import numpy as np
import oracles_trajectories as oracles
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsfref import trajectories
from lsfref.trajectories import VERDICTS, Tracker, judge, sample

seeds = st.integers(0, 999)
sides = st.integers(5, 61)


def texture(height, width, seed=0):
    return np.random.default_rng(seed).uniform(0, 255, (height, width))


def no_points():
    return np.empty((0, 2))


def straight(*step):
    """Return one track of 16 points, each one step from the last."""
    return np.arange(16)[None, :, None] * np.array(step, dtype=float) + 100


def test_strength_by_hand():
    # a bright quarter plane: the window around its corner sees both derivatives
    image_HW = np.zeros((11, 13))
    image_HW[5:, 7:] = 1
    strength_HW = trajectories.corner_strength(image_HW)
    assert strength_HW[0, 0] == strength_HW[10, 0] == 0
    assert np.unravel_index(strength_HW.argmax(), strength_HW.shape) in {
        (4, 6),
        (5, 7),
        (5, 6),
        (4, 7),
    }
    np.testing.assert_allclose(strength_HW[9, 7], 0, rtol=0, atol=1e-12)  # an edge is no corner


def test_one_candidate_a_whole_cell():
    assert trajectories.candidates((11, 17)).tolist() == [
        [[2, 2], [7, 2], [12, 2]],
        [[2, 7], [7, 7], [12, 7]],
    ]


def test_sampling_by_hand():
    image_HW = texture(11, 17)
    every = [[2, 2], [7, 2], [12, 2], [2, 7], [7, 7], [12, 7]]
    assert sample(image_HW, no_points()).points_P2.tolist() == every
    # 4.99 is in the first cell, 5 in the second; past the last whole cell nothing is occupied
    live_P2 = np.array([[4.99, 4.99], [5, 9.99], [15.5, 1], [3, 10.2]])
    seeds_ = sample(image_HW, live_P2)
    assert seeds_.points_P2.tolist() == [[7, 2], [12, 2], [2, 7], [12, 7]]
    assert seeds_.occupied_hw.tolist() == [[True, False, False], [False, True, False]]


def test_tracking_by_hand():
    tracker = Tracker(np.dtype(float))
    tracker.points_PS2 = np.zeros((3, 16, 2))
    tracker.points_PS2[:, 0] = [[2.5, 2.5], [3.5, 2.5], [11.9, 5]]
    tracker.own_moves_PL2 = np.zeros((3, 0, 2))
    tracker.steps_P = np.zeros(3, np.int64)
    flow_HW2 = np.zeros((7, 12, 2))
    flow_HW2[2, 2] = (1, 0.5)  # 2.5 rounds to 2, 3.5 to 4: halves to even
    flow_HW2[2, 4] = (-3.5, 0)  # to x = 0: outside
    flow_HW2[5, 11] = (0, 1)  # 11.9 rounds off the image and reads its last column
    advance = tracker.advance(flow_HW2)
    np.testing.assert_array_equal(advance.stays_P, [True, False, True])
    np.testing.assert_allclose(advance.moved_P2, [[3.5, 3], [0, 2.5], [11.9, 6]], rtol=1e-7)
    np.testing.assert_array_equal(tracker.live(), np.float32([[3.5, 3], [11.9, 6]]))


@pytest.mark.parametrize(
    ("track_1S2", "verdict"),
    [
        (straight(0, 0), "static"),
        (straight(0.37, 0.37), "static"),  # standard deviation 0.37 * 4.61 = 1.7056
        (straight(0.38, 0.1), "valid"),  # 1.7517 > sqrt 3
        (straight(10.8, 0), "valid"),  # 49.8
        (straight(0, 10.9), "erratic"),  # 50.2
        (straight(0, 0) + (np.arange(16) > 7)[:, None] * (20.0, 0), "valid"),  # not above 20
        (straight(0, 0) + (np.arange(16) > 7)[:, None] * (20.1, 0), "jump"),
        (straight(0.6, 0) + (np.arange(16) > 7)[:, None] * (21, 0), "jump"),  # 21.6 of 30: 72 %
        (straight(0.7, 0) + (np.arange(16) > 7)[:, None] * (21, 0), "valid"),  # 21.7 of 31.5: 69 %
        (straight(0, 0) + (np.arange(16) > 7)[:, None] * (200.0, 0), "erratic"),  # before jump
    ],
)
def test_verdicts_by_hand(track_1S2, verdict):
    assert VERDICTS[judge(track_1S2)[0]] == verdict == oracles.verdict(track_1S2[0].tolist())


@given(sides, sides, st.floats(-1e3, 1e3, allow_subnormal=False))
def test_a_constant_image_starts_nothing(height, width, level):
    seeds_ = sample(np.full((height, width), level), no_points())
    assert len(seeds_.points_P2) == 0
    assert seeds_.threshold == 0


@given(sides, sides, seeds)
def test_points_start_in_the_middle_of_free_cells(height, width, seed):
    image_HW = texture(height, width, seed)
    seeds_ = sample(image_HW, no_points())
    assert (seeds_.points_P2 % 5 == 2).all()
    assert (seeds_.points_P2 < (width // 5 * 5, height // 5 * 5)).all()
    again = sample(image_HW, seeds_.points_P2 + 2.5)
    assert len(again.points_P2) + len(seeds_.points_P2) == again.occupied_hw.size
    order = seeds_.points_P2 @ (1, 1000)
    assert (np.diff(order) > 0).all()


@given(sides, sides, seeds)
def test_strength_turns_with_the_image_and_ignores_brightness(height, width, seed):
    image_HW = texture(height, width, seed)
    strength_HW = trajectories.corner_strength(image_HW)
    scale = strength_HW.max()
    np.testing.assert_allclose(
        trajectories.corner_strength(image_HW.T).T, strength_HW, rtol=0, atol=1e-12 * scale
    )
    np.testing.assert_allclose(
        trajectories.corner_strength(image_HW + 77), strength_HW, rtol=0, atol=1e-11 * scale
    )


@given(seeds, st.integers(0, 40), st.integers(0, 40))
def test_verdicts_ignore_where_a_track_is_and_which_way_it_goes(seed, dx, dy):
    rng = np.random.default_rng(seed)
    scale_P = rng.choice([0.3, 2, 20, 60], 13)
    points_PS2 = np.cumsum(rng.standard_normal((13, 16, 2)) * scale_P[:, None, None], axis=1)
    verdicts_P = judge(points_PS2)
    np.testing.assert_array_equal(verdicts_P, judge(points_PS2 + np.array([dx, dy])))
    np.testing.assert_array_equal(verdicts_P, judge(points_PS2[:, ::-1]))
    np.testing.assert_array_equal(verdicts_P, judge(points_PS2[..., ::-1]))
    assert [VERDICTS[v] for v in verdicts_P] == [
        oracles.verdict(track) for track in points_PS2.tolist()
    ]


@pytest.mark.parametrize(("height", "width"), [(19, 23), (5, 41), (31, 7)])
def test_strength_and_starts_are_equal_to_the_loops(height, width):
    image_HW = texture(height, width, 3)
    strength_HW = trajectories.corner_strength(image_HW)
    np.testing.assert_allclose(
        strength_HW, oracles.corner_strength(image_HW), rtol=0, atol=1e-12 * strength_HW.max()
    )
    rng = np.random.default_rng(4)
    live_P2 = rng.uniform(0, 1, (11, 2)) * (width, height)
    points_P2 = sample(image_HW, live_P2).points_P2
    assert [tuple(p) for p in points_P2.tolist()] == oracles.new_points(image_HW, live_P2.tolist())


def test_weak_corners_do_not_start():
    image_HW = texture(37, 41, 5)
    image_HW[:, 20:] = 100 + 0.001 * image_HW[:, 20:]  # squared: far below 0.001 of the strongest
    seeds_ = sample(image_HW, no_points())
    assert 0 < len(seeds_.points_P2) < seeds_.occupied_hw.size
    assert seeds_.points_P2[:, 0].max() <= 22
    assert [tuple(p) for p in seeds_.points_P2.tolist()] == oracles.new_points(image_HW, [])


def test_points_are_followed_as_in_the_loops():
    rng = np.random.default_rng(6)
    image_HW = texture(43, 59, 7)
    flows = rng.uniform(-4, 4, (17, 43, 59, 2))
    tracker = Tracker(image_HW.dtype)
    tracker.start(image_HW)
    tracks = [[tuple(p)] for p in tracker.live().tolist()]
    for t, flow_HW2 in enumerate(flows):
        complete = tracker.advance(flow_HW2).complete_pS2
        moved = [(track, oracles.step(track[-1], flow_HW2)) for track in tracks]
        tracks = [[*track, point] for track, point in moved if point is not None]
        if t == 14:
            assert complete.tolist() == [[list(p) for p in track] for track in tracks]
            tracks = []
        assert tracker.live().tolist() == [list(track[-1]) for track in tracks]
    assert len(tracker.live()) == 0


def test_dtype_in_is_dtype_out():
    image_HW = texture(37, 41, 8)
    tracker = Tracker(np.dtype(np.float32))
    single = tracker.start(image_HW.astype(np.float32))
    assert single.points_P2.dtype == single.strength_HW.dtype == np.float32
    double = sample(image_HW, no_points())
    np.testing.assert_array_equal(single.points_P2, double.points_P2)
    np.testing.assert_allclose(single.strength_HW, double.strength_HW, rtol=0, atol=1)
    assert tracker.advance(np.ones((37, 41, 2), np.float32)).moved_P2.dtype == np.float32
