"""A video as a vector: moments, mirror images, what is seen beside them."""

import dataclasses
import math

import numpy as np
import pytest
from fakes import FakeExtract
from fakes_best import blocks_of, some_rows
from hypothesis import given
from hypothesis import strategies as st

from lsfref import video
from lsfref.descriptors import cell_sums, describe
from lsfref.errors import LsfrefError, NoTrajectoriesError, VideoError
from lsfref.media import writer
from lsfref.phases.passes import Extraction
from lsfref.study.best import vectors
from lsfref.study.best.choices import CONFIG, Choices

NAME = "rain-human-1-x.mp4"


# Moments


def test_moments_by_hand():
    """Column 0 is 1, 3 on frame 15 and 5 on frame 16; column 1 is 7 throughout."""
    rows_PD = np.zeros((3, 426))
    rows_PD[:, 0], rows_PD[:, 1] = (1, 3, 5), 7
    pooled = vectors.pool_blocks(blocks_of(rows_PD, [15, 15, 16]))
    assert pooled.n_points == 3
    moments_3D = pooled.pooled_E.reshape(3, 426)
    np.testing.assert_allclose(moments_3D[:, 0], [3, 8 / 3, 2], rtol=1e-14)  # 2, 2, 5 about 3
    assert moments_3D[:, 1].tolist() == [7, 0, 0]
    features_Q = vectors.features(pooled.pooled_E[None], Choices(mirror="no"))[0]
    np.testing.assert_allclose(
        features_Q[[0, 426, 852]], [3, math.sqrt(8 / 3), math.sqrt(2)], rtol=1e-14
    )


@given(st.sets(st.integers(1, 12), max_size=4), st.integers(0, 5))
def test_moments_are_numpys_however_blocks_are_cut(cuts, seed):
    rows_PD, frames_P = some_rows(seed=seed)
    pooled = vectors.pool_blocks(blocks_of(rows_PD, frames_P, sorted(cuts)))
    whole = vectors.pool_blocks(blocks_of(rows_PD, frames_P))
    np.testing.assert_array_equal(pooled.pooled_E, whole.pooled_E)
    frame_means = np.stack([rows_PD[frames_P == f].mean(axis=0) for f in frames_P])
    wanted = [rows_PD.mean(axis=0), rows_PD.var(axis=0), frame_means.var(axis=0)]
    np.testing.assert_allclose(pooled.pooled_E, np.concatenate(wanted), rtol=1e-10, atol=1e-13)


def test_nothing_and_what_is_not_finite_are_told():
    with pytest.raises(NoTrajectoriesError):
        vectors.pool_blocks([])
    with pytest.raises(NoTrajectoriesError):
        vectors.pool_blocks(blocks_of(np.zeros((0, 426)), []))
    rows_PD, frames_P = some_rows()
    rows_PD[11, 3] = np.nan
    with pytest.raises(LsfrefError, match="row 11 is not finite"):
        vectors.pool_blocks(blocks_of(rows_PD, frames_P))


# Mirror images


def mirrored_scene(seed=2):
    """Descriptors of one track, and of its mirror image, by the stages themselves."""
    rng = np.random.default_rng(seed)
    grey_FHW = rng.uniform(0, 255, (15, 41, 53))
    flow_FHW2 = rng.normal(size=(15, 41, 53, 2))
    moves_PL2 = rng.normal(size=(1, 15, 2))
    found = []
    for mirror in (False, True):
        x = 52 - 25 + 1 if mirror else 25  # a patch of even width: columns x - 16 to x + 15
        sums = []
        for grey, flow in zip(grey_FHW, flow_FHW2, strict=True):
            if mirror:
                grey, flow = grey[:, ::-1], flow[:, ::-1] * (-1, 1)
            sums.append(cell_sums(np.ascontiguousarray(grey), flow, np.array([[x, 19.0]])))
        found.append(describe(moves_PL2 * ((-1, 1) if mirror else (1, 1)), np.stack(sums))[0])
    return found


def test_the_mirrored_columns_are_those_of_a_mirrored_scene():
    plain_D, mirrored_D = mirrored_scene()
    columns_D, signs_D = vectors.mirrored_columns()
    np.testing.assert_allclose(plain_D[columns_D] * signs_D, mirrored_D, rtol=1e-9, atol=1e-12)
    assert np.abs(plain_D - mirrored_D).max() > 0.01


def test_features_are_those_of_the_video_with_its_mirror_image():
    rows_PD, _ = some_rows()
    frames_P = np.arange(13)  # each point its own frame
    columns_D, signs_D = vectors.mirrored_columns()
    both = np.concatenate([rows_PD, rows_PD[:, columns_D] * signs_D])
    moments_V = vectors.pool_blocks(blocks_of(rows_PD, frames_P)).pooled_E
    features_Q = vectors.features(moments_V[None], Choices())[0]
    np.testing.assert_allclose(features_Q[:426], both.mean(axis=0), rtol=1e-10, atol=1e-13)
    np.testing.assert_allclose(features_Q[426:852], both.std(axis=0), rtol=1e-10)
    other_V = vectors.pool_blocks(blocks_of(rows_PD[:, columns_D] * signs_D, frames_P)).pooled_E
    np.testing.assert_allclose(
        vectors.features(other_V[None], Choices())[0], features_Q, rtol=1e-10, atol=1e-13
    )


