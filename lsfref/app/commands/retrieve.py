"""`retrieve`: the indexed videos most similar to a video, exactly."""

import argparse
import functools
from typing import Any

from lsfref.app import options, output
from lsfref.app.lists.label_lists import find_videos
from lsfref.app.work.session import session
from lsfref.phases import growth
from lsfref.study.protocol.answering import paper_answerer

FIELDS = ("query", "rank", "file", "background", "foreground", "hash_distance", "code_distance")


def run(args: argparse.Namespace) -> int:
    """Print the nearest videos, nearest first; status 1 where the query has no answer."""
    fitted = options.model_from(args)
    if args.task not in fitted.tasks:
        raise options.UsageError(f"--task {args.task}: this model was trained without its labels")
    task, rows = fitted.tasks[args.task], list[dict[str, Any]]()
    index = growth.indexed_videos(fitted)
    paths, left_out = find_videos(args.videos)
    with session(args, passes=1, n_videos=len(paths)) as doing:
        doing.progress.explain(f"note: {text}" for text in left_out)
        show = output.printer(args, FIELDS)
        look = functools.partial(paper_answerer(fitted).describe, extract=doing.work.extract)
        for path, pooled in zip(paths, doing.work.each("encoding", look, paths), strict=True):
            doing.progress.report(pooled.warnings, pooled.error)
            if pooled.pooled_E is None:
                continue
            hits = growth.most_similar(task, fitted.pooled_ME, pooled.pooled_E, top=args.top)
            for rank, (m, *distances) in enumerate(hits, start=1):
                video = index[m]
                cells = path, rank, video.name, video.background, video.foreground, *distances
                row = dict(zip(FIELDS, cells, strict=True))
                show(row) if show else rows.append(row)
        status = doing.progress.conclude(len(paths))
    if rows:
        first = 0 if len(paths) > 1 else 1  # one query needs no column
        print(output.table(FIELDS[first:], [[*row.values()][first:] for row in rows]))
    return status
