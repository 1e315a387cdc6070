"""Numbers of all stages as files: the one recorder and the one comparator (style of `golden/`).

In: named arrays; two folders.  Out: `NN_stage/case/name.npy` with a manifest; a verdict a tensor.

What a tensor's file is, `tensors.py` says. Reals pass if max|a - b| <= tol * max|b| over the finite
entries, with infinities of the same sign in the same places and no NaN; whole numbers must be
equal. A real may be float64 or float32, each with its own tolerance.
"""

import contextlib
import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lsfref.arrays import AXES
from lsfref.errors import LsfrefError
from lsfref.storage.files import printable, scratch, write_whole
from lsfref.storage.tensors import (
    REALS,
    WHOLE,
    Fault,
    axes_of,
    parse_tensor,
    read_tensor,
    tensor_bytes,
    to_file_form,
)

FORMAT_VERSION = 1
STAGES = (
    "01_video",
    "02_flow",
    "03_trajectories",
    "04_descriptors",
    "05_lsfnet",
    "06_switching",
    "07_pooling",
    "08_fisher",
    "09_lsh",
    "10_voting",
    "11_end_to_end",
)
ROLES = ("input", "param", "draw", "output")


class TraceError(LsfrefError):
    """A reference folder that cannot be compared with."""


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

    @property
    def file(self) -> str:
        """Where the tensor stands in its folder."""
        return f"{self.stage}/{self.case}/{self.name}.npy"


def choose_stages(text: str) -> tuple[str, ...]:
    """Return the stages of a text such as `8`, `fisher`, `3-5,08_fisher`; raises ValueError."""
    chosen: set[str] = set()
    for word in filter(None, text.replace(",", " ").split()):
        first, dash, last = word.partition("-")
        found = [_stage_number(first), _stage_number(last if dash else first)]
        if None in found or found[0] > found[1]:  # type: ignore[operator]
            raise ValueError(f"want stages such as 8, fisher or 3-5 of {STAGES}; got {word!r}")
        chosen.update(STAGES[found[0] : found[1] + 1])  # type: ignore[operator,misc]
    return tuple(stage for stage in STAGES if stage in chosen)


def _stage_number(word: str) -> int | None:
    for number, stage in enumerate(STAGES):
        digits, _, name = stage.partition("_")
        if word in (stage, name) or (word.isdigit() and int(word) == int(digits)):
            return number
    return None


