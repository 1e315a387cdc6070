"""Stages 1 and 2 of 10 meet: each frame at every scale, with the flow that leads to it.

In: frame_HW after frame_HW.  Out: Steps, as long as there are frames.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np

from lsfref import flow as lucas_kanade
from lsfref.arrays import Floats
from lsfref.cited import farneback
from lsfref.descriptors import PATCH
from lsfref.errors import VideoError

Watch = Callable[..., None]  # watch(stage, name, array, frame=..., scale=...)

# A2: each has grey_layers(frame_HW, n_scales=...), prepare(greys), layer_flows(first, second).
METHODS: dict[str, Any] = {"lucas_kanade": lucas_kanade, "farneback": farneback}


class Step(NamedTuple):
    """A frame at every scale, and the flow that leads there from the frame before."""

    greys: list[Floats]  # grey_HW
    flows: list[Floats] | None  # flow_HW2 in pixels of the layer; None for the first frame
    own_flows: list[Floats] | None = None  # the same less the camera's motion (H6)


def steps(frames: Iterable[Floats], *, flow: str, n_scales: int) -> Iterator[Step]:
    """Yield a Step for each frame, in its dtype if that is a floating-point one.

    Raises VideoError where the frame size changes, or is smaller than a patch.

    Choices: A2 flow "farneback" rounds frames and layers to 8 bits, as the original program does.
    """
    method, shape, before = METHODS[flow], None, None
    for frame_HW in frames:
        _check_shape(frame_HW.shape, shape or frame_HW.shape)
        shape, dtype = frame_HW.shape, np.result_type(frame_HW.dtype, np.float32)
        greys = method.grey_layers(frame_HW.astype(dtype, copy=False), n_scales=n_scales)
        now = method.prepare(greys)
        yield Step(greys, None if before is None else method.layer_flows(before, now))
        before = now


def _check_shape(shape: tuple[int, ...], first: tuple[int, ...]) -> None:
    if shape != first:
        raise VideoError(
            f"the frame size changes from {first[1]}x{first[0]} to {shape[1]}x{shape[0]} pixels;"
            " convert the video to one size"
        )
    if min(shape) < PATCH:
        raise VideoError(
            f"frames of {shape[1]}x{shape[0]} pixels are too small: each side must have {PATCH}"
        )
