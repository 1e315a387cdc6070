"""lsfref/pyramid.py: layer counts, bilinear layers, the 8-bit pyramid, area averages."""

from itertools import pairwise

import numpy as np
import oracles_trajectories as oracles
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsfref.cited import farneback
from lsfref.kernels import pyramid

sides = st.integers(1, 400)
seeds = st.integers(0, 999)


def test_layer_sizes_known_by_hand():
    assert pyramid.layer_shapes((120, 160)) == [(120, 160), (85, 113), (60, 80), (42, 57)]
    assert [shape[0] for shape in pyramid.layer_shapes((64, 67))] == [64, 45, 32]
    assert len(pyramid.layer_shapes((480, 640))) == 8
    assert pyramid.layer_shapes((480, 640))[-1][1] == 57
    assert len(pyramid.layer_shapes((480, 640), n_scales=3)) == 3
    assert pyramid.layer_shapes((17, 640)) == [(17, 640)]
    assert pyramid.layer_shapes((45, 67)) == [(45, 67)]  # the next had 31.8 rows
    assert len(pyramid.layer_shapes((4000, 4000))) == 8


def test_factors_are_products_in_single_precision():
    assert pyramid.scale_factors(1) == [1.0]
    third = np.float32(2**0.5) * np.float32(2**0.5)
    assert pyramid.scale_factors(4)[2] == third < 2
    np.testing.assert_allclose(pyramid.scale_factors(8), 2 ** (np.arange(8) / 2), rtol=3e-7)


def test_bilinear_by_hand():
    ramp_HW = np.array([[0.0, 4.0, 8.0, 12.0]])
    np.testing.assert_array_equal(pyramid.resize_bilinear(ramp_HW, (1, 2)), [[2.0, 10.0]])
    np.testing.assert_array_equal(
        pyramid.resize_bilinear(ramp_HW, (1, 8)), [[0, 1, 3, 5, 7, 9, 11, 12]]
    )


@given(n_in=st.integers(2, 9), n_out=st.integers(1, 23))
def test_a_pixel_is_read_between_two_neighbors_inside(n_in, n_out):
    """Also the last one: between the last two, not beyond."""
    left, right, weight = pyramid.bilinear(n_in, n_out)
    assert left.min() >= 0
    assert right.max() < n_in
    np.testing.assert_array_equal(right, left + 1)
    middle = (np.arange(n_out) + 0.5) * n_in / n_out - 0.5
    np.testing.assert_allclose(left + weight, np.clip(middle, 0, n_in - 1), rtol=0, atol=1e-12)


def test_area_average_by_hand():
    frame_HW = np.array([[0.0, 3.0, 6.0], [6.0, 9.0, 12.0]])
    # 3 x 2 becomes 2 x 1 (4/3 rounds to 1): each pixel averages 1.5 columns of both rows
    left, right = (0 + 6 + (3 + 9) / 2) / 3, (6 + 12 + (3 + 9) / 2) / 3
    np.testing.assert_allclose(pyramid.resize(frame_HW, max_side=2), [[left, right]], rtol=1e-15)


@given(sides, sides, st.integers(1, 300))
def test_resizing_keeps_aspect_mean_and_limit(height, width, max_side):
    frame_HW = np.random.default_rng(height).uniform(0, 255, (height, width))
    assert pyramid.resize(frame_HW, max_side=0) is frame_HW
    small = pyramid.resize(frame_HW, max_side=max_side)
    if max(height, width) <= max_side:
        assert small is frame_HW
        return
    assert max(small.shape) == max_side
    factor = max_side / max(height, width)
    for side, before in zip(small.shape, frame_HW.shape, strict=True):
        assert side == 1 or abs(side - before * factor) <= 0.5 + 1e-9
    np.testing.assert_allclose(small.mean(), frame_HW.mean(), rtol=1e-12)
    assert small.min() >= frame_HW.min() - 1e-9
    assert small.max() <= frame_HW.max() + 1e-9


