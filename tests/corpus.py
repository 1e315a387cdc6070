"""Odd, damaged and hostile files, and what must come of each: made here, the same every time.

The good ones come from ffmpeg and numpy, the others from their bytes. An outcome is "ok" (exactly
`frames` frames, not a word), "warning" (frames, then one warning), "error" (VideoError, its text
matching `says`), "told" (a warning or an error; which of them is ffmpeg's business) or "any" (of
damage inside the coded pictures of a format without checksums nobody can know).
"""

import os
import socket
import struct
import subprocess
import zlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import NamedTuple

import imageio_ffmpeg
import numpy as np

WIDTH, HEIGHT, FRAMES = 96, 72, 40


class Case(NamedTuple):
    name: str  # of the file
    make: Callable[["Factory"], bytes | None]  # None: it has put the file there itself
    outcome: str
    frames: int = 0
    says: str = ""


class Factory:
    """Makes the files of one folder. `port` is where a loopback socket listens, for the lures."""

    def __init__(self, folder: Path, *, port: int):
        self.folder, self.port = folder, port
        self.encode = cache(self.encode)

    def path(self, case: Case) -> Path:
        """Return the file of a case, made on first use."""
        path = Path(os.fsdecode(os.path.join(os.fsencode(self.folder), os.fsencode(case.name))))
        if not os.path.lexists(path):
            content = case.make(self)
            if content is not None:
                path.write_bytes(content)
        return path

    def encode(self, suffix: str, *arguments: str, shape=(FRAMES, HEIGHT, WIDTH)) -> bytes:
        """Return a video file of `shape` frames in the container that `suffix` names."""
        return self.convert(suffix, *raw(shape), *arguments, data=moving_picture(shape))

    def convert(self, suffix: str, *arguments: str, data: bytes = b"") -> bytes:
        target = self.folder / f"made.{suffix}"
        command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", *arguments]
        command += ["-threads", "1", "-fflags", "+bitexact", "-flags:v", "+bitexact", str(target)]
        subprocess.run(command, input=data, check=True, env={**os.environ, "SVT_LOG": "0"})
        content = target.read_bytes()
        target.unlink()
        return content


def raw(shape) -> list[str]:
    _, height, width = shape
    size = f"{width}x{height}"
    return ["-f", "rawvideo", "-pix_fmt", "rgb24", "-framerate", "25", "-s", size, "-i", "pipe:0"]


@cache
def moving_picture(shape) -> bytes:
    """Return (F, H, W, 3) uint8: a drifting texture with a little noise, no frame like another."""
    frames, height, width = shape
    rng = np.random.default_rng(0)
    t, y, x = np.ogrid[:frames, :height, :width]
    drift, sway = 0.31 * (x - t) + 0.17 * y, 0.23 * y + 0.11 * t
    waves = [np.sin(drift + c) + np.cos(sway - c) for c in range(3)]
    noisy = 128 + 45 * np.stack(waves, axis=-1) + rng.normal(0, 6, (frames, height, width, 3))
    return noisy.clip(0, 255).astype(np.uint8).tobytes()


# ------------------------------------------------------------------ good files

H264 = ("-c:v", "libx264", "-pix_fmt", "yuv420p", "-g", "12")
MPEG4 = ("-c:v", "mpeg4", "-q:v", "4", "-g", "12")
VP8 = ("-c:v", "libvpx", "-b:v", "800k", "-g", "12", "-deadline", "realtime")
FFV1 = ("-c:v", "ffv1", "-pix_fmt", "bgr0", "-g", "1")
MJPEG = ("-c:v", "mjpeg", "-q:v", "4")
MPEG2 = ("-c:v", "mpeg2video", "-q:v", "4", "-g", "12")
HEVC = ("-c:v", "libx265", "-x265-params", "log-level=none:pools=1", "-preset", "ultrafast")
SVT = ("-c:v", "libsvtav1", "-preset", "10", "-svtav1-params", "lp=1")
TONE = ("-f", "lavfi", "-i", "sine=frequency=440:duration=1.6")


def good(name: str, *arguments: str, frames: int = FRAMES, size=(HEIGHT, WIDTH)) -> Case:
    suffix = name.rpartition(".")[2]
    return Case(name, lambda f: f.encode(suffix, *arguments, shape=(frames, *size)), "ok", frames)


