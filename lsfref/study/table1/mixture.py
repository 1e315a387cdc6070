"""A mixture of diagonal Gaussians, fitted by EM [DLR77]: the vocabulary of Fisher vectors (H4).

In: rows_PD, descriptors of the training videos.  Out: a Mixture, and posterior sums of any rows.
A block of rows at a time, in the precision of the rows; mixtures and sums over blocks in float64.
"""

from typing import NamedTuple

import numpy as np

from lsfref.arrays import Floats

BLOCK = 512  # rows; their first and second powers fit in a processor's cache
LEAST_SHARE = 0.85  # of the log of the smallest normal number: below, computers are slow


class Mixture(NamedTuple):
    """G Gaussians with axis-parallel ellipsoids."""

    weights_G: Floats  # sum to 1
    means_GD: Floats
    variances_GD: Floats


class Sums(NamedTuple):
    """Posterior-weighted sums over P rows x, taken from an origin near the data."""

    n_rows: int
    log_likelihood: float  # of all rows together
    posterior_G: Floats  # sum_t r_tk
    first_GD: Floats  # sum_t r_tk (x_t - origin)
    second_GD: Floats  # sum_t r_tk (x_t - origin)^2
    origin_D: Floats


def posterior_sums(mixture: Mixture, rows_PD: Floats) -> Sums:
    """Return the Sums of the rows under the mixture; r_tk = p(Gaussian k | row x_t).

    log p(x, k) is affine in (x, x^2), so that a block of rows costs two matrix products. The origin
    is the mean of the mixture: squares of offsets that all rows share would drown the variances.
    Products are in the precision of the rows: single ones give single posteriors (H4).
    """
    if rows_PD.ndim != 2 or rows_PD.shape[1] != mixture.means_GD.shape[1] or not len(rows_PD):
        raise ValueError(f"want rows of {mixture.means_GD.shape[1]}, got {rows_PD.shape}")
    dtype = np.result_type(rows_PD, np.float32)
    n_gaussians, width = mixture.means_GD.shape
    origin_D = (mixture.weights_G @ mixture.means_GD).astype(dtype)
    means_GD = mixture.means_GD - origin_D
    precisions_GD = 1 / mixture.variances_GD
    slopes = np.concatenate([means_GD * precisions_GD, -0.5 * precisions_GD], axis=1)
    quadratic_GD = means_GD**2 * precisions_GD + np.log(2 * np.pi * mixture.variances_GD)
    smallest = np.finfo(float).tiny
    offset_G = np.log(np.maximum(mixture.weights_G, smallest)) - 0.5 * quadratic_GD.sum(axis=1)

    slopes, offset_G1 = slopes.astype(dtype), offset_G.astype(dtype)[:, None]
    least_log = dtype.type(LEAST_SHARE * np.log(np.finfo(dtype).tiny))
    powers = np.empty((BLOCK, 2 * width), dtype)
    totals = np.zeros((n_gaussians, 2 * width))
    posterior_G = np.zeros(n_gaussians)
    log_likelihood = 0.0
    for start in range(0, len(rows_PD), BLOCK):
        rows = rows_PD[start : start + BLOCK]
        block = powers[: len(rows)]
        np.subtract(rows, origin_D, out=block[:, :width])
        np.square(block[:, :width], out=block[:, width:])
        log_Gp = slopes @ block.T
        log_Gp += offset_G1
        peak_p = log_Gp.max(axis=0)
        log_Gp -= peak_p
        np.maximum(log_Gp, least_log, out=log_Gp)
        posteriors_Gp = np.exp(log_Gp, out=log_Gp)
        total_p = posteriors_Gp.sum(axis=0)
        posteriors_Gp /= total_p
        log_likelihood += float((peak_p + np.log(total_p)).sum(dtype=float))
        posterior_G += posteriors_Gp.sum(axis=1)
        totals += posteriors_Gp @ block
    first_GD, second_GD = totals[:, :width], totals[:, width:]
    origin_D = origin_D.astype(float)
    return Sums(len(rows_PD), log_likelihood, posterior_G, first_GD, second_GD, origin_D)


