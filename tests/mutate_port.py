"""Plants faults of a porter in the C++ port of golden/example; looks whether `conform` sees each.

    python tests/mutate_port.py [--only PATTERN] [--real float] [--jobs 2]

For each fault of port_faults.txt the port is patched, compiled, run on the cases of the fault's
stage (--whole: on all; no stage uses the code of a later one), and held against the golden files. A
table tells whether it was seen, whether the stage that is named first is the fault's, and whether
the sentence says what the fault is about. Nothing in the checkout is written.
Status 1 if a fault was missed or blamed on another stage.
"""

import argparse
import contextlib
import io
import json
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
EXAMPLE = ROOT / "golden" / "example"
SECONDS = 120  # after which a port that hangs is taken for seen
sys.path.insert(0, str(ROOT))


class Planted(NamedTuple):
    """A fault: where it must show, in which file, what it is, old and new code, words wanted."""

    stage: str
    file: str
    label: str
    old: str
    new: str
    words: str


class Outcome(NamedTuple):
    """What `conform` said first; stage "(none)" for a port that did not build or run."""

    stage: str | None
    case: str
    sentence: str


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only", default="", help="faults whose file or label holds this")
    parser.add_argument("--real", choices=["double", "float"], default="double")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--whole", action="store_true", help="run all stages, not the fault's")
    args = parser.parse_args()
    faults = [f for f in planted_faults() if args.only in f"{f.file}: {f.label}"]
    print("| stage | fault | seen | first stage | case | sentence |")
    print("| --- | --- | --- | --- | --- | --- |", flush=True)
    counts = dict.fromkeys(("seen", "right stage", "right sentence"), 0)
    with tempfile.TemporaryDirectory() as folder, ProcessPoolExecutor(args.jobs) as pool:
        template = precompiled(Path(folder), args.real)
        outcomes = pool.map(
            partial(run, template=template, real=args.real, whole=args.whole), faults
        )
        for fault, out in zip(faults, outcomes, strict=True):
            right = {
                "seen": out.stage is not None,
                "right stage": out.stage == fault.stage,
                "right sentence": out.stage == fault.stage
                and re.search(fault.words, out.sentence) is not None,
            }
            for name, so in right.items():
                counts[name] += so
            said = "right" if right["right sentence"] else out.sentence.replace("|", "\\|")
            seen = "yes" if right["seen"] else "NO"
            cells = fault.stage, fault.label, seen, out.stage, out.case, said
            print(f"| {' | '.join(map(str, cells))} |", flush=True)
    print(f"\n{len(faults)} faults: " + ", ".join(f"{n} {name}" for name, n in counts.items()))
    return int(counts["right stage"] < len(faults))


def planted_faults():
    """Return the faults of port_faults.txt; ends where one does not fit the port."""
    found, lost, stage = [], [], ""
    text = Path(__file__).with_name("port_faults.txt").read_text(encoding="utf-8")
    for part in text.strip().split("\n\n"):
        if part.startswith("#"):
            stage = part.removeprefix("# ")
            continue
        title, *lines = part.split("\n")
        file, _, label = title.partition(": ")
        old, new, words = (
            "\n".join(line[2:] for line in lines if line.startswith(mark)) for mark in "-+="
        )
        count = (EXAMPLE / f"{file}.h").read_text(encoding="utf-8").count(old)
        if count != 1:
            lost.append(f"{title}: stands {count} times in the port")
        found.append(Planted(stage, file, label, old, new, words))
    if lost:
        raise SystemExit("\n".join(["port_faults.txt does not fit the port:", *lost]))
    return found


def compiled(real, *rest):
    """Run the compiler; return what it ended with."""
    options = ["-std=c++17", "-O0", "-w", "-ffp-contract=off", f"-DREAL={real}"]
    command = [shutil.which("c++") or "g++", *options, *map(str, rest)]
    return subprocess.run(command, capture_output=True, text=True)


def precompiled(folder, real):
    """Return a copy of the port, beside it the library's headers compiled, which saves half."""
    copy = Path(shutil.copytree(EXAMPLE, folder / "example"))
    headers = re.findall(r"^#include <.*>$", (copy / "tensor.h").read_text("utf-8"), re.MULTILINE)
    (copy / "library.h").write_text("\n".join(headers), encoding="utf-8")
    compiled(real, "-x", "c++-header", copy / "library.h")
    return copy


def run(fault, *, template, real, whole):
    """Return the Outcome of the port with the fault in it."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(shutil.copytree(template, Path(folder) / "example"))
        path = copy / f"{fault.file}.h"
        path.write_text(path.read_text("utf-8").replace(fault.old, fault.new), encoding="utf-8")
        program, out = copy / "port", Path(folder) / "out"
        built = compiled(real, "-include", copy / "library.h", "-o", program, copy / "port.cpp")
        if built.returncode:
            return Outcome("(none)", "does not build", built.stderr.partition("\n")[0])
        command = [str(program), str(ROOT / "golden"), str(out), *([] if whole else [fault.stage])]
        with contextlib.suppress(subprocess.TimeoutExpired):
            subprocess.run(command, capture_output=True, timeout=SECONDS)
        return judged(out, "1-11" if whole else fault.stage)


def judged(out, stages):
    """Return what `conform` says first of the outputs in a folder, of these stages."""
    from lsfref.app import cli

    out.mkdir(exist_ok=True)
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        cli.main(["conform", str(out), "--json", "--stages", stages])
    last = json.loads(said.getvalue().splitlines()[-1])
    first = last["first"]
    if first is None:
        return Outcome(None, "", "")
    return Outcome(first["stage"], first["case"], str(last["likely"]))


if __name__ == "__main__":
    sys.exit(main())
