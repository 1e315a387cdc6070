"""The page of one video: the answer and why, then all ten stages."""

import itertools
import os
from collections.abc import Sequence
from pathlib import Path

from lsfref.app.evaluation.judgment import caution, sentence
from lsfref.app.output import counted
from lsfref.app.page import charts, pixels, stages_1_to_4, stages_5_to_10
from lsfref.app.page.evidence import evidence
from lsfref.app.page.folder_page import best_of, either
from lsfref.app.page.marks import class_numbers, tag
from lsfref.app.page.section import STAGES, section
from lsfref.app.page.shell import WORDS, figure, page, percent, soft, text
from lsfref.app.page.stages_5_to_10 import QUESTIONS
from lsfref.app.page.story import Story, classes_of, find_indexed, label_of, thumbnail
from lsfref.model import Model

GALLERY = 6  # neighbors shown as pictures


def explain_page(story: Story, folders: list[Path], back: str = "") -> str:
    """Return the page of a story; indexed videos are looked for in `folders`.

    `back` leads to the page of all videos, if there is one.
    """
    model, title = story.model, os.path.basename(story.path)
    body = [f'<p><a href="{text(back)}">all videos</a></p>' if back else ""]
    body += [f"<h1>How lsfref sees {soft(title)}</h1>", summary(story, folders)]
    names = [stage["name"] for stage in STAGES[: 10 if model else 4]]
    links = "".join(f'<li><a href="#stage{n}">{name}</a></li>' for n, name in enumerate(names, 1))
    body.append(f"{WORDS['reading']}<nav><ol>{links}</ol></nav>")
    stages = [draw(story) for draw in stages_1_to_4.DRAWN]
    if model is not None:
        stages += [draw(story, model) for draw in stages_5_to_10.DRAWN]
    body += [section(n, story, drawn) for n, drawn in enumerate(stages, start=1)]
    return page(f"lsfref: {title}", body)


def summary(story: Story, folders: list[Path]) -> str:
    """Return what `classify` answers, over time too, who said so, and the videos most like it."""
    model = story.model
    lines = [f"<p><b>Warning:</b> {soft(f'{warning}.')}</p>" for warning in story.warnings]
    if model is None:
        lines.append(WORDS["no model"])
    if story.fault is not None:
        lines.append(f'<p class="answer"><b>No answer.</b> {soft(story.fault + ".")}</p>')
    if story.indexed_as is not None:
        lines.append(WORDS["indexed"].format(name=soft(f"{story.indexed_as}:")))
    if model is not None and story.answer is not None and story.fault is None:
        lines += [_answered(story, model, name, folders) for name in model.tasks]
        if remark := caution(model.estimate):
            plain = text(remark.replace("`", ""))
            lines.append(f'<p class="note">How far to trust it: {plain}.</p>')
        if story.evidence is not None:
            lines.append(evidence(story.evidence))
        if model.extras is not None:
            lines.append(WORDS["preset"].format(kind=text(model.extras.kind)))
    return "".join(lines)


def _answered(story: Story, model: Model, name: str, folders: list[Path]) -> str:
    assert story.answer is not None
    classes, shares = classes_of(model), story.answer.confidence[name]
    winners = best_of(shares)
    others = sorted(shares.items(), key=lambda item: -item[1])[len(winners) :]
    said = [tag(classes, c, f" {percent(share)}") for c, share in others if share >= 0.005]
    each = " each" * (len(winners) > 1)
    row = (model.estimate or {}).get(name)
    worth = f'<p class="note">Measured in training, {text(sentence(name, row))}.</p>' if row else ""
    return (
        f'<h2>{QUESTIONS[name]}</h2><p class="answer"><b>{either(classes, shares, ",")}</b>'
        f" with a share of {percent(max(shares.values()))}{each}.</p>{worth}"
        f"{charts.share_strip(shares, classes, name)}"
        f'<p class="legend">{" ".join(said)}</p>'
        + _over_time(story, name, classes)
        + _by_expert(story, name, classes)
        + _neighbors(story, model, name, winners, folders)
    )


def _over_time(story: Story, name: str, classes: Sequence[str]) -> str:
    """Return the strip of the answers over time; equal ones that follow each other are one."""
    if len(story.intervals) < 2:
        return ""
    numbers = class_numbers(classes)
    parts, told = [], []
    for label, group in itertools.groupby(story.intervals, lambda said: said[1][name]):
        run = list(group)
        first, last = run[0][0], run[-1][0]
        frames = f"frames {first.first} to {last.last}"
        if first.seconds and last.seconds:
            frames = f"{first.seconds[0]:.1f} to {last.seconds[1]:.1f} s"
        told.append(f"{frames}: {label or 'no answer'}")
        number = None if label is None else numbers[label]
        parts.append((float(last.last - first.first + 1), number, told[-1]))
    end = story.intervals[-1][0].seconds
    ends = f"{end[1]:.1f} s" if end else counted(f"{story.n_frames:,}", "frame")
    return (
        "<h3>Over time</h3>"
        + charts.strip(parts, "; ".join(told))
        + f'<p class="ends"><span>start</span><span>{ends}</span></p>'
        + f'<p class="note">{text("; ".join(told))}. In the first 15 frames no trajectory ends.</p>'
    )


def _by_expert(story: Story, name: str, classes: Sequence[str]) -> str:
    """Return what each expert of preset `best` says; nothing where there is one alone."""
    said, experts = "", story.evidence.experts if story.evidence else {}
    for expert, shares in experts.get(name, {}).items():
        says = either(classes, shares, f" {percent(max(shares.values()))}")
        said += f"<p>{text(expert)}: {says}</p>{charts.share_strip(shares, classes, expert)}"
    return said and f"<h3>Which expert said what</h3>{said}"


def _neighbors(story: Story, model: Model, name: str, best: list[str], folders: list[Path]) -> str:
    if name not in story.searches:
        return ""
    task, hits = model.tasks[name], story.searches[name].hits
    pictures = ""
    for hit in hits[:GALLERY]:
        file = model.files[hit.row]
        place = find_indexed(file, folders)
        frame_HW = thumbnail(place, story.config) if place else None
        seen = pixels.thumb(frame_HW, f"Indexed video {file}")
        words = [tag(classes_of(model), label_of(task, hit.row)), soft(file)]
        words += ["<b>this video</b>"] * (file == story.indexed_as)
        pictures += figure(seen, "<br>".join(words))
    agree = sum(label_of(task, hit.row) in best for hit in hits)
    have = "has" if agree == 1 else "have"
    like = f"Of the {counted(f'{len(hits):,}', 'labeled video')} most like this one, {agree} {have}"
    hint = WORDS["unseen"] * ('class="thumb none"' in pictures)
    return f'<p class="lead">{like} that label:</p><div class="gallery">{pictures}</div>{hint}'
