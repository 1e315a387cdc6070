"""Training that was interrupted goes on: the state of phase 1, kept beside the model's name.

A plain `.npz` (npz.py) that says which training it belongs to, and is checked whole. It goes when
the model is there. A file of that name which is none of ours is left alone.
"""

import contextlib
import dataclasses
import hashlib
import json
import os
import platform
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from lsfref import __version__
from lsfref.arrays import Floats, Ints
from lsfref.config import Config
from lsfref.lsfnet import Parameters, classification_loss, reconstruction_loss
from lsfref.storage import npz
from lsfref.storage.files import PathLike, open_own, parse_json, printable, write_whole
from lsfref.switching import OPTIMIZERS, Adam, State

ENDING = ".unfinished"
KIND = "lsfref: training that was interrupted, format 1"
MEANS = ("mean", "mean_square")
KEPT = 5  # passes from one state that is kept to the next


class Keeper:
    """Keeps the state of one training; `tell` hears where it goes on, or why it is not kept."""

    def __init__(self, model: PathLike, tell: Callable[[str], None]) -> None:
        self.path = Path(f"{os.fspath(model)}{ENDING}")
        self.tell = tell
        self.key: str | None = None
        self.epochs = 0

    def resume(self, *training: Any) -> tuple[State | None, Callable[[State], None]]:
        """Return what `find` does, and what keeps the next state: a `Resume`."""
        return self.find(*training), self.keep

    def find(
        self, start: Parameters, rows_PD: Floats, labels_P: Ints, config: Config
    ) -> State | None:
        """Return the last state of the same training: same rows, choices, seed and version."""
        about = [__version__, np.__version__, platform.machine(), dataclasses.asdict(config)]
        digest = hashlib.sha256(json.dumps(about, sort_keys=True).encode())
        for array in (rows_PD, labels_P, *start.values()):
            digest.update(np.ascontiguousarray(array).data)
        self.key, self.epochs = digest.hexdigest(), config.epochs
        row_1D, label_1 = rows_PD[:1], labels_P[:1]
        losses = reconstruction_loss(start, row_1D), classification_loss(start, row_1D, label_1)
        moved = [set(gradients) for _loss, gradients in losses]
        try:
            state = self._read(start, config, moved)
        except FileNotFoundError:
            return None
        except (*npz.UNREADABLE, OSError):
            self.key = None
            self.tell(f"{printable(self.path)}: no state of ours; left alone, and none is kept")
            return None
        if state is not None:
            n_done = len(state.curves[0])
            self.tell(f"{printable(self.path)}: goes on after pass {n_done} of {config.epochs}")
        return state

    def _read(self, start: Parameters, config: Config, moved: list[set[str]]) -> State | None:
        """Return the state; `moved` are the names of the parameters that each loss moves (C10)."""
        with open_own(self.path) as file, zipfile.ZipFile(file) as archive:
            size = os.fstat(file.fileno()).st_size
            names = [name for name in npz.headers(archive, size) if name != "json"]
            about = parse_json(npz.read_member(archive, "json").tobytes())
            arrays = {name: npz.read_member(archive, name) for name in names}
        steps = about["n_steps"]
        if about["kind"] != KIND or about["content"] != npz.digest(arrays | {"n": np.array(steps)}):
            raise ValueError("not a state, or not as it was written")
        if about["key"] != self.key:
            return None
        parameters, curves_2F = npz.below("network.", arrays), arrays["curves_2F"]
        found, kind = [parameters], OPTIMIZERS[config.optimizer]
        optimizers = kind(), kind()
        fits = list(parameters) == list(start) and 0 < curves_2F.shape[1] <= config.epochs
        for number, optimizer in enumerate(optimizers):
            if isinstance(optimizer, Adam):
                optimizer.n_steps = steps[number]
                fits &= type(steps[number]) is int and steps[number] >= 0
                for name in MEANS:
                    found.append(npz.below(f"{number}.{name}.", arrays))
                    setattr(optimizer, name, found[-1])
                    fits &= set(found[-1]) == (moved[number] if steps[number] else set())
        for name, array in [pair for part in found for pair in part.items()]:
            fits &= (array.shape, array.dtype) == (start[name].shape, start[name].dtype)
        if not fits:
            raise ValueError("not of this network")
        return State(parameters, optimizers, tuple(curves_2F.tolist()))

    def keep(self, state: State) -> None:
        """Write every fifth state, and the last; where the disk takes none, training goes on."""
        n_done = len(state.curves[0])
        if self.key is None or (n_done % KEPT and n_done < self.epochs):
            return
        arrays = {f"network.{name}": array for name, array in state.parameters.items()}
        arrays["curves_2F"] = np.array(state.curves)
        steps: list[int] = []
        for number, optimizer in enumerate(state.optimizers):
            if isinstance(optimizer, Adam):
                steps.append(optimizer.n_steps)
                for name in MEANS:
                    means = getattr(optimizer, name).items()
                    arrays |= {f"{number}.{name}.{key}": array for key, array in means}
        about = {"kind": KIND, "key": self.key, "n_steps": steps}
        about["content"] = npz.digest(arrays | {"n": np.array(steps)})
        with contextlib.suppress(OSError), write_whole(self.path, follow=False) as file:
            npz.write(file, {"json": npz.to_bytes(json.dumps(about)), **arrays})

    def remove(self) -> None:
        """Take the state away: the model is there."""
        if self.key is not None:
            self.path.unlink(missing_ok=True)
