"""ffmpeg on a file that nobody vouches for: what it may open, how long it may take, what it says.

The file is opened here and handed over as a descriptor, so ffmpeg sees no name, can open nothing
else, and reads the very file that was checked. Frames come back as portable pixmaps, each with its
own size, so nothing is read out of log text, where a file's tags could speak.
"""

import contextlib
import fcntl
import functools
import os
import re
import select
import stat
import subprocess
import time
from collections.abc import Iterator
from typing import Any

import numpy as np

from lsfref.arrays import Ints
from lsfref.errors import VideoError
from lsfref.media.streams import raw_format
from lsfref.storage.files import PathLike, printable

# Containers that hold nothing but themselves: no playlists, scripts, texts or pictures.
FORMATS = "mov,matroska,webm,avi,mpegts,mpeg,flv,ogg,gif,asf"
KEPT = 4096  # bytes of complaints worth keeping
TIMEOUT = 8.0  # seconds without progress

# Time stamps that count the frames: the muxer has nothing to say about those of a good file, and
# they start again only when the picture's size or format changes in mid-stream.
COUNTED = "settb=1/25,setpts=N"
HARMLESS = re.compile(rb"Packet mismatch")  # zeros behind an flv: containers.py looks at its tags
RESTARTED = re.compile(rb"non monotonically increasing dts to muxer in stream 0: (\d+) >= ")


def executable() -> str:
    """Return the ffmpeg that came with imageio-ffmpeg. Raises VideoError when there is none."""
    try:
        import imageio_ffmpeg

        return imageio_ffmpeg.get_ffmpeg_exe()
    except (ImportError, RuntimeError) as error:
        raise VideoError("no ffmpeg found; pip install 'imageio-ffmpeg>=0.8'") from error


def versions() -> dict[str, str]:
    """Return the versions of imageio-ffmpeg and of its ffmpeg, "none" for what is not there."""
    from importlib import metadata

    found = {"imageio-ffmpeg": "none", "ffmpeg": "none"}
    with contextlib.suppress(metadata.PackageNotFoundError):
        found["imageio-ffmpeg"] = metadata.version("imageio-ffmpeg")
    with contextlib.suppress(VideoError, OSError, subprocess.SubprocessError, IndexError):
        found["ffmpeg"] = _version(executable())
    return found


@functools.cache
def _version(program: str) -> str:
    text = subprocess.run([program, "-version"], capture_output=True, timeout=10, check=True).stdout
    return printable(text.split()[2])  # "ffmpeg version 7.1 Copyright ..."


def start(arguments: list[str], **streams: Any) -> subprocess.Popen[bytes]:
    """Start ffmpeg in its own session (Ctrl-C is ours to handle), deaf to its own variables."""
    command = [executable(), "-nostdin", "-hide_banner", "-loglevel", "repeat+error", *arguments]
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("FFREPORT", "AV_LOG_"))}
    try:
        return subprocess.Popen(command, env=clean, start_new_session=True, **streams)
    except OSError as error:
        raise VideoError(
            f"{printable(command[0])}: ffmpeg does not start ({error.strerror}); unset"
            " IMAGEIO_FFMPEG_EXE or pip install --force-reinstall 'imageio-ffmpeg>=0.8'"
        ) from error


def open_regular(path: PathLike) -> int:
    """Return a descriptor of the file. Raises VideoError for what is no file with bytes in it."""
    name = printable(path)
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY)
    except (OSError, ValueError) as error:  # ValueError: a zero byte in the name
        cause = getattr(error, "strerror", None) or str(error)
        raise VideoError(f"{name}: cannot be opened ({cause}); check the path") from error
    status = os.fstat(descriptor)
    if stat.S_ISREG(status.st_mode) and status.st_size > 0:
        return descriptor
    os.close(descriptor)
    if stat.S_ISREG(status.st_mode):
        raise VideoError(f"{name}: the file is empty; copy it again from its source")
    if stat.S_ISDIR(status.st_mode):
        raise VideoError(f"{name}: a folder, not a video; name a file or a folder with videos")
    raise VideoError(f"{name}: a device, a pipe or a socket, not a video; give a regular file")


def too_large(name: str, max_pixels: int) -> VideoError:
    """Return the error of a frame beyond the limit."""
    told = f"a frame has more than {max_pixels} pixels"
    return VideoError(f"{name}: {told}; allow more with --max-pixels")


