"""The one contract for what answers: the paper's system, and presets beyond it.

In: a model.  Out: what describes a video, in any process, and what answers for it, where the index
is.
"""

import functools
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from lsfref import pooling
from lsfref.arrays import Floats
from lsfref.model import Encoder, Model
from lsfref.phases.passes import Pooled
from lsfref.phases.streaming import Block
from lsfref.phases.testing import Answer, answer, describe, votes_by_task
from lsfref.phases.timeline import Timeline, describe_intervals


@dataclass(frozen=True)
class Answerer:
    """What answers for a model: the paper's system below, or another preset's.

    What describes a video runs in any process, with the network alone; `shares` needs all of the
    model, and returns shares_MC of one task for the vectors of M videos.
    """

    model: Model
    describe: Callable[..., Pooled]  # of path and `extract`
    describe_intervals: Callable[..., Timeline]  # of path, `seconds` and `extract`
    shares: Callable[[str, Floats], Floats]


def paper_answerer(model: Model) -> Answerer:
    """Return the paper's system: average codes, zeros without trajectories (D4), and votes."""
    config, encoder = model.config, model.network.encoder
    pool = functools.partial(_pool_interval, encoder=encoder, n_code=config.n_code)
    return Answerer(
        model,
        functools.partial(describe, encoder=encoder, config=config),
        functools.partial(describe_intervals, pool=pool, config=config),
        functools.partial(votes_by_task, model),
    )


def _pool_interval(
    blocks: Iterable[Block], _frames: range, *, encoder: Encoder, n_code: int
) -> pooling.Pooled:
    if not blocks:
        return pooling.Pooled(np.zeros(n_code), 0)  # D4
    return pooling.pool_codes((block.descriptors_PD for block in blocks), encoder)


def answer_as(system: Answerer, pooled: Pooled) -> Answer:
    """Return the answers of both tasks that a system gives for a described video."""
    return answer(system.model, pooled, system.shares)
