"""Figures: limbs keep their length, feet their ground, and all is drawn where it should be."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsfref.scenes.render import limbs, people
from lsfref.scenes.render.perspective import Camera, column_of, row_of

CAMERA = Camera(focal=100.0, height=2.0, horizon=20.0, center=48.0)
CLOCK_F = np.arange(23) / 15
STILL = people.Path(x=0.5, z=6.0, heading=0.0, speed=0.0)


@given(st.integers(0, 2**32 - 1))
def test_the_lower_foot_is_on_the_ground_and_limbs_keep_their_length(seed):
    rng = np.random.default_rng(seed)
    path = people.Path(0.0, 8.0, float(rng.uniform(-3, 3)), float(rng.uniform(0.8, 1.7)))
    at = limbs.joints(1.8, people.walk(rng, path, CLOCK_F))
    parts = (("thigh", "knee", 0.245), ("knee", "foot", 0.235), ("shoulder", "elbow", 0.165))
    for s in (0, 1):
        for a, b, share in (*parts, ("elbow", "hand", 0.16), ("foot", "toe", 0.09)):
            long = np.linalg.norm(at[f"{b}{s}"] - at[f"{a}{s}"], axis=0)
            np.testing.assert_allclose(long, share * 1.8, rtol=1e-6)
    lowest = np.minimum(at["foot0"][1], at["foot1"][1])
    np.testing.assert_allclose(lowest, 0.04 * 1.8, rtol=1e-6)


def test_arms_hang_swing_forward_and_spread_to_their_own_side():
    zero_2F = np.zeros((2, 1))
    pose = limbs.Pose(zero_2F[0], zero_2F[0], 0.0, *[zero_2F] * 5)
    for change, wanted in (
        ({}, [0, -0.325, 0]),
        ({"swing_2F": zero_2F + np.pi / 2}, [0.325, 0, 0]),
        ({"spread_2F": zero_2F + np.pi / 2}, [0, 0, 0.325]),
    ):
        at = limbs.joints(1.0, pose._replace(**change))
        np.testing.assert_allclose((at["hand1"] - at["shoulder1"])[:, 0], wanted, atol=1e-9)
        np.testing.assert_allclose(at["shoulder1"][2] - at["shoulder0"][2], 0.2)
        mirrored = [*wanted[:2], -wanted[2]]
        np.testing.assert_allclose((at["hand0"] - at["shoulder0"])[:, 0], mirrored, atol=1e-9)


def test_a_figure_is_as_tall_in_the_picture_as_it_should_be():
    rng = np.random.default_rng(0)
    person = limbs.draw_person(rng)._replace(tall=1.8)
    layers = limbs.draw_figure(CAMERA, person, people.walk(rng, STILL, CLOCK_F), sun=0.5)
    assert len(layers) == 23
    rows, columns = np.nonzero(layers[11].cover_hw > 0.5)
    foot, top = (row_of(CAMERA, y, 6.0) for y in (0.0, 1.8))
    assert abs(rows.max() + layers[11].top - foot) < 2
    assert abs(rows.min() + layers[11].top - top) < 3
    assert abs(columns.mean() + layers[11].left - column_of(CAMERA, 0.5, 6.0)) < 2


@pytest.mark.parametrize("carries", [False, True])
def test_only_who_carries_has_a_box(carries):
    rng = np.random.default_rng(3)
    pose = people.carry(rng, STILL, CLOCK_F)._replace(carries=carries)
    parts = limbs._limbs(limbs.draw_person(rng), pose, near=0)
    assert sum(part[3] == limbs._BOX for part in parts if isinstance(part[3], tuple)) == carries
