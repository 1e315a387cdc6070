"""`train`: fit both tasks from labelled videos and write the model.

Without --labels the built-in scenes are rendered, kept in the cache, and trained on. Where the list
sets videos aside (split test), the report of `evaluate` on them follows.
"""

import argparse
import contextlib
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from lsfref.app import options, output
from lsfref.app.lists.manifest import (
    Manifest,
    describe,
    read_labels,
    refuse_lone_classes,
    training_part,
)
from lsfref.app.work.progress import Progress
from lsfref.app.work.session import session
from lsfref.storage.files import printable, scratch

if TYPE_CHECKING:
    from lsfref.model import Model


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags of `train`."""
    options.add_labels(parser, required=False)
    options.add_model(parser)
    options.add_output(parser)
    options.add_config(parser, best=True)
    options.add_common(parser)


def run(args: argparse.Namespace) -> int:
    """Fit and write the model; status 1 where a video was left out, 3 where nothing can be fit."""
    options.config_from(args)  # refuses before anything is read
    output.claim(args.model)
    if args.labels:
        return fit(read_labels(args.labels), args)
    with scenes(args) as labels:
        return fit(read_labels(labels), args)


def fit(listed: Manifest, args: argparse.Namespace) -> int:
    """Train on the training part, save, report."""
    from lsfref import model
    from lsfref.app.evaluation import held_out, outcomes, systems

    config, choices = options.chosen(args)
    train = systems.system(choices).train
    manifest = training_part(listed)
    refuse_lone_classes(manifest)
    with session(args, passes=3, n_videos=len(listed.videos)) as doing:
        doing.progress.explain(describe(listed))
        trained = train(manifest.videos, config, classes=manifest.classes, work=doing.work)
        doing.progress.report_fit(trained)
        model.save(trained.model, args.model)
        found = held_out.ask(listed, trained.model, doing) if "test" in listed.splits else []
    told = summary(trained.model)
    if trained.skipped:
        told.append(f"{len(trained.model.files)} videos used, {len(trained.skipped)} skipped")
    for_people = not (args.json or args.csv)
    if for_people:
        print("\n".join(told))
    if found and for_people:
        print(f"\nOn the {listed.splits.count('test')} videos set aside:\n")
    outcomes.write(found, args)
    if for_people:
        print(f"wrote {printable(args.model)}")
    return 1 if trained.skipped and args.labels else 0  # a scene where nothing moves is no fault


@contextlib.contextmanager
def scenes(args: argparse.Namespace) -> Iterator[Path]:
    """Yield the label list of the built-in scenes of --seed, rendered once into the cache."""
    import lsfref
    from lsfref.app.work import cache, workers
    from lsfref.scenes.clip_set import N_SCENES, render_set

    code = hashlib.sha256()
    for source in sorted((Path(lsfref.__file__).parent / "scenes").rglob("*.py")):
        code.update(source.read_bytes())
    with contextlib.ExitStack() as stack:
        if args.cache == "none":
            above = stack.enter_context(scratch())
        else:
            above = cache.place(args.cache)
            cache.claim(above)
        folder = above / f"scenes-{args.seed}-{code.hexdigest()[:16]}"
        labels = folder / "labels.csv"
        if not labels.exists():  # it is written last: the set is whole
            progress = Progress(quiet=args.quiet)
            with workers.mapper(max(1, min(args.jobs, N_SCENES))) as mapper:
                render_set(
                    folder,
                    seed=args.seed,
                    mapper=mapper,
                    progress=lambda done, of: progress("rendering scenes", done, of),
                )
            progress.clear()
        yield labels


def summary(model: "Model") -> list[str]:
    """Return lines that say what was fitted."""
    from lsfref.phases.phase2 import neighbor_count

    first, last = model.network.reconstruction_curve[[0, -1]]
    lines = [f"reconstruction loss {first:.4g} -> {last:.4g}, "]
    first, last = model.network.classification_curve[[0, -1]]
    lines[0] += f"classification loss {first:.4g} -> {last:.4g}"
    for name, task in model.tasks.items():
        k = neighbor_count(model.config, len(task.rows_m))
        if model.extras is not None:
            lines.append(f"{name}: {len(task.classes)} classes, {len(task.rows_m)} videos")
            continue
        lines.append(
            f"{name}: {len(task.classes)} classes, {len(task.rows_m)} videos, "
            f"{len(task.selected_Q)} features kept, N = {task.directions_CNQ.shape[1]}, K = {k}"
        )
    return lines
