"""Stage 1 of 10, paper Section 3.1: decode a video, frame by frame, to grey.

In: a video file.  Out: grey_HW, one after the other, float64 in 0..255.

Each coded frame comes once, the first and the last included, whatever the time stamps say; damage
is told, never hidden. The work on the file is ffmpeg's, run as `ffmpeg.py` describes.
"""

import array
import contextlib
import os
import re
import warnings
from collections.abc import Callable, Generator, Iterator
from fractions import Fraction
from typing import Any

import numpy as np

from lsfref.arrays import Floats, Ints
from lsfref.errors import VideoError
from lsfref.media import containers
from lsfref.media.ffmpeg import COUNTED, Decoder, PathLike, versions
from lsfref.media.writer import write_video

__all__ = [
    "count_frames",
    "frame_rate",
    "grey_8bit",
    "grey_luma",
    "read_frames",
    "read_rgb",
    "versions",
    "write_video",
]

MAX_PIXELS = 33_177_600  # 7680 x 4320, choice R2
TIMEOUT = 8.0  # seconds without progress

# Grey of (R, G, B): thousandths, and the 15-bit fixed point of the dense-trajectories release.
LUMA = (299, 587, 114)
LUMA_8BIT = (9798, 19235, 3735)

_EXACT = ["-fps_mode", "passthrough", "-enc_time_base", "1/25"]
_PIXMAPS = ["-c:v", "ppm", "-pix_fmt", "rgb24", "-f", "image2pipe"]

# Codecs that write no run of zeros, however dull the picture, as raw video does of a black one.
_DENSE = ("h264", "hevc", "vp8", "vp9", "av1", "mpeg4", "wmv1", "wmv2")

_NOT_A_VIDEO = (
    "it is not a video (mp4, mov, mkv, webm, avi, ts, mpg, flv, ogg, gif, asf); convert it with"
    " ffmpeg or leave it out"
)
_TOO_LARGE = rb"max pixel count|Picture size [0-9]{4,}x[0-9]{4,} is invalid"
_CAUSES = {  # what ffmpeg says: what we say
    "matches no streams": "there is no video in it (sound or a cover picture alone); leave it out",
    "moov atom not found": "its index is missing, as in a recording that was cut off; copy it again"
    " from its source",
    "not on whitelist": _NOT_A_VIDEO,
    "Error opening input: Invalid data": _NOT_A_VIDEO + ", or copy it again if it was one",
    "Unrecognized option": "this ffmpeg is too old; pip install 'imageio-ffmpeg>=0.8'",
    "Protocol not found": "this ffmpeg is too old; pip install 'imageio-ffmpeg>=0.8'",
}


def read_frames(
    path: PathLike,
    *,
    grey: str = "luma",
    max_frames: int = 0,
    max_pixels: int = MAX_PIXELS,
    warn: Callable[[str], None] | None = None,
    timeout: float = TIMEOUT,
) -> Iterator[Floats]:
    """Return an iterator of grey_HW: every frame of the video at `path`, in order.

    Section 3.1; choice A1. With grey="luma" a pixel is 0.299 R + 0.587 G + 0.114 B, float64,
    unrounded, 0..255; with grey="8bit" it is (9798 R + 19235 G + 3735 B + 16384) >> 15, uint8.
    The other arguments, warnings and errors are those of `read_rgb`.
    """
    formulas: dict[str, Callable[[Ints], Any]] = {"luma": grey_luma, "8bit": grey_8bit}
    if grey not in formulas:
        raise ValueError(f"want grey one of {sorted(formulas)}, got {grey!r}")
    pictures = _decode(path, COUNTED, max_frames, max_pixels, warn, timeout)
    return _each(formulas[grey], pictures)


def _each(
    formula: Callable[[Ints], Any], pictures: Generator[Ints, None, None]
) -> Iterator[Floats]:
    with contextlib.closing(pictures):
        yield from map(formula, pictures)


