"""Choices as text: from the JSON of a model, and from NAME=VALUE."""

import dataclasses
import json

import pytest
from hypothesis import given, settings
from texts import texts

from lsfref.config import PRESETS, Config
from lsfref.storage.choices import from_json, parse_setting


@pytest.mark.parametrize("preset", PRESETS)
def test_json_and_back(preset):
    config = PRESETS[preset]
    assert from_json(Config, json.loads(json.dumps(dataclasses.asdict(config)))) == config


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("epochs=7", 7),
        ("hidden=31,17", (31, 17)),
        ("hidden=1", (1,)),
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
            from_json(Config, odd)
