"""What flags mean that are the same in every command: the choices of a run, its model."""

import argparse
import dataclasses
from collections.abc import Callable
from typing import Any

from lsfref import model
from lsfref.config import PRESETS, Config
from lsfref.errors import UsageError
from lsfref.storage.choices import parse_setting
from lsfref.storage.files import printable
from lsfref.study.best import choices as best


def config_from(args: argparse.Namespace) -> Config:
    """Return the Config that --preset, --seed, --set and named flags ask for."""
    return chosen(args)[0]


def model_from(args: argparse.Namespace) -> model.Model:
    """Return the model of --model; its videos are read as named flags ask."""
    fitted = model.load(args.model)
    return dataclasses.replace(fitted, config=with_flags(fitted.config, args))


def chosen(
    args: argparse.Namespace, *, preset: str | None = None
) -> tuple[Config, best.Choices | None]:
    """Return the Config, and what preset `best` adds to it; None for the other presets.

    `preset` is one to take in place of --preset, without what --set says.
    """
    name, settings = (preset, []) if preset else (args.preset, args.settings)
    config = best.CONFIG if name == "best" else PRESETS[name]
    more = best.Choices() if name == "best" else None
    values: dict[str, Any] = {"seed": args.seed}
    kinds = [type(more)] if more else []
    values.update(parsed("--set", parse_setting, text, *kinds) for text in settings)
    if more is not None:
        own = {f.name for f in dataclasses.fields(more)} & set(values)
        more = dataclasses.replace(more, **{name: values.pop(name) for name in own})
    return with_flags(dataclasses.replace(config, **values), args), more


def parsed(flag: str, parse: Callable[..., Any], *values: Any) -> Any:
    """Return parse(*values). Raises UsageError where it says that what `flag` gives is wrong."""
    try:
        return parse(*values)
    except ValueError as fault:
        raise UsageError(f"{flag} {printable(str(fault))}") from None


def with_flags(config: Config, args: argparse.Namespace) -> Config:
    """Return config with the Config fields that were given as flags of their own."""
    names = ("flow", "camera_motion", "max_frames", "max_pixels")
    given = {n: getattr(args, n, None) for n in names}
    return dataclasses.replace(config, **{n: v for n, v in given.items() if v is not None})
