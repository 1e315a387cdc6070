"""lsfref/descriptors.py: votes, cells, normalization, the 426 columns."""

import math

import numpy as np
import oracles_trajectories as oracles
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lsfref import descriptors
from lsfref.arrays import COLUMNS
from lsfref.descriptors import PLANES, cell_sums, describe, normalize

seeds = st.integers(0, 999)
few = settings(max_examples=20)


def scene(seed, height=43, width=59):
    """Return grey_HW, flow_HW2 and points_P2, some of them near the borders."""
    rng = np.random.default_rng(seed)
    grey_HW = rng.uniform(0, 255, (height, width))
    flow_HW2 = rng.normal(0, 1, (height, width, 2))
    points_P2 = rng.uniform(0, 1, (13, 2)) * (width, height)
    points_P2[:4] = [(0.1, 0.1), (width, height), (0.2, height / 2), (width / 2, 0.3)]
    return grey_HW, flow_HW2, points_P2


def block(sums_O4P, name):
    return sums_O4P[PLANES[name]]


@pytest.mark.parametrize("degrees", [0, 45, 90, 135, 180, 225, 270, 315, 20, 67, 100, 200, 359])
def test_a_vector_votes_for_the_two_nearest_directions(degrees):
    length, angle = 3.0, math.radians(degrees)
    gx_HW, gy_HW = np.array([[length * math.cos(angle)]]), np.array([[length * math.sin(angle)]])
    votes_O = descriptors.orientation_votes(gx_HW, gy_HW)[:, 0, 0]
    wanted_O = np.zeros(8)
    low, share = divmod(degrees / 45, 1)
    wanted_O[int(low)] += length * (1 - share)
    wanted_O[int(low + 1) % 8] += length * share
    np.testing.assert_allclose(votes_O, wanted_O, rtol=0, atol=1e-14)


def test_short_vectors_vote_once_for_the_ninth_bin():
    gx_HW = np.array([[0.0, 0.4, 0.41, -0.24]])
    gy_HW = np.array([[0.0, 0.0, 0.0, -0.32]])  # lengths 0, 0.4, 0.41, 0.4
    votes_OHW = descriptors.orientation_votes(gx_HW, gy_HW, still=0.4)
    np.testing.assert_array_equal(votes_OHW[8], [[1, 1, 0, 1]])
    np.testing.assert_allclose(votes_OHW[:8].sum(axis=0), [[0, 0, 0.41, 0]], rtol=1e-15)


def test_gradient_by_hand():
    gx_HW, gy_HW = descriptors.gradient(np.array([[1.0, 2, 4], [8, 16, 32], [64, 128, 256]]))
    np.testing.assert_array_equal(gx_HW, [[0, 3, 0], [0, 24, 0], [0, 192, 0]])
    np.testing.assert_array_equal(gy_HW, [[0, 0, 0], [63, 126, 252], [0, 0, 0]])


def test_patches_are_shifted_into_the_image():
    points_P2 = np.array([[0.2, 0.2], [30, 20], [18.5, 19.5], [17.5, 16.5], [59, 43]])
    corners_P2 = descriptors.patch_corners(points_P2, (43, 59))
    assert corners_P2.tolist() == [[0, 0], [14, 4], [2, 4], [2, 0], [27, 11]]


def test_a_flat_still_scene_by_hand():
    sums_O4P = cell_sums(np.full((37, 41), 7.0), np.zeros((37, 41, 2)), np.array([[20.0, 20]]))
    np.testing.assert_array_equal(sums_O4P.sum(axis=(1, 2)), np.eye(33)[16] * 1024)
    vectors_O4 = normalize(sums_O4P[None])[0, ..., 0]
    np.testing.assert_allclose(vectors_O4[PLANES["hog"]], math.sqrt(1 / 32), rtol=1e-15)
    np.testing.assert_allclose(vectors_O4[PLANES["mbhx"]], math.sqrt(1 / 32), rtol=1e-15)
    hof_94 = vectors_O4[PLANES["hof"]]
    total = 1024 + 36 * 0.05
    np.testing.assert_allclose(hof_94[:8], math.sqrt(0.05 / total), rtol=1e-15)
    np.testing.assert_allclose(hof_94[8], math.sqrt(256.05 / total), rtol=1e-15)


