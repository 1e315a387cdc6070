import math

import numpy as np
import oracles
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lsfref import lsfnet

DEPTHS = [(), (5,), (7, 5)]


def network(hidden=(5,), *, seed=0, dtype="float64", n_in=11, n_code=3, n_classes=2):
    """Return a small network with biases that are not zero, rows and labels."""
    rng = np.random.default_rng(seed)
    parameters = lsfnet.init_parameters(
        rng, n_in=n_in, hidden=hidden, n_code=n_code, n_classes=n_classes, dtype=dtype
    )
    for name, array in parameters.items():
        if "bias" in name:
            array += rng.normal(0, 0.3, array.shape).astype(dtype)
    rows_BD = rng.normal(0, 1, (13, n_in)).astype(dtype)
    return parameters, rows_BD, rng.integers(0, n_classes, 13)


def gradients_of(loss, parameters, rows_BD, labels_B):
    """Return a function of (parameters, rows) that gives the loss, and the gradients."""
    args = (lsfnet.reconstruction_loss,)
    if loss == "classification":
        args = (lsfnet.classification_loss, labels_B)

    def value(parameters, rows_BD):
        return args[0](parameters, rows_BD, *args[1:])[0]

    return value, args[0](parameters, rows_BD, *args[1:], to_rows=True)[1]


def test_by_hand():
    """2 - 1 - 1 - 1 - 2, one row: every number below can be had with a pocket calculator."""
    parameters = {
        "weights_1": np.array([[0.5], [-1.0]]),
        "weights_2": np.array([[2.0]]),
        "encoder_bias_1": np.array([0.5]),
        "encoder_bias_2": np.array([1.0]),
        "decoder_bias_1": np.array([-1.0]),
        "decoder_bias_2": np.array([0.0, 3.0]),
        "head_weights": np.array([[1.0, 0.0]]),
        "head_bias": np.array([0.0, 1.0]),
    }
    rows_BD = np.array([[3.0, 2.0]])
    codes_BE = lsfnet.encode(parameters, rows_BD)  # h = tanh(1.5 - 2 + 0.5) = 0, z = 1
    np.testing.assert_array_equal(codes_BE, [[1.0]])
    u = math.tanh(2 * 1 - 1)  # the decoder uses 2 again
    rebuilt_BD = [[0.5 * u, -u + 3]]
    np.testing.assert_allclose(lsfnet.decode(parameters, codes_BE), rebuilt_BD, rtol=1e-15)
    loss, gradients = lsfnet.reconstruction_loss(parameters, rows_BD)
    assert loss == pytest.approx(((0.5 * u - 3) ** 2 + (1 - u) ** 2) / 2, rel=1e-15)
    d_out = np.array([0.5 * u - 3, 1 - u])  # 2 / 2 times the error
    d_u = (0.5 * d_out[0] - d_out[1]) * (1 - u**2)
    np.testing.assert_allclose(gradients["decoder_bias_2"], d_out, rtol=1e-14)
    np.testing.assert_allclose(gradients["decoder_bias_1"], [d_u], rtol=1e-14)
    np.testing.assert_allclose(gradients["encoder_bias_2"], [2 * d_u], rtol=1e-14)
    np.testing.assert_allclose(gradients["encoder_bias_1"], [4 * d_u], rtol=1e-14)
    np.testing.assert_allclose(gradients["weights_2"], [[d_u + 0 * 2 * d_u]], rtol=1e-14)
    both = d_out * u + rows_BD[0] * 4 * d_u
    np.testing.assert_allclose(gradients["weights_1"][:, 0], both, rtol=1e-14)
    loss, gradients = lsfnet.classification_loss(parameters, rows_BD, np.array([0]))
    assert loss == pytest.approx(math.log(2), rel=1e-15)  # logits 1 and 1
    np.testing.assert_allclose(gradients["head_bias"], [-0.5, 0.5], rtol=1e-15)
    np.testing.assert_allclose(gradients["encoder_bias_2"], [-0.5], rtol=1e-15)


def test_shapes_and_start():
    """C1, C2, C7, C16: 426-256-128 and six classes; Glorot limits are kept and reached."""
    parameters = lsfnet.init_parameters(
        np.random.default_rng(1), n_in=426, hidden=(256,), n_code=128, n_classes=6
    )
    shapes = lsfnet.parameter_shapes(n_in=426, hidden=(256,), n_code=128, n_classes=6)
    assert {name: array.shape for name, array in parameters.items()} == shapes
    assert list(parameters) == list(shapes)
    assert sum(array.size for array in parameters.values()) == 143_664
    for name, array in parameters.items():
        if "bias" in name:
            assert not array.any()
        else:
            limit = math.sqrt(6 / sum(array.shape))
            assert 0.98 * limit < np.abs(array).max() <= limit
            assert abs(array.mean()) < 0.05 * limit


