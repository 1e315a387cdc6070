"""The sections of `explain`, one per stage: what is said of a stage whatever the video is."""

import dataclasses
import functools
import json
import re
from pathlib import Path

import lsfref
from lsfref.app.output import counted
from lsfref.app.page.shell import folded, soft, text
from lsfref.app.page.story import Story
from lsfref.config import Config

# Of each stage its name, title and place in the paper, what comes in and goes out ({points} and the
# like are filled in for each video), its equations (HTML), and its choices.
STAGES = json.loads(Path(__file__).with_name("stages.json").read_text(encoding="ascii"))


def section(number: int, story: Story, body: str) -> str:
    """Return a stage: what comes in, what goes out, its equations, the body, the choices (HTML)."""
    stage, config = STAGES[number - 1], story.config
    facts = {
        "path": soft(story.path), "frames": counted(f"{story.n_frames:,}", "frame"),
        "points": f"{story.n_points:,}", "code": config.n_code, "scaling": config.input_scaling,
    }  # fmt: skip
    comes_in, goes_out = (stage[way].format_map(facts) for way in ("comes_in", "goes_out"))
    parts = "".join(f"<span>{equation}</span> " for equation in stage["equations"])
    head = f"{number}. {text(stage['title'])} <small>({text(stage['paper'])})</small>"
    return (
        f'<section id="stage{number}"><h2>{head}</h2>'
        f'<p class="io"><b>In:</b> {comes_in}<br><b>Out:</b> {goes_out}</p>'
        f'<div class="wide equation" tabindex="0">{parts}</div>{body}'
        f"{choices(stage['choices'], config)}</section>"
    )


def choices(ids: str, config: Config) -> str:
    """Return the choices in force: id, question, and the value in this run (from CHOICES.md)."""
    items = ""
    for name in ids.split():
        question, default = _choice_rows()[name]
        held = [f.name for f in dataclasses.fields(Config) if name in f.metadata["ids"]]
        values = ", ".join(f"{field} = {getattr(config, field)}" for field in held)
        items += f"<li><b>{name}</b> {text(question)}: {text(values or default)}</li>"
    return folded("The choices in force here", f"<ul>{items}</ul>")


@functools.cache
def _choice_rows() -> dict[str, tuple[str, str]]:
    rows = (Path(lsfref.__file__).parent / "CHOICES.md").read_text("utf-8").replace("`", "")
    found = re.findall(r"^\| ([A-Z]+\d+) \| (.*?) \| .*? \| (.*?) \|", rows, re.M)
    return {name: (question, default) for name, question, default in found}
