"""`evaluate`: accuracy on one's own videos, or feature tables, by the paper's protocol (T4 to T6).

Videos are divided into folds, by group where there are groups. A list whose own column `split` says
train and test is one split, and stands unless --folds, --split or --repeats ask for folds (E1).
"""

import argparse

from lsfref.app import options
from lsfref.app.evaluation import feature_tables, outcomes, videos
from lsfref.app.evaluation.estimate import by_folds
from lsfref.app.lists.manifest import describe, read_labels, refuse_lone_classes
from lsfref.app.work.session import session


def run(args: argparse.Namespace) -> int:
    """Print the figures of both tasks; status 1 where videos could not be read."""
    if args.features:
        if args.preset == "best" and args.fuse != "none":
            raise options.UsageError("--preset best joins tables in its own way; leave out --fuse")
        return feature_tables.run(args)
    config, choices = options.chosen(args)
    manifest = videos.labeled(read_labels(args.labels))
    refuse_lone_classes(manifest)
    with session(args, passes=3, n_videos=len(manifest.videos)) as doing:
        doing.progress.explain(describe(manifest))
        found, n_failed = by_folds(manifest, config, choices, doing, args)
    outcomes.write(found, args)
    return 1 if n_failed else 0
