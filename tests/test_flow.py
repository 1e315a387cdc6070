"""lsfref/flow.py: Lucas-Kanade by hand, its invariants, its loops, and its errors in pixels."""

import numpy as np
import oracles_flow as oracles
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lsfref import flow
from lsfref.kernels.pyramid import grey_layers, layer_shapes

TYPES = [np.float32, np.float64]
SHAPE = (97, 127)


def moved(shape=SHAPE, motion=(0.3, -0.6), seed=1):
    return oracles.shifted_pair(shape, motion, seed=seed)


def mean_error(found_HW2, truth_HW2, where=None):
    errors_HW = oracles.endpoint_errors(found_HW2, truth_HW2)
    return errors_HW[where].mean() if where is not None else errors_HW.mean()


# By hand.


def test_two_equations_give_the_flow_of_a_window():
    """Slopes (2, 0) with target 3 and (0, 1) with target -1: u = 3/2, v = -1, nothing is left."""
    sums_6hw = np.reshape((4.0, 0.0, 1.0, 6.0, -1.0, 10.0), (6, 1, 1))
    u_hw, v_hw, misfit_hw = flow.solve(sums_6hw)
    assert (u_hw.item(), v_hw.item()) == (1.5, -1.0)
    assert misfit_hw.item() == pytest.approx(flow.LOST, abs=1e-15)  # of pixels that are not there


def test_what_does_not_fit_is_counted():
    """Two pixels of slope (1, 0) ask for 1 and for 3: u = 2, and 1 + 1 is left over."""
    sums_6hw = np.reshape((2.0, 0.0, 1.0, 4.0, 0.0, 10.0), (6, 1, 1))
    u_hw, _, misfit_hw = flow.solve(sums_6hw)
    assert u_hw.item() == 2
    assert misfit_hw.item() == pytest.approx(flow.LOST + 2 / flow.WINDOW**2, abs=1e-15)


def test_windows_that_fit_decide():
    rows = columns = flow.WINDOW // 2  # every window holds the one cell
    u_hw, misfit_hw = np.full((rows, columns), 9.0), np.full((rows, columns), 1e3)
    u_hw[1, 2], misfit_hw[1, 2] = 2.0, 0.0
    flow_211 = flow.blend(u_hw, -u_hw, misfit_hw)
    np.testing.assert_allclose(flow_211, [[[2.0]], [[-2.0]]], rtol=1e-10)
    flow_211 = flow.blend(u_hw, -u_hw, np.zeros_like(u_hw))
    mean = (2 + 9 * (rows * columns - 1)) / (rows * columns)
    np.testing.assert_allclose(flow_211, [[[mean]], [[-mean]]], rtol=1e-12)


def test_a_finer_grid_has_longer_flow():
    flow_2hw = np.array([[[1.0, 2.0]], [[3.0, 5.0]]])
    flow_2HW = flow.enlarge(flow_2hw, (3, 4))
    np.testing.assert_array_equal(flow_2HW[0], [[2, 2, 4, 4]] * 3)
    np.testing.assert_array_equal(flow_2HW[1], [[9, 9, 15, 15]] * 3)


def test_normalizing_forgets_light_and_contrast():
    first_HW, _ = moved()
    texture_HW = flow.normalize(first_HW)
    np.testing.assert_allclose(flow.normalize(first_HW + 77), texture_HW, rtol=0, atol=1e-10)
    brighter_HW = flow.normalize(1.3 * first_HW)
    assert np.abs(brighter_HW - texture_HW).mean() < 0.02 * np.abs(texture_HW).mean()
    np.testing.assert_allclose(flow.normalize(np.full((11, 13), 200.0)), 0, rtol=0, atol=1e-12)


# Invariants.


@settings(max_examples=25)
@given(
    height=st.integers(1, 67), width=st.integers(1, 71), levels=st.integers(1, 255),
    seed=st.integers(0, 99),
)  # fmt: skip
def test_no_motion_gives_no_flow(height, width, levels, seed):
    rng = np.random.default_rng(seed)
    frame_HW = rng.integers(0, levels, (height, width)).astype(float)
    flow_HW2 = flow.dense_flow(frame_HW, frame_HW)
    assert flow_HW2.shape == (height, width, 2)
    np.testing.assert_allclose(flow_HW2, 0, rtol=0, atol=1e-12)


