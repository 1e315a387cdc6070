"""What a file is, by its first bytes; raw streams are read whole, whatever their name."""

import corpus
import pytest

from lsfref.errors import VideoError
from lsfref.media.decoding import count_frames
from lsfref.media.streams import RAW, is_video, raw_format

pytestmark = pytest.mark.unwatched
SVT = ("-c:v", "libsvtav1", "-preset", "10", "-svtav1-params", "lp=1")
MADE = {
    "h264": ("h264", corpus.H264),
    "hevc": ("hevc", corpus.HEVC),
    "mpegvideo": ("m2v", corpus.MPEG2),
    "m4v": ("m4v", (*corpus.MPEG4, "-f", "m4v")),
    "obu": ("obu", SVT),
    "ivf": ("ivf", corpus.VP8),
    "yuv4mpegpipe": ("y4m", ("-pix_fmt", "yuv420p")),
    "mjpeg": ("mjpeg", corpus.MJPEG),
}


@pytest.fixture(scope="module")
def factory(tmp_path_factory):
    return corpus.Factory(tmp_path_factory.mktemp("raw"), port=1)


def test_every_raw_stream_is_made_here():
    assert set(MADE) == set(RAW)


@pytest.mark.parametrize("name", MADE)
def test_raw_streams_are_known_by_their_bytes_and_read_whole(factory, name):
    suffix, coding = MADE[name]
    path = factory.folder / f"{name}.mp4"
    path.write_bytes(factory.encode(suffix, *coding))
    with open(path, "rb") as file:
        file.seek(5)
        assert raw_format(file.fileno()) == name
        assert file.tell() == 5
    assert is_video(path)
    assert count_frames(path, warn=pytest.fail) == corpus.FRAMES


@pytest.mark.parametrize("name", ["ivf", "yuv4mpegpipe", "mjpeg", "mpegvideo"])
@pytest.mark.parametrize("share", [0.5, 0.9])
def test_a_cut_stream_is_told(factory, name, share):
    suffix, coding = MADE[name]
    content = factory.encode(suffix, *coding)
    path = factory.folder / "cut"
    path.write_bytes(content[: round(len(content) * share)])
    told = []
    assert 0 < count_frames(path, warn=told.append) < corpus.FRAMES
    assert len(told) == 1


def test_containers_are_no_raw_streams_and_one_picture_is_no_video(factory):
    for suffix, coding in corpus.BASES.items():
        path = factory.folder / f"container.{suffix}"
        path.write_bytes(factory.encode(suffix, *coding))
        with open(path, "rb") as file:
            assert raw_format(file.fileno()) == ""
        assert is_video(path), suffix
    picture = factory.folder / "picture.mjpeg"
    picture.write_bytes(factory.encode("mjpeg", *corpus.MJPEG, "-frames:v", "1"))
    assert not is_video(picture)
    with pytest.raises(VideoError, match="not a video"):
        count_frames(picture)
    for odd in (factory.folder, factory.folder / "missing", "/dev/null"):
        assert not is_video(odd)
