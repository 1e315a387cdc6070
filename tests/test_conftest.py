"""The axis check of conftest.py: it fails a test in which an array has not the axes of its name."""

import numpy as np
import pytest
from conftest import axes_of, axis_faults, finite_where


@pytest.mark.parametrize(
    ("name", "axes"),
    [
        ("codes_PE", "PE"), ("flow_HW2", "HW2"), ("sums_O4P", "O4P"), ("moves_pL2", "pL2"),
        ("homography_33", "33"), ("_inner_BD", "BD"), ("labels_m", ""), ("total", ""),
        ("row_count", ""), ("apart", ""),
    ],
)  # fmt: skip
def test_axes_that_a_name_tells(name, axes):
    assert "".join(axes_of(name)[1]) == axes


def test_axes_by_hand():
    right = {"codes_PE": np.zeros((3, 5)), "info_P10": np.zeros((3, 10)), "labels": np.zeros(7)}
    assert axis_faults(right) == []
    assert axis_faults({"codes_PE": "no array", "flow_HW2": None}) == []
    assert axis_faults({"codes_PE": np.zeros(3)}) == ["codes_PE has shape (3,)"]
    (fault,) = axis_faults({"flow_HW2": np.zeros((3, 5, 7))})
    assert fault == "flow_HW2 has shape (3, 5, 7); want 2 = 2"
    (fault,) = axis_faults({"codes_PE": np.zeros((3, 5)), "rows_PD": np.zeros((4, 7))})
    assert fault == "rows_PD has shape (4, 7); want P = 3"
    assert axis_faults({"codes_PE": np.zeros((3, 5)), "rows_pD": np.zeros((4, 7))}) == []


def broken(pooled_ME):
    """Return what has lost an axis; it counts as a function of the package."""
    sums_ME = pooled_ME.sum(axis=1)
    return sums_ME


def run_as_ours(function, *arguments):
    """Call a function as if it stood in the package."""
    import lsfref

    code = function.__code__.replace(co_filename=lsfref.__file__)
    return type(function)(code, function.__globals__)(*arguments)


@pytest.mark.unwatched  # it has a watch of its own
@pytest.mark.parametrize("marked", [False, True])
def test_a_function_with_wrong_axes_fails_its_test(marked):
    from conftest import axis_check

    class Request:
        class node:
            @staticmethod
            def get_closest_marker(name):
                return marked or None

    watch = getattr(axis_check, "__wrapped__", None) or axis_check.__pytest_wrapped__.obj
    watching = watch(Request)
    next(watching)
    run_as_ours(broken, np.zeros((3, 5)))
    if marked:
        with pytest.raises(StopIteration):
            next(watching)
    else:
        with pytest.raises(AssertionError, match=r"broken: sums_ME has shape \(3,\)"):
            next(watching)


def test_functions_of_others_and_right_axes_pass():
    broken(np.zeros((3, 5)))  # the check that watches this test sees a file of the tests


def raised(factor):
    """The error of a product that is flagged."""
    factors = {"rows": [1.0], "weights": np.array([1.0, factor])}
    try:
        raise FloatingPointError("invalid value encountered in matmul", len(factors))
    except FloatingPointError as fault:
        return fault


def test_only_a_product_of_finite_factors_is_called_again():
    assert finite_where(raised(3.0))
    assert not finite_where(raised(np.inf))
    assert not finite_where(raised(np.nan))


def test_it_is_called_again_under_the_same_checks(request):
    calls = request.node.__dict__.setdefault("calls", [])
    calls.append(np.geterr()["invalid"])
    row = np.ones(3)
    if len(calls) == 1:
        raise FloatingPointError("invalid value encountered in matmul")
    assert calls == ["raise", "raise"]
    assert row.all()
