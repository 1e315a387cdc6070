"""`scenes`: render the built-in labeled videos."""

import argparse
import functools
import os

from lsfref.app import output
from lsfref.app.output import counted
from lsfref.app.work import workers
from lsfref.app.work.progress import Progress
from lsfref.scenes import clip_set, sheet
from lsfref.storage.files import check_folder, printable


def run(args: argparse.Namespace) -> int:
    """Render the set; with --sheet also a picture of it."""
    check_folder(args.out)
    sheets = [] if args.sheet is None else [args.sheet]
    extra = tuple(sorted(set(args.extra)))
    settings = clip_set.Settings(args.seed, args.scenes, args.frames, args.size, extra)
    clips = [c.file for n in range(args.scenes) for c in clip_set.list_clips(settings, n)]
    output.claim(os.path.join(args.out, "labels.csv"))
    output.claim(*sheets, reads=[os.path.join(args.out, f) for f in ("labels.csv", *clips)])
    with workers.mapper(min(args.jobs, args.scenes)) as mapper:
        each = functools.partial(Progress(quiet=args.quiet).each, mapper)
        labels = clip_set.render_set(args.out, settings, each=each)
    print(f"{printable(labels)}: {counted(len(clips), 'clip')} of {counted(args.scenes, 'camera')}")
    for path in sheets:
        sheet.contact_sheet(path, settings)
        print(printable(path))
    return 0
