"""How figures of `evaluate` and `compare` are printed: for people, as JSON lines, as CSV."""

import argparse
from collections.abc import Sequence

from lsfref.app import output
from lsfref.app.output import counted
from lsfref.storage.files import printable
from lsfref.study.protocol import sureness
from lsfref.study.protocol.outcome import Outcome, as_json, confusion_lines, figures

MEASURES = (
    "videos", "accuracy_mean", "accuracy_sd", "interval_low", "interval_high", "recall_mean",
    "majority", "rounds",
)  # fmt: skip
CSV_FIELDS = ("method", "task", *MEASURES, "interval", "confusion", "classes")


def write(outcomes: Sequence[Outcome], args: argparse.Namespace) -> None:
    """Print the outcomes as --json or --csv ask, else as lines and confusion matrices."""
    show = output.printer(args, CSV_FIELDS, flat=with_ends)
    for number, outcome in enumerate(outcomes):
        if show:
            show(as_json(outcome) | sureness.as_json(outcome))
            continue
        if number:
            print()
        lines = [sentence(outcome), *map(printable, confusion_lines(outcome))]
        print("\n".join([*lines, *sureness.lines(outcome)]))


def with_ends(row: output.Row) -> output.Row:
    """Return a row of figures with the ends of its interval as fields of their own, for CSV."""
    low, high = row["interval"]
    return {**row, "interval_low": low, "interval_high": high}


def sentence(outcome: Outcome) -> str:
    """Return the figures of an outcome in one line."""
    found = figures(outcome)
    low, high = found.whole.interval
    return (
        f"{outcome.task}, {printable(outcome.method)}: accuracy {found.accuracy_mean:.3f} "
        f"(sd {found.accuracy_sd:.3f}, 95 % interval {low:.3f} to {high:.3f}), "
        f"mean class recall {found.whole.recall_mean:.3f}, majority {found.whole.majority:.3f}, "
        f"{counted(len(outcome.true_M), 'video')}, {counted(len(outcome.predicted_YM), 'round')}"
    )
