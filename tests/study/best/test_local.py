"""Local motion: known flows, leaves that sway, people who walk on."""

import numpy as np
from scipy import ndimage

from lsfref.study.best import local


def texture(shape, seed=0):
    return 128 + 200 * ndimage.gaussian_filter(np.random.default_rng(seed).normal(size=shape), 2)


def swaying(n=32, *, period=8.0, amplitude=1.0):
    """Right half: leaves that sway from side to side; left half: still."""
    still, leaves = texture((62, 50)), texture((62, 90), seed=1)
    frames = []
    for frame in range(n):
        shift = amplitude * np.sin(2 * np.pi * frame / period)
        frames.append(np.hstack([still, ndimage.shift(leaves, (0, shift))[:, 20:65]]))
    return np.stack(frames).astype(np.float32)


def test_a_known_flow_is_found():
    wide = texture((62, 200))
    run = np.stack([ndimage.shift(wide, (0, 0.3 * f))[:, 50:140] for f in range(3)])
    run[:, :, :60] = wide[:, 50:110]  # more than half stands, as the median does
    flow_2fhw, texture_hw = local.block_flow(run.astype(np.float32))
    assert texture_hw.all()
    np.testing.assert_allclose(flow_2fhw[0, :, 1:-1, 11:13], 0.3, atol=0.12)
    np.testing.assert_allclose(flow_2fhw[0, :, :, :9], 0, atol=0.02)


def test_leaves_sway_in_their_band():
    found = local.local(swaying())
    assert found.shape == (local.N_LOCAL,)
    again, bands, horizontal = found[4:7], found[7:10], found[10]
    assert 0.2 < found[1] < 0.6  # active
    assert again[0] > 0.5
    assert again[2] < -0.5  # half a period later
    assert bands.argmax() == 2  # an eighth of a cycle a frame
    assert horizontal > 0.9


def test_slower_leaves_are_in_a_lower_band():
    assert local.local(swaying(period=24.0, amplitude=3.0))[7:10].argmax() == 0


def test_without_texture_there_is_nothing():
    found = local.local(np.full((16, 30, 40), 90, np.float32))
    assert not found.any()


def test_light_is_no_motion():
    run = texture((62, 90)) + 10 * (np.arange(16) % 2)[:, None, None]
    assert local.local(run.astype(np.float32))[1] == 0


def test_a_mirror_changes_nothing():
    found = local.local(swaying()[:, :, :92])
    mirrored = local.local(swaying()[:, :, 91::-1])
    np.testing.assert_allclose(mirrored, found, atol=0.1)
