"""Numbers of all stages as files: a folder of tensors and its manifest (style of `golden/`).

In: named arrays, one at a time.  Out: `NN_stage/case/name.npy` beside a `manifest.json`, which says
of each file what it holds. What the file of a tensor is, `tensors.py` says.
"""

import contextlib
import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lsfref.errors import LsfrefError, WriteError
from lsfref.storage.files import PathLike, check_folder, open_own, printable, scratch, write_whole
from lsfref.storage.tensors import AXES, axes_of, tensor_bytes, to_file_form

FORMAT_VERSION = 1
STAGES = tuple(
    "01_video 02_flow 03_trajectories 04_descriptors 05_lsfnet 06_switching 07_pooling 08_fisher"
    " 09_lsh 10_voting 11_end_to_end".split()
)
ROLES = ("input", "param", "draw", "output")
_FACTS = {"axes", "dtype", "sha256"}  # beside the place and the role of a tensor


class TraceError(LsfrefError):
    """A reference folder that cannot be compared with."""


def choose_stages(text: str) -> tuple[str, ...]:
    """Return the stages of a text such as `8`, `fisher`, `3-5,08_fisher`; raises ValueError."""
    place = {w: i for i, s in enumerate(STAGES) for w in (s, s[3:], s[:2], s[:2].lstrip("0"))}
    chosen: set[str] = set()
    for word in filter(None, text.replace(",", " ").split()):
        first, dash, last = word.partition("-")
        low, high = place.get(first, 0), place.get(last if dash else first, -1)
        if first not in place or high < low:
            raise ValueError(f"want stages such as 8, fisher or 3-5 of {STAGES}; got {word!r}")
        chosen.update(STAGES[low : high + 1])
    return tuple(stage for stage in STAGES if stage in chosen)


