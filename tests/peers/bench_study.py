"""Ratios of time beside scikit-learn and scikit-image: python tests/peers/bench_study.py

One thread, processor time, ours and theirs in turn, median of five. Demands: mixture 0.8,
Fisher vectors 0.9.
"""

import os
import statistics
import sys
import time
import warnings
from pathlib import Path

for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"  # before numpy comes in
sys.path.insert(0, str(Path(__file__).parents[2]))

import numpy as np  # noqa: E402

from lsfref.app.work.machine import keep_freed_memory  # noqa: E402
from lsfref.study.table1.fisher_vector import gradients  # noqa: E402
from lsfref.study.table1.mixture import (  # noqa: E402
    Mixture,
    fit_mixture,
    posterior_sums,
    seed_mixture,
)


def ratio(name, ours, theirs, *, rounds=5):
    ours(), theirs()
    times = [[], []]
    for _ in range(rounds):
        for list_, function in zip(times, (ours, theirs), strict=True):
            start = time.process_time()
            function()
            list_.append(time.process_time() - start)
    mine, peer = map(statistics.median, times)
    print(f"{name}: {mine:.3f} s beside {peer:.3f} s, ratio {mine / peer:.2f}")


def main():
    from skimage.feature import fisher_vector as peer_vector
    from sklearn.mixture import GaussianMixture

    warnings.simplefilter("ignore")  # the peer warns that five iterations do not converge
    rng = np.random.default_rng(0)
    centers = rng.standard_normal((31, 426))
    rows = centers[rng.integers(0, 31, 20_000)] + rng.standard_normal((20_000, 426))
    start = seed_mixture(rows, n_gaussians=128, rng=rng)

    def peer():
        model = GaussianMixture(
            128,
            covariance_type="diag",
            max_iter=5,
            tol=0,
            weights_init=start.weights_G,
            means_init=start.means_GD,
            precisions_init=1 / start.variances_GD,
            init_params="random_from_data",
        )
        return model.fit(rows)

    ratio(
        "mixture 128 x 426, 20,000 rows, 5 iterations, same start",
        lambda: fit_mixture(rows, start, max_iterations=5, tolerance=-np.inf),
        peer,
    )
    model = peer()
    mixture = Mixture(model.weights_, model.means_, model.covariances_)
    for n_rows in (1_000, 20_000):
        ratio(
            f"Fisher vector of {n_rows} rows",
            lambda n=n_rows: gradients(posterior_sums(mixture, rows[:n]), mixture),
            lambda n=n_rows: peer_vector(rows[:n], model),
        )


if __name__ == "__main__":
    keep_freed_memory()
    main()
