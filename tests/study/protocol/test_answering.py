"""The contract of what answers: the paper's system is asked like any other."""

import numpy as np
from fakes import FakeExtract, ask
from tests_model import make

from lsfref.phases import testing
from lsfref.phases.passes import Pooled
from lsfref.study.protocol import answering

NAME = "rain-human-3-g1.mp4"
FITTED = make()
ASKED = answering.paper_answerer(FITTED)


def test_the_papers_system_pools_codes_and_votes():
    pooled = ASKED.describe(NAME, extract=FakeExtract())
    rows_PD = np.concatenate([b.descriptors_PD for b in FakeExtract()(NAME, FITTED.config)])
    codes_PE = FITTED.network.encoder(rows_PD)
    np.testing.assert_allclose(pooled.pooled_E, codes_PE.mean(axis=0), rtol=0, atol=1e-12)
    said = ask(ASKED, NAME, extract=FakeExtract())
    for name, task in FITTED.tasks.items():
        votes = testing.votes_of(task, pooled.pooled_E[None], FITTED.config)
        np.testing.assert_array_equal(
            ASKED.shares(name, pooled.pooled_E[None]), votes.confidence_MC
        )
        assert list(said.confidence[name].values()) == votes.confidence_MC[0].tolist()


def test_an_interval_is_the_mean_of_the_codes_that_end_in_it(monkeypatch):
    monkeypatch.setattr("lsfref.media.decoding.frame_rate", lambda path: 1.0)
    timeline = ASKED.describe_intervals(NAME, seconds=23.0, extract=FakeExtract())
    (whole,) = timeline.intervals
    want = ASKED.describe(NAME, extract=FakeExtract())
    np.testing.assert_allclose(whole.pooled.pooled_E, want.pooled_E, rtol=0, atol=1e-12)
    assert (whole.first, whole.last, whole.pooled.n_points) == (0, 22, 23)


def test_another_system_answers_with_shares_of_its_own():
    class Other:
        model = FITTED

        def shares(self, task, pooled_ME):
            return np.eye(len(FITTED.tasks[task].classes))[-1:]

    said = answering.answer_as(Other(), Pooled(np.zeros(11), 5, 23))
    assert said.labels == {"background": "snow", "foreground": "human"}
    assert said.confidence["foreground"] == {"none": 0.0, "human": 1.0}
