"""The page of `explain`: its numbers are those of `trace`, it loads nothing, it is never wrong."""

import functools
import html
import json
import re

import imageio.v3 as iio
import numpy as np
import pytest
from clips import clip
from pages import Page, read

from lsfref.app.cli import main
from lsfref.app.commands.explain import explain as explain_one
from lsfref.app.commands.explain import explain_card
from lsfref.app.page.stages_5_to_10 import QUESTIONS
from lsfref.app.work import workers
from lsfref.config import PRESETS
from lsfref.media.writer import write_video

pytestmark = pytest.mark.unwatched


def explain(video, model, folder, status=0):
    out = folder / "page.html"
    words = ["explain", str(video), "-o", str(out)]
    assert main([*words, "--model", str(model)] if model else words) == status
    return read(out)


@pytest.fixture(scope="module")
def explained(small_model, labeled_clips, tmp_path_factory):
    """A clip, and the text and the Page that explain it."""
    video = labeled_clips.parent / "10.mkv"
    return video, *explain(video, small_model, tmp_path_factory.mktemp("explained"))


def stored(folder, source):
    """What `trace` has at folder/case/tensor[index], or a number made of the whole tensor."""
    name, _, rest = re.match(r"([^\[:]+)(\[|:|$)(.*)", source).groups()
    array = np.load(folder / f"{name}.npy", allow_pickle=False)
    if rest == "rows":
        return len(array)
    if rest == "mean_length":
        return np.sqrt((array.astype(np.float64) ** 2).sum(axis=-1)).mean()
    return array[tuple(int(i) for i in rest.rstrip("]").split(","))] if rest else array[()]


def test_every_number_is_the_one_that_trace_writes(small_model, explained, tmp_path):
    video, _, page = explained
    trace = tmp_path / "trace"
    assert (
        main(["trace", str(video), str(trace), "--model", str(small_model), "--frames", "0"]) == 0
    )
    assert len(page.numbers) > 20
    stages = {source.partition("/")[0][:2] for source, _ in page.numbers}
    assert stages == {"02", "03", "04", "05", "06", "07", "08", "09", "10"}
    for source, value in page.numbers:
        np.testing.assert_allclose(value, stored(trace, source), rtol=1e-6, err_msg=source)


def test_nothing_leaves_the_page(explained):
    _, text, page = explained
    assert "default-src &#x27;none&#x27;" in text
    links = {value for _, name, value in page.attributes if name == "href"}
    assert links == {f"#stage{n}" for n in range(1, 11)}


def test_the_pictures_as_files_are_those_of_the_page(small_model, labeled_clips, tmp_path):
    video, folder = labeled_clips.parent / "11.mkv", tmp_path / "new" / "pictures"
    words = ["explain", str(video), "--model", str(small_model), "-o", str(tmp_path / "page.html")]
    assert main([*words, "--pictures", str(folder)]) == 0
    images = Page((tmp_path / "page.html").read_text(encoding="utf-8")).images
    files = sorted(folder.iterdir())
    assert len(files) == len(images) > 5
    assert {"stage1-1.png", "stage2-1.png", "stage3-2.gif"} <= {file.name for file in files}
    shapes = [iio.imread(file).shape for file in files]
    sizes = [shape[len(shape) == 4 :][:2] for shape in shapes]  # an animation has frames
    wanted = [(int(image["height"]), int(image["width"])) for image in images]
    assert sorted(sizes) == sorted(wanted)


def test_every_picture_says_what_it_shows(explained):
    _, text, page = explained
    assert len(page.images) >= 6
    assert all(len(image["alt"]) > 10 for image in page.images)
    drawings = re.findall(r"<svg [^>]*role[^>]*>", text)
    assert len(drawings) >= 10
    assert all(re.search(r'role="img" aria-label="[^"]{10,}"', d) for d in drawings)
    assert len(text) < 8_000_000


def test_all_ten_stages_in_order_with_their_choices(explained):
    _, _, page = explained
    assert page.ids("section") == [f"stage{n}" for n in range(1, 11)]
    for words in ("switch = step", "n_scales = 2", "voting = average", "&Sigma;"):
        assert html.unescape(words) in page.text
    assert page.text.count("with a share of") == 2


