"""Training phase 1 (paper Sections 2.2 and 3.2): sample descriptors, train LSFNet on them."""

import functools
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from lsfref import lsfnet, switching
from lsfref.arrays import Floats, Ints
from lsfref.config import Config, random_streams
from lsfref.phases import sampling
from lsfref.phases.passes import Extract, Mapper, PathLike, extract, pick_rows

Report = Callable[[str, int, int], None]  # stage, done, of


def silent(_stage: str, _done: int, _of: int) -> None:
    """Report nothing."""


class Network(NamedTuple):
    """What phase 1 fits."""

    parameters: lsfnet.Parameters
    scaling: sampling.Scaling
    reconstruction_curve: Floats
    classification_curve: Floats
    warnings: tuple[str, ...] = ()


class Drawn(NamedTuple):
    """Which rows phase 1 learns from: row_p of video owner_p; ascending, videos first."""

    owner_p: Ints
    row_p: Ints


def train_phase_1(
    paths: Sequence[PathLike],
    counts_M: Ints,
    labels_M: Ints,
    config: Config,
    *,
    n_classes: int,
    extract: Extract = extract,
    mapper: Mapper = map,
    report: Report = silent,
) -> Network:
    """Return LSFNet trained on sampled descriptors and background labels (Section 2.2, stage B).

    counts_M are the trajectories of each video, labels_M its class number, -1 where unlabelled;
    every sampled row has the label of its video (B3).
    """
    drawn = draw_sample(counts_M, labels_M, config)
    sample_PD = fetch_rows(paths, drawn, config, extract=extract, mapper=mapper, report=report)
    return fit_network(
        sample_PD, labels_M[drawn.owner_p], config, n_classes=n_classes, report=report
    )


def draw_sample(counts_M: Ints, labels_M: Ints, config: Config) -> Drawn:
    """Return the rows that are sampled (B1, B2), from the counts alone (B4)."""
    rows_p = sampling.draw_rows(
        random_streams(config.seed).sample,
        counts_M,
        n_samples=config.n_samples,
        balance=config.balance,
        labels_M=labels_M,
    )
    stops_M = np.cumsum(counts_M)
    owner_p = np.searchsorted(stops_M, rows_p, side="right")
    return Drawn(owner_p, rows_p - (stops_M - counts_M)[owner_p])


def fetch_rows(
    paths: Sequence[PathLike],
    drawn: Drawn,
    config: Config,
    *,
    extract: Extract = extract,
    mapper: Mapper = map,
    report: Report = silent,
) -> Floats:
    """Return sample_PD, the drawn rows in their order."""
    chosen = np.unique(drawn.owner_p)
    wanted = [drawn.row_p[drawn.owner_p == m] for m in chosen]
    pick = functools.partial(pick_rows, config=config, extract=extract)
    sample_PD = np.empty((len(drawn.row_p), sum(sampling.WIDTHS)), config.dtype)  # 10^6, held once
    start = 0
    report("sampling", 0, len(chosen))
    for done, picked_pD in enumerate(mapper(pick, [paths[m] for m in chosen], wanted)):
        sample_PD[start : start + len(picked_pD)] = picked_pD
        start += len(picked_pD)
        report("sampling", done + 1, len(chosen))
    return sample_PD


def fit_network(
    sample_PD: Floats, labels_P: Ints, config: Config, *, n_classes: int, report: Report = silent
) -> Network:
    """Return LSFNet trained on a sample, which is scaled where it stands (A11): it is used up."""
    report("training", 0, config.epochs)
    streams = random_streams(config.seed)
    scaling = sampling.fit_scaling(sample_PD, kind=config.input_scaling)
    sampling.scale_in_place(scaling, sample_PD)
    parameters = lsfnet.init_parameters(
        streams.init,
        n_in=sample_PD.shape[1],
        hidden=config.hidden,
        n_code=config.n_code,
        n_classes=n_classes,
        dtype=config.dtype,
    )
    trained = switching.train_network(
        parameters,
        sample_PD,
        labels_P,
        epochs=config.epochs,
        batch_size=config.batch_size,
        switch=config.switch,
        optimizer=config.optimizer,
        lr_ae=config.lr_ae,
        lr_mlp=config.lr_mlp,
        rng=streams.batch,
        report=lambda epoch, *_losses: report("training", epoch + 1, config.epochs),
    )
    return Network(
        trained.parameters,
        scaling,
        trained.reconstruction_curve,
        trained.classification_curve,
        trained.warnings,
    )
