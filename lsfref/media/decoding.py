"""What is on the pixels of a video file, whole and in order; and when each frame is shown.

Each coded frame comes once, the first and the last included, whatever the time stamps say; damage
is told, never hidden. The work on the file is ffmpeg's, run as `ffmpeg.py` describes.
"""

import array
import collections
import os
import re
import warnings
from collections.abc import Callable, Generator, Iterator
from fractions import Fraction
from typing import Any

import numpy as np

from lsfref.arrays import Floats, Ints
from lsfref.errors import VideoError
from lsfref.media import boxes, containers
from lsfref.media.ffmpeg import COUNTED, Decoder, PathLike, open_regular, too_large
from lsfref.media.pictures import holds_pictures, read_pictures

Warn = Callable[[str], Any]

MAX_PIXELS = 33_177_600  # 7680 x 4320, choice R2

_EXACT = ["-fps_mode", "passthrough", "-enc_time_base", "1/25"]

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


def read_rgb(
    path: PathLike, *, max_frames: int = 0, max_pixels: int = MAX_PIXELS, warn: Warn = warnings.warn
) -> Generator[Ints, None, None]:
    """Return an iterator of rgb_HW3, uint8: every frame of a file, upright, or folder of pictures.

    Of several video streams the one of most frames is read, of equals the first.

    `max_frames` ends it early (0: never). Damage is told by `warn(text)`, once, after the last
    good frame; the text is one sentence with the file's name. Raises VideoError for a file that
    is no video, has no frame, changes its size, exceeds `max_pixels` a frame, or makes no progress
    for TIMEOUT seconds. Nothing is left running when the iterator is closed or dropped.
    """
    return _decode(path, COUNTED, max_frames, max_pixels, warn)


def count_frames(
    path: PathLike, *, max_frames: int = 0, max_pixels: int = MAX_PIXELS, warn: Warn = warnings.warn
) -> int:
    """Return how many frames `read_rgb` yields, by decoding them, at about half its cost."""
    sides = [f"if(gt(iw*ih\\,{max_pixels})\\,{side}\\,min({side}\\,2))" for side in ("iw", "ih")]
    corner = f"{COUNTED},crop={sides[0]}:{sides[1]}:0:0:exact=1"  # but the whole of one too large
    return sum(1 for _ in _decode(path, corner, max_frames, max_pixels, warn))


def _decode(
    path: PathLike, filters: str, max_frames: int, max_pixels: int, warn: Warn
) -> Generator[Ints, None, None]:
    if holds_pictures(path):
        yield from read_pictures(path, max_frames, max_pixels, warn)
        return
    output = ["-vf", filters, *_EXACT, "-c:v", "ppm", "-pix_fmt", "rgb24", "-f", "image2pipe"]
    if max_frames:
        output = ["-frames:v", str(max_frames), *output]
    count = 0
    with _decoder(path, output, max_pixels) as decoder:
        while (pixels_HW3 := decoder.read_pixmap()) is not None:
            if count and count == decoder.changed and _size_changes(path, max_pixels):
                raise VideoError(
                    f"{decoder.name}: the frame size changes after frame {count}; re-encode it to"
                    " one size, or cut it there"
                )
            count += 1
            yield pixels_HW3
        status = decoder.finish()
        film = boxes.film(decoder.file)
        trouble = decoder.first_complaint()
        if status < 0:
            trouble = f"ffmpeg crashed, signal {-status}"
        elif status and not trouble:
            trouble = f"ffmpeg ended with status {status}"
        elif not trouble and count and not max_frames:
            trouble = containers.fault(decoder.file) or _blank(path, decoder.file, max_pixels)
    if count == 0 or (trouble and boxes.is_encrypted(film)):
        raise _unreadable(decoder, film, trouble)
    frames = "1 frame was" if count == 1 else f"{count} frames were"
    if count == max_frames:
        frames = f"the first {count}, as many as were asked for, were"
    if trouble:
        cure = "copy it again from its source if it should hold more"
        note = f"damaged: {frames} read ({trouble}); {cure}"
    elif decoder.changed:
        note = f"the pixel format changes after frame {decoder.changed}"
        note += f"; all {count} frames were read"
    else:
        note = "" if count == max_frames else boxes.passed_over(film, count)
    if note:
        warn(f"{decoder.name}: {note}")


def _unreadable(decoder: Decoder, film: boxes.Film, trouble: str) -> VideoError:
    """Return why no frame came, or none that is worth anything."""
    if re.search(_TOO_LARGE, decoder.complaints):
        return too_large(decoder.name, decoder.max_pixels)
    causes = [cause for words, cause in _CAUSES.items() if words.encode() in decoder.complaints]
    if boxes.is_encrypted(film):
        causes = ["it is encrypted; decrypt it with its key, or leave it out"]
    causes += [
        boxes.passed_over(film, 0)
        or f"no frame can be decoded ({trouble or 'it holds none'});"
        " copy it again from its source or leave it out"
    ]
    return VideoError(f"{decoder.name}: {causes[0]}")


