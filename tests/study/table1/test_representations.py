"""What a fold's videos become: the same codes as the pipeline's, one pass, blocks immaterial."""

import dataclasses

import numpy as np
import pytest

from lsfref import lsfnet
from lsfref.arrays import DESCRIPTORS
from lsfref.config import PRESETS
from lsfref.kernels.scaling import apply_scaling
from lsfref.phases import phase1
from lsfref.phases.extraction import Extraction, Work
from lsfref.phases.passes import pool_video
from lsfref.phases.phase1 import fit_network
from lsfref.phases.sampling import survey_videos
from lsfref.phases.streaming import Block
from lsfref.study.table1 import representations
from lsfref.study.table1.fisher_vector import gradients, normalize
from lsfref.study.table1.mixture import fit_mixture, posterior_sums, seed_mixture
from lsfref.study.table1.representations import (
    encode_video,
    fit_encoders,
    fit_mixtures,
    train_autoencoder,
)

SMALL = dataclasses.replace(
    PRESETS["small"], hidden=(7,), n_code=5, n_samples=101, epochs=3, batch_size=17
)
COUNTS = (31, 53, 0, 47)


def rows_of(path):
    rng = np.random.default_rng(int(path))
    return rng.random((COUNTS[int(path)], 426)).astype(np.float32)


def extract(path, config):
    rows = rows_of(path).astype(config.dtype)
    blocks = (Block(np.zeros((len(part), 10)), part) for part in np.array_split(rows, 3))
    return Extraction(blocks, 20, len(rows))


LEARNED = ["0", "1", "3"]
LABELS = np.array([0, 1, 0])


@pytest.fixture(autouse=True)
def few_gaussians(monkeypatch):
    monkeypatch.setattr(representations, "N_GAUSSIANS", 3)


def sampled():
    """Rows of the learned videos, and their classes."""
    _, (sample,) = survey_videos(LEARNED, [LABELS], SMALL, work=Work(extract))
    return sample.rows_PD, LABELS[sample.owner_P]


def learn(kinds, parts):
    rows_PD, labels_P = sampled()
    assert rows_PD.shape == (101, 426)
    return fit_encoders(rows_PD, labels_P, kinds=kinds, parts=parts, config=SMALL)


def test_the_network_is_that_of_training():
    encoders = learn(["lsfnet"], {})
    network, _ = fit_network(*sampled(), SMALL, n_classes=2)
    pooled = pool_video("1", config=SMALL, encoder=network.encoder, extract=extract)
    vectors = encode_video(extract("1", SMALL), encoders)
    np.testing.assert_array_equal(vectors["lsfnet"], pooled.pooled_E)


def test_every_vector_by_hand():
    kinds = ["lsfnet", "autoencoder", "pca", "raw"]
    encoders = learn(kinds, DESCRIPTORS)
    vectors = encode_video(extract("3", SMALL), encoders)
    assert list(vectors) == [*kinds, *DESCRIPTORS]
    rows = rows_of("3")
    scaled = apply_scaling(encoders.scaling, rows)
    for kind in kinds:
        want = encoders.encode[kind](scaled).mean(axis=0)
        np.testing.assert_allclose(vectors[kind], want, rtol=1e-4, atol=1e-5)
    for name, columns in DESCRIPTORS.items():
        fitted = encoders.mixtures[name]
        want = normalize(gradients(posterior_sums(fitted, rows[:, columns]), fitted)[None])[0]
        np.testing.assert_allclose(vectors[name], want, rtol=1e-6, atol=1e-9)
    for name, vector in encode_video(extract("2", SMALL), encoders).items():
        np.testing.assert_array_equal(vector, np.zeros_like(vectors[name]))  # no trajectories


def test_the_four_parts_cover_the_descriptor():
    columns = np.concatenate([np.arange(426)[part] for part in DESCRIPTORS.values()])
    np.testing.assert_array_equal(columns, np.arange(426))
    assert representations.WHOLE == {"descriptor": slice(0, 426)}


def test_mixtures_take_an_even_share_of_a_large_sample(monkeypatch):
    monkeypatch.setattr(representations, "MIXTURE_ROWS", 101)
    rows = np.random.default_rng(0).random((302, 426))
    found = fit_mixtures(rows, parts={"hog": DESCRIPTORS["hog"]}, seed=5)["hog"]
    few = np.ascontiguousarray(rows[::3, DESCRIPTORS["hog"]])
    start = seed_mixture(few, n_gaussians=3, rng=np.random.default_rng([5, *b"hog"]))
    wanted = fit_mixture(few, start, tolerance=1e-2)[0]  # H9
    np.testing.assert_array_equal(found.means_GD, wanted.means_GD)


def test_the_autoencoder_leaves_the_head_and_follows_the_published_rates(monkeypatch):
    calls = []
    real = phase1.switching.train_network

    def spy(parameters, rows, labels, **settings):
        calls.append((settings["lr_ae"], settings["epochs"], settings["switch"]))
        return real(parameters, rows, labels, **settings)

    monkeypatch.setattr(phase1.switching, "train_network", spy)
    rows = np.random.default_rng(1).random((37, 426))
    paper = dataclasses.replace(PRESETS["paper"], hidden=(7,), n_code=5, epochs=6, batch_size=17)
    trained = train_autoencoder(rows, n_classes=2, config=paper)
    rates = (1e-1, 1e-2, 1e-3, 1e-4)
    assert calls == [
        (rate, epochs, "reconstruction") for rate, epochs in zip(rates, (1, 2, 1, 2), strict=True)
    ]
    start = lsfnet.init_parameters(
        np.random.default_rng(np.random.SeedSequence(0).spawn(4)[1]),
        n_in=426, hidden=(7,), n_code=5, n_classes=2,
    )  # fmt: skip
    np.testing.assert_array_equal(trained["head_weights"], start["head_weights"])
    assert (trained["weights_1"] != start["weights_1"]).any()
    calls.clear()
    train_autoencoder(rows.astype(np.float32), n_classes=2, config=SMALL)
    assert calls == [(1e-3, 3, "reconstruction")]
