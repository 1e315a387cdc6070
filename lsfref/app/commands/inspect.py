"""`inspect`: what a model file holds."""

import argparse
import dataclasses
import itertools
import math
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

from lsfref.app import output
from lsfref.app.evaluation import judgment, systems
from lsfref.app.output import counted
from lsfref.config import PRESETS, Config
from lsfref.model import Model, load, versions
from lsfref.phases.phase2 import neighbor_count
from lsfref.storage.files import printable
from lsfref.study.best import choices as best

BLOCKS = "\u2581\u2582\u2583\u2584\u2585\u2586\u2587\u2588"
ASCII = "_.-~=*#@"  # where the terminal has no blocks; as many steps
WIDTH = 48  # characters of a curve


def run(args: argparse.Namespace) -> int:
    """Print what the model holds."""
    path = args.model_file or args.model
    fitted = load(path)
    systems.answerer(fitted, printable(path))  # refuses extras that it does not understand
    told = {"file": path} | facts(fitted)
    if args.json:
        output.write_json(told)
    else:
        print("\n".join(map(printable, lines(told, blocks=can_show(BLOCKS)))))
    return 0


def facts(model: Model) -> dict[str, Any]:
    """Return what a model holds, as JSON has it."""
    tasks = {}
    for name, task in model.tasks.items():
        counts = np.bincount(task.labels_m, minlength=len(task.classes)).tolist()
        tasks[name] = {
            "videos": len(task.rows_m),
            "classes": dict(zip(task.classes, counts, strict=True)),
            "features_kept": len(task.selected_Q),
            "tables": len(task.directions_CNQ),
            "projections": task.directions_CNQ.shape[1],
            "neighbors": neighbor_count(model.config, len(task.rows_m)),
        }
    config = dataclasses.asdict(model.config)
    return {
        "videos": len(model.files),
        "added": 0 if model.ranking_M is None else int((~model.ranking_M).sum()),
        "groups": len(set(model.groups) - {""}),
        "trajectories": int(model.points_M.sum()),
        "digest": model.digest,
        "tasks": tasks,
        "layers": [len(model.network.encoder.scaling.mean_D), *config["hidden"], config["n_code"]],
        "head_classes": list(model.head_classes),
        "parameters": sum(array.size for array in model.network.encoder.parameters.values()),
        "reconstruction_curve": model.network.reconstruction_curve.tolist(),
        "classification_curve": model.network.classification_curve.tolist(),
        "preset": nearest_preset(model.config) if model.extras is None else model.extras.kind,
        "config": config | (model.extras.choices if model.extras else {}),
        "versions": model.versions or versions(),
        "estimate": model.estimate,
    }


def nearest_preset(config: Config) -> str:
    """Return the preset that differs in the fewest choices; presets have one seed."""
    mine = vars(config).items()
    return min(PRESETS, key=lambda name: len(mine - vars(PRESETS[name]).items()))


def lines(told: dict[str, Any], *, blocks: bool) -> list[str]:
    """Return the facts as text."""
    groups = f" in {counted(told['groups'], 'group')}" if told["groups"] else ""
    added = f", {told['added']} added later," if told["added"] else ""
    first = counted(told["videos"] - told["added"], "video")
    text = [
        f"{printable(told['file'])}: trained on {first}{added}{groups},"
        f" {told['trajectories']} trajectories",
        f"training list: sha256 {told['digest']}",
    ]
    for name, task in told["tasks"].items():
        counts = ", ".join(f"{printable(c)} {n}" for c, n in task["classes"].items())
        text.append(f"{name}: {counts}")
        if told["preset"] not in PRESETS:
            own = {f.name: told["config"][f.name] for f in dataclasses.fields(best.Choices)}
            shares = best.Choices(**own).shares(name)
            experts = [kind for kind, share in shares.items() if share > 0]
            learned = counted(task["videos"], "video")
            text.append(f"  classifiers of {', '.join(experts)} of {learned} answer")
            continue
        tables = f"{task['tables']} hash tables of {task['projections']} projections"
        kept, voters = task["features_kept"], task["neighbors"]
        text.append(f"  {kept} features kept, {tables}, {voters} neighbors vote")
    layers = "-".join(map(str, [*told["layers"], *told["layers"][-2::-1]]))
    head = f"a head of {len(told['head_classes'])} classes"
    text.append(f"network: {layers}, {head}, {told['parameters']} parameters")
    for name in ("reconstruction", "classification"):
        curve = told[f"{name}_curve"]
        ends = f"{curve[0]:.4g} -> {curve[-1]:.4g}"
        text.append(f"{name} loss, {len(curve)} passes: {ends}  {spark(curve, blocks=blocks)}")
    text += judgment.lines(told["estimate"] or {}) or ["no estimate of its accuracy"]
    if told["estimate"] and told["added"]:
        text.append("  as of before videos were added")
    text.append("versions: " + ", ".join(f"{n} {v}" for n, v in told["versions"].items()))
    text.append(f"choices, as in preset {told['preset']} (* where they differ):")
    plain = PRESETS.get(told["preset"])
    filled: list[Any] = [plain] if plain else [best.CONFIG, best.Choices()]
    for field, usual in ((f, getattr(x, f.name)) for x in filled for f in dataclasses.fields(x)):
        value = told["config"][field.name]
        mark = "*" if value != usual and field.name != "seed" else " "
        shown = ",".join(map(str, value)) if isinstance(value, tuple) else value
        choice, ids = f"{field.name} = {shown}", " ".join(field.metadata["ids"])
        text.append(f"{mark} {choice:<26} {ids:<7} {field.metadata['text']}")
    return text


def spark(curve: Sequence[float], *, blocks: bool) -> str:
    """Return a curve as a line of characters, from its least value to its greatest."""
    steps = BLOCKS if blocks else ASCII
    n = min(len(curve), WIDTH)
    cuts = [i * len(curve) // n for i in range(n + 1)]
    means = [math.fsum(curve[a:b]) / (b - a) for a, b in itertools.pairwise(cuts)]
    low, high = min(means), max(means)
    scale = (len(steps) - 1) / (high - low) if high > low else 0.0
    return "".join(steps[math.floor((mean - low) * scale + 0.5)] for mean in means)


def can_show(text: str) -> bool:
    """Return whether stdout has these characters."""
    encoding = getattr(sys.stdout, "encoding", None) or "ascii"
    return text.encode(encoding, "replace").decode(encoding) == text