class Recorder(contextlib.AbstractContextManager["Recorder"]):
    """Writes tensors to a new folder, whole or not at all: use it in a `with` block.

    They are written beside it and moved into place by `close`, manifest and all. What is held in
    memory does not grow with their number: their manifest entries wait in a file per stage.
    """

    def __init__(self, folder: PathLike) -> None:
        self.target = Path(os.path.realpath(folder))  # a link stays a link
        self.count = self.size = 0  # tensors so far, and their bytes
        self.cases: dict[str, dict[str, Any]] = {}
        if os.path.lexists(self.target):
            taken = not self.target.is_dir() or any(self.target.iterdir())
            if taken or os.path.ismount(self.target) or self.target == Path.cwd():
                why = "not empty" if taken else "a mount point, or the current folder"
                raise TraceError(f"{printable(folder)}: {why}; give a new folder")
        self.stack = contextlib.ExitStack()
        check_folder(self.target.parent)
        with self._writing(""):
            self.folder = self.stack.enter_context(scratch(self.target.parent))

    def __exit__(self, *_fault: object) -> None:
        self.stack.close()  # after `close` there is no folder any more

    def add(
        self, stage: str, case: str, name: str, array: Any, *, role: str = "output", **facts: Any
    ) -> None:
        """Write one tensor. `facts` go into its manifest entry (tol, equation, axes, ...).

        Raises ValueError for what would mix or mislead, WriteError where the disk is full.
        """
        if stage not in STAGES or role not in ROLES:
            raise ValueError(f"unknown stage {stage!r} or role {role!r}")
        stored = to_file_form(array)
        axes = facts.pop("axes", None)
        axes = axes_of(name, stored.ndim) if axes is None else list(axes)
        if len(axes) != stored.ndim:
            raise ValueError(f"{name}: axes {axes} of an array of shape {stored.shape}")
        file = f"{stage}/{case}/{name}.npy"
        entry = {"file": file, "stage": stage, "case": case, "role": role, "axes": axes}
        entry |= {"shape": list(stored.shape), "dtype": stored.dtype.str}
        data = tensor_bytes(stored)
        entry |= {"sha256": hashlib.sha256(data).hexdigest(), **facts}
        path = self.folder / file
        with self._writing(file):
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("xb") as tensor:
                tensor.write(data)
            with self._entries(stage).open("a", encoding="ascii") as entries:
                entries.write(_dump(entry) + "\n")
        self.count += 1
        self.size += len(data)

    def describe(self, stage: str, case: str, **facts: Any) -> None:
        """Say of a case what the manifest tells of it (about, branch, settings)."""
        self.cases[f"{stage}/{case}"] = facts

    def close(self, **about: Any) -> None:
        """Write the manifest and move the folder into place."""
        head = {"format_version": FORMAT_VERSION, "count": self.count, **about}
        head["axes"] = {**AXES, "digits": "a fixed size"}
        digest = hashlib.sha256()
        with self._writing("manifest.json"), write_whole(self.folder / "manifest.json") as out:
            for piece in self._body(head):
                digest.update(piece.encode())
            out.write(f'{{\n"digest": "{digest.hexdigest()}",\n'.encode())
            out.writelines(map(str.encode, self._body(head)))
            out.write(b"\n}\n")
        with self._writing(""):
            for stage in STAGES:
                self._entries(stage).unlink(missing_ok=True)
            os.replace(self.folder, self.target)

    def _body(self, head: dict[str, Any]) -> Iterator[str]:
        """Yield the manifest behind its digest: one line a case and a tensor, in stage order."""
        yield from (f"{_dump(key)}: {_dump(value)},\n" for key, value in head.items())
        cases = [f"{_dump(key)}: {_dump(facts)}" for key, facts in self.cases.items()]
        yield '"cases": {\n' + ",\n".join(cases) + '\n},\n"tensors": ['
        comma = "\n"
        for path in filter(Path.exists, map(self._entries, STAGES)):
            with path.open(encoding="ascii") as entries:
                for line in entries:
                    yield comma + line.removesuffix("\n")
                    comma = ",\n"
        yield "\n]"

    def _entries(self, stage: str) -> Path:
        return self.folder / f"{stage}.entries"

    @contextlib.contextmanager
    def _writing(self, file: str) -> Iterator[None]:
        """Name the user's file, not the temporary one, where the disk refuses it."""
        try:
            yield
        except FileExistsError:
            raise ValueError(f"{file} is recorded twice") from None
        except OSError as fault:
            why = fault.strerror or os.strerror(getattr(fault.__cause__, "errno", None) or 5)
            text = f"{printable(self.target / file)}: cannot be written ({why})"
            raise WriteError(f"{text}; free some room or give another place") from fault


def _dump(value: Any) -> str:
    return json.dumps(value, allow_nan=False, sort_keys=False)


def read_manifest(folder: PathLike) -> dict[str, Any]:
    """Return the manifest of a reference folder. Raises TraceError where it is not whole."""
    path = Path(folder) / "manifest.json"
    name = printable(path)
    try:
        with open_own(path, follow=True) as file:
            text = file.read().decode()
        manifest = json.loads(text)
        body = text.split("\n", 2)[2].removesuffix("\n}\n")
        digest = hashlib.sha256(body.encode()).hexdigest()
        whole = manifest["digest"] == digest and manifest["count"] == len(manifest["tensors"])
        version = manifest["format_version"]
        _ = manifest["cases"].keys()
        for entry in manifest["tensors"]:
            stage, case, _tensor = entry["file"].split("/")
            known = stage in STAGES and entry["role"] in ROLES and _FACTS <= entry.keys()
            known &= all(t is None or t >= 0 for t in (entry.get("tol") or {}).values())
            if (stage, case) != (entry["stage"], entry["case"]) or not known:
                raise ValueError(f"of {entry['file']} it tells what cannot be")
    except FileNotFoundError:
        raise TraceError(f"{name}: not there; give a folder that `trace` wrote, whole") from None
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as fault:
        told = f"cannot be read ({printable(str(fault))}); give one that `trace` wrote, as it is"
        raise TraceError(f"{name}: {told}") from None
    if version != FORMAT_VERSION:
        raise TraceError(f"{name}: format {version}; this version reads format {FORMAT_VERSION}")
    if not whole:
        raise TraceError(f"{name}: changed after it was written; restore it or record again")
    return manifest
