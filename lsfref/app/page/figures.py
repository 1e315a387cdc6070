"""Figure 3 for one's own data: feature spaces as maps, drawn as SVG without a plotting package.

In: panels of points with classes.  Out: the text of an SVG, for a file or inside a page.
Colours are those of [OI08], told apart by every kind of colour vision; shapes repeat what they say.
"""

import importlib.util
import math
from collections.abc import Sequence
from html import escape
from typing import NamedTuple

import numpy as np

from lsfref.arrays import Bools, Floats, Ints
from lsfref.study.table1.pca import fit_pca, project

COLORS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#d55e00", "#56b4e9", "#000000")
SHAPES = 8  # with 7 colours: 56 classes before a mark comes twice
PANEL = (350, 250)  # pixels
MARGIN, GAP, LINE = 22, 30, 17
LETTER = 6.6  # pixels, on the safe side, of a letter at 12 pixels


class Map(NamedTuple):
    """Points in the plane, and what made them."""

    points_M2: Floats
    name: str


class Panel(NamedTuple):
    """One map: filled marks were asked, open ones are the training videos."""

    title: str
    points_M2: Floats
    labels_M: Ints
    asked_M: Bools
    notes: tuple[str, ...]  # lines under the map


class Column(NamedTuple):
    """The maps of one task, top to bottom, under one legend."""

    title: str
    classes: tuple[str, ...]
    panels: tuple[Panel, ...]


def map_2d(features_MQ: Floats, *, seed: int = 42) -> Map:
    """Return an unsupervised map: UMAP [MHM18] where it is installed, else two components (H7).

    Labels are never shown to it: a supervised map would separate anything.
    """
    if importlib.util.find_spec("umap") is not None and len(features_MQ) > 15:
        import umap

        mapper = umap.UMAP(n_neighbors=15, min_dist=0.0, n_components=2, random_state=seed)
        return Map(np.asarray(mapper.fit_transform(features_MQ), dtype=float), "UMAP")
    fitted = fit_pca(features_MQ, n_components=2)
    points_M2 = np.zeros((len(features_MQ), 2))
    points_M2[:, : len(fitted.shares_R)] = project(fitted, features_MQ)
    return Map(points_M2, f"PCA, {fitted.shares_R.sum():.0%} of the variance")


def figure_svg(columns: Sequence[Column], *, title: str) -> str:
    """Return the SVG: a column a task with its legend on top, a row a method, a key below."""
    width, height = PANEL
    legends = [_legend_places(column.classes, width=width) for column in columns]
    legend_height = LINE * max(1 + line for places in legends for _, line in places)
    top = MARGIN + 30 + legend_height
    n_notes = max(len(panel.notes) for column in columns for panel in column.panels)
    step = height + 24 + LINE * n_notes + 20
    n_rows = max(len(column.panels) for column in columns)
    total_width = 2 * MARGIN + len(columns) * width + (len(columns) - 1) * GAP
    total_height = top + n_rows * step + LINE + MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {total_width} {total_height}" '
        f'width="{total_width}" height="{total_height}" role="img" font-size="12" '
        'font-family="system-ui, Helvetica, Arial, sans-serif">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{total_width}" height="{total_height}" fill="#ffffff"/>',
    ]
    for number, (column, places) in enumerate(zip(columns, legends, strict=True)):
        left = MARGIN + number * (width + GAP)
        parts.append(_text(left, MARGIN + 8, column.title, size=15, bold=True))
        for c, (name, (x, line)) in enumerate(zip(column.classes, places, strict=True)):
            y = MARGIN + 30 + LINE * line
            parts.append(_mark(left + x + 6, y - 4, c, filled=True, size=5))
            parts.append(_text(left + x + 16, y, name))
        for row, panel in enumerate(column.panels):
            parts += _panel(panel, left, top + row * step)
    y = total_height - MARGIN
    for x, words, filled in ((0, "asked, never learned from", True), (190, "learned from", False)):
        paint = 'fill="#555555"' if filled else 'fill="none" stroke="#555555"'
        parts.append(f'<circle cx="{MARGIN + x + 6}" cy="{y - 4}" r="4.5" {paint}/>')
        parts.append(_text(MARGIN + x + 16, y, words))
    return "\n".join([*parts, "</svg>"])