@settings(max_examples=25)
@given(height=st.integers(1, 67), width=st.integers(1, 71), seed=st.integers(0, 99))
def test_noise_and_flat_frames_of_any_size_give_finite_flow(height, width, seed):
    rng = np.random.default_rng(seed)
    first_HW, second_HW = rng.uniform(0, 255, (2, height, width)).astype(np.float32)
    assert np.isfinite(flow.dense_flow(first_HW, second_HW)).all()
    assert np.isfinite(flow.dense_flow(first_HW, np.zeros_like(first_HW))).all()
    flat_HW = np.full((height, width), rng.uniform(0, 255))
    np.testing.assert_allclose(flow.dense_flow(flat_HW, flat_HW + 40), 0, rtol=0, atol=1e-12)


@settings(max_examples=12)
@given(
    dx=st.floats(-3, 3, allow_subnormal=False), dy=st.floats(-3, 3, allow_subnormal=False),
    seed=st.integers(0, 99),
)  # fmt: skip
def test_a_shift_is_found(dx, dy, seed):
    flow_HW2 = flow.dense_flow(*moved(motion=(dx, dy), seed=seed))
    assert mean_error(flow_HW2, (dx, dy), np.s_[8:-8, 8:-8]) < 0.03


@pytest.mark.parametrize("shape", [(97, 127), (64, 53), (37, 41)])
def test_transposing_the_frames_swaps_the_axes(shape):
    first_HW, second_HW = moved(shape, (1.3, -2.1))
    flow_HW2 = flow.dense_flow(first_HW, second_HW)
    turned_HW2 = flow.dense_flow(first_HW.T, second_HW.T).transpose(1, 0, 2)[..., ::-1]
    np.testing.assert_allclose(turned_HW2, flow_HW2, rtol=0, atol=1e-9)


def test_the_other_way_round_is_the_opposite():
    first_HW, second_HW = moved(motion=(1.5, -0.8))
    there_HW2 = flow.dense_flow(first_HW, second_HW)
    back_HW2 = flow.dense_flow(second_HW, first_HW)
    assert mean_error(there_HW2, -back_HW2, np.s_[8:-8, 8:-8]) < 0.03


def test_light_does_not_move():
    first_HW, _ = moved()
    for second_HW in (first_HW + 30, 1.1 * first_HW, 0.8 * first_HW - 20):
        lengths_HW = np.hypot(*np.moveaxis(flow.dense_flow(first_HW, second_HW), -1, 0))
        assert lengths_HW.max() < 0.4


def test_noise_hardly_moves():
    first_HW, _ = moved()
    rng = np.random.default_rng(0)
    pair = [first_HW + rng.normal(0, 3, SHAPE) for _ in range(2)]
    lengths_HW = np.hypot(*np.moveaxis(flow.dense_flow(*pair), -1, 0))
    assert (lengths_HW > 0.4).mean() < 0.01


def test_turning_with_zoom_is_followed():
    angle, zoom = np.deg2rad(1.5), 1.02
    turn_22 = zoom * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    x_HW, y_HW = oracles.grid(SHAPE)
    center_2 = np.array([SHAPE[1] - 1, SHAPE[0] - 1]) / 2
    away_HW2 = np.stack([x_HW, y_HW], axis=-1) - center_2
    truth_HW2 = away_HW2 @ turn_22.T - away_HW2
    from_HW2 = away_HW2 @ np.linalg.inv(turn_22).T + center_2
    texture = oracles.Texture(3)
    flow_HW2 = flow.dense_flow(texture(x_HW, y_HW), texture(from_HW2[..., 0], from_HW2[..., 1]))
    to_x_HW, to_y_HW = x_HW + truth_HW2[..., 0], y_HW + truth_HW2[..., 1]
    inside_HW = (abs(to_x_HW - center_2[0]) <= center_2[0]) & (
        abs(to_y_HW - center_2[1]) <= center_2[1]
    )
    assert mean_error(flow_HW2, truth_HW2, inside_HW) < 0.05


