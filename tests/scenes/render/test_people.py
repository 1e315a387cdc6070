"""Who passes by: how many, where, and of all three kinds."""

import numpy as np

from lsfref.scenes.render import acts, people
from lsfref.scenes.render.scenery import draw_scenery, foot_limits

CLOCK_F = np.arange(5) / 15


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
            seen.append((act.__name__, path))
            return act(rng, path, clock_F)

        return noting

    for act in (acts.walk, acts.wave, acts.carry):
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