def _legend_places(classes: Sequence[str], *, width: int) -> list[tuple[float, int]]:
    """Return (x, line) of each entry: from left to right, a new line where one would not fit."""
    places, x, line = [], 0.0, 0
    for name in classes:
        wide = 16 + LETTER * len(name) + 14
        if x > 0 and x + wide > width:
            x, line = 0.0, line + 1
        places.append((x, line))
        x += wide
    return places


def _panel(panel: Panel, left: float, top: float) -> list[str]:
    width, height = PANEL
    parts = [
        _text(left, top + 12, panel.title, bold=True),
        f'<rect x="{left}" y="{top + 20}" width="{width}" height="{height}" fill="none" '
        'stroke="#b0b0b0"/>',
    ]
    low_2, high_2 = panel.points_M2.min(axis=0), panel.points_M2.max(axis=0)
    span_2 = np.where(high_2 > low_2, high_2 - low_2, 1.0)
    share_M2 = np.where(high_2 > low_2, (panel.points_M2 - low_2) / span_2, 0.5)
    x_M = left + 12 + share_M2[:, 0] * (width - 24)
    y_M = top + 20 + height - 12 - share_M2[:, 1] * (height - 24)
    for filled in (False, True):  # those asked lie on top
        for m in np.flatnonzero(panel.asked_M == filled):
            c = int(panel.labels_M[m])
            size = 5 if filled else 3.5
            parts.append(_mark(float(x_M[m]), float(y_M[m]), c, filled=filled, size=size))
    for line, note in enumerate(panel.notes, start=1):
        parts.append(_text(left, top + 22 + height + LINE * line, note, color="#404040"))
    return parts


def _text(
    x: float, y: float, text: str, *, size: int = 12, bold: bool = False, color: str = "#000000"
) -> str:
    weight = ' font-weight="600"' if bold else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}"{weight} fill="{color}">'
        f"{escape(text)}</text>"
    )


def _mark(x: float, y: float, c: int, *, filled: bool, size: float) -> str:
    """Return the mark of class c, about 2 size wide."""
    color = COLORS[c % len(COLORS)]
    paint = (
        f'fill="{color}" stroke="#ffffff" stroke-width="0.8"'
        if filled
        else f'fill="none" stroke="{color}" stroke-width="1.1" stroke-opacity="0.55"'
    )
    shape = c % SHAPES
    if shape == 0:
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{size}" {paint}/>'
    corners = _corners(shape)
    points = " ".join(f"{x + size * dx:.1f},{y + size * dy:.1f}" for dx, dy in corners)
    return f'<polygon points="{points}" {paint}/>'


def _corners(shape: int) -> list[tuple[float, float]]:
    """Return the corners of a mark around 0: square, triangles, diamond, plus, cross, star."""
    if shape == 1:
        return [(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)]
    if shape in (2, 4):
        up = 1 if shape == 2 else -1
        return [(0, -1.2 * up), (1.1, 0.9 * up), (-1.1, 0.9 * up)]
    if shape == 3:
        return [(0, -1.3), (1.1, 0), (0, 1.3), (-1.1, 0)]
    if shape in (5, 6):
        t = 0.4
        plus = [(-t, -1.2), (t, -1.2), (t, -t), (1.2, -t), (1.2, t), (t, t)]
        plus += [(-x, -y) for x, y in plus]
        turn = math.pi / 4 if shape == 6 else 0.0
        cos, sin = math.cos(turn), math.sin(turn)
        return [(x * cos - y * sin, x * sin + y * cos) for x, y in plus]
    angles = [math.pi * (i / 5 - 0.5) for i in range(10)]
    radii = [1.35 if i % 2 == 0 else 0.6 for i in range(10)]
    return [(r * math.cos(a), r * math.sin(a)) for r, a in zip(radii, angles, strict=True)]