def grey_luma(rgb_HW3: Ints) -> Floats:
    """Return grey_HW = 0.299 R + 0.587 G + 0.114 B [BT601], float64, rounded once.

    The sum is taken in thousandths: whole numbers below 2^24, exact in float32 in any order.
    """
    grey_HW = np.empty(rgb_HW3.shape[:2])
    for rows in _bands(rgb_HW3):
        thousandths_hW = rgb_HW3[rows].astype(np.float32) @ np.array(LUMA, np.float32)
        np.divide(thousandths_hW, 1000, out=grey_HW[rows], dtype=np.float64)
    return grey_HW


def grey_8bit(rgb_HW3: Ints) -> Ints:
    """Return grey_HW, uint8, as the release of dense trajectories rounds it (exact as well)."""
    grey_HW = np.empty(rgb_HW3.shape[:2], np.uint8)
    for rows in _bands(rgb_HW3):
        shifted_hW = rgb_HW3[rows].astype(np.float32) @ np.array(LUMA_8BIT, np.float32)
        grey_HW[rows] = (shifted_hW.astype(np.int32) + 16384) >> 15
    return grey_HW


def _bands(image: Ints) -> Iterator[slice]:
    """Yield slices of rows, about 16,000 pixels each: what is in between stays in the cache."""
    step = max(1, (1 << 14) // image.shape[1])
    for top in range(0, len(image), step):
        yield slice(top, top + step)


def read_rgb(
    path: PathLike,
    *,
    max_frames: int = 0,
    max_pixels: int = MAX_PIXELS,
    warn: Callable[[str], None] | None = None,
    timeout: float = TIMEOUT,
) -> Iterator[Ints]:
    """Return an iterator of rgb_HW3, uint8: every frame of the first video stream, upright.

    `max_frames` ends it early (0: never). Damage is told by `warn(text)`, once, after the last
    good frame; the text is one sentence with the file's name. Raises VideoError for a file that
    is no video, has no frame, changes its size, exceeds `max_pixels` a frame, or makes no progress
    for `timeout` seconds. Nothing is left running when the iterator is closed or dropped.
    """
    return _decode(path, COUNTED, max_frames, max_pixels, warn, timeout)


def count_frames(
    path: PathLike,
    *,
    max_frames: int = 0,
    max_pixels: int = MAX_PIXELS,
    warn: Callable[[str], None] | None = None,
    timeout: float = TIMEOUT,
) -> int:
    """Return how many frames `read_rgb` yields, by decoding them, at about half its cost."""
    sides = [f"if(gt(iw*ih\\,{max_pixels})\\,{side}\\,min({side}\\,2))" for side in ("iw", "ih")]
    corner = f"{COUNTED},crop={sides[0]}:{sides[1]}:0:0:exact=1"  # but the whole of one too large
    return sum(1 for _ in _decode(path, corner, max_frames, max_pixels, warn, timeout))


def _decode(
    path: PathLike,
    filters: str,
    max_frames: int,
    max_pixels: int,
    warn: Callable[[str], None] | None,
    timeout: float,
) -> Generator[Ints, None, None]:
    output = ["-vf", filters, *_EXACT, *_PIXMAPS]
    if max_frames:
        output = ["-frames:v", str(max_frames), *output]
    count = 0
    with Decoder(path, output, max_pixels=max_pixels, timeout=timeout) as decoder:
        while (pixels_HW3 := decoder.read_pixmap()) is not None:
            if count and count == decoder.changed and _size_changes(path, max_pixels, timeout):
                raise VideoError(
                    f"{decoder.name}: the frame size changes after frame {count}; re-encode it to"
                    " one size, or cut it there"
                )
            count += 1
            yield pixels_HW3
        status = decoder.finish()
        trouble = decoder.first_complaint()
        if status < 0:
            trouble = f"ffmpeg crashed, signal {-status}"
        elif status and not trouble:
            trouble = f"ffmpeg ended with status {status}"
        elif not trouble and count and not max_frames:
            trouble = containers.fault(decoder.file)
            if not trouble and _blank(path, decoder.file, max_pixels, timeout):
                trouble = containers.BLANK
    if count == 0:
        if re.search(_TOO_LARGE, decoder.complaints):
            raise decoder.too_large()
        for words, cause in _CAUSES.items():
            if words.encode() in decoder.complaints:
                raise VideoError(f"{decoder.name}: {cause}")
        raise VideoError(
            f"{decoder.name}: no frame can be decoded ({trouble or 'it holds none'}); copy it again"
            " from its source or leave it out"
        )
    tell = warn or warnings.warn
    if trouble:
        frames = "1 frame was" if count == 1 else f"{count} frames were"
        tell(
            f"{decoder.name}: damaged: {frames} read ({trouble}); copy it again from its source if"
            " it should hold more"
        )
    elif decoder.changed:
        tell(
            f"{decoder.name}: the pixel format changes after frame {decoder.changed}; all {count}"
            " frames were read"
        )


def _blank(path: PathLike, descriptor: int, max_pixels: int, timeout: float) -> bool:
    """Return whether a part of the coded pictures was wiped, which some decoders do not notice.

    Few files hold as many zeros anywhere. Of those that do, the packets are looked at (R3).
    """
    os.lseek(descriptor, 0, os.SEEK_SET)
    if not containers.has_blank(iter(lambda: os.read(descriptor, 1 << 20), b"")):
        return False
    rest: Any = {"max_pixels": max_pixels, "timeout": timeout}
    with Decoder(path, ["-c:v", "copy", "-f", "framecrc"], **rest) as heads:
        lines = (line.split() for line in heads.read_lines())
        codec = next((words[-1] for words in lines if words[:1] == ["#codec_id"]), "")
    if codec not in _DENSE:
        return False
    with Decoder(path, ["-c:v", "copy", "-f", "data"], **rest) as packets:
        return containers.has_blank(packets.read_pieces())


def _size_changes(path: PathLike, max_pixels: int, timeout: float) -> bool:
    """Return whether frames differ in size. One column is added: 72 x 96 is not 96 x 72."""
    output = ["-noautoscale", "-vf", f"{COUNTED},format=gray,pad=iw+1:ih", *_EXACT]
    packets = _packets(path, [*output, "-c:v", "rawvideo"], max_pixels, timeout)
    return len({size for _tick, _stamp, size in packets}) > 1


def frame_rate(
    path: PathLike, *, max_pixels: int = MAX_PIXELS, timeout: float = TIMEOUT
) -> float | None:
    """Return frames a second where the time stamps are evenly spaced, else None.

    Evenly: each stamp within one tick of the file's clock. A whole rate, or 1000/1001 of one, is
    returned exactly where the stamps allow it. Nothing is decoded. Raises VideoError as `read_rgb`.
    """
    ticks, stamps = set(), array.array("d")
    for tick, stamp, _size in _packets(path, ["-c:v", "copy"], max_pixels, timeout):
        ticks.add(tick)
        stamps.append(stamp)
    if len(stamps) < 2 or min(stamps) == max(stamps):
        return None
    stamps_F = np.sort(stamps)
    span = Fraction(stamps_F[-1]) - Fraction(stamps_F[0])
    rate = (len(stamps_F) - 1) / (span * ticks.pop())
    even_F = np.linspace(stamps_F[0], stamps_F[-1], len(stamps_F))
    off = np.abs(stamps_F - even_F).max()
    if off > 1 + 1e-3:
        return None
    for known in (Fraction(round(rate)), Fraction(round(rate * 1001 / 1000) * 1000, 1001)):
        if off > 1e-3 and abs(known - rate) <= rate / span:
            return float(known)
    return float(rate)


def _packets(
    path: PathLike, output: list[str], max_pixels: int, timeout: float
) -> Iterator[tuple[Fraction, int, int]]:
    """Yield (seconds of a tick, time stamp in ticks, bytes) of each packet."""
    output, tick = [*output, "-f", "framecrc"], Fraction(1)
    with Decoder(path, output, max_pixels=max_pixels, timeout=timeout) as decoder:
        for line in decoder.read_lines():
            if line.startswith("#tb 0:"):
                tick = Fraction(line.split()[-1])
            elif line[:1].isdigit():
                _stream, _dts, stamp, _duration, size = map(int, line.split(",")[:5])
                yield tick, stamp, size
        decoder.finish()
