"""Which videos can be asked."""

import pytest
from clips import rewrite

from lsfref.app.evaluation.videos import labeled
from lsfref.app.lists.manifest import read_labels

pytestmark = pytest.mark.unwatched


def test_videos_without_any_label_are_left_out(labeled_clips, tmp_path):
    labels = rewrite(labeled_clips, tmp_path, lambda h, rows: (h, [*rows[1:], "00.mkv,,,z"]))
    manifest = labeled(read_labels(labels))
    assert len(manifest.videos) == 8
    assert manifest.notes == ["1 video without labels left out"]
