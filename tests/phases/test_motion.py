"""Steps: a frame at every scale with the flow that leads to it."""

import numpy as np
import pytest
from clips import clip

from lsfref.errors import VideoError
from lsfref.phases import motion

FRAMES = [frame.astype(np.float64) for frame in clip("camera shaking", 3, n_frames=4)]


@pytest.mark.parametrize("flow", ["lucas_kanade", "farneback"])
def test_a_step_has_the_flow_from_the_frame_before(flow):
    steps, method = list(motion.steps(FRAMES, flow=flow, n_scales=1)), motion.METHODS[flow]
    assert len(steps) == 4
    assert steps[0].flows is None
    for number in (1, 2, 3):
        (flow_HW2,) = steps[number].flows
        pair = (method.prepare([frame_HW]) for frame_HW in FRAMES[number - 1 : number + 1])
        (want_HW2,) = method.layer_flows(*pair)
        np.testing.assert_array_equal(flow_HW2, want_HW2)
        assert steps[number].own_flows is None


def test_the_finest_layer_is_the_frame_and_whole_numbers_become_real():
    (step,) = motion.steps([FRAMES[0]], flow="lucas_kanade", n_scales=1)
    np.testing.assert_array_equal(step.greys[0], FRAMES[0])
    (step,) = motion.steps([FRAMES[0].astype(np.uint8)], flow="lucas_kanade", n_scales=1)
    assert step.greys[0].dtype == np.float32
    (step,) = motion.steps([FRAMES[0] + 0.3], flow="farneback", n_scales=1)
    np.testing.assert_array_equal(step.greys[0], FRAMES[0])  # rounded to 8 bits


def test_the_smallest_frame_is_a_patch():
    steps = motion.steps([np.zeros((32, 37))], flow="lucas_kanade", n_scales=1)
    assert len(list(steps)) == 1
    with pytest.raises(VideoError, match="37x31 pixels are too small: each side must have 32"):
        list(motion.steps([np.zeros((31, 37))], flow="lucas_kanade", n_scales=1))


def test_a_change_of_size_is_told():
    frames = [np.zeros((37, 41)), np.zeros((41, 37))]
    with pytest.raises(VideoError, match="from 41x37 to 37x41 pixels"):
        list(motion.steps(frames, flow="lucas_kanade", n_scales=1))
