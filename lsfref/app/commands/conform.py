"""`conform`: where another implementation's numbers first differ from ours."""

import argparse
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lsfref.app import options, output
from lsfref.storage import comparator, recorder
from lsfref.storage.comparator import Verdict
from lsfref.storage.files import printable

GOLDEN = Path(__file__).parents[3] / "golden"


def run(args: argparse.Namespace) -> int:
    """Print PASS or FAIL for each tensor, then the first stage that differs; status 1 if any."""
    stages = options.parsed("--stages:", recorder.choose_stages, args.stages)
    if not (folder := Path(args.folder)).is_dir():
        why = "a file; give the folder of your outputs" if folder.exists() else "no such folder"
        raise options.UsageError(f"{printable(folder)}: {why}")
    reference = getattr(args, "against", GOLDEN)
    if reference is GOLDEN and not GOLDEN.is_dir():
        raise options.UsageError(
            "the golden files are not part of an installed package: get the folder `golden` of the"
            " source code of this version and give it as --against"
        )
    manifest = recorder.read_manifest(reference)
    away = options.parsed("--without:", comparator.left_out, manifest, args.without)
    verdicts = []
    found = comparator.compare_folders(folder, Path(reference), stages=stages, away=away)
    for verdict in found:
        verdicts.append(verdict)
        if not (args.quiet and verdict.passed):
            output.write_json(as_row(verdict)) if args.json else print(as_line(verdict))
    if not verdicts:
        raise options.UsageError(f"{printable(reference)} has no tensor of stages {args.stages}")
    failed = [v for v in verdicts if not v.passed]
    first = first_difference(failed)
    likely = likely_branch(first, verdicts, manifest["cases"]) if first else None
    outputs = [e for e in manifest["tensors"] if e["role"] == "output"]
    counts = {
        "tensors": sum(not v.skipped for v in verdicts),
        "failed": len(failed),
        "missing": sum(v.fault == "missing" for v in failed),
        "changed": sum(map(is_given, failed)),
        "skipped": sum(v.skipped for v in verdicts),
        "left_out": sum(e["file"] in away and e["stage"] in stages for e in outputs),
    }
    if args.json:
        where = {"stage": first.stage, "case": first.case, "tensor": first.name} if first else None
        output.write_json({**counts, "first": where, "likely": likely})
    else:
        print("\n" + summary(first, likely, args.without, **counts))
    return 1 if failed else 0


def summary(
    first: Verdict | None, likely: str | None, without: Sequence[str], **counts: int
) -> str:
    """Return the lines that end the report."""
    text = f"All {counts['tensors']} tensors agree."
    if first:
        case = f"`{printable(first.case)}` ({printable(first.name)})"
        where = f"{stage_title(first.stage)}, in case {case}"
        text = f"{counts['failed']} of {counts['tensors']} tensors fail."
        text += f"\nThe first stage that differs is {where}.\n{likely}"
    names = f" ({printable(', '.join(without))})" if without else ""
    for key, about in _COUNTED.items():
        text += f"\n{counts[key]} {about}{names * (key == 'left_out')}." if counts[key] else ""
    return text


_COUNTED = {
    "missing": "of them are not there",
    "changed": "of them are given (input, param, draw) and not the reference's: copy them again",
    "skipped": "were skipped: single precision cannot follow their cases",
    "left_out": "were left out by --without",
}


def is_given(verdict: Verdict) -> bool:
    """Return whether a tensor is an input, a parameter or a draw."""
    return verdict.role not in (None, "output")


def first_difference(failed: Sequence[Verdict]) -> Verdict | None:
    """Return the first of what failed that differs though the inputs of its case agree.

    What differs comes before what is not there, and before what changed inputs explain.
    """
    changed = {(v.stage, v.case) for v in failed if is_given(v)}
    own = [v for v in failed if (v.stage, v.case) not in changed]
    there = [v for v in own if v.fault != "missing"]
    return next(iter([*there, *own, *failed]), None)


def stage_title(stage: str) -> str:
    """Return `8 of 10, fisher` for a stage's folder name."""
    digits, _, name = stage.partition("_")
    if stage == recorder.STAGES[-1] or stage not in recorder.STAGES:
        return printable(stage) or "(none)"
    return f"{int(digits)} of 10, {name}"


def likely_branch(first: Verdict, verdicts: Sequence[Verdict], cases: dict[str, Any]) -> str:
    """Return in words where to look: what the numbers look like, what the case is there for."""
    same = [v for v in verdicts if v.stage == first.stage]
    if all(v.fault == "missing" for v in same):
        return (
            "Nothing of this stage is there; --stages leaves out what you have not written,"
            " --without an option or a case."
        )
    if is_given(first):
        return f"`{first.name}` is given ({first.role}) and not the reference's: copy it again."
    if first.fault not in ("value", "shape"):
        return f"Likely the file, not the numbers: {first.text}."
    case = cases.get(f"{first.stage}/{first.case}", {})
    branch = case.get("branch", first.equation or "the stage itself")
    if first.fault == "shape" and not first.likeness:
        branch = f"a size that is counted or rounded in another way; {branch}"
    text = f"Likely: {f'{first.likeness}; ' if first.likeness else ''}{branch}."
    broken = {v.case for v in same if not v.passed}
    whole = [c for c in dict.fromkeys(v.case for v in same) if c not in broken]
    if whole:
        text += f" {len(whole)} other cases of the stage agree, {', '.join(whole[:5])} ..."
    else:
        text += " No other case of the stage agrees."
    return f"{text} `{first.name}` is: {first.equation}." if case and first.equation else text


def as_line(verdict: Verdict) -> str:
    """Return one line for a person."""
    state = "SKIP" if verdict.skipped else "PASS" if verdict.passed else "FAIL"
    apart = "equal"
    if verdict.error:
        apart = f"off by {verdict.error:.2g}, allowed {verdict.allowed:.2g}"
    return f"{state}  {printable(verdict.file)}  {verdict.text or apart}"


def as_row(verdict: Verdict) -> dict[str, Any]:
    """Return the fields of one JSON line; infinities as text, JSON has none."""
    row = {"file": verdict.file, **verdict._asdict()}
    for key in ("error", "allowed", "got", "want"):
        if isinstance(row[key], float) and not math.isfinite(row[key]):
            row[key] = str(row[key])
    return row
