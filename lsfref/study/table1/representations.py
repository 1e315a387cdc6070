"""What the videos of a fold become: one vector a video and encoder, the raw material of Table 1.

In: descriptors of the videos, as blocks.  Out: codes of LSFNet, of the autoencoder alone and of
PCA, averaged; Fisher vectors of whole descriptors and of each of the four (H1, H2, H4).
"""

import dataclasses
import functools
from collections.abc import Callable, Collection, Iterable
from typing import NamedTuple

import numpy as np

from lsfref import lsfnet, pooling
from lsfref.arrays import N_COLUMNS, Floats, Ints
from lsfref.config import Config, random_streams
from lsfref.errors import NoTrajectoriesError
from lsfref.kernels.scaling import Scaling, apply_scaling, fit_scaling, scale_in_place
from lsfref.phases.phase1 import fit_network, network_from
from lsfref.phases.streaming import Block
from lsfref.study.table1 import fisher_vector, mixture, pca

N_GAUSSIANS = 128
MIXTURE_ROWS = 100_000
LEAST_GAIN = 1e-2  # nats a row; EM ends at an iteration that gains less (H9)
Parts = dict[str, slice]  # columns of the descriptors, by name
WHOLE: Parts = {"descriptor": slice(0, N_COLUMNS)}
AE_RATES = (1e-1, 1e-2, 1e-3, 1e-4)  # a quarter of the passes each (H2)


class Encoders(NamedTuple):
    """What is fitted to a sample: nothing of it has seen a video that will be asked."""

    scaling: Scaling
    encode: dict[str, Callable[[Floats], Floats]]  # of scaled rows
    parts: Parts
    mixtures: dict[str, mixture.Mixture]  # of the parts, as they are


def fit_encoders(
    sample_PD: Floats, labels_P: Ints, *, kinds: Collection[str], parts: Parts, config: Config
) -> Encoders:
    """Return the encoders asked for, of lsfnet, autoencoder, pca, raw, fitted to the same rows.

    labels_P number the classes of the sample from 0 without gaps (C7). There is a mixture for each
    of the parts. The sample is scaled where it stands, as in phase 1: it is overwritten.
    """
    mixtures = fit_mixtures(sample_PD, parts=parts, seed=config.seed)
    encode: dict[str, Callable[[Floats], Floats]] = {}
    n_classes = int(labels_P.max()) + 1
    if "lsfnet" in kinds:
        learned = fit_network(sample_PD, labels_P, config, n_classes=n_classes)[0].encoder
        scaling = learned.scaling
        encode["lsfnet"] = functools.partial(lsfnet.encode, learned.parameters)
    else:
        scaling = fit_scaling(sample_PD, kind=config.input_scaling)
        scale_in_place(scaling, sample_PD)
    if "autoencoder" in kinds:
        parameters = train_autoencoder(sample_PD, n_classes=n_classes, config=config)
        encode["autoencoder"] = functools.partial(lsfnet.encode, parameters)
    if "pca" in kinds:
        fitted = pca.fit_pca(sample_PD, n_components=config.n_code)
        encode["pca"] = functools.partial(pca.project, fitted)
    if "raw" in kinds:
        encode["raw"] = np.asarray  # the scaled descriptor itself
    return Encoders(scaling, encode, parts, mixtures)


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
        parameters = network_from(
            part, rows_PD, labels_P, n_classes=n_classes, streams=streams, start=parameters
        ).parameters
    assert parameters is not None  # there is a rate
    return parameters


def fit_mixtures(rows_PD: Floats, *, parts: Parts, seed: int) -> dict[str, mixture.Mixture]:
    """Return a mixture of each part of the columns, fitted to MIXTURE_ROWS of the rows at most."""
    rows_PD = rows_PD[:: -(-len(rows_PD) // MIXTURE_ROWS)]
    found = {}
    for name, columns in parts.items():
        part = np.ascontiguousarray(rows_PD[:, columns])
        rng = np.random.default_rng([seed, *name.encode()])  # alone as among others
        start = mixture.seed_mixture(part, n_gaussians=N_GAUSSIANS, rng=rng)
        found[name], _ = mixture.fit_mixture(part, start, tolerance=LEAST_GAIN)
    return found


def encode_video(blocks: Iterable[Block], encoders: Encoders) -> dict[str, Floats]:
    """Return the vectors of one video by name, in one pass over its descriptors.

    Of each encoder, the mean code (stage 7). Of each mixture, the Fisher vector of its columns,
    with signed root and unit length. Without descriptors all are zero.
    """
    sums: dict[str, mixture.Sums] = {}

    def codes(rows_BD: Floats) -> list[Floats]:
        scaled_BD = apply_scaling(encoders.scaling, rows_BD)
        return [encode(scaled_BD) for encode in encoders.encode.values()]

    def encode(rows_BD: Floats) -> Floats:
        for name, fitted in encoders.mixtures.items():  # on the way: the rows come by once
            new = mixture.posterior_sums(fitted, rows_BD[:, encoders.parts[name]])
            sums[name] = fisher_vector.add(sums[name], new) if name in sums else new
        return np.concatenate([np.zeros((len(rows_BD), 0), rows_BD.dtype), *codes(rows_BD)], axis=1)

    widths = [codes_BE.shape[1] for codes_BE in codes(np.zeros((0, N_COLUMNS)))]
    try:
        pooled_E = pooling.pool_codes((b.descriptors_PD for b in blocks), encode).pooled_E
    except NoTrajectoriesError:
        pooled_E = np.zeros(sum(widths))
    vectors = dict(zip(encoders.encode, np.split(pooled_E, np.cumsum(widths)), strict=False))
    for name, fitted in encoders.mixtures.items():
        vector: Floats = np.zeros(len(fitted.weights_G) + 2 * fitted.means_GD.size)
        if name in sums:
            vector = fisher_vector.gradients(sums[name], fitted)
        vectors[name] = fisher_vector.normalize(vector[None])[0]
    return vectors
