"""How figures of `evaluate` and `compare` are printed: for people, as JSON lines, as CSV."""

import argparse
import json
from collections.abc import Sequence

from lsfref.app.output import CsvWriter, write_json
from lsfref.storage.files import printable
from lsfref.study.protocol import sureness
from lsfref.study.protocol.outcome import Outcome, as_json, confusion_lines, figures

CSV_FIELDS = (
    "method", "task", "videos", "accuracy_mean", "accuracy_sd", "interval_low", "interval_high",
    "recall_mean", "majority", "rounds", "interval", "confusion", "classes",
)  # fmt: skip


def write(outcomes: Sequence[Outcome], args: argparse.Namespace) -> None:
    """Print the outcomes as --json or --csv ask, else as lines and confusion matrices."""
    if args.csv:
        table = CsvWriter(CSV_FIELDS)
    for number, outcome in enumerate(outcomes):
        if args.json:
            sure = {} if outcome.confidence_YM is None else sureness.as_json(outcome)
            write_json(as_json(outcome) | sure)
        elif args.csv:
            row = as_json(outcome)
            row["interval_low"], row["interval_high"] = row["interval"]
            cells = [row[field] for field in CSV_FIELDS]
            table.write([json.dumps(c) if isinstance(c, list) else c for c in cells])
        else:
            if number:
                print()
            print(sentence(outcome))
            print("\n".join(map(printable, confusion_lines(outcome))))
            if outcome.confidence_YM is not None:
                print("\n".join(sureness.lines(outcome)))


def sentence(outcome: Outcome) -> str:
    """Return the figures of an outcome in one line."""
    found = figures(outcome)
    low, high = found.whole.interval
    return (
        f"{outcome.task}, {printable(outcome.method)}: accuracy {found.accuracy_mean:.3f} "
        f"(sd {found.accuracy_sd:.3f}, 95 % interval {low:.3f} to {high:.3f}), "
        f"mean class recall {found.whole.recall_mean:.3f}, majority {found.whole.majority:.3f}, "
        f"{len(outcome.true_M)} videos, {len(outcome.predicted_YM)} rounds"
    )
