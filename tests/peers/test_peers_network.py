"""Losses, gradients and optimizers beside PyTorch's autograd and optimizers, in float64."""

import numpy as np
import pytest

from lsfref import lsfnet
from lsfref.switching import Adam, Sgd

torch = pytest.importorskip("torch")

DEPTHS = [(), (11,), (13, 7)]


def network(hidden, *, seed=0):
    rng = np.random.default_rng(seed)
    parameters = lsfnet.init_parameters(rng, n_in=17, hidden=hidden, n_code=5, n_classes=3)
    for name, array in parameters.items():
        if "bias" in name:
            array += rng.normal(0, 0.3, array.shape)
    return parameters, rng.normal(size=(31, 17)), rng.integers(0, 3, 31)


def as_tensors(parameters):
    return {name: torch.tensor(array, requires_grad=True) for name, array in parameters.items()}


def encode(p, x):
    depth = sum(name.startswith("weights") for name in p)
    for k in range(1, depth + 1):
        x = x @ p[f"weights_{k}"] + p[f"encoder_bias_{k}"]
        x = torch.tanh(x) if k < depth else x
    return x


def decode(p, z):
    depth = sum(name.startswith("weights") for name in p)
    for k in range(1, depth + 1):
        z = z @ p[f"weights_{depth + 1 - k}"].T + p[f"decoder_bias_{k}"]
        z = torch.tanh(z) if k < depth else z
    return z


def losses(p, x, labels_B):
    """Return both losses as PyTorch writes them."""
    functional = torch.nn.functional
    z = encode(p, x)
    logits = z @ p["head_weights"] + p["head_bias"]
    return {
        "reconstruction": functional.mse_loss(decode(p, z), x),
        "classification": functional.cross_entropy(logits, torch.tensor(labels_B)),
    }


def ours(which, parameters, rows_BD, labels_B):
    if which == "reconstruction":
        return lsfnet.reconstruction_loss(parameters, rows_BD, to_rows=True)
    return lsfnet.classification_loss(parameters, rows_BD, labels_B, to_rows=True)


@pytest.mark.parametrize("hidden", DEPTHS)
@pytest.mark.parametrize("which", ["reconstruction", "classification"])
def test_gradients_are_autograd(hidden, which):
    """Loss to 1e-13; every gradient, the rows' too, to 1e-12; what we leave out is None there."""
    parameters, rows_BD, labels_B = network(hidden)
    p, x = as_tensors(parameters), torch.tensor(rows_BD, requires_grad=True)
    loss = losses(p, x, labels_B)[which]
    loss.backward()
    own, gradients = ours(which, parameters, rows_BD, labels_B)
    assert own == pytest.approx(loss.item(), rel=1e-13)
    np.testing.assert_allclose(gradients.pop("rows"), x.grad.numpy(), rtol=1e-12, atol=1e-15)
    assert set(gradients) == {name for name, tensor in p.items() if tensor.grad is not None}
    for name, gradient in gradients.items():
        np.testing.assert_allclose(gradient, p[name].grad.numpy(), rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_switched_training_is_theirs(optimizer):
    """Twenty steps, L1 and L2 in turn, one optimizer a loss: parameters to 1e-9."""
    parameters, rows_BD, labels_B = network((11,))
    p, x = as_tensors(parameters), torch.tensor(rows_BD)
    used = {
        "reconstruction": [t for name, t in p.items() if "head" not in name],
        "classification": [t for name, t in p.items() if "decoder" not in name],
    }
    make = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}[optimizer]
    theirs = {which: make(tensors, lr=1e-2) for which, tensors in used.items()}
    own = {which: {"sgd": Sgd, "adam": Adam}[optimizer]() for which in used}
    for step in range(20):
        which = ("reconstruction", "classification")[step % 2]
        for tensor in p.values():
            tensor.grad = None
        losses(p, x, labels_B)[which].backward()
        theirs[which].step()
        gradients = ours(which, parameters, rows_BD, labels_B)[1]
        del gradients["rows"]
        own[which].step(parameters, gradients, rate=1e-2)
    for name, array in parameters.items():
        np.testing.assert_allclose(array, p[name].detach().numpy(), rtol=1e-9, atol=1e-12)