@pytest.mark.parametrize(
    ("name", "frames", "words"),
    [
        ("short.mkv", clip("camera shaking", 1, n_frames=15), "15 frames; a trajectory needs 16"),
        ("one.mkv", clip("normal", 1, n_frames=1), "1 frame; a trajectory needs 16"),
    ],
)
def test_a_video_without_an_answer_still_has_a_page(small_model, tmp_path, name, frames, words):
    write_video(tmp_path / name, frames)
    _, page = explain(tmp_path / name, small_model, tmp_path, status=1)
    assert "No answer." in page.text
    assert words in page.text
    assert "with a share of" not in page.text


def test_a_still_scene_has_an_answer(small_model, tmp_path):
    write_video(tmp_path / "still.mkv", np.full((20, 41, 53), 90, np.uint8))
    _, page = explain(tmp_path / "still.mkv", small_model, tmp_path)
    assert "No answer." not in page.text
    assert page.text.count("with a share of 100 %") == 2  # D4


def test_a_model_of_preset_best_answers_as_classify_does(best_model, explained, tmp_path, capsys):
    video, _, plain = explained
    _, page = explain(video, best_model, tmp_path)
    capsys.readouterr()
    assert main(["classify", str(video), "--model", str(best_model), "--json", "--quiet"]) == 0
    row = json.loads(capsys.readouterr().out)
    for task, question in QUESTIONS.items():
        shares = row[task]["confidence"]
        label = row[task]["label"]
        assert f"{question} {label}, with a share of {100 * shares[label]:.0f} %" in page.text
    assert "of preset best" in page.text
    assert "of preset" not in plain.text


def test_one_track(small_model, tmp_path):
    """A small thing that moves: a few trajectories are enough for all ten stages."""
    frames = np.full((17, 37, 47), 60, np.uint8)
    for t, frame in enumerate(frames):
        frame[8:26, 4 + t : 22 + t] = clip("normal", 5, n_frames=1)[0, :18, :18]
    write_video(tmp_path / "few.mkv", frames)
    _, page = explain(tmp_path / "few.mkv", small_model, tmp_path)
    assert page.text.count("with a share of") == 2


def test_a_hostile_name_is_only_text(small_model, labeled_clips, tmp_path):
    name = "<script>alert('x')&\"\x1b[31m.mkv"
    (tmp_path / name).write_bytes((labeled_clips.parent / "00.mkv").read_bytes())
    _, page = explain(tmp_path / name, small_model, tmp_path)
    assert "<script>alert('x')" in page.text


