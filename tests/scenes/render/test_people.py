"""Who passes by: how many, where, of all three kinds; who walks gets on, who waves stays."""

import numpy as np
import pytest

from lsfref.scenes.render import limbs, people
from lsfref.scenes.render.scenery import draw_scenery, foot_limits

CLOCK_F = np.arange(5) / 15
SECONDS_F = np.arange(31) / 15
PATH = people.Path(1.0, 8.0, 0.3, 1.2)


def test_one_to_three_people_stand_where_they_are_well_seen():
    scenery = draw_scenery(np.random.default_rng(0), (96, 74))
    nearest, farthest = foot_limits(scenery)
    counts = set()
    for seed in range(12):
        cast = people.draw_people(np.random.default_rng(seed), scenery, CLOCK_F)
        counts.add(len(cast))
        for layers in cast:
            assert len(layers) == 5
            assert nearest - 1.2 < layers[2].depth < farthest + 1.2
    assert counts == {1, 2, 3}


def test_people_carry_walk_together_and_wave(monkeypatch):
    seen = []

    def noted(act):
        def noting(rng, path, clock_F):
            before = len(seen)
            pose = act(rng, path, clock_F)
            seen[before:] = [(act.__name__, path)]  # an act may be made of another
            return pose

        return noting

    for act in (people.walk, people.wave, people.carry):
        monkeypatch.setattr(people, act.__name__, noted(act))
    monkeypatch.setattr(people, "draw_figure", lambda *args, **settings: [])
    scenery = draw_scenery(np.random.default_rng(0), (96, 74))
    casts = []
    for seed in range(40):
        seen.clear()
        people.draw_people(np.random.default_rng(seed), scenery, CLOCK_F)
        casts.append(list(seen))
    names = {name for cast in casts for name, _ in cast}
    assert names == {"walk", "wave", "carry"}
    together = [cast for cast in casts if len(cast) > 1 and cast[0][1][2:] == cast[1][1][2:]]
    apart = [np.hypot(a.x - b.x, a.z - b.z) for (_, a), (_, b), *_ in together]
    assert len(apart) > 5
    assert 0.5 < min(apart) < max(apart) < 0.85


def rng_of(seed):
    return np.random.default_rng(seed)


@pytest.mark.parametrize("act", [people.walk, people.wave, people.carry])
def test_every_act_moves_joints_and_stays_finite(act):
    pose = act(rng_of(3), PATH, SECONDS_F)
    at = limbs.joints(1.75, pose)
    assert all(np.isfinite(joint).all() for joint in at.values())
    assert max(float(np.ptp(joint, axis=1).max()) for joint in at.values()) > 0.1
    assert all(len(part) == 31 for part in (pose.x_F, pose.z_F))


def test_a_walk_keeps_its_speed_and_heading_and_is_in_the_middle_in_mid_clip():
    pose = people.walk(rng_of(0), PATH, SECONDS_F)
    np.testing.assert_allclose(np.hypot(np.diff(pose.x_F), np.diff(pose.z_F)) * 15, 1.2)
    np.testing.assert_allclose(np.diff(pose.z_F) / np.diff(pose.x_F), np.tan(0.3))
    np.testing.assert_allclose([pose.x_F[15], pose.z_F[15]], [1.0, 8.0])
    assert pose.thigh_2F[0] @ pose.thigh_2F[1] < 0  # one leg goes forward, the other back


def test_at_no_speed_somebody_stands():
    pose = people.walk(rng_of(0), PATH._replace(speed=0.0), SECONDS_F)
    assert all(np.ptp(part) == 0 for part in (pose.x_F, pose.z_F, pose.thigh_2F[0]))


def test_waving_hands_go_up_and_feet_stay():
    at = limbs.joints(1.75, people.wave(rng_of(1), PATH, SECONDS_F))
    assert at["hand0"][1].max() > at["neck"][1].max()
    assert np.ptp(at["foot0"], axis=1).max() == 0


def test_a_box_is_carried_in_front():
    pose = people.carry(rng_of(2), PATH, SECONDS_F)
    at = limbs.joints(1.75, pose)
    assert pose.carries
    assert min(at["hand0"][0].min(), at["hand1"][0].min()) > 0.3
