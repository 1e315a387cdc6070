"""Charts as inline SVG without a word in it: words stand beside them, in the size of the page."""

from collections.abc import Iterable, Sequence

import numpy as np

from lsfref.app.page.marks import BLUE, RED, Color, class_numbers, color_of, css, mark, sign
from lsfref.app.page.shell import shown, text
from lsfref.arrays import Bools, Floats, Ints

FRAME = 'fill="none" stroke="currentColor" stroke-opacity="0.35"'
LINES = ((BLUE, ""), (RED, "7 4"))  # color and dashes of the curves


def svg(
    parts: Iterable[str], width: float, height: float, alt: str, *, stretch: bool = False
) -> str:
    """Return an inline SVG with an alternative text, at most as wide as it is meant to be.

    With `stretch` it fills its place instead, whatever that does to the shapes.
    """
    fit = 'preserveAspectRatio="none"' if stretch else f'style="width:{width:g}px"'
    begin = f'<svg viewBox="0 0 {width:g} {height:g}" role="img" aria-label="{text(alt)}" {fit}>'
    return "".join([begin, *parts, "</svg>"])


def bars(values: Floats, alt: str, *, kept: Bools | None = None) -> str:
    """Return bars from a zero line; those not kept are grey. Infinite ones reach the top."""
    values = np.asarray(values, dtype=np.float64)
    finite = values[np.isfinite(values)]
    high, low = max(float(finite.max(initial=0)), 0.0), min(float(finite.min(initial=0)), 0.0)
    zero = 100 * high / ((high - low) or 1)
    tops = zero - 100 * np.nan_to_num(values, posinf=high) / ((high - low) or 1)
    kept = np.ones(len(values), dtype=bool) if kept is None else kept
    parts = []
    for chosen, paint in ((kept, css(BLUE)), (~kept, "#999")):
        drawn = "".join(f"M{i} {zero:.2f}h.85V{tops[i]:.2f}h-.85z" for i in np.flatnonzero(chosen))
        parts.append(f'<path d="{drawn}" fill="{paint}"/>')
    parts.append(f'<path d="M0 {zero:.2f}H{len(values)}" stroke="currentColor"/>')
    scale = f'<div class="scale"><span>{shown(high)}</span><span>{shown(low)}</span></div>'
    return f'<div class="chart">{scale}{svg(parts, len(values), 100, alt, stretch=True)}</div>'


def curves(series: dict[str, Floats], alt: str) -> str:
    """Return curves over passes, each to its own largest value, under a line that names them."""
    parts, names = [], []
    for (name, values), (color, dashes) in zip(series.items(), LINES, strict=True):
        paint = f'stroke="{css(color)}" stroke-width="2.5" stroke-dasharray="{dashes}"'
        x = np.linspace(0, 100, max(len(values), 2))
        y = 98 - 96 * np.resize(values, len(x)) / (float(np.max(values)) or 1.0)
        points = " ".join(f"{a:.2f},{b:.2f}" for a, b in zip(x, y, strict=True))
        parts.append(f'<polyline points="{points}" fill="none" {paint}/>')
        drawn = f'<path d="M0 7H14" {paint}/>'
        line = f'<svg class="sign" viewBox="0 0 14 14" aria-hidden="true">{drawn}</svg>'
        ends = f"{shown(float(values[0]))} to {shown(float(values[-1]))}"
        names.append(f'<span class="tag">{line} {text(name)}: {ends}</span>')
    parts.append(f'<path d="M0 0V100H100" {FRAME}/>')
    n = len(next(iter(series.values())))
    return (
        f'<p class="legend">{" ".join(names)}</p>'
        f'<div class="chart">{svg(parts, 100, 100, alt, stretch=True)}</div>'
        f'<p class="ends"><span>pass 1</span><span>pass {n}</span></p>'
    )


