"""Every setting is held: another value of it gives another model, another answer or a refusal.

One setting is changed at a time, and nothing else. Of a choice among names every value must give a
result of its own, so that none can be ignored, fixed, or taken for another.
"""

import dataclasses
import functools
import hashlib
import importlib
import inspect
import itertools
import pkgutil

import numpy as np
import pytest
from clips import texture
from fakes import CLASSES, FakeExtract, ask, videos
from fakes_best import fake_pictures

import lsfref
from lsfref import model, pipeline
from lsfref.app.work.cache import EXTRACTION_FIELDS
from lsfref.config import Config
from lsfref.media.writer import write_video
from lsfref.phases import extraction, passes
from lsfref.phases.extraction import Work
from lsfref.study.best import preset as best
from lsfref.study.best.choices import Choices

# Small enough for a test, and such that every setting has something to decide: fewer samples than
# rows, several minibatches, more votes than one.
BASE = Config(
    n_samples=211, epochs=3, hidden=(11,), n_code=7, batch_size=53, n_projections=5, n_neighbors=4
)
OTHER = {  # of the settings that are numbers, a value beside that of BASE
    "n_samples": 197, "hidden": (13,), "n_code": 8, "epochs": 4, "batch_size": 47,
    "lr_ae": 2e-3, "lr_mlp": 2e-2, "top_percent": 30.0, "n_projections": 6, "n_neighbors": 3,
    "min_points": 20, "seed": 1,
    "max_side": 57, "enlarge": 2, "max_frames": 17, "max_pixels": 4000, "n_scales": 1,
}  # fmt: skip
WHERE = {  # what must differ, where it is not what phase 1 learns
    "top_percent": "tasks", "n_projections": "tasks", "select_by": "tasks",
    "k_rule": "answers", "n_neighbors": "answers", "voting": "answers",
    "min_points": "skipped",
}  # fmt: skip
BEST_OTHER = {
    "gamma": 0.4, "gamma_few": 0.7, "cost": 3.0, "limit": 1.0, "changes": 0.3,
    "statistics": 0.3, "people": 0.3,
}  # fmt: skip


def fields(settings):
    return {field.name: field for field in dataclasses.fields(settings)}


def variants(settings, name, others):
    """Return `settings` with each value of a field: all names, or the number and one beside it."""
    named = fields(settings)[name].metadata["values"]
    values = named or (getattr(settings, name), others[name])
    return [dataclasses.replace(settings, **{name: value}) for value in values]


def digest(*arrays):
    return hashlib.sha256(b"".join(np.ascontiguousarray(a).tobytes() for a in arrays)).hexdigest()


def assert_all_differ(results):
    for one, other in itertools.combinations(results, 2):
        assert one != other


SIZES = {video.name: 11 + 7 * i % 31 for i, video in enumerate(videos())}
EXTRACT = FakeExtract(strength=0.5, sizes=SIZES)
ASKED = ("rain-human-31-x.mp4", "normal-none-37-x.mp4", "tree waving-none-41-x.mp4")


@functools.cache
def outcome(config):
    """What a fit and its answers amount to: digests of the network and of the tasks, and texts."""
    trained = pipeline.train(videos(), config, classes=CLASSES, work=Work(EXTRACT))
    fitted = trained.model
    arrays = model.to_arrays(fitted)
    network = [arrays[key] for key in arrays if key.startswith(("network.", "scaling."))]
    tasks = [arrays[key] for key in arrays if key.startswith(("background.", "foreground."))]
    answers = [repr(pipeline.classify(name, fitted, extract=EXTRACT)) for name in ASKED]
    return {
        "network": digest(*network),
        "tasks": digest(*tasks),
        "answers": answers,
        "skipped": trained.skipped,
    }


@pytest.mark.parametrize("name", [n for n in fields(Config) if n not in EXTRACTION_FIELDS])
def test_every_setting_of_training_and_testing_decides(name):
    where = WHERE.get(name, "network")
    results = [outcome(config) for config in variants(BASE, name, OTHER)]
    assert_all_differ([result[where] for result in results])
    if where in ("tasks", "answers"):  # and nothing before it moves
        assert len({result["network"] for result in results}) == 1
    if where == "answers":
        assert len({result["tasks"] for result in results}) == 1


@pytest.mark.parametrize("name", ["optimizer", "switch"])
def test_both_learning_rates_count_with_every_optimizer_and_switch(name):
    for config in variants(BASE, name, OTHER):
        both = [dataclasses.replace(config, lr_ae=2e-3), dataclasses.replace(config, lr_mlp=2e-2)]
        assert_all_differ([outcome(c)["network"] for c in (config, *both)])