CONTAINERS = [
    good("h264.mp4", *H264),
    good("h264.mov", *H264),
    good("h264.mkv", *H264),
    good("h264.ts", *H264),
    good("h264.flv", *H264),
    good("h264.avi", *H264, "-bf", "0"),
    good("h264.3gp", *H264),
    good("faststart.mp4", *H264, "-movflags", "+faststart"),
    good("fragmented.mp4", *H264, "-movflags", "+frag_keyframe+empty_moov"),
    good("mpeg4.avi", *MPEG4),
    good("mpeg4 with B frames.avi", *MPEG4, "-bf", "2"),
    good("mpeg4.mp4", *MPEG4),
    good("mpeg4.mkv", *MPEG4),
    good("ffv1.mkv", *FFV1),
    good("ffv1.avi", *FFV1),
    good("mjpeg.avi", *MJPEG),
    good("mjpeg.mkv", *MJPEG),
    good("mpeg2.mpg", *MPEG2),
    good("mpeg2.ts", *MPEG2),
    good("mpeg1.mpg", "-c:v", "mpeg1video", "-q:v", "4"),
    good("vp8.webm", *VP8),
    good("vp9.webm", "-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8"),
    good("av1.mp4", *SVT),
    good("hevc.mp4", *HEVC),
    good("hevc.ts", *HEVC),
    good("theora.ogv", "-c:v", "libtheora", "-q:v", "6"),
    good("wmv2.wmv", "-c:v", "wmv2", "-q:v", "4"),
    good("flv1.flv", "-c:v", "flv", "-q:v", "4"),
    good("picture.gif", "-pix_fmt", "rgb8"),
    good("uncompressed.avi", "-c:v", "rawvideo", "-pix_fmt", "bgr24"),
    good("huffyuv.avi", "-c:v", "huffyuv", "-pix_fmt", "rgb24"),
    good("prores.mov", "-c:v", "prores_ks", "-profile:v", "0"),
    good("png.mov", "-c:v", "png"),
]
DARK = ("-vf", "lutrgb=r=0:g=0:b=0")
SILENCE = ("-f", "lavfi", "-i", "anullsrc=duration=1.6", "-c:a", "pcm_s16le", "-shortest")
CONTAINERS += [  # zeros where they belong
    good("dark.avi", "-c:v", "rawvideo", "-pix_fmt", "bgr24", *DARK),
    good("dark.mkv", *FFV1, *DARK),
    good("dark.mp4", *H264, *DARK),
    good("dark hevc.mp4", *HEVC, *DARK),
    good("dark av1.mp4", *SVT, *DARK),
    good("dark vp8.webm", *VP8, *DARK),
    good("dark.wmv", "-c:v", "wmv2", "-q:v", "4", *DARK),
    good("silence.mkv", *SILENCE, *H264),
]

SHAPES = [
    good("one frame.mp4", *H264, frames=1),
    good("one frame.gif", "-pix_fmt", "rgb8", frames=1),
    good("two frames.mkv", *FFV1, frames=2),
    good("15 frames.mp4", *H264, frames=15),
    good("16 frames.mp4", *H264, frames=16),
    good("16 frames.avi", *MPEG4, frames=16),
    good("17 frames.mkv", *FFV1, frames=17),
    good("2x2.mkv", *FFV1, size=(2, 2)),
    good("2x2.mp4", *H264, size=(2, 2)),
    good("1x1.mkv", *FFV1, size=(1, 1)),
    good("31x40.mkv", *FFV1, size=(40, 31)),
    good("31x40.avi", *MPEG4, size=(40, 31)),
    good("97x71.mkv", *FFV1, size=(71, 97)),
    good("97x71.mp4", "-c:v", "libx264", "-pix_fmt", "yuv444p", size=(71, 97)),
    good("wide.mkv", *FFV1, size=(4, 600)),
    good("tall.mkv", *FFV1, size=(600, 4)),
]

