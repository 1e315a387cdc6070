"""The flag: it hangs from its pole, and its free end moves most."""

import numpy as np
import pytest

from lsfref.scenes.render.flag import draw_flag
from lsfref.scenes.render.scenery import draw_scenery

CLOCK_F = np.arange(16) / 15


@pytest.mark.parametrize("seed", range(3))
def test_the_pole_stands_and_the_free_end_moves(seed):
    rng = np.random.default_rng(seed)
    scenery = draw_scenery(rng, (96, 74))
    layers = draw_flag(rng, scenery, CLOCK_F)
    assert len(layers) == 16
    height, width = scenery.picture.depth_HW.shape
    covers = np.zeros((16, height, width + 200))
    for cover, layer in zip(covers, layers, strict=True):
        h, w = layer.cover_hw.shape
        rows = slice(max(layer.top, 0), layer.top + h)
        part = layer.cover_hw[rows.start - layer.top :][: height - rows.start]
        cover[rows.start : rows.start + len(part), layer.left + 50 : layer.left + 50 + w] = part
    moved = np.ptp(covers, axis=0).sum(axis=0)
    used = np.nonzero(covers.max(axis=(0, 1)))[0]
    first, last = used[: len(used) // 4], used[-len(used) // 4 :]
    assert moved[last].sum() > 2 * moved[first].sum()
