"""`compare`: the paper's Table 1 and Figure 3 for one's own data, as a table and as one page."""

import argparse

from lsfref.app import options
from lsfref.app.evaluation import feature_tables, folding
from lsfref.study.table1.rows import ROWS


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags of `compare`."""
    options.add_labels(parser)
    feature_tables.add_tables(parser)
    parser.add_argument(
        "--also", nargs="+", default=[], metavar="CSV",
        help="feature tables of the same videos (C3D, I3D, ...), each a row with a linear SVM",
    )  # fmt: skip
    parser.add_argument(
        "--rows", nargs="+", choices=tuple(ROWS), default=tuple(ROWS),
        help="rows to compute for videos; the whole system is always there",
    )  # fmt: skip
    parser.add_argument(
        "--page", default="compare.html", metavar="FILE", help="the page; 'none' for no page"
    )
    folding.add_split(parser, repeats=1)
    options.add_config(parser)
    options.add_common(parser)
    options.add_output(parser)


def run(args: argparse.Namespace) -> int:
    """Compare, print and write the page; status 1 where a video could not be used."""
    from lsfref.app.commands import comparison  # here: keeps `--help` quick

    return comparison.of_tables(args) if args.features else comparison.of_videos(args)