PIXELS = [
    good("grey.mkv", "-c:v", "ffv1", "-pix_fmt", "gray"),
    good("grey.mp4", "-c:v", "libx264", "-pix_fmt", "gray"),
    good("grey 16 bit.mkv", "-c:v", "ffv1", "-pix_fmt", "gray16le"),
    good("10 bit.mp4", "-c:v", "libx264", "-pix_fmt", "yuv420p10le"),
    good("4:2:2.mkv", "-c:v", "libx264", "-pix_fmt", "yuv422p"),
    good("4:4:4.mp4", "-c:v", "libx264", "-pix_fmt", "yuv444p"),
    good("4:1:1.mkv", "-c:v", "ffv1", "-pix_fmt", "yuv411p"),
    good("full range.mp4", *H264, "-color_range", "pc"),
    good("bt709.mp4", *H264, "-colorspace", "bt709", "-color_primaries", "bt709"),
    good("48 bit.mkv", "-c:v", "ffv1", "-pix_fmt", "gbrp16le"),
    good("alpha.mkv", "-c:v", "ffv1", "-pix_fmt", "bgra"),
    good("alpha.webm", *VP8, "-pix_fmt", "yuva420p", "-auto-alt-ref", "0"),
    good("alpha.mov", "-c:v", "qtrle", "-pix_fmt", "argb"),
    good("palette.avi", "-c:v", "rawvideo", "-pix_fmt", "pal8", "-vf", "format=rgb8,format=pal8"),
    good("interlaced.mp4", *H264, "-flags", "+ilme+ildct"),
    good("anamorphic.mp4", *H264, "-aspect", "4:1"),
]


def rotated(degrees: str) -> Callable[[Factory], bytes]:
    def make(factory: Factory) -> bytes:
        source = factory.folder / "upright.mp4"
        source.write_bytes(factory.encode("mp4", *H264))
        turned = factory.convert(
            "mp4", "-display_rotation", degrees, "-i", str(source), "-c", "copy"
        )
        source.unlink()
        return turned

    return make


def stamped(name: str, stamp: str, *arguments: str) -> Case:
    """A file whose frame N has this time stamp, in seconds."""
    return good(name, "-vf", f"setpts='({stamp})/TB'", "-fps_mode", "passthrough", *arguments)


ODD = "if(eq(mod(N,7),0),N*9,N*9+4)/90"
LATE = "if(eq(N,39),100000,N/25)"
HOLE = "(N+if(gt(N,20),5000,0))/25"
TIMES = [
    stamped("variable rate.mkv", ODD, *H264),
    stamped("variable rate.mp4", ODD, *H264),
    stamped("last frame late.mkv", LATE, *H264),
    stamped("last frame late.mp4", LATE, *H264, "-bf", "0"),
    stamped("hole in time.mkv", HOLE, *MPEG4),
    stamped("hole in time.ts", HOLE, *H264),
    stamped("starts late.mp4", "3600+N/25", *H264),
    stamped("very fast.mkv", "N/1000", *FFV1),
    good("starts early.mkv", *H264, "-output_ts_offset", "-5", "-avoid_negative_ts", "disabled"),
    good("ntsc.mp4", "-vf", "settb=1001/30000,setpts=N", *H264, "-r", "30000/1001"),
    good("very slow.avi", "-vf", "settb=100,setpts=N", "-r", "1/100", *MJPEG),
    Case("rotated 90.mp4", rotated("90"), "ok", FRAMES),
    Case("rotated 180.mp4", rotated("180"), "ok", FRAMES),
]

# ------------------------------------------------------------------ streams beside the video

SECOND = ("-f", "lavfi", "-i", "testsrc=size=192x144:rate=25:duration=0.8")
COVER = ("-f", "lavfi", "-i", "testsrc=size=64x64:rate=1:duration=1")
SUBTITLE = "1\n00:00:00,000 --> 00:00:01,000\nConcat: file /etc/passwd\n"


def with_subtitle(factory: Factory) -> bytes:
    text = factory.folder / "subtitle.srt"
    text.write_text(SUBTITLE)
    beside = ["-i", str(text), "-map", "0:v", "-map", "1:s", "-attach", str(text)]
    content = factory.encode("mkv", *beside, "-metadata:s:t", "mimetype=text/plain", *H264)
    text.unlink()
    return content


def sound(name: str, suffix: str, *arguments: str, says: str = "no video") -> Case:
    return Case(name, lambda f: f.convert(suffix, *TONE, *arguments), "error", says=says)


