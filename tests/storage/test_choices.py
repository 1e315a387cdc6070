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
        "color=red",
        "voting=loud",
        "top_percent=101",
        "top_percent=0",
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


def test_what_would_be_right_by_hand():
    with pytest.raises(ValueError, match=r"^voting: want average or table or weighted or stacked;"):
        parse_setting("voting=loud")
    with pytest.raises(ValueError, match=r"^epochs: want 200 or the like; got '0'"):
        parse_setting("epochs=0")


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


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("lr_ae", "1"), ("lr_ae", True), ("epochs", "7"), ("epochs", 7.0), ("epochs", True),
        ("hidden", 5), ("hidden", "ab"), ("hidden", [7.0]), ("hidden", [0]), ("voting", 3),
    ],
)  # fmt: skip
def test_json_with_values_of_other_types_is_refused(name, value):
    with pytest.raises(ValueError, match=f"{name} = .* is not one of its values"):
        from_json(Config, {**dataclasses.asdict(Config()), name: value})


def test_a_whole_number_in_json_is_a_real_one_where_that_is_wanted():
    config = from_json(Config, {**dataclasses.asdict(Config()), "top_percent": 25})
    assert type(config.top_percent) is float
    assert config.top_percent == 25
