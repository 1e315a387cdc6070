"""Write the golden files; check them; recompute their outputs with this implementation.

python golden/make.py            writes everything anew: only with a new VERSION and a reason for it
python golden/make.py --check    compares the files with the code that stands here
python golden/make.py --out DIR  writes the outputs alone, recomputed from the stored inputs, as a
                                 port would; --dtype float32 computes in single precision
"""

import argparse
import hashlib
import os
import shutil
import subprocess
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
from lsfref import tensors, trace  # noqa: E402

VERSION = "1.0"  # of the values; golden/README.md tells what changed and why
REPAIR = (
    "to repair: git checkout -- golden (if a file was damaged), or, if the numbers had to change,\n"
    "raise VERSION in golden/make.py, say why in golden/README.md, and run: python golden/make.py"
)
RULE = "pass if max|a - b| <= tol * max|b| over the finite entries; whole numbers equal"
FLOORS = {"float64": 1e-12, "float32": 1e-5}  # the least tolerance
WHOLE_FLOORS = {"float64": 1e-5, "float32": 1e-3}  # positions are rounded to float32 (A5)
FACTOR = 100  # tolerance over spread
BLAS = [  # where a spread is looked for, besides inputs that are off by half a unit
    {"OPENBLAS_NUM_THREADS": "1", "OPENBLAS_CORETYPE": "Haswell"},
    {"OPENBLAS_NUM_THREADS": "2", "OPENBLAS_CORETYPE": "Haswell"},
    {"OPENBLAS_NUM_THREADS": "2"},
    {"OPENBLAS_CORETYPE": "Sandybridge", "NPY_DISABLE_CPU_FEATURES": "AVX512F AVX512_SKX"},
]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="compare the files with the code")
    parser.add_argument("--out", metavar="DIR", help="write recomputed outputs to a new folder")
    parser.add_argument("--dtype", choices=list(FLOORS), default="float64", help="for --out")
    parser.add_argument("--stages", default="1-11", help="for --out, such as 8 or 3-5")
    parser.add_argument("--probe", metavar="NPZ", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.probe:
        np.savez(args.probe, **flat(all_outputs("float64")))
        return 0
    if args.check:
        faults = check()
        print("\n".join([*faults, REPAIR] if faults else ["golden: all as it should be"]))
        return 1 if faults else 0
    if args.out:
        return write_outputs(args.out, args.dtype, trace.choose_stages(args.stages))
    write()
    return 0


def all_outputs(dtype, shake=None):
    """Return {case key: outputs} of all cases, inputs fresh from their formulas."""
    found = {}
    for case in CASES:
        given = case.given()
        if shake is not None and not case.exact:
            given = {name: shaken(array, shake) for name, array in given.items()}
        used = dtype if case.single else "float64"
        found[case.key] = recompute(case.kind.name, given, case.settings, dtype=used)
    return found


def shaken(array, rng):
    """Return the array with every real off by at most one unit in the last place."""
    if array.dtype.kind != "f" or array.ndim == 0:
        return array
    return array * (1 + rng.integers(-1, 2, array.shape) * 2.0**-52)


def flat(outputs):
    return {f"{key}/{n}": a for key, group in outputs.items() for n, a in group.items()}


def measure():
    """Return all outputs, and {key: {"float64": spread, "float32": spread}} of the real ones."""
    outputs = all_outputs("float64")
    truth = flat(outputs)
    others = {"float64": [], "float32": [flat(all_outputs("float32"))]}
    for seed in range(3):
        others["float64"].append(flat(all_outputs("float64", np.random.default_rng(seed))))
    with tempfile.TemporaryDirectory() as folder:
        for number, setting in enumerate(BLAS):
            path = os.path.join(folder, f"{number}.npz")
            command = [sys.executable, __file__, "--probe", path]
            subprocess.run(command, env=os.environ | setting, check=True)
            with np.load(path) as stored:
                others["float64"].append(dict(stored))
    spreads = {}
    for stem, want in truth.items():
        if want.dtype.kind != "f":
            for runs in others.values():
                for run in runs:
                    if not np.array_equal(run[stem], want):
                        raise SystemExit(f"{stem}: a decision flips; give the case more margin")
            continue
        spreads[stem] = {d: max(spread(r[stem], want) for r in runs) for d, runs in others.items()}
    return outputs, spreads


def spread(got, want):
    """Return max|got - want| / max|want| over the finite entries."""
    finite = np.isfinite(want)
    if got.shape != want.shape or not np.array_equal(got[~finite], want[~finite]):
        raise SystemExit("a shape or an infinity depends on rounding; give the case more margin")
    if not finite.any():
        return 0.0
    scale = float(np.abs(want[finite]).max())
    off = float(np.abs(got[finite].astype(np.float64) - want[finite]).max())
    return off / scale if scale else (0.0 if off == 0 else np.inf)


def tolerance(spread, floor):
    """Return FACTOR times the spread or more: the next of 1, 2, 5 times a power of ten."""
    wanted = max(FACTOR * spread, floor)
    ten = 10.0 ** np.floor(np.log10(wanted))
    return float(f"{next(m * ten for m in (1, 2, 5, 10) if m * ten >= wanted * (1 - 1e-9)):.0e}")


def margin_of(case, outputs, spread):
    """Return the least gap behind a decision of a case; None where it takes none."""
    if case.kind.margin is None:
        return None
    margin = case.kind.margin(case.given(), case.settings, outputs)
    least = 1000 * spread if case.whole else 1e-3
    if not (margin > least or (margin == 0 and case.exact)):
        raise SystemExit(f"{case.key}: margin {margin:.3g}; want more than {least:.3g}, or a tie")
    return None if margin == np.inf else float(f"{margin:.3g}")


def entries_of(case, outputs):
    """Yield (name, array, what the manifest says of it) for a case, but for what is measured."""
    axes = case.kind.axes(case.given() | outputs)

    def facts(name, array, **rest):
        own = axes[name] if name in axes else tensors.axes_of(name, array.ndim)
        return name, array, {**rest, "axes": list(own)}

    for name, (role, array) in case.tensors().items():
        yield facts(name, array, role=role)
    for name, array in outputs.items():
        told = case.kind.output(name)
        yield facts(name, array, role="output", **told._asdict())


def case_facts(case):
    """Return what the manifest says of a case."""
    facts = {"about": case.about, "branch": case.branch}
    return facts | {"kind": case.kind.name, "settings": case.settings}


def write():
    """Write all tensors, their measured tolerances, and the manifest."""
    truth, spreads = measure()
    with tempfile.TemporaryDirectory(dir=GOLDEN.parent, prefix=".golden-") as folder:
        recorder = trace.Recorder(Path(folder) / "new")
        for case in CASES:
            outputs = truth[case.key]
            own = {n: spreads[f"{case.key}/{n}"] for n, a in outputs.items() if a.dtype.kind == "f"}
            margin = margin_of(case, outputs, max((s["float64"] for s in own.values()), default=0))
            for name, array, facts in entries_of(case, outputs):
                if facts["role"] == "output":
                    facts |= {"tol": None, "spread": None, "margin": margin}
                if name in own:
                    facts |= published(case, own[name])
                recorder.add(case.kind.stage, case.name, name, array, **facts)
            recorder.describe(case.kind.stage, case.name, **case_facts(case))
        recorder.close(
            version=VERSION,
            written_with={"numpy": np.__version__, "scipy": scipy.__version__},
            rule=RULE,
        )
        for old in GOLDEN.glob("[01][0-9]_*"):
            shutil.rmtree(old)
        for new in sorted(recorder.folder.iterdir()):
            os.replace(new, GOLDEN / new.name)
    size = sum(path.stat().st_size for path in GOLDEN.rglob("*.npy"))
    print(f"golden: {len(recorder.entries)} tensors, {size / 1e6:.2f} MB, version {VERSION}")


def published(case, spreads):
    """Return tol and spread of an output for both dtypes; None where float32 cannot follow."""
    floors = WHOLE_FLOORS if case.whole else FLOORS
    tol = {dtype: tolerance(found, floors[dtype]) for dtype, found in spreads.items()}
    spread = {dtype: float(f"{found:.2g}") for dtype, found in spreads.items()}
    if not case.single:
        tol["float32"] = spread["float32"] = None
    return {"tol": tol, "spread": spread}


def stored_cases(manifest):
    """Return {case key: (inputs, outputs, entries)} from the files, hashes checked."""
    found = {}
    for entry in manifest["tensors"]:
        inputs, outputs, entries = found.setdefault(
            f"{entry['stage']}/{entry['case']}", ({}, {}, {})
        )
        name = Path(entry["file"]).stem
        path = GOLDEN / entry["file"]
        if hashlib.sha256(path.read_bytes()).hexdigest() != entry["sha256"]:
            raise trace.TraceError(f"golden/{entry['file']}: its bytes are not those of its sha256")
        array = tensors.read_tensor(path)
        (outputs if entry["role"] == "output" else inputs)[name] = array
        entries[name] = entry
    return found


def check():
    """Return what is wrong, one sentence each: files, manifest, inputs, recomputed outputs."""
    try:
        manifest = trace.read_manifest(GOLDEN)
        listed = {entry["file"] for entry in manifest["tensors"]}
        there = {
            p.relative_to(GOLDEN).as_posix() for p in GOLDEN.glob("[01][0-9]_*/**/*") if p.is_file()
        }
        faults = [f"golden/{file}: missing" for file in sorted(listed - there)]
        faults += [f"golden/{file}: not in the manifest" for file in sorted(there - listed)]
        stored = {} if faults else stored_cases(manifest)
    except (trace.TraceError, tensors.Fault, OSError) as fault:
        return [str(fault)]
    if faults:
        return faults
    if manifest["version"] != VERSION or manifest["rule"] != RULE:
        faults.append("golden/manifest.json: of another version than golden/make.py")
    if f"| {VERSION} |" not in (GOLDEN / "README.md").read_text(encoding="utf-8"):
        faults.append(f"golden/README.md: the change log has no line for version {VERSION}")
    known = {case.key: case for case in CASES}
    for key in sorted(known.keys() ^ stored.keys()):
        faults.append(f"golden/{key}: " + ("not written" if key in known else "no such case"))
    for key in sorted(known.keys() & stored.keys()):
        faults += check_case(known[key], manifest["cases"].get(key), *stored[key])
    return faults


def check_case(case, told, inputs, outputs, entries):
    """Return what is wrong with one case."""
    faults = []
    if told != case_facts(case):
        faults.append(f"golden/{case.key}: the manifest tells something else of it than the code")
    dtype = "float64"
    try:
        fresh = recompute(case.kind.name, inputs, case.settings, dtype=dtype)
    except Exception as fault:
        return [*faults, f"golden/{case.key}: {type(fault).__name__}: {fault}"]
    expected = {name: (array, facts) for name, array, facts in entries_of(case, fresh)}
    for name in sorted(expected.keys() ^ entries.keys()):
        faults.append(f"golden/{case.key}/{name}.npy: not what the code writes for this case")
    for name in expected.keys() & entries.keys():
        file = entries[name]["file"]
        array, facts = expected[name]
        if any(entries[name].get(key) != value for key, value in facts.items()):
            faults.append(f"golden/{file}: the manifest entry is not the code's: {facts}")
        stored = outputs[name] if facts["role"] == "output" else inputs[name]
        got = tensors.to_file_form(array)
        if (got.shape, got.dtype) != (stored.shape, stored.dtype):
            faults.append(f"golden/{file}: {got.dtype} {got.shape} now; stored {stored.shape}")
            continue
        tol = entries[name].get("tol")
        found = trace.compare_arrays(got, stored, tol=tol[dtype] if tol else 0)
        if found["error"] is None or found["error"] > found["allowed"]:
            faults.append(f"golden/{file}: now {trace.in_words(found)}")
        if tol:
            spread = entries[name]["spread"]
            low = [d for d in tol if tol[d] is not None and tol[d] < FACTOR * spread[d] * 0.99]
            faults += [f"golden/{file}: tolerance below {FACTOR} times its spread"] * bool(low)
    return faults


def write_outputs(out, dtype, stages):
    """Write recomputed outputs to a new folder; status 1 if a case could not be computed."""
    recorder, failed = trace.Recorder(out), 0
    for key, (inputs, _outputs, entries) in stored_cases(trace.read_manifest(GOLDEN)).items():
        stage, name = key.split("/")
        case = next(c for c in CASES if c.key == key)
        if stage not in stages:
            continue
        used = dtype if case.single else "float64"
        try:
            fresh = recompute(case.kind.name, inputs, case.settings, dtype=used)
        except Exception:
            failed += 1
            print(f"{key}: {traceback.format_exc(limit=-1)}", file=sys.stderr)
            continue
        for tensor, array in fresh.items():
            axes = entries[tensor]["axes"] if tensor in entries else None
            recorder.add(stage, name, tensor, array, axes=axes)
    recorder.close(dtype=dtype)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
