"""The command evaluate, on clips."""

import json
import re

import numpy as np
import pytest
from clips import rewrite

from lsfref.app import cli
from lsfref.media.writer import write_video

pytestmark = pytest.mark.unwatched


KEYS = {
    "method", "task", "videos", "accuracy_mean", "accuracy_sd", "interval", "recall_mean",
    "majority", "confusion",
}  # fmt: skip


QUICK = ["--set", "epochs=2", "--set", "n_samples=300", "--set", "n_scales=1", "--jobs", "1"]


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


def ask(labels, cache, capsys, *flags):
    status = cli.main(["evaluate", "--labels", str(labels), "--cache", str(cache), *QUICK, *flags])
    return status, *capsys.readouterr()


def test_the_command_on_clips(labeled_clips, cache, capsys):
    status, out, err = ask(labeled_clips, cache, capsys, "--folds", "3", "--json")
    assert status == 0
    rows = [json.loads(line) for line in out.splitlines()]
    assert [row["task"] for row in rows] == ["background", "foreground"]
    for row in rows:
        assert set(row) >= KEYS
        assert row["videos"] == 9
        assert sum(map(sum, row["confusion"])) == pytest.approx(9)
        assert np.trace(row["confusion"]) / 9 == pytest.approx(row["accuracy_mean"])
        assert row["interval"][0] < row["accuracy_mean"] < row["interval"][1]
    assert "9 videos in 9 groups" in err
    assert "3 folds: 3 videos asked in each" in err
    assert "K is drawn" not in err
    fixed = ("--set", "k_rule=fixed")
    told = "K is drawn from 50 to 100, and cut to the 6 videos of a training part"
    assert told in ask(labeled_clips, cache, capsys, "--folds", "3", "--json", *fixed)[2]
    again = ask(labeled_clips, cache, capsys, "--folds", "3", "--json", "--quiet")
    assert again == (0, out, "")
    status, out, _ = ask(labeled_clips, cache, capsys, "--folds", "3", "--quiet")
    for words in ("background, whole system: accuracy", "true \\ answer", "threshold  answered"):
        assert words in out
    status, out, _ = ask(labeled_clips, cache, capsys, "--folds", "3", "--quiet", "--csv")
    header, *lines = out.splitlines()
    assert KEYS <= set(header.replace('"', "").split(","))
    assert len(lines) == 2


def test_the_lists_own_split_stands_unless_folds_are_asked_for(
    labeled_clips, cache, tmp_path, capsys
):
    def change(header, rows):
        sides = [f"{row},{'test' if i % 3 == 2 else 'train'}" for i, row in enumerate(rows)]
        return f"{header},split", sides

    labels = rewrite(labeled_clips, tmp_path, change)
    status, out, err = ask(labels, cache, capsys, "--json")
    assert status == 0
    assert "one split: 6 videos to learn from, 3 to ask" in err
    assert json.loads(out.splitlines()[0])["videos"] == 3
    status, out, err = ask(labels, cache, capsys, "--json", "--folds", "3", "--split", "random")
    assert "3 folds" in err
    assert json.loads(out.splitlines()[0])["videos"] == 9


def test_bad_videos_are_left_out_still_ones_are_answered_and_both_are_told(
    labeled_clips, cache, tmp_path, capsys
):
    write_video(tmp_path / "still.mkv", np.full((20, 41, 53), 90, np.uint8))
    labels = rewrite(
        labeled_clips, tmp_path, lambda h, rows: (h, [*rows, "still.mkv,normal,none,y"])
    )
    status, out, err = ask(labels, cache, capsys, "--json", "--folds", "3")
    assert status == 0
    assert re.search("without trajectories: .*still.mkv: no trajectories", err)
    told = json.loads(out.splitlines()[0])
    assert (told["videos"], sum(told["unanswered"])) == (10, 0)

    (tmp_path / "text.mp4").write_text("no video")
    with labels.open("a") as file:
        file.write("text.mp4,normal,none,z\n")
    status, out, err = ask(labels, cache, capsys, "--json", "--folds", "3")
    assert status == 1
    assert re.search("left out: .*text.mp4", err)
    assert json.loads(out.splitlines()[0])["videos"] == 10


@pytest.mark.parametrize(
    ("change", "flags", "words"),
    [
        (lambda h, r: (h, [x.replace("human", "none") for x in r[:3]]), [],
         "background: only the class 'camera shaking'"),
        (lambda h, r: (h, [",".join([x.split(",")[0], "", *x.split(",")[2:]]) for x in r]), [],
         "no background labels"),
        (lambda h, r: (h.removesuffix(",group"), [x.rpartition(",")[0] for x in r]),
         ["--split", "group"], "wants a column 'group'"),
        (lambda h, r: (h, r), ["--folds", "10"], "want 2 to 9 folds"),
        (lambda h, r: (h + ",split", [x + ",test" for x in r]), [], "no usable video has split"),
    ],
    ids=["one class", "no background", "no groups", "folds", "nothing to learn from"],
)  # fmt: skip
def test_what_cannot_be_evaluated_is_one_sentence(
    labeled_clips, cache, tmp_path, capsys, change, flags, words
):
    labels = rewrite(labeled_clips, tmp_path, change)
    status, out, err = ask(labels, cache, capsys, "--quiet", *flags)
    assert (status, out) == (3, "")
    assert words in err
