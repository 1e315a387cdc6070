"""What the first bytes of a file say: a raw stream, which has no container, or some video."""

import os
import re

from lsfref.storage.files import open_own

HEAD = 1 << 24  # bytes in which a second picture must begin

# Annex B streams begin with parameters, a delimiter or a message; ffmpeg's name is told by them.
RAW = {
    "h264": rb"\0?\0\0\x01[\x06\x09\x27\x47\x67]",
    "hevc": rb"\0?\0\0\x01[\x40\x42\x46\x4e]\x01",
    "mpegvideo": rb"\0\0\x01\xb3",
    "m4v": rb"\0\0\x01\xb0",
    "obu": rb"\x12\0\x0a",
    "ivf": rb"DKIF",
    "yuv4mpegpipe": rb"YUV4MPEG2 ",
    "mjpeg": rb"(?s)\xff\xd8\xff.*?\xff\xd9[\0\r\n]*\xff\xd8\xff",  # two pictures: one is a photo
}
CONTAINER = re.compile(
    rb"(?s)....(ftyp|moov|mdat|wide|free|skip)|\x1a\x45\xdf\xa3|RIFF....AVI |GIF8|FLV\x01|OggS"
    rb"|\x30\x26\xb2\x75\x8e\x66\xcf\x11|\0\0\x01\xba|\x47.{187}\x47|.{4}\x47.{191}\x47"
)


def raw_format(descriptor: int) -> str:
    """Return ffmpeg's name for the raw stream in an open file, or ""; its position stays."""
    head = os.pread(descriptor, 1 << 10, 0)
    if head.startswith(b"\xff\xd8\xff"):
        head = os.pread(descriptor, HEAD, 0)
    return next((name for name, begin in RAW.items() if re.match(begin, head)), "")


def is_video(path: str) -> bool:
    """Return whether a file begins as the videos do that can be read."""
    try:
        with open_own(path, follow=True) as file:
            begins = CONTAINER.match(os.pread(file.fileno(), 1 << 10, 0))
            return begins is not None or bool(raw_format(file.fileno()))
    except OSError:  # a folder, a pipe
        return False
