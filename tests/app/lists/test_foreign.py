"""Lists that others use, read as they are, wherever their videos lie."""

import pytest

from lsfref.app.lists.label_lists import read_list
from lsfref.app.lists.manifest import parse_labels, read_labels


def write(path, text=""):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


@pytest.fixture
def ucf(tmp_path):
    lists = tmp_path / "ucfTrainTestlist"
    write(lists / "classInd.txt", "1 Biking\n2 Diving\n")
    write(
        lists / "trainlist01.txt",
        "Biking/v_Biking_g08_c01.avi 1\r\nDiving/v_Diving_g08_c01.avi 2\r\n",
    )
    write(lists / "testlist01.txt", "Biking/v_Biking_g01_c01.avi\nDiving/v_Diving_g01_c01.avi\n")
    for name in ("Biking", "Diving"):
        for clip in ("g08_c01", "g01_c01"):
            write(tmp_path / "UCF-101" / name / f"v_{name}_{clip}.avi", "x")
    return lists


@pytest.mark.parametrize("given", ["trainlist01.txt", "testlist01.txt"])
def test_ucf101_with_both_lists_and_the_class_index(ucf, given):
    found = read_labels(ucf / given)
    assert [v.background for v in found.videos] == ["Biking"] * 2 + ["Diving"] * 2
    assert found.splits == ["test", "train"] * 2
    assert [v.group for v in found.videos] == [
        f"v_{name}_{g}" for name in ("Biking", "Diving") for g in ("g01", "g08")
    ]
    assert found.videos[0].path.endswith("UCF-101/Biking/v_Biking_g01_c01.avi")


def test_ucf101_without_the_class_index_goes_by_number_and_folder(ucf):
    (ucf / "classInd.txt").unlink()
    found = read_labels(ucf / "trainlist01.txt")
    assert {v.background for v in found.videos} == {"1", "2", "Biking", "Diving"}


def test_tsn_with_folders_of_frames(tmp_path):
    for clip in ("v_a_g01_c01", "v_b_g02_c01"):
        write(tmp_path / "frames" / clip / "frame_00001.jpg", "x")
    path = write(tmp_path / "list.txt", "v_a_g01_c01 120 0\nv_b_g02_c01 99 17\nodd\n\n")
    listed, faults = parse_labels(path)
    assert [(row.file, row.background, row.group) for row in listed.rows] == [
        ("v_a_g01_c01", "0", "v_a_g01"),
        ("v_b_g02_c01", "17", "v_b_g02"),
    ]
    assert faults == [f"{path} line 3: want 'path frames label' as in the first line"]


def test_a_path_that_ends_in_a_number_is_no_tsn(tmp_path):
    write(tmp_path / "yard 3", "x")
    write(tmp_path / "yard 4", "x")
    found = read_list(write(tmp_path / "list.txt", "yard 3 1\nyard 4 2\n"))
    assert [(row.file, row.background) for row in found.rows] == [("yard 3", "1"), ("yard 4", "2")]


def test_kinetics_by_class_folders(tmp_path):
    text = "label,youtube_id,time_start,time_end,split,is_cc\n"
    text += '"riding a bike",abc-_1,20,30,train,0\n"playing, alone",xyz,0,10,validate,0\n'
    path = write(tmp_path / "kinetics.csv", text)
    write(tmp_path / "riding a bike" / "abc-_1_000020_000030.mp4", "x")
    write(tmp_path / "playing, alone" / "xyz_000000_000010.mp4", "x")
    found = read_labels(path)
    assert [(v.background, v.group) for v in found.videos] == [
        ("playing, alone", "xyz"),
        ("riding a bike", "abc-_1"),
    ]
    assert found.splits == ["test", "train"]


def test_what_is_not_there_is_told_by_line(tmp_path):
    text = "label,youtube_id,time_start,time_end,split\nfog,abc,1,11,train\n"
    _, faults = parse_labels(write(tmp_path / "k.csv", text))
    assert any("line 2" in fault and "abc_000001_000011" in fault for fault in faults)


@pytest.mark.parametrize("cells", ["fog,abc,x,11,train", "fog,abc,1", ",,,,"])
def test_a_broken_row_is_told_by_line(tmp_path, cells):
    text = f"label,youtube_id,time_start,time_end,split\n{cells}\n"
    _, faults = parse_labels(write(tmp_path / "k.csv", text))
    assert any("line 2" in fault for fault in faults)


def test_a_name_with_a_blank_is_one_name(ucf):
    write(ucf.parent / "UCF-101" / "Baby Crawling" / "v_Baby_g01_c01.avi", "x")
    with open(ucf / "testlist01.txt", "a") as file:
        file.write("Baby Crawling/v_Baby_g01_c01.avi\n")
    found = read_labels(ucf / "testlist01.txt")
    assert found.videos[0].background == "Baby Crawling"


@pytest.mark.parametrize("cells", ["fog,abc,1e999,11,train", "f" * 200_000 + ",abc,1,2,train", '"'])
def test_what_no_reader_takes_is_told_by_line(tmp_path, cells):
    text = f"label,youtube_id,time_start,time_end,split\nfog,a,1,2,\n{cells}\n"
    _, faults = parse_labels(write(tmp_path / "k.csv", text))
    assert any("line 3" in fault for fault in faults)


def test_rows_after_a_broken_one_are_read(tmp_path):
    text = "label,youtube_id,time_start,time_end,split\nfog,a,x,2,\nrain,b,1,2,\nfog,c,1,,\n"
    write(tmp_path / "b_000001_000002.mp4", "x")
    write(tmp_path / "c_000001_000000.mp4", "x")
    listed, faults = parse_labels(write(tmp_path / "k.csv", text))
    assert [row.group for row in listed.rows] == ["b", "c"]
    assert len(faults) == 1
    assert "line 2" in faults[0]


def test_paths_of_tsn_may_be_absolute_and_without_ending(tmp_path):
    for name in ("a", "b"):
        write(tmp_path / "elsewhere" / f"{name}.avi", "x")
    text = "".join(f"{tmp_path}/elsewhere/{name} 90 {k}\n" for k, name in enumerate("ab"))
    found = read_labels(write(tmp_path / "lists" / "list.txt", text))
    assert [v.path for v in found.videos] == [f"{tmp_path}/elsewhere/{n}.avi" for n in "ab"]


def test_a_fault_of_the_other_list_says_so(ucf):
    with open(ucf / "testlist01.txt", "a") as file:
        file.write("loose.avi\n")
    _, faults = parse_labels(ucf / "trainlist01.txt")
    assert "testlist01.txt line 3: no class for 'loose.avi'" in faults[0]


def test_a_mark_of_the_encoding_is_no_part_of_a_name(ucf):
    path = ucf / "testlist01.txt"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert len(read_labels(path).videos) == 4
