import copy

import numpy as np
import oracles
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lsfref import lsfnet, switching
from lsfref.errors import LsfrefError
from lsfref.switching import Adam, Sgd, losses_of_step, train_network

SETTINGS = {
    "epochs": 3,
    "batch_size": 7,
    "switch": "step",
    "optimizer": "sgd",
    "lr_ae": 0.05,
    "lr_mlp": 0.1,
}
HEAD = ("head_weights", "head_bias")


def sample(*, seed=0, n_rows=31, n_in=5, hidden=(11,), n_code=3, dtype="float64"):
    """Return a network and two noisy clusters to train it on."""
    rng = np.random.default_rng(seed)
    parameters = lsfnet.init_parameters(
        rng, n_in=n_in, hidden=hidden, n_code=n_code, n_classes=2, dtype=dtype
    )
    labels_P = np.arange(n_rows) % 2
    rows_PD = rng.normal(0, 0.5, (n_rows, n_in)) + np.outer(labels_P, np.linspace(1, 2, n_in))
    return parameters, rows_PD.astype(dtype), labels_P


def train(parameters, rows_PD, labels_P, *, seed=3, **changes):
    rng = np.random.default_rng(seed)
    return train_network(parameters, rows_PD, labels_P, rng=rng, **{**SETTINGS, **changes})


def literal_training(parameters, rows_PD, labels_P, *, seed=3, **changes):
    """Return parameters and curves of the same training, written down as in the paper's words."""
    chosen = {**SETTINGS, **changes}
    rng, n = np.random.default_rng(seed), chosen["batch_size"]
    parameters = {name: array.copy() for name, array in parameters.items()}
    history = {(which, name): [] for which in (0, 1) for name in parameters}
    curves, step = ([], []), 0
    for epoch in range(chosen["epochs"]):
        order = rng.permutation(len(rows_PD))
        seen = ([], [])
        for batch in [order[i : i + n] for i in range(0, len(order), n)]:
            turn = {"step": [step % 2], "epoch": [epoch % 2], "both": [0, 1]}[chosen["switch"]]
            for which in turn:
                if which == 0:
                    loss, gradients = lsfnet.reconstruction_loss(parameters, rows_PD[batch])
                else:
                    loss, gradients = lsfnet.classification_loss(
                        parameters, rows_PD[batch], labels_P[batch]
                    )
                seen[which].extend([loss] * len(batch))
                rate = (chosen["lr_ae"], chosen["lr_mlp"])[which]
                for name, gradient in gradients.items():
                    if chosen["optimizer"] == "sgd":
                        parameters[name] = parameters[name] - rate * gradient
                    else:
                        history[which, name].append(gradient.ravel())
                        move = [
                            oracles.adam(0.0, g, rate) - oracles.adam(0.0, g[:-1], rate)
                            for g in np.transpose(history[which, name])
                        ]
                        parameters[name] = parameters[name] + np.reshape(move, gradient.shape)
            step += 1
        for curve, losses in zip(curves, seen, strict=True):
            curve.append(np.mean(losses) if losses else None)
    return parameters, curves


def test_who_is_due_by_hand():
    """C9: three minibatches an epoch; the step counter runs on, so epoch 1 begins with L2."""
    steps = [(epoch, 3 * epoch + b) for epoch in range(2) for b in range(3)]
    due = {
        switch: [losses_of_step(switch, epoch=e, step=s) for e, s in steps]
        for switch in ("step", "epoch", "both")
    }
    assert due["step"] == [(0,), (1,), (0,), (1,), (0,), (1,)]
    assert due["epoch"] == [(0,), (0,), (0,), (1,), (1,), (1,)]
    assert due["both"] == [(0, 1)] * 6


