"""What `COMMAND --help` says beside the flags: two examples, and the choices of --set."""

import argparse
import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any


class Formatter(argparse.RawDescriptionHelpFormatter):
    """A default stands once, where it says something: not of a switch, not of what has none."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        plain = action.default is None or isinstance(action.default, (bool, list))
        if plain or action.default is argparse.SUPPRESS or "default" in (action.help or ""):
            return action.help
        return f"{action.help} (default: %(default)s)"


def add_manual(parser: argparse.ArgumentParser, command: str) -> None:
    """Let the help of a command's filled parser end with its examples and its choices."""
    program = parser.prog.removesuffix(command)
    lines = ["examples:", *(f"  {program}{example}" for example in examples(command))]
    actions = {action.dest: action for action in parser._actions}
    if "settings" in actions:
        best = "best" in (actions["preset"].choices or ())
        lines += ["", *choices(parser.get_default("preset"), best=best)]
    parser.epilog = "\n".join(lines)


def examples(command: str) -> list[str]:
    """Return the lines of examples.txt that use a command."""
    text = Path(__file__).with_name("examples.txt").read_text(encoding="ascii")
    return [line for line in text.splitlines() if line.split()[0] == command]


def choices(preset: str, *, best: bool) -> list[str]:
    """Return a line for each choice that --set may make: its value in a preset, what it is."""
    from lsfref.config import PRESETS

    lines = [f"choices of --set, with their values in preset {preset}:", *_each(PRESETS[preset])]
    if best:
        from lsfref.study.best.choices import Choices

        lines += ["", "and those of preset best alone:", *_each(Choices())]
    return lines


def _each(filled: Any) -> Iterator[str]:
    for field in dataclasses.fields(filled):
        value = getattr(filled, field.name)
        shown = ",".join(map(str, value)) if isinstance(value, tuple) else value
        one_of = "|".join(field.metadata["values"])
        text = field.metadata["text"] + (f": {one_of}" if one_of else "")
        yield f"  {f'{field.name}={shown}':<26} {text}"
