"""lsfref/homography.py: corners, homographies from matches, frames brought back, what is kept."""

from itertools import pairwise

import numpy as np
import pytest
import scipy.ndimage
from clips import clip
from hypothesis import given, settings
from hypothesis import strategies as st

from lsfref import flow as lucas_kanade
from lsfref.cited import homography
from lsfref.flow import dense_flow
from lsfref.phases import motion
from lsfref.phases.streaming import Block, extract_frames
from lsfref.trajectories import corner_strength, judge

SHAKING = [frame.astype(np.float64) for frame in clip("camera shaking", 3, n_frames=4)]
seeds = st.integers(0, 999)
few = settings(max_examples=20)


def texture(height, width, seed=0, grain=1.5):
    """Return grey_HW with detail of a few pixels."""
    noise_HW = np.random.default_rng(seed).normal(0, 1, (height, width))
    image_HW = scipy.ndimage.gaussian_filter(noise_HW, grain, mode="wrap")
    return 128 + 45 * image_HW / image_HW.std()


def camera(rng, *, shift=3.0, turn=0.01, zoom=0.01, tilt=2e-5, center=(0, 0)):
    """Return a homography_33 near the identity, around the center of an image."""
    angle, scale = rng.uniform(-turn, turn), 1 + rng.uniform(-zoom, zoom)
    cos, sin = scale * np.cos(angle), scale * np.sin(angle)
    move_33 = np.array([[cos, -sin, rng.uniform(-shift, shift)], [sin, cos, 0], [0, 0, 1.0]])
    move_33[1, 2] = rng.uniform(-shift, shift)
    move_33[2, :2] = rng.uniform(-tilt, tilt, 2)
    to_33 = np.array([[1, 0, center[0]], [0, 1, center[1]], [0, 0, 1.0]])
    return to_33 @ move_33 @ np.linalg.inv(to_33)


def carry(homography_33, points_P2):
    ahead_P3 = np.column_stack([points_P2, np.ones(len(points_P2))]) @ homography_33.T
    return ahead_P3[:, :2] / ahead_P3[:, 2:]


def corner_error(found_33, true_33, *, width, height):
    corners_42 = np.array([(0, 0), (width - 1, 0), (0, height - 1), (width - 1, height - 1)])
    away_42 = carry(found_33, corners_42) - carry(true_33, corners_42)
    return np.sqrt((away_42**2).sum(axis=1)).max()


def seen_through(world, homography_33, *, width, height, margin):
    """Return the frame whose pixel p shows the world at homography_33 p (plus the margin)."""
    y_HW, x_HW = np.indices((height, width))
    at_P2 = carry(homography_33, np.column_stack([x_HW.ravel(), y_HW.ravel()])) + margin
    return scipy.ndimage.map_coordinates(world, at_P2.T[::-1], order=3).reshape(height, width)


def join(blocks):
    blocks = list(blocks)
    if not blocks:
        return Block(np.empty((0, 10)), np.empty((0, 426)))
    return Block(*map(np.concatenate, zip(*blocks, strict=True)))


def test_corners_by_hand():
    image_HW = np.zeros((31, 41))
    image_HW[10:20, 10:30] = 100  # four corners, equally strong
    corners_P2 = homography.pick_corners(image_HW)
    for x in (10, 29):
        for y in (10, 19):
            assert (abs(corners_P2 - np.array([x, y])).max(axis=1) <= 1).any()
    inside_Z4 = np.array([[5.0, 5, 15, 15]])
    left_P2 = homography.pick_corners(image_HW, boxes_Z4=inside_Z4)
    assert 0 < len(left_P2) < len(corners_P2)
    assert not ((left_P2 >= 5) & (left_P2 <= 15)).all(axis=1).any()
    assert len(homography.pick_corners(np.full((31, 41), 7.0))) == 0


def test_a_corner_near_one_that_is_refused_can_be_taken():
    # 0 beats 1, which would have beaten 2
    corners_P2 = np.array([[0, 0], [2, 0], [4, 0], [9, 9]])
    assert homography._apart(corners_P2).tolist() == [True, False, True, True]
    assert homography._apart(corners_P2[[1, 0, 2]]).tolist() == [True, False, False]
    assert homography._apart(np.array([[0, 0], [3, 0]])).all()  # 3 px is apart enough


