"""The choices that flags mean."""

import argparse

import pytest

from lsfref.app import flags, options
from lsfref.config import PRESETS
from lsfref.errors import UsageError
from lsfref.study.best.choices import CONFIG, Choices


def parse(*words):
    parser = argparse.ArgumentParser()
    flags.add(parser, "CONFIG", command="train")
    return parser.parse_args(words)


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
