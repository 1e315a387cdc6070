"""Holds the golden files against the code: bytes, manifest, inputs, recomputed outputs."""

import hashlib
from pathlib import Path

from golden.cases import CASES, recompute
from golden.measure import FACTOR
from lsfref.storage import comparator, recorder, tensors

VERSION = "2.0"  # of the values; golden/README.md tells what changed and why
RULE = "pass if max|a - b| <= tol * max|b| over the finite entries; whole numbers equal"
REPAIR = (
    "to repair: git checkout -- golden (if a file was damaged), or, if the numbers had to change,\n"
    "raise VERSION in golden/check.py, say why in golden/README.md, and run: python golden/make.py"
)


def stored_cases(folder, manifest):
    """Return {case key: (inputs, outputs, entries)} from the files, hashes checked."""
    found = {}
    for entry in manifest["tensors"]:
        inputs, outputs, entries = found.setdefault(
            f"{entry['stage']}/{entry['case']}", ({}, {}, {})
        )
        name = Path(entry["file"]).stem
        path = folder / entry["file"]
        data = path.read_bytes()
        if hashlib.sha256(data).hexdigest() != entry["sha256"]:
            text = f"golden/{entry['file']}: its bytes are not those of its sha256"
            raise recorder.TraceError(text)
        array = tensors.parse_tensor(data)
        (outputs if entry["role"] == "output" else inputs)[name] = array
        entries[name] = entry
    return found


def check(folder):
    """Return what is wrong, one sentence each: files, manifest, inputs, recomputed outputs."""
    try:
        manifest = recorder.read_manifest(folder)
        listed = {entry["file"] for entry in manifest["tensors"]}
        there = {
            p.relative_to(folder).as_posix()
            for p in folder.glob("[01][0-9]_*/*/**/*")
            if p.is_file()
        }
        faults = [f"golden/{file}: missing" for file in sorted(listed - there)]
        faults += [f"golden/{file}: not in the manifest" for file in sorted(there - listed)]
        stored = {} if faults else stored_cases(folder, manifest)
    except (recorder.TraceError, tensors.Fault, OSError) as fault:
        return [str(fault)]
    if faults:
        return faults
    if manifest["version"] != VERSION or manifest["rule"] != RULE:
        faults.append("golden/manifest.json: of another version than golden/check.py")
    if f"| {VERSION} |" not in (folder / "README.md").read_text(encoding="utf-8"):
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
    if told != case.facts():
        faults.append(f"golden/{case.key}: the manifest tells something else of it than the code")
    dtype = "float64"
    try:
        fresh = recompute(case.kind.name, inputs, case.settings, dtype=dtype)
    except Exception as fault:
        return [*faults, f"golden/{case.key}: {type(fault).__name__}: {fault}"]
    expected = {name: (array, facts) for name, array, facts in case.entries(fresh)}
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
        found = comparator.compare_arrays(got, stored, tol=tol[dtype] if tol else 0)
        if found["error"] is None or found["error"] > found["allowed"]:
            faults.append(f"golden/{file}: now {comparator.in_words(found)}")
        if tol:
            spread = entries[name]["spread"]
            low = [d for d in tol if tol[d] is not None and tol[d] < FACTOR * spread[d] * 0.99]
            faults += [f"golden/{file}: tolerance below {FACTOR} times its spread"] * bool(low)
    return faults
