"""Choices: presets, settings from text and from JSON, streams that do not shift each other."""

import numpy as np

from lsfref.config import PRESETS, Config, random_streams


def test_the_published_numbers_are_preset_paper():
    paper = PRESETS["paper"]
    assert paper == Config()
    assert (paper.n_samples, paper.epochs, paper.n_code) == (1_000_000, 200, 128)
    assert (paper.lr_ae, paper.lr_mlp, paper.top_percent) == (1e-3, 1e-2, 50)
    assert paper.hidden == (256,)


def test_preset_small_is_the_laptops():
    small = PRESETS["small"]
    assert (small.dtype, small.max_side, small.n_samples) == ("float32", 320, 50_000)
    assert (small.epochs, small.batch_size, small.optimizer) == (30, 250, "adam")
    assert (small.lr_ae, small.lr_mlp, small.input_scaling) == (1e-3, 1e-3, "rms")
    assert (small.n_projections, small.k_rule) == (30, "sqrt")


def test_streams_are_independent_and_repeat():
    one, two = random_streams(3), random_streams(3)
    one.init.standard_normal(1000)  # more draws of one purpose ...
    for a, b in zip(one[1:], two[1:], strict=True):  # ... move no other
        np.testing.assert_array_equal(a.standard_normal(5), b.standard_normal(5))
    assert not np.array_equal(
        random_streams(3).hash.standard_normal(5), random_streams(4).hash.standard_normal(5)
    )
