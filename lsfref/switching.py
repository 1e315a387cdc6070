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

Report = Callable[[int, float, float], None]

RECONSTRUCTION, CLASSIFICATION = 0, 1
PROBE = 4096  # rows that stand for the sample where a loss is measured and not descended


class Trained(NamedTuple):
    """What phase 1 leaves: the network, one value an epoch of each loss, and what to tell."""

    parameters: Parameters
    reconstruction_curve: Floats
    classification_curve: Floats
    warnings: tuple[str, ...] = ()


class Sgd:
    """Plain gradient descent: no momentum, no decay (C12)."""

    def step(self, parameters: Parameters, gradients: Parameters, *, rate: float) -> None:
        """Move the parameters named in `gradients`, in place; the gradients are used up."""
        for name, gradient in gradients.items():
            gradient *= rate
            parameters[name] -= gradient


class Adam:
    """Adam (C12): moments 0.9 and 0.999, epsilon 1e-8, bias corrected; one object a loss."""

    def __init__(self) -> None:
        self.n_steps = 0
        self.first: Parameters = {}
        self.second: Parameters = {}

    def step(self, parameters: Parameters, gradients: Parameters, *, rate: float) -> None:
        """Move the parameters named in `gradients`, in place; the gradients are used up."""
        self.n_steps += 1
        first_share = 1 - 0.9**self.n_steps  # how much of a constant gradient the mean has seen
        second_share = 1 - 0.999**self.n_steps
        for name, gradient in gradients.items():
            first = self.first.setdefault(name, np.zeros_like(gradient))
            second = self.second.setdefault(name, np.zeros_like(gradient))
            first *= 0.9
            first += gradient * 0.1
            np.square(gradient, out=gradient)
            gradient *= 0.001
            second *= 0.999
            second += gradient
            move = np.sqrt(second, out=gradient)
            move *= 1 / math.sqrt(second_share)
            move += 1e-8
            np.divide(first, move, out=move)
            move *= rate / first_share
            parameters[name] -= move


OPTIMIZERS: dict[str, type[Sgd] | type[Adam]] = {"sgd": Sgd, "adam": Adam}


def losses_of_step(switch: str, *, epoch: int, step: int) -> tuple[int, ...]:
    """Return which losses a minibatch descends, in order (C9); epochs and steps count from 0.

    step: even steps reconstruct, odd ones classify, counted on over the epochs. epoch: the same by
    epochs. both: each minibatch reconstructs, then classifies.
    """
    if switch == "step":
        return (step % 2,)
    if switch == "epoch":
        return (epoch % 2,)
    if switch == "both":
        return (RECONSTRUCTION, CLASSIFICATION)
    raise ValueError(f"want switch step, epoch or both; got {switch!r}")


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
    report: Report | None = None,
) -> Trained:
    """Return the trained network and its two curves; the arguments stay as they are.

    A curve holds, for each epoch, the mean over the rows that descended this loss, each measured
    just before its step. Where an epoch had no such step (switch="epoch", or a single minibatch) it
    holds the loss at the end of the epoch on at most 2 * PROBE rows, evenly spaced.
    `report(epoch, reconstruction, classification)` is called after each epoch, counted from 0.
    A warning is returned where reconstruction ends worse than it began (C14).

    Choices: C9 switching grain. C10 a step moves what its loss depends on. C11 lr_ae on L1 steps,
             lr_mlp on L2 steps. C12 separate optimiser state for each loss. C13 no early stopping.
             C15 rows are shuffled each epoch; the last short minibatch is kept.
    """
    n_rows = len(rows_PD)
    if rows_PD.ndim != 2 or labels_P.shape != (n_rows,) or n_rows == 0:
        raise ValueError(f"want (P, D) and (P,), P > 0; got {rows_PD.shape} and {labels_P.shape}")
    n_classes = len(parameters["head_bias"])
    if labels_P.min() < 0 or labels_P.max() >= n_classes:
        raise ValueError(f"want labels 0 to {n_classes - 1}; got {np.unique(labels_P)}")
    parameters = {name: array.copy() for name, array in parameters.items()}
    optimizers = [OPTIMIZERS[optimizer](), OPTIMIZERS[optimizer]()]
    rates = (lr_ae, lr_mlp)
    stride = max(1, n_rows // PROBE)
    probe_BD, probe_labels_B = rows_PD[::stride], labels_P[::stride]
    curves: tuple[list[float], list[float]] = ([], [])
    before = reconstruction_loss(parameters, probe_BD)[0]
    step = 0
    with np.errstate(over="ignore", invalid="ignore"):  # told below, as one sentence
        for epoch in range(epochs):
            totals, n_seen = [0.0, 0.0], [0, 0]
            order_P = rng.permutation(n_rows)
            for start in range(0, n_rows, batch_size):
                order_B = order_P[start : start + batch_size]
                batch_BD = rows_PD[order_B]
                for which in losses_of_step(switch, epoch=epoch, step=step):
                    if which == RECONSTRUCTION:
                        loss, gradients = reconstruction_loss(parameters, batch_BD)
                    else:
                        loss, gradients = classification_loss(
                            parameters, batch_BD, labels_P[order_B]
                        )
                    if not math.isfinite(loss):
                        raise LsfrefError(
                            f"training diverged in epoch {epoch + 1}: use smaller learning rates "
                            f"(lr_ae={lr_ae:g}, lr_mlp={lr_mlp:g}) or scale the descriptors"
                        )
                    optimizers[which].step(parameters, gradients, rate=rates[which])
                    totals[which] += loss * len(order_B)
                    n_seen[which] += len(order_B)
                step += 1
            if not n_seen[RECONSTRUCTION]:
                totals[0], n_seen[0] = reconstruction_loss(parameters, probe_BD)[0], 1
            if not n_seen[CLASSIFICATION]:
                totals[1] = classification_loss(parameters, probe_BD, probe_labels_B)[0]
                n_seen[1] = 1
            for curve, total, n in zip(curves, totals, n_seen, strict=True):
                curve.append(total / n)
            if report is not None:
                report(epoch, curves[0][-1], curves[1][-1])
    after = reconstruction_loss(parameters, probe_BD)[0]
    warnings: tuple[str, ...] = ()
    if after > before:
        warnings = (
            f"reconstruction ended worse than it began ({after:.3g} after, {before:.3g} before): "
            "classification outweighs it at these learning rates (C14)",
        )
    return Trained(parameters, np.array(curves[0]), np.array(curves[1]), warnings)
