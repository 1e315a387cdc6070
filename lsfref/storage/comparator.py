"""Numbers of all stages compared: a port's folder with a reference (style of `golden/`).

In: two folders of tensors.  Out: a verdict per tensor.

Reals pass if max|a - b| <= tol * max|b| over the finite entries, with infinities of the same sign
in the same places and no NaN; whole numbers must be equal. A real may be float64 or float32, each
with its own tolerance. Inputs, parameters and draws may be there too, and are then the reference's.
"""

import contextlib
import hashlib
from collections.abc import Collection, Iterator, Sequence
from itertools import permutations
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lsfref.storage.files import open_own, printable
from lsfref.storage.recorder import STAGES, TraceError, read_manifest
from lsfref.storage.tensors import REALS, WHOLE, Fault, header_dtype, parse_tensor, read_tensor

GIVEN = {"float64": 0.0, "float32": 2.0**-23}  # how far a copy of an input may be from it


class Verdict(NamedTuple):
    """How one tensor fared. `error` is max|a - b|, `allowed` the most that passes."""

    stage: str
    case: str
    name: str
    passed: bool
    fault: str | None = None  # value, missing, extra, dtype, shape, order, unreadable
    text: str | None = None  # the fault in words
    error: float | None = None
    allowed: float | None = None
    at: tuple[int, ...] | None = None  # of the worst entry
    got: float | int | None = None
    want: float | int | None = None
    role: str | None = None  # None of what is extra
    skipped: bool = False  # not compared: single precision cannot follow its case
    likeness: str | None = None  # what would make it agree
    equation: str | None = None  # of what is wrong

    @property
    def file(self) -> str:
        """Where the tensor stands in its folder."""
        return f"{self.stage}/{self.case}/{self.name}.npy"


def compare_arrays(got: NDArray[Any], want: NDArray[Any], *, tol: float) -> dict[str, Any]:
    """Return error, allowed and, of the worst entry, at, got, want (left out where all agree).

    The rule is the module's; whole numbers have tolerance 0. Shapes must be equal.
    """
    if want.dtype.kind == "i":
        wrong = got != want
        if not wrong.any():
            return {"error": 0, "allowed": 0}
        apart = [abs(int(a) - int(b)) for a, b in zip(got[wrong], want[wrong], strict=True)]
        worst = int(np.flatnonzero(wrong)[int(np.argmax(np.array(apart, dtype=float)))])
        return {"error": max(apart), "allowed": 0, **_place(got, want, worst)}
    a, b = got.astype(np.float64), want.astype(np.float64)
    finite = np.isfinite(b)
    odd = np.where(finite, ~np.isfinite(a), a != b)  # a NaN is never equal
    if odd.any():
        return {"error": None, "allowed": None, **_place(a, b, int(np.flatnonzero(odd)[0]))}
    scale = float(np.abs(b[finite]).max(initial=0))
    with np.errstate(over="ignore"):
        apart_f = np.abs(np.subtract(a, b, out=np.zeros_like(a), where=finite))
    error, allowed = float(apart_f.max(initial=0)), tol * scale
    place = {} if error == 0 else _place(a, b, int(apart_f.argmax()))
    return {"error": error, "allowed": allowed, **place}


def _place(got: NDArray[Any], want: NDArray[Any], flat: int) -> dict[str, Any]:
    index = tuple(int(i) for i in np.unravel_index(flat, want.shape))
    return {"at": index, "got": got[index].item(), "want": want[index].item()}


def agrees(got: NDArray[Any], want: NDArray[Any], *, tol: float) -> bool:
    """Return whether arrays of any two shapes agree by the rule."""
    if got.shape != want.shape:
        return False
    result = compare_arrays(got, want, tol=tol)
    return result["error"] is not None and result["error"] <= result["allowed"]


def likeness(got: NDArray[Any], want: NDArray[Any], *, tol: float) -> str | None:
    """Return in words what would make numbers that differ agree, None where nothing known does."""
    with np.errstate(all="ignore"):
        texts = (text for text, changed in _undone(got, want) if agrees(changed, want, tol=tol))
        return next(texts, None)


def _undone(got: NDArray[Any], want: NDArray[Any]) -> Iterator[tuple[str, NDArray[Any]]]:
    """Yield the mistakes that leave the numbers whole, each with what undoes it."""
    if got.size != want.size or want.size < 2 or got.ndim > 6:
        return
    for order in permutations(range(got.ndim)):
        yield f"the axes are in another order, {order} of them is right", got.transpose(order)
    yield "the first index is the fastest, want the last", got.reshape(want.shape[::-1]).T
    yield "the numbers are right, their shape is not", got.reshape(want.shape)
    yield "the sign is turned over", -got
    for axis, n in enumerate(got.shape):
        what = "x and y are swapped" if n == 2 else "the order is turned over"
        yield f"{what} along axis {axis}", np.flip(got, axis)
    if got.shape == want.shape and got.dtype.kind == "f":
        b = want.astype(np.float64)
        factor = float((got * b).sum() / (b * b).sum())
        yield f"every number is {factor:.6g} times what it should be", got / factor
    ordered = np.empty_like(want)
    ordered.flat[want.argsort(axis=None, kind="stable")] = np.sort(got, axis=None)
    yield "the same numbers are there, in another order", ordered


