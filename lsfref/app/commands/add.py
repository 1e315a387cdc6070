"""`add`: labeled videos join the index of a model; the network stays as it is."""

import argparse
import dataclasses

from lsfref import model
from lsfref.app import options, output
from lsfref.app.evaluation import systems
from lsfref.app.lists.manifest import class_order, describe, read_labels
from lsfref.app.output import counted
from lsfref.app.work.session import session
from lsfref.storage.files import printable


def run(args: argparse.Namespace) -> int:
    """Write the grown model; status 1 where a video was left out."""
    fitted = model.load(args.model)
    manifest = read_labels(args.labels)
    output.claim(args.output, reads=[args.model, args.labels, *(v.path for v in manifest.videos)])
    read_with = dataclasses.replace(fitted, config=options.with_flags(fitted.config, args))
    with session(args, passes=1, n_videos=len(manifest.videos)) as doing:
        doing.progress.explain(describe(manifest))
        grown = systems.grower(fitted)(
            read_with, manifest.videos, order=class_order, reselect=args.reselect, work=doing.work
        )
        doing.progress.report_fit(grown)
    model.save(dataclasses.replace(grown.model, config=fitted.config), args.output)
    for name, task in grown.model.tasks.items():
        new = [c for c in task.classes if c not in fitted.tasks[name].classes]
        added = f"; new: {', '.join(map(printable, new))}" if new else ""
        print(f"{name}: {counted(len(task.rows_m), 'video')}, {len(task.classes)} classes{added}")
    print(f"wrote {printable(args.output)}")
    return 1 if grown.skipped else 0
