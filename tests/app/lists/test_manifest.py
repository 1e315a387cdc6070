"""Label lists: what is understood, and wrong ones, each with its line and sentence."""

import os
import random
import re
import time

import pytest

from lsfref.app import cli
from lsfref.app.lists.manifest import (
    class_order,
    describe,
    parse_labels,
    read_labels,
    refuse_lone_classes,
    training_part,
)
from lsfref.errors import LabelsError

HEADER = "file,background,foreground,group,split\n"


@pytest.fixture
def folder(tmp_path):
    """A folder with files that nobody opens: their names are enough here."""
    for name in ("a.mp4", "b.mp4", "c.mp4", "d.mp4", "two words.mp4", "comma, inside.mp4"):
        (tmp_path / name).write_bytes(b"not looked at")
    return tmp_path


def write(folder, text, name="labels.csv"):
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_a_list_by_hand(folder):
    text = HEADER + "b.mp4,rain,human,g1,\na.mp4,snow,none,g1,\nc.mp4,normal,,,\n"
    manifest = read_labels(write(folder, text))
    assert [v.name for v in manifest.videos] == ["a.mp4", "b.mp4", "c.mp4"]
    assert [v.background for v in manifest.videos] == ["snow", "rain", "normal"]
    assert [v.foreground for v in manifest.videos] == ["none", "human", None]
    assert [v.group for v in manifest.videos] == ["g1", "g1", None]
    assert manifest.classes["background"] == ("normal", "rain", "snow")  # T1
    assert manifest.classes["foreground"] == ("none", "human")
    assert all(os.path.isfile(v.path) for v in manifest.videos)
    assert [manifest.place(i).rpartition(" ")[2] for i in range(3)] == ["3", "2", "4"]
    assert describe(manifest) == [
        "3 videos in 2 groups",
        "background: normal 1, rain 1, snow 1",
        "foreground: none 1, human 1; 1 unlabeled",
    ]


def test_class_order_is_the_papers_then_sorted():
    assert class_order("background", ["zebra", "rain", "ant", "normal", "rain", None]) == (
        "normal", "rain", "ant", "zebra",
    )  # fmt: skip
    assert class_order("foreground", ["none", "dog", "human"]) == ("none", "human", "dog")


def test_shuffled_lists_mean_the_same(folder):
    lines = ["a.mp4,rain,none,x,", "b.mp4,normal,human,y,", "c.mp4,rain,none,,", "d.mp4,,human,,"]
    first = read_labels(write(folder, HEADER + "\n".join(lines)))
    random.Random(3).shuffle(lines)
    again = read_labels(write(folder, HEADER + "\n".join(lines)))
    assert first._replace(lines=()) == again._replace(lines=())


GOOD = {
    "windows line ends": b"file,background\r\na.mp4,rain\r\nb.mp4,normal\r\n",
    "old mac line ends": b"file,background\ra.mp4,rain\rb.mp4,normal\r",
    "byte-order mark": b"\xef\xbb\xbffile,background\na.mp4,rain\nb.mp4,normal\n",
    "quotes": b'"file","background"\n"a.mp4","rain"\n"b.mp4","normal"\n',
    "blank lines": b"\n\nfile,background\n\na.mp4,rain\n\n\nb.mp4,normal\n\n",
    "blanks around cells": b" File , Background \n a.mp4 ,  rain\nb.mp4,normal  \n",
    "no end of line": b"file,background\na.mp4,rain\nb.mp4,normal",
    "other columns": b"id,background,file,note\n7,rain,a.mp4,x\n8,normal,b.mp4,y\n",
    "empty cells at the end": b"file,background,,\na.mp4,rain,,\nb.mp4,normal,,\n",
    "lines": b"a.mp4 rain\nb.mp4 normal\n",
    "lines with tabs": b"a.mp4\train\n\nb.mp4\tnormal\n",
    "dots in names": b"file,background\n./a.mp4,rain\nx/../b.mp4,normal\n",
}


@pytest.mark.parametrize("text", GOOD.values(), ids=GOOD)
def test_odd_but_right_lists_are_understood(folder, text):
    (folder / "x").mkdir()
    manifest = read_labels(write(folder, text))
    found = {os.path.basename(v.path): v.background for v in manifest.videos}
    assert found == {"a.mp4": "rain", "b.mp4": "normal"}


def test_names_and_labels_with_blanks_commas_and_quotes(folder):
    text = (
        'file,background\ntwo words.mp4,tree waving\n"comma, inside.mp4","rain, heavy"\n'
        'a.mp4,"say ""rain"""\n'
    )
    found = {v.name: v.background for v in read_labels(write(folder, text)).videos}
    assert found == {
        "two words.mp4": "tree waving",
        "comma, inside.mp4": "rain, heavy",
        "a.mp4": 'say "rain"',
    }
    lines = "two words.mp4 rain\ncomma, inside.mp4 normal\n"
    found = {v.name: v.background for v in read_labels(write(folder, lines)).videos}
    assert found == {"two words.mp4": "rain", "comma, inside.mp4": "normal"}


