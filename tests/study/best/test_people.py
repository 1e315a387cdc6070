"""People: block histograms by loops, windows by loops, moving shares, the coefficients' file."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lsfref.study.best import people
from lsfref.study.best.people import Windows


def picture(shape=(33, 43), seed=0):
    return np.random.default_rng(seed).uniform(0, 255, shape).astype(np.float32)


def loops(image, block_y, block_x):
    """One block's 4 histograms (down, across, direction), from the definition."""
    root = np.sqrt(np.pad(image.astype(float), 1, mode="reflect"))
    hist = np.zeros((2, 2, 9))
    for y in range(16):
        for x in range(16):
            row, column = 8 * block_y + y + 1, 8 * block_x + x + 1
            right = root[row, column + 1] - root[row, column - 1]
            down = root[row + 1, column] - root[row - 1, column]
            seen = math.exp(-((y - 8) ** 2 + (x - 8) ** 2) / (2 * 4**2))
            at = (math.degrees(math.atan2(down, right)) % 180) / 20 - 0.5
            for direction, share in ((math.floor(at), 1 - at % 1), (math.floor(at) + 1, at % 1)):
                for i in range(2):
                    for j in range(2):
                        near = max(0, 1 - abs((y + 0.5) / 8 - 0.5 - i))
                        near *= max(0, 1 - abs((x + 0.5) / 8 - 0.5 - j))
                        weight = seen * near * share * math.hypot(right, down)
                        hist[i, j, direction % 9] += weight
    hist = np.minimum(hist / (np.sqrt((hist**2).sum()) + 3.6), 0.2)
    return (hist / (np.sqrt((hist**2).sum()) + 1e-3)).ravel()


@pytest.mark.unwatched
@settings(max_examples=3)
@given(st.integers(0, 99))
def test_blocks_equal_literal_loops(seed):
    image = picture(seed=seed)
    blocks = people.block_histograms(image)
    assert blocks.shape == (3, 4, 36)
    for y, x in ((0, 0), (1, 2), (2, 3)):
        np.testing.assert_allclose(blocks[y, x], loops(image, y, x), atol=2e-5)


def test_a_brighter_picture_has_nearly_the_same_blocks_and_a_mirrored_one_mirrored_ones():
    """A gain scales all roots; the epsilon is small beside them."""
    image = picture((48, 64))
    blocks = people.block_histograms(image)
    np.testing.assert_allclose(people.block_histograms(image / 2), blocks, atol=0.02)
    flipped = people.block_histograms(np.ascontiguousarray(image[::-1]))
    assert np.abs(flipped[::-1] - blocks).max() > 0.05  # a block's Gaussian is off its middle


def test_scores_are_the_products_of_windows():
    blocks = np.random.default_rng(1).uniform(0, 0.3, (17, 10, 36)).astype(np.float32)
    weights, bias = people.coefficients()
    scores_HW = people.window_scores(blocks)
    assert scores_HW.shape == (3, 4)
    for y in range(3):
        for x in range(4):
            window = blocks[y : y + 15, x : x + 7]
            wanted = (window * weights.reshape(15, 7, 36)).sum(dtype=float) + bias
            assert scores_HW[y, x] == pytest.approx(wanted, abs=1e-4)


def test_the_coefficients_are_nearly_those_of_a_mirrored_person():
    """A person looks alike from both sides: blocks, cells and directions mirrored give nearly the
    same weights, as they should where the order of all axes is right."""
    weights, bias = people.coefficients()
    assert weights.shape == (15, 7, 4, 9)
    assert bias == pytest.approx(-6.6657915)
    cells = weights.reshape(15, 7, 2, 2, 9)
    mirrored = cells[:, ::-1, :, ::-1, ::-1]
    assert np.corrcoef(cells.ravel(), mirrored.ravel())[0, 1] > 0.6
    assert np.corrcoef(cells.ravel(), cells[:, ::-1].ravel())[0, 1] < 0.5


def test_search_covers_all_sizes():
    found = list(people.search(picture((240, 320))))
    shapes = [windows.scores_HW.shape for windows in found]
    assert shapes[0] == (480 // 8 - 15, 640 // 8 - 7)
    assert len(shapes) == 8  # 480 / 1.2^7 = 134 rows
    np.testing.assert_allclose(found[0].scale_2, [0.5, 0.5])
    assert not list(people.search(picture((20, 320))))


@pytest.mark.parametrize("place", [(0, 0), (2, 3)])
def test_the_moving_share_of_a_window_equals_a_literal_loop(place):
    mask_HW = np.random.default_rng(5).uniform(size=(90, 80)) > 0.6
    windows = Windows(np.zeros((4, 6)), np.array([0.5, 0.5]))
    shares_HW = people.moving_share(people.cumulated(mask_HW), windows)
    top, left = place[0] * 8 / 2, place[1] * 8 / 2
    rows = [y for y in range(90) if round(top + 6.4) <= y < round(top + 60.8)]
    columns = [x for x in range(80) if round(left + 4.8) <= x < round(left + 27.2)]
    wanted = np.mean([mask_HW[y, x] for y in rows for x in columns])
    assert shares_HW[place] == pytest.approx(wanted)


def fake_search(monkeypatch, *levels):
    scores = [Windows(np.array(level), np.array([1.0, 1.0])) for level in levels]
    monkeypatch.setattr(people, "search", lambda grey_HW: iter(scores))


def test_numbers_of_a_video_by_hand(monkeypatch):
    """The window at the left stands and scores 2, the one at the right moves and scores 1."""
    fake_search(monkeypatch, [[2.0, 0, 0, 0, 0, 0, 0, 0, 1.0]], [[-3.0]])
    mask_HW = np.zeros((128, 128), bool)
    mask_HW[:, 100:] = True
    frames = [(np.zeros((128, 128)), mask_HW), (np.zeros((128, 128)), np.zeros((128, 128), bool))]
    people_V = people.people(frames)
    np.testing.assert_allclose(people_V, [2, 1, 2, 0, 28 / 256])
    np.testing.assert_allclose(people.people(frames, gated=False), [2, 2, 2, 2, 28 / 256])


def test_where_no_window_fits_there_is_nobody(monkeypatch):
    fake_search(monkeypatch)
    found = people.people([(np.zeros((16, 300)), np.ones((16, 300), bool))])
    np.testing.assert_allclose(found, [-1, -1, -1, -1, 1])
