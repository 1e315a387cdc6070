"""The page of `explain`: its numbers are those of `trace`, it loads nothing, it is never wrong."""

import dataclasses
import re
from html.parser import HTMLParser

import imageio.v3 as iio
import numpy as np
import pytest
from clips import clip

from lsfref.app.cli import main
from lsfref.media.writer import write_video
from lsfref.model import Extras, load, save

pytestmark = pytest.mark.unwatched

VOID = {"meta", "img", "br"}


class Page(HTMLParser):
    """Tags in balance, numbers with their sources, attributes, visible text."""

    def __init__(self, text):
        super().__init__()
        self.open, self.numbers, self.attributes, self.images, self.words = [], [], [], [], []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.attributes += [(tag, name, value) for name, value in attrs.items()]
        if tag == "data":
            self.numbers.append((attrs["data-from"], float(attrs["value"])))
        if tag == "img":
            self.images.append(attrs)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open[-1:] != ["style"]:
            self.words.append(data)


@pytest.fixture(scope="module")
def model(labelled_clips, tmp_path_factory):
    folder = tmp_path_factory.mktemp("explain")
    words = ["--labels", str(labelled_clips), "--jobs", "1", "--cache", str(folder / "cache")]
    quick = ["--set", "epochs=3", "--set", "n_samples=1500", "--set", "n_scales=2", "--quiet"]
    assert main(["train", *words, *quick, "--model", str(folder / "m.npz")]) == 0
    return folder / "m.npz"


def explain(video, model, folder, status=0):
    out = folder / "page.html"
    words = ["explain", str(video), "-o", str(out)]
    assert main([*words, "--model", str(model)] if model else words) == status
    text = out.read_text(encoding="utf-8")
    return text, Page(text)


@pytest.fixture(scope="module")
def explained(model, labelled_clips, tmp_path_factory):
    """A clip, and the text and the Page that explain it."""
    video = labelled_clips.parent / "10.mkv"
    return video, *explain(video, model, tmp_path_factory.mktemp("explained"))


def stored(folder, source):
    """What `trace` has at folder/case/tensor[index], or a number made of the whole tensor."""
    name, _, rest = re.match(r"([^\[:]+)(\[|:|$)(.*)", source).groups()
    array = np.load(folder / f"{name}.npy", allow_pickle=False)
    if rest == "rows":
        return len(array)
    if rest == "mean_length":
        return np.sqrt((array.astype(np.float64) ** 2).sum(axis=-1)).mean()
    return array[tuple(int(i) for i in rest.rstrip("]").split(","))] if rest else array[()]


def test_every_number_is_the_one_that_trace_writes(model, explained, tmp_path):
    video, _, page = explained
    trace = tmp_path / "trace"
    assert main(["trace", str(video), str(trace), "--model", str(model), "--frames", "0"]) == 0
    assert len(page.numbers) > 20
    stages = {source.partition("/")[0][:2] for source, _ in page.numbers}
    assert stages == {"02", "03", "04", "05", "06", "07", "08", "09", "10"}
    for source, value in page.numbers:
        np.testing.assert_allclose(value, stored(trace, source), rtol=1e-6, err_msg=source)


def test_nothing_leaves_the_page(explained):
    _, text, page = explained
    assert "<script" not in text
    assert "default-src &#x27;none&#x27;" in text
    for tag, name, value in page.attributes:
        assert not name.startswith("on")
        if name in ("src", "href", "action", "srcset"):
            assert value.startswith(("data:image/", "#stage")), (tag, value)
    assert not re.search(r"url\(|@import|https?:", text)


def test_the_pictures_as_files_are_those_of_the_page(model, labelled_clips, tmp_path):
    video, folder = labelled_clips.parent / "11.mkv", tmp_path / "new" / "pictures"
    words = ["explain", str(video), "--model", str(model), "-o", str(tmp_path / "page.html")]
    assert main([*words, "--pictures", str(folder)]) == 0
    images = Page((tmp_path / "page.html").read_text(encoding="utf-8")).images
    files = sorted(folder.iterdir())
    assert len(files) == len(images) > 5
    assert {"stage1-1.png", "stage2-1.png", "stage3-2.gif"} <= {file.name for file in files}
    sizes = [iio.imread(file).shape[-3:-1] for file in files]
    wanted = [(int(image["height"]), int(image["width"])) for image in images]
    assert sorted(sizes) == sorted(wanted)


