"""The fitted system: what it holds, how it is stored, and what is checked before it is believed.

One `.npz` of plain arrays (npz.py) and one JSON text among them, as bytes (T8). The same model
gives the same bytes. Loading trusts nothing: names, types and shapes are held against the JSON
before data is read, values after; whatever is wrong is a ModelError that names the file.
"""

import dataclasses
import functools
import hashlib
import json
import os
import stat
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lsfref import __version__, fisher, lsfnet, lsh
from lsfref.arrays import N_COLUMNS, Floats, Ints
from lsfref.config import Config
from lsfref.errors import ModelError
from lsfref.kernels.scaling import Scaling, apply_scaling
from lsfref.media import ffmpeg
from lsfref.storage import npz
from lsfref.storage.choices import from_json
from lsfref.storage.files import JSON_LIMIT, PathLike, parse_json, printable, write_whole

FORMAT = 3
TASKS = ("background", "foreground")
RANGES = {  # of what a fit gives, generously; within them nothing overflows
    "network.": (-1e4, 1e4), "scaling.mean_D": (-1e6, 1e6), "scaling.scale_D": (1e-12, 1e6),
    "_curve": (0.0, 1e30), "points_M": (0, 2**53), "pooled_ME": (-1e12, 1e12),
    "scores_E": (0.0, np.inf), "directions_CNQ": (-40.0, 40.0), "hashes_CmN": (-1e18, 1e18),
    "": (-1.7e308, 1.7e308),
}  # fmt: skip


class LabeledVideo(NamedTuple):
    """One line of a label list (T2); None where a task has no label."""

    name: str
    path: str
    background: str | None
    foreground: str | None
    group: str | None = None


@dataclass(frozen=True)
class Encoder:
    """Raw descriptors to codes: input scaling (A11), then the encoder of LSFNet."""

    scaling: Scaling
    parameters: lsfnet.Parameters

    def __call__(self, rows_PD: Floats) -> Floats:
        """Return codes_PE."""
        return lsfnet.encode(self.parameters, apply_scaling(self.scaling, rows_PD))


class Network(NamedTuple):
    """What phase 1 fits: the encoder with its head, and one value per epoch of each loss."""

    encoder: Encoder
    reconstruction_curve: Floats
    classification_curve: Floats


@dataclass(frozen=True, eq=False)
class Task:
    """One question of the system: its classes, kept features and hash tables (stages 8 and 9)."""

    classes: tuple[str, ...]
    rows_m: Ints  # which of the M training videos carry a label of this task
    labels_m: Ints
    scores_E: Floats
    selected_Q: Ints
    directions_CNQ: Floats
    hashes_CmN: Floats


class Extras(NamedTuple):
    """What a preset beyond the paper's adds: its name, its choices, float64 arrays."""

    kind: str
    choices: dict[str, Any]
    arrays: dict[str, Floats]


@dataclass(frozen=True)
class Model:
    """The fitted system. `pooled_ME` stays so that videos can be added and features re-selected."""

    config: Config
    network: Network
    head_classes: tuple[str, ...]
    files: tuple[str, ...]
    groups: tuple[str, ...]
    points_M: Ints
    pooled_ME: Floats
    tasks: dict[str, Task]
    ranking_M: NDArray[np.bool_] | None = None  # whose codes ranked the features; None: all
    versions: dict[str, str] | None = None  # of what fitted it; None until it is saved
    extras: Extras | None = None
    estimate: dict[str, Any] | None = None  # by task, what it is worth on videos it has not seen

    @functools.cached_property
    def digest(self) -> str:
        """SHA-256 of the training list: names, groups, labels, in order."""
        labels = [[name, t.rows_m.tolist(), t.labels_m.tolist()] for name, t in self.tasks.items()]
        text = json.dumps([self.files, self.groups, labels])
        return hashlib.sha256(text.encode()).hexdigest()


class Trained(NamedTuple):
    """A model, the videos left out of it, each with the reason, and warnings.

    `described` is what was made of each video that was listed, in the order of their names.
    """

    model: Model
    skipped: list[str]
    warnings: list[str]
    described: Sequence[Any] = ()


def versions() -> dict[str, str]:
    """Return the versions of what computes: lsfref, numpy, scipy, imageio-ffmpeg, ffmpeg."""
    import scipy  # here: a list or a model can be refused without it

    own = {"lsfref": __version__, "numpy": np.__version__, "scipy": scipy.__version__}
    return own | ffmpeg.versions()


