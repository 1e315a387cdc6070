"""Videos set aside are asked, and what cannot be read is told and counted as an error."""

from types import SimpleNamespace

import pytest
from fakes import CLASSES, FakeExtract, videos

from lsfref import pipeline
from lsfref.app.evaluation import held_out
from lsfref.app.lists.manifest import Manifest
from lsfref.config import Config
from lsfref.errors import VideoError
from lsfref.phases.extraction import Work

CONFIG = Config(n_samples=211, epochs=2, hidden=(11,), n_code=7, batch_size=53, n_neighbors=3)


@pytest.fixture
def listed():
    made = videos(per_class=4)
    splits = [["train", "test"][i % 4 == 3] for i in range(len(made))]
    return Manifest(made, splits, [0] * len(made), "clips")


def ask(listed, monkeypatch):
    """Return the answers to the first test video, which cannot be read, after checking the rest."""
    monkeypatch.setattr("lsfref.study.protocol.asking.N_PAIRS", 3)
    learned = [v for v, s in zip(listed.videos, listed.splits, strict=True) if s == "train"]
    extract, read = FakeExtract(), []
    fitted = pipeline.train(learned, CONFIG, classes=CLASSES, work=Work(extract)).model
    bad = next(v.path for v, s in zip(listed.videos, listed.splits, strict=True) if s == "test")

    def reading(path, config):
        read.append(path)
        if path == bad:
            raise VideoError(f"{path}: gone")
        return extract(path, config)

    said = []
    progress = SimpleNamespace(report=lambda warnings, error, fate: said.append((fate, error)))
    doing = SimpleNamespace(work=Work(reading), progress=progress)
    found = held_out.ask(listed, fitted, doing)
    aside = [v for v, s in zip(listed.videos, listed.splits, strict=True) if s == "test"]
    assert read == [v.path for v in aside]
    assert said == [("counted as an error", f"{bad}: gone")] + [("counted as an error", None)] * (
        len(aside) - 1
    )
    assert [outcome.task for outcome in found] == ["background", "foreground"]
    for outcome in found:
        assert outcome.predicted_YM.shape == (3, len(aside))
        assert (outcome.predicted_YM[:, 1:] >= 0).all()
    return [outcome.predicted_YM[:, 0].tolist() for outcome in found]


def test_the_test_part_alone_is_asked_and_what_cannot_be_read_is_told(listed, monkeypatch):
    ask(listed, monkeypatch)


def test_what_cannot_be_read_has_no_answer(listed, monkeypatch):
    assert ask(listed, monkeypatch) == [[-1] * 3] * 2
