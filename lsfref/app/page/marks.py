"""One palette, and one mark per class that is the same on every page.

Colors are Okabe and Ito's, told apart by every kind of color vision; shapes repeat what they say.
"""

import math
from collections.abc import Sequence

from lsfref.app.lists.manifest import BACKGROUND, FOREGROUND
from lsfref.app.page.shell import text

Color = tuple[int, int, int]
BLUE, ORANGE, GREEN, RED = (0, 114, 178), (230, 159, 0), (0, 158, 115), (213, 94, 0)
PURPLE, SKY, YELLOW, GREY = (204, 121, 167), (86, 180, 233), (240, 228, 66), (125, 125, 125)
COLORS = (BLUE, ORANGE, GREEN, PURPLE, RED, SKY, GREY)
SHAPES = 8  # with 7 colors: 56 classes before a mark comes twice


def css(color: Color) -> str:
    """Return a color as CSS has it."""
    return "#{:02x}{:02x}{:02x}".format(*color)


def class_numbers(classes: Sequence[str]) -> list[int]:
    """Return the number of each class's mark: fixed for the paper's names, then in their order."""
    known = (*BACKGROUND, *FOREGROUND)
    others = [name for name in classes if name not in known]
    return [(*known, *others).index(name) for name in classes]


def color_of(number: int | None) -> str:
    """Return the color of a class's mark; without a class, of none."""
    return "#8886" if number is None else css(COLORS[number % len(COLORS)])


def mark(
    number: int, x: float, y: float, size: float, *, filled: bool = True, color: str = ""
) -> str:
    """Return mark `number` as SVG, about 2 size wide; its color is its own by default."""
    color = color or color_of(number)
    paint = f'fill="{color}"' if filled else f'fill="none" stroke="{color}" stroke-opacity="0.6"'
    shape = number % SHAPES
    if shape == 0:
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{size}" {paint}/>'
    points = " ".join(f"{x + size * dx:.1f},{y + size * dy:.1f}" for dx, dy in _corners(shape))
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


def sign(number: int, *, color: str = "") -> str:
    """Return a mark that stands in a line of text, as high as a letter."""
    drawn = mark(number, 7, 7, 5, color=color)
    return f'<svg class="sign" viewBox="0 0 14 14" aria-hidden="true">{drawn}</svg>'


def tag(classes: Sequence[str], c: int, more: str = "") -> str:
    """Return the name of class c after its mark, and what belongs to it (HTML)."""
    return f'<span class="tag">{sign(class_numbers(classes)[c])} {text(classes[c])}{more}</span>'


def legend(classes: Sequence[str], *more: str) -> str:
    """Return the marks of all classes with their names, and more entries (HTML)."""
    entries = [tag(classes, c) for c in range(len(classes))]
    entries += [f'<span class="tag">{entry}</span>' for entry in more]
    return f'<p class="legend">{" ".join(entries)}</p>'


def swatch(color: Color, words: str = "") -> str:
    """Return a small colored square and what it stands for."""
    return f'<span style="color:{css(color)}">&#9632;</span>{" " * bool(words)}{text(words)}'
