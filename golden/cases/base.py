"""What a golden case is: named tensors, the way from inputs to outputs, the margin of decisions."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from lsfref.storage.tensors import axes_of

Tensors = dict[str, Any]


class Output(NamedTuple):
    """What the manifest tells of an output."""

    equation: str
    checked_by: str  # hand, loops, torch, ...: tests/test_golden.py and tests/peers hold the checks
    option: str | None = None  # that alone needs it: `conform --without farneback` leaves it out


@dataclass(frozen=True)
class Kind:
    """One way from inputs to outputs, shared by all cases that take it."""

    name: str
    stage: str
    run: Callable[[Tensors, dict[str, Any]], Tensors]
    outputs: dict[str, Output]
    margin: Callable[[Tensors, dict[str, Any], Tensors], float] | None = None
    axes: Callable[[Tensors], dict[str, str]] = lambda _tensors: {}  # where names do not say
    constants: dict[str, Any] = field(default_factory=dict)  # that the code holds, for `settings`

    def output(self, name: str) -> Output:
        """Return what is told of an output; names that differ by a number share one."""
        if name in self.outputs:
            return self.outputs[name]
        families = {key[:-1]: facts for key, facts in self.outputs.items() if key.endswith("*")}
        return next(facts for start, facts in families.items() if name.startswith(start))


@dataclass(frozen=True)
class Case:
    """One folder of golden files.

    `exact`: a decision of it is a tie, or rests on exact numbers; rounding is not probed then.
    `single`: False where float32 cannot follow (too large, too small, too close).
    `whole`: an end-to-end run, whose decisions cannot be kept apart by choice.
    """

    kind: Kind
    name: str
    about: str
    branch: str
    inputs: Tensors
    params: Tensors = field(default_factory=dict)
    draws: Tensors = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    exact: bool = False
    single: bool = True
    whole: bool = False

    @property
    def key(self) -> str:
        """Where it stands: NN_stage/case."""
        return f"{self.kind.stage}/{self.name}"

    def tensors(self) -> dict[str, tuple[str, np.ndarray]]:
        """Return {name: (role, array)} of all that is stored besides outputs."""
        groups = {"input": self.inputs, "param": self.params, "draw": self.draws}
        return {
            name: (role, np.asarray(array))
            for role, group in groups.items()
            for name, array in group.items()
        }

    def facts(self) -> dict[str, Any]:
        """Return what the manifest says of the case."""
        facts = {"about": self.about, "branch": self.branch}
        return facts | {"kind": self.kind.name, "settings": self.settings | self.kind.constants}

    def entries(self, outputs: Tensors) -> Iterator[tuple[str, Any, dict[str, Any]]]:
        """Yield (name, array, what the manifest says of it), but for what is measured."""
        axes = self.kind.axes(self.given() | outputs)

        def entry(name: str, array: Any, **facts: Any) -> tuple[str, Any, dict[str, Any]]:
            own = axes[name] if name in axes else axes_of(name, array.ndim)
            return name, array, {**facts, "axes": list(own)}

        for name, (role, array) in self.tensors().items():
            yield entry(name, array, role=role)
        for name, array in outputs.items():
            facts = {k: v for k, v in self.kind.output(name)._asdict().items() if v is not None}
            yield entry(name, array, role="output", **facts)

    def given(self) -> Tensors:
        """Return {name: array} of all that is stored besides outputs."""
        return {name: array for name, (_role, array) in self.tensors().items()}


class Replay:
    """Stands in for a random generator and hands out stored draws, in order."""

    def __init__(self, draws: Any) -> None:
        self.draws = list(draws)

    def _next(self, shape: tuple[int, ...]) -> np.ndarray:
        draw = np.asarray(self.draws.pop(0))
        if draw.shape != tuple(shape):
            raise ValueError(f"asked for {shape}; the stored draw has {draw.shape}")
        return draw

    def permutation(self, n: int) -> np.ndarray:
        return self._next((n,))

    def standard_normal(self, shape: tuple[int, ...]) -> np.ndarray:
        return self._next(shape)

    def uniform(self, low: float, high: float, shape: tuple[int, ...]) -> np.ndarray:
        return low + (high - low) * self._next(shape)


def least_gap(values: Any) -> float:
    """Return the least gap between different entries' values, over the largest magnitude."""
    values = np.sort(np.asarray(values, dtype=float))
    values = values[np.isfinite(values)]
    return float(np.diff(values).min(initial=np.inf) / max(np.abs(values).max(initial=0), 1e-300))