def to_arrays(model: Model) -> dict[str, np.ndarray]:
    """Return the arrays of a model file, in their order; the JSON text comes first."""
    tasks = model.tasks
    about = {
        "format": FORMAT,
        "config": dataclasses.asdict(model.config),
        "head_classes": model.head_classes,
        "classes": {name: task.classes for name, task in tasks.items()},
        "sizes": {
            "selected": {name: len(task.selected_Q) for name, task in tasks.items()},
            "labeled": {name: len(task.rows_m) for name, task in tasks.items()},
            "projections": {name: task.directions_CNQ.shape[1] for name, task in tasks.items()},
        },
        "files": model.files,
        "groups": model.groups,
        "digest": model.digest,
        "versions": model.versions or versions(),
        "estimate": model.estimate,
    }
    if model.extras is not None:
        about["extras"] = {
            "kind": model.extras.kind,
            "choices": model.extras.choices,
            "shapes": {key: array.shape for key, array in model.extras.arrays.items()},
        }
    arrays: dict[str, np.ndarray] = {}
    scaling, parameters = model.network.encoder.scaling, model.network.encoder.parameters
    arrays |= {f"network.{key}": value for key, value in parameters.items()}
    arrays |= {f"scaling.{key}": getattr(scaling, key) for key in Scaling._fields[1:]}
    arrays |= {key: getattr(model.network, key) for key in Network._fields[1:]}
    arrays |= {key: getattr(model, key) for key in ("points_M", "pooled_ME")}
    all_M = np.ones(len(model.files), bool)
    arrays["ranking_M"] = all_M if model.ranking_M is None else model.ranking_M
    for name, task in tasks.items():
        for field in dataclasses.fields(task)[1:]:
            arrays[f"{name}.{field.name}"] = getattr(task, field.name)
    if model.extras is not None:
        arrays |= {f"extras.{key}": array for key, array in sorted(model.extras.arrays.items())}
    about["content"] = npz.digest(arrays)
    return {"json": npz.to_bytes(json.dumps(about, sort_keys=True)), **arrays}


def save(model: Model, path: PathLike) -> None:
    """Write a model file, whole or not at all. Raises OSError as the system gives it."""
    with write_whole(path) as file:
        npz.write(file, to_arrays(model))


def expected(about: dict[str, Any]) -> dict[str, tuple[tuple[int, ...], str]]:
    """Return {member: (shape, dtype)} that a model file with this JSON must have."""
    config = from_json(Config, about["config"])
    n_in, n_code, epochs = N_COLUMNS, config.n_code, config.epochs
    n_videos, real = len(about["files"]), config.dtype
    shapes: dict[str, tuple[tuple[int, ...], str]] = {}
    for key, shape in lsfnet.parameter_shapes(
        n_in=n_in, hidden=config.hidden, n_code=n_code, n_classes=len(about["head_classes"])
    ).items():
        shapes[f"network.{key}"] = (shape, real)
    shapes["scaling.mean_D"] = shapes["scaling.scale_D"] = ((n_in,), real)
    shapes["reconstruction_curve"] = shapes["classification_curve"] = ((epochs,), "float64")
    shapes["points_M"] = ((n_videos,), "int64")
    shapes["pooled_ME"] = ((n_videos, n_code), "float64")
    shapes["ranking_M"] = ((n_videos,), "bool")
    for name, classes in about["classes"].items():
        c, m = len(classes), about["sizes"]["labeled"][name]
        q, n = about["sizes"]["selected"][name], about["sizes"]["projections"][name]
        shapes[f"{name}.rows_m"] = shapes[f"{name}.labels_m"] = ((m,), "int64")
        shapes[f"{name}.scores_E"] = ((n_code,), "float64")
        shapes[f"{name}.selected_Q"] = ((q,), "int64")
        shapes[f"{name}.directions_CNQ"] = ((c, n, q), "float64")
        shapes[f"{name}.hashes_CmN"] = ((c, m, n), "float64")
    for key, shape in about.get("extras", {"shapes": {}})["shapes"].items():
        shapes[f"extras.{key}"] = (tuple(shape), "float64")
    return shapes


def load(path: PathLike) -> Model:
    """Return the model of a file. Raises ModelError for anything that is not one."""
    name = printable(path)
    try:
        status = os.stat(path)
        if not stat.S_ISREG(status.st_mode):
            raise ModelError(f"{name}: not a regular file; give a model that `train` wrote")
        with zipfile.ZipFile(path) as archive:
            return _load(archive, status.st_size, name)
    except ModelError:
        raise
    except FileNotFoundError:
        raise ModelError(f"{name}: no such model; `train` writes one, --model names it") from None
    except OSError as fault:
        raise ModelError(f"{name}: cannot be read: {fault.strerror or fault}") from None
    except npz.UNREADABLE as fault:
        why = printable(str(fault).partition("\n")[0] or type(fault).__name__)[:200]
        cure = "train again or restore a copy"
        raise ModelError(f"{name}: damaged, or not a model file ({why}); {cure}") from None