def _decoder(path: PathLike, output: list[str], max_pixels: int) -> Decoder:
    """Return ffmpeg at work on a file's video: of several the one of most packets, or the first."""
    with open(open_regular(path), "rb") as file:
        tracks = boxes.film(file.fileno()).tracks
        several = len(tracks) > 1 or containers.has_several_videos(file.fileno())
    stream = 0
    if several:
        with Decoder(path, ["-c:v", "copy", "-f", "framecrc"], max_pixels, "V") as heads:
            firsts = (line.split(",")[0] for line in heads.read_lines() if line[:1].isdigit())
            counts = collections.Counter(map(int, firsts))
        stream = max(sorted(counts), key=counts.__getitem__, default=0)
    return Decoder(path, output, max_pixels, f"V:{stream}")


def _blank(path: PathLike, descriptor: int, max_pixels: int) -> str:
    """Return BLANK where a part of the coded pictures was wiped, as some decoders do not notice.

    Few files hold as many zeros anywhere. Of those that do, the packets are looked at (R3).
    """
    os.lseek(descriptor, 0, os.SEEK_SET)
    if not containers.has_blank(iter(lambda: os.read(descriptor, 1 << 20), b"")):
        return ""
    with _decoder(path, ["-c:v", "copy", "-f", "framecrc"], max_pixels) as heads:
        lines = (line.split() for line in heads.read_lines())
        codec = next((words[-1] for words in lines if words[:1] == ["#codec_id"]), "")
    if codec not in _DENSE:
        return ""
    with _decoder(path, ["-c:v", "copy", "-f", "data"], max_pixels) as packets:
        return containers.BLANK if containers.has_blank(packets.read_pieces()) else ""


def _size_changes(path: PathLike, max_pixels: int) -> bool:
    """Return whether frames differ in size. One column is added: 72 x 96 is not 96 x 72."""
    output = ["-noautoscale", "-vf", f"{COUNTED},format=gray,pad=iw+1:ih", *_EXACT]
    packets = _packets(path, [*output, "-c:v", "rawvideo"], max_pixels)
    return len({size for _tick, _stamp, size in packets}) > 1


def frame_rate(path: PathLike) -> float | None:
    """Return frames per second where the time stamps are evenly spaced, else None.

    Evenly: each stamp within one tick of the file's clock. A whole rate, or 1000/1001 of one, is
    returned exactly where the stamps allow it. A folder of pictures has no stamps. Nothing is
    decoded. Raises VideoError as `read_rgb`.
    """
    tick, stamps_F = _stamps(path)
    if len(stamps_F) < 2 or stamps_F[0] == stamps_F[-1]:
        return None
    span = Fraction(stamps_F[-1]) - Fraction(stamps_F[0])
    mean = (len(stamps_F) - 1) / (span * tick)
    even_F = np.linspace(stamps_F[0], stamps_F[-1], len(stamps_F))
    off = np.abs(stamps_F - even_F).max()
    if off > 1 + 1e-3:
        return None
    for known in (Fraction(round(mean)), Fraction(round(mean * 1001 / 1000) * 1000, 1001)):
        if off > 1e-3 and abs(known - mean) <= mean / span:
            return float(known)
    return float(mean)


def frame_times(path: PathLike) -> Floats:
    """Return times_F, the time stamps of the coded frames in seconds, from 0, in order.

    A folder of pictures has none. Nothing is decoded. Raises VideoError as `read_rgb`.
    """
    tick, stamps_F = _stamps(path)
    return (stamps_F - stamps_F[:1]) * float(tick)


def _stamps(path: PathLike) -> tuple[Fraction, Floats]:
    """Return the seconds of a tick, and stamps_F in ticks, in order; none of pictures."""
    tick, stamps = Fraction(1), array.array("d")
    packets = () if holds_pictures(path) else _packets(path, ["-c:v", "copy"], MAX_PIXELS)
    for own_tick, stamp, _size in packets:
        tick = own_tick
        stamps.append(stamp)
    return tick, np.sort(np.frombuffer(stamps))


def _packets(
    path: PathLike, output: list[str], max_pixels: int
) -> Iterator[tuple[Fraction, int, int]]:
    """Yield (seconds of a tick, time stamp in ticks, bytes) of each packet."""
    output, tick = [*output, "-f", "framecrc"], Fraction(1)
    with _decoder(path, output, max_pixels) as decoder:
        for line in decoder.read_lines():
            if line.startswith("#tb 0:"):
                tick = Fraction(line.split()[-1])
            elif line[:1].isdigit():
                _stream, _dts, stamp, _duration, size = map(int, line.split(",")[:5])
                yield tick, stamp, size
        decoder.finish()
