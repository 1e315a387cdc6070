"""Frames written as a small video of fixed bit rate, as a recorder does."""

import os
import subprocess
from pathlib import Path

from lsfref.arrays import Ints
from lsfref.errors import LsfrefError
from lsfref.media.ffmpeg import start
from lsfref.storage.files import printable, write_whole

BITS_PER_PIXEL = 1.3


def encode(path: Path, frames_FHW3: Ints, *, fps: float) -> None:
    _, height, width, _ = frames_FHW3.shape
    rate = int(BITS_PER_PIXEL * fps * height * width)
    args = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}"]
    args += ["-framerate", repr(float(fps)), "-i", "pipe:0", "-threads", "1"]
    args += ["-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p"]
    args += ["-b:v", str(rate), "-minrate", str(rate), "-maxrate", str(rate)]
    args += ["-bufsize", str(rate // 3), "-x264-params", "nal-hrd=cbr:filler=1:vbv-init=0.5"]
    args += ["-fflags", "+bitexact", "-flags:v", "+bitexact", "-map_metadata", "-1"]
    args += ["-f", "mp4", "fd:"]
    with write_whole(path) as file:
        child = start(args, stdin=subprocess.PIPE, stdout=file, stderr=subprocess.PIPE)
        _, complaints = child.communicate(frames_FHW3.tobytes())
        if child.returncode != 0:
            raise LsfrefError(f"{printable(os.fspath(path))}: {complaints[:200]!r}")
