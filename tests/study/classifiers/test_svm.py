import numpy as np
import oracles_study as oracle
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lsfref.study.classifiers.svm import fit_svm, margins, objective


def test_by_hand():
    """x = +-1: |w|^2/2 + 2 C (1 - w)^2 is least at w = 4 C / (1 + 4 C); no offset."""
    svm = fit_svm(np.array([[-1.0], [1.0]]), np.array([0, 1]), n_classes=2, cost=0.5)
    np.testing.assert_allclose(svm.weights_CV, [[-2 / 3], [2 / 3]], rtol=1e-5)
    np.testing.assert_allclose(svm.offsets_C, 0, atol=1e-5)
    np.testing.assert_allclose(margins(svm, np.array([[3.0]])), [[-2, 2]], rtol=1e-5)


def test_value_and_gradient():
    rng = np.random.default_rng(0)
    rows = np.concatenate([rng.standard_normal((7, 3)), np.ones((7, 1))], axis=1)
    signs, plane = np.where(rng.random(7) < 0.5, 1.0, -1.0), rng.standard_normal(4)
    value, gradient = objective(rows, signs, plane, cost=2.5)
    wanted = oracle.svm_objective(rows[:, :3].tolist(), signs, plane[:3], plane[3], 2.5)
    assert value == pytest.approx(wanted, rel=1e-13)
    for i in range(4):
        step = np.zeros(4)
        step[i] = 1e-6
        ends = [objective(rows, signs, plane + s * step, cost=2.5)[0] for s in (1, -1)]
        assert gradient[i] == pytest.approx((ends[0] - ends[1]) / 2e-6, rel=1e-6, abs=1e-7)


@pytest.mark.unwatched
@given(st.integers(0, 2**32 - 1), st.sampled_from([(29, 3), (7, 23)]), st.sampled_from([0.1, 10]))
@settings(max_examples=30)
def test_the_gradient_vanishes_and_nothing_near_is_better(seed, shape, cost):
    rng = np.random.default_rng(seed)
    rows, labels = rng.standard_normal(shape), rng.integers(0, 3, shape[0])
    labels[:3] = [0, 1, 2]
    svm = fit_svm(rows, labels, n_classes=3, cost=cost, gap=1e-7)
    padded = np.concatenate([rows, np.ones((len(rows), 1))], axis=1)
    for c in range(3):
        signs = np.where(labels == c, 1.0, -1.0)
        plane = np.append(svm.weights_CV[c], svm.offsets_C[c])
        value, gradient = objective(padded, signs, plane, cost=cost)
        assert gradient @ gradient <= 2.001e-7 * value
        other = plane + 0.01 * rng.standard_normal(len(plane))
        assert objective(padded, signs, other, cost=cost)[0] >= value


def test_wide_tables_have_the_same_minimum():
    """Columns of zeros make a table wide without changing the problem."""
    rng = np.random.default_rng(1)
    rows, labels = rng.standard_normal((17, 5)), np.arange(17) % 3
    tall = fit_svm(rows, labels, n_classes=3)
    wide = fit_svm(np.concatenate([rows, np.zeros((17, 31))], axis=1), labels, n_classes=3)
    np.testing.assert_allclose(wide.weights_CV[:, :5], tall.weights_CV, atol=1e-4)
    np.testing.assert_allclose(wide.weights_CV[:, 5:], 0, atol=1e-12)
    np.testing.assert_allclose(wide.offsets_C, tall.offsets_C, atol=1e-4)


def test_a_class_that_training_never_saw_is_never_said():
    rng = np.random.default_rng(2)
    rows, labels = rng.standard_normal((13, 3)), np.repeat([0, 2], [6, 7])
    answers = margins(fit_svm(rows, labels, n_classes=4), rng.standard_normal((50, 3)))
    assert np.isneginf(answers[:, [1, 3]]).all()
    assert set(answers.argmax(axis=1)) <= {0, 2}


def test_two_classes_are_mirror_images():
    rng = np.random.default_rng(3)
    rows, labels = rng.standard_normal((13, 3)), np.arange(13) % 2
    answers = margins(fit_svm(rows, labels, n_classes=2), rows)
    np.testing.assert_allclose(answers[:, 0], -answers[:, 1], atol=1e-4)


def test_errors():
    rows = np.ones((3, 2))
    with pytest.raises(ValueError, match="two classes"):
        fit_svm(rows, np.zeros(3, dtype=int), n_classes=2)
    with pytest.raises(ValueError, match="two classes"):
        fit_svm(rows, np.array([0, 1, 5]), n_classes=2)
    with pytest.raises(ValueError, match="two classes"):
        fit_svm(rows, np.array([-1, 0, 1]), n_classes=2)
    with pytest.raises(ValueError, match="want"):
        fit_svm(rows, np.zeros(2, dtype=int), n_classes=2)
    with pytest.raises(ValueError, match="want"):
        fit_svm(rows, np.array([0, 1, 1]), n_classes=2, cost=0.0)
