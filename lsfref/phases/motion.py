"""Stages 1 and 2 of 10 meet: each frame at every scale, with the flow that leads to it.

In: frame_HW after frame_HW.  Out: Steps, as long as there are frames.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import numpy as np

from lsfref.arrays import Floats
from lsfref.cited.farneback import grey_layers_8bit
from lsfref.descriptors import PATCH
from lsfref.errors import VideoError
from lsfref.flow import layer_flows, prepare
from lsfref.kernels.pyramid import grey_layers

Watch = Callable[..., None]  # watch(stage, name, array, frame=..., scale=...)


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
    shape, before = None, None
    for frame_HW in frames:
        _check_shape(frame_HW.shape, shape or frame_HW.shape)
        shape, dtype = frame_HW.shape, np.result_type(frame_HW.dtype, np.float32)
        if flow == "farneback":
            layers = grey_layers_8bit(np.rint(frame_HW).astype(np.uint8), n_scales=n_scales)
            greys = [layer.astype(dtype) for layer in layers]
        else:
            greys = grey_layers(frame_HW.astype(dtype, copy=False), n_scales=n_scales)
        now = prepare(greys[0], n_scales=n_scales, method=flow, layers=greys)
        yield Step(greys, None if before is None else layer_flows(before, now, method=flow))
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
