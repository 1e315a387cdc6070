"""Who answers what: shares, videos without trajectories, classes that an expert does not know."""

import functools

import numpy as np
import pytest
from scipy.special import logsumexp

from lsfref.study.best import experts, vectors
from lsfref.study.best.choices import Choices
from lsfref.study.classifiers.logistic import (
    Kernel,
    fit_classifier,
    log_posteriors,
    restore_classifier,
)


def some_vectors(n, seed=4):
    return np.random.default_rng(seed).uniform(0.1, 1, (n, vectors.WIDTH))


LABELS = np.arange(11) % 3
TASKS = {
    "background": {"tracks": 0.3, "changes": 0.1, "statistics": 0.6},
    "foreground": {"tracks": 0.8, "people": 0.2},
}
CHOICES = Choices(changes=0.25, statistics=0.6, people=0.2)


@pytest.mark.parametrize("task", TASKS)
def test_an_answer_is_the_geometric_mean_by_hand(task):
    vectors_mV, asked_MV = some_vectors(11), some_vectors(5, seed=5)
    fitted = experts.fit_experts(vectors_mV, LABELS, task=task, n_classes=3, choices=CHOICES)
    assert fitted.shares == pytest.approx(TASKS[task])
    wanted_MC = 0
    for name, share in TASKS[task].items():
        gamma = {"tracks": 1.0, "changes": 1.0}.get(name, 0.3)
        one = fit_classifier(
            vectors.columns(vectors_mV, name, CHOICES), LABELS, n_classes=3,
            kernel=Kernel("gaussian", gamma, 4.0), cost=60.0,
        )  # fmt: skip
        wanted_MC += share * log_posteriors(one, vectors.columns(asked_MV, name, CHOICES))
    wanted_MC = np.exp(wanted_MC - logsumexp(wanted_MC, axis=1, keepdims=True))
    found_MC = experts.answer_rows(fitted, asked_MV, CHOICES)
    np.testing.assert_allclose(found_MC, wanted_MC, rtol=1e-9)


def test_without_tracks_the_others_speak_in_proportion():
    vectors_mV, asked_MV = some_vectors(11), some_vectors(2, seed=5)
    fit = functools.partial(experts.fit_experts, vectors_mV, LABELS, task="background", n_classes=3)
    both = fit(choices=Choices(changes=0.5, statistics=0.5))
    asked_MV[1] = asked_MV[0]
    asked_MV[1, : vectors.MOMENTS] = 0
    found_MC = experts.answer_rows(both, asked_MV, CHOICES)
    alone = fit(choices=Choices(changes=1.0, statistics=2 / 3))
    wanted_MC = experts.answer_rows(alone, asked_MV[:1], CHOICES)
    np.testing.assert_allclose(found_MC[1], wanted_MC[0], rtol=1e-6)
    assert np.abs(found_MC[0] - wanted_MC[0]).max() > 1e-3


def test_the_tracks_are_learned_from_videos_that_have_some():
    vectors_mV = some_vectors(11)
    vectors_mV[8:, : vectors.MOMENTS] = 0
    fit = functools.partial(experts.fit_experts, n_classes=3, choices=CHOICES, task="foreground")
    every, some = fit(vectors_mV, LABELS), fit(vectors_mV[:8], LABELS[:8])
    np.testing.assert_array_equal(
        every.classifiers["tracks"].weights_mC, some.classifiers["tracks"].weights_mC
    )
    assert every.classifiers["people"].weights_mC.shape == (11, 3)


def test_an_expert_without_a_share_is_not_fitted_and_nobody_left_is_no_opinion():
    choices = Choices(people=0.0)
    fitted = experts.fit_experts(
        some_vectors(11), LABELS, task="foreground", n_classes=3, choices=choices
    )
    assert list(fitted.classifiers) == ["tracks"]
    trackless_MV = np.zeros((1, vectors.WIDTH))
    np.testing.assert_allclose(experts.answer_rows(fitted, trackless_MV, choices), 1 / 3)


def test_a_class_that_was_never_seen_has_no_share():
    fitted = experts.fit_experts(
        some_vectors(11), LABELS, task="background", n_classes=5, choices=CHOICES
    )
    shares_MC = experts.answer_rows(fitted, some_vectors(3, seed=6), CHOICES)
    assert not shares_MC[:, 3:].any()
    np.testing.assert_allclose(shares_MC.sum(axis=1), 1)


def test_restored_experts_say_the_same():
    vectors_mV = some_vectors(11)
    vectors_mV[9:, : vectors.MOMENTS] = 0
    for task in TASKS:
        fitted = experts.fit_experts(vectors_mV, LABELS, task=task, n_classes=3, choices=CHOICES)
        restored = {
            of.expert: restore_classifier(
                of.features_nQ, fitted.classifiers[of.expert].weights_mC, of.kernel
            )
            for of in experts.lessons(vectors_mV, task, CHOICES)
        }
        asked_MV = some_vectors(4, seed=7)
        np.testing.assert_array_equal(
            *(
                experts.answer_rows(one, asked_MV, CHOICES)
                for one in (fitted, fitted._replace(classifiers=restored))
            )
        )
