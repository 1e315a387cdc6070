"""The passes over one video: counted, rows where they stand, codes averaged; bad input is told."""

import numpy as np
import pytest
from fakes import FakeExtract
from tests_model import CONFIG, make

from lsfref.config import Config
from lsfref.errors import Notice, NoTrajectoriesError, VideoError
from lsfref.phases import passes
from lsfref.phases.extraction import Extraction

NAME = "rain-human-3-g1.mp4"
EXTRACT = FakeExtract(sizes={NAME: 31})  # in blocks of 13, 13 and 5 rows


def whole(extract=EXTRACT):
    return np.concatenate([block.descriptors_PD for block in extract(NAME, CONFIG)])


def broken(path, config):
    raise VideoError(f"{path}: no video")


def test_a_survey_counts_what_comes_unless_it_is_known():
    survey = passes.survey(NAME, config=CONFIG, extract=EXTRACT)
    assert survey == (None, 31, 23, (), None)
    known = Extraction(iter(()), 23, 7, [Notice("video", "damaged"), Notice("machine", "full")])
    survey = passes.survey(NAME, config=CONFIG, extract=lambda path, config: known)
    assert survey == (None, 7, 23, ("damaged", "full"), None)
    assert passes.survey(NAME, config=CONFIG, extract=broken).error == f"{NAME}: no video"


def test_pooling_is_the_mean_of_the_codes_of_all_rows():
    encoder = make().network.encoder
    pooled = passes.pool_video(NAME, config=CONFIG, extract=EXTRACT, encoder=encoder)
    np.testing.assert_allclose(pooled.pooled_E, encoder(whole()).mean(axis=0), rtol=0, atol=1e-12)
    assert pooled[1:] == (31, 23, (), None)


def test_what_cannot_be_pooled_says_why():
    def nothing(blocks):
        raise NoTrajectoriesError("no trajectories")

    pooled = passes.pool_video_by(NAME, pool=nothing, config=CONFIG, extract=EXTRACT)
    assert pooled.pooled_E is None
    assert "no trajectories" in pooled.error

    def refuse(blocks):
        raise VideoError("row 3 is odd")

    pooled = passes.pool_video_by(NAME, pool=refuse, config=CONFIG, extract=EXTRACT)
    assert pooled.error == f"{NAME}: row 3 is odd"
    pooled = passes.pool_video_by(NAME, pool=refuse, config=CONFIG, extract=broken)
    assert pooled == (None, 0, 0, (), f"{NAME}: no video")


@pytest.mark.parametrize(
    ("frames", "points", "least", "still"),
    [
        (16, 0, 1, True), (16, 0, 0, True), (15, 0, 1, False), (16, 0, 2, False),
        (16, 3, 1, False), (16, 1, 2, False),
    ],
)  # fmt: skip
def test_trackless_by_hand(frames, points, least, still):
    """Frames enough, no trajectory, and one is all that is wanted; nor is damage stillness."""
    config = Config(min_points=least)
    known = Extraction(iter(()), frames, points)
    pooled = passes.survey(NAME, config=config, extract=lambda path, config: known)
    assert passes.trackless(NAME, pooled, config) == still
    assert not passes.trackless(NAME, pooled._replace(error="damaged"), config)
