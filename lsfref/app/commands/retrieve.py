"""`retrieve`: the indexed videos most similar to a video, exactly."""

import argparse
import functools
from typing import Any

from lsfref.app import options, output
from lsfref.app.work.session import session
from lsfref.phases import testing
from lsfref.study.protocol.answering import PaperAnswerer

FIELDS = ("rank", "file", "background", "foreground", "hash_distance", "code_distance")


def run(args: argparse.Namespace) -> int:
    """Print the nearest videos, nearest first; status 1 where the query has no answer."""
    fitted = options.model_from(args)
    if args.task not in fitted.tasks:
        raise options.UsageError(f"--task {args.task}: this model was trained without its labels")
    with session(args, passes=1, n_videos=1) as doing:
        look = functools.partial(PaperAnswerer(fitted).describe, extract=doing.work.extract)
        (pooled,) = doing.work.each("encoding", look, [args.video])
        doing.progress.report(pooled.warnings, pooled.error)
    if pooled.error:
        return 1
    task = fitted.tasks[args.task]
    hits = testing.most_similar(task, fitted.pooled_ME, pooled.pooled_E, top=args.top)
    rows = [as_row(rank, hit, fitted) for rank, hit in enumerate(hits, start=1)]
    show = output.printer(args, FIELDS)
    if show is None:
        print(output.table(FIELDS, [[*row.values()] for row in rows]))
    else:
        for row in rows:
            show(row)
    return 0


def as_row(rank: int, hit: Any, fitted: Any) -> dict[str, Any]:
    """Return the documented fields of one hit; a label is null where the video has none."""
    row: dict[str, Any] = {"rank": rank, "file": fitted.files[hit.row]}
    for name in ("background", "foreground"):
        task = fitted.tasks.get(name)
        at = [] if task is None else (task.rows_m == hit.row).nonzero()[0]
        row[name] = task.classes[task.labels_m[at[0]]] if len(at) else None
    return row | {"hash_distance": hit.hash_distance, "code_distance": hit.code_distance}
