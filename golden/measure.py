"""What is measured of golden outputs: how far our own runs differ, how clear decisions are."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from golden.cases import CASES, recompute

FACTOR = 100  # tolerance over spread
FLOORS = {  # the least tolerance, in double and single precision
    "stages": (1e-12, 1e-5),
    "02_flow": (1e-10, 1e-4),  # small systems of equations, solved again and again
    "11_end_to_end": (1e-5, 1e-3),  # positions are rounded to single precision (A5)
}
BLAS = [  # where a spread is looked for, besides inputs that are off by half a unit
    {"OPENBLAS_NUM_THREADS": "1", "OPENBLAS_CORETYPE": "Haswell"},
    {"OPENBLAS_NUM_THREADS": "2", "OPENBLAS_CORETYPE": "Haswell"},
    {"OPENBLAS_NUM_THREADS": "2"},
    {"OPENBLAS_CORETYPE": "Sandybridge", "NPY_DISABLE_CPU_FEATURES": "AVX512F AVX512_SKX"},
]


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
            command = [sys.executable, str(Path(__file__).with_name("make.py")), "--probe", path]
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


def published(case, spreads):
    """Return tol and spread of an output for both dtypes; None where float32 cannot follow."""
    floors = FLOORS.get(case.kind.stage, FLOORS["stages"])
    tol = {d: tolerance(s, least) for (d, s), least in zip(spreads.items(), floors, strict=True)}
    spread = {dtype: float(f"{found:.2g}") for dtype, found in spreads.items()}
    if not case.single:
        tol["float32"] = spread["float32"] = None
    return {"tol": tol, "spread": spread}
