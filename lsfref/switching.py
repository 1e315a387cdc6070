"""Stage 6 of 10, paper Sections 2.2 and 3.2: phase 1, training LSFNet with two losses in turn.

In: parameters, rows_PD, labels_P (sampled descriptors).  Out: parameters, curves of both losses.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from lsfref.arrays import Floats, Ints
from lsfref.errors import LsfrefError
from lsfref.lsfnet import Parameters, classification_loss, reconstruction_loss

RECONSTRUCTION, CLASSIFICATION = 0, 1
PROBE = 4096  # evenly spaced rows, up to 8191, on which a loss that is only reported is measured


class Sgd:
    """Plain gradient descent: no momentum, no decay (C12)."""

    def step(self, parameters: Parameters, gradients: Parameters, *, rate: float) -> None:
        """Move the parameters named in `gradients`, in place; the gradients are used up."""
        for name, gradient in gradients.items():
            gradient *= rate
            parameters[name] -= gradient


class Adam:
    """Adam [KB15] (C12): means of the gradient and of its square, forgetting 0.1 and 0.001 a step.

    p -= rate * (m / (1 - 0.9^t)) / (sqrt(v / (1 - 0.999^t)) + 1e-8), one object for each loss.
    """

    def __init__(self) -> None:
        self.n_steps = 0
        self.mean: Parameters = {}
        self.mean_square: Parameters = {}

    def step(self, parameters: Parameters, gradients: Parameters, *, rate: float) -> None:
        """Move the parameters named in `gradients`, in place; the gradients are used up."""
        self.n_steps += 1
        share = 1 - 0.9**self.n_steps
        root_share = math.sqrt(1 - 0.999**self.n_steps)
        for name, gradient in gradients.items():
            if self.n_steps == 1:
                self.mean[name] = np.zeros_like(gradient)
                self.mean_square[name] = np.zeros_like(gradient)
            mean, mean_square = self.mean[name], self.mean_square[name]
            mean *= 0.9
            mean += 0.1 * gradient
            mean_square *= 0.999
            np.square(gradient, out=gradient)
            gradient *= 0.001
            mean_square += gradient
            move = np.sqrt(mean_square, out=gradient)
            move += 1e-8 * root_share  # the formula above with both fractions times root_share
            np.divide(mean, move, out=move)
            move *= rate * root_share / share
            parameters[name] -= move


class State(NamedTuple):
    """Where training stands after a pass; what it holds is moved in place by the next."""

    parameters: Parameters
    optimizers: tuple[Sgd | Adam, ...]  # one for each loss
    curves: tuple[list[float], ...]  # the same: one value an epoch
    warnings: tuple[str, ...] = ()  # after the last pass


OPTIMIZERS: dict[str, type[Sgd] | type[Adam]] = {"sgd": Sgd, "adam": Adam}


def losses_of_step(switch: str, *, epoch: int, step: int) -> tuple[int, ...]:
    """Return which losses a minibatch descends, in order (C9); epochs and steps count from 0.

    step: even steps reconstruct, odd ones classify, counted on over the epochs. epoch: the same by
    epochs. both: each minibatch reconstructs, then classifies. reconstruction: it alone, which is
    no LSFNet but a baseline of the paper (H2).
    """
    turns = {
        "step": (step % 2,),
        "epoch": (epoch % 2,),
        "both": (RECONSTRUCTION, CLASSIFICATION),
        "reconstruction": (RECONSTRUCTION,),
    }
    if switch not in turns:
        raise ValueError(f"want switch {', '.join(turns)}; got {switch!r}")
    return turns[switch]


def train_network(
    parameters: Parameters,
    rows_PD: Floats,
    labels_P: Ints,
    *,
    epochs: int,
    batch_size: int,
    switch: str,
    optimizer: str,
    lr_ae: float,
    lr_mlp: float,
    rng: np.random.Generator,
    report: Callable[[State], None] | None = None,
    state: State | None = None,
) -> State:
    """Return the trained network and its two curves; the arguments stay as they are.

    A curve holds for each epoch the mean over the rows that descended this loss, each measured just
    before its step. Where an epoch had no such step (switch="epoch", or one minibatch in all) it
    holds the loss of the probe, some 4096 to 8191 evenly spaced rows, at the end of the epoch.
    `report(state)` is called after each epoch. Given such a state and the same arguments, training
    goes on there and ends with the same bits.
    A warning is returned if the probe's reconstruction loss ends above where it began (C14).
    Raises LsfrefError as soon as a loss is not finite.

    Choices: C9 switching grain. C10 a step moves what its loss depends on. C11 lr_ae on L1 steps,
             lr_mlp on L2 steps. C12 separate optimizer state for each loss. C13 no early stopping.
             C15 rows are shuffled each epoch; the last short minibatch is kept.
    """
    _check(parameters, rows_PD, labels_P)
    if state is None:
        copies = {name: array.copy() for name, array in parameters.items()}
        state = State(copies, (OPTIMIZERS[optimizer](), OPTIMIZERS[optimizer]()), ([], []))
    first, rates = parameters, (lr_ae, lr_mlp)
    parameters, optimizers, curves, _ = state
    stride = max(1, len(rows_PD) // PROBE)
    probe_pD, probe_labels_p = rows_PD[::stride], labels_P[::stride]
    memory = np.empty_like(rows_PD[:batch_size])
    step = len(curves[0]) * math.ceil(len(rows_PD) / batch_size)
    with np.errstate(over="ignore", invalid="ignore"):  # told by _loss in one sentence
        before = _loss(RECONSTRUCTION, first, probe_pD, probe_labels_p)[0]
        for epoch in range(epochs):
            order_P = rng.permutation(len(rows_PD))
            if epoch < len(curves[0]):
                continue  # it is in the state
            totals, n_seen = [0.0, 0.0], [0, 0]
            for start in range(0, len(rows_PD), batch_size):
                order_B = order_P[start : start + batch_size]
                batch_BD, labels_B = memory[: len(order_B)], labels_P[order_B]
                rows_PD.take(order_B, axis=0, out=batch_BD, mode="clip")  # "raise" copies twice
                for which in losses_of_step(switch, epoch=epoch, step=step):
                    loss, gradients = _loss(which, parameters, batch_BD, labels_B)
                    optimizers[which].step(parameters, gradients, rate=rates[which])
                    totals[which] += loss * len(order_B)
                    n_seen[which] += len(order_B)
                step += 1
            for which, curve in enumerate(curves):
                if n_seen[which]:
                    curve.append(totals[which] / n_seen[which])
                else:
                    curve.append(_loss(which, parameters, probe_pD, probe_labels_p)[0])
            if report is not None:
                report(state)
        after = _loss(RECONSTRUCTION, parameters, probe_pD, probe_labels_p)[0]
    warning = (
        f"reconstruction ended worse than it began (loss {before:.3g}, then {after:.3g}): "
        "at these learning rates classification outweighs it (C14)"
    )
    return state._replace(warnings=(warning,) if after > before else ())


def _loss(
    which: int, parameters: Parameters, rows_BD: Floats, labels_B: Ints
) -> tuple[float, Parameters]:
    if which == RECONSTRUCTION:
        loss, gradients = reconstruction_loss(parameters, rows_BD)
    else:
        loss, gradients = classification_loss(parameters, rows_BD, labels_B)
    if not math.isfinite(loss):
        raise LsfrefError(
            "training diverged: a loss is not finite; use smaller learning rates or scaled inputs"
        )
    return loss, gradients


def _check(parameters: Parameters, rows_PD: Floats, labels_P: Ints) -> None:
    n_in, n_classes = len(parameters["weights_1"]), len(parameters["head_bias"])
    if rows_PD.shape[1:] != (n_in,) or labels_P.shape != rows_PD.shape[:1] or not len(rows_PD):
        raise ValueError(
            f"want (P, {n_in}) and (P,), P > 0; got {rows_PD.shape} and {labels_P.shape}"
        )
    if rows_PD.dtype != parameters["weights_1"].dtype:
        raise ValueError(f"rows are {rows_PD.dtype}, weights {parameters['weights_1'].dtype}")
    if labels_P.min() < 0 or labels_P.max() >= n_classes:
        raise ValueError(f"want labels 0 to {n_classes - 1}; got {np.unique(labels_P)}")
