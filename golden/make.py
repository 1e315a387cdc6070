"""Write the golden files; check them; recompute their outputs with this implementation.

python golden/make.py            writes what is new or no longer agrees; what agrees keeps its bytes
python golden/make.py --check    compares the files with the code that stands here
python golden/make.py --out DIR  writes the outputs alone, recomputed from the stored inputs, as a
                                 port would; --dtype float32 computes in single precision
"""

import argparse
import os
import sys
import tempfile
import traceback
from pathlib import Path

GOLDEN = Path(__file__).resolve().parent
sys.path.insert(0, str(GOLDEN.parent))
for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import numpy as np  # noqa: E402
import scipy  # noqa: E402

from golden.cases import CASES, recompute  # noqa: E402
from golden.check import REPAIR, RULE, VERSION, check, stored_cases  # noqa: E402
from golden.measure import all_outputs, flat, margin_of, measure, published  # noqa: E402
from lsfref.storage import comparator  # noqa: E402
from lsfref.storage.recorder import Recorder, TraceError, choose_stages, read_manifest  # noqa: E402


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="compare the files with the code")
    parser.add_argument("--out", metavar="DIR", help="write recomputed outputs to a new folder")
    parser.add_argument(
        "--dtype", choices=["float64", "float32"], default="float64", help="for --out"
    )
    parser.add_argument("--stages", default="1-11", help="for --out, such as 8 or 3-5")
    parser.add_argument("--probe", metavar="NPZ", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.probe:
        np.savez(args.probe, **flat(all_outputs("float64")))
        return 0
    if args.check:
        faults = check(GOLDEN)
        print("\n".join([*faults, REPAIR] if faults else ["golden: all as it should be"]))
        return 1 if faults else 0
    if args.out:
        return write_outputs(args.out, args.dtype, choose_stages(args.stages))
    write()
    return 0


def write():
    """Write all tensors, their measured tolerances, and the manifest."""
    truth, spreads = measure()
    stored = stored_tensors()
    with tempfile.TemporaryDirectory(dir=GOLDEN.parent, prefix=".golden-") as folder:
        recorder = Recorder(Path(folder) / "new")
        for case in CASES:
            outputs = truth[case.key]
            own = {n: spreads[f"{case.key}/{n}"] for n, a in outputs.items() if a.dtype.kind == "f"}
            margin = margin_of(case, outputs, max((s["float64"] for s in own.values()), default=0))
            for name, array, facts in case.entries(outputs):
                if facts["role"] == "output":
                    facts |= {"tol": None, "spread": None, "margin": margin}
                if name in own:
                    facts |= published(case, own[name])
                array, facts = as_stored(stored.get(f"{case.key}/{name}"), array, facts)
                recorder.add(case.kind.stage, case.name, name, array, **facts)
            recorder.describe(case.kind.stage, case.name, **case.facts())
        recorder.close(
            version=VERSION,
            written_with={"numpy": np.__version__, "scipy": scipy.__version__},
            rule=RULE,
        )
        for old in GOLDEN.glob("[01][0-9]_*/*"):
            for tensor in old.glob("*.npy"):
                tensor.unlink()
        for new in sorted(recorder.target.rglob("*.*")):
            target = GOLDEN / new.relative_to(recorder.target)
            target.parent.mkdir(parents=True, exist_ok=True)
            os.replace(new, target)
        for old in GOLDEN.glob("[01][0-9]_*/*"):
            if old.is_dir() and not any(old.iterdir()):
                old.rmdir()
    print(f"golden: {recorder.count} tensors, {recorder.size / 1e6:.2f} MB, version {VERSION}")


def stored_tensors():
    """Return {stage/case/name: (array, manifest entry)} of the files as they are."""
    try:
        stored = stored_cases(GOLDEN, read_manifest(GOLDEN))
    except (TraceError, OSError) as fault:
        print(f"nothing is kept: {fault}", file=sys.stderr)
        return {}
    return {
        f"{key}/{name}": (array, entries[name])
        for key, (inputs, outputs, entries) in stored.items()
        for name, array in (inputs | outputs).items()
    }


def as_stored(old, array, facts):
    """Return an array and its facts as they are stored, where these still agree."""
    if old is None:
        return array, facts
    stored, entry = old
    tol = entry["tol"]["float64"] if entry.get("tol") else 0
    if not comparator.agrees(np.asarray(array), stored, tol=tol):
        print(f"{entry['file']}: its values change")
        return array, facts
    return stored, facts | {key: entry[key] for key in ("tol", "spread", "margin") if key in facts}


def write_outputs(out, dtype, stages):
    """Write recomputed outputs to a new folder; status 1 if a case could not be computed."""
    failed = 0
    cases = {case.key: case for case in CASES}
    stored = stored_cases(GOLDEN, read_manifest(GOLDEN))
    with Recorder(out) as recorder:
        for key, (inputs, _outputs, entries) in stored.items():
            case = cases[key]
            if case.kind.stage not in stages:
                continue
            used = dtype if case.single else "float64"
            try:
                fresh = recompute(case.kind.name, inputs, case.settings, dtype=used)
                for name, array in fresh.items():
                    axes = entries[name]["axes"] if name in entries else None
                    recorder.add(case.kind.stage, case.name, name, array, axes=axes)
            except Exception:
                failed += 1
                print(f"{key}: {traceback.format_exc(limit=-1)}", file=sys.stderr)
        recorder.close(dtype=dtype)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