BOTH = ("-map", "0:v", "-map", "1:v")
PICTURE_FIRST = ("-map", "1:v", "-map", "0:v", "-c:v:0", "png", "-c:v:1", "libx264")
ATTACHED = ("-disposition:v:0", "attached_pic")
STREAMS = [
    good("with sound.mp4", *TONE, *H264, "-c:a", "aac"),
    good("with sound.mkv", *TONE, *H264, "-c:a", "libvorbis"),
    good("with sound.avi", *TONE, *MPEG4, "-c:a", "libmp3lame"),
    good("with sound.ts", *TONE, *H264, "-c:a", "mp2"),
    good("long sound.mp4", "-f", "lavfi", "-i", "sine=duration=6", *H264, "-c:a", "aac"),
    good("two videos.mkv", *SECOND, *BOTH, *MPEG4, "-disposition:v:1", "default"),
    good("two videos.mp4", *SECOND, *BOTH, *MPEG4),
    good("cover and video.mp4", *COVER, *PICTURE_FIRST, *ATTACHED),
    Case("subtitles.mkv", with_subtitle, "ok", FRAMES),
    sound("sound only.mp4", "mp4", "-c:a", "aac"),
    sound("sound only.mkv", "mkv", "-c:a", "libvorbis"),
    sound("sound only.avi", "avi", "-c:a", "pcm_s16le"),
    sound("sound only.ogv", "ogg", "-c:a", "libvorbis"),
    sound("sound.wav.mp4", "wav", says="not a video"),
    sound("sound.mp3.mp4", "mp3", says="not a video"),
    sound("cover only.mp4", "m4a", *COVER, "-map", "0", "-map", "1", "-c:v", "png", *ATTACHED),
]

# ------------------------------------------------------------------ tags that lie

LIES = {
    "title says missing": ["title=No such file or directory"],
    "title says duration": ["title=x\n  Duration: 99:59:59.00, start: 0.000000, bitrate: 1 kb/s"],
    "title says stream": ["title=Stream #0:0: Video: rawvideo (RGB), rgb24, 8x8, 25 fps, 25 tbr"],
    "tags say stream": [
        "artist=x\n  Stream #0:0: Video: rawvideo (RGB), rgb24, 8x8, 25 fps",
        "comment=x\n  Stream #0:0: Video: rawvideo (RGB), rgb24, 90000x90000, 25 fps",
        "album=x\nOutput #0, image2pipe, to 'pipe:':\n  Stream #0:0: Video: rawvideo, 8x8",
    ],
    "title says error": ["title=[error] Invalid data found when processing input"],
    "title is long": ["title=" + "x" * 60_000],
    "title is escapes": ["title=\x1b[31m\x1b]0;owned\x07\x08"],
}  # fmt: skip


def lie(name: str, tags: list[str], suffix: str) -> Case:
    arguments = [word for tag in tags for word in ("-metadata", tag)]
    return good(f"{name}.{suffix}", *H264, *arguments)


TAGS = [lie(name, tags, "mkv") for name, tags in LIES.items()]
TAGS += [lie(name, LIES[name], "mp4") for name in ("title says missing", "title says duration")]

# ------------------------------------------------------------------ scripts, texts, pictures


def text(name: str, words: str, says: str = "not a video|no frame") -> Case:
    def make(factory: Factory) -> bytes:
        canary = factory.folder / "canary.mkv"
        if not canary.exists():
            canary.write_bytes(factory.encode("mkv", *FFV1))
        lures = {"PORT": str(factory.port), "HERE": str(factory.folder)}
        content = words
        for word, lure in lures.items():
            content = content.replace(word, lure)
        return content.encode()

    return Case(name, make, "error", says=says)


