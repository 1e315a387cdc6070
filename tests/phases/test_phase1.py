"""Phase 1: a network from a sample as a Config says."""

import dataclasses

import numpy as np
import pytest

from lsfref import lsfnet, switching
from lsfref.config import Config, random_streams
from lsfref.kernels.scaling import apply_scaling, fit_scaling
from lsfref.phases import phase1
from lsfref.phases.extraction import Work

CONFIG = Config(hidden=(7,), n_code=5, epochs=3, batch_size=17, input_scaling="zscore", seed=3)


def sample(n=53):
    rng = np.random.default_rng(0)
    return rng.normal(1, 2, (n, 13)), rng.integers(0, 3, n)


def assert_same(one, other):
    assert one.keys() == other.keys()
    for name in one:
        np.testing.assert_array_equal(one[name], other[name])


@pytest.mark.parametrize(
    "choices",
    [{}, {"switch": "epoch"}, {"switch": "both"}, {"optimizer": "adam"}, {"lr_ae": 0.02},
     {"lr_mlp": 0.002}, {"batch_size": 11}, {"epochs": 2}],
)  # fmt: skip
def test_it_is_the_stages_one_after_the_other(choices):
    rows_PD, labels_P = sample()
    scaling = fit_scaling(rows_PD, kind="zscore")
    streams = random_streams(3)
    start = lsfnet.init_parameters(
        streams.init, n_in=13, hidden=(7,), n_code=5, n_classes=3, dtype="float64"
    )
    settings = {
        "epochs": 3, "batch_size": 17, "switch": "step", "optimizer": "sgd", "lr_ae": 1e-3,
        "lr_mlp": 1e-2,
    } | choices  # fmt: skip
    by_hand = switching.train_network(
        start, apply_scaling(scaling, rows_PD), labels_P, rng=streams.batch, **settings
    )
    config = dataclasses.replace(CONFIG, **choices)
    network, _ = phase1.fit_network(rows_PD.copy(), labels_P, config, n_classes=3)
    assert_same(network.encoder.parameters, by_hand.parameters)
    np.testing.assert_array_equal(network[1:], by_hand.curves)
    codes_PE = network.encoder(rows_PD)
    by_stages_PE = lsfnet.encode(by_hand.parameters, apply_scaling(scaling, rows_PD))
    np.testing.assert_allclose(codes_PE, by_stages_PE, rtol=1e-12)


def test_the_sample_is_scaled_where_it_stands():
    rows_PD, labels_P = sample()
    phase1.fit_network(rows_PD, labels_P, CONFIG, n_classes=3)
    np.testing.assert_allclose(rows_PD.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(rows_PD.std(axis=0), 1, atol=1e-12)


def test_training_goes_on_from_a_start_and_from_streams():
    rows_PD, labels_P = sample()
    first = phase1.network_from(CONFIG, rows_PD, labels_P, n_classes=3)
    again = phase1.network_from(
        CONFIG, rows_PD, labels_P, n_classes=3, start=first.parameters, streams=random_streams(4)
    )
    other = phase1.network_from(
        CONFIG, rows_PD, labels_P, n_classes=3, start=first.parameters, streams=random_streams(5)
    )
    assert again.curves[1][0] < first.curves[1][0]
    assert not np.array_equal(again.curves[0], other.curves[0])


def test_every_pass_is_seen_and_warnings_are_handed_on():
    rows_PD, labels_P = sample()
    asked, passes = [], []

    def resume(*training):
        asked.append(training)
        return None, lambda state: passes.append(len(state.curves[0]))

    work = Work(resume=resume)
    phase1.fit_network(rows_PD, labels_P, CONFIG, n_classes=3, work=work)
    assert passes == [1, 2, 3]
    ((start, seen_PD, seen_P, config),) = asked
    assert (
        start.keys()
        == lsfnet.init_parameters(
            np.random.default_rng(0), n_in=13, hidden=(7,), n_code=5, n_classes=3
        ).keys()
    )
    assert (seen_PD is rows_PD, seen_P is labels_P, config) == (True, True, CONFIG)
    worse = dataclasses.replace(CONFIG, lr_mlp=1.0, lr_ae=0.0, input_scaling="none")
    _, (told,) = phase1.fit_network(*sample(), worse, n_classes=3)
    assert "ended worse" in told


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_network_has_the_dtype_of_the_choice(dtype):
    rows_PD, labels_P = sample()
    config = dataclasses.replace(CONFIG, dtype=dtype)
    network, _ = phase1.fit_network(rows_PD.astype(dtype), labels_P, config, n_classes=3)
    assert {a.dtype for a in network.encoder.parameters.values()} == {np.dtype(dtype)}
