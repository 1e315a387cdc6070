"""What the help of a command says beside its flags."""

import argparse
import shlex

import pytest

from lsfref.app import manual
from lsfref.app.cli import build_parser
from lsfref.app.flags import COMMANDS
from lsfref.config import PRESETS, Config

pytestmark = pytest.mark.unwatched


def help_of(command):
    """Return the parser of a command and its help."""
    parser = build_parser(command)._subparsers._group_actions[0].choices[command]
    return parser, parser.format_help()


@pytest.mark.parametrize("command", COMMANDS)
def test_two_examples_that_can_be_parsed(command):
    examples = manual.examples(command)
    assert len(examples) == 2
    for words in examples:
        args = build_parser(command).parse_args(shlex.split(words))
        assert args.command == command
        assert f"\n  lsfref {words}\n" in f"{help_of(command)[1]}\n"


@pytest.mark.parametrize("command", COMMANDS)
def test_a_default_stands_once_and_says_something(command):
    parser, text = help_of(command)
    for action in parser._actions:
        formatted = parser.formatter_class("x")._get_help_string(action) or ""
        assert formatted.count("default: ") <= 1
        assert "%(default)s" not in formatted or action.default not in (None, [], argparse.SUPPRESS)
    for nothing in ("default: None", "default: False", "default: []"):
        assert nothing not in text


@pytest.mark.parametrize("command", COMMANDS)
def test_the_choices_of_set_are_named_where_it_is_a_flag(command):
    parser, text = help_of(command)
    preset = parser.get_default("preset")
    if preset is None:
        assert "--set" not in text
        return
    for name in Config.__dataclass_fields__:
        assert f"\n  {name}=" in text
    assert f"\n  epochs={PRESETS[preset].epochs} " in text
    assert ("\n  gamma=1.0 " in text) == (
        "best" in text.partition("--preset {")[2].partition("}")[0]
    )


def test_values_are_shown_as_set_takes_them():
    lines = "\n".join(manual.choices("paper", best=False))
    assert "  hidden=256 " in lines
    assert ": none|video|class\n" in lines