def scatter(
    points_M2: Floats,
    numbers_M: Ints,
    alt: str,
    *,
    filled_M: Bools | None = None,
    query_2: Floats | None = None,
    near: Sequence[int] = (),
) -> str:
    """Return points as the marks of their classes; those not filled are outlines below the others.

    A query is a ring, with lines to the points near it.
    """
    size, margin = 360.0, 14.0
    both = points_M2 if query_2 is None else np.concatenate([points_M2, query_2[None]])
    low, span = both.min(axis=0), np.ptp(both, axis=0)
    share = np.where(span > 0, (both - low) / np.where(span > 0, span, 1), 0.5)
    at = share * [size - 2 * margin, 2 * margin - size] + [margin, size - margin]
    parts = [f'<rect width="{size}" height="{size}" {FRAME}/>']
    for i in near:
        line = f"M{at[-1, 0]:.1f} {at[-1, 1]:.1f}L{at[i, 0]:.1f} {at[i, 1]:.1f}"
        parts.append(f'<path d="{line}" {FRAME}/>')
    filled_M = np.ones(len(points_M2), dtype=bool) if filled_M is None else filled_M
    for m in np.argsort(filled_M, kind="stable"):
        number, (x, y) = int(numbers_M[m]), at[m]
        parts.append(mark(number, x, y, 5 if filled_M[m] else 3.5, filled=bool(filled_M[m])))
    if query_2 is not None:
        ring = 'r="9" fill="none" stroke="currentColor" stroke-width="3"'
        parts.append(f'<circle cx="{at[-1, 0]:.1f}" cy="{at[-1, 1]:.1f}" {ring}/>')
    return svg(parts, size, size, alt)


def strip(parts: Sequence[tuple[float, int | None, str]], alt: str) -> str:
    """Return lengths side by side, each in the color of its class and with its mark in white.

    A part is (length, number of the mark or None for none, what it says when pointed at).
    """
    cells = []
    for length, number, words in parts:
        style = f"flex-grow:{length:.4g};background:{color_of(number)}"
        inner = "" if number is None else sign(number, color="#fff")
        cells.append(f'<span style="{style}" title="{text(words)}">{inner}</span>')
    return f'<div class="strip" role="img" aria-label="{text(alt)}">{"".join(cells)}</div>'


def share_strip(shares: dict[str, float], classes: Sequence[str], task: str) -> str:
    """Return the shares of the classes of a task as a strip."""
    numbers = class_numbers(classes)
    parts = [(s, numbers[name], f"{name} {s:.0%}") for name, s in shares.items() if s > 0]
    return strip(parts, f"Shares for {task}: {'; '.join(words for *_, words in parts)}")


def roses(histogram_D: Floats, alt: str, color: Color) -> str:
    """Return one descriptor: three moments side by side, each with its 2 x 2 cells as roses.

    Bin b points to b * 45 degrees, y down; a ninth (no motion) is a disc in the center.
    """
    cells = np.asarray(histogram_D, dtype=np.float64).reshape(3, 2, 2, -1)  # time, column, row
    share, r, parts = cells / (float(cells.max()) or 1.0), 24.0, []
    for moment, column, row in np.ndindex(3, 2, 2):
        x, y = 116 * moment + 28 + 52 * column, 28 + 52 * row
        spokes = ""
        for b, value in enumerate(share[moment, column, row, :8]):
            turn = b * np.pi / 4
            spokes += f"M{x} {y}l{r * value * np.cos(turn):.2f} {r * value * np.sin(turn):.2f}"
        parts.append(f'<circle cx="{x}" cy="{y}" r="{r:g}" {FRAME}/>')
        parts.append(f'<path d="{spokes}" stroke="{css(color)}" stroke-width="2.6"/>')
        if cells.shape[-1] > 8:
            disc = r * 0.5 * share[moment, column, row, 8]
            paint = f'fill="{css(color)}" opacity="0.45"'
            parts.append(f'<circle cx="{x}" cy="{y}" r="{disc:.2f}" {paint}/>')
    parts += [f'<rect x="{116 * m + 1}" y="1" width="106" height="106" {FRAME}/>' for m in range(3)]
    return svg(parts, 340, 108, alt)
