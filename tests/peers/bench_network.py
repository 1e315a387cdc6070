"""One pass of each loss beside its matrix products alone and beside PyTorch: prints ratios.

    OPENBLAS_NUM_THREADS=1 python tests/peers/bench_network.py [rows] [batch] [float32|float64]
    OPENBLAS_NUM_THREADS=1 python tests/peers/bench_network.py memory    (10^6 rows, peak memory)

CPU time of one thread; the contestants take turns batch by batch, and each figure is the median
over the batches. A pass is what training does: gather the rows, loss, gradients, optimizer step.
"""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import resource
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

from lsfref.app.work.machine import keep_freed_memory
from lsfref.lsfnet import classification_loss, init_parameters, reconstruction_loss
from lsfref.switching import OPTIMIZERS, train_network

WIDTHS = {"n_in": 426, "hidden": (256,), "n_code": 128, "n_classes": 6}


def products(n_rows: int, dtype: str) -> dict[str, Callable[[], None]]:
    """Return the matrix products of one step of each loss, on arrays of the same shapes."""
    rng = np.random.default_rng(0)

    def some(*shape: int) -> np.ndarray:
        return rng.standard_normal(shape).astype(dtype)

    x, h, z = some(n_rows, 426), some(n_rows, 256), some(n_rows, 128)
    p, w, v, head = some(n_rows, 6), some(426, 256), some(256, 128), some(128, 6)
    to_w, to_v, to_head = np.empty_like(w), np.empty_like(v), np.empty_like(head)
    to_x, to_h, to_z, to_p = (np.empty_like(a) for a in (x, h, z, p))

    def encoder() -> None:
        np.matmul(x, w, out=to_h)
        np.matmul(h, v, out=to_z)

    def encoder_back() -> None:
        np.matmul(h.T, z, out=to_v)
        np.matmul(z, v.T, out=to_h)
        np.matmul(x.T, h, out=to_w)

    def reconstruction() -> None:
        encoder()
        np.matmul(z, v.T, out=to_h)
        np.matmul(h, w.T, out=to_x)
        np.matmul(x.T, h, out=to_w)
        np.matmul(x, w, out=to_h)
        np.matmul(h.T, z, out=to_v)
        np.matmul(h, v, out=to_z)
        encoder_back()

    def classification() -> None:
        encoder()
        np.matmul(z, head, out=to_p)
        np.matmul(p, head.T, out=to_z)
        np.matmul(z.T, p, out=to_head)
        encoder_back()

    return {"reconstruction": reconstruction, "classification": classification}


def ours(rows: np.ndarray, labels: np.ndarray, optimizer: str) -> dict[str, Callable]:
    """Return one training step of each loss on the rows of an index."""
    parameters = init_parameters(np.random.default_rng(0), **WIDTHS, dtype=rows.dtype.name)
    states = {"reconstruction": OPTIMIZERS[optimizer](), "classification": OPTIMIZERS[optimizer]()}

    def reconstruction(order: np.ndarray) -> None:
        _, gradients = reconstruction_loss(parameters, rows.take(order, axis=0))
        states["reconstruction"].step(parameters, gradients, rate=1e-3)

    def classification(order: np.ndarray) -> None:
        _, gradients = classification_loss(parameters, rows.take(order, axis=0), labels[order])
        states["classification"].step(parameters, gradients, rate=1e-3)

    return {"reconstruction": reconstruction, "classification": classification}