def test_a_disc_moves_across_the_ground_up_to_its_outline():
    """Ground and disc move apart by 6 px; the flow changes over within a few pixels."""
    shape, ground, disc = (127, 163), (-2.0, 0.5), (4.0, 1.5)
    x_HW, y_HW = oracles.grid(shape)
    under, over = oracles.Texture(5), oracles.Texture(6)

    def frame(t):
        inside_HW = np.hypot(x_HW - 80 - t * disc[0], y_HW - 63 - t * disc[1]) < 35
        ground_HW = under(x_HW - t * ground[0], y_HW - t * ground[1])
        disc_HW = over(x_HW - t * disc[0], y_HW - t * disc[1])
        return np.where(inside_HW, disc_HW, ground_HW)

    flow_HW2 = flow.dense_flow(frame(0), frame(1))
    apart_HW = np.hypot(x_HW - 80, y_HW - 63) - 35
    on_disc_HW = apart_HW < 0
    truth_HW2 = np.where(on_disc_HW[..., None], disc, ground)
    errors_HW = oracles.endpoint_errors(flow_HW2, truth_HW2)
    assert errors_HW[apart_HW < -4].mean() < 0.03
    assert errors_HW[apart_HW > 8].mean() < 0.03
    assert errors_HW[on_disc_HW].mean() < 0.4
    assert errors_HW[~on_disc_HW].mean() < 0.2  # part of it is covered in the second frame


def test_large_motion_is_found():
    motion = (21.0, -9.0)
    texture, (x_HW, y_HW) = oracles.Texture(9, coarsest=150.0), oracles.grid((240, 320))
    second_HW = texture(x_HW - motion[0], y_HW - motion[1])
    flow_HW2 = flow.dense_flow(texture(x_HW, y_HW), second_HW)
    assert np.median(oracles.endpoint_errors(flow_HW2, motion)) < 0.05


def test_single_precision_is_as_good():
    """Measured here: 6e-7 px in the mean, 2e-6 at worst."""
    first_HW, second_HW = moved(motion=(3.1, -2.3))
    single = flow.dense_flow(first_HW.astype(np.float32), second_HW.astype(np.float32))
    double = flow.dense_flow(first_HW, second_HW)
    assert single.dtype == np.float32
    assert double.dtype == np.float64
    errors_HW = oracles.endpoint_errors(single, double)
    assert errors_HW.mean() < 1e-5
    assert errors_HW.max() < 1e-3


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, bool, np.float16, np.float32, np.float64])
def test_any_real_type_is_taken(dtype):
    first, second = (frame.astype(dtype) for frame in moved((37, 41)))
    kept = first.copy()
    flow_HW2 = flow.dense_flow(first, second)
    assert flow_HW2.dtype == {np.float16: np.float32, np.float32: np.float32}.get(dtype, float)
    np.testing.assert_array_equal(first, kept)
    wide = flow.dense_flow(first.astype(float), second.astype(float))
    np.testing.assert_allclose(flow_HW2, wide, rtol=0, atol=0.02)


def test_every_layer_has_its_flow_on_its_own_grid():
    first_HW, second_HW = moved((127, 163), (2.0, 1.0))
    layers = [grey_layers(frame_HW) for frame_HW in (first_HW, second_HW)]
    pair = [flow.prepare(greys) for greys in layers]
    flows = flow.layer_flows(*pair)
    shapes = layer_shapes((127, 163), n_scales=8)
    assert [flow_HW2.shape[:2] for flow_HW2 in flows] == shapes
    for flow_HW2, shape in zip(flows, shapes, strict=True):
        expected = (2.0 * shape[1] / 163, 1.0 * shape[0] / 127)
        np.testing.assert_allclose(np.median(flow_HW2, axis=(0, 1)), expected, rtol=0, atol=0.03)
    np.testing.assert_array_equal(flows[0], flow.dense_flow(first_HW, second_HW))
    two = [flow.prepare(greys[:2]) for greys in layers]
    assert len(flow.layer_flows(*two)) == 2
    np.testing.assert_array_equal(flow.layer_flows(*two)[1], flows[1])


def test_layers_beyond_those_of_the_video_continue_them():
    frame_HW, _ = moved()
    alone, whole = flow.prepare([frame_HW]), flow.prepare(grey_layers(frame_HW))
    assert (alone.n_wanted, whole.n_wanted) == (1, len(grey_layers(frame_HW)))
    assert len(alone.layers) == len(whole.layers) > whole.n_wanted
    for one_HW, other_HW in zip(alone.layers, whole.layers, strict=True):
        np.testing.assert_array_equal(one_HW, other_HW)