def test_columns_by_hand():
    assert [s.stop - s.start for s in COLUMNS.values()] == [30, 96, 108, 96, 96]
    assert [s.start for s in COLUMNS.values()] == [0, 30, 126, 234, 330]
    # all of HOG in bin 3 of the cell top right, in the last five frames
    sums_LO4P = np.zeros((15, 33, 4, 1))
    sums_LO4P[10:, 3, 2] = 1e9
    row = describe(np.ones((1, 15, 2)), sums_LO4P)[0]
    hog = row[COLUMNS["hog"]].reshape(3, 2, 2, 8)  # run, column, row, bin
    np.testing.assert_allclose(hog[2, 1, 0, 3], 1, rtol=1e-6)
    np.testing.assert_allclose(hog[:2], math.sqrt(1 / 32), rtol=1e-15)
    np.testing.assert_allclose(row[:30], 1 / (15 * math.sqrt(2)), rtol=1e-15)


@few
@given(seeds, st.floats(-3, 3, allow_subnormal=False), st.floats(-3, 3, allow_subnormal=False))
def test_mbh_ignores_a_constant_flow(seed, u, v):
    grey_HW, flow_HW2, points_P2 = scene(seed)
    sums_O4P = cell_sums(grey_HW, flow_HW2, points_P2)
    other_O4P = cell_sums(grey_HW, flow_HW2 + np.array([u, v]), points_P2)
    for name in ("hog", "mbhx", "mbhy"):
        np.testing.assert_allclose(
            block(other_O4P, name), block(sums_O4P, name), rtol=0, atol=1e-10
        )


@few
@given(seeds, st.floats(-99, 99, allow_subnormal=False))
def test_hog_ignores_brightness(seed, level):
    grey_HW, flow_HW2, points_P2 = scene(seed)
    sums_O4P = cell_sums(grey_HW, flow_HW2, points_P2)
    other_O4P = cell_sums(grey_HW + level, flow_HW2, points_P2)
    np.testing.assert_allclose(other_O4P, sums_O4P, rtol=0, atol=1e-8)


@few
@given(seeds)
def test_transposing_swaps_axes(seed):
    grey_HW, flow_HW2, points_P2 = scene(seed)
    turned_O4P = cell_sums(grey_HW.T, flow_HW2.transpose(1, 0, 2)[..., ::-1], points_P2[:, ::-1])
    sums_O4P = cell_sums(grey_HW, flow_HW2, points_P2)
    bins = (2 - np.arange(8)) % 8  # what was 0 degrees is 90 now
    for name, twin in (("hog", "hog"), ("hof", "hof"), ("mbhx", "mbhy"), ("mbhy", "mbhx")):
        was, now = block(sums_O4P, name), block(turned_O4P, twin)
        np.testing.assert_allclose(now[:8], was[bins][:, [0, 2, 1, 3]], rtol=0, atol=1e-8)
        np.testing.assert_array_equal(now[8:], was[8:][:, [0, 2, 1, 3]])


@few
@given(seeds, st.integers(0, 7), st.integers(0, 11))
def test_what_moves_along_with_its_point_is_described_alike(seed, dx, dy):
    grey_HW, flow_HW2, _ = scene(seed, 67, 73)
    points_P2 = np.random.default_rng(seed).uniform(28, 35, (7, 2))  # the patches stay inside
    sums_O4P = cell_sums(grey_HW, flow_HW2, points_P2)
    view = slice(dy, dy + 53), slice(dx, dx + 59)
    rounded_P2 = np.rint(points_P2) - np.array([dx, dy])
    view_O4P = cell_sums(grey_HW[view], flow_HW2[view], rounded_P2)
    np.testing.assert_allclose(view_O4P, sums_O4P, rtol=0, atol=1e-8)


@few
@given(seeds, st.permutations(range(13)))
def test_points_do_not_depend_on_each_other(seed, order):
    grey_HW, flow_HW2, points_P2 = scene(seed)
    sums_O4P = cell_sums(grey_HW, flow_HW2, points_P2)
    shuffled_O4P = cell_sums(grey_HW, flow_HW2, points_P2[order])
    np.testing.assert_array_equal(shuffled_O4P, sums_O4P[..., order])
    alone_O4P = cell_sums(grey_HW, flow_HW2, points_P2[order[:1]])  # a smaller window
    np.testing.assert_allclose(alone_O4P, sums_O4P[..., order[:1]], rtol=0, atol=1e-8)


