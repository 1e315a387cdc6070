"""The one contract for what answers: the paper's system, and presets beyond it.

In: a model.  Out: what describes a video, in any process, and what answers for it, where the index
is.
"""

import functools
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from lsfref import pooling
from lsfref.arrays import Floats
from lsfref.model import Encoder, Model
from lsfref.phases.passes import Pooled
from lsfref.phases.streaming import Block
from lsfref.phases.testing import Answer, answer, describe, votes_by_task
from lsfref.phases.timeline import Timeline, describe_intervals


class Answerer(Protocol):
    """What answers for a model: the paper's system below, or another preset's.

    What describes a video runs in any process, with the network alone; `shares` needs all of the
    model.
    """

    @property
    def model(self) -> Model:
        """The fitted system."""

    @property
    def describe(self) -> Callable[..., Pooled]:
        """What makes a Pooled of path and `extract`."""

    @property
    def describe_intervals(self) -> Callable[..., Timeline]:
        """What makes a Timeline of path, `seconds` and `extract`."""

    def shares(self, task: str, pooled_ME: Floats) -> Floats:
        """Return shares_MC of one task for the vectors of M videos."""


@dataclass(frozen=True)
class PaperAnswerer:
    """The paper's system, ready to be asked."""

    model: Model

    @property
    def describe(self) -> Callable[..., Pooled]:
        """What makes the average code of a video, zeros without trajectories (D4)."""
        network, config = self.model.network, self.model.config
        return functools.partial(describe, encoder=network.encoder, config=config)

    @property
    def describe_intervals(self) -> Callable[..., Timeline]:
        """What makes the average code of each interval: `describe_intervals` of timeline.py."""
        config = self.model.config
        pool = functools.partial(
            _pool_interval, encoder=self.model.network.encoder, n_code=config.n_code
        )
        return functools.partial(describe_intervals, pool=pool, config=config)

    def shares(self, task: str, pooled_ME: Floats) -> Floats:
        """Return shares_MC, the votes for each class (stages 8 to 10)."""
        return votes_by_task(self.model, task, pooled_ME)


def _pool_interval(
    blocks: Iterable[Block], _frames: range, *, encoder: Encoder, n_code: int
) -> pooling.Pooled:
    if not blocks:
        return pooling.Pooled(np.zeros(n_code), 0)  # D4
    return pooling.pool_codes((block.descriptors_PD for block in blocks), encoder)


def answer_as(system: Answerer, pooled: Pooled) -> Answer:
    """Return the answers of both tasks that a system gives for a described video."""
    return answer(system.model, pooled, system.shares)
