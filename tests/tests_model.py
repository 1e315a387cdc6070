"""A small model made by hand, for tests that need one."""

import io

import numpy as np

from lsfref import lsfnet, model
from lsfref.config import Config, random_streams
from lsfref.kernels.scaling import fit_scaling
from lsfref.phases import phase2
from lsfref.storage import npz

CONFIG = Config(hidden=(7,), n_code=11, epochs=3, n_projections=5, n_neighbors=3)
FILES = ("a.mp4", "b \u00e9.mp4", "c.mp4", "d.mp4", "e.mp4")


def make(config=CONFIG):
    rng = np.random.default_rng(0)
    pooled_ME = rng.standard_normal((len(FILES), config.n_code))
    parameters = lsfnet.init_parameters(
        rng, n_in=426, hidden=config.hidden, n_code=config.n_code, n_classes=3, dtype=config.dtype
    )
    classes = {"background": ("normal", "rain", "snow"), "foreground": ("none", "human")}
    labels = {"background": np.array([0, 1, 2, 1, 0]), "foreground": np.array([0, 1, -1, 1, 0])}
    streams = random_streams(config.seed).hash.spawn(2)
    tasks = {
        t: phase2.fit_task(pooled_ME, labels[t], classes[t], config, rng=stream)
        for t, stream in zip(classes, streams, strict=True)
    }
    rows_PD = rng.standard_normal((13, 426)).astype(config.dtype)
    return model.Model(
        config=config,
        network=model.Network(
            model.Encoder(fit_scaling(rows_PD, kind=config.input_scaling), parameters),
            np.array([3.0, 2.0, 1.0]),
            np.array([1.5, 1.0, 0.5]),
        ),
        head_classes=classes["background"],
        files=FILES,
        groups=("", "g", "g", "", ""),
        points_M=np.array([5, 7, 11, 13, 17]),
        pooled_ME=pooled_ME,
        tasks=tasks,
    )


def npz_bytes(arrays):
    """The bytes that `npz.write` writes."""
    buffer = io.BytesIO()
    npz.write(buffer, arrays)
    return buffer.getvalue()