@few
@given(seeds, st.sampled_from([1e-3, 1.0, 1e3]))
def test_norms(seed, scale):
    rng = np.random.default_rng(seed)
    sums_LO4P = rng.uniform(0, 1, (15, 33, 4, 7)) ** 4 * scale
    vectors_LO4P = normalize(sums_LO4P)
    for planes in PLANES.values():
        np.testing.assert_allclose((vectors_LO4P[:, planes] ** 2).sum(axis=(1, 2)), 1, rtol=1e-14)
    rows_PD = describe(rng.normal(0, 1, (7, 15, 2)), sums_LO4P)
    assert (rows_PD[:, 30:] > 0).all()
    for name in PLANES:
        runs_PL = np.sqrt((rows_PD[:, COLUMNS[name]].reshape(7, 3, -1) ** 2).sum(axis=2))
        assert (runs_PL > 0).all()
        assert (runs_PL <= 1 + 1e-14).all()
    steps_PL = np.sqrt((rows_PD[:, :30].reshape(7, 15, 2) ** 2).sum(axis=2))
    np.testing.assert_allclose(steps_PL.sum(axis=1), 1, rtol=1e-14)


@pytest.mark.unwatched
@pytest.mark.parametrize("seed", [0, 1])
def test_equal_to_the_loops(seed):
    grey_HW, flow_HW2, points_P2 = scene(seed, 37, 41)
    grey_HW[20:] = 40  # gradients of exactly zero, and along one axis
    flow_HW2[:9] = np.round(flow_HW2[:9])
    votes = oracles.frame_votes(grey_HW, flow_HW2)
    sums_O4P = cell_sums(grey_HW, flow_HW2, points_P2)
    vectors_O4P = normalize(sums_O4P[None])[0]
    for p, point in enumerate(points_P2.tolist()):
        for name, planes in PLANES.items():
            n_bins = planes.stop - planes.start
            cells = oracles.cell_histograms(votes[name], point)
            wanted_O4 = [[cell.get(i, 0) for cell in cells] for i in range(n_bins)]
            scale = np.max(wanted_O4)
            np.testing.assert_allclose(
                sums_O4P[planes, :, p], wanted_O4, rtol=0, atol=1e-12 * scale
            )
            vector_O4 = np.reshape(oracles.frame_vector(votes[name], point, n_bins), (4, -1)).T
            np.testing.assert_allclose(vectors_O4P[planes, :, p], vector_O4, rtol=0, atol=1e-12)


@pytest.mark.unwatched
def test_whole_rows_are_equal_to_the_loops():
    scenes = [scene(seed, 37, 41) for seed in range(15)]
    track = np.random.default_rng(3).uniform(0, 37, (16, 2))
    sums_LO4P = np.stack([cell_sums(g, f, track[i : i + 1]) for i, (g, f, _) in enumerate(scenes)])
    row_D = describe(np.diff(track, axis=0)[None], sums_LO4P)[0]
    votes = [oracles.frame_votes(g, f) for g, f, _ in scenes]
    wanted_D = [*oracles.shape(track.tolist()), *oracles.descriptor(track.tolist(), votes)]
    np.testing.assert_allclose(row_D, wanted_D, rtol=0, atol=1e-12)


def test_single_precision():
    grey_HW, flow_HW2, points_P2 = scene(5)
    arrays = grey_HW.astype(np.float32), flow_HW2.astype(np.float32), points_P2
    single_O4P = cell_sums(*arrays)
    assert single_O4P.dtype == np.float32
    double_O4P = cell_sums(*(array.astype(np.float64) for array in arrays))
    vectors_LO4P = normalize(single_O4P[None])
    assert vectors_LO4P.dtype == np.float32
    np.testing.assert_allclose(vectors_LO4P, normalize(double_O4P[None]), rtol=0, atol=1e-5)
    assert describe(np.ones((13, 15, 2), np.float32), np.repeat(single_O4P[None], 15, 0)).dtype == (
        np.float32
    )


def test_no_points_cost_nothing():
    grey_HW, flow_HW2, points_P2 = scene(6)
    assert cell_sums(grey_HW, flow_HW2, points_P2[:0]).shape == (33, 4, 0)
    assert describe(np.empty((0, 15, 2)), np.empty((15, 33, 4, 0))).shape == (0, 426)