def test_one_step_by_hand():
    parameters = {"weights_1": np.array([1.0, -2.0])}
    Sgd().step(parameters, {"weights_1": np.array([0.5, 4.0])}, rate=0.1)
    np.testing.assert_allclose(parameters["weights_1"], [0.95, -2.4], rtol=1e-15)
    adam = Adam()  # the first step moves by the rate, whatever the size of the gradient
    adam.step(parameters, {"weights_1": np.array([3e-3, -70.0])}, rate=0.1)
    np.testing.assert_allclose(parameters["weights_1"], [0.85, -2.3], rtol=1e-6)
    adam.step(parameters, {"weights_1": np.array([1e-3, 0.0])}, rate=0.2)
    wanted = [
        0.95 + oracles.adam(0.0, [3e-3], 0.1),
        -2.4 + oracles.adam(0.0, [-70.0], 0.1),
    ]
    first = 0.1 * 3e-3 * 0.9 + 0.1 * 1e-3, 0.1 * -70 * 0.9
    second = 0.001 * 9e-6 * 0.999 + 0.001 * 1e-6, 0.001 * 4900 * 0.999
    for i in range(2):
        size = np.sqrt(second[i] / (1 - 0.999**2)) + 1e-8
        wanted[i] -= 0.2 * first[i] / (1 - 0.9**2) / size
    np.testing.assert_allclose(parameters["weights_1"], wanted, rtol=1e-13)


@given(
    gradients=st.lists(
        st.floats(-1e3, 1e3, allow_subnormal=False).filter(lambda v: abs(v) > 1e-6 or v == 0),
        min_size=1,
        max_size=9,
    )
)
@settings(max_examples=40)
def test_adam_is_the_loop(gradients):
    parameters, adam = {"head_bias": np.array([1.0])}, Adam()
    for gradient in gradients:
        adam.step(parameters, {"head_bias": np.array([gradient])}, rate=1e-3)
    assert parameters["head_bias"][0] == pytest.approx(
        oracles.adam(1.0, gradients, 1e-3), rel=1e-12
    )


@pytest.mark.parametrize("switch", ["step", "epoch", "both"])
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_training_is_the_literal_one(switch, optimizer):
    """Order, switching, rates, separate moments, short last batch (31 rows, batches of 7)."""
    changes = {"switch": switch, "optimizer": optimizer, "epochs": 2}
    parameters, rows_PD, labels_P = sample(hidden=(3,), n_in=4, n_code=2)
    trained = train(parameters, rows_PD, labels_P, **changes)
    wanted, curves = literal_training(parameters, rows_PD, labels_P, **changes)
    for name, array in trained.parameters.items():
        np.testing.assert_allclose(array, wanted[name], rtol=1e-9, atol=1e-12)
    for own, curve in zip(trained.curves, curves, strict=True):
        for value, literal in zip(own, curve, strict=True):
            assert np.isfinite(value)
            if literal is not None:
                assert value == pytest.approx(literal, rel=1e-10)


def test_each_step_moves_what_its_loss_depends_on():
    """C10: without L2's rate the head stays, without L1's the decoder's biases; the rest moves."""
    parameters, rows_PD, labels_P = sample()
    moved = {}
    for rate in ("lr_ae", "lr_mlp"):
        trained = train(parameters, rows_PD, labels_P, **{rate: 0.0}).parameters
        moved[rate] = {n for n, a in trained.items() if (a != parameters[n]).any()}
    assert moved["lr_mlp"] == set(parameters) - set(HEAD)
    assert moved["lr_ae"] == set(parameters) - {"decoder_bias_1", "decoder_bias_2"}


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_arguments_stay_and_seeds_decide(dtype):
    parameters, rows_PD, labels_P = sample(dtype=dtype)
    kept = {name: array.copy() for name, array in parameters.items()}
    rows_before = rows_PD.copy()
    runs = [
        train(parameters, rows_PD, labels_P, optimizer="adam", seed=s).parameters for s in (3, 3, 4)
    ]
    np.testing.assert_array_equal(rows_PD, rows_before)
    for name, array in runs[0].items():
        assert array.dtype == np.dtype(dtype)
        assert array.tobytes() == runs[1][name].tobytes()
        np.testing.assert_array_equal(parameters[name], kept[name])
    assert any((runs[0][name] != runs[2][name]).any() for name in runs[0])


