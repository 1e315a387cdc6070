"""`explain`: one self-contained page that walks a video through all ten stages."""

import argparse
import dataclasses
import html
import os

from lsfref.app import options, output
from lsfref.app.page import answers, pictures, stages, writing
from lsfref.app.page.gather import Story, gather
from lsfref.phases.advice import unusable
from lsfref.storage.files import check_folder, printable, write_whole

STAGES = (
    "Grey frames", "Optical flow", "Trajectories", "Descriptors", "LSFNet", "Loss switching",
    "Pooling", "Fisher score", "Hashing", "Voting",
)  # fmt: skip


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags of `explain`."""
    parser.add_argument("video", metavar="VIDEO", help="the video to walk through")
    parser.add_argument(
        "--model", default=None, metavar="FILE",
        help="the model file (model.npz where it is there; without one, stages 1 to 4)",
    )  # fmt: skip
    parser.add_argument("-o", "--output", default="explain.html", metavar="PAGE", help="the page")
    parser.add_argument(
        "--pictures", metavar="FOLDER", help="also write the page's pixel pictures as files here"
    )
    options.add_config(parser)


def run(args: argparse.Namespace) -> int:
    """Write the page; status 1 where the video cannot be read or has no trajectories."""
    from lsfref import model

    name = args.model or ("model.npz" if os.path.exists("model.npz") else None)
    fitted = model.load(name) if name else None
    config = options.with_flags(fitted.config, args) if fitted else options.config_from(args)
    if fitted:
        fitted = dataclasses.replace(fitted, config=config)
    output.claim(args.output)
    if args.pictures:
        check_folder(args.pictures)
    story = gather(args.video, config, fitted)
    text = page(story)
    with write_whole(args.output) as file:
        file.write(text.encode("utf-8", errors="backslashreplace"))
    print(f"wrote {printable(args.output)}")
    if args.pictures:
        for name, data in pictures.pictures_of(text):
            with write_whole(os.path.join(args.pictures, name)) as file:
                file.write(data)
    return 0 if story.n_points else 1


def page(story: Story) -> str:
    """Return the page of a story."""
    title = printable(os.path.basename(story.path))
    fitted = story.model
    body = [f"<h1>How lsfref sees {html.escape(title)}</h1>", _summary(story)]
    body += [stages.stage_1(story), stages.stage_2(story), stages.stage_3(story)]
    body.append(stages.stage_4(story))
    if fitted is not None:
        body += [
            answers.stage_5(story, fitted), answers.stage_6(story, fitted),
            answers.stage_7(story, fitted), answers.stage_8(story, fitted),
            answers.stage_9(story, fitted), answers.stage_10(story, fitted),
        ]  # fmt: skip
    return writing.page(f"lsfref: {title}", body)


def _summary(story: Story) -> str:
    """Return the answer in words, why it was given, and the way through the page."""
    n_shown = 10 if story.model else 4
    links = "".join(
        f'<li><a href="#stage{n}">{name}</a></li>' for n, name in enumerate(STAGES[:n_shown], 1)
    )
    lines = []
    for verdict in story.answers.values():
        assert story.model is not None
        task = story.model.tasks[verdict.name]
        c = int(verdict.votes.decision_M[0])
        share = verdict.votes.confidence_MC[0, c]
        near = [task.labels_m[task.rows_m == hit.row][0] for hit in verdict.hits]
        agree = sum(int(label == c) for label in near)
        lines.append(
            f'<p class="answer">{answers.QUESTIONS[verdict.name]} '
            f"<b>{html.escape(printable(task.classes[c]))}</b>: {100 * share:.0f} % of the votes. "
            f"Of the {len(near)} labelled videos most like this one, {agree} have that label.</p>"
        )
    if not story.n_points:
        told = unusable(story.path, story.n_frames, 0, story.config) or ""
        lines.append(f'<p class="answer"><b>No answer.</b> {html.escape(told)}.</p>')
    if story.model is None:
        lines.append(
            "<p>No model was given, so this page ends with the descriptors. Train one, then name "
            "it with <code>--model</code>.</p>"
        )
    if story.model is not None and story.model.extras is not None:
        kind = html.escape(printable(story.model.extras.kind))  # a stranger's, perhaps
        lines.append(
            f"<p>This model is of preset {kind}: <code>classify</code> answers "
            "with its own classifier. The page shows what the paper's system, which the same file "
            "holds, makes of the video.</p>"
        )
    lines.append(
        "<p>A label is the vote of the most similar labelled videos. Similar means: their points "
        "move alike. The stages below show how a video becomes points, points become numbers, and "
        "numbers find their like. The pictures show one moment of this video, where the most "
        "trajectories end; the numbers are of all of it.</p>"
    )
    return "".join(lines) + f"<nav><ol>{links}</ol></nav>"
