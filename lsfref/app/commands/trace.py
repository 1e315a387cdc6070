"""`trace`: every stage's inputs and outputs for one video, in the layout of the golden files."""

import argparse
import contextlib
import dataclasses
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from lsfref import lsh, pooling
from lsfref.app import options
from lsfref.app.work.progress import Progress
from lsfref.app.work.session import refuse_damage
from lsfref.arrays import Floats
from lsfref.errors import NoTrajectoriesError
from lsfref.kernels.scaling import apply_scaling
from lsfref.model import Model
from lsfref.phases import advice, extraction, testing
from lsfref.phases.streaming import Block, of_length
from lsfref.phases.timeline import count_frames
from lsfref.storage.files import printable
from lsfref.storage.recorder import STAGES, Recorder, choose_stages

FOLDERS = {stage.partition("_")[2]: stage for stage in STAGES}
Add = Callable[..., None]  # add(stage, case, name, array, role=...)


def run(args: argparse.Namespace) -> int:
    """Write the trace and say what is in it; status 1 if the video has no trajectories."""
    stages = options.parsed("--stages:", choose_stages, args.stages)
    fitted = options.model_from(args) if "model" in args else None
    config = fitted.config if fitted else options.config_from(args)
    config = dataclasses.replace(config, max_frames=args.frames)
    n_frames = count_frames(args.video, config)
    progress = Progress(quiet=args.quiet)
    with Recorder(args.out) as recorder:
        facts = read_facts()

        def add(stage: str, case: str, name: str, array: Any, **axes: Any) -> None:
            if stage in stages:
                known = facts.get((stage, name), {"role": "param"})  # the network's, by name
                recorder.add(stage, case, name, array, **known, **axes)

        def watch(stage: str, name: str, array: Any, *, frame: int, scale: int) -> None:
            stage = {"grey_HW": "video", "flow_HW2": "flow"}.get(name, stage)
            add(FOLDERS[stage], f"frame_{frame:05d}_scale_{scale}", name, array)

        found = extraction.extract(args.video, config, watch=watch)
        blocks = (b._replace(info_P10=of_length(b.info_P10, n_frames)) for b in found)
        n_points = record_points(add, blocks, fitted)
        if args.strict:
            refuse_damage(found)
        progress.report(found.warnings, None)
        name, choices = printable(Path(args.video).name), dataclasses.asdict(config)
        recorder.close(video=name, frames=n_frames, config=choices)
    print(f"{printable(args.out)}: {recorder.count} tensors, {recorder.size / 1e6:.1f} MB")
    if fitted and not n_points:
        progress.report((), advice.unusable(args.video, n_frames, 0, config))
    return progress.conclude(1)


def read_facts() -> dict[tuple[str, str], dict[str, Any]]:
    """Return {(stage, name): role, tol, equation} from the table of trace.md."""
    facts: dict[tuple[str, str], dict[str, Any]] = {}
    table = Path(__file__).with_suffix(".md").read_text(encoding="ascii").partition("| ---")[2]
    for line in table.splitlines()[1:]:
        stage, name, role, double, single, equation = map(str.strip, line.split("|")[1:7])
        tol = {"float64": float(double or 0), "float32": float(single or 0)}
        facts[stage, name] = {"role": role, "tol": tol if any(tol.values()) else None}
        facts[stage, name]["equation"] = equation
    return facts


def record_points(add: Add, blocks: Iterable[Block], fitted: Model | None) -> int:
    """Record stages 4 to 10, block after block; return how many points a model answers."""

    def rows() -> Iterator[Floats]:
        for block in blocks:
            case = f"frame_{int(block.info_P10[0, 0]):05d}"
            for name, array in block._asdict().items():
                add("04_descriptors", case, name, array)
            if fitted:
                encoder, rows_PD = fitted.network.encoder, block.descriptors_PD
                add("05_lsfnet", case, "scaled_PD", apply_scaling(encoder.scaling, rows_PD))
                add("05_lsfnet", case, "codes_PE", encoder(rows_PD))
            yield block.descriptors_PD

    if fitted is None:
        deque(rows(), maxlen=0)
        return 0
    record_network(add, fitted)
    n_points = 0
    with contextlib.suppress(NoTrajectoriesError):
        pooled_E, n_points = pooling.pool_codes(rows(), fitted.network.encoder)
        add("07_pooling", "video", "pooled_E", pooled_E)
        for name in fitted.tasks:
            record_task(add, name, pooled_E[None], fitted)
    add("07_pooling", "video", "n_points", n_points)
    return n_points


def record_network(add: Add, fitted: Model) -> None:
    """Record what phase 1 left: the parameters, the scaling, the curves."""
    parameters, scaling = fitted.network.encoder.parameters, fitted.network.encoder.scaling
    axes = lsfnet_axes(sum(key.startswith("weights_") for key in parameters) - 1)
    for name, array in parameters.items():
        add("05_lsfnet", "network", name, array, axes=axes[name])
    for name in ("mean_D", "scale_D"):
        add("05_lsfnet", "network", name, getattr(scaling, name))
    for name in ("reconstruction_curve", "classification_curve"):
        add("06_switching", "network", f"{name}_U", getattr(fitted.network, name))


def lsfnet_axes(n_hidden: int) -> dict[str, list[str]]:
    """Return the axes of each parameter; of several hidden layers: J1, J2, ..."""
    hidden = ["J"] if n_hidden == 1 else [f"J{k}" for k in range(1, n_hidden + 1)]
    layers, depth = ["D", *hidden, "E"], n_hidden + 1
    axes = {f"weights_{k}": layers[k - 1 : k + 1] for k in range(1, depth + 1)}
    axes |= {f"encoder_bias_{k}": [layers[k]] for k in range(1, depth + 1)}
    axes |= {f"decoder_bias_{k}": [layers[depth - k]] for k in range(1, depth + 1)}
    return axes | {"head_weights": ["E", "C"], "head_bias": ["C"]}


def record_task(add: Add, name: str, pooled_1E: Floats, fitted: Model) -> None:
    """Record stages 8 to 10 of one task."""
    task, config = fitted.tasks[name], fitted.config
    query_1Q = pooled_1E[:, task.selected_Q]
    neighbors_T1K, squared_T1K = testing.search(task, pooled_1E, config)
    votes = testing.votes_of(task, pooled_1E, config)
    for stage, key, array in [
        ("08_fisher", "index_mE", fitted.pooled_ME[task.rows_m]),
        ("08_fisher", "labels_m", task.labels_m),
        ("08_fisher", "scores_E", task.scores_E),
        ("08_fisher", "selected_Q", task.selected_Q),
        ("09_lsh", "directions_TNQ", task.directions_CNQ),
        ("09_lsh", "index_hashes_TmN", task.hashes_CmN),
        ("09_lsh", "query_hashes_T1N", lsh.hash_features(query_1Q, task.directions_CNQ)),
        ("09_lsh", "neighbors_T1K", neighbors_T1K),
        ("09_lsh", "squared_distances_T1K", squared_T1K),
        ("10_voting", "labels_m", task.labels_m),
        ("10_voting", "confidence_1C", votes.confidence_MC),
        ("10_voting", "decision_1", votes.decision_M),
    ]:
        add(stage, name, key, array)