def test_every_epoch_sees_every_row_once_in_a_new_order(monkeypatch):
    """C15: 31 rows in batches of 7 are 7 7 7 7 3."""
    parameters, rows_PD, labels_P = sample()
    rows_PD[:, 0] = np.arange(31)
    batches = []

    def recorder(parameters, rows_BD):
        batches.append(rows_BD[:, 0].astype(int))
        return lsfnet.reconstruction_loss(parameters, rows_BD)

    monkeypatch.setattr(switching, "reconstruction_loss", recorder)
    train(parameters, rows_PD, labels_P, switch="reconstruction", epochs=2, lr_ae=1e-9)
    batches = batches[1:-1]  # the probe before and after
    assert [len(b) for b in batches] == [7, 7, 7, 7, 3] * 2
    first, second = np.concatenate(batches[:5]), np.concatenate(batches[5:])
    np.testing.assert_array_equal(np.sort(first), np.arange(31))
    np.testing.assert_array_equal(np.sort(second), np.arange(31))
    assert (first != second).any()
    assert (first != np.arange(31)).any()


def test_epochs_without_a_step_of_a_loss_read_the_probe():
    """Curves have no holes: switch="epoch", one minibatch in all, and no epoch whatever."""
    parameters, rows_PD, labels_P = sample()
    trained = train(parameters, rows_PD, labels_P, switch="epoch", epochs=1)
    after = lsfnet.classification_loss(trained.parameters, rows_PD, labels_P)[0]
    assert trained.curves[1][0] == pytest.approx(after, rel=1e-13)
    trained = train(parameters, rows_PD, labels_P, batch_size=31, epochs=2)
    before = lsfnet.reconstruction_loss(parameters, rows_PD)[0]
    after = lsfnet.reconstruction_loss(trained.parameters, rows_PD)[0]
    np.testing.assert_allclose(trained.curves[0], [before, after], rtol=1e-12)
    trained = train(parameters, rows_PD, labels_P, epochs=0)
    assert len(trained.curves[0]) == len(trained.curves[1]) == 0
    for name, array in trained.parameters.items():
        np.testing.assert_array_equal(array, parameters[name])


def test_the_probe_is_a_part_of_a_large_sample(monkeypatch):
    parameters, rows_PD, labels_P = sample()
    monkeypatch.setattr(switching, "PROBE", 10)
    trained = train(parameters, rows_PD, labels_P, switch="reconstruction", epochs=1)
    third = lsfnet.classification_loss(trained.parameters, rows_PD[::3], labels_P[::3])[0]
    assert trained.curves[1][0] == pytest.approx(third, rel=1e-13)


def test_report_and_warning():
    """C14: told in the result when classification wins at the cost of reconstruction."""
    parameters, rows_PD, labels_P = sample()
    told = []
    trained = train(
        parameters, rows_PD, labels_P, lr_ae=0.0, lr_mlp=1.0,
        report=lambda state: told.append([curve[-1] for curve in state.curves]),
    )  # fmt: skip
    assert len(trained.warnings) == 1
    assert "reconstruction ended worse" in trained.warnings[0]
    curves = np.stack([trained.curves[0], trained.curves[1]])
    np.testing.assert_array_equal(np.transpose(told), curves)
    assert train(parameters, rows_PD, labels_P, lr_mlp=0.0).warnings == ()


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize("switch", ["step", "epoch", "both"])
def test_training_goes_on_from_a_state_with_the_same_bits(switch, optimizer):
    """An odd number of minibatches, so that the turns of an epoch depend on those before it."""
    parameters, rows_PD, labels_P = sample(n_rows=53)
    states = []
    settings = {"switch": switch, "optimizer": optimizer, "epochs": 4, "batch_size": 25}
    keep = lambda state: states.append(copy.deepcopy(state))  # noqa: E731
    whole = train(parameters, rows_PD, labels_P, report=keep, **settings)
    for state in states:
        again = train(parameters, rows_PD, labels_P, state=state, **settings)
        for name, array in whole.parameters.items():
            np.testing.assert_array_equal(again.parameters[name], array)
        np.testing.assert_array_equal(again.curves[0], whole.curves[0])
        np.testing.assert_array_equal(again.curves[1], whole.curves[1])
        assert again.warnings == whole.warnings


