"""The page of many videos: a card each, put in order by buttons, without a script."""

import collections
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from lsfref.app.output import counted
from lsfref.app.page import charts, pixels
from lsfref.app.page.marks import tag
from lsfref.app.page.shell import page, percent, soft, text
from lsfref.app.page.story import Story
from lsfref.arrays import Floats

Classes = dict[str, tuple[str, ...]]  # of each task


class Card(NamedTuple):
    """What the page says of one video; `link` leads to its own page, "" where it has none."""

    file: str
    link: str
    frame_HW: Floats | None
    shares: dict[str, dict[str, float]]  # of each task; none without an answer
    note: str = ""


def card_of(story: Story, link: str) -> Card:
    """Return the card of a story."""
    frame_HW = story.strip[len(story.strip) // 2][1] if story.strip else None
    if story.answer is None:
        return Card(story.path, link, frame_HW, {}, f"{story.n_points:,} trajectories")
    note = story.answer.error or ("in the index" if story.indexed_as is not None else "")
    return Card(story.path, link, frame_HW, story.answer.confidence, note)


def folder_page(cards: Sequence[Card], classes: Classes) -> str:
    """Return the page. The buttons are as many orders, each a number of every card (page.css)."""
    known = [name for names in classes.values() for name in names]
    orders = {"by name": list(range(len(cards)))}
    for task, names in classes.items():
        orders[f"by {task}"] = _ranks([_place(card, task, names) for card in cards])
    if classes:
        orders["least sure first"] = _ranks([_sureness(card) for card in cards])
    title = f"How lsfref sees {counted(f'{len(cards):,}', 'video')}"
    body = [f"<h1>{title}</h1>"]
    body += [_counts(cards, task, names, known) for task, names in classes.items()]
    for i, name in enumerate(orders):
        button = f'<input type="radio" name="sort" id="sort{i}"{" checked" * (i == 0)}>'
        body.append(f'<label class="sort">{button} {name}</label>')
    drawn = []
    for number, card in enumerate(cards):
        places = ";".join(f"--o{i}:{order[number]}" for i, order in enumerate(orders.values()))
        drawn.append(f'<article class="card" style="{places}">{_inside(card, known)}</article>')
    body.append(f'<div class="cards">{"".join(drawn)}</div>')
    return page(title, body)


def best_of(shares: dict[str, float]) -> list[str]:
    """Return the class with the largest share; all of them, where shares are equal."""
    return [name for name, share in shares.items() if share == max(shares.values())]


def either(classes: Sequence[str], shares: dict[str, float], more: str = "") -> str:
    """Return the answer as `classify` names it: classes of equal shares are told together."""
    *first, last = best_of(shares)
    return " or ".join([*(tag(classes, name) for name in first), tag(classes, last, more)])


def _place(card: Card, task: str, names: tuple[str, ...]) -> tuple[float, float]:
    shares = card.shares.get(task)
    if shares is None:
        return len(names), 0.0
    return names.index(best_of(shares)[0]), -max(shares.values())


def _sureness(card: Card) -> tuple[float, float]:
    return min((max(shares.values()) for shares in card.shares.values()), default=0.0), 0.0


def _ranks(keys: Sequence[tuple[float, float]]) -> list[int]:
    """Return the place of each card when sorted by their keys; equal ones stay in order."""
    order = sorted(range(len(keys)), key=keys.__getitem__)
    return np.argsort(order).tolist()


def _counts(cards: Sequence[Card], task: str, names: Sequence[str], known: Sequence[str]) -> str:
    """Return how many videos have each answer, as a legend."""
    counts = collections.Counter(best_of(c.shares[task])[0] for c in cards if task in c.shares)
    entries = [tag(known, name, f": {counts[name]}") for name in names]
    missing = len(cards) - counts.total()
    entries += [f'<span class="tag">no answer: {missing}</span>'] * (missing > 0)
    return f'<p class="legend"><b>{text(task.capitalize())}</b><br>{" ".join(entries)}</p>'


def _inside(card: Card, known: Sequence[str]) -> str:
    alt = f"A frame of {card.file}"
    parts = [pixels.thumb(card.frame_HW, alt), f"<h2>{soft(card.file)}</h2>"]
    if card.link:
        parts = [f'<a href="{text(card.link)}">{part}</a>' for part in parts]
    for task, shares in card.shares.items():
        said = either(known, shares)
        parts.append(f"<p>{said} <b>{percent(max(shares.values()))}</b></p>")
        parts.append(charts.share_strip(shares, known, task))
    if card.note:
        parts.append(f'<p class="note">{soft(card.note)}</p>')
    return "".join(parts)