class Recorder:
    """Writes tensors to a new folder, whole or not at all: use it in a `with` block.

    They are written beside it and moved into place by `close`, manifest and all.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.target = Path(folder)
        self.entries: dict[str, dict[str, Any]] = {}
        self.cases: dict[str, dict[str, Any]] = {}
        if self.target.exists() and (not self.target.is_dir() or any(self.target.iterdir())):
            raise TraceError(f"{printable(folder)}: not empty; give a new folder")
        self.target.parent.mkdir(parents=True, exist_ok=True)
        self.stack = contextlib.ExitStack()
        self.folder = self.stack.enter_context(scratch(self.target.parent))

    def __enter__(self) -> "Recorder":
        return self

    def __exit__(self, *_fault: object) -> None:
        self.stack.close()  # after `close` there is no folder any more

    def add(
        self, stage: str, case: str, name: str, array: Any, *, role: str = "output", **facts: Any
    ) -> None:
        """Write one tensor. `facts` go into its manifest entry (tol, equation, axes, ...)."""
        if stage not in STAGES or role not in ROLES:
            raise ValueError(f"unknown stage {stage!r} or role {role!r}")
        stored = to_file_form(array)
        axes = facts.pop("axes", None)
        axes = axes_of(name, stored.ndim) if axes is None else list(axes)
        if len(axes) != stored.ndim:
            raise ValueError(f"{name}: axes {axes} of an array of shape {stored.shape}")
        file = f"{stage}/{case}/{name}.npy"
        if file in self.entries:
            raise ValueError(f"{file} is recorded twice")
        entry = {"file": file, "stage": stage, "case": case, "role": role, "axes": axes}
        entry |= {"shape": list(stored.shape), "dtype": stored.dtype.str}
        data = tensor_bytes(stored)
        entry |= {"sha256": hashlib.sha256(data).hexdigest(), **facts}
        (self.folder / stage / case).mkdir(parents=True, exist_ok=True)
        (self.folder / file).write_bytes(data)
        self.entries[file] = entry

    def describe(self, stage: str, case: str, **facts: Any) -> None:
        """Say of a case what the manifest tells of it (about, branch, settings)."""
        self.cases[f"{stage}/{case}"] = facts

    def close(self, **about: Any) -> None:
        """Write the manifest and move the folder into place."""
        with write_whole(self.folder / "manifest.json") as out:
            out.write(manifest_text(self.entries.values(), self.cases, about).encode())
        os.replace(self.folder, self.target)


def manifest_text(
    entries: Iterable[dict[str, Any]], cases: dict[str, dict[str, Any]], about: dict[str, Any]
) -> str:
    """Return the manifest: JSON with one line a tensor, in stage order, and its own digest."""
    ordered = sorted(entries, key=lambda e: STAGES.index(e["stage"]))
    head = {"format_version": FORMAT_VERSION, "count": len(ordered), **about}
    head["axes"] = {**AXES, "digits": "a fixed size"}
    lines = [f"{_dump(key)}: {_dump(value)}," for key, value in head.items()]
    lines += ['"cases": {', *_joined(f"{_dump(k)}: {_dump(v)}" for k, v in cases.items()), "},"]
    lines += ['"tensors": [', *_joined(map(_dump, ordered)), "]"]
    body = "\n".join(lines)
    digest = hashlib.sha256(body.encode()).hexdigest()
    return f'{{\n"digest": "{digest}",\n{body}\n}}\n'


def _dump(value: Any) -> str:
    return json.dumps(value, allow_nan=False, sort_keys=False)


def _joined(lines: Iterable[str]) -> list[str]:
    kept = list(lines)
    return [line + "," for line in kept[:-1]] + kept[-1:]


def read_manifest(folder: str | os.PathLike[str]) -> dict[str, Any]:
    """Return the manifest of a reference folder. Raises TraceError where it is not whole."""
    path = Path(folder) / "manifest.json"
    name = printable(path)
    try:
        text = path.read_text(encoding="utf-8")
        manifest = json.loads(text)
        body = text.split("\n", 2)[2].removesuffix("\n}\n")
        digest = hashlib.sha256(body.encode()).hexdigest()
        whole = manifest["digest"] == digest and manifest["count"] == len(manifest["tensors"])
        version = manifest["format_version"]
    except FileNotFoundError:
        raise TraceError(f"{name}: not there; give a folder that `trace` wrote, whole") from None
    except (OSError, ValueError, LookupError, TypeError) as fault:
        raise TraceError(f"{name}: cannot be read ({printable(str(fault))})") from None
    if version != FORMAT_VERSION:
        raise TraceError(f"{name}: format {version}; this version reads format {FORMAT_VERSION}")
    if not whole:
        raise TraceError(f"{name}: changed after it was written; restore it or record again")
    return manifest


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
        apart_f = np.zeros_like(a)
        np.subtract(a, b, out=apart_f, where=finite)
        np.abs(apart_f, out=apart_f)
    error, allowed = float(apart_f.max(initial=0)), tol * scale
    place = {} if error == 0 else _place(a, b, int(apart_f.argmax()))
    return {"error": error, "allowed": allowed, **place}


def _place(got: NDArray[Any], want: NDArray[Any], flat: int) -> dict[str, Any]:
    index = tuple(int(i) for i in np.unravel_index(flat, want.shape))
    return {"at": index, "got": got[index].item(), "want": want[index].item()}


def compare_folders(
    folder: str | os.PathLike[str],
    reference: str | os.PathLike[str],
    *,
    stages: Sequence[str] = STAGES,
) -> Iterator[Verdict]:
    """Yield a verdict on each tensor of a port, in stage order.

    Outputs must all be there. Inputs, parameters and draws may be; where they are, they must be
    the reference's. Any other `.npy` in the folder is extra, and fails.
    """
    folder, reference = Path(folder), Path(reference)
    tensors = [e for e in read_manifest(reference)["tensors"] if e["stage"] in stages]
    known = {e["file"] for e in tensors}
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
            if entry["stage"] == stage and (judged := _judge(entry, folder, reference)):
                yield judged
        yield from extra.get(stage, [])


def _judge(entry: dict[str, Any], folder: Path, reference: Path) -> Verdict | None:
    stage, case, name = entry["file"].removesuffix(".npy").split("/")
    path = folder / entry["file"]
    if not path.is_file():
        if entry["role"] != "output":
            return None
        return Verdict(stage, case, name, False, "missing", "no such file")
    want = _read_reference(entry, reference)
    try:
        got = read_tensor(path)
        tol = _tolerance(entry, got.dtype.str)
        if got.shape != want.shape:
            raise Fault("shape", f"shape {got.shape}; want {want.shape}")
    except Fault as fault:
        return Verdict(stage, case, name, False, *fault.args)
    found = compare_arrays(got, want, tol=tol)
    if found["error"] is not None and found["error"] <= found["allowed"]:
        return Verdict(stage, case, name, True, **found)
    return Verdict(stage, case, name, False, "value", in_words(found), **found)


def _read_reference(entry: dict[str, Any], reference: Path) -> NDArray[Any]:
    path = reference / entry["file"]
    try:
        data = path.read_bytes()
        if hashlib.sha256(data).hexdigest() == entry["sha256"]:
            return parse_tensor(data)
    except (Fault, OSError):
        pass
    raise TraceError(f"{printable(path)}: missing or changed; restore the reference") from None


def _tolerance(entry: dict[str, Any], dtype: str) -> float:
    """Return the tolerance for a tensor of this dtype. Raises Fault for a wrong dtype."""
    if entry["dtype"] == WHOLE or dtype == WHOLE:
        if dtype == entry["dtype"]:
            return 0
        raise Fault("dtype", f"dtype {dtype}; want {entry['dtype']}")
    single = "<f4" in (dtype, entry["dtype"])
    tol = entry["tol"][REALS["<f4" if single else "<f8"]]
    if tol is None:
        raise Fault("dtype", f"dtype {dtype}; want {entry['dtype']}: no float32 tolerance here")
    return tol


def in_words(found: dict[str, Any]) -> str:
    """Return the worst entry of `compare_arrays` as a sentence."""
    place = f"at {list(found['at'])}: {found['got']!r}, want {found['want']!r}"
    if found["error"] is None:
        return f"{place} (not finite in the same places)"
    if isinstance(found["want"], int):
        return place
    return f"{place}; off by {found['error']:.3g}, allowed {found['allowed']:.3g}"
