"""`extract`: dense trajectories of videos, in the 436 columns of the original release."""

import argparse
import dataclasses
import functools
import os
from typing import Any

import numpy as np

from lsfref.app import options, output
from lsfref.app.lists.boxes import read_boxes
from lsfref.app.lists.label_lists import find_videos
from lsfref.app.work.session import session
from lsfref.config import Config
from lsfref.errors import LsfrefError, WriteError
from lsfref.phases import extraction
from lsfref.phases.advice import unusable
from lsfref.phases.passes import Pooled
from lsfref.phases.streaming import of_length
from lsfref.phases.timeline import count_frames
from lsfref.storage.files import check_folder, printable, write_whole
from lsfref.storage.tensors import HEADER, header

DIGITS = ["%d"] + ["%.6f"] * 39 + ["%.7f"] * 396  # of the original's text


def run(args: argparse.Namespace) -> int:
    """Write `DIR/<file name>.npy` (or .txt) for each video; status 1 where one failed."""
    config = options.config_from(args)
    paths, left_out = find_videos(args.videos)
    if "boxes" in args:
        if len(paths) > 1 or config.camera_motion == "none":
            raise options.UsageError("--boxes goes with one video and --camera-motion homography")
        config = dataclasses.replace(config, max_side=0)
    ending = ".txt" if args.text else ".npy"
    targets = [os.path.join(args.out, os.path.basename(path) + ending) for path in paths]
    twice = sorted({t for t in targets if targets.count(t) > 1})
    if twice:
        raise options.UsageError(f"two videos would both be written to {printable(twice[0])}")
    check_folder(args.out)
    output.claim(*targets, reads=[*paths, getattr(args, "boxes", None)])
    with session(args, passes=1, n_videos=len(paths)) as doing:
        for text in left_out:
            doing.progress.say(f"note: {text}")
        reader = doing.work.extract
        if "boxes" in args:
            reader = functools.partial(extraction.extract, boxes=read_boxes(args.boxes))
        write = functools.partial(write_rows, config=config, extract=reader, text=args.text)
        written = doing.work.each("extracting", write, paths, targets)
        for target, wrote in zip(targets, written, strict=True):
            doing.progress.report(wrote.warnings, wrote.error)
            if not wrote.error:
                print(f"{printable(target)}: {wrote.n_points} trajectories")
        return doing.progress.conclude(len(paths))


def write_rows(path: str, target: str, *, config: Config, extract: Any, text: bool) -> Pooled:
    """Write the rows of one video, streamed; return how it ended. A failure leaves no file."""
    n_points, dtype = 0, np.dtype(config.dtype).newbyteorder("<").str
    try:
        found = extract(path, config)
        n_frames = found.n_frames or count_frames(path, config)
        with write_whole(target) as file:
            file.seek(0 if text else HEADER)
            for block in found:
                info_P10 = of_length(block.info_P10, n_frames)
                rows = np.concatenate([info_P10, block.descriptors_PD], axis=1)
                n_points += len(rows)
                if text:
                    np.savetxt(file, rows, fmt=DIGITS, delimiter="\t")
                else:
                    file.write(rows.astype(dtype).tobytes())
            if not text:
                file.seek(0)
                file.write(header(dtype, (n_points, 436)))
    except WriteError:
        raise
    except LsfrefError as fault:
        return Pooled(None, 0, 0, error=str(fault))
    why = None if n_points else unusable(path, found.n_frames, 0, config)
    return Pooled(None, n_points, n_frames, (*found.warnings, *([why] if why else [])))
