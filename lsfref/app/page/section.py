"""The sections of `explain`, one per stage: what is said of a stage whatever the video is."""

import dataclasses
import functools
import re
from pathlib import Path
from typing import NamedTuple

import lsfref
from lsfref.app.page.shell import folded, plural, soft, text
from lsfref.app.page.story import Story
from lsfref.config import Config


class Stage(NamedTuple):
    """What is said of a stage; {points} and the like are filled in for each video."""

    name: str
    title: str
    paper: str
    comes_in: str
    goes_out: str
    equations: tuple[str, ...]  # HTML
    choices: str


STAGES = (
    Stage("Grey frames", "The video becomes grey frames", "Section 3.1",
          "{path}", "frames_FHW: {frames}, rows, columns; grey from 0 to 255",
          ("grey = 0.299 R + 0.587 G + 0.114 B",), "A1 R1 R2 C17"),
    Stage("Optical flow", "Two frames in a row become optical flow", "Section 2.1, [26]",
          "two frames_HW",
          "flow_HW2: for each pixel (dx right, dy down) in pixels of its scale",
          ("first(p) = second(p + d)", "in a window around p", "flow(p) = d"), "A2 A3"),
    Stage("Trajectories", "Points are tracked along the flow", "Section 2.1, [26]",
          "grey_HW, flow_HW2",
          "points_PS2: P = {points} trajectories of S = 16 points (x, y)",
          ("p<sub>t+1</sub> = p<sub>t</sub> + flow(p<sub>t</sub>)", "for 15 steps"), "A4 A5 A6 A7"),
    Stage("Descriptors", "Each trajectory is described by 426 numbers", "Section 2.1, [26]",
          "grey_HW and flow_HW2 around each of its 15 steps",
          "descriptors_PD: {points} x 426",
          ("h = &radic;((cell sums + 0.05) / total)", "averaged over 5 steps"), "A8 A9 A10 A12"),
    Stage("LSFNet", "LSFNet turns each description into a code", "Section 2.2, Fig. 2",
          "descriptors_PD, scaled ({scaling})", "codes_PE: {points} x {code}",
          ("h = tanh(x W<sub>1</sub> + b<sub>1</sub>)", "z = h W<sub>2</sub> + b<sub>2</sub>",
           "back: u = tanh(z W<sub>2</sub>&prime; + d<sub>1</sub>)",
           "x&#770; = u W<sub>1</sub>&prime; + d<sub>2</sub>"), "A11 C1 C2 C4 C5 C6"),
    Stage("Loss switching", "How the network was trained: two losses in turn", "Sections 2.2, 3.2",
          "sampled descriptors with the background label of their video",
          "the weights of stage 5",
          ("L1 = mean (x&#770; &minus; x)&sup2;",
           "L2 = &minus; mean log softmax(z V + v)<sub>label</sub>"),
          "B1 B2 C8 C9 C10 C11 C12 C13 C15"),
    Stage("Pooling", "The codes are averaged", "Section 2.3",
          "codes_PE: {points} x {code}", "pooled_E: 1 x {code}",
          ("pooled = mean of all codes of the video",), "D1 D2 D3"),
    Stage("Fisher score", "The Fisher score keeps the better half", "Section 2.3, Eq. (1)",
          "pooled_ME and labels of the training videos", "selected_Q: which features are kept",
          ("f<sub>i</sub> = &Sigma;<sub>c</sub> n<sub>c</sub> (&mu;<sub>c</sub> &minus; &mu;)&sup2;"
           " / &Sigma;<sub>c</sub> n<sub>c</sub> &sigma;<sub>c</sub>&sup2;", "class c, feature i"),
          "F1 F2 F3 F4 F6"),
    Stage("Hashing", "Similar labelled videos are found by hashing", "Section 2.4",
          "the kept features of this video and of the indexed ones",
          "neighbors_CMK: in each of C tables the K nearest indexed videos",
          ("h(x) = a &middot; x, a random",
           "g<sub>c</sub>(x) = [h<sub>1</sub>(x) ... h<sub>N</sub>(x)]",
           "nearest by |g<sub>c</sub>(x) &minus; g<sub>c</sub>(y)|"), "G1 G2 G3 G4"),
    Stage("Voting", "The neighbors vote", "Section 2.4",
          "neighbors_CMK and their labels",
          "confidence_MC: the share of each class; the largest is the answer",
          ("s<sub>k</sub> = &Sigma;<sub>c</sub> n<sub>ck</sub> / (C K)",
           "n<sub>ck</sub> of the K in table c have label k"), "V1 T1 T7"),
)  # fmt: skip


def section(number: int, story: Story, body: str) -> str:
    """Return a stage: what comes in, what goes out, its equations, the body, the choices (HTML)."""
    stage, config = STAGES[number - 1], story.config
    facts = {
        "path": soft(story.path), "frames": plural(story.n_frames, "frame"),
        "points": f"{story.n_points:,}", "code": config.n_code, "scaling": config.input_scaling,
    }  # fmt: skip
    comes_in, goes_out = (line.format_map(facts) for line in (stage.comes_in, stage.goes_out))
    parts = "".join(f"<span>{equation}</span> " for equation in stage.equations)
    head = f"{number}. {text(stage.title)} <small>({text(stage.paper)})</small>"
    return (
        f'<section id="stage{number}"><h2>{head}</h2>'
        f'<p class="io"><b>In:</b> {comes_in}<br><b>Out:</b> {goes_out}</p>'
        f'<div class="wide equation" tabindex="0">{parts}</div>{body}'
        f"{choices(stage.choices, config)}</section>"
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
    rows = (Path(lsfref.__file__).parent / "CHOICES.md").read_text(encoding="utf-8")
    found = re.findall(r"^\| ([A-Z]+\d+) \| (.*?) \| .*? \| (.*?) \|", rows, re.M)
    return {name: (question, default.replace("`", "")) for name, question, default in found}
