"""`train`: fit both tasks from labeled videos and write the model.

Without --labels the built-in scenes are rendered, kept in the cache, and trained on. Where the list
sets videos aside (split test), the report of `evaluate` on them follows.
"""

import argparse
import contextlib
import dataclasses
import functools
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from lsfref.app import options, output
from lsfref.app.lists import manifest as lists
from lsfref.app.output import counted
from lsfref.app.work.resuming import Keeper
from lsfref.app.work.session import session
from lsfref.model import Model, save
from lsfref.storage.files import TEMPORARY, printable, scratch, write_bytes


def run(args: argparse.Namespace) -> int:
    """Fit and write the model; status 1 where a video was left out, 3 where nothing can be fit."""
    options.config_from(args)  # refuses before anything is read
    if args.labels:
        listed = lists.read_labels(args.labels)
        output.claim(args.model, reads=[args.labels, *(v.path for v in listed.videos)])
        return fit(listed, args)
    output.claim(args.model)
    with scenes(args) as labels:
        return fit(lists.read_labels(labels), args)


def fit(listed: lists.Manifest, args: argparse.Namespace) -> int:
    """Train on the training part, save, report."""
    from lsfref.app.evaluation import estimate, held_out, judgment, outcomes, systems

    config, choices = options.chosen(args)
    train = systems.system(choices).train
    manifest = lists.training_part(listed)
    lists.refuse_unfit(manifest, manifest.videos)
    with session(args, passes=2, n_videos=len(listed.videos)) as doing:
        doing.progress.explain(lists.describe(listed))
        keeper = Keeper(args.model, lambda text: doing.progress.explain([text]))
        work = doing.work._replace(resume=functools.partial(doing.progress.training, keeper.resume))
        trained = train(manifest.videos, config, classes=manifest.classes, work=work)
        doing.progress.report_fit(trained)
        fitted = trained.model
        save(fitted, args.model)  # what follows may be interrupted
        keeper.remove()
        aside = listed.splits.count("test")
        found = held_out.ask(listed, fitted, doing) if aside else []
        rows = estimate.facts(found, listed, drawn=not args.labels)
        expected = judgment.lines(rows)
        if not found and args.estimate != "none":
            names = sorted(video.name for video in manifest.videos)
            known = dict(zip(names, trained.described, strict=True))
            found, rows, expected = estimate.expected(listed, args, doing, known)
        elif args.estimate == "both":
            expected.append(
                "the other preset is not asked: --estimate both is for lists without split"
            )
        if rows:
            save(dataclasses.replace(fitted, estimate=rows), args.model)
    lines = summary(fitted)
    if trained.skipped:
        lines.append(f"{counted(len(fitted.files), 'video')} used, {len(trained.skipped)} skipped")
    if args.json or args.csv:
        outcomes.write(found, args)
    else:
        print("\n".join(lines))
        if aside:
            print(f"\nOn the {counted(aside, 'video')} set aside:\n")
            outcomes.write(found, args)
        print("\n".join([*expected, f"wrote {printable(args.model)}"]))
    return 1 if trained.skipped and args.labels else 0  # a scene where nothing moves is no fault


@contextlib.contextmanager
def scenes(args: argparse.Namespace) -> Iterator[Path]:
    """Yield the label list of the built-in scenes of --seed, rendered once into the cache."""
    import lsfref
    from lsfref.app.work import cache
    from lsfref.scenes.clip_set import N_SCENES, Settings, render_set

    code = digest(Path(lsfref.__file__).parent / "scenes", "*.py")
    with contextlib.ExitStack() as stack:
        if args.cache == "none":
            above = stack.enter_context(scratch())
        else:
            above = cache.place(args.cache)
            cache.claim(above)
        folder = above / f"scenes-{args.seed}-{code[:16]}"
        labels, seal = folder / "labels.csv", folder / "seal"  # which "*.*" is not
        if not seal.is_file() or seal.read_bytes() != digest(folder, "*.*").encode():
            with session(args, passes=1, n_videos=N_SCENES) as doing:
                render_set(folder, Settings(args.seed), each=doing.work.each)
            write_bytes(seal, digest(folder, "*.*").encode())
        yield labels


def digest(folder: Path, pattern: str) -> str:
    """Return a digest of the files in and below a folder whose names match a pattern, but for what
    another run is still writing there."""
    found = hashlib.sha256()
    for path in sorted(folder.rglob(pattern)):
        if path.is_file() and not TEMPORARY.fullmatch(path.name):
            found.update(os.fsencode(path.name) + path.read_bytes())
    return found.hexdigest()


def summary(model: Model) -> list[str]:
    """Return lines that say what was fitted."""
    from lsfref.phases.phase2 import neighbor_count

    curves = model.network.reconstruction_curve, model.network.classification_curve
    ends = [f"loss {curve[0]:.4g} -> {curve[-1]:.4g}" for curve in curves]
    lines = [f"reconstruction {ends[0]}, classification {ends[1]}"]
    for name, task in model.tasks.items():
        line = f"{name}: {len(task.classes)} classes, {counted(len(task.rows_m), 'video')}"
        if model.extras is None:
            n, k = task.directions_CNQ.shape[1], neighbor_count(model.config, len(task.rows_m))
            line += f", {len(task.selected_Q)} features kept, N = {n}, K = {k}"
        lines.append(line)
    return lines