@few
@given(seeds)
def test_corners_are_peaks_apart_and_in_order(seed):
    grey_HW = texture(53, 61, seed)
    corners_P2 = homography.pick_corners(grey_HW)
    strength_HW = corner_strength(grey_HW)
    strength_P = strength_HW[corners_P2[:, 1], corners_P2[:, 0]]
    assert (np.diff(strength_P) <= 0).all()
    gaps = np.sqrt(((corners_P2[:, None] - corners_P2) ** 2).sum(axis=2))
    assert gaps[~np.eye(len(gaps), dtype=bool)].min() >= 3
    greedy = []  # the same, one by one
    peak_HW = strength_HW == scipy.ndimage.maximum_filter(strength_HW, size=3)
    for y, x in np.argwhere(peak_HW)[np.argsort(-strength_HW[peak_HW], kind="stable")]:
        strong = strength_HW[y, x] > 0.001 * strength_HW.max()
        if strong and all((x - i) ** 2 + (y - j) ** 2 >= 9 for i, j in greedy):
            greedy.append((x, y))
    assert corners_P2.tolist() == [list(map(int, corner)) for corner in greedy[:1000]]


def test_through_four_by_hand():
    square_142 = np.array([[[0.0, 0], [1, 0], [1, 1], [0, 1]]])
    found_133 = homography.through_four(square_142, 2 * square_142 + 3)
    np.testing.assert_allclose(
        found_133[0] / found_133[0, 2, 2], [[2, 0, 3], [0, 2, 3], [0, 0, 1]], rtol=0, atol=1e-12
    )


@few
@given(seeds)
def test_exact_matches_give_the_homography_back(seed):
    rng = np.random.default_rng(seed)
    true_33 = camera(rng, shift=40, turn=0.5, zoom=0.3, tilt=2e-4, center=(960, 540))
    from_P2 = rng.uniform(0, 1, (31, 2)) * (1920, 1080)
    to_P2 = carry(true_33, from_P2)
    fitted_33 = homography.fit_all(from_P2, to_P2)
    assert corner_error(fitted_33, true_33, width=1920, height=1080) < 1e-6
    four_133 = homography.through_four(from_P2[None, :4], to_P2[None, :4])
    np.testing.assert_allclose(carry(four_133[0], from_P2[:4]), to_P2[:4], rtol=0, atol=1e-3)
    assert homography.agreement(fitted_33[None], from_P2, to_P2).all()
    assert not homography.agreement(np.zeros((1, 3, 3)), from_P2, to_P2).any()
    assert not homography.agreement(-fitted_33[None], from_P2, to_P2).any()


@few
@given(seeds, st.sampled_from([0.0, 0.2, 0.5]))
def test_wrong_matches_are_told_from_right_ones(seed, share):
    rng = np.random.default_rng(seed)
    true_33 = camera(rng, center=(160, 120))
    from_P2 = rng.uniform(0, 1, (307, 2)) * (319, 239)
    to_P2 = carry(true_33, from_P2) + rng.normal(0, 0.1, (307, 2))
    wrong_P = rng.uniform(0, 1, 307) < share
    to_P2[wrong_P] += rng.uniform(3, 9, (wrong_P.sum(), 2))
    fit = homography.find_homography(from_P2, to_P2, rng=np.random.default_rng(0))
    np.testing.assert_array_equal(fit.agrees_P, ~wrong_P)
    assert corner_error(fit.homography_33, true_33, width=320, height=240) < 0.2
    again = homography.find_homography(from_P2, to_P2, rng=np.random.default_rng(0))
    np.testing.assert_array_equal(fit.homography_33, again.homography_33)


def test_few_or_disagreeing_matches_leave_the_camera_still():
    rng = np.random.default_rng(0)
    for height, width in ((23, 29), (61, 67)):
        flow_HW2 = rng.uniform(-9, 9, (height, width, 2))
        found_33 = homography.camera_homography(texture(height, width), flow_HW2, rng=rng)
        np.testing.assert_array_equal(found_33, np.eye(3))
    even_HW2 = np.full((61, 67, 2), 2.0)
    found_33 = homography.camera_homography(texture(61, 67), even_HW2, rng=rng)
    np.testing.assert_allclose(found_33, [[1, 0, 2], [0, 1, 2], [0, 0, 1]], rtol=0, atol=1e-9)


def test_bringing_back_by_hand():
    first_HW, second_HW = texture(37, 41, 1), texture(37, 41, 2)
    shift_33 = np.array([[1, 0, 2], [0, 1, -3], [0, 0, 1.0]])  # the world moves right and up
    steady_HW = homography.bring_back(first_HW, second_HW, shift_33)
    np.testing.assert_allclose(steady_HW[8:35, 3:34], second_HW[5:32, 5:36], rtol=0, atol=1e-9)
    unseen_HW = np.ones((37, 41), dtype=bool)
    unseen_HW[8:35, 3:34] = False
    np.testing.assert_array_equal(steady_HW[unseen_HW], first_HW[unseen_HW])


