"""What an estimate says to a person, word by word."""

import numpy as np
import pytest

from lsfref.app.evaluation import estimate, judgment
from lsfref.app.lists.manifest import read_labels
from lsfref.study.protocol.outcome import Outcome


def outcome_of(shares, *, right, n=40):
    true_M = np.arange(n) % 2
    wrong = np.arange(n) >= right
    return Outcome(
        "m", "background", ("normal", "rain"), true_M,
        np.where(wrong, 1 - true_M, true_M)[None], np.asarray(shares)[None],
    )  # fmt: skip


@pytest.fixture(scope="module")
def manifest(labeled_clips):
    return read_labels(labeled_clips)


def test_words_by_hand(manifest):
    sure = np.where(np.arange(40) < 32, 0.9, 0.5)  # the 8 wrong ones are unsure
    videos = manifest.videos[:1] * 39 + [manifest.videos[0]._replace(background="rain", group="z")]
    videos = [v._replace(background="normal") if v.group != "z" else v for v in videos]
    listed = manifest._replace(videos=videos)
    (row,) = estimate.facts([outcome_of(sure, right=32)], listed, drawn=False).values()
    assert (row["accuracy"], row["majority"], row["threshold"]) == (0.8, 0.5, 0.9)
    assert row["sources"] == {"normal": 1, "rain": 1}
    said = judgment.sentence("background", row)
    assert "expect 80 % right (65 % to 90 %) on cameras not seen; always 'normal' 50 %" in said
    assert "few sources of 'normal' (1), 'rain' (1): add more" in said
    assert "8 of 10 are right: --threshold 0.90 is right in 9 of 10 and answers 80 %" in said
    poor = estimate.facts([outcome_of(sure, right=22)], listed, drawn=False)
    assert "; perhaps no better than always 'normal'" in judgment.sentence(
        "background", poor["background"]
    )
    worse = poor["background"] | {"majority": 0.6}
    assert "; no better than always 'normal'" in judgment.sentence("background", worse)
    assert "no better" in judgment.caution(poor)
    assert judgment.caution({"background": row}) is None
    assert "drawn scenes" in judgment.caution({"background": row | {"drawn": True}})


def test_the_other_preset_is_named_where_it_is_better():
    here, there = {"background": {"accuracy": 0.5}}, {"background": {"accuracy": 0.74}}
    assert judgment.compared(here, there, "best") == (
        "preset best is expected at background 74 %: train with --preset best"
    )
    assert "train with" not in judgment.compared(there, here, "best")
    assert "--estimate both" in judgment.compared(here, None, "best")
