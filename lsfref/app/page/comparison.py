"""One self-contained page: the table, Figure 3, a confusion matrix a method and task.

In: Outcomes, sign tests, the text of an SVG.  Out: HTML that needs nothing from anywhere.
"""

from collections.abc import Mapping, Sequence
from html import escape

import numpy as np

from lsfref.study.protocol.metrics import SignTest
from lsfref.study.protocol.outcome import Outcome, figures

STYLE = """
body { font: 15px/1.45 system-ui, Helvetica, Arial, sans-serif; margin: 2rem auto; padding: 0 1rem;
  max-width: 60rem; color: #1a1a1a; background: #fff; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.2rem; margin-top: 2.2rem; } h3 { font-size: 1rem; }
table { border-collapse: collapse; margin: .6rem 0; font-variant-numeric: tabular-nums; }
th, td { padding: .25rem .6rem; text-align: right; border-bottom: 1px solid #ddd; }
td { white-space: nowrap; } th:first-child, td:first-child { text-align: left;
  white-space: normal; } tr.reference td { font-weight: 600; }
td.l { text-align: left; } td.cell { min-width: 2.6rem; border: 1px solid #eee; }
.matrices { display: flex; flex-wrap: wrap; gap: 0 2rem; } .matrices table { font-size: 12px; }
.matrices th, .matrices td { padding: .15rem .4rem; } .note { color: #444; }
svg { max-width: 100%; height: auto; }
.bar { display: inline-block; height: .6rem; background: #0072b2; vertical-align: middle; }
@media (prefers-color-scheme: dark) { body { color: #e8e8e8; background: #161616; }
  th, td { border-color: #333; } td.cell { border-color: #2a2a2a; } .note { color: #aaa; } }
"""


def page(
    outcomes: Sequence[Outcome],
    tests: Mapping[tuple[str, str], SignTest],
    *,
    reference: str,
    title: str,
    lines: Sequence[str],
    figure: str | None,
    figure_note: str,
) -> str:
    """Return the page. `lines` say what was compared and how; `tests` are against `reference`."""
    parts = [
        '<!doctype html><html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{escape(title)}</title><style>{STYLE}</style></head><body>",
        f"<h1>{escape(title)}</h1>",
        *(f'<p class="note">{escape(line)}</p>' for line in lines),
    ]
    tasks = list(dict.fromkeys(outcome.task for outcome in outcomes))
    for task in tasks:
        of_task = [outcome for outcome in outcomes if outcome.task == task]
        parts.append(f"<h2>{escape(task.capitalize())} motion</h2>")
        parts += _table(of_task, tests, reference=reference)
    if figure is not None:
        parts += ["<h2>Feature spaces</h2>", f'<p class="note">{escape(figure_note)}</p>', figure]
    for task in tasks:
        parts.append(f"<h2>Confusion, {escape(task)}</h2>")
        parts.append('<p class="note">Rows: the true class and its videos. Columns: the answer, '
                     "mean videos a round.</p>")  # fmt: skip
        parts.append('<div class="matrices">')
        parts += [_matrix(outcome) for outcome in outcomes if outcome.task == task]
        parts.append("</div>")
    return "\n".join([*parts, "</body></html>", ""])


def _table(
    outcomes: Sequence[Outcome], tests: Mapping[tuple[str, str], SignTest], *, reference: str
) -> list[str]:
    parts = [
        "<table><tr><th>method</th><th>accuracy</th><th></th><th>sd</th><th>95 % interval</th>"
        "<th>mean class recall</th><th>won by the whole system</th><th>lost</th><th>p</th></tr>"
    ]
    for outcome in outcomes:
        found = figures(outcome)
        low, high = found.whole.interval
        test = tests.get((outcome.method, outcome.task))
        told = ["", "", ""] if test is None else [test.wins, test.losses, _p(test.p)]
        kind = ' class="reference"' if outcome.method == reference else ""
        bar = f'<span class="bar" style="width:{100 * found.accuracy_mean:.0f}px"></span>'
        cells = [
            escape(outcome.method), f"{found.accuracy_mean:.1%}", bar, f"{found.accuracy_sd:.1%}",
            f"{low:.1%} to {high:.1%}", f"{found.whole.recall_mean:.1%}", *map(str, told),
        ]  # fmt: skip
        row = "".join(f"<td>{cell}</td>" for cell in cells)
        row = row.replace(f"<td>{bar}", f'<td class="l">{bar}')
        parts.append(f"<tr{kind}>{row}</tr>")
    majority = figures(outcomes[0]).whole.majority
    parts.append(f"<tr><td>always the largest class</td><td>{majority:.1%}</td>"
                 f'{"<td></td>" * 7}</tr></table>')  # fmt: skip
    return parts


def _p(p: float) -> str:
    return "&lt; 0.001" if p < 0.001 else f"{p:.3f}"


def _matrix(outcome: Outcome) -> str:
    found = figures(outcome).whole
    rounds = len(outcome.predicted_YM)
    sizes = np.bincount(outcome.true_M, minlength=len(outcome.classes))
    columns = np.column_stack([found.confusion_CC, found.unanswered_C]) / rounds
    names = [*outcome.classes, "no answer"]
    if not found.unanswered_C.any():
        columns, names = columns[:, :-1], names[:-1]
    head = "".join(f"<th>{escape(name)}</th>" for name in names)
    rows = []
    for name, size, counts in zip(outcome.classes, sizes, columns, strict=True):
        cells = "".join(_cell(count / max(size, 1), count) for count in counts)
        rows.append(f"<tr><td>{escape(name)} ({size})</td>{cells}</tr>")
    return (
        f"<div><h3>{escape(outcome.method)}</h3><table><tr><th></th>{head}</tr>"
        f"{''.join(rows)}</table></div>"
    )


def _cell(share: float, count: float) -> str:
    color = "#fff" if share > 0.55 else "inherit"
    style = f"background:rgba(0,114,178,{share:.2f});color:{color}"
    return f'<td class="cell" style="{style}">{count:.1f}</td>'