# Loops.


@settings(max_examples=6)
@given(height=st.integers(5, 15), width=st.integers(5, 15), seed=st.integers(0, 99))
def test_a_round_is_that_of_the_loops(height, width, seed):
    rng = np.random.default_rng(seed)
    first_HW, second_HW = rng.normal(0, 1, (2, height, width))
    flow_2HW = rng.uniform(-3, 3, (2, height, width))
    flow_2HW = flow_2HW.repeat(2, axis=1)[:, :height].repeat(2, axis=2)[:, :, :width]
    found_2HW = flow.refine(first_HW, second_HW, flow_2HW)
    wanted_HW2 = oracles.refine(
        first_HW,
        second_HW,
        np.moveaxis(flow_2HW, 0, -1),
        window=flow.WINDOW,
        robust=flow.ROBUST,
        lost=flow.LOST,
        hold=flow.HOLD,
        misfit=flow.MISFIT,
    )
    np.testing.assert_allclose(np.moveaxis(found_2HW, 0, -1), wanted_HW2, rtol=0, atol=1e-6)


def test_normalizing_is_that_of_the_loops():
    grey_HW = np.random.default_rng(0).uniform(0, 255, (13, 17))
    half = flow.NORMAL // 2

    def around(image, y, x):
        return image[max(0, y - half) : y + half + 1, max(0, x - half) : x + half + 1]

    texture_HW = np.empty_like(grey_HW)
    for y, x in np.ndindex(grey_HW.shape):
        texture_HW[y, x] = grey_HW[y, x] - around(grey_HW, y, x).mean()
    wanted_HW = [
        [
            texture_HW[y, x] / np.sqrt((around(texture_HW, y, x) ** 2).mean() + flow.FLAT**2)
            for x in range(17)
        ]
        for y in range(13)
    ]
    np.testing.assert_allclose(flow.normalize(grey_HW), wanted_HW, rtol=0, atol=1e-12)


# Errors.


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        (np.zeros((5, 7)), np.zeros((7, 5)), "of one shape"),
        (np.zeros((5, 7, 3)), np.zeros((5, 7, 3)), "of one shape"),
        (np.zeros((0, 7)), np.zeros((0, 7)), "of one shape"),
        (np.zeros((5, 7), dtype=complex), np.zeros((5, 7)), "finite real numbers"),
        (np.zeros((5, 7)), np.full((5, 7), np.nan), "finite real numbers"),
    ],
)
def test_bad_frames_are_refused(first, second, message):
    with pytest.raises(ValueError, match=message):
        flow.dense_flow(first, second)


# Real pictures, where the development data are at hand. Settings were chosen with these three.


def test_middlebury_pairs():
    """Measured: 0.119, 0.079, 0.293; mean 0.164 (OpenCV's DIS 0.226, Farneback's 0.780)."""
    errors = {}
    for name in oracles.PAIRS:
        first_HW, second_HW, truth_HW2, known_HW = oracles.middlebury(name)
        flow_HW2 = flow.dense_flow(first_HW.astype(np.float32), second_HW.astype(np.float32))
        errors[name] = mean_error(flow_HW2, truth_HW2, known_HW)
    assert np.mean(list(errors.values())) < 0.18, errors


def test_real_pictures_under_noise_and_gain():
    """Measured: 8.6 % under noise of deviation 3, none under a gain of 1.1."""
    rng = np.random.default_rng(0)
    noisy, brighter = [], []
    for name in oracles.PAIRS:
        still_HW = oracles.middlebury(name)[0]
        pair = [still_HW + rng.normal(0, 3, still_HW.shape) for _ in range(2)]
        for found, flow_HW2 in (
            (noisy, flow.dense_flow(*pair)),
            (brighter, flow.dense_flow(still_HW, 1.1 * still_HW)),
        ):
            found.append((np.hypot(*np.moveaxis(flow_HW2, -1, 0)) > 0.4).mean())
    assert np.mean(noisy) < 0.1
    assert np.mean(brighter) < 0.001
