"""`explain`: a page that walks a video through all ten stages; for many, a page of cards."""

import argparse
import functools
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lsfref.app import options, output
from lsfref.app.lists.label_lists import find_videos
from lsfref.app.page.explain_page import explain_page
from lsfref.app.page.folder_page import Card, card_of, folder_page
from lsfref.app.page.pixels import pictures_of
from lsfref.app.page.story import Story, gather
from lsfref.app.work import workers
from lsfref.app.work.progress import Progress
from lsfref.errors import LsfrefError, WriteError
from lsfref.model import Model
from lsfref.phases import extraction
from lsfref.phases.extraction import Extract
from lsfref.storage.files import check_folder, printable, write_bytes

Explain = Callable[..., Story]  # of a video's path and its page's


def run(args: argparse.Namespace) -> int:
    """Write the page or pages; status 1 where a video cannot be read or has no answer."""
    args.model = args.model or ("model.npz" if os.path.exists("model.npz") else None)
    fitted = options.model_from(args) if args.model else None
    config = fitted.config if fitted else options.config_from(args)
    if args.pictures is not None:
        check_folder(args.pictures)
    near = [args.index] if args.index else [os.path.dirname(args.model or ""), ""]
    work = functools.partial(
        explain, config=config, model=fitted, strict=args.strict, near=list(map(Path, near))
    )
    if len(args.videos) > 1 or os.path.isdir(args.videos[0]):
        if args.pictures is not None:
            raise options.UsageError("--pictures: name one video")
        return run_many(find_videos(args.videos)[0], work, fitted, args)
    output.claim(args.output, reads=[args.videos[0], args.model])
    progress = Progress(quiet=args.quiet)
    progress("explaining", 0, 1)
    story = work(args.videos[0], args.output)
    print(f"wrote {printable(args.output)}")
    if args.pictures is not None:
        for name, data in pictures_of(Path(args.output).read_text(encoding="utf-8")):
            write_bytes(os.path.join(args.pictures, name), data)
    progress.report(story.warnings, story.fault)
    return progress.conclude(1)


def explain(path: str, page: str, *, near: list[Path], back: str = "", **settings: Any) -> Story:
    """Write the page of one video and return its story, gathered with `settings`.

    Raises VideoError where it cannot be.
    """
    story = gather(path, **settings)
    write_bytes(page, explain_page(story, [*near, Path(path).parent], back).encode())
    return story


def run_many(
    paths: list[str], work: Explain, fitted: Model | None, args: argparse.Namespace
) -> int:
    """Write a page per video, and the page with a card for each of them."""
    progress, target = Progress(quiet=args.quiet), Path(args.output)
    output.claim(args.output, reads=[*paths, args.model])
    folder = target.with_name(f"{target.stem}-pages")
    check_folder(folder)
    names = (re.sub(r"[^A-Za-z0-9._-]", "_", os.path.basename(path))[-60:] for path in paths)
    pages = [folder / f"{number:04d}-{name}.html" for number, name in enumerate(names, start=1)]
    output.claim(*pages)
    card = functools.partial(explain_card, work=work, back=f"../{target.name}")
    cards = []
    with workers.mapper(min(args.jobs, len(paths))) as mapper:
        for one in progress.each(mapper, "explaining", card, paths, pages):
            cards.append(one)
            if not one.link or (fitted is not None and not one.shares):
                progress.report((), one.note)
    classes = {name: task.classes for name, task in fitted.tasks.items()} if fitted else {}
    write_bytes(target, folder_page(cards, classes).encode())
    written = output.counted(sum(bool(one.link) for one in cards), "page")
    print(f"wrote {printable(target)} and {written} in {printable(folder)}")
    return progress.conclude(len(paths))


def explain_card(
    path: str, page: Path, *, work: Explain, back: str, extract: Extract = extraction.extract
) -> Card:
    """Write the page of one video of many and return its card; bad input never raises."""
    try:
        story = work(path, str(page), back=back, extract=extract)
        return card_of(story, f"{page.parent.name}/{page.name}")
    except WriteError:
        raise
    except LsfrefError as fault:
        return Card(path, "", None, {}, str(fault))
