"""Charts as inline SVG: bars, curves, a scatter, descriptor roses. Text scales with the page."""

import html
from collections.abc import Iterable, Sequence

import numpy as np

from lsfref.app.page.pictures import BLUE, GREEN, GREY, ORANGE, PURPLE, RED, SKY
from lsfref.arrays import Floats

LETTERS = 13  # size of text, in the drawing's units
CLASS_COLOURS = (BLUE, ORANGE, GREEN, PURPLE, SKY, RED, GREY)
MARKS = "osdtxp+"  # a shape as well as a colour for each class


def rgb(colour: Sequence[int]) -> str:
    """Return a colour as CSS has it."""
    return "#{:02x}{:02x}{:02x}".format(*colour)


def svg(parts: Iterable[str], width: float, height: float, alt: str) -> str:
    """Return an inline SVG with an alternative text."""
    title = html.escape(alt)
    return (
        f'<svg viewBox="0 0 {width:g} {height:g}" role="img" aria-label="{title}" '
        f'style="max-width:{width:g}px">{"".join(parts)}</svg>'
    )


def text(x: float, y: float, words: str, *, anchor: str = "start", colour: str = "#222") -> str:
    """Return a line of text."""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{LETTERS}" text-anchor="{anchor}" '
        f'fill="{colour}">{html.escape(words)}</text>'
    )


def bars(
    values: Floats, alt: str, *, kept: Sequence[bool] | None = None, width: float = 660
) -> str:
    """Return bars from a zero line; those not kept are grey. Infinite ones reach the top."""
    height, left, top = 150.0, 56.0, 14.0
    values = np.asarray(values, dtype=np.float64)
    finite = values[np.isfinite(values)]
    high = max(float(finite.max(initial=0)), 0.0)
    low = min(float(finite.min(initial=0)), 0.0)
    span = (high - low) or 1.0
    step = (width - left) / len(values)
    zero = top + height * high / span
    parts = []
    for i, value in enumerate(np.nan_to_num(values, posinf=high)):
        tall = abs(value) / span * height
        y = zero - tall if value >= 0 else zero
        colour = rgb(BLUE if kept is None or kept[i] else (190, 190, 190))
        parts.append(
            f'<rect x="{left + i * step:.2f}" y="{y:.2f}" width="{max(step * 0.85, 0.5):.2f}" '
            f'height="{max(tall, 0.3):.2f}" fill="{colour}"/>'
        )
    parts.append(f'<path d="M{left} {zero:.1f}H{width}" stroke="#222"/>')
    parts += [text(left - 6, top + 8, f"{high:.3g}", anchor="end")]
    if low < 0:
        parts.append(text(left - 6, top + height, f"{low:.3g}", anchor="end"))
    return svg(parts, width, height + 2 * top, alt)


def curves(series: dict[str, Floats], alt: str, *, width: float = 660) -> str:
    """Return curves over passes, each scaled to its own largest value, named at their ends."""
    height, left, right, top = 170.0, 12.0, 210.0, 14.0
    parts = [f'<path d="M{left} {top}V{top + height}H{width - right}" stroke="#888" fill="none"/>']
    dashes = ("", "7 4")
    ends: list[float] = []
    for (name, values), colour, dash in zip(series.items(), (BLUE, RED), dashes, strict=False):
        top_value = float(np.max(values)) or 1.0
        x = np.linspace(left, width - right, max(len(values), 2))
        y = top + height * (1 - np.resize(values, len(x)) / top_value)
        points = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True))
        parts.append(
            f'<polyline points="{points}" fill="none" stroke="{rgb(colour)}" stroke-width="2.5" '
            f'stroke-dasharray="{dash}"/>'
        )
        at = float(y[-1])
        while any(abs(at - other) < 34 for other in ends):
            at -= 36
        ends.append(at)
        words = f"{values[0]:.3g} to {values[-1]:.3g}"
        parts += [
            text(width - right + 8, at, name, colour=rgb(colour)),
            text(width - right + 8, at + 16, words, colour=rgb(colour)),
        ]
    n = len(next(iter(series.values())))
    parts.append(
        text((left + width - right) / 2, height + top + 18, f"passes 1 to {n}", anchor="middle")
    )
    return svg(parts, width, height + 44, alt)


def mark(kind: str, x: float, y: float, r: float, colour: str) -> str:
    """Return one of seven shapes, so that colour is never alone."""
    paths = {
        "s": f"M{x - r} {y - r}h{2 * r}v{2 * r}h{-2 * r}z",
        "d": f"M{x} {y - 1.3 * r}l{1.3 * r} {1.3 * r}l{-1.3 * r} {1.3 * r}l{-1.3 * r} {-1.3 * r}z",
        "t": f"M{x} {y - 1.2 * r}l{1.2 * r} {2.1 * r}h{-2.4 * r}z",
        "p": f"M{x} {y + 1.2 * r}l{1.2 * r} {-2.1 * r}h{-2.4 * r}z",
    }
    if kind in paths:
        return f'<path d="{paths[kind]}" fill="{colour}"/>'
    if kind in "x+":
        d = f"M{x - r} {y - r}l{2 * r} {2 * r}M{x - r} {y + r}l{2 * r} {-2 * r}"
        if kind == "+":
            d = f"M{x - 1.3 * r} {y}h{2.6 * r}M{x} {y - 1.3 * r}v{2.6 * r}"
        return f'<path d="{d}" stroke="{colour}" stroke-width="2.4"/>'
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{r}" fill="{colour}"/>'