def maximize(sums: Sums, before: Mixture, *, floor: float) -> Mixture:
    """Return the most likely Mixture with variances >= floor, given the posteriors behind `sums`.

    A Gaussian that no row believes in keeps its place. The floor is the exact constrained optimum
    in each direction (the likelihood falls away from its peak), so EM's likelihood never falls.
    """
    count_G1 = np.maximum(sums.posterior_G, np.finfo(float).tiny)[:, None]
    empty_G1 = sums.posterior_G[:, None] < 1e-200
    shift_GD = np.where(empty_G1, before.means_GD - sums.origin_D, sums.first_GD / count_G1)
    variances_GD = np.maximum(sums.second_GD / count_G1 - shift_GD**2, floor)
    return Mixture(
        weights_G=sums.posterior_G / sums.posterior_G.sum(),
        means_GD=shift_GD + sums.origin_D,
        variances_GD=np.where(empty_G1, before.variances_GD, variances_GD),
    )


def fit_mixture(
    rows_PD: Floats,
    start: Mixture,
    *,
    max_iterations: int = 100,
    tolerance: float = 1e-3,
    floor: float = 1e-3,
) -> tuple[Mixture, list[float]]:
    """Return the mixture that EM reaches from `start`, and the mean log-likelihood of a row on the
    way: before each iteration and at the end.

    Choices: H9 ends when an iteration gains less than `tolerance` nats a row, or after
    max_iterations; variances are at least `floor` (units of the descriptors squared).
    """
    mixture, curve = start, list[float]()
    for left in range(max_iterations, -1, -1):
        sums = posterior_sums(mixture, rows_PD)
        curve.append(sums.log_likelihood / len(rows_PD))
        if left == 0 or (len(curve) > 1 and curve[-1] - curve[-2] < tolerance):
            break
        mixture = maximize(sums, mixture, floor=floor)
    return mixture, curve


def seed_mixture(
    rows_PD: Floats, *, n_gaussians: int, rng: np.random.Generator, floor: float = 1e-3
) -> Mixture:
    """Return a start for EM: kmeans++ centers, then the moments of the rows nearest to each (H4).

    Centers are rows, each drawn with probability in proportion to its squared distance from the
    nearest center drawn before; uniformly while every row coincides with a center.
    """
    if rows_PD.ndim != 2 or not len(rows_PD) or n_gaussians < 1:
        raise ValueError(f"want rows and a Gaussian or more; got {rows_PD.shape}, {n_gaussians}")
    origin_D = rows_PD.mean(axis=0, dtype=float)
    shifted_PD = rows_PD - origin_D
    square_P = np.einsum("ij,ij->i", shifted_PD, shifted_PD)
    least_P = np.full(len(rows_PD), np.inf)
    nearest_P = np.zeros(len(rows_PD), dtype=np.int64)
    for k in range(n_gaussians):
        weight_P = least_P if 0 < least_P.sum() < np.inf else np.ones(len(rows_PD))
        cumulative_P = np.cumsum(weight_P)
        drawn = np.searchsorted(cumulative_P, rng.random() * cumulative_P[-1], side="right")
        center_D = shifted_PD[min(int(drawn), len(rows_PD) - 1)]
        distance_P = square_P - 2 * (shifted_PD @ center_D) + center_D @ center_D
        closer_P = distance_P < least_P
        nearest_P[closer_P] = k
        least_P = np.where(closer_P, np.maximum(distance_P, 0), least_P)
    whole_D = np.maximum(shifted_PD.var(axis=0), floor)  # for a Gaussian with one row or none
    weights, means, variances = [], [], []
    for k in range(n_gaussians):
        own_pD = shifted_PD[nearest_P == k]
        weights.append(max(len(own_pD), 1))
        means.append((own_pD.mean(axis=0) if len(own_pD) else np.zeros_like(origin_D)) + origin_D)
        variances.append(np.maximum(own_pD.var(axis=0), floor) if len(own_pD) > 1 else whole_D)
    weights_G = np.array(weights, dtype=float)
    return Mixture(weights_G / weights_G.sum(), np.array(means), np.array(variances))