HLS = "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:9\n#EXTINF:1.6,\n{}\n#EXT-X-ENDLIST\n"
DASH = """<?xml version="1.0"?>
<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" mediaPresentationDuration="PT1.6S"
 profiles="urn:mpeg:dash:profile:isoff-on-demand:2011"><Period><AdaptationSet contentType="video">
<Representation id="0" mimeType="video/x-matroska" bandwidth="1000" width="96" height="72">
<BaseURL>{}</BaseURL></Representation></AdaptationSet></Period></MPD>
"""
SESSION = """v=0
o=- 0 0 IN IP4 127.0.0.1
s=x
c=IN IP4 127.0.0.1
t=0 0
m=video PORT RTP/AVP 96
a=rtpmap:96 H264/90000
"""
URL = "http://127.0.0.1:PORT/x.mkv"
SCRIPTS = [
    text("ffconcat.mp4", "ffconcat version 1.0\nfile canary.mkv\n"),
    text("ffconcat.mkv", "ffconcat version 1.0\nfile HERE/canary.mkv\n"),
    text("ffconcat to the net.mp4", f"ffconcat version 1.0\nfile {URL}\n"),
    text("ffconcat many.mp4", "ffconcat version 1.0\n" + "file canary.mkv\n" * 2000),
    text("ffconcat.ffconcat", "ffconcat version 1.0\nfile canary.mkv\n"),
    text("hls.m3u8", HLS.format("canary.mkv")),
    text("hls.mp4", HLS.format("canary.mkv")),
    text("hls absolute.ts", HLS.format("file://HERE/canary.mkv")),
    text("hls to the net.m3u8", HLS.format(URL)),
    text("hls to the net.ts", HLS.format(URL)),
    text("hls concat.m3u8", HLS.format(f"concat:{URL}|HERE/canary.mkv")),
    text("dash.mpd", DASH.format("canary.mkv")),
    text("dash.mp4", DASH.format("canary.mkv")),
    text("dash absolute.mp4", DASH.format("file://HERE/canary.mkv")),
    text("dash to the net.mp4", DASH.format(URL)),
    text("playlist.m3u", "#EXTM3U\ncanary.mkv\n"),
    text("playlist.asx", f'<asx version="3.0"><entry><ref href="{URL}"/></entry></asx>'),
    text("reference.wmv", f"[Reference]\nRef1={URL}\n"),
    text("session.sdp", SESSION),
    text("picture.svg", f'<svg xmlns="http://www.w3.org/2000/svg"><image href="{URL}"/></svg>'),
    text("avisynth.avs", 'DirectShowSource("HERE/canary.mkv")\n'),
    text("vapoursynth.vpy", "import os\n"),
    text("text.txt", "It rained all day.\n" * 200),
    text("text.mp4", "It rained all day.\n" * 200),
    text("ansi.ans", "\x1b[31mIt rained\x1b[0m all day.\r\n" * 200),
    text("subtitles.srt", SUBTITLE),
    text("subtitles.mp4", SUBTITLE),
    text("table.csv.avi", "file,background\n" + "x.mp4,rain\n" * 50),
    text("page.html.webm", "<!doctype html><video src=canary.mkv></video>\n" * 20),
    text("program.py.mkv", "#!/usr/bin/env python\nprint('hello')\n"),
]  # fmt: skip


def picture(suffix: str, name: str, *arguments: str) -> Case:
    def make(factory: Factory) -> bytes:
        return factory.convert(
            suffix, *COVER, *arguments, "-frames:v", "1", "-update", "1", "-strict", "-1"
        )

    return Case(name, make, "error", says="not a video|no frame")


def archive(_: Factory) -> bytes:
    import io
    import zipfile

    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w") as file:
        file.writestr(zipfile.ZipInfo("x.mp4"), b"x" * 1000)
    return memory.getvalue()


PICTURES = [
    picture("png", "picture.png"),
    picture("png", "picture.png.mp4"),
    picture("jpg", "picture.jpg.mp4"),
    picture("bmp", "picture.bmp.avi"),
    picture("tiff", "picture.tiff.mkv"),
    picture("webp", "picture.webp.webm", "-c:v", "libwebp"),
    picture("ppm", "picture.ppm.mp4"),
    Case("archive.zip.mp4", archive, "error", says="not a video|no frame"),
]

# ------------------------------------------------------------------ bombs


def gif(width: int, height: int, *, frames: int = 4) -> bytes:
    """Return a GIF of a few hundred bytes whose canvas is width x height."""
    head = b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0) + bytes(3) + b"\xff" * 3
    control = b"!\xf9\x04\x00\x04\x00\x00\x00"
    one = b"," + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\x02\x02\x4c\x01\x00"
    whole = b"," + struct.pack("<HHHHB", 0, 0, width, height, 0) + b"\x02\x02\x4c\x01\x00"
    return head + control + whole + (control + one) * (frames - 1) + b";"