def scatter(
    index_m2: Floats,
    labels: Sequence[int],
    names: Sequence[str],
    query_2: Floats,
    near: Sequence[int],
    alt: str,
) -> str:
    """Return the index as marks by class, the query as a cross-hair, lines to its neighbours."""
    size, legend = 420.0, 24.0 * len(names) + 54
    both = np.concatenate([index_m2, query_2[None]])
    low, span = both.min(axis=0), np.ptp(both, axis=0)
    span[span == 0] = 1
    at = (both - low) / span * (size - 40) + 20
    at[:, 1] = size - at[:, 1]
    qx, qy = at[-1]
    parts = [f'<rect width="{size}" height="{size}" fill="#fafafa" stroke="#ccc"/>']
    for i in near:
        parts.append(f'<path d="M{qx:.1f} {qy:.1f}L{at[i, 0]:.1f} {at[i, 1]:.1f}" stroke="#999"/>')
    for (x, y), label in zip(at[:-1], labels, strict=True):
        colour = rgb(CLASS_COLOURS[label % len(CLASS_COLOURS)])
        parts.append(mark(MARKS[label % len(MARKS)], round(x, 1), round(y, 1), 4.5, colour))
    parts.append(
        f'<circle cx="{qx:.1f}" cy="{qy:.1f}" r="9" fill="none" stroke="#000" stroke-width="3"/>'
    )
    x = size + 24
    for c, name in enumerate(names):
        y = 24.0 * c + 22
        colour = rgb(CLASS_COLOURS[c % len(CLASS_COLOURS)])
        parts += [mark(MARKS[c % len(MARKS)], x, y - 4, 5, colour), text(x + 16, y, name)]
    y = 24.0 * len(names) + 22
    parts.append(
        f'<circle cx="{x}" cy="{y - 4}" r="7" fill="none" stroke="#000" stroke-width="3"/>'
    )
    parts.append(text(x + 16, y, "this video"))
    return svg(parts, size + 230, max(size, legend), alt)


def rose(values: Floats, x: float, y: float, r: float, largest: float, colour: str) -> str:
    """Return orientation bins as spokes from a centre: bin b points to b * 45 degrees, y down.

    A ninth value (no motion) is a circle in the centre.
    """
    parts = [f'<circle cx="{x:g}" cy="{y:g}" r="{r:g}" fill="none" stroke="#ddd"/>']
    for b, value in enumerate(values[:8]):
        angle, long = b * np.pi / 4, r * min(float(value) / largest, 1)
        parts.append(
            f'<path d="M{x:.1f} {y:.1f}l{long * np.cos(angle):.2f} {long * np.sin(angle):.2f}" '
            f'stroke="{colour}" stroke-width="2.6"/>'
        )
    if len(values) > 8:
        inner = r * 0.5 * min(float(values[8]) / largest, 1)
        parts.append(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{inner:.2f}" fill="{colour}" opacity="0.45"/>'
        )
    return "".join(parts)


def roses(histogram: Floats, n_bins: int, alt: str, colour: Sequence[int]) -> str:
    """Return one descriptor: three moments side by side, each with its 2 x 2 cells as roses."""
    cells = np.asarray(histogram, dtype=np.float64).reshape(3, 2, 2, n_bins)  # time, column, row
    largest = float(cells.max()) or 1.0
    r, gap = 26.0, 24.0
    parts = []
    for moment in range(3):
        left = moment * (4 * r + gap + 8)
        parts.append(
            f'<rect x="{left + 1:g}" y="1" width="{4 * r + 6:g}" height="{4 * r + 6:g}" '
            'fill="none" stroke="#888"/>'
        )
        for column in range(2):
            for row in range(2):
                x, y = left + 4 + r + column * 2 * r, 4 + r + row * 2 * r
                parts.append(rose(cells[moment, column, row], x, y, r - 2, largest, rgb(colour)))
        parts.append(
            text(
                left + 2 * r + 4,
                4 * r + 24,
                f"steps {5 * moment + 1}-{5 * moment + 5}",
                anchor="middle",
            )
        )
    return svg(parts, 3 * (4 * r + 8) + 2 * gap, 4 * r + 32, alt)


def path(points_S2: Floats, alt: str) -> str:
    """Return a trajectory from its first point (dot) to its last (ring)."""
    size = 190.0
    span = max(float(np.ptp(points_S2, axis=0).max()), 1e-9)
    middle = (points_S2.max(axis=0) + points_S2.min(axis=0)) / 2
    at = (points_S2 - middle) / span * (size - 40) + size / 2
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in at)
    parts = [
        f'<rect width="{size}" height="{size}" fill="#fafafa" stroke="#ccc"/>',
        f'<polyline points="{line}" fill="none" stroke="{rgb(GREEN)}" stroke-width="2"/>',
    ]
    parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.6" fill="{rgb(GREEN)}"/>' for x, y in at]
    parts.append(f'<circle cx="{at[-1, 0]:.1f}" cy="{at[-1, 1]:.1f}" r="5.5" fill="{rgb(RED)}"/>')
    parts.append(text(6, size - 7, f"{span:.1f} px"))
    return svg(parts, size, size, alt)