def left_out(manifest: dict[str, Any], names: Sequence[str]) -> set[str]:
    """Return the files that names of options, cases, kinds or tensors leave out.

    Raises ValueError for a name that nothing of the reference has.
    """
    files: dict[str, set[str]] = {name: set() for name in names}
    for entry in manifest["tensors"]:
        key, name = entry["file"].removesuffix(".npy").rsplit("/", 1)
        case = manifest["cases"].get(key, {})
        words = {key, name, entry["file"], entry["case"], entry.get("option"), case.get("kind")}
        words.update(v for v in case.get("settings", {}).values() if isinstance(v, str))
        for word in words & files.keys():
            files[word].add(entry["file"])
    for name in names:
        if not files[name]:
            raise ValueError(f"want the name of an option, a case or a tensor; got {name!r}")
    return set().union(*files.values())


def compare_folders(
    folder: Path, reference: Path, *, stages: Sequence[str] = STAGES, away: Collection[str] = ()
) -> Iterator[Verdict]:
    """Yield a verdict on each tensor of a port, in stage order.

    Outputs must all be there, but for the files `away`, and for cases that single precision cannot
    follow where the port is in single precision: these are skipped. Inputs, parameters and draws
    may be there. Any other `.npy` in the folder is extra, and fails.
    """
    manifest = read_manifest(reference)["tensors"]
    tensors = [e for e in manifest if e["stage"] in stages and e["file"] not in away]
    beyond = _beyond_single(tensors, folder)
    known = {e["file"] for e in manifest}
    extra: dict[str, list[Verdict]] = {}
    for path in sorted(folder.rglob("*.npy")) if folder.is_dir() else []:
        file = path.relative_to(folder).as_posix()
        stage, case, name = ["", "", *file.removesuffix(".npy").rsplit("/", 2)][-3:]
        place = stage if stage in STAGES else ""
        if file not in known and (place in stages or (not place and set(stages) == set(STAGES))):
            verdict = Verdict(stage, case, name, False, "extra", "not a tensor of the reference")
            extra.setdefault(place, []).append(verdict)
    for stage in (*STAGES, ""):
        for entry in tensors:
            there = entry["role"] == "output" or (folder / entry["file"]).is_file()
            if entry["stage"] == stage and there:
                yield _judge(entry, folder, reference, (stage, entry["case"]) in beyond)
        yield from extra.get(stage, [])


def _beyond_single(tensors: list[dict[str, Any]], folder: Path) -> set[tuple[str, str]]:
    """Return the (stage, case) that a port in single precision cannot follow, nor has in double."""
    reals = [e for e in tensors if e.get("tol")]
    dtypes = [header_dtype(folder / e["file"]) for e in reals]
    double = {(e["stage"], e["case"]) for e, d in zip(reals, dtypes, strict=True) if d == "<f8"}
    beyond = {(e["stage"], e["case"]) for e in reals if e["tol"].get("float32") is None}
    return beyond - double if "<f4" in dtypes else set()


def _judge(entry: dict[str, Any], folder: Path, reference: Path, beyond: bool) -> Verdict:
    stage, case, name = entry["file"].removesuffix(".npy").split("/")
    base = Verdict(stage, case, name, False, role=entry["role"], equation=entry.get("equation"))
    if beyond and entry["role"] == "output":
        return base._replace(passed=True, skipped=True, text="single precision cannot follow")
    if not (folder / entry["file"]).is_file():
        return base._replace(fault="missing", text="no such file")
    want = _read_reference(entry, reference)
    try:
        got = read_tensor(folder / entry["file"])
        tol = _tolerance(entry, got.dtype.str)
    except Fault as fault:
        return base._replace(fault=fault.args[0], text=fault.args[1])
    if agrees(got, want, tol=tol):
        return base._replace(passed=True, **compare_arrays(got, want, tol=tol))
    base = base._replace(likeness=likeness(got, want, tol=tol))
    if got.shape != want.shape:
        text = f"shape {got.shape}; want {want.shape} ({' '.join(entry['axes'])})"
        return base._replace(fault="shape", text=text)
    result = compare_arrays(got, want, tol=tol)
    return base._replace(fault="value", text=in_words(result), **result)


def _read_reference(entry: dict[str, Any], reference: Path) -> NDArray[Any]:
    path = reference / entry["file"]
    with contextlib.suppress(Fault, OSError), open_own(path, follow=True) as file:
        data = file.read()
        if hashlib.sha256(data).hexdigest() == entry["sha256"]:
            return parse_tensor(data)
    raise TraceError(f"{printable(path)}: missing or changed; restore the reference")


def _tolerance(entry: dict[str, Any], dtype: str) -> float:
    """Return the tolerance for a tensor of this dtype. Raises Fault for a wrong dtype."""
    if entry["dtype"] == WHOLE or dtype == WHOLE:
        if dtype == entry["dtype"]:
            return 0
        raise Fault("dtype", f"dtype {dtype}; want {entry['dtype']}")
    single = "<f4" in (dtype, entry["dtype"])
    tol = (entry.get("tol") or GIVEN).get(REALS["<f4" if single else "<f8"])
    if tol is None:
        raise Fault("dtype", f"dtype {dtype}; want {entry['dtype']}: no float32 tolerance here")
    return tol


def in_words(result: dict[str, Any]) -> str:
    """Return the worst entry of `compare_arrays` as a sentence."""
    place = f"at {list(result['at'])}: {result['got']!r}, want {result['want']!r}"
    if result["error"] is None:
        return f"{place} (not finite in the same places)"
    if isinstance(result["want"], int):
        return place
    return f"{place}; off by {result['error']:.3g}, allowed {result['allowed']:.3g}"
