"""What the videos of a fold become: one vector a video and encoder, the raw material of Table 1.

In: descriptors of the videos, as blocks.  Out: codes of LSFNet, of the autoencoder alone and of
PCA, averaged; Fisher vectors of whole descriptors and of each of the four (H1, H2, H4).
"""

import dataclasses
import functools
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import numpy as np

from lsfref import lsfnet, pooling
from lsfref.arrays import N_COLUMNS, Floats, Ints
from lsfref.config import Config, random_streams
from lsfref.errors import NoTrajectoriesError
from lsfref.kernels.scaling import Scaling, apply_scaling, fit_scaling, scale_in_place
from lsfref.phases.extraction import Extract, PathLike
from lsfref.phases.phase1 import fit_network, network_from
from lsfref.study.table1 import fisher_vector, mixture, pca

N_GAUSSIANS = 128
MIXTURE_ROWS = 100_000
LEAST_GAIN = 1e-2  # nats a row; EM ends at an iteration that gains less (H9)
WHOLE = {"descriptor": slice(0, N_COLUMNS)}
AE_RATES = (1e-1, 1e-2, 1e-3, 1e-4)  # a quarter of the passes each (H2)


class Encoders(NamedTuple):
    """What is fitted to a sample: nothing of it has seen a video that will be asked."""

    scaling: Scaling
    encode: dict[str, Callable[[Floats], Floats]]  # of scaled rows
    widths: dict[str, int]


def fit_encoders(
    sample_PD: Floats, labels_P: Ints, *, kinds: Iterable[str], config: Config
) -> Encoders:
    """Return the encoders asked for, of lsfnet, autoencoder, pca, raw, fitted to the same rows.

    labels_P number the classes of the sample from 0 without gaps (C7). The sample is scaled where
    it stands, as in phase 1: it is overwritten.
    """
    encode: dict[str, Callable[[Floats], Floats]] = {}
    widths = {}
    n_classes = int(labels_P.max()) + 1
    if "lsfnet" in kinds:
        fitted_network = fit_network(sample_PD, labels_P, config, n_classes=n_classes).network
        scaling = fitted_network.encoder.scaling
        encode["lsfnet"] = functools.partial(lsfnet.encode, fitted_network.encoder.parameters)
        widths["lsfnet"] = config.n_code
    else:
        scaling = fit_scaling(sample_PD, kind=config.input_scaling)
        scale_in_place(scaling, sample_PD)
    if "autoencoder" in kinds:
        parameters = train_autoencoder(sample_PD, n_classes=n_classes, config=config)
        encode["autoencoder"] = functools.partial(lsfnet.encode, parameters)
        widths["autoencoder"] = config.n_code
    if "pca" in kinds:
        fitted = pca.fit_pca(sample_PD, n_components=config.n_code)
        encode["pca"] = functools.partial(pca.project, fitted)
        widths["pca"] = len(fitted.directions_RV)
    if "raw" in kinds:
        encode["raw"] = np.asarray  # the scaled descriptor itself
        widths["raw"] = sample_PD.shape[1]
    return Encoders(scaling, encode, widths)


def train_autoencoder(rows_PD: Floats, *, n_classes: int, config: Config) -> lsfnet.Parameters:
    """Return the network of LSFNet after reconstruction alone: the paper's baseline.

    Choices: H2 with plain descent, rates 1e-1 to 1e-4, a quarter of the passes each; with Adam, to
    which those rates are ruin, lr_ae throughout as in LSFNet.
    """
    streams = random_streams(config.seed)
    labels_P = np.zeros(len(rows_PD), dtype=np.int64)
    rates = AE_RATES if config.optimizer == "sgd" else (config.lr_ae,)
    parameters: lsfnet.Parameters | None = None
    for stage, rate in enumerate(rates):
        epochs = config.epochs * (stage + 1) // len(rates) - config.epochs * stage // len(rates)
        part = dataclasses.replace(config, epochs=epochs, lr_ae=rate, switch="reconstruction")
        trained = network_from(
            part, rows_PD, labels_P, n_classes=n_classes, streams=streams, start=parameters
        )
        parameters = trained.parameters
    assert parameters is not None  # there is a rate
    return parameters


def fit_mixtures(
    rows_PD: Floats, *, parts: dict[str, slice], seed: int
) -> dict[str, mixture.Mixture]:
    """Return a mixture of each part of the columns, fitted to MIXTURE_ROWS of the rows at most."""
    rows_PD = rows_PD[:: -(-len(rows_PD) // MIXTURE_ROWS)]
    found = {}
    for number, (name, columns) in enumerate(parts.items()):
        part = np.ascontiguousarray(rows_PD[:, columns])
        rng = np.random.default_rng([seed, number])
        start = mixture.seed_mixture(part, n_gaussians=N_GAUSSIANS, rng=rng)
        found[name] = mixture.fit_mixture(part, start, tolerance=LEAST_GAIN).mixture
    return found


def encode_video(
    blocks: Iterable[Floats],
    encoders: Encoders | None,
    mixtures: dict[str, mixture.Mixture],
    parts: dict[str, slice],
) -> dict[str, Floats]:
    """Return the vectors of one video by name, in one pass over its descriptors.

    Of each encoder, the mean code (stage 7). Of each mixture, the Fisher vector of its columns,
    with signed root and unit length. Without descriptors all are zero.
    """
    names = [] if encoders is None else list(encoders.encode)
    widths = [] if encoders is None else list(encoders.widths.values())
    sums: dict[str, mixture.Sums] = {}

    def encode(rows_BD: Floats) -> Floats:
        for name, fitted in mixtures.items():  # on the way: the rows come by once
            new = mixture.posterior_sums(fitted, rows_BD[:, parts[name]])
            sums[name] = fisher_vector.add(sums[name], new) if name in sums else new
        nothing = np.zeros((len(rows_BD), 0), rows_BD.dtype)
        if encoders is None:
            return nothing
        scaled_BD = apply_scaling(encoders.scaling, rows_BD)
        codes = [one(scaled_BD) for one in encoders.encode.values()]
        return np.concatenate([nothing, *codes], axis=1)

    try:
        pooled_E = pooling.pool_codes(blocks, encode).pooled_E
    except NoTrajectoriesError:
        pooled_E = np.zeros(sum(widths))
    vectors = dict(zip(names, np.split(pooled_E, np.cumsum(widths)), strict=False))
    for name, fitted in mixtures.items():
        n_gaussians, width = fitted.means_GD.shape
        vector = np.zeros(n_gaussians * (1 + 2 * width))
        if name in sums:
            vector = fisher_vector.gradients(sums[name], fitted)
        vectors[name] = fisher_vector.normalise(vector[None])[0]
    return vectors


def encode_videos(
    paths: Sequence[PathLike],
    encoders: Encoders | None,
    mixtures: dict[str, mixture.Mixture],
    parts: dict[str, slice],
    *,
    config: Config,
    extract: Extract,
) -> dict[str, Floats]:
    """Return the vectors of all videos, by name, a row a video."""
    rows = [
        encode_video(
            (block.descriptors_PD for block in extract(path, config)), encoders, mixtures, parts
        )
        for path in paths
    ]
    return {name: np.stack([row[name] for row in rows]) for name in rows[0]}
