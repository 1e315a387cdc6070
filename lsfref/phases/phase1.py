"""Training phase 1 (paper Sections 2.2 and 3.2): sample descriptors, train LSFNet on them."""

import numpy as np

from lsfref import lsfnet, switching
from lsfref.arrays import Floats, Ints
from lsfref.config import Config, Streams, random_streams, settings
from lsfref.kernels.scaling import fit_scaling, scale_in_place
from lsfref.model import Encoder, Network
from lsfref.phases.extraction import ALONE, Work


def fit_network(
    sample_PD: Floats, labels_P: Ints, config: Config, *, n_classes: int, work: Work = ALONE
) -> tuple[Network, tuple[str, ...]]:
    """Return LSFNet trained on a sample, and warnings; the sample is scaled in place (A11)."""
    scaling = fit_scaling(sample_PD, kind=config.input_scaling)
    scale_in_place(scaling, sample_PD)
    trained = network_from(config, sample_PD, labels_P, n_classes=n_classes, work=work)
    encoder = Encoder(scaling, trained.parameters)
    return Network(encoder, *map(np.array, trained.curves)), trained.warnings


def network_from(
    config: Config,
    rows_PD: Floats,
    labels_P: Ints,
    *,
    n_classes: int,
    streams: Streams | None = None,
    start: lsfnet.Parameters | None = None,
    work: Work = ALONE,
) -> switching.State:
    """Return LSFNet trained on scaled rows as a Config says: every choice of training, once.

    It begins at `start` if given, and draws from `streams` if given, as where training goes on.
    """
    streams = streams or random_streams(config.seed)
    if start is None:
        widths = {"n_in": rows_PD.shape[1], "n_classes": n_classes}
        widths |= settings(config, "hidden", "n_code")
        start = lsfnet.init_parameters(streams.init, dtype=config.dtype, **widths)
    state, report = work.resume(start, rows_PD, labels_P, config)
    return switching.train_network(
        start, rows_PD, labels_P, rng=streams.batch, report=report, state=state,
        **settings(config, "epochs", "batch_size", "switch", "optimizer", "lr_ae", "lr_mlp"),
    )  # fmt: skip
