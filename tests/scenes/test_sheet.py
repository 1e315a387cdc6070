"""The contact sheet: its size, its letters."""

import imageio.v3 as iio

from lsfref.scenes import sheet
from lsfref.scenes.clip_set import Settings


def test_the_contact_sheet_is_a_picture_with_a_row_for_each_class(tmp_path):
    for name, head in (("s.png", b"\x89PNG"), ("s.JPG", b"\xff\xd8\xff")):
        sheet.contact_sheet(tmp_path / name, Settings(0, frames=3, size=(64, 64)))
        picture = iio.imread(tmp_path / name)
        assert picture.shape == (6 * (18 + 64), 6 * 64 + 5 * 4, 3)
        assert (tmp_path / name).read_bytes().startswith(head)


def test_a_label_is_white_with_dark_letters():
    strip = sheet.label("i ", 50)
    assert strip.shape == (18, 50, 3)
    rows = ["".join("#" if dark else "." for dark in row) for row in strip[4:14:2, 2:8:2, 0] < 255]
    assert rows == ["###", ".#.", ".#.", ".#.", "###"]
    assert strip[:, 8:].min() == 255
