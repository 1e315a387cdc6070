"""One palette, and one mark per class that is the same on every page.

Colors are those of [OI08], told apart by every kind of color vision; shapes repeat what they say.
Seven of one and eight of the other make 56 classes before a mark comes twice.
"""

import math
from collections.abc import Sequence

from lsfref.app.lists.manifest import BACKGROUND, FOREGROUND
from lsfref.app.page.shell import text

Color = tuple[int, int, int]
BLUE, ORANGE, GREEN, RED = (0, 114, 178), (230, 159, 0), (0, 158, 115), (213, 94, 0)
PURPLE, SKY, GREY = (204, 121, 167), (86, 180, 233), (125, 125, 125)
COLORS = (BLUE, ORANGE, GREEN, PURPLE, RED, SKY, GREY)
SHAPES = (  # points, outer and inner radius, turn in degrees; the first is a disc
    (0, 1.0, 1.0, 0), (4, 1.2, 0.85, 45), (3, 1.3, 0.65, -90), (4, 1.3, 0.92, 0),
    (3, 1.3, 0.65, 90), (4, 1.5, 0.5, 0), (4, 1.5, 0.5, 45), (5, 1.4, 0.6, -90),
)  # fmt: skip


def css(color: Color) -> str:
    """Return a color as CSS has it."""
    return "#{:02x}{:02x}{:02x}".format(*color)


def class_numbers(classes: Sequence[str]) -> dict[str, int]:
    """Return the number of each class's mark: fixed for the paper's names, then in their order.

    Here as below `classes` are those of both tasks, so that no mark stands for two of them.
    """
    order = list(dict.fromkeys([*BACKGROUND, *FOREGROUND, *classes]))
    return {name: order.index(name) for name in classes}


def color_of(number: int | None) -> str:
    """Return the color of a class's mark; without a class, of none."""
    return "#8886" if number is None else css(COLORS[number % len(COLORS)])


def mark(
    number: int, x: float, y: float, size: float, *, filled: bool = True, color: str = ""
) -> str:
    """Return mark `number` as SVG, about 2 size wide; its color is its own by default."""
    color = color or color_of(number)
    paint = f'fill="{color}"' if filled else f'fill="none" stroke="{color}"'
    n, outer, inner, turn = SHAPES[number % len(SHAPES)]
    if n == 0:
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{size}" {paint}/>'
    corners = []
    for i in range(2 * n):
        angle, radius = math.radians(turn + 180 * i / n), size * (outer, inner)[i % 2]
        corners.append(f"{x + radius * math.cos(angle):.1f},{y + radius * math.sin(angle):.1f}")
    return f'<polygon points="{" ".join(corners)}" {paint}/>'


def sign(number: int, *, color: str = "") -> str:
    """Return a mark that stands in a line of text, as high as a letter."""
    drawn = mark(number, 7, 7, 5, color=color)
    return f'<svg class="sign" viewBox="0 0 14 14" aria-hidden="true">{drawn}</svg>'


def tag(classes: Sequence[str], name: str, more: str = "") -> str:
    """Return the name of one of the classes after its mark, and what belongs to it (HTML)."""
    return f'<span class="tag">{sign(class_numbers(classes)[name])} {text(name)}{more}</span>'


def legend(classes: Sequence[str], names: Sequence[str], *more: str) -> str:
    """Return the marks of some classes with their names, and more entries (HTML)."""
    entries = [tag(classes, name) for name in names]
    entries += [f'<span class="tag">{entry}</span>' for entry in more]
    return f'<p class="legend">{" ".join(entries)}</p>'


def swatch(color: Color, words: str = "") -> str:
    """Return a small colored square and what it stands for."""
    return f'<span style="color:{css(color)}">&#9632;</span>{" " * bool(words)}{text(words)}'
