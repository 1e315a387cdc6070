"""Acts: who walks gets on, who waves stays, who carries has hands before the body."""

import numpy as np
import pytest

from lsfref.scenes.render import acts, limbs

CLOCK_F = np.arange(31) / 15
PATH = acts.Path(1.0, 8.0, 0.3, 1.2)


def rng_of(seed):
    return np.random.default_rng(seed)


@pytest.mark.parametrize("act", [acts.walk, acts.wave, acts.carry])
def test_every_act_moves_joints_and_stays_finite(act):
    pose = act(rng_of(3), PATH, CLOCK_F)
    at = limbs.joints(1.75, pose)
    assert all(np.isfinite(joint).all() for joint in at.values())
    assert max(float(np.ptp(joint, axis=1).max()) for joint in at.values()) > 0.1
    assert all(len(part) == 31 for part in (pose.x_F, pose.z_F))


def test_a_walk_keeps_its_speed_and_heading_and_is_in_the_middle_in_mid_clip():
    pose = acts.walk(rng_of(0), PATH, CLOCK_F)
    np.testing.assert_allclose(np.hypot(np.diff(pose.x_F), np.diff(pose.z_F)) * 15, 1.2)
    np.testing.assert_allclose(np.diff(pose.z_F) / np.diff(pose.x_F), np.tan(0.3))
    np.testing.assert_allclose([pose.x_F[15], pose.z_F[15]], [1.0, 8.0])
    assert pose.thigh_2F[0] @ pose.thigh_2F[1] < 0  # one leg goes forward, the other back


def test_at_no_speed_somebody_stands():
    pose = acts.walk(rng_of(0), PATH._replace(speed=0.0), CLOCK_F)
    assert all(np.ptp(part) == 0 for part in (pose.x_F, pose.z_F, pose.thigh_2F[0]))


def test_waving_hands_go_up_and_feet_stay():
    at = limbs.joints(1.75, acts.wave(rng_of(1), PATH, CLOCK_F))
    assert at["hand0"][1].max() > at["neck"][1].max()
    assert np.ptp(at["foot0"], axis=1).max() == 0


def test_a_box_is_carried_in_front():
    pose = acts.carry(rng_of(2), PATH, CLOCK_F)
    at = limbs.joints(1.75, pose)
    assert pose.carries
    assert min(at["hand0"][0].min(), at["hand1"][0].min()) > 0.3
