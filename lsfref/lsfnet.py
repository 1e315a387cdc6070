"""Stage 5 of 10, paper Section 2.2 and Figure 2: LSFNet, an autoencoder and a classifier in one.

In: rows_BD, labels_B.  Out: codes_BE, and of each loss its value and its gradients.

    encoder  h = tanh(x W1 + b1)       z = h W2 + b2        z is the code
    decoder  u = tanh(z W2^T + d1)     x' = u W1^T + d2
    head     p = softmax(z V + v)

The parameters are a flat dict: weights_1, weights_2 (W), encoder_bias_1.. (b), decoder_bias_1.. (d,
in the decoder's own order), head_weights (V), head_bias (v). More hidden layers only lengthen W, b
and d. Everything is computed in the dtype of the rows, which must be that of the parameters.

Choices: C1, C2 426-256-128-256-426. C3 the descriptors enter side by side. C4 the decoder's weights
         are the encoder's, transposed; the biases are its own. C5 tanh, linear code, linear output.
         C6, C7 the head is one affine layer on the code, one output a class.
"""

from typing import Any

import numpy as np

from lsfref.arrays import Floats, Ints

Parameters = dict[str, Floats]


def init_parameters(
    rng: np.random.Generator, *, dtype: str = "float64", **widths: Any
) -> Parameters:
    """Return new parameters: Glorot uniform weights [GB10], zero biases (C16).

    The weights are drawn in float64, W1 first and V last, then rounded to `dtype`. `widths` (n_in,
    hidden, n_code, n_classes) are those of `parameter_shapes`.
    """
    parameters = {}
    for name, shape in parameter_shapes(**widths).items():
        if "weights" in name:
            limit = np.sqrt(6 / sum(shape))
            parameters[name] = rng.uniform(-limit, limit, shape).astype(dtype)
        else:
            parameters[name] = np.zeros(shape, dtype)
    return parameters


def parameter_shapes(
    *, n_in: int, hidden: tuple[int, ...], n_code: int, n_classes: int
) -> dict[str, tuple[int, ...]]:
    """Return the shape of every parameter, in the order in which they are drawn and kept."""
    widths = (n_in, *hidden, n_code)
    if min(*widths, n_classes) < 1:
        raise ValueError(f"want layers of one unit or more; got {widths} and {n_classes} classes")
    layers = range(1, len(widths))
    shapes: dict[str, tuple[int, ...]] = {f"weights_{k}": widths[k - 1 : k + 1] for k in layers}
    shapes |= {f"encoder_bias_{k}": (widths[k],) for k in layers}
    shapes |= {f"decoder_bias_{k}": (widths[-1 - k],) for k in layers}
    return shapes | {"head_weights": (n_code, n_classes), "head_bias": (n_classes,)}


def encode(parameters: Parameters, rows_BD: Floats) -> Floats:
    """Return codes_BE, the output of the encoding layer: all that phase 2 uses."""
    return _encoder_layers(parameters, rows_BD)[-1]


def decode(parameters: Parameters, codes_BE: Floats) -> Floats:
    """Return rows_BD as the decoder rebuilds them from the codes."""
    return _decoder_layers(parameters, codes_BE)[-1]


def head_posteriors(parameters: Parameters, codes_BE: Floats) -> Floats:
    """Return posteriors_BC, the head's probability of each class; rows sum to 1."""
    return np.exp(_log_posteriors(parameters, codes_BE))


def reconstruction_loss(
    parameters: Parameters, rows_BD: Floats, *, to_rows: bool = False
) -> tuple[float, Parameters]:
    """Return L1 and its gradients: the mean over rows and columns of (x' - x)^2 (C8).

    The gradients have the keys that an L1 step updates: all but the head's (C10). Each weight acts
    twice, so its gradient is the encoder's part plus the decoder's (C4). With `to_rows`, the key
    "rows" holds the gradient with respect to the rows, which are both input and target.
    """
    encoder = _encoder_layers(parameters, rows_BD)
    decoder = _decoder_layers(parameters, encoder[-1])
    error_BD = decoder[-1]
    error_BD -= rows_BD
    loss = float(np.vdot(error_BD, error_BD)) / error_BD.size
    gradients, d_codes_BE = decoder_gradients(parameters, decoder, error_BD)
    encoder_part = encoder_gradients(parameters, encoder, d_codes_BE, to_rows=to_rows)
    for name, gradient in encoder_part.items():
        if name.startswith("weights"):
            gradients[name] += gradient
        else:
            gradients[name] = gradient
    if to_rows:
        gradients["rows"] -= error_BD
    for gradient in gradients.values():  # so far of half the sum: scaled here, where it is short
        gradient *= 2 / error_BD.size
    return loss, gradients


