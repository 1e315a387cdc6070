"""`explain`: a page that walks a video through all ten stages; for many, a page of cards."""

import argparse
import dataclasses
import functools
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from lsfref.app import options, output
from lsfref.storage.files import check_folder, printable, write_whole

if TYPE_CHECKING:
    from lsfref.app.page.folder_page import Card
    from lsfref.app.page.story import Story
    from lsfref.config import Config
    from lsfref.model import Model


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags of `explain`."""
    parser.add_argument(
        "videos", nargs="+", metavar="VIDEO",
        help="the video to walk through; of a folder, or of several, each has a page of its own",
    )  # fmt: skip
    parser.add_argument(
        "--model", default=None, metavar="FILE",
        help="the model file (model.npz where it is there; without one, stages 1 to 4)",
    )  # fmt: skip
    parser.add_argument(
        "-o", "--output", default="explain.html", metavar="PAGE",
        help="the page; those of single videos lie in a folder beside it",
    )  # fmt: skip
    parser.add_argument(
        "--videos", metavar="FOLDER", dest="index",
        help="where the indexed videos lie (looked for beside the video, the model, and here)",
    )  # fmt: skip
    parser.add_argument(
        "--pictures", metavar="FOLDER", help="also write the page's pixel pictures as files here"
    )
    parser.add_argument(
        "--jobs", type=options.positive, default=options.cores(), help="videos worked on at once"
    )
    parser.add_argument("--quiet", action="store_true", help="no progress on stderr")
    options.add_config(parser)


def run(args: argparse.Namespace) -> int:
    """Write the page or pages; status 1 where a video cannot be read or has no answer."""
    from lsfref import model
    from lsfref.app.lists.label_lists import find_videos

    name = args.model or ("model.npz" if os.path.exists("model.npz") else None)
    fitted = model.load(name) if name else None
    config = options.with_flags(fitted.config, args) if fitted else options.config_from(args)
    if fitted:
        fitted = dataclasses.replace(fitted, config=config)
    output.claim(args.output)
    if args.pictures:
        check_folder(args.pictures)
    near = [args.index] if args.index else [os.path.dirname(name or ""), ""]
    work = functools.partial(
        explain, config=config, model=fitted, strict=args.strict, near=list(map(Path, near))
    )
    if len(args.videos) > 1 or os.path.isdir(args.videos[0]):
        if args.pictures:
            raise options.UsageError("--pictures: name one video")
        return run_many(find_videos(args.videos)[0], work, fitted, args)
    return run_one(args.videos[0], work, args)


def explain(
    path: str,
    page: str,
    *,
    config: "Config",
    model: "Model | None",
    strict: bool,
    near: list[Path],
    back: str = "",
) -> "Story":
    """Write the page of one video and return its story. Raises VideoError where it cannot be."""
    from lsfref.app.page.explain_page import explain_page
    from lsfref.app.page.story import gather

    story = gather(path, config, model, strict=strict)
    text = explain_page(story, [*near, Path(path).parent], back)
    with write_whole(page) as file:
        file.write(text.encode())
    return story


def run_one(path: str, work: "functools.partial[Story]", args: argparse.Namespace) -> int:
    """Write the page of one video, and its pictures where they are asked for."""
    from lsfref.app.page.pixels import pictures_of
    from lsfref.app.work.progress import Progress

    progress = Progress(quiet=args.quiet)
    progress("explaining", 0, 1)
    story = work(path, args.output)
    print(f"wrote {printable(args.output)}")
    if args.pictures:
        os.makedirs(args.pictures, exist_ok=True)
        for name, data in pictures_of(Path(args.output).read_text(encoding="utf-8")):
            with write_whole(os.path.join(args.pictures, name)) as file:
                file.write(data)
    for text in story.warnings:
        progress.say(f"warning: {printable(text)}")
    if fault := story.fault:
        progress.say(f"error: {printable(fault)}")
    return 1 if fault else 0


def run_many(
    paths: list[str],
    work: "functools.partial[Story]",
    fitted: "Model | None",
    args: argparse.Namespace,
) -> int:
    """Write a page per video, and the page with a card for each of them."""
    from lsfref.app.page.folder_page import folder_page
    from lsfref.app.work import workers
    from lsfref.app.work.progress import Progress, conclusion

    progress, target = Progress(quiet=args.quiet), Path(args.output)
    folder = target.with_name(f"{target.stem}-pages")
    folder.mkdir(exist_ok=True)
    card = functools.partial(
        explain_card, work=functools.partial(work, back=f"../{target.name}"), folder=folder
    )
    cards, causes = [], []
    progress("explaining", 0, len(paths))
    with workers.mapper(min(args.jobs, len(paths))) as mapper:
        for one in mapper(card, range(1, len(paths) + 1), paths):
            cards.append(one)
            progress("explaining", len(cards), len(paths))
            if not one.link or (fitted is not None and not one.shares):
                causes.append(printable(one.note))
                progress.say(f"error: {causes[-1]}")
    if summary := conclusion(len(paths), causes):
        progress.say(summary)
    classes = {name: task.classes for name, task in fitted.tasks.items()} if fitted else {}
    with write_whole(target) as file:
        file.write(folder_page(cards, classes).encode())
    print(f"wrote {printable(target)} and {len(os.listdir(folder))} pages in {printable(folder)}")
    return 1 if causes else 0


def explain_card(
    number: int, path: str, *, work: "functools.partial[Story]", folder: Path
) -> "Card":
    """Write the page of one video of many and return its card; bad input never raises."""
    from lsfref.app.page.folder_page import Card, card_of
    from lsfref.errors import LsfrefError, WriteError

    name = re.sub(r"[^A-Za-z0-9._-]", "_", os.path.basename(path))[-60:]
    page = folder / f"{number:04d}-{name}.html"
    try:
        return card_of(work(path, str(page)), f"{folder.name}/{page.name}")
    except WriteError:
        raise
    except LsfrefError as fault:
        return Card(path, "", None, {}, str(fault))
