"""Borders (R5): bars and stamps do not set the threshold of new points; night has none."""

import numpy as np
import pytest

from lsfref.media.borders import in_picture, outshone, strongest
from lsfref.trajectories import sample


def weak_texture(seed=3):
    """A picture of weak texture, and where its bars and stamp come."""
    rng = np.random.default_rng(seed)
    return 120 + rng.normal(0, 0.6, (96, 128))


def stamped(grey_HW, *, top=0, box=True):
    """With a bar of `top` rows, and a stamp of white strokes on a black box."""
    grey_HW = grey_HW.copy()
    grey_HW[:top] = 0
    if box:
        grey_HW[70:90, 60:120] = 0
        grey_HW[75:85, 64:116:7] = 255
        grey_HW[79, 64:116] = 255
    return grey_HW


def points_above(grey_HW, borders, below=60):
    points_p2 = sample(grey_HW, np.empty((0, 2)), borders=borders).points_P2
    return {(x, y) for x, y in points_p2.tolist() if 20 < y < below}


@pytest.mark.parametrize(("top", "box"), [(15, False), (0, True), (15, True)])
def test_bars_and_stamps_do_not_set_the_threshold(top, box):
    plain_HW = weak_texture()
    want = points_above(plain_HW, "counted")
    assert len(want) > 100
    bordered_HW = stamped(plain_HW, top=top, box=box)
    assert points_above(bordered_HW, "ignored") == want
    if box:
        assert len(points_above(bordered_HW, "counted")) < 0.5 * len(want)


def test_without_borders_and_at_night_nothing_changes():
    night_HW = np.zeros((96, 128))
    night_HW[40:44, 60:64] = 255  # a lamp
    for grey_HW in (weak_texture(), night_HW, np.zeros((96, 128))):
        counted, ignored = (
            sample(grey_HW, np.empty((0, 2)), borders=b) for b in ("counted", "ignored")
        )
        assert counted.threshold == ignored.threshold
        np.testing.assert_array_equal(counted.points_P2, ignored.points_P2)


def test_a_bar_is_a_border_by_hand():
    """Of 15 x 15 pixels, 13.5 may be black: 15 in the outer row of those that reach the bar."""
    grey_HW = np.full((61, 67), 9.0)
    grey_HW[:20] = 2
    shown_HW = in_picture(grey_HW)
    assert not shown_HW[:27].any()  # row 26 sees rows 19 to 33
    assert shown_HW[27:].all()
    grey_HW[grey_HW == 2] = 3  # darker grey is no border
    assert in_picture(grey_HW).all()


@pytest.mark.parametrize("seed", range(20))
def test_looking_about_the_strongest_corner_first_changes_nothing(seed):
    """R5 by its words: black anywhere, the strongest corner anywhere, at edges too."""
    rng = np.random.default_rng(seed)
    grey_HW = rng.choice([0, 2, 3, 90], (23, 31), p=[0.01, 0.02, 0.47, 0.5]).astype(np.float32)
    strength_HW = rng.integers(0, 9, grey_HW.shape).astype(np.float32)
    seen = strength_HW.max(where=in_picture(grey_HW), initial=0)
    most = strength_HW.max()
    found = strongest(strength_HW, grey_HW)
    assert found == (seen if seen < most / 2 else most)
    assert found.dtype == np.float32
    assert outshone(grey_HW, lambda grey: strength_HW) == (seen < most / 2)