def test_bringing_back_keeps_the_dtype():
    first_HW = texture(37, 41).astype(np.float32)
    assert homography.bring_back(first_HW, first_HW, np.eye(3)).dtype == np.float32


def test_only_tracks_that_follow_the_camera_are_dropped():
    points_1S2 = np.cumsum(np.full((1, 16, 2), 2.0), axis=1)
    own_1L2 = np.zeros((1, 15, 2))
    assert judge(points_1S2).tolist() == [0]
    assert judge(points_1S2, own_1L2).tolist() == [4]
    own_1L2[0, 7] = (1.0, 0)  # not above 1 px
    assert judge(points_1S2, own_1L2).tolist() == [4]
    own_1L2[0, 7] = (0.8, 0.7)
    assert judge(points_1S2, own_1L2).tolist() == [0]
    assert judge(points_1S2 * 0, own_1L2 * 0).tolist() == [1]  # static first


def shaken(n_frames, *, width, height, square, seed):
    """Return frames of a still world under a shaking camera while a square slides over it.

    Also the homographies from each frame to the next, and the middle of the square in each.
    """
    rng = np.random.default_rng(seed)
    world, patch = texture(height + 60, width + 60, seed, 2.5), texture(square, square, 9, 2.5)
    views = [camera(rng, center=(width / 2, height / 2)) for _ in range(n_frames)]
    frames, places = [], []
    for t, view_33 in enumerate(views):
        left, top = 60 + 2 * t, 60 + t
        scene = world.copy()
        scene[top : top + square, left : left + square] = patch
        middle_12 = np.array([[left, top]]) + square / 2 - 30
        places.append(carry(np.linalg.inv(view_33), middle_12)[0])
        frames.append(seen_through(scene, view_33, width=width, height=height, margin=30))
    return frames, [np.linalg.inv(b) @ a for a, b in pairwise(views)], np.array(places)


def test_shake_is_undone_and_motion_kept():
    width, height, square, n_frames = 163, 127, 48, 18
    frames, between, places_F2 = shaken(n_frames, width=width, height=height, square=square, seed=0)
    found = []

    def watch(stage, name, value, *, frame, scale):
        if name == "homography_33":
            found.append(value)

    motions = ({}, {"camera_motion": "homography", "watch": watch})
    plain, kept = (join(extract_frames(frames, n_scales=2, **motion)) for motion in motions)
    errors = [
        corner_error(*pair, width=width, height=height) for pair in zip(found, between, strict=True)
    ]
    assert np.mean(np.array(errors) < 0.5) >= 0.95

    def away(rows):
        """Return how far each track is from the middle of the square."""
        middle_P2 = [places_F2[int(end) - 15 : int(end) + 1].mean(axis=0) for end in rows[0][:, 0]]
        return abs(rows.info_P10[:, 1:3] - middle_P2).max(axis=1)

    scene, kept_scene = (np.count_nonzero(away(r) > square / 2 + 16) for r in (plain, kept))
    moving, kept_moving = (np.count_nonzero(away(r) < square / 2 - 8) for r in (plain, kept))
    assert kept_scene <= 0.05 * scene
    assert kept_moving >= 0.8 * moving
    assert min(scene, moving) > 20
    steps_PL2 = kept.descriptors_PD[:, :30].reshape(-1, 15, 2)
    np.testing.assert_allclose(np.sqrt((steps_PL2**2).sum(axis=2)).sum(axis=1), 1, rtol=1e-12)


def test_no_more_than_the_strongest_corners_are_taken():
    grey_HW = np.random.default_rng(0).uniform(0, 255, (151, 163))
    every_P2 = homography.pick_corners(grey_HW)
    assert len(every_P2) == homography.N_CORNERS == 1000
    strength_HW = corner_strength(grey_HW)
    weakest = strength_HW[every_P2[-1, 1], every_P2[-1, 0]]
    assert weakest > homography.QUALITY * strength_HW.max()


