"""`train`: fit both tasks from labelled videos and write the model."""

import argparse
from typing import TYPE_CHECKING

from lsfref.app import options
from lsfref.app.manifest import describe, read_labels, refuse_lone_classes, training_part
from lsfref.app.session import session

if TYPE_CHECKING:
    from lsfref.model import Model


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags of `train`."""
    options.add_labels(parser)
    options.add_model(parser)
    options.add_config(parser)
    options.add_common(parser)


def run(args: argparse.Namespace) -> int:
    """Fit and write the model; status 1 where a video was left out, 3 where nothing can be fit."""
    from lsfref import model, pipeline

    config = options.config_from(args)
    listed = read_labels(args.labels)
    manifest = training_part(listed)
    refuse_lone_classes(manifest)
    with session(args, passes=3, n_videos=len(manifest.videos)) as work:
        for line in describe(listed):
            if not args.quiet:
                work.progress.say(line)
        trained = pipeline.train(
            manifest.videos,
            config,
            classes=manifest.classes,
            extract=work.extract,
            mapper=work.mapper,
            report=work.progress,
        )
        for text in trained.warnings:
            work.progress.say(f"warning: {text}")
        for text in trained.skipped:
            work.progress.say(f"skipped: {text}")
    model.save(trained.model, args.model)
    for line in summary(trained.model):
        print(line)
    if trained.skipped:
        print(f"{len(trained.model.files)} videos used, {len(trained.skipped)} skipped")
    print(f"wrote {args.model}")
    return 1 if trained.skipped else 0


def summary(model: "Model") -> list[str]:
    """Return lines that say what was fitted."""
    from lsfref.phase2 import neighbor_count

    first, last = model.reconstruction_curve[[0, -1]]
    lines = [f"reconstruction loss {first:.4g} -> {last:.4g}, "]
    first, last = model.classification_curve[[0, -1]]
    lines[0] += f"classification loss {first:.4g} -> {last:.4g}"
    for name, task in model.tasks.items():
        k = neighbor_count(model.config, len(task.rows_m))
        lines.append(
            f"{name}: {len(task.classes)} classes, {len(task.rows_m)} videos, "
            f"{len(task.selected_Q)} features kept, N = {task.directions_CNQ.shape[1]}, K = {k}"
        )
    return lines
