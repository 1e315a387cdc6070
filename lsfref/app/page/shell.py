"""The shell of every page, and what it is made of: text, numbers, tables, figures, sections.

In: words and numbers.  Out: HTML, escaped here and nowhere else; it loads nothing, runs nothing.
"""

import html
import json
import math
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from lsfref.storage.files import PathLike, printable

# What a page says whatever the video is, as HTML; tables have it in columns.json.
WORDS = json.loads(Path(__file__).with_name("words.json").read_text(encoding="ascii"))
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


def page(title: str, body: Iterable[str]) -> str:
    """Return the whole page; `title` is plain text, the body is HTML already."""
    style = Path(__file__).with_name("page.css").read_text(encoding="utf-8")
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{html.escape(POLICY)}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{text(title)}</title><style>{style}</style></head>\n<body>\n"
        + "\n".join(body)
        + "\n</body></html>\n"
    )


def text(words: PathLike | bytes) -> str:
    """Return words as HTML: escaped, on one line, without control characters or bidi marks.

    No line ends before a sign of per cent.
    """
    return html.escape(printable(words)).replace(" %", "&nbsp;%")


def soft(words: PathLike | bytes) -> str:
    """Return the name of a file, or words with some, as HTML; a name may break where it is joined.

    That is after slashes, dots, dashes or bars, and only where a line is too short for it.
    """
    joined = re.sub(r"(?<=[/._-])(?=[^\s/._-])", "\n", printable(words))
    whole = re.sub(r"[^ ]*\n[^ ]*", r'<span class="name">\g<0></span>', html.escape(joined))
    return whole.replace("\n", "<wbr>")


def shown(value: float) -> str:
    """Return a number for reading: three digits that count, thousands apart, no exponent (HTML)."""
    if not math.isfinite(value):
        return "&infin;"
    if value == int(value) and abs(value) < 1e9:
        return f"{value:,.0f}"
    power = math.floor(math.log10(abs(value)))
    if -4 <= power < 9:
        return f"{value:,.{max(0, 2 - power)}f}"
    return f"{value / 10.0**power:.2f} &times; 10<sup>{power}</sup>"


def percent(share: float) -> str:
    """Return a share in whole per cent, which no line break parts from its sign."""
    return f"{100 * share:.0f}&nbsp;%"


def number(value: float, source: str) -> str:
    """Return a number of the page with where `trace` has it: folder/case/tensor[index]."""
    exact = repr(value if isinstance(value, int) else float(value))
    return f'<data value="{exact}" data-from="{html.escape(source)}">{shown(value)}</data>'


Column = Sequence[Any]  # its head, what stands in it, and True where it is set right as numbers are


def columns(name: str, **facts: int) -> list[Column]:
    """Return the columns of a table, as columns.json has them, with its {facts} filled in."""
    said = json.loads(Path(__file__).with_name("columns.json").read_text(encoding="ascii"))
    return [
        [head.format_map(facts), about.format_map(facts), *right]
        for head, about, *right in said[name]
    ]


def table(columns: Sequence[Column], rows: Iterable[Sequence[str]]) -> str:
    """Return a table of HTML cells, and below it what each column says."""
    kinds = [' class="n"' * any(right) for _head, _about, *right in columns]
    heads = zip(kinds, columns, strict=True)
    head = "".join(f'<th scope="col"{kind}>{text(c[0])}</th>' for kind, c in heads)
    body = ""
    for row in rows:
        cells = "".join(f"<td{k}>{cell}</td>" for k, cell in zip(kinds, row, strict=True))
        body += f"<tr>{cells}</tr>"
    drawn = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    return wide(drawn) + key(columns)


def key(columns: Iterable[Column]) -> str:
    """Return what the columns of a table say, folded."""
    words = "".join(f"<dt>{text(c[0])}</dt><dd>{text(c[1])}</dd>" for c in columns)
    return folded("What the columns say", f'<dl class="key">{words}</dl>')


def wide(inner: str) -> str:
    """Return what may be wider than the screen: it scrolls by itself, with a visible hint."""
    return f'<div class="wide" tabindex="0">{inner}</div>'


def folded(summary: str, inner: str) -> str:
    """Return what is folded on a screen and open on paper."""
    return f"<details><summary>{text(summary)}</summary>{inner}</details>"


def figure(picture: str, caption: str) -> str:
    """Return a picture with its caption (HTML)."""
    return f"<figure>{picture}<figcaption>{caption}</figcaption></figure>"