def png_bomb(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        length, check = struct.pack(">I", len(data)), struct.pack(">I", zlib.crc32(kind + data))
        return length + kind + data + check

    rows = zlib.compress(bytes((width // 8 + 1) * height), 9)
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    start = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header)
    return start + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def resized(factory: Factory) -> bytes:
    """Return an uncompressed avi whose header claims 20000 x 20000."""
    content = bytearray(factory.encode("avi", "-c:v", "rawvideo", "-pix_fmt", "bgr24"))
    at = content.index(b"strf") + 12
    struct.pack_into("<ii", content, at, 20000, 20000)
    return bytes(content)


BOMBS = [
    Case("8000x8000.gif", lambda _: gif(8000, 8000), "error", says="pixels.*max-pixels"),
    Case("20000x20000.gif", lambda _: gif(20000, 20000), "error", says="max-pixels|no frame"),
    Case("65535x65535.gif", lambda _: gif(65535, 65535), "error", says="max-pixels|no frame"),
    Case("bomb.png.mp4", lambda _: png_bomb(16000, 16000), "error", says="not a video|no frame"),
    Case("bomb.avi", resized, "error", says="max-pixels|no frame"),
]

# ------------------------------------------------------------------ names; what is no file

NAMES = [
    "-dash.mp4", "--help.mp4", "%03d.mp4", "%s%n.mp4", "http:name.mp4", "concat:a|b.mp4",
    "new\nline.mp4", "escape\x1b[31m.mp4", "spa ce.mp4", "quote'\".mp4", "star*?.mp4", "~.mp4",
    "$HOME.mp4", ";rm.mp4", "=cmd().mp4", "\u202egnp.mp4", "regen \u96e8.mp4",
    b"not\xff\xfeutf8.mp4", "no suffix", "wrong suffix.txt", "imageio:cockatoo.mp4", "<video0>",
    "x" * 251 + ".mp4", ".hidden.mp4", "pipe:0", "fd:", "-", "back\\slash.mp4",
]  # fmt: skip
NAMED = [Case(name, lambda f: f.encode("mp4", *H264), "ok", FRAMES) for name in NAMES]


def put(name: str, maker: Callable[[Path, Factory], object], says: str) -> Case:
    def make(factory: Factory) -> None:
        maker(factory.folder / name, factory)

    return Case(name, make, "error", says=says)


def listening(path: Path, _: Factory) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        os.chdir(path.parent)  # the name must be short
        server.bind(path.name)


def nonsense(name: str, make: Callable[[], bytes], says: str = "not a video|no frame") -> Case:
    return Case(name, lambda _: make(), "error", says=says)


NO_FILES = [
    put("fifo.mp4", lambda p, _: os.mkfifo(p), "a pipe"),
    put("folder.mp4", lambda p, _: p.mkdir(), "a folder"),
    put("dangling.mp4", lambda p, _: p.symlink_to("nowhere.mp4"), "No such file"),
    put("circle.mp4", lambda p, _: p.symlink_to("circle.mp4"), "cannot be opened"),
    put("zero device.mp4", lambda p, _: p.symlink_to("/dev/zero"), "a device"),
    put("null device.mp4", lambda p, _: p.symlink_to("/dev/null"), "a device"),
    nonsense("empty.mp4", lambda: b"", says="empty"),
    nonsense("one byte.mp4", lambda: b"\0"),
    nonsense("zeros.mp4", lambda: bytes(1 << 18)),
    nonsense("zeros.ts", lambda: bytes(188 * 1000)),
    nonsense("noise.mp4", lambda: np.random.default_rng(1).bytes(100_000)),
    nonsense("noise.mkv", lambda: np.random.default_rng(2).bytes(100_000)),
]  # fmt: skip


def linked(factory: Factory) -> None:
    target = factory.folder / "target of link.mp4"
    target.write_bytes(factory.encode("mp4", *H264))
    (factory.folder / "link.mp4").symlink_to(target.name)


LINKED = [Case("link.mp4", linked, "ok", FRAMES)]

# ------------------------------------------------------------------ damage

BASES: dict[str, tuple[str, ...]] = {
    "mp4": (*H264, "-movflags", "+faststart"),
    "mov": MPEG4,
    "mkv": H264,
    "avi": MPEG4,
    "webm": VP8,
    "ts": H264,
    "mpg": MPEG2,
    "flv": H264,
    "gif": ("-pix_fmt", "rgb8"),
    "ogv": ("-c:v", "libtheora", "-q:v", "6"),
    "wmv": ("-c:v", "wmv2", "-q:v", "4"),
}


def damaged(name: str, outcome: str, hurt: Callable[[bytearray], object]) -> Case:
    def make(factory: Factory) -> bytes:
        suffix = name.rpartition(".")[2]
        content = bytearray(factory.encode(suffix, *BASES[suffix]))
        hurt(content)
        return bytes(content)

    return Case(name, make, outcome)


def cut(share: float) -> Callable[[bytearray], object]:
    def hurt(content: bytearray) -> None:
        del content[round(len(content) * share) :]

    return hurt


def overwrite(start: float, end: float, *, zero: bool) -> Callable[[bytearray], object]:
    def hurt(content: bytearray) -> None:
        first, last = round(len(content) * start), round(len(content) * end)
        rubbish = np.random.default_rng(first).bytes(last - first)
        content[first:last] = bytes(last - first) if zero else rubbish

    return hurt


DAMAGED = [
    damaged(f"cut at {share:g} %.{suffix}", "told", cut(share / 100))
    for suffix in BASES
    for share in (1, 10, 33.3, 49, 75, 90, 99)
]
DAMAGED += [
    damaged(
        f"{word} {start}-{end} %.{suffix}",
        "any" if suffix == "wmv" or (suffix == "webm" and not zero) else "told",
        overwrite(start / 100, end / 100, zero=zero),
    )
    for suffix in BASES
    for word, zero in (("zeroed", True), ("overwritten", False))
    for start, end in ((40, 45), (60, 61))
]

# ------------------------------------------------------------------ changes in mid-stream


def joined(*parts: tuple[str, ...]) -> Callable[[Factory], bytes]:
    def make(factory: Factory) -> bytes:
        return b"".join(factory.encode("ts", *arguments) for arguments in parts)

    return make


def shorter(factory: Factory) -> bytes:
    """Return a transport stream that ends early, at the beginning of a frame: nobody can know."""
    content = factory.encode("ts", *H264)
    starts = [at for at in range(0, len(content), 188) if content[at + 1] & 0x40]
    return content[: starts[len(starts) // 2]]


def changing(name: str, first: tuple[str, ...], *then: str) -> Case:
    says = "the frame size changes after frame (39|40)"  # some decoders swallow one as they change
    return Case(name, joined(first, (*first, *then)), "error", says=says)


FULL_COLOUR = ("-c:v", "libx264", "-pix_fmt", "yuv444p")
CHANGES = [
    changing("size changes.ts", H264, "-vf", "scale=128:96"),
    changing("size turns.ts", H264, "-vf", "transpose"),
    changing("size shrinks.mpg.ts", MPEG2, "-vf", "scale=64:48"),
    Case("format changes.ts", joined(H264, FULL_COLOUR), "warning", says="format changes after"),
    Case("joined.ts", joined(H264, H264), "ok", 80),
    Case("shorter.ts", shorter, "any"),
]

# ------------------------------------------------------------------ complete, but odd


def behind(name: str, filler: bytes, suffix: str) -> Case:
    return Case(name, lambda f: f.encode(suffix, *BASES[suffix]) + filler, "ok", FRAMES)


def unnamed_in_info(factory: Factory) -> bytes:
    """Return an avi whose last list, of texts, has an entry without a name."""
    content = bytearray(factory.encode("avi", *MPEG4))
    entries = b"ISFT\6\0\0\0lsfref" + b"\0\0\0\0\4\0\0\0abcd"
    content += b"LIST" + struct.pack("<I", 4 + len(entries)) + b"INFO" + entries
    struct.pack_into("<I", content, 4, len(content) - 8)
    return bytes(content)


def unpadded(factory: Factory) -> bytes:
    """Return an avi whose chunks of odd length are followed by the next ones at once."""
    content = factory.encode("avi", *MJPEG)
    movie = content.index(b"movi") + 4
    end = movie - 4 + struct.unpack("<I", content[movie - 8 : movie - 4])[0]
    chunks, at = [], movie
    while at < end:
        length = struct.unpack("<I", content[at + 4 : at + 8])[0]
        chunks.append(content[at : at + 8 + length])
        at += 8 + length + length % 2
    assert any(len(chunk) % 2 for chunk in chunks)
    frames = b"".join(chunks)
    head = content[: movie - 8] + struct.pack("<I", 4 + len(frames)) + b"movi"
    whole = bytearray(head + frames)
    struct.pack_into("<I", whole, 4, len(whole) - 8)
    return bytes(whole)


def before_the_end(factory: Factory) -> bytes:
    return factory.encode("gif", *BASES["gif"])[:-1] + b"\0;"


def twice(suffix: str) -> Callable[[Factory], bytes]:
    return lambda f: f.encode(suffix, *BASES[suffix]) * 2


def thumbnail_first(suffix: str) -> Callable[[Factory], bytes]:
    """Return a file whose first track holds a picture, its second the video."""

    def make(factory: Factory) -> bytes:
        picture, video = factory.folder / "picture.mkv", factory.folder / "video.mkv"
        picture.write_bytes(factory.encode("mkv", *MJPEG, "-frames:v", "1"))
        video.write_bytes(factory.encode("mkv", *MPEG4))
        inputs = ("-i", str(picture), "-i", str(video), "-map", "0:v", "-map", "1:v")
        return factory.convert(suffix, *inputs, "-c:v:0", "copy", "-c:v:1", "mpeg4")

    return make


def copied(suffix: str, *arguments: str, before: tuple[str, ...] = ()) -> Callable:
    def make(factory: Factory) -> bytes:
        source = factory.folder / "source.mp4"
        source.write_bytes(factory.encode("mp4", *H264))
        return factory.convert(suffix, *before, "-i", str(source), "-c", "copy", *arguments)

    return make


KEY = (
    "-encryption_scheme",
    "cenc-aes-ctr",
    "-encryption_key",
    "7" * 32,
    "-encryption_kid",
    "a" * 32,
)
EARLY = ("-avoid_negative_ts", "disabled", "-output_ts_offset")
ODDITIES = [
    *(behind(f"{n} zeros.{s}", bytes(n), s) for n in (1, 188, 4096) for s in BASES if s != "wmv"),
    *(behind(f"erased flash.{s}", b"\xff" * 512, s) for s in ("ts", "mpg", "flv", "avi")),
    Case("unnamed entry.avi", unnamed_in_info, "ok", FRAMES),
    Case("unpadded.avi", unpadded, "ok", FRAMES),
    Case("zero before the end.gif", before_the_end, "ok", FRAMES),
    *(
        Case(f"thumbnail first.{s}", thumbnail_first(s), "ok", FRAMES)
        for s in ("mov", "mkv", "avi")
    ),
    *(Case(f"twice.{s}", twice(s), "ok", 2 * FRAMES) for s in ("mkv", "avi", "ts", "mpg", "gif")),
    *(Case(f"twice.{s}", twice(s), "warning", says="another rec") for s in ("mp4", "mov", "wmv")),
    Case("edited.mp4", copied("mp4", before=("-ss", "0.2")), "warning", says="hides 5 of 40 coded"),
    Case("starts early.mp4", copied("mp4", *EARLY, "-0.2"), "warning", says="hides 5 of 40 coded"),
    Case("ends early.mp4", copied("mp4", *EARLY, "-5"), "error", says="hides 40 of 40 coded"),
    Case("encrypted.mp4", copied("mp4", *KEY), "error", says="it is encrypted; decrypt it"),
]

CASES = [
    *CONTAINERS, *SHAPES, *PIXELS, *TIMES, *STREAMS, *TAGS, *SCRIPTS, *PICTURES, *BOMBS, *NAMED,
    *NO_FILES, *LINKED, *DAMAGED, *CHANGES, *ODDITIES,
]  # fmt: skip