def classification_loss(
    parameters: Parameters, rows_BD: Floats, labels_B: Ints, *, to_rows: bool = False
) -> tuple[float, Parameters]:
    """Return L2 and its gradients: the mean over rows of -log p[label] (C8).

    The gradients have the keys that an L2 step updates: all but the decoder's biases (C10).
    With `to_rows`, the key "rows" holds the gradient with respect to the rows.
    """
    encoder = _encoder_layers(parameters, rows_BD)
    codes_BE = encoder[-1]
    log_BC = _log_posteriors(parameters, codes_BE)
    each_B = np.arange(len(labels_B))
    loss = -float(log_BC[each_B, labels_B].mean())
    d_logits_BC = np.exp(log_BC, out=log_BC)
    d_logits_BC[each_B, labels_B] -= 1
    d_logits_BC /= len(labels_B)
    d_codes_BE = d_logits_BC @ parameters["head_weights"].T
    gradients = encoder_gradients(parameters, encoder, d_codes_BE, to_rows=to_rows)
    gradients["head_weights"] = codes_BE.T @ d_logits_BC
    gradients["head_bias"] = d_logits_BC.sum(axis=0)
    return loss, gradients


def encoder_gradients(
    parameters: Parameters, layers: list[Floats], d_codes_BE: Floats, *, to_rows: bool = False
) -> Parameters:
    """Return the gradients of the encoder's biases and of its use of the weights.

    `layers` are its inputs and outputs (rows, hidden layers, codes), `d_codes_BE` the gradient of a
    loss with respect to the codes. The hidden layers are used up.
    """
    gradients = {}
    d_layer = d_codes_BE  # with respect to the layer's output before tanh
    for k in range(len(layers) - 1, 0, -1):
        gradients[f"weights_{k}"] = layers[k - 1].T @ d_layer
        gradients[f"encoder_bias_{k}"] = d_layer.sum(axis=0)
        if k > 1:
            d_layer = _through_tanh(d_layer @ parameters[f"weights_{k}"].T, layers[k - 1])
    if to_rows:
        gradients["rows"] = d_layer @ parameters["weights_1"].T
    return gradients


def decoder_gradients(
    parameters: Parameters, layers: list[Floats], d_rows_BD: Floats
) -> tuple[Parameters, Floats]:
    """Return the gradients of the decoder's biases and of its use of the weights, and d_codes_BE.

    `layers` are its inputs and outputs (codes, hidden layers, rows), `d_rows_BD` the gradient of a
    loss with respect to the rebuilt rows. The hidden layers are used up.
    """
    depth = len(layers) - 1
    gradients = {}
    d_layer = d_rows_BD
    for k in range(depth, 0, -1):
        weights = f"weights_{depth + 1 - k}"
        gradients[weights] = d_layer.T @ layers[k - 1]
        gradients[f"decoder_bias_{k}"] = d_layer.sum(axis=0)
        d_layer = d_layer @ parameters[weights]
        if k > 1:
            d_layer = _through_tanh(d_layer, layers[k - 1])
    return gradients, d_layer


def _encoder_layers(parameters: Parameters, rows_BD: Floats) -> list[Floats]:
    """Return the rows, the hidden layers (tanh) and codes_BE (linear), C5."""
    depth = sum(name.startswith("weights_") for name in parameters)
    layers = [rows_BD]
    for k in range(1, depth + 1):
        layer = layers[-1] @ parameters[f"weights_{k}"]
        layer += parameters[f"encoder_bias_{k}"]
        layers.append(np.tanh(layer, out=layer) if k < depth else layer)
    return layers


def _decoder_layers(parameters: Parameters, codes_BE: Floats) -> list[Floats]:
    """Return the codes, the hidden layers and the rebuilt rows_BD, by transposed weights (C4)."""
    depth = sum(name.startswith("weights_") for name in parameters)
    layers = [codes_BE]
    for k in range(1, depth + 1):
        layer = layers[-1] @ parameters[f"weights_{depth + 1 - k}"].T
        layer += parameters[f"decoder_bias_{k}"]
        layers.append(np.tanh(layer, out=layer) if k < depth else layer)
    return layers


def _through_tanh(d_layer: Floats, layer: Floats) -> Floats:
    """Return the gradient before tanh from the gradient after it: tanh' = 1 - tanh^2.

    In place: both arrays are overwritten.
    """
    np.square(layer, out=layer)
    np.subtract(1, layer, out=layer)
    d_layer *= layer
    return d_layer


def _log_posteriors(parameters: Parameters, codes_BE: Floats) -> Floats:
    """Return log softmax of the head's outputs, shifted by their maximum so that exp is safe."""
    log_BC = np.asfortranarray(codes_BE @ parameters["head_weights"])  # few classes: long columns
    log_BC += parameters["head_bias"]
    log_BC -= log_BC.max(axis=1, keepdims=True)
    log_BC -= np.log(np.exp(log_BC).sum(axis=1, keepdims=True))
    return log_BC
