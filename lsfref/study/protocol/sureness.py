"""How far a confidence can be trusted: what a threshold costs, what a share of votes is worth.

In: an Outcome with confidences.  Out: JSON, lines of text; choose `classify --threshold` by them.
"""

from typing import Any

import numpy as np

from lsfref.study.protocol.metrics import calibration_table, coverage_table
from lsfref.study.protocol.outcome import Outcome


def as_json(outcome: Outcome) -> dict[str, Any]:
    """Return the fields `coverage` and `calibration`: a row each, thresholds and bins rising.

    Videos without an answer are covered by no threshold; all rounds count together. A method
    without confidences has no such fields.
    """
    if outcome.confidence_YM is None:
        return {}
    answered_YM = outcome.predicted_YM >= 0
    right = (outcome.predicted_YM == outcome.true_M)[answered_YM]
    confidence = np.clip(outcome.confidence_YM[answered_YM], 0, 1)
    if not len(confidence):
        return {"coverage": [], "calibration": []}
    coverage = coverage_table(confidence, right)
    for row in coverage:
        row["coverage"] *= float(answered_YM.mean())
    bins = calibration_table(confidence, right)
    for row in bins:
        row["videos"] /= len(outcome.predicted_YM)
    return {"coverage": coverage, "calibration": bins}


def lines(outcome: Outcome) -> list[str]:
    """Return both tables as text, and how far confidence and accuracy lie apart."""
    told = as_json(outcome)
    if not told.get("coverage"):
        return []
    rows = [f"  {'threshold':>9}  {'answered':>8}  {'accuracy':>8}"]
    for row in told["coverage"]:
        rows.append(f"  {row['threshold']:9.3f}  {row['coverage']:8.3f}  {row['accuracy']:8.3f}")
    rows += ["  share of votes  videos  mean share  accuracy"]
    for row in told["calibration"]:
        between = f"{row['low']:.1f} to {row['high']:.1f}"
        counts = f"{row['videos']:6.1f}  {row['confidence']:10.3f}  {row['accuracy']:8.3f}"
        rows.append(f"  {between:>14}  {counts}")
    gaps = [abs(row["confidence"] - row["accuracy"]) for row in told["calibration"]]
    gap = np.average(gaps, weights=[row["videos"] for row in told["calibration"]])
    return [*rows, f"  shares of votes and accuracy lie {gap:.3f} apart on average"]
