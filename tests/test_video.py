"""Stage 1: exact grey of every frame."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from lsfref.media.writer import write_video
from lsfref.video import grey_8bit, grey_luma, read_frames

PICTURES = hnp.arrays(np.uint8, st.tuples(st.integers(1, 7), st.integers(1, 11), st.just(3)))


def noise(*shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def test_grey_of_known_colors(tmp_path):
    """Black, white, the primaries and one worked by hand: 0.299 * 10 + 0.587 * 20 + 0.114 * 30."""
    rgb_HW3 = np.array(
        [
            [[0, 0, 0], [255, 255, 255], [255, 0, 0]],
            [[0, 255, 0], [0, 0, 255], [10, 20, 30]],
        ],
        np.uint8,
    )
    want_HW = [[0, 255, 76.245], [149.685, 29.07, 18.15]]
    np.testing.assert_allclose(grey_luma(rgb_HW3), want_HW, rtol=0, atol=1e-12)
    assert grey_8bit(rgb_HW3).tolist() == [[0, 255, 76], [150, 29, 18]]
    path = tmp_path / "colors.mkv"
    write_video(path, [rgb_HW3, rgb_HW3[::-1]])
    first_HW, second_HW = read_frames(path)
    assert first_HW.dtype == np.float64
    np.testing.assert_allclose(first_HW, want_HW, rtol=0, atol=1e-12)
    np.testing.assert_array_equal(second_HW, first_HW[::-1])


@given(PICTURES)
def test_grey_equals_the_formula_pixel_by_pixel(rgb_HW3):
    luma_HW, rounded_HW = grey_luma(rgb_HW3), grey_8bit(rgb_HW3)
    assert (luma_HW.dtype, rounded_HW.dtype) == (np.float64, np.uint8)
    for y, row in enumerate(rgb_HW3.tolist()):
        for x, (red, green, blue) in enumerate(row):
            assert abs(luma_HW[y, x] - (0.299 * red + 0.587 * green + 0.114 * blue)) < 1e-12
            assert rounded_HW[y, x] == (9798 * red + 19235 * green + 3735 * blue + 16384) >> 15


def test_halves_of_the_fixed_point_go_up():
    """9798 * 0 + 19235 * 12 + 3735 * 4 is 7.5 * 32768."""
    assert grey_8bit(np.array([[[0, 12, 4]]], np.uint8)).tolist() == [[8]]


def test_grey_of_greys_is_exact_and_of_large_pictures_the_same():
    greys_HW3 = np.repeat(np.arange(256, dtype=np.uint8)[:, None, None], 3, axis=2)
    np.testing.assert_array_equal(grey_luma(greys_HW3)[:, 0], np.arange(256))
    np.testing.assert_array_equal(grey_8bit(greys_HW3)[:, 0], np.arange(256))
    large_HW3 = noise(211, 307, 3)  # four bands
    for formula in (grey_luma, grey_8bit):
        by_rows = np.concatenate([formula(row[None]) for row in large_HW3])
        np.testing.assert_array_equal(formula(large_HW3), by_rows)


def test_every_frame_is_read_in_either_grey(tmp_path):
    path, frames_FHW3 = tmp_path / "clip.mkv", noise(23, 29, 37, 3)
    write_video(path, frames_FHW3)
    for name, formula in (("luma", grey_luma), ("8bit", grey_8bit)):
        grey_FHW = np.array(list(read_frames(path, grey=name)))
        np.testing.assert_array_equal(grey_FHW, [formula(frame) for frame in frames_FHW3])


def test_an_unknown_grey_is_told_at_once():
    with pytest.raises(ValueError, match=r"8bit.*luma.*'green'"):
        read_frames("clip.mkv", grey="green")
