"""Choices: presets, settings from text and from JSON, streams that do not shift each other."""

import dataclasses
import json

import numpy as np
import pytest
from hypothesis import given, settings
from texts import texts

from lsfref.config import PRESETS, Config, random_streams
from lsfref.storage.choices import config_from_json, parse_setting


def test_the_published_numbers_are_preset_paper():
    paper = PRESETS["paper"]
    assert paper == Config()
    assert (paper.n_samples, paper.epochs, paper.n_code) == (1_000_000, 200, 128)
    assert (paper.lr_ae, paper.lr_mlp, paper.top_percent) == (1e-3, 1e-2, 50)
    assert paper.hidden == (256,)


def test_preset_small_is_the_laptops():
    small = PRESETS["small"]
    assert (small.dtype, small.max_side, small.n_samples) == ("float32", 320, 50_000)
    assert (small.epochs, small.batch_size, small.optimizer) == (30, 250, "adam")
    assert (small.lr_ae, small.lr_mlp, small.input_scaling) == (1e-3, 1e-3, "rms")
    assert (small.n_projections, small.k_rule) == (30, "sqrt")


@pytest.mark.parametrize("preset", PRESETS)
def test_json_and_back(preset):
    config = PRESETS[preset]
    assert config_from_json(json.loads(json.dumps(dataclasses.asdict(config)))) == config


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("epochs=7", 7),
        ("hidden=31,17", (31, 17)),
        ("hidden=", ()),
        ("voting=stacked", "stacked"),
        ("top_percent=25", 25.0),
        ("lr_ae=1e-4", 1e-4),
    ],
)
def test_settings_by_hand(text, value):
    assert parse_setting(text) == (text.partition("=")[0], value)


@pytest.mark.parametrize(
    "text",
    [
        "epochs=0",
        "epochs=-1",
        "epochs=1.5",
        "epochs",
        "epochs=",
        "colour=red",
        "voting=loud",
        "top_percent=101",
        "top_percent=nan",
        "lr_ae=inf",
        "lr_ae=-1",
        "hidden=0",
        "hidden=a",
        "n_code=1e3",
    ],
)
def test_odd_settings_say_what_would_be_right(text):
    with pytest.raises(ValueError, match="want"):
        parse_setting(text)


@settings(max_examples=40)
@given(texts(max_size=30))
def test_any_text_is_a_setting_or_a_sentence(text):
    try:
        name, value = parse_setting(text)
    except ValueError:
        return
    assert dataclasses.replace(Config(), **{name: value})


def test_json_with_other_fields_is_refused():
    values = dataclasses.asdict(Config())
    for odd in ([], {**values, "more": 1}, {k: values[k] for k in list(values)[1:]}):
        with pytest.raises(ValueError, match="other fields"):
            config_from_json(odd)


def test_streams_are_independent_and_repeat():
    one, two = random_streams(3), random_streams(3)
    one.sample.standard_normal(1000)  # more draws of one purpose ...
    for a, b in zip(one[1:], two[1:], strict=True):  # ... move no other
        np.testing.assert_array_equal(a.standard_normal(5), b.standard_normal(5))
    assert not np.array_equal(
        random_streams(3).hash.standard_normal(5), random_streams(4).hash.standard_normal(5)
    )
