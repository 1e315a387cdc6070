"""A model fitted to the tiny clips, for all tests that want one: paper's, and preset `best`."""

import pytest
from clips import BRIEF

from lsfref.app.cli import main

QUICK = ["--no-estimate", "--quiet"]
for _setting in ("epochs=3", "n_samples=1500", "n_scales=2"):
    QUICK += ["--set", _setting]


@pytest.fixture(autouse=True, scope="module")
def small_pictures():
    """People are looked for in smaller pictures: tiny clips are not enlarged twelve times."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("lsfref.study.best.people.SIDE", 256)
        yield


def fit(labels, folder, preset):
    words = ["--labels", str(labels), "--jobs", "1", "--cache", str(folder / "cache")]
    assert (
        main(["train", *words, *QUICK, "--preset", preset, "--model", str(folder / "m.npz")]) == 0
    )
    return folder / "m.npz"


@pytest.fixture(scope="session")
def cache(tmp_path_factory):
    return str(tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="session")
def trained(labeled_clips, cache, tmp_path_factory):
    """A model with its estimate, as `train` leaves it."""
    path = tmp_path_factory.mktemp("model") / "m.npz"
    words = ["--labels", str(labeled_clips), "--model", str(path), "--jobs", "1"]
    assert main(["train", *words, "--cache", cache, *BRIEF]) == 0
    return path


@pytest.fixture(scope="session")
def small_model(labeled_clips, tmp_path_factory):
    return fit(labeled_clips, tmp_path_factory.mktemp("small"), "small")


@pytest.fixture(scope="session")
def best_model(labeled_clips, tmp_path_factory):
    return fit(labeled_clips, tmp_path_factory.mktemp("best"), "best")


@pytest.fixture(scope="session")
def stories(labeled_clips, small_model):
    """The stories of clip 10: without a model, and with one."""
    from lsfref.app.page.story import gather
    from lsfref.model import load

    fitted, path = load(small_model), str(labeled_clips.parent / "10.mkv")
    return gather(path, fitted.config), gather(path, fitted.config, fitted)
