"""Every choice that the paper leaves open, in one place.

A field's id (A2, C9, ...) is its row in CHOICES.md: the question, the answer, why. The defaults are
preset `paper`; preset `small` is the same system, stage by stage, sized for a laptop, which counts
repeated frames once (R4) and lets no border decide where points start (R5).
"""

import dataclasses
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np


def choice(
    default: Any, ids: str, text: str, values: str = "", *, least: float = 0, most: float = 1e12
) -> Any:
    """Return a field of a dataclass of choices: its default, its ids, what it may be.

    `ids` and `values` are words with spaces between them.
    """
    about = {"ids": ids.split(), "text": text, "values": tuple(values.split())}
    return dataclasses.field(default=default, metadata={**about, "least": least, "most": most})


@dataclass(frozen=True)
class Config:
    """The choices of one run. Printed by `inspect` and stored in every model."""

    # stages 1 to 4: what a video becomes
    max_side: int = choice(0, "A1", "longer side of frames at most, else shrunk, pixels; 0: any")
    enlarge: int = choice(1, "A1", "times that smaller frames may grow, at most", least=1, most=4)
    max_frames: int = choice(0, "R1", "read no more than this many frames of a video; 0: all")
    max_pixels: int = choice(33_177_600, "R2", "refuse videos with larger frames, pixels", least=1)
    dtype: str = choice("float64", "C17", "floating-point type of all stages", "float64 float32")
    flow: str = choice("lucas_kanade", "A2", "dense optical flow", "lucas_kanade farneback")
    n_scales: int = choice(8, "A3", "most spatial scales of a video", least=1)
    camera_motion: str = choice("none", "H6", "taken off the described flow", "none homography")
    repeats: str = choice("kept", "R4", "frames that come two or three times each", "kept once")
    borders: str = choice("counted", "R5", "black bars, where points start", "counted ignored")
    # phase 1: LSFNet
    n_samples: int = choice(1_000_000, "B1", "descriptors drawn from the training videos", least=1)
    balance: str = choice("none", "B2", "equal shares of the sample", "none video class")
    input_scaling: str = choice("none", "A11", "scaling of inputs", "none center rms unit zscore")
    hidden: tuple[int, ...] = choice((256,), "C1 C2", "widths of the hidden layers before the code")
    n_code: int = choice(128, "C1", "width of the encoding layer", least=1)
    epochs: int = choice(200, "C13", "passes over the sampled descriptors", least=1)
    batch_size: int = choice(128, "C15", "descriptors of one gradient step", least=1)
    switch: str = choice("step", "C9", "when the loss is switched", "step epoch both")
    optimizer: str = choice("sgd", "C12", "gradient descent", "sgd adam")
    lr_ae: float = choice(1e-3, "C11", "learning rate of reconstruction steps")
    lr_mlp: float = choice(1e-2, "C11", "learning rate of classification steps")
    # phase 2: selection, search, vote
    select_by: str = choice("task", "F6", "labels of the Fisher score", "task background")
    top_percent: float = choice(50.0, "F4", "features kept, per cent", least=0.01, most=100)
    n_projections: int = choice(30, "G4", "projections of each hash function, N", least=1)
    k_rule: str = choice("fixed", "G4", "neighbors: n_neighbors, or by index size", "fixed sqrt")
    n_neighbors: int = choice(75, "G4", "neighbors that vote, K, where k_rule is fixed", least=1)
    voting: str = choice("average", "V1", "soft vote", "average table weighted stacked")
    min_points: int = choice(1, "D1", "fewest trajectories of a video that is answered")
    seed: int = choice(0, "C17", "one seed for every draw")


PRESETS = {
    "paper": Config(),
    "small": Config(
        max_side=320,
        dtype="float32",
        repeats="once",
        borders="ignored",
        n_samples=50_000,
        input_scaling="rms",
        epochs=30,
        batch_size=250,
        optimizer="adam",
        lr_mlp=1e-3,
        k_rule="sqrt",
    ),
}


class Streams(NamedTuple):
    """Independent generators, one a purpose: more draws from one never shift another (C17)."""

    init: np.random.Generator
    batch: np.random.Generator
    hash: np.random.Generator


def random_streams(seed: int) -> Streams:
    """Return the named generators that one seed gives (C17)."""
    seeds = np.random.SeedSequence(seed).spawn(4)[1:]  # the first was the sample's; B1 has keys
    return Streams(*map(np.random.default_rng, seeds))


def settings(config: Config, *names: str) -> dict[str, Any]:
    """Return fields of a Config by the names that stages give them too."""
    return {name: getattr(config, name) for name in names}
