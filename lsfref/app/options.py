"""The flags that mean the same in every command."""

import argparse
import dataclasses
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from lsfref.config import PRESETS, Config
from lsfref.errors import UsageError
from lsfref.storage.choices import parse_setting
from lsfref.storage.files import printable

if TYPE_CHECKING:
    from lsfref.model import Model
    from lsfref.study.best.choices import Choices


def add_jobs(parser: argparse.ArgumentParser, *, cluster: bool = False) -> None:
    """Add --jobs and --quiet, and --cluster in place of --jobs."""
    either = parser.add_mutually_exclusive_group()
    usual = str(cores())  # as text: argparse takes no value that is the default for a given one
    either.add_argument("--jobs", type=positive, default=usual, help="videos worked on at once")
    if cluster:
        either.add_argument(
            "--cluster", metavar="ADDRESS",
            help="work on the Dask cluster of this scheduler, as tcp://HOST:8786",
        )  # fmt: skip
    parser.add_argument("--quiet", action="store_true", help="no progress on stderr")


def add_common(parser: argparse.ArgumentParser) -> None:
    """Add --jobs or --cluster, --quiet, --cache and --cache-limit."""
    add_jobs(parser, cluster=True)
    parser.add_argument(
        "--cache", default=cache_folder(), metavar="DIR",
        help="where features are kept; 'none' turns it off",
    )  # fmt: skip
    parser.add_argument(
        "--cache-limit", type=amount, default=10.0, metavar="GB", help="what the cache may hold"
    )


def add_config(parser: argparse.ArgumentParser, *, best: bool = False) -> None:
    """Add --preset, --seed, --flow, the reader's limits and --set: the choices of a run.

    Preset `best` is offered where videos are answered by what it fits.
    """
    presets = sorted([*PRESETS, *["best"] * best])
    parser.add_argument("--preset", choices=presets, default="small", help="set of choices")
    parser.add_argument("--seed", type=whole, default=0, help="one seed for every draw")
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", dest="settings",
        help="any other choice of lsfref/config.py; may be repeated",
    )  # fmt: skip
    add_limits(parser)


def add_limits(parser: argparse.ArgumentParser) -> None:
    """Add --max-frames, --max-pixels and --strict: how far a file is trusted."""
    add_choices(parser, "max_frames", "max_pixels")
    parser.add_argument("--strict", action="store_true", help="a damaged video is an error")


def add_choices(parser: argparse.ArgumentParser, *names: str) -> None:
    """Add flags for fields of Config, which are left as they are where a flag is not given."""
    for field in dataclasses.fields(Config):
        if field.name in names:
            about, values = field.metadata, field.metadata["values"]
            parser.add_argument(
                "--" + field.name.replace("_", "-"), type=str if values else whole,
                choices=values or None, default=argparse.SUPPRESS,
                help=f"{about['text']} ({about['ids'][0]}; default: {field.default})",
            )  # fmt: skip


def add_output(parser: argparse.ArgumentParser) -> None:
    """Add --json and --csv: results for programs."""
    group = parser.add_mutually_exclusive_group()
    group.add_argument("--json", action="store_true", help="one JSON object a line")
    group.add_argument("--csv", action="store_true", help="comma-separated, with a header")


def add_labels(parser: argparse.ArgumentParser, *, required: bool = True) -> None:
    """Add --labels."""
    parser.add_argument(
        "--labels", required=required, default=argparse.SUPPRESS if required else None,
        metavar="CSV", help="label list: CSV, a folder per class, or 'path label' lines",
    )  # fmt: skip


def add_model(parser: argparse.ArgumentParser) -> None:
    """Add --model."""
    parser.add_argument("--model", default="model.npz", metavar="FILE", help="the model file")


def config_from(args: argparse.Namespace) -> Config:
    """Return the Config that --preset, --seed, --set and named flags ask for."""
    return chosen(args)[0]


def model_from(args: argparse.Namespace) -> "Model":
    """Return the model of --model; its videos are read as named flags ask."""
    from lsfref import model  # here: keeps `--help` quick

    fitted = model.load(args.model)
    return dataclasses.replace(fitted, config=with_flags(fitted.config, args))


def chosen(
    args: argparse.Namespace, *, preset: str | None = None
) -> "tuple[Config, Choices | None]":
    """Return the Config, and what preset `best` adds to it; None for the other presets.

    `preset` is one to take in place of --preset, without what --set says.
    """
    name, settings = (preset, []) if preset else (args.preset, args.settings)
    config, more = PRESETS.get(name), None
    if name == "best":
        from lsfref.study.best import choices as best  # here: keeps `--help` quick

        config, more = best.CONFIG, best.Choices()
    assert config is not None  # argparse knows the presets
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


whole = _number("whole", int, "a whole number of 0 or more", lambda n: n >= 0)
positive = _number("positive", int, "a whole number of 1 or more", lambda n: n >= 1)
share = _number("share", float, "a number from 0 to 1", lambda x: 0 <= x <= 1)
amount = _number("amount", float, "a positive number", lambda x: 0 < x < float("inf"))
