"""Training that was interrupted: the same bits, whatever lies where its state is kept."""

import dataclasses
import json
import zipfile

import numpy as np
import pytest

from lsfref.app.work.resuming import ENDING, Keeper
from lsfref.config import Config
from lsfref.phases import phase1
from lsfref.phases.extraction import Work
from lsfref.storage import npz

CONFIG = Config(
    hidden=(7,), n_code=5, epochs=12, batch_size=17, input_scaling="zscore", optimizer="adam"
)


class Stop(Exception):
    pass


def fit(keeper, config=CONFIG, *, stop=99, labels=0):
    """Phase 1, ended by Stop after so many passes; what it reported."""
    rng = np.random.default_rng(0)
    rows_PD, labels_P = rng.normal(1, 2, (53, 13)), rng.integers(0, 3, 53)
    labels_P[:labels] = 0
    said = []

    def resume(*training):
        state, keep = keeper.resume(*training) if keeper else (None, None)
        said.append(len(state.curves[0]) if state else 0)

        def after(state):
            said.append(len(state.curves[0]))
            if said[-1] == stop:
                raise Stop
            if keep:
                keep(state)

        return state, after

    work = Work(resume=resume)
    network, _ = phase1.fit_network(rows_PD, labels_P, config, n_classes=3, work=work)
    return network, said


def bits(network):
    parameters = network.encoder.parameters.values()
    return [a.tobytes() for a in (*parameters, *network[1:])]


@pytest.fixture
def told():
    return []


@pytest.fixture
def keeper(tmp_path, told):
    return Keeper(tmp_path / "model.npz", told.append)


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize(("stop", "kept"), [(3, 0), (5, 0), (6, 5), (9, 5), (11, 10)])
def test_it_goes_on_with_the_same_bits(keeper, told, stop, kept, optimizer):
    """A state is kept every fifth pass, once it was reported."""
    config = dataclasses.replace(CONFIG, optimizer=optimizer)
    whole, _ = fit(None, config)
    with pytest.raises(Stop):
        fit(keeper, config, stop=stop)
    again, said = fit(keeper, config)
    assert said == list(range(kept, 13))
    assert bits(again) == bits(whole)
    assert len(told) == bool(kept)
    assert not kept or f"goes on after pass {kept} of 12" in told[0]
    assert keeper.path.exists()
    _, said = fit(keeper, config)
    assert said == [12]  # what follows phase 1 was interrupted
    keeper.remove()
    assert not keeper.path.exists()
    keeper.remove()


@pytest.mark.parametrize("change", [{"seed": 4}, {"lr_ae": 0.01}, {"epochs": 13}, {"labels": 3}])
def test_another_training_begins_anew(keeper, told, change):
    fit(keeper)
    labels = change.pop("labels", 0)
    config = dataclasses.replace(CONFIG, **change)
    network, said = fit(keeper, config, labels=labels)
    assert said[0] == 0
    assert told == []
    assert bits(network) == bits(fit(None, config, labels=labels)[0])


def rewrite(path, change):
    """Write a state again after change(about, arrays), with a digest that fits."""
    with zipfile.ZipFile(path) as archive:
        names = [m.filename.removesuffix(".npy") for m in archive.infolist()]
        arrays = {name: npz.read_member(archive, name) for name in names}
    about = json.loads(arrays.pop("json").tobytes())
    change(about, arrays)
    about["content"] = npz.digest(arrays | {"n": np.array(about["n_steps"])})
    with open(path, "wb") as file:
        npz.write(file, {"json": npz.to_bytes(json.dumps(about)), **arrays})


def shorter(about, arrays):
    arrays["network.weights_1"] = arrays["network.weights_1"][:-1]


def single(about, arrays):
    arrays["0.mean.weights_1"] = arrays["0.mean.weights_1"].astype("f4")


def too_long(about, arrays):
    arrays["curves_2F"] = np.ones((2, 13))


def none_done(about, arrays):
    arrays["curves_2F"] = np.ones((2, 0))


def one_lost(about, arrays):
    del arrays["network.encoder_bias_2"]


def one_more(about, arrays):
    arrays["1.mean.other"] = np.ones(3)


def no_steps(about, arrays):
    about["n_steps"] = []


def steps_below_zero(about, arrays):
    about["n_steps"][1] = -3


def no_whole_steps(about, arrays):
    about["n_steps"][0] = 1.5


def a_mean_lost(about, arrays):
    del arrays["1.mean_square.weights_2"]


def means_without_steps(about, arrays):
    about["n_steps"][0] = 0


@pytest.mark.parametrize(
    "spoil",
    [
        shorter,
        single,
        too_long,
        none_done,
        one_lost,
        one_more,
        no_steps,
        steps_below_zero,
        no_whole_steps,
        a_mean_lost,
        means_without_steps,
    ],
)
def test_a_state_that_does_not_fit_is_not_believed(keeper, told, spoil):
    fit(keeper)
    rewrite(keeper.path, spoil)
    before = keeper.path.read_bytes()
    network, said = fit(keeper)
    assert said[0] == 0
    assert "left alone" in told[0]
    assert keeper.path.read_bytes() == before
    assert bits(network) == bits(fit(None)[0])


def letters(path):
    path.write_text("my own notes")


def folder(path):
    path.mkdir()
    (path / "mine").write_text("mine")


def dangling(path):
    path.symlink_to(path.with_name("elsewhere"))


def link(path):
    path.with_name("mine").write_text("mine")
    path.symlink_to(path.with_name("mine"))


def flipped(path):
    Keeper(path.with_name("model.npz"), print)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize("put", [letters, folder, link, flipped, dangling])
def test_what_is_not_ours_is_left_alone(keeper, told, put):
    if put is flipped:
        fit(keeper)
    put(keeper.path)
    files = {p: p.read_bytes() for p in keeper.path.parent.rglob("*") if p.is_file()}
    network, said = fit(keeper)
    assert said[0] == 0
    assert "left alone" in told[0]
    assert bits(network) == bits(fit(None)[0])
    keeper.remove()
    assert {p: p.read_bytes() for p in keeper.path.parent.rglob("*") if p.is_file()} == files
    assert keeper.path.is_symlink() == (put in (dangling, link))


def test_a_full_disk_stops_no_training(keeper, monkeypatch):
    def full(*_rest, **_more):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("lsfref.app.work.resuming.write_whole", full)
    network, _ = fit(keeper)
    assert bits(network) == bits(fit(None)[0])
    assert str(keeper.path).endswith(f"model.npz{ENDING}")