def test_moments_and_mirror_can_be_switched_off():
    moments_MV = np.random.default_rng(0).uniform(0.1, 1, (5, vectors.MOMENTS))
    for moments, n in (("mean", 426), ("deviation", 852), ("frames", 1278)):
        features_MQ = vectors.features(moments_MV, Choices(moments=moments, mirror="no"))
        assert features_MQ.shape == (5, n)
        np.testing.assert_array_equal(features_MQ[:, :426], moments_MV[:, :426])


# Files


def test_the_pictures_are_those_that_the_trajectories_are_of(tmp_path):
    frames = np.random.default_rng(0).integers(0, 255, (5, 40, 60, 3), dtype=np.uint8)
    path = tmp_path / "clip.mkv"
    writer.write_video(path, frames)
    config = dataclasses.replace(CONFIG, max_side=30, max_frames=3)
    found = list(vectors.read_frames(path, config))
    assert [(f.shape, f.dtype) for f in found] == [((20, 30), np.dtype(config.dtype))] * 3
    grey_HW = video.grey_luma(frames[2])
    means = grey_HW.reshape(20, 2, 30, 2).mean(axis=(1, 3))
    np.testing.assert_allclose(found[2], means, atol=1e-4)


def test_limits_reach_the_reader_and_damage_is_told_once(monkeypatch):
    asked = {}
    monkeypatch.setattr("lsfref.video.read_frames", lambda path, **rest: asked.update(rest) or [])
    limits = {"max_frames": 77, "max_pixels": 50_000_000}
    assert list(vectors.read_frames("a/b.mp4", dataclasses.replace(CONFIG, **limits))) == []
    assert asked.pop("warn")("damaged") is None
    assert asked == limits | {"grey": "luma"}


def test_a_video_is_its_moments_and_what_is_seen_of_it():
    found = vectors.describe_video(NAME, config=CONFIG, choices=Choices(), extract=FakeExtract())
    assert found.pooled_E.shape == (vectors.WIDTH,)
    blocks = FakeExtract().blocks(NAME, CONFIG)
    np.testing.assert_array_equal(
        found.pooled_E[: vectors.MOMENTS], vectors.pool_blocks(blocks).pooled_E
    )
    seen_V = vectors.look(vectors.read_frames(NAME, CONFIG)).summary()
    np.testing.assert_array_equal(found.pooled_E[vectors.MOMENTS :], seen_V)
    assert vectors.tracked(found.pooled_E[None]).tolist() == [True]


@pytest.mark.parametrize(
    ("config", "choices", "answered"),
    [({}, {}, True), ({"min_points": 2}, {}, False), ({}, {"trackless": "no"}, False)],
)
def test_a_video_without_trajectories_is_what_is_seen_of_it(config, choices, answered):
    found = vectors.describe_video(
        NAME, config=dataclasses.replace(CONFIG, **config), choices=Choices(**choices),
        extract=FakeExtract(sizes={NAME: 0}),
    )  # fmt: skip
    assert found.n_points == 0
    assert (found.error is None) == answered
    if answered:
        assert not vectors.tracked(found.pooled_E[None]).any()
        assert found.pooled_E[vectors.MOMENTS :].any()
    else:
        assert "no trajectories" in found.error


def test_what_cannot_be_read_has_no_vector():
    def damaged(path, config, **_more):
        raise VideoError(f"{path}: damaged")

    rest = {"config": CONFIG, "choices": Choices()}
    found = vectors.describe_video(NAME, extract=damaged, **rest)
    assert (found.pooled_E, found.error) == (None, f"{NAME}: damaged")
    few = vectors.describe_video(NAME, extract=lambda *a, **k: Extraction(iter(()), 15), **rest)
    assert (few.pooled_E, few.n_frames) == (None, 15)
    assert "needs 16" in few.error


def test_pictures_that_are_gone_are_told(monkeypatch):
    def gone(path, config):
        raise VideoError("no such file")
        yield

    monkeypatch.setattr(vectors, "read_frames", gone)
    found = vectors.describe_video(NAME, config=CONFIG, choices=Choices(), extract=FakeExtract())
    assert (found.pooled_E, found.error) == (None, f"{NAME}: no such file")


def test_each_expert_sees_its_own_columns():
    rows_MV = np.arange(2.0 * vectors.WIDTH).reshape(2, -1)
    parts = [vectors.columns(rows_MV, n, Choices()) for n in ("changes", "statistics", "people")]
    np.testing.assert_array_equal(np.concatenate(parts, axis=1), rows_MV[:, vectors.MOMENTS :])
    np.testing.assert_array_equal(
        vectors.columns(rows_MV, "tracks", Choices()), vectors.features(rows_MV, Choices())
    )
