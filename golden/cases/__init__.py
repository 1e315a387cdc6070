"""All golden cases, in stage order, and how outputs follow from what is stored."""

from golden.cases import flows, images, network, search, tracks, whole_system
from golden.cases.base import Case, Kind, Tensors

CASES: list[Case] = sorted(
    [
        *images.CASES,
        *flows.CASES,
        *tracks.CASES,
        *network.CASES,
        *search.CASES,
        *whole_system.CASES,
    ],
    key=lambda case: case.kind.stage,
)
KINDS: dict[str, Kind] = {case.kind.name: case.kind for case in CASES}


def recompute(kind: str, tensors: Tensors, settings: dict[str, str], *, dtype: str) -> Tensors:
    """Return the outputs of a case from its other tensors, in float64 or float32.

    Arrays are cast before, results after; single numbers (rates, shares) stay as they are.
    """
    cast = {
        name: array.astype(dtype) if array.ndim and array.dtype.kind == "f" else array
        for name, array in tensors.items()
    }
    outputs = KINDS[kind].run(cast, settings)
    return {
        name: value.astype(dtype) if value.dtype.kind == "f" else value
        for name, value in outputs.items()
    }