def test_without_a_model_the_page_ends_with_the_descriptors(labeled_clips, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    _, page = explain(labeled_clips.parent / "00.mkv", None, tmp_path)
    assert page.ids("section") == [f"stage{n}" for n in range(1, 5)]
    assert "No model was given" in page.text


def test_what_is_no_video_is_told_and_leaves_no_page(small_model, tmp_path, capsys):
    (tmp_path / "text.mp4").write_text("no video")
    words = ["explain", str(tmp_path / "text.mp4"), "--model", str(small_model)]
    assert main([*words, "-o", str(tmp_path / "page.html")]) == 1
    assert "text.mp4" in capsys.readouterr().err
    assert not (tmp_path / "page.html").exists()


def test_a_damaged_video_is_told_and_with_strict_refused(
    small_model, labeled_clips, tmp_path, capsys
):
    whole = (labeled_clips.parent / "10.mkv").read_bytes()
    (tmp_path / "cut.mkv").write_bytes(whole[: len(whole) * 9 // 10])
    words = ["explain", str(tmp_path / "cut.mkv"), "--model", str(small_model), "--quiet"]
    out = tmp_path / "page.html"
    assert main([*words, "-o", str(out)]) == 0
    assert capsys.readouterr().err.count("warning: ") == 1
    assert "Warning:" in read(out)[1].text
    out.unlink()
    assert main([*words, "-o", str(out), "--strict"]) == 1
    assert "damaged" in capsys.readouterr().err
    assert not out.exists()


def test_quiet_is_quiet(small_model, labeled_clips, tmp_path, capsys):
    words = ["explain", str(labeled_clips.parent / "10.mkv"), "--model", str(small_model)]
    words += ["-o", str(tmp_path / "page.html")]
    assert main(words) == 0
    assert capsys.readouterr().err.startswith("explaining: 1 video")
    assert main([*words, "--quiet"]) == 0  # replacing it is said whatever
    assert capsys.readouterr().err == f"will replace what is there: {tmp_path / 'page.html'}\n"


def test_of_a_folder_each_video_has_a_card_and_a_page(small_model, labeled_clips, tmp_path, capsys):
    folder = tmp_path / "some & more"
    folder.mkdir()
    for name in ("10.mkv", "21.mkv"):
        (folder / name).write_bytes((labeled_clips.parent / name).read_bytes())
    (folder / "no <b>.mkv").write_text("no video")
    out = tmp_path / "all.html"
    words = ["explain", str(folder), "--model", str(small_model), "-o", str(out), "--jobs", "1"]
    assert main(words) == 1
    said = capsys.readouterr()
    assert said.err.count("no <b>.mkv") == 1
    assert f"wrote {out} and 2 pages" in said.out
    _, page = read(out)
    assert page.text.count("in the index") == 2
    links = sorted({value for _, name, value in page.attributes if name == "href"})
    assert links == ["all-pages/0001-10.mkv.html", "all-pages/0002-21.mkv.html"]
    for link in links:
        _, single = read(tmp_path / link)
        assert ("a", "href", "../all.html") in single.attributes
        assert single.ids("section") == [f"stage{n}" for n in range(1, 11)]
    assert main([*words, "--pictures", str(tmp_path / "p")]) == 2
    (tmp_path / "all-pages" / "0007-mine.html").write_text("mine")
    assert main(words) == 1
    said = capsys.readouterr()
    assert f"will replace what is there: {out}\n" in said.err
    assert "all-pages/0001-10.mkv.html and 1 more" in said.err
    assert f"wrote {out} and 2 pages" in said.out
    assert (tmp_path / "all-pages" / "0007-mine.html").read_text() == "mine"


def test_no_page_takes_the_place_of_what_it_is_about(small_model, labeled_clips, tmp_path, capsys):
    video, model = tmp_path / "a.mkv", tmp_path / "m.npz"
    video.write_bytes((labeled_clips.parent / "10.mkv").read_bytes())
    model.write_bytes(small_model.read_bytes())
    for about in ([video], [video, labeled_clips.parent / "21.mkv"], [tmp_path]):
        words = ["explain", *map(str, about), "--model", str(model), "--jobs", "1", "-o"]
        for out in (video, model):
            before = out.read_bytes()
            assert main([*words, str(out)]) == 2
            assert f"{out} would replace what this command works on" in capsys.readouterr().err
            assert out.read_bytes() == before
    assert sorted(tmp_path.iterdir()) == [video, model]


@pytest.mark.parametrize(
    ("out", "why"),
    [
        ("", "'': cannot be written"),
        ("/", "/: cannot be written (it is a folder"),
        ("none/all.html", "make its folder first"),
        ("all.html", "all-pages: cannot be written (File exists); give another place"),
    ],
)
def test_pages_that_cannot_be_written_are_told_first(
    labeled_clips, tmp_path, monkeypatch, capsys, out, why
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "all-pages").write_text("mine")
    videos = [str(labeled_clips.parent / name) for name in ("10.mkv", "21.mkv")]
    assert main(["explain", *videos, "--jobs", "1", "-o", out]) == 3
    told = capsys.readouterr().err
    assert why in told
    assert "explaining" not in told


def test_pictures_of_no_name_are_refused(labeled_clips, capsys):
    assert main(["explain", str(labeled_clips.parent / "10.mkv"), "--pictures", ""]) == 3
    assert "'': cannot be written" in capsys.readouterr().err


def test_a_worker_that_dies_on_a_video_costs_its_page_alone(small_model, labeled_clips, tmp_path):
    card = functools.partial(
        explain_card, back="../all.html",
        work=functools.partial(explain_one, config=PRESETS["small"], near=[]),
    )  # fmt: skip
    found = workers.without(card, (str(labeled_clips.parent / "10.mkv"), tmp_path / "a"), "died")
    assert (found.link, found.note) == ("", f"{labeled_clips.parent / '10.mkv'}: died")
