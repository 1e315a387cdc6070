"""`trace`: every stage's inputs and outputs for one video, in the layout of the golden files."""

import argparse
import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lsfref import lsfnet, lsh, pooling, video
from lsfref.app import options
from lsfref.app.work.progress import Progress
from lsfref.arrays import Floats
from lsfref.config import Config
from lsfref.errors import NoTrajectoriesError
from lsfref.kernels.scaling import apply_scaling
from lsfref.phases import extraction, testing
from lsfref.phases.advice import unusable
from lsfref.phases.streaming import Block, of_length
from lsfref.storage import recorder as trace
from lsfref.storage.files import printable

if TYPE_CHECKING:
    from lsfref.model import Model

# Relative to the largest value of a tensor: double and single precision. Positions are kept in
# single precision, so that a rounding in the flow may move one by 4e-6 px; a decision that rounding
# turns over is no matter of tolerance.
TOLERANCES = {
    "01_video": (1e-12, 1e-5),
    "02_flow": (1e-8, 1e-2),
    "03_trajectories": (1e-6, 1e-2),
    "04_descriptors": (1e-4, 1e-2),
    "05_lsfnet": (1e-4, 1e-2),
    "07_pooling": (1e-4, 1e-2),
    "08_fisher": (1e-4, 1e-2),
    "09_lsh": (1e-4, 1e-2),
    "10_voting": (1e-9, 1e-4),
}
FOLDERS = {stage.partition("_")[2]: stage for stage in trace.STAGES}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags of `trace`."""
    parser.add_argument("video", metavar="VIDEO")
    parser.add_argument("out", metavar="OUT", help="a new folder")
    parser.add_argument(
        "--model", default=argparse.SUPPRESS, metavar="FILE",
        help="a fitted model: its choices, and stages 5 to 10 (default: stages 1 to 4)",
    )  # fmt: skip
    parser.add_argument("--stages", default="1-10", help="only these, such as 2, flow or 3-4,9")
    parser.add_argument("--frames", type=options.whole, default=20, help="the first ones; 0: all")
    parser.add_argument("--quiet", action="store_true", help="no progress on stderr")
    options.add_config(parser)
    parser.set_defaults(preset="paper")


def run(args: argparse.Namespace) -> int:
    """Write the trace and say what is in it; status 1 if the video has no trajectories."""
    from lsfref import model

    try:
        stages = trace.choose_stages(args.stages)
    except ValueError as fault:
        raise options.UsageError(f"--stages: {fault}") from None
    fitted = model.load(args.model) if "model" in args else None
    config = options.with_flags(fitted.config, args) if fitted else options.config_from(args)
    config = dataclasses.replace(config, max_frames=args.frames)
    video.count_frames(args.video, max_frames=1)  # no folder for what is no video
    progress = Progress(quiet=args.quiet)
    with _Chosen(args.out, stages) as recorder:
        found, blocks = record_extraction(recorder, args.video, config)
        for text in found.warnings:
            progress.say(f"warning: {text}")
        answered = fitted is None or record_answer(recorder, blocks, fitted)
        name, choices = printable(Path(args.video).name), dataclasses.asdict(config)
        recorder.close(video=name, frames=found.n_frames, config=choices)
    size = sum(path.stat().st_size for path in Path(args.out).rglob("*.npy"))
    print(f"{printable(args.out)}: {len(recorder.entries)} tensors, {size / 1e6:.1f} MB")
    if not answered:
        progress.say(f"error: {unusable(args.video, found.n_frames, 0, config)}")
    return 0 if answered else 1


class _Chosen(trace.Recorder):
    """A recorder that leaves out all stages but the chosen ones, and knows their tolerances."""

    def __init__(self, folder: str, stages: tuple[str, ...]) -> None:
        super().__init__(folder)
        self.stages = stages

    def add(self, stage: str, case: str, name: str, array: Any, **facts: Any) -> None:
        if stage in self.stages:
            tol = dict(zip(("float64", "float32"), TOLERANCES.get(stage, (0, 0)), strict=True))
            real = np.asarray(array).dtype.kind == "f"
            super().add(stage, case, name, array, tol=tol if real else None, **facts)


def record_extraction(
    recorder: trace.Recorder, path: str, config: Config
) -> tuple[extraction.Extraction, list[Block]]:
    """Record stages 1 to 4 of the first frames, and return their trajectories."""

    def watch(stage: str, name: str, array: Any, *, frame: int, scale: int) -> None:
        stage = {"grey_HW": "video", "flow_HW2": "flow"}.get(name, stage)
        recorder.add(FOLDERS[stage], f"frame_{frame:05d}_scale_{scale}", name, array)

    limits = {"max_frames": config.max_frames, "max_pixels": config.max_pixels}
    n_frames = video.count_frames(path, warn=lambda text: None, **limits)
    found, blocks = extraction.extract(path, config, watch=watch), []
    for block in found:
        block = block._replace(info_P10=of_length(block.info_P10, n_frames))
        for name, array in block._asdict().items():
            recorder.add("04_descriptors", _frame(block), name, array)
        blocks.append(block)
    return found, blocks


def _frame(block: Block) -> str:
    return f"frame_{int(block.info_P10[0, 0]):05d}"


def record_answer(recorder: trace.Recorder, blocks: list[Block], fitted: "Model") -> bool:
    """Record stages 5 to 10 of a fitted model; False where there is no trajectory to go on with."""
    record_network(recorder, fitted)

    encoder = fitted.network.encoder
    for block in blocks:
        case = _frame(block)
        scaled_PD = apply_scaling(encoder.scaling, block.descriptors_PD)
        recorder.add("05_lsfnet", case, "scaled_PD", scaled_PD)
        recorder.add("05_lsfnet", case, "codes_PE", lsfnet.encode(encoder.parameters, scaled_PD))
    try:
        pooled = pooling.pool_codes((block.descriptors_PD for block in blocks), encoder)
    except NoTrajectoriesError:
        recorder.add("07_pooling", "video", "n_points", 0)
        return False
    recorder.add("07_pooling", "video", "pooled_E", pooled.pooled_E)
    recorder.add("07_pooling", "video", "n_points", pooled.n_points)
    for name in fitted.tasks:
        record_task(recorder, name, pooled.pooled_E[None], fitted)
    return True


def record_network(recorder: trace.Recorder, fitted: "Model") -> None:
    """Record what phase 1 left: the parameters, the scaling, the curves."""
    n_hidden = sum(key.startswith("weights_") for key in fitted.network.encoder.parameters) - 1
    axes = lsfnet_axes(n_hidden)
    network = fitted.network
    scaling = network.encoder.scaling
    for name, array in network.encoder.parameters.items():
        recorder.add("05_lsfnet", "network", name, array, role="param", axes=axes[name])
    for name in ("mean_D", "scale_D"):
        recorder.add(
            "05_lsfnet",
            "network",
            name,
            getattr(scaling, name),
            role="param",
        )
    for name in ("reconstruction_curve", "classification_curve"):
        recorder.add("06_switching", "network", f"{name}_U", getattr(network, name), role="param")


def lsfnet_axes(n_hidden: int) -> dict[str, list[str]]:
    """Return the axes of each parameter; of several hidden layers: J1, J2, ..."""
    hidden = ["J"] if n_hidden == 1 else [f"J{k}" for k in range(1, n_hidden + 1)]
    layers, depth = ["D", *hidden, "E"], n_hidden + 1
    axes = {f"weights_{k}": layers[k - 1 : k + 1] for k in range(1, depth + 1)}
    axes |= {f"encoder_bias_{k}": [layers[k]] for k in range(1, depth + 1)}
    axes |= {f"decoder_bias_{k}": [layers[depth - k]] for k in range(1, depth + 1)}
    return axes | {"head_weights": ["E", "C"], "head_bias": ["C"]}


def record_task(recorder: trace.Recorder, name: str, pooled_1E: Floats, fitted: "Model") -> None:
    """Record stages 8 to 10 of one task."""
    task, config = fitted.tasks[name], fitted.config
    index_mE = fitted.pooled_ME[task.rows_m]
    recorder.add("08_fisher", name, "index_mE", index_mE, role="input")
    recorder.add("08_fisher", name, "labels_m", task.labels_m, role="input")
    recorder.add("08_fisher", name, "scores_E", task.scores_E)
    recorder.add("08_fisher", name, "selected_Q", task.selected_Q)
    recorder.add("09_lsh", name, "directions_TNQ", task.directions_CNQ, role="draw")
    recorder.add("09_lsh", name, "index_hashes_TmN", task.hashes_CmN)
    query_T1N = lsh.hash_features(pooled_1E[:, task.selected_Q], task.directions_CNQ)
    neighbors_T1K, squared_T1K = testing.search(task, pooled_1E, config)
    recorder.add("09_lsh", name, "query_hashes_T1N", query_T1N)
    recorder.add("09_lsh", name, "neighbors_T1K", neighbors_T1K)
    recorder.add("09_lsh", name, "squared_distances_T1K", squared_T1K)
    votes = testing.votes_of(task, pooled_1E, config)
    recorder.add("10_voting", name, "labels_m", task.labels_m, role="input")
    recorder.add("10_voting", name, "confidence_1C", votes.confidence_MC)
    recorder.add("10_voting", name, "decision_1", votes.decision_M)
