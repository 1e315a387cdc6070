"""Fisher vectors: how the descriptors of a video differ from a mixture of Gaussians [SPM13] (H4).

In: posterior sums of one video, added block by block; their Mixture.  Out: vector_V of G + 2 G D
elements, weights first, then means, then variances, Gaussian by Gaussian.

Conventions. With s0, s1, s2 the means over the rows of r, r x, r x^2 (r: posterior), Gaussian k has

    d_weight = s0 - w
    d_mean   = s1 - s0 mu
    d_var    = s0 (var - mu^2) + 2 s1 mu - s2,    that is, mean of r (var - (x - mu)^2)

The signs of weights and means are those of the likelihood's gradient, that of variances is its
opposite, and nothing is divided by the square root of the Fisher information: so are the published
features. Dividing the three parts by sqrt(w), sqrt(w var) and sqrt(2 w) var gives the vectors
of scikit-image. Neither changes what a linear method can represent before the signed square root.
"""

import operator

import numpy as np

from lsfref.arrays import Floats
from lsfref.study.table1.mixture import Mixture, Sums


def gradients(sums: Sums, mixture: Mixture) -> Floats:
    """Return vector_V from the posterior sums of a video. The origin of the sums cancels."""
    mean_GD = mixture.means_GD - sums.origin_D
    means = (part / sums.n_rows for part in (sums.posterior_G, sums.first_GD, sums.second_GD))
    s0_G, s1_GD, s2_GD = means
    s0_G1 = s0_G[:, None]
    d_mean_GD = s1_GD - s0_G1 * mean_GD
    d_variance_GD = s0_G1 * (mixture.variances_GD - mean_GD**2) + 2 * s1_GD * mean_GD - s2_GD
    return np.concatenate([s0_G - mixture.weights_G, d_mean_GD.ravel(), d_variance_GD.ravel()])


def normalize(vectors_MV: Floats) -> Floats:
    """Return the rows after signed square roots [PSM10], at unit length; zeros stay."""
    rooted_MV = np.sign(vectors_MV) * np.sqrt(np.abs(vectors_MV))
    length_M1 = np.linalg.norm(rooted_MV, axis=1, keepdims=True)
    return rooted_MV / np.where(length_M1 > 0, length_M1, 1)


def add(one: Sums, other: Sums) -> Sums:
    """Return the sums of both sets of rows, taken under one mixture."""
    added = map(operator.add, one, other)
    return Sums(*added)._replace(origin_D=one.origin_D)
