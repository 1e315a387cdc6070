"""Figure 1 on tiny clips: training and answering as a whole, and how bad input ends."""

import dataclasses
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from clips import clip

from lsfref import model, pipeline
from lsfref.app.lists.manifest import read_labels
from lsfref.config import PRESETS
from lsfref.errors import LsfrefError
from lsfref.media.writer import write_video
from lsfref.phases import extraction, testing
from lsfref.phases.extraction import Work

SMALL = dataclasses.replace(PRESETS["small"], epochs=6, n_samples=3000, n_scales=2)


@pytest.fixture(scope="module")
def kept():
    """An extraction that remembers: each clip is worked out once for all tests here."""
    blocks = {}

    def extract(path, config):
        key = (path, config.dtype, config.flow, config.n_scales)
        if key not in blocks:
            found = extraction.extract(path, config)
            blocks[key] = (list(found), found.n_frames)
        stored, n_frames = blocks[key]
        return extraction.Extraction(iter(stored), n_frames)

    return extract


@pytest.fixture(scope="module")
def manifest(labeled_clips):
    return read_labels(labeled_clips)


def fit(manifest, kept, config=SMALL, **rest):
    work = Work(kept, **rest)
    return pipeline.train(manifest.videos, config, classes=manifest.classes, work=work)


@pytest.fixture(scope="module")
def fitted(manifest, kept):
    return fit(manifest, kept)


def test_a_model_knows_its_own_videos(manifest, kept, fitted):
    assert fitted.skipped == []
    right = 0
    for video in manifest.videos:
        answer = pipeline.classify(video.path, fitted.model, extract=kept)
        assert answer.error is None
        assert answer.frames == 19
        assert answer.points > 0
        for task in ("background", "foreground"):
            shares = answer.confidence[task]
            assert list(shares) == list(manifest.classes[task])
            assert sum(shares.values()) == pytest.approx(1, abs=1e-12)
            assert shares[answer.labels[task]] == max(shares.values())
        right += answer.labels["background"] == video.background
    assert right >= 7  # of 9; chance is 3


