"""A folder of numbered pictures is a video, too: frame_00001.jpg, frame_00002.jpg and so on.

Each picture is opened here, looked at, and decoded by Pillow from its bytes; names choose nothing.
"""

import hashlib
import os
import re
from collections import defaultdict
from collections.abc import Callable, Generator
from typing import Any

import numpy as np

from lsfref.arrays import Ints
from lsfref.errors import VideoError
from lsfref.media.ffmpeg import PathLike, open_regular, too_large
from lsfref.storage.files import open_own, printable

NUMBERED = re.compile(r"(.*?)([0-9]+)\.(png|jpe?g|bmp|p[pgn]m)", re.IGNORECASE | re.DOTALL)
BEGINS = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"BM", b"P5", b"P6")


def holds_pictures(path: PathLike) -> bool:
    """Return whether a path is a folder with numbered pictures in it."""
    return os.path.isdir(path) and any(map(NUMBERED.fullmatch, os.listdir(os.fsdecode(path))))


def list_pictures(folder: PathLike) -> list[str]:
    """Return the frames in a folder, by their numbers; none where there is no such folder.

    Raises VideoError where there are several series; optical flow (flow_x_..., flow_y_...) is none.
    """
    series = defaultdict(list)
    for name in os.listdir(os.fsdecode(folder)) if os.path.isdir(folder) else []:
        numbered = NUMBERED.fullmatch(name)
        if numbered and not name.startswith(("flow_", ".")):
            series[numbered[1]].append((int(numbered[2]), name))
    if len(series) > 1:
        raise VideoError(
            f"{printable(folder)}: pictures of {len(series)} series"
            f" ({printable(', '.join(sorted(series)[:3]))}); give each a folder of its own"
        )
    return [os.path.join(os.fsdecode(folder), n) for s in series.values() for _, n in sorted(s)]


def read_pictures(
    folder: PathLike, max_frames: int, max_pixels: int, warn: Callable[[str], Any]
) -> Generator[Ints, None, None]:
    """Yield rgb_HW3, uint8: every picture of a folder, with the warnings and errors of `read_rgb`.

    A gap in the numbers is told as well: somebody may have lost frames.
    """
    name, paths = printable(folder), list_pictures(folder)
    count, shape = 0, None
    for path in paths[: max_frames or None]:
        try:
            picture_HW3 = _read(path, max_pixels)
        except VideoError:
            raise
        except Exception as error:  # of many kinds, as the formats are
            trouble = printable(f"{os.path.basename(path)}: {error}"[:160])
            if not count:
                raise VideoError(f"{name}: no frame can be decoded ({trouble})") from error
            warn(f"{name}: damaged: {count} frames were read ({trouble}); copy it again")
            return
        if shape not in (None, picture_HW3.shape):
            raise VideoError(f"{name}: the frame size changes after frame {count}; make it one")
        count, shape = count + 1, picture_HW3.shape
        yield picture_HW3
    steps = np.diff([int(re.findall("[0-9]+", path)[-1]) for path in paths[:count]])
    if count > 1 and steps.max() > steps.min():
        last = os.path.basename(paths[int(np.argmax(steps > steps.min()))])
        warn(f"{name}: pictures are missing after {printable(last)}; {count} frames were read")


def _read(path: str, max_pixels: int) -> Ints:
    """Return rgb_HW3 of a picture, as ffmpeg would: the high byte of 16 bits, no transparency."""
    import imageio.v3

    with open(open_regular(path), "rb") as file:
        if not file.read(8).startswith(BEGINS):
            raise ValueError("not a picture (png, jpg, bmp, ppm)")
        file.seek(0)
        with imageio.v3.imopen(file, "r", plugin="pillow") as reader:
            height, width = reader.properties(index=0).shape[:2]
            if height * width > max_pixels:
                raise too_large(printable(path), max_pixels)
            picture: Any = reader.read(index=0)
    if picture.dtype == bool:
        picture = picture * np.uint8(255)
    elif picture.dtype != np.uint8:
        picture = (picture >> 8).astype(np.uint8)
    if picture.ndim == 2 or picture.shape[2] < 3:
        picture = np.repeat(picture.reshape(*picture.shape[:2], -1)[..., :1], 3, axis=2)
    return np.ascontiguousarray(picture[..., :3])


def content_digest(path: PathLike) -> str:
    """Return SHA-256 of a file's bytes, or of the digests of a folder's frames, as hexadecimals.

    Raises OSError where there is nothing to read.
    """
    digest = hashlib.sha256()
    if pictures := list_pictures(path):
        for picture in pictures:
            digest.update(content_digest(picture).encode())
        return digest.hexdigest()
    with open_own(path, follow=True) as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def digest_or_name(path: PathLike) -> str:
    """Return `content_digest`, or the name of what cannot be read."""
    try:
        return content_digest(path)
    except (OSError, ValueError, VideoError):
        return os.fsdecode(path)
