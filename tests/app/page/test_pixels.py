"""Pictures: what is drawn where, colors of flow, and the pictures of a page as files."""

import io
import re

import imageio.v3 as iio
import numpy as np
import pytest

from lsfref.app.page import pixels
from lsfref.app.page.pixels import Canvas


def test_a_small_frame_is_enlarged_and_a_large_one_reduced():
    assert Canvas(np.zeros((7, 11))).pixels.shape == (7 * 58, 11 * 58, 3)
    large = Canvas(np.full((70, 1310), 300.0))
    assert large.pixels.shape[1] == 640
    assert large.pixels.max() == 255
    assert large.zoom == pytest.approx(640 / 1310)


def test_dots_and_lines_lie_where_they_should():
    canvas = Canvas(np.zeros((5, 7)), longest=21)  # zoom 3: pixel (x, y) is 3x + 1, 3y + 1
    canvas.dot(np.array([[2.0, 1.0]]), (1, 2, 3), radius=0)
    np.testing.assert_array_equal(np.argwhere(canvas.pixels[..., 0]), [[4, 7]])
    canvas.line(np.array([[[-9.0, 3.0], [99.0, 3.0]]]), (9, 9, 9))
    assert (canvas.pixels[10, :, 0] == 9).all()
    assert (canvas.pixels[..., 0] == 9).sum() == 21
    canvas.line(np.array([[[0.0, 0.0], [0.0, 2.0], [2.0, 2.0]], [[6.0, 0.0]] * 3]), (5, 5, 5))
    ys, xs = np.nonzero(canvas.pixels[..., 0] == 5)
    assert sorted(set(zip(xs.tolist(), ys.tolist(), strict=True))) == sorted(
        {(1, y) for y in range(1, 8)} | {(x, 7) for x in range(1, 8)} | {(19, 1)}
    )
    canvas.line(np.zeros((0, 3, 2)), (7, 7, 7))
    assert not (canvas.pixels == 7).any()


def test_flow_has_the_colors_of_its_key():
    flow = np.array([[[2.0, 0.0], [0.0, 0.0], [-1.0, 0.0]]])
    np.testing.assert_array_equal(
        pixels.flow_colors(flow, 2.0), [[[255, 0, 0], [255, 255, 255], [128, 255, 255]]]
    )
    key = pixels.flow_key(41)
    np.testing.assert_array_equal(key[20, 20], [255, 255, 255])
    assert key[20, -1, 0] == 255
    assert key[20, -1, 1] < 10


def test_pictures_are_found_again_by_stage():
    png = pixels.png(np.full((3, 5, 3), 7, np.uint8), "a <b>", kind="round")
    gif = pixels.gif([np.zeros((3, 5, 3), np.uint8)] * 2, "b")
    page = f'{png}<section id="stage3">{png}{gif}</section>'
    files = pixels.pictures_of(page)
    assert [name for name, _ in files] == ["page-1.png", "stage3-1.png", "stage3-2.gif"]
    np.testing.assert_array_equal(iio.imread(io.BytesIO(files[0][1])), np.full((3, 5, 3), 7))
    assert re.search(r'width="5" height="3" class="round" alt="a &lt;b&gt;"', png)


def test_without_a_frame_the_place_says_so():
    assert "no picture" in pixels.thumb(None, "a")
    assert 'class="thumb"' in pixels.thumb(np.zeros((5, 7)), "a")