def test_a_folder_for_each_class(folder):
    for name in ("rain/1.mp4", "rain/deep/2.MKV", "rain/Thumbs.db", "snow/3.avi", "empty/x.txt"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    manifest = read_labels(folder)
    assert [(v.name, v.background, v.foreground) for v in manifest.videos] == [
        ("rain/1.mp4", "rain", None),
        ("rain/deep/2.MKV", "rain", None),
        ("snow/3.avi", "snow", None),
    ]
    told = "\n".join(describe(manifest))
    assert "empty: no video files, so no class of this name" in told
    assert "rain: left out: 1 .db" in told
    assert "left out: 6 beside the folders of classes" in told


BAD = {
    "no column file": (b"clip,background\na.mp4,rain\n", r"line 1: no column 'file'.*clip"),
    "no label column": (b"file,group\na.mp4,x\n", "line 1: no column 'background' or 'foreground'"),
    "no header": (b"a.mp4,rain,none\nb.mp4,normal,none\n", "line 1: no column 'file'"),
    "column twice": (
        b"file,background,file\na.mp4,rain,b.mp4\n",
        "line 1: column 'file' stands twice",
    ),
    "semicolons": (b"file;background\na.mp4;rain\n", "line 1: .*semicolons"),
    "tabs": (b"file\tbackground\na.mp4\train\n", "line 1: .*tabs"),
    "missing file": (b"file,background\na.mp4,rain\nz.mp4,rain\n", "line 3: no such file: 'z.mp4'"),
    "a folder": (b"file,background\na.mp4,rain\nsub,rain\n", "line 3: 'sub' is a folder"),
    "duplicate": (
        b"file,background\na.mp4,rain\nb.mp4,rain\n./a.mp4,rain\n",
        r"line 4: '\./a.mp4' is listed twice \(line 2 too\)",
    ),
    "duplicate through a link": (
        b"file,background\na.mp4,rain\nlink.mp4,normal\n",
        r"line 3: 'link.mp4' is listed twice \(line 2 too, with other labels\)",
    ),
    "in two splits": (
        b"file,background,split\na.mp4,rain,train\nb.mp4,rain,train\na.mp4,rain,test\n",
        r"line 4: 'a.mp4' is in train and in test \(line 2\)",
    ),
    "group in two splits": (
        b"file,background,group,split\na.mp4,rain,g,train\nb.mp4,rain,g,test\n",
        r"line 3: group 'g' is in test and in train \(line 2\)",
    ),
    "odd split": (b"file,background,split\na.mp4,rain,dev\n", "line 2: split 'dev'; want train"),
    "split missing": (
        b"file,background,split\na.mp4,rain,train\nb.mp4,rain,\n",
        "line 3: split is empty",
    ),
    "empty": (b"", "the label list is empty"),
    "blanks alone": (b" \n\n", "the label list is empty"),
    "header alone": (b"file,background,foreground\n", "lists no videos"),
    "binary": (b"\x00\x01\x02\xff" * 99, "not a text file"),
    "utf-16": ("file,background\na.mp4,rain\n".encode("utf-16"), "UTF-16 text; save it as UTF-8"),
    "latin-1": (b"file,background\na.mp4,rain\nb.mp4,tr\xe4d\n", "line 3: not UTF-8 text"),
    "label with a comma": (b"file,background\na.mp4,rain, heavy\n", "line 2: 3 cells under a hea"),
    "too few cells": (b"file,background,group\na.mp4,rain\n", "line 2: 2 cells under a header of"),
    "open quote": (b'file,background\na.mp4,rain\n"b.mp4,rain\nc.mp4,rain\n', "line 3: a quote is"),
    "stray quote": (b'file,background\na.mp4,rain\n"b".mp4,rain\n', "line 3: .*quote"),
    "no name": (b"file,background\na.mp4,rain\n,rain\n", "line 3: no file named"),
    "names alone": (
        b"a.mp4 rain\nBaby Crawling/b.avi\n",
        "line 2: 'Baby Crawling/b.avi'",
    ),
    "one word": (b"a.mp4 rain\nb.mp4\n", "line 2: 'b.mp4' alone; want 'path label'"),
}


@pytest.mark.parametrize(("text", "words"), BAD.values(), ids=BAD)
def test_wrong_lists_are_refused_with_line_and_text(folder, text, words):
    (folder / "sub").mkdir()
    (folder / "link.mp4").symlink_to(folder / "a.mp4")
    path = write(folder, text)
    began = time.process_time()
    with pytest.raises(LabelsError) as caught:
        read_labels(path)
    assert time.process_time() - began < 1
    assert re.search(f"labels.csv:? {words}|labels.csv: {words}", str(caught.value))
    assert "\n" not in str(caught.value)  # one mistake, one sentence


def test_every_mistake_is_told_in_the_order_of_the_lines(folder):
    text = HEADER + "z.mp4,rain,none,,\na.mp4,rain\nb.mp4,rain,none,,\nb.mp4,rain,none,,\n"
    with pytest.raises(LabelsError) as caught:
        read_labels(write(folder, text))
    lines = [re.search(r"line (\d)", line)[1] for line in str(caught.value).splitlines()]
    assert lines == ["2", "3", "5"]
    listed, faults = parse_labels(folder / "labels.csv")
    assert len(faults) == 3
    assert [row.file for row in listed.rows] == ["b.mp4"]


@pytest.mark.parametrize("name", ["absent.csv", "pipe", "nothing"])
def test_what_is_no_list_says_so(folder, name):
    os.mkfifo(folder / "pipe")
    (folder / "nothing").mkdir()
    words = {"absent.csv": "No such file", "pipe": "not a regular file", "nothing": "no videos in"}
    with pytest.raises(LabelsError, match=words[name]):
        read_labels(folder / name)


def test_a_folder_of_clips_with_a_list_in_it_points_to_the_list(folder):
    write(folder, "file,background\na.mp4,rain\n")
    with pytest.raises(LabelsError, match=r"did you mean .*labels\.csv"):
        read_labels(folder)


def test_one_video_classes_are_named_with_their_line(folder):
    text = "file,background,foreground\na.mp4,rain,none\nb.mp4,snow,none\nc.mp4,rain,human\n"
    manifest = read_labels(write(folder, text))
    with pytest.raises(LabelsError) as caught:
        refuse_lone_classes(manifest)
    told = str(caught.value).split("\n")
    assert len(told) == 2
    assert re.search(r"labels.csv line 3: background: class 'snow' has one video", told[0])
    assert re.search(r"labels.csv line 4: foreground: class 'human' has one video", told[1])


@pytest.mark.parametrize("command", ["train", "evaluate"])
def test_train_and_evaluate_refuse_a_class_with_one_video(folder, command, capsys):
    labels = write(folder, "file,background\na.mp4,rain\nb.mp4,snow\nc.mp4,rain\n")
    assert cli.main([command, "--labels", str(labels), "--cache", "none", "--jobs", "1"]) == 3
    assert "line 3: background: class 'snow' has one video" in capsys.readouterr().err


def test_training_leaves_test_videos_and_their_classes_out(folder):
    text = "file,background,split\na.mp4,rain,train\nb.mp4,snow,test\nc.mp4,normal,TRAIN\n"
    manifest = training_part(read_labels(write(folder, text)))
    assert [v.name for v in manifest.videos] == ["a.mp4", "c.mp4"]
    assert manifest.classes["background"] == ("normal", "rain")


def test_classes_that_differ_in_capitals_alone_are_remarked(folder):
    manifest = read_labels(write(folder, "file,background\na.mp4,Rain\nb.mp4,rain \nc.mp4,rain\n"))
    assert "note: background: 'rain' and 'Rain' are two classes" in describe(manifest)


def test_control_characters_of_names_never_reach_the_screen(folder):
    with pytest.raises(LabelsError) as caught:
        read_labels(write(folder, b"file,background\n\x1b[31mred.mp4,rain\n"))
    assert "\x1b" not in str(caught.value)


@pytest.mark.slow
@pytest.mark.unwatched
@pytest.mark.parametrize("there", [True, False])
def test_a_hundred_thousand_lines_take_less_than_a_second(tmp_path, there, monkeypatch):
    lines = [f"{i:06}.mp4,{'rain' if i % 2 else 'normal'},none" for i in range(100_000)]
    path = write(tmp_path, "file,background,foreground\n" + "\n".join(lines) + "\n")
    real = os.stat(path)
    if there:  # 10^5 real files take longer to make than to list: the disk is imitated
        fake = {
            f"{path.parent}/{i:06}.mp4": os.stat_result((*real[:1], i, *real[2:10]))
            for i in range(100_000)
        }
        monkeypatch.setattr(os, "stat", lambda p, **_rest: fake.get(p, real))

    def read():
        if there:
            assert len(read_labels(path).videos) == 100_000
        else:
            with pytest.raises(LabelsError, match=r"line 21: .*\n\.\.\. and 99980 more"):
                read_labels(path)

    plain = quickest(lambda: sum(len(line.split(",")) for line in lines))
    assert quickest(read) < max(1, 50 * plain)  # plain is 0.02 s on a machine that is not busy


def quickest(work):
    """CPU seconds of the quicker of two."""
    times = []
    for _ in range(2):
        began = time.process_time()
        work()
        times.append(time.process_time() - began)
    return min(times)