def test_float32_draws_are_the_float64_draws_rounded():
    ours = [
        lsfnet.init_parameters(
            np.random.default_rng(3), n_in=7, hidden=(5,), n_code=3, n_classes=2, dtype=dtype
        )
        for dtype in ("float32", "float64")
    ]
    for name, array in ours[0].items():
        assert array.dtype == np.float32
        np.testing.assert_array_equal(array, ours[1][name].astype("float32"))


@pytest.mark.parametrize("hidden", DEPTHS)
def test_losses_are_those_of_the_loops(hidden):
    parameters, rows_BD, labels_B = network(hidden)
    codes_BE = lsfnet.encode(parameters, rows_BD)
    for row, code in zip(rows_BD, codes_BE, strict=True):
        np.testing.assert_allclose(code, oracles.encode(parameters, row)[-1], rtol=0, atol=1e-14)
    posteriors_BC = lsfnet.head_posteriors(parameters, codes_BE)
    for code, own in zip(codes_BE, posteriors_BC, strict=True):
        np.testing.assert_allclose(own, oracles.posteriors(parameters, code), rtol=1e-13)
    loss = lsfnet.reconstruction_loss(parameters, rows_BD)[0]
    assert loss == pytest.approx(oracles.reconstruction_loss(parameters, rows_BD), rel=1e-13)
    loss = lsfnet.classification_loss(parameters, rows_BD, labels_B)[0]
    oracle = oracles.classification_loss(parameters, rows_BD, labels_B)
    assert loss == pytest.approx(oracle, rel=1e-13)


@pytest.mark.parametrize("hidden", DEPTHS)
@pytest.mark.parametrize("loss", ["reconstruction", "classification"])
def test_gradients_along_random_directions(hidden, loss):
    """All parameters and the rows moved at once; h = 1e-6, relative error 1e-6 at most."""
    parameters, rows_BD, labels_B = network(hidden)
    value, gradients = gradients_of(loss, parameters, rows_BD, labels_B)
    rng = np.random.default_rng(5)
    for _ in range(20):
        moves = {name: rng.normal(size=array.shape) for name, array in parameters.items()}
        d_rows_BD = rng.normal(size=rows_BD.shape)
        ends = [
            value({n: a + h * moves[n] for n, a in parameters.items()}, rows_BD + h * d_rows_BD)
            for h in (1e-6, -1e-6)
        ]
        slope = (ends[0] - ends[1]) / 2e-6
        own = sum(np.vdot(g, moves[n]) for n, g in gradients.items() if n != "rows")
        own += np.vdot(gradients["rows"], d_rows_BD)
        assert own == pytest.approx(slope, rel=1e-6, abs=1e-8)


@pytest.mark.parametrize("hidden", DEPTHS)
@pytest.mark.parametrize("loss", ["reconstruction", "classification"])
def test_gradients_entry_by_entry(hidden, loss):
    """Every number of every parameter and of the rows, by itself."""
    parameters, rows_BD, labels_B = network(hidden)
    value, gradients = gradients_of(loss, parameters, rows_BD, labels_B)
    for name, gradient in gradients.items():
        array = rows_BD if name == "rows" else parameters[name]
        slopes = np.empty_like(array)
        for at in np.ndindex(array.shape):
            kept = array[at]
            ends = []
            for h in (1e-6, -1e-6):
                array[at] = kept + h
                ends.append(value(parameters, rows_BD))
            array[at] = kept
            slopes[at] = (ends[0] - ends[1]) / 2e-6
        worst = np.abs(gradient - slopes).max() / np.abs(slopes).max()
        assert worst <= 1e-6, name


@pytest.mark.parametrize("hidden", DEPTHS)
def test_both_halves_of_each_tied_weight(hidden):
    """Untie the decoder in the loops: moving one side alone gives that side's half."""
    parameters, rows_BD, _ = network(hidden)
    encoder = lsfnet._encoder_layers(parameters, rows_BD)
    decoder = lsfnet._decoder_layers(parameters, encoder[-1])
    d_rows_BD = 2 * (decoder[-1] - rows_BD) / rows_BD.size
    of_decoder, d_codes_BE = lsfnet.decoder_gradients(parameters, decoder, d_rows_BD)
    of_encoder = lsfnet.encoder_gradients(parameters, encoder, d_codes_BE)
    whole = lsfnet.reconstruction_loss(parameters, rows_BD)[1]
    rng = np.random.default_rng(7)
    close = {"rel": 1e-6, "abs": 1e-9}
    for name in [n for n in parameters if n.startswith("weights")]:
        untied = {n: a for n, a in parameters.items() if n.startswith("weights")}
        for _ in range(3):
            move = rng.normal(size=parameters[name].shape)
            ends = {"encoder": [], "decoder": []}
            for h in (1e-6, -1e-6):
                moved = parameters[name] + h * move
                one = oracles.reconstruction_loss({**parameters, name: moved}, rows_BD, untied)
                ends["encoder"].append(one)
                other = oracles.reconstruction_loss(parameters, rows_BD, {**untied, name: moved})
                ends["decoder"].append(other)
            slopes = {side: (a - b) / 2e-6 for side, (a, b) in ends.items()}
            assert np.vdot(of_encoder[name], move) == pytest.approx(slopes["encoder"], **close)
            assert np.vdot(of_decoder[name], move) == pytest.approx(slopes["decoder"], **close)
    for name in [n for n in parameters if n.startswith("weights")]:
        total = of_encoder[name] + of_decoder[name]
        np.testing.assert_allclose(whole[name], total, rtol=1e-12, atol=1e-15)


