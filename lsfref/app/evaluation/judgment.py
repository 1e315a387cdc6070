"""What an estimate of accuracy says to a person: what to expect, and what to do about it.

Apart from the folds that make it: `classify` says a word and starts without them.
"""

from collections.abc import Mapping
from typing import Any

from lsfref.app.output import counted
from lsfref.storage.files import printable

RIGHT = 0.9  # the accuracy that a threshold is looked for
FEW = 3  # sources of a class: with fewer, a fold may learn it from a single one


def no_better(row: Mapping[str, Any]) -> bool:
    """Return whether the accuracy may be that of always naming the largest class."""
    return row["interval"][0] <= row["majority"]


def lines(estimate: Mapping[str, Any]) -> list[str]:
    """Return a line per task: what to expect, and a sentence of judgment with what to do."""
    return [sentence(task, row) for task, row in estimate.items()]


def sentence(task: str, row: Mapping[str, Any]) -> str:
    """Return what to expect of one task."""
    low, high = row["interval"]
    where = "cameras" if row["by_group"] else "videos"
    usual = printable(row["majority_class"])
    parts = [
        f"{task}: expect {_percent(row['accuracy'])} right ({_percent(low)} to {_percent(high)}) on"
        f" {where} not seen; always '{usual}' {_percent(row['majority'])}; mean class recall"
        f" {_percent(row['recall_mean'])}; {counted(row['videos'], 'video')} asked"
    ]
    if row["drawn"]:
        parts.append("these are drawn scenes: nothing is said of real cameras")
    elif not row["by_group"]:
        parts.append("without a column 'group' one camera may be on both sides: expect less")
    if no_better(row):
        maybe = "perhaps " if row["accuracy"] > row["majority"] else ""
        parts.append(f"{maybe}no better than always '{usual}': label more videos, of more cameras")
    thin = [f"'{printable(name)}' ({n})" for name, n in row["sources"].items() if n < FEW]
    if thin:
        parts.append(f"few sources of {', '.join(thin)}: add more")
    if row["accuracy"] < RIGHT and row["threshold"] is not None and not no_better(row):
        parts.append(
            f"{10 * row['accuracy']:.0f} of 10 are right: --threshold {row['threshold']:.2f} is"
            f" right in 9 of 10 and answers {_percent(row['coverage'])}"
        )
    return "; ".join(parts)


def compared(estimate: Mapping[str, Any], other: Mapping[str, Any] | None, name: str) -> str:
    """Return what the other preset, called `name`, is expected to do, or how to ask."""
    if other is None:
        return f"--estimate both says what preset {name} is expected to do on these videos"
    told = [f"{task} {_percent(row['accuracy'])}" for task, row in other.items()]
    better = sum(other[t]["accuracy"] - estimate[t]["accuracy"] for t in estimate if t in other)
    advice = f": train with --preset {name}" if better > 0 else ""
    return f"preset {name} is expected at {', '.join(told)}{advice}"


def caution(estimate: Mapping[str, Any] | None) -> str | None:
    """Return what `classify` should say of a model before its answers, None if nothing."""
    if estimate is None:
        return "the model holds no estimate of its accuracy; `evaluate --labels` measures it"
    if any(row["drawn"] for row in estimate.values()):
        return "the model was trained on drawn scenes: a demonstration, for real cameras train anew"
    poor = [task for task, row in estimate.items() if no_better(row)]
    if poor:
        return f"{' and '.join(poor)}: the model may be no better than always its largest class"
    return None


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