class Decoder(contextlib.AbstractContextManager["Decoder"]):
    """ffmpeg at work on one file: output read under a deadline, complaints kept, end certain.

    Use as a context manager. `stream` says in ffmpeg's words what is wanted of the file. TIMEOUT is
    without a byte of output or of progress in the file; it runs only while somebody waits.
    """

    def __init__(self, path: PathLike, output: list[str], max_pixels: int, stream: str) -> None:
        self.name = printable(path)
        self.max_pixels = max_pixels
        self.unfinished = b""  # a line of complaint still being written
        self.complaints = b""
        self.changed = 0  # after so many frames the size or the pixel format changes; 0: never
        self.place = 0  # how far into the file ffmpeg has come
        self.waited, self.looked = 0.0, time.monotonic()  # seconds without progress; last look
        self.file = open_regular(path)
        raw = raw_format(self.file)  # by its bytes: no name makes a file one
        guards = ["-protocol_whitelist", "fd", "-format_whitelist", raw or FORMATS]
        guards += ["-f", raw] if raw else []
        # ffmpeg counts rows filled up to 64 pixels: the exact limit is held in read_pixmap
        guards += ["-max_pixels", str(max_pixels + 64 * min(max_pixels, 1 << 14))]
        guards += ["-threads", "2", "-filter_threads", "1"]
        # one picture waits for the pipe, not eight: at 7680 x 4320 each is 100 MB
        output = ["-map", f"0:{stream}", "-an", "-sn", "-dn", *output, "-thread_queue_size", "1"]
        try:
            self.process = start(
                [*guards, "-i", "fd:", *output, "-"],
                stdin=self.file,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
        except BaseException:
            os.close(self.file)
            raise
        self.poll = select.poll()
        assert self.process.stdout is not None  # both are pipes
        assert self.process.stderr is not None
        self.out, self.err = self.process.stdout.fileno(), self.process.stderr.fileno()
        for pipe in (self.out, self.err):
            os.set_blocking(pipe, False)
            self.poll.register(pipe, select.POLLIN)
        with contextlib.suppress(AttributeError, OSError):  # where the system allows it, a frame
            fcntl.fcntl(self.out, fcntl.F_SETPIPE_SZ, 1 << 20)  # or so: fewer turns, same bytes

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.__exit__(None, None, None)  # closes the pipes and waits
        os.close(self.file)

    def read_into(self, view: memoryview) -> int:
        """Fill `view` with output; return the bytes read, fewer than wanted only at its end."""
        filled = 0
        self._progress()
        while filled < len(view):
            try:
                count = os.readv(self.out, [view[filled:]])
            except BlockingIOError:
                self._wait()
                continue
            if count == 0:
                break
            filled += count
            self._progress()
        return filled

    def read_pixmap(self) -> Ints | None:
        """Return the next frame of the output, (H, W, 3) uint8, or None at its end."""
        header = bytearray(11)  # the shortest is b"P6\n1 1\n255\n"
        filled = self.read_into(memoryview(header))
        while filled == len(header) and header.count(b"\n") < 3:
            header.append(0)
            filled += self.read_into(memoryview(header)[-1:])
        if filled < len(header):
            return None
        width, height = map(int, header.split(b"\n")[1].split())
        if width * height > self.max_pixels:
            raise too_large(self.name, self.max_pixels)
        pixels_HW3 = np.empty((height, width, 3), np.uint8)
        if self.read_into(pixels_HW3.reshape(-1).data) < pixels_HW3.size:
            return None
        self._listen()
        return pixels_HW3

    def read_lines(self) -> Iterator[str]:
        """Yield the lines of an output that is text."""
        rest = b""
        for piece in self.read_pieces():
            *lines, rest = (rest + piece).split(b"\n")
            yield from (line.decode("ascii", "replace") for line in lines)

    def read_pieces(self) -> Iterator[bytes]:
        """Yield the output as it is, a piece at a time."""
        piece = bytearray(1 << 16)
        while count := self.read_into(memoryview(piece)):
            yield bytes(piece[:count])

    def finish(self) -> int:
        """Return ffmpeg's exit status, after its output has ended and its last complaint."""
        self.poll.unregister(self.out)
        self._progress()
        while self._listen():
            self._wait()
        try:
            return self.process.wait(TIMEOUT)
        except subprocess.TimeoutExpired:
            raise self._stalled() from None

    def _listen(self) -> bool:
        """Keep what ffmpeg has complained of by now; return False after its last word."""
        try:
            text = os.read(self.err, 1 << 16)  # as much as a pipe holds
        except BlockingIOError:
            return True
        *lines, self.unfinished = (self.unfinished + (text or b"\n")).split(b"\n")
        for line in lines:
            restart = RESTARTED.search(line)
            if restart and not self.changed:
                self.changed = int(restart[1]) + 1
            elif line.strip() and not restart and not HARMLESS.search(line):
                self.complaints = (self.complaints + line + b"\n")[:KEPT]
        return bool(text)

    def _wait(self) -> None:
        """Wait a moment for ffmpeg. Raises VideoError after TIMEOUT without progress.

        Progress is output, or bytes of the file read for the first time; talk is none. A pause of
        the whole machine (Ctrl-Z, sleep) counts as one second.
        """
        ready = dict(self.poll.poll(250))
        if self.err in ready and not self._listen():
            self.poll.unregister(self.err)
        reached = os.lseek(self.file, 0, os.SEEK_CUR)  # the place is shared with ffmpeg
        if reached > self.place:
            self.place, self.waited = reached, 0.0
        now = time.monotonic()
        self.waited += min(now - self.looked, 1.0)
        self.looked = now
        if self.waited > TIMEOUT:
            raise self._stalled()

    def _progress(self) -> None:
        self.waited, self.looked = 0.0, time.monotonic()

    def _stalled(self) -> VideoError:
        return VideoError(
            f"{self.name}: ffmpeg made no progress for {TIMEOUT:g} s; the file is damaged or"
            " made to stall: leave it out or re-encode it"
        )

    def first_complaint(self) -> str:
        """Return ffmpeg's first complaint as one short printable line, or ''."""
        first = os.fsdecode(self.complaints.partition(b"\n")[0])
        return printable(re.sub(r"^(\[[^]]* @ 0x[0-9a-f]+\] )+", "", first)[:160])
