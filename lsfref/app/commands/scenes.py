"""`scenes`: render the built-in labelled videos."""

import argparse
import functools
import os

from lsfref.app import options, output
from lsfref.app.work import workers
from lsfref.app.work.progress import Progress
from lsfref.storage.files import check_folder, printable


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags of `scenes`."""
    parser.add_argument("out", metavar="OUT", help="folder for the videos and labels.csv")
    parser.add_argument("--seed", type=options.whole, default=0, help="same seed, same pixels")
    parser.add_argument("--scenes", type=options.positive, default=20, help="how many cameras")
    parser.add_argument("--frames", type=options.positive, default=48, help="frames of each clip")
    parser.add_argument("--size", type=picture_size, default="160x120", help="width x height")
    parser.add_argument(
        "--extra", choices=("snow", "fog"), nargs="+", default=[],
        help="classes beyond the paper's six",
    )  # fmt: skip
    parser.add_argument(
        "--sheet", metavar="PICTURE", help="also draw a contact sheet of the classes, PNG or JPEG"
    )
    options.add_jobs(parser)


def run(args: argparse.Namespace) -> int:
    """Render the set; with --sheet also a picture of it."""
    from lsfref.scenes import clip_set, sheet

    check_folder(args.out)
    output.claim(os.path.join(args.out, "labels.csv"), *([args.sheet] if args.sheet else []))
    report = functools.partial(Progress(quiet=args.quiet), "rendering scenes")
    extra = tuple(sorted(set(args.extra)))
    settings = clip_set.Settings(args.seed, args.scenes, args.frames, args.size, extra)
    with workers.mapper(min(args.jobs, args.scenes)) as mapper:
        labels = clip_set.render_set(args.out, mapper=mapper, progress=report, **settings._asdict())
    n_clips = args.scenes * len(clip_set.list_clips(settings, 0))
    print(f"{printable(labels)}: {n_clips} clips of {args.scenes} cameras")
    if args.sheet:
        sheet.contact_sheet(args.sheet, settings)
        print(printable(args.sheet))
    return 0


def picture_size(text: str) -> tuple[int, int]:
    """Return (width, height) of "160x120"; even, so that the encoder takes them."""
    try:
        width, height = (int(part) for part in text.split("x"))
    except ValueError:
        raise argparse.ArgumentTypeError(f"want WIDTHxHEIGHT, got {text}") from None
    if min(width, height) < 64 or width % 2 or height % 2 or max(width, height) > 1920:
        raise argparse.ArgumentTypeError(f"want even sides from 64 to 1920, got {text}")
    return width, height
