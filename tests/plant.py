"""Plants faults outside the stages, in a copy of the checkout: does pytest see each one?

    python tests/plant.py [--only PATTERN] [--suite] [--automatic N] [--seed S] [--no-planted]

Planted faults are those of planted.txt: settings that are no longer used, and limits that are off
by one. Automatic ones change one token of a module of WINGS (`mutate.py` says which tokens). Each
is shown to the test file of its module first and, with --suite, to the whole suite where that
passes. The outcome is a table; status 1 if a fault survived that unseen.txt does not explain.
"""

import argparse
import functools
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from mutate import ROOT, broken_sources, explained, planted_faults, source_of

WINGS = ("phases", "model", "storage", "kernels", "study.protocol")
SECONDS, TIMES = 600, 30  # after which a fault that hangs is taken for seen: or times a whole run
PYTEST = (sys.executable, "-m", "pytest", "-x", "-p", "no:cacheprovider", "--tb=no")


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--automatic", type=int, default=0, help="how many, drawn from all")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", help="faults whose module or text holds this")
    parser.add_argument("--no-planted", action="store_true")
    parser.add_argument("--suite", action="store_true", help="then the whole suite")
    args = parser.parse_args()
    planted = [] if args.no_planted else planted_faults("planted.txt")
    automatic = broken_sources(modules()) if args.automatic else []
    planted, automatic = (
        [fault for fault in faults if args.only in " ".join(map(str, fault[:-1]))]
        for faults in (planted, [("", *fault) for fault in automatic])
    )
    drawn = random.Random(args.seed).sample(automatic, min(args.automatic, len(automatic)))
    drawn.sort(key=automatic.index)
    with tempfile.TemporaryDirectory() as folder:
        copy_checkout(Path(folder))
        missed = report("Planted faults", planted, Path(folder), suite=args.suite)
        title = f"Automatic faults, of {len(automatic)}"
        missed += report(title, drawn, Path(folder), suite=args.suite)
    return int(missed > 0)


def modules():
    """Return the modules of WINGS, by name below lsfref."""
    package = ROOT / "lsfref"
    names = sorted(
        ".".join(p.relative_to(package).with_suffix("").parts) for p in package.rglob("*.py")
    )
    return [n for n in names if n.startswith(WINGS) and not n.endswith("__init__")]


def copy_checkout(folder):
    """Copy all that tests read: the files that git knows, and new ones."""
    words = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.check_output(words, cwd=ROOT, text=True)
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).exists():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)


def tests_of(folder, module):
    """Return the test files to try first: that of the module, and that of all settings."""
    *above, name = module.split(".")
    own = folder.joinpath("tests", *above, f"test_{name}.py")
    settings = folder / "tests" / "test_settings.py"
    return [path for path in (own, settings) if path.exists()]


def report(title, faults, folder, *, suite):
    """Try the faults, print the table, return how many were missed without a reason."""
    if not faults:
        return 0
    print(f"\n{title}: {len(faults)}\n\n| module | fault | seen by | seconds |")
    print("| --- | --- | --- | --- |", flush=True)
    seen, missed = 0, 0
    for _group, module, label, source in faults:
        began = time.monotonic()
        by = seen_by(folder, module, source, suite=suite)
        reason = None if by else explained(module, label, "unseen.txt")
        seen, missed = seen + bool(by), missed + (not by and reason is None)
        told = by or ("**no**" if reason is None else f"no: {reason}")
        print(f"| {module} | {label} | {told} | {time.monotonic() - began:.0f} |", flush=True)
    print(f"\n{seen} of {len(faults)} seen, {missed} unexplained", flush=True)
    return missed


def seen_by(folder, module, source, *, suite):
    """Return which test file, or "suite", fails on the broken copy; None where all pass."""
    target = source_of(folder, module)
    whole = target.read_text(encoding="utf-8")
    limits = {path: check_whole(folder, path) for path in tests_of(folder, module)}
    target.write_text(source, encoding="utf-8")
    try:
        for path, limit in limits.items():
            if fails(folder, str(path), limit=limit):
                return path.relative_to(folder / "tests")
        return "suite" if suite and fails(folder) else None
    finally:
        target.write_text(whole, encoding="utf-8")


@functools.cache
def check_whole(folder, path):
    """Stop where a test file fails without any fault; return after how many seconds one hangs."""
    began = time.monotonic()
    if fails(folder, str(path)):
        raise SystemExit(f"{path.relative_to(folder)} fails as it is; mend it first")
    return min(SECONDS, TIMES * (time.monotonic() - began))


def fails(folder, *words, limit=SECONDS):
    """Return whether pytest finds a failure, or none within the limit."""
    environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "1"}
    run = subprocess.Popen(
        [*PYTEST, *words], cwd=folder, env=environment,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    try:
        return run.wait(limit) != 0
    except subprocess.TimeoutExpired:
        run.kill()
        run.wait()
        return True


if __name__ == "__main__":
    sys.exit(main())
