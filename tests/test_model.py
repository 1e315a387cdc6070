"""The model file: the same bytes for the same model, and nothing believed that was not checked."""

import contextlib
import dataclasses
import io
import json
import pickle
import zipfile

import numpy as np
import pytest
from tests_model import CONFIG, FILES, make, npz_bytes

from lsfref import model
from lsfref.config import Config
from lsfref.errors import ModelError
from lsfref.phases import phase2
from lsfref.storage import npz


@pytest.fixture
def path(tmp_path):
    model.save(make(), tmp_path / "model.npz")
    return tmp_path / "model.npz"


@pytest.mark.parametrize(
    "config",
    [
        CONFIG,
        Config(hidden=(), n_code=13, epochs=1),
        Config(hidden=(5, 3), epochs=3, dtype="float32", input_scaling="zscore"),
    ],
)
def test_save_load_save_gives_the_same_bytes(tmp_path, config):
    one = make(config)
    if config.epochs != 3:
        one = model.dataclasses.replace(
            one, network=model.Network(one.network.encoder, np.zeros(1), np.zeros(1))
        )
    model.save(one, tmp_path / "a")
    loaded = model.load(tmp_path / "a")
    model.save(loaded, tmp_path / "b")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert loaded.config == config
    for key, array in model.to_arrays(one).items():
        np.testing.assert_array_equal(array, model.to_arrays(loaded)[key])


def test_numpy_opens_it_without_pickles(path):
    with np.load(path, allow_pickle=False) as arrays:
        about = json.loads(arrays["json"].tobytes())
        assert about["format"] == model.FORMAT == 3
        assert list(about) == sorted(about)
        assert about["classes"]["foreground"] == ["none", "human"]
        assert arrays["pooled_ME"].shape == (5, 11)


def test_the_digest_is_of_the_training_list():
    one = make()
    assert model.dataclasses.replace(one, files=("x", *FILES[1:])).digest != one.digest
    assert model.dataclasses.replace(one, pooled_ME=one.pooled_ME + 1).digest == one.digest


def rewrite(path, change):
    """Store the model again with its arrays changed."""
    with zipfile.ZipFile(path) as archive:
        names = npz.headers(archive, path.stat().st_size)
        arrays = {name: npz.read_member(archive, name) for name in names}
    change(arrays)
    path.write_bytes(npz_bytes(arrays))


def edit(arrays, **values):
    about = json.loads(arrays["json"].tobytes())
    for key, value in values.items():
        at = about
        *above, last = key.split("__")
        for name in above:
            at = at[name]
        at[last] = value
    arrays["json"] = npz.to_bytes(json.dumps(about))


def put(name, index, value):
    def change(arrays):
        arrays[name][index] = value

    return change


