"""What `COMMAND --help` says beside the flags: two examples, and the choices of --set."""

import argparse
import dataclasses
from collections.abc import Iterator
from typing import Any

EXAMPLES = {
    "train": (
        "train",
        "train --labels labels.csv --model mine.npz --preset best",
    ),
    "classify": (
        "classify new_videos/ --model mine.npz --csv",
        "classify long.mp4 --timeline 10 --threshold 0.6",
    ),
    "retrieve": (
        "retrieve video.mp4 --top 5",
        "retrieve video.mp4 --task foreground --json",
    ),
    "check": (
        "check labels.csv",
        "check folder_of_class_folders/ --json",
    ),
    "add": (
        "add --labels more.csv -o model2.npz",
        "add --labels snow.csv --model mine.npz --reselect -o mine2.npz",
    ),
    "evaluate": (
        "evaluate --labels labels.csv --folds 4",
        "evaluate --labels labels.csv --features c3d.csv i3d.csv --fuse pca",
    ),
    "compare": (
        "compare --labels labels.csv",
        "compare --labels labels.csv --also c3d.csv --page none --csv",
    ),
    "scenes": (
        "scenes demo --scenes 2 --sheet sheet.jpg",
        "scenes winter --seed 7 --extra snow fog",
    ),
    "extract": (
        "extract video.mp4 --out rows",
        "extract videos/ --out rows --text --flow farneback",
    ),
    "explain": (
        "explain video.mp4",
        "explain video.mp4 --model mine.npz -o video.html --pictures pictures",
    ),
    "trace": (
        "trace video.mp4 numbers",
        "trace video.mp4 numbers --model mine.npz --stages 5-10",
    ),
    "conform": (
        "conform my_outputs/",
        "conform my_outputs/ --against numbers --stages 2-4",
    ),
    "inspect": (
        "inspect model.npz",
        "inspect model.npz --json",
    ),
}


class Formatter(argparse.RawDescriptionHelpFormatter):
    """A default stands once, where it says something: not of a switch, not of what has none."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        plain = action.default is None or isinstance(action.default, (bool, list))
        if plain or action.default is argparse.SUPPRESS or "default" in (action.help or ""):
            return action.help
        return f"{action.help} (default: %(default)s)"


def add_manual(parser: argparse.ArgumentParser, command: str) -> None:
    """Let the help of a command's filled parser end with its examples and its choices."""
    lines = ["examples:", *(f"  {parser.prog[: -len(command)]}{e}" for e in EXAMPLES[command])]
    actions = {action.dest: action for action in parser._actions}
    if "settings" in actions:
        best = "best" in (actions["preset"].choices or ())
        lines += choices(parser.get_default("preset"), best=best)
    parser.epilog = "\n".join(lines)


def choices(preset: str, *, best: bool) -> list[str]:
    """Return a line for each choice that --set may make: its value in a preset, what it is."""
    from lsfref.config import PRESETS

    lines = ["", f"choices of --set, with their values in preset {preset}:"]
    lines += _each(PRESETS[preset])
    if best:
        from lsfref.study.best.preset import Choices

        lines += ["", "and those of preset best alone:", *_each(Choices())]
    return lines


def _each(filled: Any) -> Iterator[str]:
    for field in dataclasses.fields(filled):
        value = getattr(filled, field.name)
        shown = ",".join(map(str, value)) if isinstance(value, tuple) else value
        one_of = "|".join(field.metadata["values"])
        text = field.metadata["text"] + (f": {one_of}" if one_of else "")
        yield f"  {f'{field.name}={shown}':<26} {text}"