def _load(archive: zipfile.ZipFile, file_size: int, file_name: str) -> Model:
    found = npz.headers(archive, file_size)
    if "json" not in found or found["json"][0][0] > JSON_LIMIT:
        raise ValueError("no description in it")
    about = parse_json(npz.read_member(archive, "json").tobytes())
    if type(n := about["format"]) is int and 0 < n < 1000 and n != FORMAT:
        raise ModelError(f"{file_name}: made by another version (format {n}); train again")
    config = from_json(Config, about["config"])
    wanted = expected(about)
    if set(found) != {"json", *wanted}:
        odd = sorted(set(found) ^ {"json", *wanted})[0]
        raise ValueError(f"member {odd!r} is missing or does not belong there")
    for key, (shape, dtype) in wanted.items():
        if found[key] != (shape, np.dtype(dtype)):
            raise ValueError(f"{key} is {found[key]}; want {(shape, dtype)}")
    arrays = {key: npz.read_member(archive, key) for key in wanted}
    npz.check_ranges(arrays, RANGES)
    tasks = {}
    for name, classes in about["classes"].items():
        if len(set(_texts(classes))) != len(classes) or len(classes) < 2:
            raise ValueError(f"{name}: two class names or more, all different")
        tasks[name] = task = Task(tuple(classes), **npz.below(f"{name}.", arrays))
        npz.check_numbers(task.rows_m, len(about["files"]), f"{name}.rows_m")
        npz.check_numbers(task.selected_Q, config.n_code, f"{name}.selected_Q")
        if not (0 <= task.labels_m.min() and task.labels_m.max() < len(classes)):
            raise ValueError(f"{name}.labels_m is out of range")
    scaling = Scaling(config.input_scaling, **npz.below("scaling.", arrays))
    encoder = Encoder(scaling, npz.below("network.", arrays))
    extras = None
    if more := about.get("extras"):  # what it means is for its kind to check
        extras = Extras(str(more["kind"]), dict(more["choices"]), npz.below("extras.", arrays))
    named = dict(zip(about["versions"], _texts([*about["versions"].values()]), strict=True))
    model = Model(
        config, Network(encoder, *(arrays[key] for key in Network._fields[1:])),
        _texts(about["head_classes"]), _texts(about["files"]),
        _texts(about["groups"]), arrays["points_M"], arrays["pooled_ME"], tasks,
        arrays["ranking_M"], named, extras,
        _estimate(about["estimate"], tasks),
    )  # fmt: skip
    if list(tasks) not in (["background"], list(TASKS)) or len(model.groups) != len(model.files):
        raise ValueError("unknown tasks or groups")
    if model.digest != about["digest"]:
        raise ValueError("the list of training videos is not the one it was made from")
    for name in tasks:
        _check_task(model, name)
    if n != FORMAT or about["content"] != npz.digest(arrays):
        raise ValueError("its arrays are not those that were written")
    return model


def _estimate(value: Any, tasks: dict[str, Task]) -> dict[str, Any] | None:
    """Return an estimate whose numbers can be shown. Raises ValueError for anything else."""
    for name, row in (value or {}).items():
        shares = [row[key] for key in ("accuracy", "majority", "recall_mean")] + row["interval"]
        shares += [row[key] for key in ("threshold", "coverage") if row[key] is not None]
        counts = [row["videos"], *row["sources"].values()]
        right = all(type(v) is float and 0 <= v <= 1 for v in shares) and len(row["interval"]) == 2
        right &= all(type(v) is int and v >= 0 for v in counts) and name in tasks
        right &= row["majority_class"] in tasks[name].classes
        right &= all(type(row[key]) is bool for key in ("by_group", "drawn"))
        if not right:
            raise ValueError("its estimate of accuracy is none")
    return value


def _check_task(model: Model, name: str) -> None:
    """Raise ValueError where what stages 8 and 9 derive does not follow from the codes.

    What is computed again may be rounded otherwise elsewhere: 1e-9 of the largest hash, 1e-6 of a
    score, and one beyond 1e10 is as good as infinite (F2).
    """
    task, pooled_ME = model.tasks[name], model.pooled_ME
    hashes_CmN = lsh.hash_features(pooled_ME[task.rows_m][:, task.selected_Q], task.directions_CNQ)
    apart = np.abs(hashes_CmN - task.hashes_CmN).max()
    if apart > 1e-9 * np.abs(hashes_CmN).max() or not task.directions_CNQ.any(axis=2).all():
        raise ValueError(f"{name}.hashes_CmN do not follow from codes and directions")
    rank = model.tasks["background"] if model.config.select_by == "background" else task  # F6
    says_m = ... if model.ranking_M is None else model.ranking_M[rank.rows_m]
    scores_E = fisher.fisher_score(pooled_ME[rank.rows_m[says_m]], rank.labels_m[says_m])
    kept_Q = fisher.select_top(task.scores_E, top_percent=model.config.top_percent)
    alike = np.allclose(
        np.minimum(scores_E, 1e10), np.minimum(task.scores_E, 1e10), rtol=1e-6, atol=1e-6
    )
    if not alike or not np.array_equal(kept_Q, task.selected_Q):
        raise ValueError(f"{name}: scores and kept features do not follow from the codes")


def _texts(values: Any) -> tuple[str, ...]:
    if not isinstance(values, list) or not all(isinstance(v, str) for v in values):
        raise ValueError("a list of names is none")
    return tuple(values)
