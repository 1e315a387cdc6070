"""The page of `compare`: the table, Figure 3, one confusion matrix per method and task.

In: Outcomes, sign tests, Figure 3 as HTML.  Out: one HTML file that needs nothing from anywhere.
"""

from collections.abc import Sequence

import numpy as np

from lsfref.app.page.marks import BLUE, css, tag
from lsfref.app.page.shell import WORDS, columns, key, page, table, text, wide
from lsfref.study.protocol.outcome import Outcome, confusion, figures
from lsfref.study.table1.compare import Tests
from lsfref.study.table1.rows import WHOLE

COLUMNS, MATRIX = columns("compare"), columns("confusion")
BAR = 6.0  # rem, of an accuracy of 1
DARKEST = 0.75  # of a cell: its number can be read on it, by day and by night


def compare_page(
    outcomes: Sequence[Outcome], tests: Tests, *, title: str, lines: Sequence[str], figure: str
) -> str:
    """Return the page. `lines` say what was compared and how; `tests` are of WHOLE.

    Where there is no figure it is "".
    """
    parts = [f"<h1>{text(title)}</h1>", *(f'<p class="note">{text(line)}</p>' for line in lines)]
    by_task: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        by_task.setdefault(outcome.task, []).append(outcome)
    for task, of_task in by_task.items():
        parts.append(f"<h2>{text(task.capitalize())} motion</h2>")
        parts.append(_table(of_task, tests))
    if figure:
        parts += ["<h2>Feature spaces</h2>", WORDS["spaces"], figure]
    classes = [name for of_task in by_task.values() for name in of_task[0].classes]
    for task, of_task in by_task.items():
        drawn = "".join(_matrix(outcome, classes) for outcome in of_task)
        parts.append(f"<h2>Confusion, {text(task)}</h2>{key(MATRIX)}")
        parts.append(f'<div class="matrices">{drawn}</div>')
    return page(title, parts)


def _table(outcomes: Sequence[Outcome], tests: Tests) -> str:
    rows = []
    for outcome in outcomes:
        found = figures(outcome)
        low, high = found.whole.interval
        test = tests.get((outcome.method, outcome.task))
        against = ["", "", ""] if test is None else [str(test.wins), str(test.losses), _p(test.p)]
        name = text(outcome.method)
        rows.append([
            f"<b>{name}</b>" if outcome.method == WHOLE else name,
            _bar(found.accuracy_mean), f"{found.accuracy_sd:.1%}", f"{low:.1%} to {high:.1%}",
            f"{found.whole.recall_mean:.1%}", *against,
        ])  # fmt: skip
    majority = figures(outcomes[0]).whole.majority
    rows.append(["always the largest class", _bar(majority), *[""] * (len(COLUMNS) - 2)])
    return table(COLUMNS, rows)


def _bar(share: float) -> str:
    width = f"width:{BAR * share:.2f}rem;margin-right:{BAR * (1 - share):.2f}rem"
    return f'{share:.1%}<span class="bar" style="{width};background:{css(BLUE)}"></span>'


def _p(p: float) -> str:
    return "&lt; 0.001" if p < 0.001 else f"{p:.3f}"


def _matrix(outcome: Outcome, classes: Sequence[str]) -> str:
    own, (answers, counted) = outcome.classes, confusion(outcome)
    sizes = np.bincount(outcome.true_M, minlength=len(own))
    names = [tag(classes, name) for name in own]
    names += answers[len(own) :]  # "no answer"
    head = "".join(f'<th scope="col" class="n">{name}</th>' for name in names)
    rows = "".join(
        f'<tr><th scope="row">{tag(classes, name, f" ({size})")}</th>'
        f"{''.join(_cell(count / max(size, 1), count) for count in counts)}</tr>"
        for name, size, counts in zip(own, sizes, counted, strict=True)
    )
    drawn = f"<table><thead><tr><td></td>{head}</tr></thead><tbody>{rows}</tbody></table>"
    return f"<div><h3>{text(outcome.method)}</h3>{wide(drawn)}</div>"


def _cell(share: float, count: float) -> str:
    style = f"background:rgba(0,114,178,{DARKEST * share:.2f})"
    return f'<td class="n cell" style="{style}">{count:.1f}</td>'.replace(".0<", "<")
