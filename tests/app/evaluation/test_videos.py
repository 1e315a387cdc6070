"""Which videos can be asked."""

import pytest

from lsfref.app.evaluation.videos import labelled
from lsfref.app.lists.manifest import read_labels

pytestmark = pytest.mark.unwatched


def rewrite(labels, tmp_path, change):
    header, *rows = labels.read_text().splitlines()
    header, rows = change(header, rows)
    for clip in labels.parent.glob("*.mkv"):
        (tmp_path / clip.name).symlink_to(clip)
    path = tmp_path / "labels.csv"
    path.write_text("\n".join([header, *rows]) + "\n")
    return path


def test_videos_without_any_label_are_left_out(labelled_clips, tmp_path):
    labels = rewrite(labelled_clips, tmp_path, lambda h, rows: (h, [*rows[1:], "00.mkv,,,z"]))
    manifest = labelled(read_labels(labels))
    assert len(manifest.videos) == 8
    assert manifest.notes == ["1 videos without labels left out"]
