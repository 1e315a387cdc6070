"""Boxes around people, from their file."""

import pytest

from lsfref.app.lists.boxes import read_boxes
from lsfref.errors import LsfrefError


def test_boxes(tmp_path):
    path = tmp_path / "boxes.txt"
    path.write_text("0\n3 1 2 3 4 0.9 10 20 30 40 0.5\n\n7 5 6 7 8 1\n", encoding="utf-8")
    boxes = read_boxes(path)
    assert sorted(boxes) == [0, 3, 7]
    assert boxes[0].shape == (0, 4)
    assert boxes[3].tolist() == [[1, 2, 3, 4], [10, 20, 30, 40]]


@pytest.mark.parametrize("line", ["1 2 3 4 5", "a", "1 2 3 4 5 6 7", "1 2 3 x 5 6"])
def test_bad_boxes_are_told_with_their_line(tmp_path, line):
    path = tmp_path / "boxes.txt"
    path.write_text(f"0 1 2 3 4 0.9\n{line}\n", encoding="utf-8")
    with pytest.raises(LsfrefError, match=r"boxes.txt, line 2: want a frame number"):
        read_boxes(path)