def test_the_same_seed_gives_the_same_bytes_in_any_order_and_on_any_executor(
    manifest, kept, fitted, tmp_path
):
    shuffled = manifest._replace(videos=manifest.videos[::-1])
    with ThreadPoolExecutor(2) as threads:
        again = fit(shuffled, kept, each=lambda stage, *tasks: threads.map(*tasks))
    for name, one in (("a", fitted.model), ("b", again.model)):
        model.save(one, tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_another_seed_gives_another_model(manifest, kept, fitted):
    other = fit(manifest, kept, dataclasses.replace(SMALL, seed=1))
    assert not np.array_equal(other.model.pooled_ME, fitted.model.pooled_ME)


@pytest.mark.parametrize(
    "changes",
    [
        {"voting": "table"},
        {"voting": "weighted"},
        {"voting": "stacked"},
        {"select_by": "background"},
        {"switch": "epoch"},
        {"switch": "both"},
        {"optimizer": "sgd", "input_scaling": "none"},
        {"input_scaling": "unit"},
        {"balance": "class", "n_samples": 500},
        {"hidden": (31, 17)},
        {"k_rule": "fixed"},
        {"dtype": "float64"},
    ],
)
def test_every_option_runs_end_to_end(manifest, kept, changes):
    trained = fit(manifest, kept, dataclasses.replace(SMALL, epochs=2, **changes))
    answer = pipeline.classify(manifest.videos[0].path, trained.model, extract=kept)
    for shares in answer.confidence.values():
        assert sum(shares.values()) == pytest.approx(1, abs=1e-12)


def test_too_many_neighbors_and_hopeless_classes_are_told(manifest, kept):
    trained = fit(manifest, kept, dataclasses.replace(SMALL, epochs=1, k_rule="fixed"))
    told = "\n".join(trained.warnings)
    assert "background: K = 75 exceeds the 9 indexed videos" in told
    trained = fit(
        manifest, kept, dataclasses.replace(SMALL, k_rule="fixed", n_neighbors=9, epochs=1)
    )
    assert "K = 9 neighbors of 9 videos is more than a tenth" in "\n".join(trained.warnings)


def test_unlabeled_videos_are_left_out_of_the_task_that_lacks_them(manifest, kept):
    videos = [v._replace(foreground=None) if i < 2 else v for i, v in enumerate(manifest.videos)]
    trained = fit(manifest._replace(videos=videos), kept, dataclasses.replace(SMALL, epochs=1))
    assert len(trained.model.tasks["background"].rows_m) == 9
    assert trained.model.tasks["foreground"].rows_m.tolist() == list(range(2, 9))


def test_background_labels_alone_give_one_task(manifest, kept):
    videos = [v._replace(foreground=None) for v in manifest.videos]
    alone = manifest._replace(videos=videos)
    assert alone.classes["foreground"] == ()
    trained = fit(alone, kept, dataclasses.replace(SMALL, epochs=1))
    answer = pipeline.classify(videos[0].path, trained.model, extract=kept)
    assert answer.labels["foreground"] is None
    assert answer.labels["background"] is not None


def test_one_bad_clip_is_skipped_and_named(manifest, kept, tmp_path):
    text = tmp_path / "text.mp4"
    text.write_text("no video")
    bad = model.LabeledVideo("text.mp4", str(text), "normal", "none")
    config = dataclasses.replace(SMALL, epochs=1)
    trained = fit(manifest._replace(videos=[*manifest.videos, bad]), kept, config)
    assert len(trained.model.files) == 9
    assert len(trained.skipped) == 1
    assert "text.mp4" in trained.skipped[0]


def test_a_class_that_loses_its_videos_stops_training(manifest, kept, tmp_path):
    text = tmp_path / "text.mp4"
    text.write_text("no video")
    videos = [
        v._replace(path=str(text)) if v.background == "normal" else v for v in manifest.videos
    ]
    with pytest.raises(LsfrefError, match=r"no usable video of class 'normal' is left.*text\.mp4"):
        fit(manifest._replace(videos=videos), kept)


def test_one_class_and_no_labels_are_errors(manifest, kept):
    shaking = [v for v in manifest.videos if v.background == "camera shaking"]
    classes = {"background": ("camera shaking",), "foreground": ("none", "human")}
    with pytest.raises(LsfrefError, match="only the class 'camera shaking'"):
        pipeline.train(shaking, SMALL, classes=classes, work=Work(kept))
    with pytest.raises(LsfrefError, match="no background labels"):
        pipeline.train(shaking, SMALL, classes=classes | {"background": ()}, work=Work(kept))


@pytest.mark.parametrize(
    ("frames", "words"),
    [
        (clip("camera shaking", 1, n_frames=15), "15 frames; a trajectory needs 16"),
        (clip("camera shaking", 1)[:, :31], "32"),
    ],
    ids=["short", "tiny"],
)
def test_clips_without_an_answer_say_why(fitted, tmp_path, frames, words):
    path = tmp_path / "odd.mkv"
    write_video(path, frames)
    answer = pipeline.classify(path, fitted.model)
    assert answer.labels == {"background": None, "foreground": None}
    assert answer.points == 0
    assert words in answer.error
    assert "odd.mkv" in answer.error


@pytest.mark.parametrize(
    "frames",
    [np.repeat(clip("normal", 1, n_frames=1), 20, axis=0), np.full((20, 41, 53), 90, np.uint8)],
    ids=["still", "blank"],
)
def test_no_track_is_an_answer(fitted, tmp_path, frames):
    """D4: `normal` and `none` where there are such classes, else what is nearest to the zero code;
    an error as before where more trajectories are wanted."""
    path, system = tmp_path / "still.mkv", fitted.model
    write_video(path, frames)
    answer = pipeline.classify(path, system)
    assert (answer.points, answer.frames, answer.error) == (0, 20, None)
    assert answer.labels == {"background": "normal", "foreground": "none"}
    assert answer.confidence["background"]["normal"] == 1
    assert answer.warnings == (f"{path}: 0 trajectories; taken for a still scene",)
    pooled, hits = pipeline.retrieve(path, system, task="background", top=3)
    assert pooled.error is None
    assert len(hits) == 3
    renamed = {t: dataclasses.replace(task, classes=tuple(f"x{c}" for c in task.classes))
               for t, task in system.tasks.items()}  # fmt: skip
    other = dataclasses.replace(system, tasks=renamed)
    zeros_ME = np.zeros((1, system.config.n_code))
    wanted = testing.votes_of(other.tasks["background"], zeros_ME, other.config)
    answer = pipeline.classify(path, other)
    assert [*answer.confidence["background"].values()] == wanted.confidence_MC[0].tolist()
    strict = dataclasses.replace(system, config=dataclasses.replace(system.config, min_points=2))
    answer = pipeline.classify(path, strict)
    assert "no trajectories" in answer.error
    assert answer.labels == {"background": None, "foreground": None}


def test_a_missing_file_says_so(fitted, tmp_path):
    answer = pipeline.classify(tmp_path / "absent.mp4", fitted.model)
    assert "absent.mp4" in answer.error
    assert answer.confidence == {}