def test_both_losses_fall_with_adam():
    parameters, rows_PD, labels_P = sample(n_rows=211)
    trained = train(
        parameters, rows_PD, labels_P, optimizer="adam", epochs=30, lr_ae=3e-3, lr_mlp=3e-3
    )
    assert trained.curves[0][-1] < 0.5 * trained.curves[0][0]
    assert trained.curves[1][-1] < 0.2 * trained.curves[1][0]


def test_a_linear_network_finds_the_principal_subspace():
    """Without hidden layers the tied autoencoder's best is PCA's (C5): same error, same plane."""
    parameters, rows_PD, labels_P = sample(n_rows=101, hidden=(), n_code=2)
    rows_PD *= [3.0, 2.0, 1.0, 0.5, 0.25]
    trained = train(
        parameters,
        rows_PD,
        labels_P,
        switch="reconstruction",
        epochs=300,
        batch_size=101,
        lr_ae=0.1,
    ).parameters
    centered_PD = rows_PD - rows_PD.mean(axis=0)
    _, singular, axes = np.linalg.svd(centered_PD, full_matrices=False)
    best = (singular[2:] ** 2).sum() / rows_PD.size
    loss = lsfnet.reconstruction_loss(trained, rows_PD)[0]
    assert best <= loss * (1 + 1e-12)
    assert loss == pytest.approx(best, rel=1e-6)
    plane = np.linalg.qr(trained["weights_1"])[0]
    np.testing.assert_allclose(plane @ plane.T, axes[:2].T @ axes[:2], rtol=0, atol=1e-3)


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=10)
def test_float32_follows_float64(seed):
    """Ten steps in float32 stay within 1e-5 of the same in float64."""
    parameters, rows_PD, labels_P = sample(seed=seed, dtype="float32")
    short = train(parameters, rows_PD, labels_P, epochs=2)
    parameters = {name: array.astype("float64") for name, array in parameters.items()}
    exact = train(parameters, rows_PD.astype("float64"), labels_P, epochs=2)
    for name, array in exact.parameters.items():
        np.testing.assert_allclose(short.parameters[name], array, rtol=0, atol=1e-5)
    np.testing.assert_allclose(short.curves, exact.curves, rtol=1e-4)


def test_divergence_is_told_in_one_sentence():
    parameters, rows_PD, labels_P = sample()
    with pytest.raises(LsfrefError, match="smaller learning rates"):
        train(parameters, rows_PD, labels_P, lr_ae=1e9, epochs=50)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"labels_P": np.full(31, 2)}, "labels 0 to 1"),
        ({"labels_P": np.full(31, -1)}, "labels 0 to 1"),
        ({"labels_P": np.zeros(30, int)}, r"\(31, 5\)"),
        ({"rows_PD": np.zeros((31, 7))}, r"want \(P, 5\)"),
        ({"rows_PD": np.zeros((0, 5)), "labels_P": np.zeros(0, int)}, "P > 0"),
        ({"rows_PD": np.zeros((31, 5), "float32")}, "float32"),
        ({"switch": "never"}, "want switch"),
    ],
)
def test_what_is_refused(change, message):
    parameters, rows_PD, labels_P = sample()
    given_ = {"rows_PD": rows_PD, "labels_P": labels_P, **change}
    with pytest.raises(ValueError, match=message):
        train(parameters, given_.pop("rows_PD"), given_.pop("labels_P"), **given_)
