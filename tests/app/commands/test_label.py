"""`label`: a list that `check` and `train` read."""

import csv
import io

from lsfref.app.cli import main
from lsfref.app.lists.manifest import read_labels


def test_the_list_of_a_folder_can_be_read(labeled_clips, tmp_path, capsys):
    folder = tmp_path / "clips"
    folder.mkdir()
    for number, clip in enumerate(sorted(labeled_clips.parent.glob("*.mkv"))[:4]):
        name = ["rain-human", "noise-nobody"][number % 2]
        (folder / f"{name}-gate-{number}.mkv").symlink_to(clip)
    assert main(["label", f"{folder}/"]) == 0
    printed = capsys.readouterr()
    rows = list(csv.DictReader(io.StringIO(printed.out)))
    assert [row["background"] for row in rows] == ["noise", "noise", "rain", "rain"]
    assert [row["foreground"] for row in rows] == ["none", "none", "human", "human"]
    assert {row["group"] for row in rows} == {"gate"}
    assert "4 videos" in printed.err
    (tmp_path / "labels.csv").write_text(printed.out)
    found = read_labels(tmp_path / "labels.csv")
    assert found.classes["background"] == ("noise", "rain")
    assert main(["label", str(folder), "--quiet"]) == 0
    assert capsys.readouterr().err == ""


def test_no_folder_and_no_videos_are_told(tmp_path, capsys):
    for place, why in ((tmp_path, "no videos in it"), (tmp_path / "nowhere", "no such folder")):
        assert main(["label", str(place)]) == 3
        assert why in capsys.readouterr().err
