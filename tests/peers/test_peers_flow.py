"""Flow beside OpenCV's: Farneback the same to a thousandth, ours nearer the truth than DIS."""

import numpy as np
import oracles_flow as oracles
import pytest
from bench_flow import made_scene

from lsfref.cited import farneback
from lsfref.cited.medians import median_5x5
from lsfref.flow import dense_flow
from lsfref.kernels import filters, medians

cv2 = pytest.importorskip("cv2")


def bytes_of(frame):
    return np.rint(frame).clip(0, 255).astype(np.uint8)


def test_farneback_is_that_of_opencv_on_one_layer():
    """Apart from rounding in single precision, where a system is nearly singular."""
    pair = [bytes_of(frame) for frame in oracles.shifted_pair((61, 83), (1.1, -0.7), seed=4)]
    settings = (None, 0.5, 0, 10, 2, 7, 1.5, cv2.OPTFLOW_FARNEBACK_GAUSSIAN)
    theirs_HW2 = cv2.calcOpticalFlowFarneback(*pair, *settings)
    theirs_HW2 = np.stack([median_5x5(theirs_HW2[..., i]) for i in (0, 1)], axis=-1)
    prepared = [farneback.prepare([frame.astype(float)]) for frame in pair]
    ours_HW2 = farneback.layer_flows(*prepared)[0]
    apart = np.abs(ours_HW2 - theirs_HW2)
    assert apart.mean() < 1e-3
    assert (apart < 1e-2).mean() > 0.99


def test_medians_and_warps_are_those_of_opencv():
    rng = np.random.default_rng(0)
    image_HW = rng.uniform(0, 255, (61, 83)).astype(np.float32)
    for size in (3, 5):
        wanted_HW = cv2.medianBlur(image_HW, size)
        np.testing.assert_array_equal({3: medians.median, 5: median_5x5}[size](image_HW), wanted_HW)
    wanted_HW = cv2.boxFilter(image_HW, -1, (7, 7), normalize=False, borderType=cv2.BORDER_CONSTANT)
    np.testing.assert_allclose(filters.box_sums(image_HW, size=7), wanted_HW, rtol=1e-5)


def test_ours_is_nearer_the_truth_than_dis_and_farneback():
    """A disc that crosses the ground; measured: see bench_flow.py."""
    first_HW, second_HW, truth_HW2, _ = made_scene()
    pair = bytes_of(first_HW), bytes_of(second_HW)
    dis = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM).calc(*pair, None)
    settings = (None, 2**-0.5, 8, 10, 2, 7, 1.5, cv2.OPTFLOW_FARNEBACK_GAUSSIAN)
    opencv = cv2.calcOpticalFlowFarneback(*pair, *settings)
    ours = dense_flow(*pair)
    errors = [oracles.endpoint_errors(f, truth_HW2).mean() for f in (ours, dis, opencv)]
    assert errors[0] < min(errors[1:]), errors
