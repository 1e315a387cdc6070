"""The lowest point of a function that curves by 1 or more in every direction.

In: its value and gradient.  Out: where it is lowest, with a bound on what is left.
"""

import math
from collections.abc import Callable

import numpy as np

from lsfref.arrays import Floats


def lowest(
    objective: Callable[[Floats], tuple[float, Floats]], n_weights: int, *, gap: float
) -> Floats:
    """Return the weights whose value, 0 or more, is within the share `gap` of the least.

    By L-BFGS [LN89] from 0. The value lies at most |gradient|^2 / 2 above the least: that bound,
    not a count of steps, ends it, or rounding, where no step makes the value smaller.
    """
    from scipy.optimize import minimize  # here: keeps `--help` quick

    weights: Floats = np.zeros(n_weights)
    value, gradient = objective(weights)
    while gradient @ gradient > 2 * gap * value:
        before = value
        options = {"maxiter": 10_000, "maxfun": 20_000, "maxcor": 20, "ftol": 0.0}
        options["gtol"] = math.sqrt(gap * value / n_weights)
        weights = minimize(objective, weights, jac=True, method="L-BFGS-B", options=options).x
        value, gradient = objective(weights)
        if not value < before:
            break
    return weights
