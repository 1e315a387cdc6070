"""The page around the pictures: one HTML file that loads nothing, runs nothing, prints well."""

import dataclasses
import html
import re
from collections.abc import Iterable
from pathlib import Path

import lsfref
from lsfref.config import Config

STYLE = """
:root { color-scheme: light; }
body { font: 17px/1.5 system-ui, sans-serif; color: #222; background: #fff; margin: 0 auto;
  max-width: 46rem; padding: 1rem; overflow-wrap: anywhere; }
h1 { font-size: 1.6rem; line-height: 1.25; } h2 { font-size: 1.25rem; margin: 0 0 .3rem; }
section { border-top: 2px solid #ddd; margin-top: 2rem; padding-top: 1rem; }
img, svg { max-width: 100%; height: auto; display: block; margin: .6rem 0; }
svg { width: 100%; }
img { image-rendering: pixelated; }
figure { margin: 0; } figcaption { color: #555; font-size: .9rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: .92rem; margin: .5rem 0; }
th, td { text-align: left; padding: .2rem .7rem .2rem 0; vertical-align: top;
  border-bottom: 1px solid #e5e5e5; }
th { overflow-wrap: normal; } td.n { text-align: right; font-variant-numeric: tabular-nums; }
.io { background: #f4f6f8; padding: .4rem .8rem; border-radius: .3rem; font-size: .92rem; }
.equation { font-family: ui-monospace, monospace; font-size: .92rem; background: #faf7ef;
  padding: .4rem .8rem; white-space: pre-wrap; border-radius: .3rem; }
details { font-size: .9rem; } .answer { font-size: 1.15rem; }
nav ol { columns: 2; padding-left: 1.6rem; } a { color: #005b8e; }
.bar { background: #0072b2; height: .8rem; display: inline-block; min-width: 1px; }
.rest { background: #bbb; }
@media print { body { max-width: none; font-size: 11pt; } details > * { display: block; } }
@media (max-width: 34rem) { nav ol { columns: 1; } body { font-size: 16px; } }
"""
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


def page(title: str, body: Iterable[str]) -> str:
    """Return the whole page; `title` is escaped here, the body is HTML already."""
    safe = html.escape(title)
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{html.escape(POLICY)}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{safe}</title><style>{STYLE}</style></head>\n<body>\n"
        + "\n".join(body)
        + "\n</body></html>\n"
    )


def number(value: float, source: str, digits: str = ".3g") -> str:
    """Return a number of the page with where `trace` has it: folder/case/tensor[index]."""
    shown = f"{value:d}" if isinstance(value, int) else format(value, digits)
    exact = repr(value if isinstance(value, int) else float(value))
    return f'<data value="{exact}" data-from="{html.escape(source)}">{shown}</data>'


def table(header: Iterable[str], rows: Iterable[Iterable[str]], *, numeric: str = "") -> str:
    """Return a table of HTML cells; `numeric` has an n for each column that is set right."""
    head = "".join(f"<th>{cell}</th>" for cell in header)
    lines = []
    for row in rows:
        cells = "".join(
            f'<td class="n">{cell}</td>' if numeric[i : i + 1] == "n" else f"<td>{cell}</td>"
            for i, cell in enumerate(row)
        )
        lines.append(f"<tr>{cells}</tr>")
    return f'<div class="wide"><table><tr>{head}</tr>{"".join(lines)}</table></div>'


def figure(picture: str, caption: str) -> str:
    """Return a picture with its caption (HTML)."""
    return f"<figure>{picture}<figcaption>{caption}</figcaption></figure>"


def choices(ids: str, config: Config) -> str:
    """Return the choices in force: id, question, and the value in this run (from CHOICES.md)."""
    rows = []
    table_of = _choice_rows()
    fields = dataclasses.fields(Config)
    for name in ids.split():
        question, default = table_of[name]
        held = [f for f in fields if name in f.metadata["ids"]]
        values = ", ".join(f"{f.name} = {getattr(config, f.name)}" for f in held)
        rows.append([name, html.escape(question), html.escape(values or default)])
    return (
        "<details><summary>The choices in force here</summary>"
        + table(["id", "question", "in this run"], rows)
        + "</details>"
    )


def _choice_rows() -> dict[str, tuple[str, str]]:
    told = (Path(lsfref.__file__).parent / "CHOICES.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([A-Z]+\d+) \| (.*?) \| .*? \| (.*?) \|", told, re.M)
    return {name: (question, default.replace("`", "")) for name, question, default in rows}


def section(
    stage: int, title: str, paper: str, comes_in: str, goes_out: str, equation: str, body: str
) -> str:
    """Return one stage: what comes in, what goes out, the equation, the pictures."""
    return (
        f'<section id="stage{stage}"><h2>{stage}. {html.escape(title)} '
        f"<small>({html.escape(paper)})</small></h2>"
        f'<p class="io"><b>In:</b> {comes_in}<br><b>Out:</b> {goes_out}</p>'
        f'<p class="equation">{equation}</p>{body}</section>'
    )