def test_every_picture_says_what_it_shows(explained):
    _, text, page = explained
    assert len(page.images) >= 6
    assert all(len(image["alt"]) > 10 for image in page.images)
    drawings = re.findall(r"<svg [^>]*>", text)
    assert len(drawings) >= 10
    assert all('role="img"' in d and re.search(r'aria-label="[^"]{10,}"', d) for d in drawings)
    assert len(text) < 8_000_000


def test_all_ten_stages_in_order_with_their_choices(explained):
    _, _, page = explained
    ids = [value for tag, name, value in page.attributes if (tag, name) == ("section", "id")]
    assert ids == [f"stage{n}" for n in range(1, 11)]
    words = " ".join(page.words)
    for told in ("switch = step", "n_scales = 2", "voting = average", "f_i = sum_c"):
        assert told in words
    assert words.count("Answer:") == 2


@pytest.mark.parametrize(
    ("name", "frames", "words"),
    [
        ("still.mkv", np.full((20, 41, 53), 90, np.uint8), "no trajectories"),
        ("short.mkv", clip("camera shaking", 1, n_frames=15), "15 frames; a trajectory needs 16"),
        ("one.mkv", clip("normal", 1, n_frames=1), "1 frame; a trajectory needs 16"),
    ],
)
def test_a_video_without_an_answer_still_has_a_page(model, tmp_path, name, frames, words):
    write_video(tmp_path / name, frames)
    _, page = explain(tmp_path / name, model, tmp_path, status=1)
    text = " ".join(page.words)
    assert "No answer." in text
    assert words in text
    assert "Answer:" not in text


def test_a_model_of_another_kind_is_told_apart(model, explained, tmp_path):
    fitted = load(model)
    kind = "<script>best</script>"  # a model may come from a stranger
    save(dataclasses.replace(fitted, extras=Extras(kind, {}, {})), tmp_path / "best.npz")
    video, _, plain = explained
    text, told = explain(video, tmp_path / "best.npz", tmp_path)
    assert "of preset" not in " ".join(plain.words)
    assert f"of preset {kind}" in " ".join(told.words)
    assert "<script>" not in text


def test_one_track(model, tmp_path):
    """A small thing that moves: a few trajectories are enough for all ten stages."""
    frames = np.full((17, 37, 47), 60, np.uint8)
    for t, frame in enumerate(frames):
        frame[8:26, 4 + t : 22 + t] = clip("normal", 5, n_frames=1)[0, :18, :18]
    write_video(tmp_path / "few.mkv", frames)
    _, page = explain(tmp_path / "few.mkv", model, tmp_path)
    assert " ".join(page.words).count("Answer:") == 2


def test_a_hostile_name_is_only_text(model, labelled_clips, tmp_path):
    name = "<script>alert('x')&\"\x1b[31m.mkv"
    (tmp_path / name).write_bytes((labelled_clips.parent / "00.mkv").read_bytes())
    text, page = explain(tmp_path / name, model, tmp_path)
    assert "<script" not in text
    assert "\x1b" not in text
    assert "<script>alert('x')" in " ".join(page.words)


def test_without_a_model_the_page_ends_with_the_descriptors(labelled_clips, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    _, page = explain(labelled_clips.parent / "00.mkv", None, tmp_path)
    ids = [value for tag, name, value in page.attributes if (tag, name) == ("section", "id")]
    assert ids == [f"stage{n}" for n in range(1, 5)]
    assert "No model was given" in " ".join(page.words)


def test_what_is_no_video_is_told_and_leaves_no_page(model, tmp_path, capsys):
    (tmp_path / "text.mp4").write_text("no video")
    words = ["explain", str(tmp_path / "text.mp4"), "--model", str(model)]
    assert main([*words, "-o", str(tmp_path / "page.html")]) == 1
    assert "text.mp4" in capsys.readouterr().err
    assert not (tmp_path / "page.html").exists()