@pytest.mark.parametrize("flow", ["lucas_kanade", "farneback"])
def test_the_second_flow_leads_to_the_frame_brought_back(flow, monkeypatch):
    asked, ready = [], []
    shift_33 = np.array([[1, 0, 0.5], [0, 1, 0], [0, 0, 1.0]])

    def find(grey_HW, flow_HW2, *, rng, boxes_Z4):
        asked.append(boxes_Z4)
        return shift_33

    method = motion.METHODS[flow]

    def ready_for_flows(greys, prepare=method.prepare):
        ready.append(greys[0])
        return prepare(greys)

    monkeypatch.setattr(homography, "camera_homography", find)
    monkeypatch.setattr(method, "prepare", ready_for_flows)
    frames = [np.rint(texture(37, 41, seed)).clip(0, 255) for seed in range(3)]
    boxes = {0: "of the first frame", 1: "of the second"}
    plain = motion.steps(frames, flow=flow, n_scales=1)
    steps = list(homography.steadied(plain, boxes=boxes, method=method))
    assert asked == ["of the first frame", "of the second"]  # of the frame that is left
    assert steps[0].own_flows is None
    assert [len(step.own_flows) for step in steps[1:]] == [1, 1]
    steady_HW = homography.bring_back(frames[0], frames[1], shift_33)
    wanted_HW = np.rint(steady_HW) if flow == "farneback" else steady_HW
    assert any(np.array_equal(frame_HW, wanted_HW) for frame_HW in ready)
    assert np.any(steady_HW != np.rint(steady_HW))


def test_fifty_corners_are_too_few_and_one_more_is_enough(monkeypatch):
    """ "More than 50" matches, 51 that is; the flow is the same everywhere, so that all agree."""
    grid = np.stack(np.meshgrid(np.arange(3, 63, 5), np.arange(3, 58, 5)), axis=-1).reshape(-1, 2)
    even_HW2 = np.full((61, 67, 2), 2.0)
    for n, moves in ((50, 0), (51, 2)):
        monkeypatch.setattr(homography, "pick_corners", lambda *_, n=n, **rest: grid[:n])
        found_33 = homography.camera_homography(
            np.zeros((61, 67)), even_HW2, rng=np.random.default_rng(0)
        )
        want_33 = [[1, 0, moves], [0, 1, moves], [0, 0, 1]]
        np.testing.assert_allclose(found_33, want_33, rtol=0, atol=1e-9)


def test_more_than_25_must_agree(monkeypatch):
    grid = np.stack(np.meshgrid(np.arange(3, 63, 5), np.arange(3, 58, 5)), axis=-1).reshape(-1, 2)
    for n, moves in ((25, 0), (26, 2)):
        fit = homography.Fit(np.array([[1, 0, 2.0], [0, 1, 2], [0, 0, 1]]), np.arange(99) < n)
        monkeypatch.setattr(homography, "pick_corners", lambda *_, **rest: grid[:99])
        monkeypatch.setattr(homography, "find_homography", lambda *_, fit=fit, **rest: fit)
        found_33 = homography.camera_homography(np.zeros((61, 67)), np.zeros((61, 67, 2)), rng=None)
        assert found_33[0, 2] == moves


def test_steadied_steps_keep_the_flow_and_add_their_own():
    steps = list(motion.steps(SHAKING, flow="lucas_kanade", n_scales=1))
    shown = {}

    def watch(stage, name, array, *, frame, scale):
        shown[frame] = (stage, name, array, scale)

    still = homography.steadied(steps, method=lucas_kanade, boxes={}, watch=watch)
    steadied = list(still)
    assert steadied[0].own_flows is None
    assert sorted(shown) == [1, 2, 3]
    for number in (1, 2, 3):
        np.testing.assert_array_equal(steadied[number].flows[0], steps[number].flows[0])
        stage, name, homography_33, scale = shown[number]
        assert (stage, name, scale) == ("flow", "homography_33", 0)
        brought_HW = homography.bring_back(SHAKING[number - 1], SHAKING[number], homography_33)
        np.testing.assert_array_equal(
            steadied[number].own_flows[0], dense_flow(SHAKING[number - 1], brought_HW)
        )


def test_boxes_are_those_of_the_frame_that_a_step_leaves(monkeypatch):
    asked = []

    def still(grey_HW, flow_HW2, *, rng, boxes_Z4):
        asked.append(None if boxes_Z4 is None else boxes_Z4.tolist())
        return np.eye(3)

    monkeypatch.setattr(homography, "camera_homography", still)
    boxes = {1: np.array([[3.0, 5, 7, 11]])}
    steps = motion.steps(SHAKING, flow="lucas_kanade", n_scales=1)
    list(homography.steadied(steps, method=lucas_kanade, boxes=boxes))
    assert asked == [None, [[3, 5, 7, 11]], None]
