"""`conform`: where another implementation's numbers first differ from ours."""

import argparse
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lsfref.app import options, output
from lsfref.storage import recorder as trace
from lsfref.storage.files import printable

GOLDEN = Path(__file__).parents[3] / "golden"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags of `conform`."""
    parser.add_argument("folder", metavar="DIR", help="NN_stage/case/tensor.npy of your program")
    parser.add_argument(
        "--against", metavar="TRACE", default=argparse.SUPPRESS,
        help="a folder that `trace` wrote (default: the golden files of this checkout)",
    )  # fmt: skip
    parser.add_argument("--stages", default="1-11", help="only these, such as 8, fisher or 3-5,9")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")


def run(args: argparse.Namespace) -> int:
    """Print PASS or FAIL for each tensor, then the first stage that differs; status 1 if any."""
    try:
        stages = trace.choose_stages(args.stages)
    except ValueError as fault:
        raise options.UsageError(f"--stages: {fault}") from None
    if not Path(args.folder).is_dir():
        raise options.UsageError(f"{printable(args.folder)}: no such folder")
    reference = getattr(args, "against", GOLDEN)
    cases = trace.read_manifest(reference)["cases"]
    verdicts = []
    for verdict in trace.compare_folders(args.folder, reference, stages=stages):
        verdicts.append(verdict)
        if args.json:
            output.write_json(as_row(verdict))
        else:
            print(as_line(verdict))
    if not verdicts:
        raise options.UsageError(f"{printable(reference)} has no tensor of stages {args.stages}")
    failed = [v for v in verdicts if not v.passed]
    first = failed[0] if failed else None
    likely = likely_branch(first, verdicts, cases) if first else None
    if args.json:
        counts = {"tensors": len(verdicts), "failed": len(failed)}
        where = {"stage": first.stage, "case": first.case, "tensor": first.name} if first else None
        output.write_json({**counts, "first": where, "likely": likely})
    elif first:
        print(f"\n{len(failed)} of {len(verdicts)} tensors fail.")
        print(
            f"The first stage that differs is {stage_title(first.stage)}, in case {_case(first)}."
        )
        print(likely)
    else:
        print(f"\nAll {len(verdicts)} tensors agree.")
    return 1 if failed else 0


def stage_title(stage: str) -> str:
    """Return `8 of 10, fisher` for a stage's folder name."""
    digits, _, name = stage.partition("_")
    if stage == trace.STAGES[-1] or stage not in trace.STAGES:
        return printable(stage) or "(none)"
    return f"{int(digits)} of 10, {name}"


def _case(verdict: trace.Verdict) -> str:
    return f"`{printable(verdict.case)}` ({printable(verdict.name)})"


def likely_branch(
    first: trace.Verdict, verdicts: Sequence[trace.Verdict], cases: dict[str, Any]
) -> str:
    """Return in words where to look: what the failing case is there for."""
    same = [v for v in verdicts if v.stage == first.stage]
    if all(v.fault == "missing" for v in same):
        return "Nothing of this stage is there; --stages leaves out what you have not written."
    if first.fault != "value":
        return f"Likely the file, not the numbers: {first.text}."
    broken = {v.case for v in same if not v.passed}
    whole = [c for c in dict.fromkeys(v.case for v in same) if c not in broken]
    case = cases.get(f"{first.stage}/{first.case}", {})
    text = f"Likely: {case.get('branch', 'the stage itself')}."
    if whole:
        return f"{text} {len(whole)} other cases of the stage agree, {', '.join(whole[:5])} ..."
    return f"{text} No other case of the stage agrees."


def as_line(verdict: trace.Verdict) -> str:
    """Return one line for a person."""
    state = "PASS" if verdict.passed else "FAIL"
    told = verdict.text
    if verdict.passed:
        told = "equal"
        if verdict.error:
            told = f"off by {verdict.error:.2g}, allowed {verdict.allowed:.2g}"
    return f"{state}  {printable(verdict.file)}  {told}"


def as_row(verdict: trace.Verdict) -> dict[str, Any]:
    """Return the fields of one JSON line; infinities as text, JSON has none."""
    row = {"file": verdict.file, **verdict._asdict()}
    for key in ("error", "allowed", "got", "want"):
        if isinstance(row[key], float) and not math.isfinite(row[key]):
            row[key] = str(row[key])
    return row