FAULTS = {
    "member missing": (lambda a: a.pop("pooled_ME"), "pooled_ME"),
    "member added": (lambda a: a.update(extra=np.zeros(3)), "extra"),
    "no json": (lambda a: a.pop("json"), "no description"),
    "not json": (lambda a: a.update(json=npz.to_bytes("{")), "damaged"),
    "json of a list": (lambda a: a.update(json=npz.to_bytes("[]")), "damaged"),
    "shape": (lambda a: a.update(pooled_ME=a["pooled_ME"][:4]), "pooled_ME"),
    "swapped axes": (lambda a: a.update(pooled_ME=a["pooled_ME"].T.copy()), "pooled_ME"),
    "type": (lambda a: a.update(pooled_ME=a["pooled_ME"].astype("f4")), "pooled_ME"),
    "nan": (put("pooled_ME", (0, 0), np.nan), "holds what no fit gives"),
    "nan weight": (put("network.weights_1", (0, 0), np.nan), "holds what no fit gives"),
    "infinite hash": (put("background.hashes_CmN", (0, 0, 0), np.inf), "holds what no fit gives"),
    "nan score": (put("background.scores_E", 0, np.nan), "holds what no fit gives"),
    "label": (put("background.labels_m", 0, 3), "labels_m"),
    "negative label": (put("foreground.labels_m", 0, -1), "labels_m"),
    "row": (put("foreground.rows_m", 0, 5), "rows_m"),
    "feature": (put("foreground.selected_Q", 0, 11), "selected_Q"),
    "feature twice": (put("foreground.selected_Q", slice(None), 1), "selected_Q"),
    "zero scale": (put("scaling.scale_D", 0, 0.0), "scale_D"),
    "files": (lambda a: edit(a, files=["x", *FILES[1:]]), "training videos"),
    "fewer files": (lambda a: edit(a, files=list(FILES[1:])), "points_M"),
    "format": (
        lambda a: edit(a, format=1),
        "another version .format 1.",
    ),
    "unknown config": (lambda a: edit(a, config={"epochs": 3}), "configuration"),
    "config value": (lambda a: edit(a, config__flow="magic"), "flow"),
    "config type": (lambda a: edit(a, config__epochs="3"), "epochs"),
    "huge config": (lambda a: edit(a, config__n_code=10**12), "network"),
    "unknown task": (lambda a: edit(a, classes__weather=["a", "b"]), "damaged"),
    "version": (lambda a: edit(a, versions__numpy=float("nan")), "names is none"),
    "class names": (lambda a: edit(a, classes__background=["normal", 1, "snow"]), "names"),
    "class twice": (lambda a: edit(a, classes__background=["rain", "rain", "snow"]), "names"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_does_not_fit_is_refused_with_the_files_name(path, fault):
    change, why = FAULTS[fault]
    rewrite(path, change)
    with pytest.raises(ModelError, match=why) as raised:
        model.load(path)
    assert str(path) in str(raised.value)
    assert "\n" not in str(raised.value)


LIMITS = {  # what is just within, and what is beyond; a fit is far from any of them
    "network.weights_1": ([-1e4, 1e4], [-1.01e4, 1.01e4, np.nan]),
    "scaling.mean_D": ([-1e6, 1e6], [-1.01e6, 1.01e6]),
    "scaling.scale_D": ([1e-12, 1e6], [-1.0, 0.0, 0.99e-12, 1.01e6]),
    "reconstruction_curve": ([0, 1e30], [-1e-9, 1.01e30]),
    "points_M": ([0, 2**53], [-1, 2**53 + 1]),  # of a still video there are none
    "pooled_ME": ([-1e12, 1e12], [-1.01e12, 1.01e12]),
    "background.scores_E": ([0, 1e300, np.inf], [-1e-9, np.nan]),
    "background.directions_CNQ": ([-40, 40], [-40.1, 40.1]),
    "background.hashes_CmN": ([-1e18, 1e18], [-1.01e18, 1.01e18, np.inf]),
    "extras.moments_MV": ([-1.7e308, 1.7e308], [-1.71e308, 1.71e308, np.inf]),
}


@pytest.mark.parametrize("name", LIMITS)
def test_numbers_are_believed_up_to_a_limit(name):
    for values, fine in zip(LIMITS[name], (True, False), strict=True):
        for value in values:
            refused = pytest.raises(ValueError, match=f"{name} holds what no fit gives")
            with contextlib.nullcontext() if fine else refused:
                npz.check_ranges({name: np.array([value])}, model.RANGES)


def test_what_is_fitted_cannot_be_changed_by_name():
    made = make()
    for part in (made, made.network.encoder, made.tasks["background"]):
        for name in vars(part):
            with pytest.raises(dataclasses.FrozenInstanceError):
                setattr(part, name, None)
    task = made.tasks["background"]  # and what is prepared of one is not taken for another's
    assert len({task, dataclasses.replace(task)}) == 2


def test_a_feature_that_tells_all_classes_apart_has_an_endless_score_and_comes_back(tmp_path):
    """F2: nothing varies within a class."""
    made = make()
    pooled_ME = made.pooled_ME.copy()
    pooled_ME[:, 0] = [0, 1, 2, 1, 0]  # the background
    tasks = {}
    for name, old in made.tasks.items():
        labels_M = np.full(len(FILES), -1)
        labels_M[old.rows_m] = old.labels_m
        rng = np.random.default_rng(0)
        tasks[name] = phase2.fit_task(pooled_ME, labels_M, old.classes, CONFIG, rng=rng)
    assert tasks["background"].scores_E[0] == np.inf
    model.save(dataclasses.replace(made, pooled_ME=pooled_ME, tasks=tasks), tmp_path / "m.npz")
    found = model.load(tmp_path / "m.npz").tasks["background"]
    np.testing.assert_array_equal(found.scores_E, tasks["background"].scores_E)


def test_a_video_without_trajectories_may_be_in_a_model(tmp_path):
    """As preset best keeps them."""
    still = dataclasses.replace(make(), points_M=np.array([5, 0, 11, 13, 17]))
    model.save(still, tmp_path / "m.npz")
    np.testing.assert_array_equal(model.load(tmp_path / "m.npz").points_M, still.points_M)


def test_a_long_reason_is_cut_after_200_letters(path):
    rewrite(path, lambda arrays: arrays.update({"x" * 300: np.zeros(3)}))
    with pytest.raises(ModelError) as raised:
        model.load(path)
    assert f"(member '{'x' * 192});" in str(raised.value)


class Canary:
    """Unpickled, it would leave a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (self.path, "w"))


@pytest.mark.parametrize("kind", ["text", "empty", "pickle", "object array", "bomb", "zeros"])
def test_files_that_are_no_models(tmp_path, kind):
    path, canary = tmp_path / "model.npz", tmp_path / "canary"
    buffer = io.BytesIO()
    if kind == "text":
        buffer.write(b"hello")
    elif kind == "pickle":
        pickle.dump(Canary(str(canary)), buffer)
    elif kind == "object array":
        np.savez(buffer, json=np.array([Canary(str(canary))], dtype=object))
    elif kind == "bomb":
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("json.npy", bytes(50_000_000))
    elif kind == "zeros":
        buffer.write(bytes(1000))
    path.write_bytes(buffer.getvalue())
    with pytest.raises(ModelError, match=r"model\.npz"):
        model.load(path)
    assert not canary.exists()


def test_a_missing_model_and_a_folder(tmp_path):
    with pytest.raises(ModelError, match="no such model"):
        model.load(tmp_path / "absent.npz")
    with pytest.raises(ModelError, match="not a regular file"):
        model.load(tmp_path)


def test_a_failed_write_leaves_the_old_model(path, monkeypatch):
    before = path.read_bytes()
    monkeypatch.setattr(npz, "write", lambda *_: (_ for _ in ()).throw(OSError(28, "No space")))
    with pytest.raises(OSError, match=r"No space|cannot be written"):
        model.save(make(), path)
    assert path.read_bytes() == before
    assert [p.name for p in path.parent.iterdir()] == ["model.npz"]


@pytest.mark.parametrize(
    "extras",
    [
        None,
        1,
        "x",
        [],
        {},
        {"kind": "best", "choices": [1], "shapes": {}},
        {"kind": "best", "choices": {}, "shapes": []},
        {"kind": "best", "choices": {}, "shapes": {"moments_MV": 5}},
        {"kind": "best", "choices": {}, "shapes": {"moments_MV": [-1]}},
        {"kind": "best", "choices": {}, "shapes": {"moments_MV": [10**12, 10**6]}},
        {"kind": "best", "choices": {}, "shapes": {"../x": [1]}},
    ],
)
def test_extras_that_are_none_are_refused(tmp_path, extras):
    added = model.Extras("best", {}, {"moments_MV": np.ones((2, 3))})
    arrays = model.to_arrays(dataclasses.replace(make(), extras=added))
    about = json.loads(arrays["json"].tobytes())
    arrays["json"] = npz.to_bytes(json.dumps(about | {"extras": extras}))
    with open(tmp_path / "m.npz", "wb") as file:
        np.savez(file, **arrays)
    with pytest.raises(ModelError, match=r"m\.npz"):
        model.load(tmp_path / "m.npz")
    about["extras"]["shapes"] = {"moments_MV": [2, 3]}  # as it was
    arrays["json"] = npz.to_bytes(json.dumps(about))
    for number, fine in ((1.0, True), (np.nan, False)):
        arrays["extras.moments_MV"] = np.full((2, 3), number)
        with open(tmp_path / "m.npz", "wb") as file:
            np.savez(file, **arrays)
        with contextlib.nullcontext() if fine else pytest.raises(ModelError):
            model.load(tmp_path / "m.npz")


ESTIMATE = {
    "accuracy": 0.75, "majority": 0.5, "majority_class": "rain", "recall_mean": 0.625,
    "interval": [0.25, 1.0], "threshold": None, "coverage": None, "videos": 5,
    "sources": {"rain": 2}, "by_group": True, "drawn": False,
}  # fmt: skip


@pytest.mark.parametrize(
    "more", [{}, {"threshold": 0.5, "coverage": 1.0}, {"sources": {"rain": 0, "snow": 3}}]
)
def test_an_estimate_comes_back(tmp_path, more):
    estimate = {"background": ESTIMATE | more}
    model.save(dataclasses.replace(make(), estimate=estimate), tmp_path / "m.npz")
    assert model.load(tmp_path / "m.npz").estimate == estimate


@pytest.mark.parametrize("odd", [{"threshold": 1.5}, {"accuracy": -0.1}, {"videos": -1}])
def test_an_odd_estimate_is_refused(tmp_path, odd):
    estimate = {"background": ESTIMATE | odd}
    model.save(dataclasses.replace(make(), estimate=estimate), tmp_path / "m.npz")
    with pytest.raises(ModelError, match="estimate"):
        model.load(tmp_path / "m.npz")
