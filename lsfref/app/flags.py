"""Which commands there are and which flags each takes: `flags.json`, given to argparse.

A command names its flags there in the order of its help; a word in capitals is a group of them, and
of flags joined by a bar one at most may be given. What is said of a flag is what `add_argument` is
told; `COMMAND --flag` says what differs in one command. A flag with default {none} is left out of
the arguments where it is not given. One that is not there is a field of Config, and is so too.
"""

import argparse
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

TABLE = json.loads(Path(__file__).with_name("flags.json").read_text(encoding="ascii"))
COMMANDS: dict[str, str] = {name: said["about"] for name, said in TABLE["commands"].items()}


def add_command(parser: argparse.ArgumentParser, command: str) -> None:
    """Add the flags of a command."""
    add(parser, TABLE["commands"][command]["flags"], command=command)


def add(parser: argparse.ArgumentParser, flags: str, *, command: str = "") -> None:
    """Add flags and groups of flags, named as in the table."""
    for word in flags.split():
        if word in TABLE["groups"]:
            add(parser, TABLE["groups"][word], command=command)
            continue
        names = word.split("|")
        place = parser.add_mutually_exclusive_group() if names[1:] else parser
        for name in names:
            place.add_argument(*name.split(","), **_said(name, command))


def _said(name: str, command: str) -> dict[str, Any]:
    """Return what argparse is told of a flag of a command."""
    told = TABLE["flags"].get(name) or _of_field(name.strip("-").replace("-", "_"))
    told = {**told, **TABLE["flags"].get(f"{command} {name}", {})}
    if "type" in told:
        told["type"] = KINDS[told["type"]]
    # As text: argparse takes no value that is the default for a given one.
    known = {"{none}": argparse.SUPPRESS, "{cores}": str(cores()), "{cache}": cache_folder()}
    if isinstance(told.get("default"), str):
        told["default"] = known.get(told["default"], told["default"])
    return told


def _of_field(name: str) -> dict[str, Any]:
    from lsfref.config import Config  # here: the first help comes without numpy

    field = Config.__dataclass_fields__[name]
    text, values, (choice, *_) = (field.metadata[key] for key in ("text", "values", "ids"))
    told = {"choices": values} if values else {"type": "whole"}
    help_text = f"{text} ({choice}; default: {field.default})"
    return {**told, "default": argparse.SUPPRESS, "help": help_text}


def cores() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def cache_folder() -> str:
    """Return the user's cache folder after [XDG]; `none` for a user without a home."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    if not os.path.isabs(base):
        base = os.path.expanduser("~/.cache")
    return os.path.join(base, "lsfref") if os.path.isabs(base) else "none"


def _number(name: str, kind: type, want: str, fits: Callable[[Any], bool]) -> Callable[[str], Any]:
    """Return the argparse type `name`: a number of this kind that fits, in words what is wanted."""

    def parse(text: str) -> Any:
        value = kind(text)
        if not fits(value):
            raise argparse.ArgumentTypeError(f"want {want}, got {text}")
        return value

    parse.__name__ = name  # argparse says "invalid whole value" of what is no number
    return parse


def picture_size(text: str) -> tuple[int, int]:
    """Return (width, height) of "160x120"; even, so that the encoder takes them."""
    try:
        width, height = (int(part) for part in text.split("x"))
    except ValueError:
        raise argparse.ArgumentTypeError(f"want WIDTHxHEIGHT, got {text}") from None
    if min(width, height) < 64 or width % 2 or height % 2 or max(width, height) > 1920:
        raise argparse.ArgumentTypeError(f"want even sides from 64 to 1920, got {text}")
    return width, height


KINDS: dict[str, Callable[[str], Any]] = {
    kind.__name__: kind
    for kind in (
        _number("whole", int, "a whole number from 0 to 1e12", lambda n: 0 <= n <= 1e12),
        _number("positive", int, "a whole number from 1 to 1e9", lambda n: 1 <= n <= 1e9),
        _number("share", float, "a number from 0 to 1", lambda x: 0 <= x <= 1),
        _number("amount", float, "a number from 1e-9 to 1e9", lambda x: 1e-9 <= x <= 1e9),
        picture_size,
    )
}
