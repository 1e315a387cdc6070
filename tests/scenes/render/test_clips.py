"""One clip: how strong its processes are, and what haze does to what moves."""

import numpy as np
import pytest

from lsfref.scenes.render import clips
from lsfref.scenes.render.ground import HAZE
from lsfref.scenes.render.scenery import draw_scenery
from lsfref.scenes.render.shapes import Layer


def rng_of(seed):
    return np.random.default_rng(seed)


def test_each_class_is_its_process_in_force_and_the_others_weaker():
    drawn = {
        b: [clips.draw_strengths(rng_of(k), b) for k in range(40)]
        for b in (*clips.CLASSES, *clips.LATER)
    }
    for name, (middle, most) in clips.STRENGTHS.items():
        own = [strengths[name] for strengths in drawn[name]]
        traces = [strengths[name] for b in drawn if b != name for strengths in drawn[b]]
        assert 0.9 * middle <= min(own) < max(own) <= 1.2 * middle
        assert 0 <= min(traces) <= max(traces) <= most < 0.2 * min(own)
    assert {s["rain"] == 0 for s in drawn["normal"]} == {True, False}


def test_haze_hides_what_is_far_and_adds_nothing_where_nothing_is():
    cover = np.array([[1.0, 0.0]], np.float32)
    layer = Layer(np.zeros((3, 1, 2), np.float32), cover, left=0, top=0, depth=100.0)
    thick = clips.hazed(layer, density=1.0).color_3hw
    np.testing.assert_allclose(thick[:, 0, 0], HAZE, rtol=1e-5)
    assert (thick[:, 0, 1] == 0).all()
    assert np.array_equal(clips.hazed(layer, density=0.0).color_3hw, layer.color_3hw)


@pytest.mark.parametrize("people", [False, True])
def test_people_and_a_process_change_a_clip_and_the_rest_stays(people):
    scenery = draw_scenery(rng_of(0), (96, 74))
    settings = {"people": people, "n_frames": 3}
    calm = clips.render(scenery, rng_of(1), background="normal", **settings)
    again = clips.render(scenery, rng_of(1), background="normal", **settings)
    shaky = clips.render(scenery, rng_of(1), background="camera shaking", **settings)
    assert calm.shape == (3, 74, 96, 3)
    assert np.array_equal(calm, again)
    assert (
        np.abs(np.diff(shaky.astype(float), axis=0)).mean()
        > 1.2 * np.abs(np.diff(calm.astype(float), axis=0)).mean()
    )
    without = clips.render(scenery, rng_of(1), background="normal", people=False, n_frames=3)
    assert np.array_equal(calm, without) == (not people)
