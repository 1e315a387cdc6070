"""`label`: a label list of all videos in a folder, with what their names say already filled in."""

import argparse
import csv
import sys

from lsfref.app.lists.guessing import guess
from lsfref.app.lists.rows import COLUMNS


def run(args: argparse.Namespace) -> int:
    """Print file, background, foreground, group; how cells were filled goes to stderr."""
    rows, how = guess(args.folder)
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(COLUMNS[:4])
    writer.writerows((f"{args.folder.rstrip('/')}/{row.file}", *row[2:5]) for row in rows)
    if not args.quiet:
        print(*how, sep="\n", file=sys.stderr)
    return 0
