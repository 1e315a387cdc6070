"""Windows of people beside OpenCV's detector, whose coefficients they use."""

import numpy as np
import pytest
from scipy import ndimage

from lsfref.study.best import people

cv2 = pytest.importorskip("cv2")
if not hasattr(cv2, "HOGDescriptor_getDefaultPeopleDetector"):
    pytest.skip("this OpenCV has no HOG detector", allow_module_level=True)


@pytest.fixture(scope="module")
def detector():
    found = cv2.HOGDescriptor()
    found.setSVMDetector(cv2.HOGDescriptor_getDefaultPeopleDetector())
    return found


def picture(shape=(240, 320), seed=0):
    """Blurred noise in 8 bits: gradients of all sizes and directions."""
    rough = np.random.default_rng(seed).normal(size=shape)
    smooth = ndimage.gaussian_filter(rough, 2)
    return np.clip(128 + 60 * smooth / smooth.std(), 0, 255).astype(np.uint8)


def test_the_coefficients_are_opencvs():
    theirs = cv2.HOGDescriptor_getDefaultPeopleDetector().ravel()
    weights, bias = people.coefficients()
    across_first = weights.reshape(15, 7, 2, 2, 9).transpose(1, 0, 3, 2, 4)
    np.testing.assert_allclose(across_first.ravel(), theirs[:-1], rtol=1e-7)
    assert bias == pytest.approx(theirs[-1], rel=1e-7)


@pytest.mark.parametrize("seed", range(3))
def test_blocks_are_opencvs(detector, seed):
    image = picture((128, 64), seed)
    theirs = detector.compute(image).reshape(7, 15, 2, 2, 9).transpose(1, 0, 3, 2, 4)
    ours = people.block_histograms(image.astype(np.float32))
    np.testing.assert_allclose(ours, theirs.reshape(15, 7, 36), atol=2e-4)


@pytest.mark.parametrize("seed", range(3))
def test_scores_are_opencvs(detector, seed):
    image = picture(seed=seed)
    places, scores = detector.detect(image, hitThreshold=-9, winStride=(8, 8), padding=(0, 0))
    ours = people.window_scores(people.block_histograms(image.astype(np.float32)))
    assert len(places) > 300
    theirs = np.ravel(scores)
    columns, rows = np.array(places).T // 8
    np.testing.assert_allclose(ours[rows, columns], theirs, atol=5e-3)
