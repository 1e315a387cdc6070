"""A list from names: what they say is filled in, what they do not say stays empty."""

import pytest

from lsfref.app.lists.guessing import guess, said, source_of
from lsfref.errors import LabelsError


def make(folder, *names):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    return str(folder)


@pytest.mark.parametrize(
    ("name", "background", "foreground"),
    [
        ("rain__yard_2.mp4", "rain", ""),
        ("yard-Rainy-Person.mp4", "rain", "human"),
        ("shaky_cam_nobody.avi", "camera shaking", "none"),
        ("tree_rain.mp4", "", ""),  # two things
        ("train.mp4", "", ""),  # a word begins a part, or it says nothing
        ("foo.mp4", "", ""),
    ],
)
def test_what_a_name_says(name, background, foreground):
    assert said(name) == {"background": background, "foreground": foreground}


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("camera02-04.mp4", "camera02"),
        ("v_Biking_g01_c03.avi", "v_Biking_g01"),
        ("rain__yard_2.mp4", "yard"),
        ("20201129_143000.mp4", ""),
        ("17.mp4", ""),
        ("rain.mp4", ""),
    ],
)
def test_where_a_name_says_a_clip_is_from(name, source):
    assert source_of(name) == source


def test_folders_are_classes_where_they_are_no_words(tmp_path):
    folder = make(tmp_path, "fog/gate/a_1.mp4", "fog/b_2.mp4", "snow/c.mkv", "d.mp4", "x.txt")
    rows, how = guess(folder)
    cells = {row.file: row[2:5] for row in rows}
    assert cells == {
        "fog/gate/a_1.mp4": ("fog", "", "gate"),
        "fog/b_2.mp4": ("fog", "", "b"),
        "snow/c.mkv": ("snow", "", "c"),
        "d.mp4": ("", "", "d"),
    }
    assert how[0] == "4 videos; 1 without background, 4 without foreground, 0 without group"
    assert "background: the folder, one of 2" in how
    assert how[-1] == "left out: 1 .txt"


def test_folders_with_words_say_what_they_say(tmp_path):
    rows, how = guess(make(tmp_path, "rainy/people/1.mp4", "windows/2.mp4"))
    assert [row[2:4] for row in rows] == [("rain", "human"), ("", "")]
    assert "'rain...' in a name: rain" in how


@pytest.mark.parametrize("odd", ["a\x1b[31m.mp4", "two\nlines.mp4", "not\udcffutf8.mp4"])
def test_a_name_that_no_list_can_hold_is_left_out_and_told(tmp_path, odd):
    rows, how = guess(make(tmp_path, "rain_1.mp4", odd))
    assert [row.file for row in rows] == ["rain_1.mp4"]
    assert "left out: 1 whose names hold what cannot be printed; rename them" in how


def test_a_folder_without_videos_is_told(tmp_path):
    with pytest.raises(LabelsError, match="no videos in it"):
        guess(str(tmp_path))
