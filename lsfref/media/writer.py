"""Frames written as a video file: exact sizes, the same bytes every time, whole or not at all."""

import contextlib
import itertools
import os
import re
import subprocess
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from lsfref.arrays import Ints
from lsfref.errors import WriteError
from lsfref.media.ffmpeg import PathLike, start
from lsfref.storage.files import printable, write_whole

CONTAINERS = {".mkv": "matroska", ".mp4": "mp4", ".avi": "avi"}

# Gives back every pixel. Later levels cut into slices, and find none in a picture one pixel wide.
LOSSLESS = ("-c:v", "ffv1", "-level", "1", "-pix_fmt", "bgr0")
BITS_PER_PIXEL = 1.3  # of a recorder


def recorder(fps: float, width: int, height: int) -> list[str]:
    """Return the coding of a fixed bit rate, as recorders of cameras have it; for even sides."""
    rate = int(BITS_PER_PIXEL * fps * height * width)
    coding = "-c:v libx264 -preset veryfast -pix_fmt yuv420p -x264-params nal-hrd=cbr:filler=1"
    fixed = f":vbv-init=0.5 -b:v {rate} -minrate {rate} -maxrate {rate} -bufsize {rate // 3}"
    return f"{coding}{fixed}".split()


def write_video(
    path: PathLike, frames: Iterable[Ints], *, fps: float = 25.0, coding: Sequence[str] = LOSSLESS
) -> int:
    """Write uint8 frames, each (H, W) or (H, W, 3), to `path`; return how many.

    The suffix chooses the container (mkv, mp4, avi), `coding` is what ffmpeg is told. The same
    frames give the same bytes. Raises ValueError for frames that are no video, WriteError for a
    file that cannot be written.
    """
    suffix = Path(os.fsdecode(path)).suffix.lower()
    if suffix not in CONTAINERS:
        raise ValueError(f"want {sorted(CONTAINERS)}, got {suffix!r}")
    pictures = map(_as_rgb, frames)
    first_HW3 = next(pictures, None)
    if first_HW3 is None:
        raise ValueError(f"{printable(path)}: a video needs a frame or more, got none")
    height, width, _ = first_HW3.shape
    arguments = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}"]
    arguments += ["-framerate", repr(float(fps)), "-i", "pipe:0", "-threads", "1", *coding]
    arguments += ["-fflags", "+bitexact", "-flags:v", "+bitexact", "-map_metadata", "-1"]
    arguments += ["-f", CONTAINERS[suffix], "fd:"]
    with write_whole(path) as file, tempfile.TemporaryFile() as complaints:
        child = start(arguments, stdin=subprocess.PIPE, stdout=file, stderr=complaints)
        assert child.stdin is not None  # a pipe
        try:
            with contextlib.suppress(BrokenPipeError):  # ffmpeg gave up: its last words say why
                for i, picture_HW3 in enumerate(itertools.chain([first_HW3], pictures)):
                    if picture_HW3.shape != first_HW3.shape:
                        raise ValueError(f"want frames of one size, got {picture_HW3.shape} at {i}")
                    child.stdin.write(picture_HW3.tobytes())
                child.stdin.close()
            child.wait()
        finally:
            child.kill()
            with contextlib.suppress(BrokenPipeError):
                child.__exit__(None, None, None)  # closes the pipe and waits
        if child.returncode != 0:
            complaints.seek(0)
            line = complaints.read(4096).partition(b"\n")[0]
            words = printable(re.sub(rb"^(\[[^]]*\] )+", b"", line)) or "it says nothing"
            told = f"ffmpeg cannot write it ({words})"
            raise WriteError(f"{printable(path)}: {told}; free some room or give another place")
    return i + 1


def _as_rgb(frame: Ints) -> Ints:
    """Return frame_HW3 of a grey (H, W) or a color (H, W, 3) frame."""
    frame = np.asarray(frame)
    if frame.dtype != np.uint8 or frame.ndim not in (2, 3) or frame.shape[2:] not in ((), (3,)):
        raise ValueError(f"want uint8 (H, W) or (H, W, 3), got {frame.dtype} {frame.shape}")
    return frame if frame.ndim == 3 else np.repeat(frame[..., None], 3, axis=2)
