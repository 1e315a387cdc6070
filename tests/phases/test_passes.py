"""The passes over one video: counted, rows where they stand, codes averaged; bad input is told."""

import numpy as np
import pytest
from fakes import FakeExtract
from tests_model import CONFIG, make

from lsfref.errors import NoTrajectoriesError, VideoError
from lsfref.phases import passes
from lsfref.phases.extraction import Extraction, Notice

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


@pytest.mark.parametrize("rows", [(0,), (12, 13), (0, 3, 12, 13, 25, 26, 30), (30,), ()])
def test_rows_are_picked_where_they_stand(rows):
    rows_p = np.array(rows, dtype=np.int64)
    picked = passes.pick_rows(NAME, rows_p, config=CONFIG, extract=EXTRACT)
    np.testing.assert_array_equal(picked, whole()[rows_p])


def test_no_block_is_read_beyond_the_last_row():
    def endless(path, config):
        def blocks():
            yield from EXTRACT(path, config)
            raise AssertionError("read on")

        return Extraction(blocks(), 23)

    passes.pick_rows(NAME, np.array([30]), config=CONFIG, extract=endless)


def test_rows_that_are_gone_or_not_finite_are_told():
    with pytest.raises(VideoError, match="has changed while"):
        passes.pick_rows(NAME, np.array([3, 31]), config=CONFIG, extract=EXTRACT)

    def spoiled(path, config):
        found = EXTRACT(path, config)
        blocks = list(found)
        blocks[1].descriptors_PD[4, 7] = np.nan
        return Extraction(iter(blocks), 23)

    assert np.isfinite(
        passes.pick_rows(NAME, np.array([16, 18]), config=CONFIG, extract=spoiled)
    ).all()
    with pytest.raises(VideoError, match=r"descriptor row 17 is not finite"):
        passes.pick_rows(NAME, np.array([3, 17, 20]), config=CONFIG, extract=spoiled)


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