def test_keys_of_the_gradients():
    """C10: L1 does not know the head, L2 does not know the decoder's biases."""
    parameters, rows_BD, labels_B = network((7, 5))
    head = {"head_weights", "head_bias"}
    decoder = {"decoder_bias_1", "decoder_bias_2", "decoder_bias_3"}
    assert set(lsfnet.reconstruction_loss(parameters, rows_BD)[1]) == set(parameters) - head
    second = lsfnet.classification_loss(parameters, rows_BD, labels_B)[1]
    assert set(second) == set(parameters) - decoder


@given(seed=st.integers(0, 2**32 - 1), hidden=st.sampled_from(DEPTHS))
@settings(max_examples=25)
def test_invariants(seed, hidden):
    """Rows do not influence each other, their order is no matter, nothing is written into."""
    parameters, rows_BD, labels_B = network(hidden, seed=seed)
    kept = {name: array.copy() for name, array in parameters.items()}
    rows_before = rows_BD.copy()
    order_B = np.random.default_rng(seed).permutation(len(rows_BD))
    codes_BE = lsfnet.encode(parameters, rows_BD)
    close = {"rtol": 1e-12, "atol": 1e-14}
    np.testing.assert_allclose(
        lsfnet.encode(parameters, rows_BD[order_B]), codes_BE[order_B], **close
    )
    posteriors_BC = lsfnet.head_posteriors(parameters, codes_BE)
    assert (posteriors_BC >= 0).all()
    np.testing.assert_allclose(posteriors_BC.sum(axis=1), 1, rtol=1e-14)
    for loss in ("reconstruction", "classification"):
        value, gradients = gradients_of(loss, parameters, rows_BD, labels_B)
        again = gradients_of(loss, parameters, rows_BD[order_B], labels_B[order_B])[1]
        for name, gradient in gradients.items():
            other = again[name]
            wanted = gradient[order_B] if name == "rows" else gradient
            np.testing.assert_allclose(other, wanted, **close)
        assert value(parameters, rows_BD) >= 0
    np.testing.assert_array_equal(rows_BD, rows_before)
    for name, array in parameters.items():
        np.testing.assert_array_equal(array, kept[name])


def test_head_survives_huge_outputs():
    parameters, rows_BD, labels_B = network()
    parameters["head_weights"] *= 1e5
    loss, gradients = lsfnet.classification_loss(parameters, rows_BD, labels_B)
    assert math.isfinite(loss)
    assert all(np.isfinite(g).all() for g in gradients.values())


def test_float32_stays_float32_and_near():
    """Everything keeps the dtype; losses agree to 1e-6, gradients to 1e-5 of their largest."""
    sizes = {"n_in": 426, "n_code": 128, "n_classes": 6}
    parameters, rows_BD, labels_B = network((256,), **sizes)
    small = {name: array.astype("float32") for name, array in parameters.items()}
    parameters = {name: array.astype("float64") for name, array in small.items()}
    short_BD = rows_BD.astype("float32")
    rows_BD = short_BD.astype("float64")
    assert lsfnet.encode(small, short_BD).dtype == np.float32
    assert lsfnet.head_posteriors(small, lsfnet.encode(small, short_BD)).dtype == np.float32
    for args in ((lsfnet.reconstruction_loss,), (lsfnet.classification_loss, labels_B)):
        loss, gradients = args[0](parameters, rows_BD, *args[1:])
        near, near_gradients = args[0](small, short_BD, *args[1:])
        assert isinstance(near, float)
        assert near == pytest.approx(loss, rel=1e-6)
        for name, gradient in gradients.items():
            assert near_gradients[name].dtype == np.float32
            worst = np.abs(near_gradients[name] - gradient).max() / np.abs(gradient).max()
            assert worst <= 1e-5, name


def test_layers_of_no_unit_are_refused():
    with pytest.raises(ValueError, match="one unit or more"):
        lsfnet.parameter_shapes(n_in=7, hidden=(0,), n_code=3, n_classes=2)