@pytest.mark.unwatched
@given(sides, sides)
def test_constant_images_stay_constant(height, width):
    frame_HW = np.full((height, width), 0.1)
    for layer in pyramid.grey_layers(frame_HW):
        np.testing.assert_allclose(layer, 0.1, rtol=1e-15)
    np.testing.assert_allclose(pyramid.resize(frame_HW, max_side=31), 0.1, rtol=1e-14)


@given(st.integers(32, 211), st.integers(32, 211), seeds)
def test_transposing_swaps_the_axes(height, width, seed):
    frame_HW = np.random.default_rng(seed).uniform(0, 255, (height, width))
    layers, turned = pyramid.grey_layers(frame_HW), pyramid.grey_layers(frame_HW.T)
    assert [layer.shape for layer in layers] == pyramid.layer_shapes((height, width))
    for layer, other in zip(layers, turned, strict=True):
        np.testing.assert_allclose(layer, other.T, rtol=0, atol=1e-11)


@pytest.mark.parametrize("shape", [(13, 31), (29, 17), (23, 7), (1, 5), (41, 43)])
def test_equal_to_the_loops(shape):
    image_HW = np.random.default_rng(5).uniform(0, 255, (29, 31))
    np.testing.assert_allclose(
        pyramid.resize_bilinear(image_HW, shape),
        oracles.resize(image_HW, shape),
        rtol=0,
        atol=1e-12,
    )


def test_each_layer_is_made_from_the_one_before():
    layers = pyramid.grey_layers(np.random.default_rng(8).uniform(0, 255, (71, 67)))
    assert len(layers) == 3
    for before, layer in pairwise(layers):
        np.testing.assert_allclose(layer, oracles.resize(before, layer.shape), rtol=0, atol=1e-11)


@pytest.mark.parametrize(("shape", "max_side"), [((19, 23), 11), ((23, 19), 13), ((7, 29), 28)])
def test_area_average_is_equal_to_the_loops(shape, max_side):
    image_HW = np.random.default_rng(6).uniform(0, 255, shape)
    small = pyramid.resize(image_HW, max_side=max_side)
    np.testing.assert_allclose(small, oracles.area_mean(image_HW, small.shape), rtol=1e-13)


def test_smaller_frames_are_enlarged_within_both_limits():
    frame_HW = np.array([[0.0, 4.0], [8.0, 12.0]])
    twice = pyramid.resize(frame_HW, max_side=9, enlarge=2)
    np.testing.assert_array_equal(twice, np.kron(frame_HW, np.ones((2, 2))))
    by_half = pyramid.resize(frame_HW, max_side=3, enlarge=2)
    np.testing.assert_allclose(by_half, oracles.area_mean(frame_HW, (3, 3)), rtol=1e-13)
    assert pyramid.resize(frame_HW, max_side=0, enlarge=2) is frame_HW
    assert pyramid.resize(frame_HW, max_side=9) is frame_HW


def test_dtype_in_is_dtype_out():
    frame_HW = np.random.default_rng(7).uniform(0, 255, (67, 71)).astype(np.float32)
    assert {layer.dtype for layer in pyramid.grey_layers(frame_HW)} == {np.dtype(np.float32)}
    assert pyramid.resize(frame_HW, max_side=37).dtype == np.float32
    np.testing.assert_allclose(
        pyramid.grey_layers(frame_HW)[-1],
        pyramid.grey_layers(frame_HW.astype(float))[-1],
        rtol=0,
        atol=1e-4,
    )


@pytest.mark.parametrize("name", ["synth", "carphone"])
def test_8bit_layers_are_those_of_the_original_program(name):
    clip = oracles.clip(name)
    for frame, first_HW in enumerate(clip["grey_s0"]):
        for k, layer in enumerate(farneback.grey_layers(first_HW.astype(float), n_scales=8)):
            np.testing.assert_array_equal(layer, clip[f"grey_s{k}"][frame])
    assert k + 1 == len(clip["scales"])
    np.testing.assert_array_equal(np.float32(clip["scales"][:, 2]), pyramid.scale_factors(k + 1))