def torch_steps(rows: np.ndarray, labels: np.ndarray, optimizer: str) -> dict[str, Callable]:
    """Return the same step in PyTorch, or nothing where it is not installed."""
    try:
        import torch
    except ImportError:
        return {}
    torch.set_num_threads(1)
    start = init_parameters(np.random.default_rng(0), **WIDTHS, dtype=rows.dtype.name)
    p = {name: torch.from_numpy(array).requires_grad_() for name, array in start.items()}
    rows, labels = torch.from_numpy(rows), torch.from_numpy(labels)
    used = {
        "reconstruction": [t for name, t in p.items() if "head" not in name],
        "classification": [t for name, t in p.items() if "decoder" not in name],
    }
    make = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}[optimizer]
    states = {name: make(tensors, lr=1e-3) for name, tensors in used.items()}
    functional = torch.nn.functional

    def encode(x):
        h = torch.tanh(torch.addmm(p["encoder_bias_1"], x, p["weights_1"]))
        return torch.addmm(p["encoder_bias_2"], h, p["weights_2"])

    def descend(name: str, loss) -> None:
        states[name].zero_grad()
        loss.backward(inputs=used[name])
        states[name].step()

    def reconstruction(order: np.ndarray) -> None:
        x = rows[torch.from_numpy(order)]
        u = torch.tanh(torch.addmm(p["decoder_bias_1"], encode(x), p["weights_2"].T))
        back = torch.addmm(p["decoder_bias_2"], u, p["weights_1"].T)
        descend("reconstruction", functional.mse_loss(back, x))

    def classification(order: np.ndarray) -> None:
        index = torch.from_numpy(order)
        logits = torch.addmm(p["head_bias"], encode(rows[index]), p["head_weights"])
        descend("classification", functional.cross_entropy(logits, labels[index]))

    return {"reconstruction": reconstruction, "classification": classification}


def measure(n_rows: int, batch: int, dtype: str, optimizer: str) -> None:
    """Print the ratios of one pass over `n_rows` in batches of `batch`."""
    rng = np.random.default_rng(1)
    rows = rng.standard_normal((n_rows, 426), dtype=np.float32).astype(dtype, copy=False)
    labels = rng.integers(0, 6, n_rows)
    contestants = {
        "ours": ours(rows, labels, optimizer),
        "torch": torch_steps(rows, labels, optimizer),
        "products": {k: (lambda _, f=f: f()) for k, f in products(batch, dtype).items()},
    }
    order = rng.permutation(n_rows)
    print(f"{n_rows} rows, batch {batch}, {dtype}, {optimizer}")
    both = dict.fromkeys(contestants, 0.0)
    for loss in ("reconstruction", "classification"):
        times: dict[str, list[float]] = {name: [] for name in contestants}
        for start in range(0, n_rows - batch + 1, batch):
            for name, steps in contestants.items():
                if loss in steps:
                    began = time.process_time_ns()
                    steps[loss](order[start : start + batch])
                    times[name].append((time.process_time_ns() - began) / 1e6)
        median = {name: statistics.median(t) for name, t in times.items() if t}
        tell(loss, median)
        for name, t in median.items():
            both[name] += t
    tell("both", {name: t for name, t in both.items() if t})


def tell(loss: str, median: dict[str, float]) -> None:
    """Print one line of ratios."""
    line = f"  {loss:15} {median['ours']:8.2f} ms; of its products {median['products']:8.2f} ms: "
    line += f"{median['ours'] / median['products']:.3f} x"
    if "torch" in median:
        line += f"; of PyTorch {median['torch']:8.2f} ms: {median['ours'] / median['torch']:.3f} x"
    print(line, flush=True)


def memory() -> None:
    """Print the peak memory and the time of one epoch of 10^6 float32 rows, sample included."""
    rng = np.random.default_rng(1)
    rows = rng.standard_normal((1_000_000, 426), dtype=np.float32)
    labels = rng.integers(0, 6, len(rows))
    parameters = init_parameters(rng, **WIDTHS, dtype="float32")
    began = time.process_time()
    train_network(
        parameters, rows, labels, epochs=1, batch_size=4096, switch="both", optimizer="adam",
        lr_ae=1e-3, lr_mlp=1e-3, rng=rng,
    )  # fmt: skip
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"one epoch, both losses: {time.process_time() - began:.1f} s CPU; peak {peak:.2f} GiB")


if __name__ == "__main__":
    keep_freed_memory()
    if sys.argv[1:] == ["memory"]:
        memory()
    else:
        n_rows, batch, dtype = [*sys.argv[1:], *["100000", "4096", "float32"][len(sys.argv) - 1 :]]
        for optimizer in ("sgd", "adam"):
            measure(int(n_rows), int(batch), dtype, optimizer)