def test_the_least_number_of_trajectories_is_enough():
    """min_points of exactly what a video has accepts it; one more does not (D1)."""
    fitted = pipeline.train(videos(), BASE, classes=CLASSES, work=Work(EXTRACT)).model
    for least, error in ((23, None), (24, "only 23 trajectories")):
        config = dataclasses.replace(BASE, min_points=least)
        answer = pipeline.classify(
            ASKED[0], dataclasses.replace(fitted, config=config), extract=EXTRACT
        )
        assert answer.points == 23
        assert (answer.error is None) == (error is None)
        assert (error or "") in (answer.error or "")


# Stages 1 to 4


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    """A clip that a camera pans over, 61 x 71 px: two scales, corners enough for a homography.

    The same with each frame twice, and faint above a stamp on a black box.
    """
    picture = texture(7, (120, 130))
    rng = np.random.default_rng(3)
    frames = []
    for t in range(19):
        frame = picture[10 + t // 2 : 71 + t // 2, 2 * t : 71 + 2 * t].copy()
        frame[20:40, 50 - 2 * t : 66 - 2 * t] = picture[80:100, 60:76]
        frames.append(frame + rng.normal(0, 1, frame.shape))
    panned = np.clip(np.rint(frames), 0, 255).astype(np.uint8)
    stamp_HW = np.zeros((22, 71), np.uint8)  # white strokes on black, beside a faint picture
    stamp_HW[6:16, 4:67:7] = stamp_HW[10, 4:67] = 255
    stamped = np.concatenate([100 + panned // 16, np.repeat(stamp_HW[None], 19, axis=0)], axis=1)
    made = {"panned": panned, "repeats": np.repeat(panned, 2, axis=0), "borders": stamped}
    folder = tmp_path_factory.mktemp("clips")
    for name, frames_FHW in made.items():
        write_video(folder / f"{name}.mkv", frames_FHW)
    return {name: folder / f"{name}.mkv" for name in made}


@functools.cache
def trajectories(path, config):
    survey = passes.survey(path, config=config)
    if survey.error:
        return survey.error
    blocks = list(extraction.extract(path, config))
    return survey.n_frames, digest(*(part for block in blocks for part in block))


@pytest.mark.parametrize("name", EXTRACTION_FIELDS)
def test_every_setting_of_extraction_decides(clips, name):
    path = clips.get(name, clips["panned"])
    base = Config(max_side=400) if name == "enlarge" else Config()
    results = [trajectories(path, config) for config in variants(base, name, OTHER)]
    assert_all_differ(results)
    assert not isinstance(results[0], str), results[0]
    if name == "max_frames":
        assert results[1][0] == 17
    if name == "max_pixels":
        assert "4000" in results[1].replace(",", "") or "pixels" in results[1]


# Preset best

CONFIG = dataclasses.replace(BASE, n_samples=97, epochs=1)
STILL = "rain-none-2-None.mp4"  # without trajectories


@functools.cache
def best_outcome(choices):
    """The weights and vectors that a fit leaves, what it skips, and its answers."""
    extract = FakeExtract(strength=0.5, sizes={STILL: 0})
    with fake_pictures():
        work = Work(extract)
        trained = best.train(videos(), CONFIG, choices, classes=CLASSES, work=work)
        answerer = best.answerer(trained.model)
        answers = [repr(ask(answerer, name, extract=extract)) for name in ASKED]
    return digest(*trained.model.extras.arrays.values()), trained.skipped, answers


@pytest.mark.parametrize("name", fields(Choices))
def test_every_choice_of_preset_best_decides(name):
    results = [best_outcome(choices) for choices in variants(Choices(), name, BEST_OTHER)]
    assert_all_differ([answers for _arrays, _skipped, answers in results])
    if name == "trackless":
        assert [len(skipped) for _arrays, skipped, _answers in results] == [0, 1]


def test_what_is_left_out_is_preset_paper():
    """A parameter with the name of a setting and a default of its own has that of Config."""
    wanted = {name: field.default for name, field in fields(Config).items()}
    found = {}
    for module in pkgutil.walk_packages(lsfref.__path__, "lsfref."):
        for part in vars(importlib.import_module(module.name)).values():
            if inspect.isfunction(part) and part.__module__ == module.name:
                for name, parameter in inspect.signature(part).parameters.items():
                    if name in wanted and parameter.default is not parameter.empty:
                        found[f"{module.name}.{part.__name__}", name] = parameter.default
    assert found == {(function, name): wanted[name] for function, name in found}
    assert len(found) > 9


def test_every_setting_is_tried():
    named = {name for name, field in fields(Config).items() if field.metadata["values"]}
    assert set(OTHER) | named == set(fields(Config))
    named = {name for name, field in fields(Choices).items() if field.metadata["values"]}
    assert set(BEST_OTHER) | named == set(fields(Choices))
