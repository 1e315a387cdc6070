"""How often a video is decoded and followed: counted, not timed."""

import collections

import pytest
from clips import BRIEF

from lsfref import video
from lsfref.app.cli import main
from lsfref.phases import streaming
from lsfref.storage.files import printable


@pytest.fixture
def times(monkeypatch):
    """By file: how often its frames were decoded; in all: how often trajectories were followed."""
    decoded, followed = collections.Counter(), []
    real_read, real_follow = video.read_rgb, streaming.extract_frames

    def read(path, **limits):
        decoded[printable(path).rpartition("/")[2]] += 1
        return real_read(path, **limits)

    def follow(*rest, **more):
        followed.append(1)
        return real_follow(*rest, **more)

    monkeypatch.setattr(video, "read_rgb", read)
    monkeypatch.setattr(streaming, "extract_frames", follow)
    return decoded, followed


CACHES = {
    "enough": ["--cache", "{0}"],
    "none": ["--cache", "{0}", "--cache-limit", "0.000001"],  # holds no features
    "too little": ["--cache", "{0}", "--cache-limit", "0.004"],  # of some videos
}


def run(command, preset, cache, folder, *more):
    words = [word.format(folder / "cache") for word in CACHES[cache]]
    own = ["--quiet", "--jobs", "1"]
    if command != "classify":
        own += [*BRIEF, "--preset", preset]
    return main([command, *map(str, more), *words, *own])


@pytest.mark.parametrize("cache", CACHES)
@pytest.mark.parametrize("preset", [pytest.param("paper", marks=pytest.mark.slow), "small", "best"])
def test_train(preset, cache, times, labeled_clips, tmp_path, capsys):
    """At most two extractions, one where features are kept; a decoding for each."""
    decoded, followed = times
    words = ["--labels", labeled_clips, "--model", tmp_path / "m.npz", "--no-estimate"]
    assert run("train", preset, cache, tmp_path, *words) in (0, 1)
    n = len(decoded)
    assert n > 5
    assert set(decoded.values()) <= ({1} if cache == "enough" else {1, 2})
    assert sum(decoded.values()) == len(followed)
    if cache == "none":
        assert max(decoded.values()) == 2


@pytest.mark.parametrize("preset", ["small", "best"])
def test_train_with_its_estimate(preset, times, labeled_clips, tmp_path, capsys):
    """What was made of the videos is known: none is read again."""
    decoded, followed = times
    words = ["--labels", labeled_clips, "--model", tmp_path / "m.npz"]
    assert run("train", preset, "enough", tmp_path, *words) in (0, 1)
    assert set(decoded.values()) == {1}
    assert sum(decoded.values()) == len(followed)


@pytest.mark.parametrize("preset", ["paper", "small", "best"])
def test_evaluate(preset, times, labeled_clips, tmp_path, capsys):
    decoded, followed = times
    words = ["--labels", labeled_clips, "--folds", "2"]
    assert run("evaluate", preset, "enough", tmp_path, *words) in (0, 1)
    assert set(decoded.values()) == {1}
    assert sum(decoded.values()) == len(followed)


@pytest.mark.parametrize("cache", CACHES)
@pytest.mark.parametrize("kind", ["small", "best"])
def test_classify(kind, cache, times, small_model, best_model, labeled_clips, tmp_path, capsys):
    decoded, followed = times
    model = {"small": small_model, "best": best_model}[kind]
    clips = sorted(labeled_clips.parent.glob("*.mkv"))[:2]
    assert run("classify", kind, cache, tmp_path, *clips, "--model", model) == 0
    assert decoded == dict.fromkeys([clip.name for clip in clips], 1)
    assert len(followed) == 2
