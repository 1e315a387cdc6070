"""The flags that commands share: numbers in their ranges, and the choices that they mean."""

import argparse

import pytest

from lsfref.app import options
from lsfref.config import PRESETS
from lsfref.errors import UsageError
from lsfref.study.best.choices import CONFIG, Choices


def parse(*words):
    parser = argparse.ArgumentParser()
    options.add_config(parser, best=True)
    return parser.parse_args(words)


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        (options.whole, {"0": 0, "7": 7}, ["-1", "1.5", "a"]),
        (options.positive, {"1": 1}, ["0", "-1", ""]),
        (options.share, {"0": 0.0, "1": 1.0, "0.25": 0.25}, ["-0.01", "1.01", "nan"]),
        (options.amount, {"0.5": 0.5}, ["0", "-1", "inf", "nan"]),
    ],
)
def test_numbers_in_their_ranges(kind, good, bad):
    assert {text: kind(text) for text in good} == good
    for text in bad:
        with pytest.raises((ValueError, argparse.ArgumentTypeError)):
            kind(text)


def test_flags_beat_settings_and_settings_beat_the_preset():
    config = options.config_from(parse("--seed", "3", "--set", "epochs=7", "--max-frames", "99"))
    assert (config.seed, config.epochs, config.max_frames) == (3, 7, 99)
    assert config.n_samples == PRESETS["small"].n_samples
    config = options.config_from(parse("--set", "max_frames=5", "--max-frames", "99"))
    assert config.max_frames == 99
    assert options.config_from(parse("--preset", "paper")) == PRESETS["paper"]


def test_preset_best_has_choices_of_its_own_and_the_others_none():
    assert options.chosen(parse()) == (PRESETS["small"], None)
    assert options.chosen(parse("--preset", "best")) == (CONFIG, Choices())
    words = ("--preset", "best", "--set", "cost=3", "--set", "epochs=7")
    config, choices = options.chosen(parse(*words))
    assert (config.epochs, choices.cost, choices.gamma) == (7, 3.0, Choices().gamma)
    with pytest.raises(UsageError, match="--set want NAME=VALUE"):
        options.chosen(parse("--set", "cost=3"))


def test_flags_that_are_not_given_change_nothing():
    config = PRESETS["small"]
    assert options.with_flags(config, argparse.Namespace()) == config
    flags = argparse.Namespace(flow="farneback", max_pixels=7, camera_motion=None)
    changed = options.with_flags(config, flags)
    assert (changed.flow, changed.max_pixels) == ("farneback", 7)
    assert changed.camera_motion == config.camera_motion


@pytest.mark.parametrize(
    ("base", "home", "folder"),
    [
        ("/x/cache", "/elsewhere/me", "/x/cache/lsfref"),
        ("", "/elsewhere/me", "/elsewhere/me/.cache/lsfref"),
        ("not/absolute", "/elsewhere/me", "/elsewhere/me/.cache/lsfref"),
    ],
)
def test_the_cache_is_where_xdg_says(monkeypatch, base, home, folder):
    monkeypatch.setenv("XDG_CACHE_HOME", base)
    monkeypatch.setenv("HOME", home)
    assert options.cache_folder() == folder
