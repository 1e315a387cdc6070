"""`label`: a label list of all videos in a folder, with what their names say already filled in."""

import argparse
import csv
import sys

from lsfref.app.lists.guessing import guess
from lsfref.app.lists.rows import COLUMNS


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags of `label`."""
    parser.add_argument("folder", metavar="FOLDER", help="videos, or folders of them")
    parser.add_argument(
        "--quiet", action="store_true", help="say nothing (default: how cells were filled)"
    )


def run(args: argparse.Namespace) -> int:
    """Print file, background, foreground, group; how cells were filled goes to stderr."""
    rows, how = guess(args.folder)
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(COLUMNS[:4])
    writer.writerows((f"{args.folder.rstrip('/')}/{row.file}", *row[2:5]) for row in rows)
    if not args.quiet:
        print(*how, sep="\n", file=sys.stderr)
    return 0
