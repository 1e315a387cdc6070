"""`trace`: what is written for a video, in how much memory, with which equations; exit status."""

import json
import shutil
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from lsfref import config, lsfnet, model, video
from lsfref.app import cli
from lsfref.app.commands import trace
from lsfref.kernels.scaling import Scaling
from lsfref.media import writer
from lsfref.phases.phase2 import fit_tasks, labels_of
from lsfref.storage.recorder import STAGES, read_manifest

pytestmark = pytest.mark.unwatched


def run(capsys, *words):
    status = cli.main([str(word) for word in words])
    return status, capsys.readouterr()


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """23 frames of moving blotches, and the first 15 of them."""
    folder = tmp_path_factory.mktemp("clips")
    rng = np.random.default_rng(0)
    ground = np.kron(rng.integers(0, 256, (30, 30, 3)), np.ones((5, 5, 1))).astype(np.uint8)
    frames = np.stack([ground[f : f + 47, 2 * f : 2 * f + 61] for f in range(23)])
    writer.write_video(folder / "clip.mkv", frames, fps=25)
    writer.write_video(folder / "short.mkv", frames[:15], fps=25)
    return folder


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    """A model with random parameters: enough to run all stages."""
    rng = np.random.default_rng(1)
    settings = config.Config(
        hidden=(5,), n_code=7, epochs=3, n_projections=11, n_neighbors=3, input_scaling="rms"
    )
    parameters = lsfnet.init_parameters(rng, n_in=426, hidden=(5,), n_code=7, n_classes=3)
    pooled_ME = rng.normal(size=(13, 7))
    names = tuple(f"v{i}" for i in range(13))
    classes = {"background": ("normal", "rain", "noise"), "foreground": ("none", "human")}
    videos = [
        model.LabeledVideo(name, name, classes["background"][i % 3], classes["foreground"][i % 2])
        for i, name in enumerate(names)
    ]
    path = tmp_path_factory.mktemp("model") / "model.npz"
    whole = model.Model(
        config=settings,
        network=model.Network(
            model.Encoder(Scaling("rms", np.zeros(426), np.full(426, 0.5)), parameters),
            np.array([3.0, 2.0, 1.0]),
            np.array([2.0, 1.0, 0.5]),
        ),
        head_classes=classes["background"],
        files=names,
        groups=("",) * 13,
        points_M=np.full(13, 5),
        pooled_ME=pooled_ME,
        tasks=fit_tasks(pooled_ME, labels_of(videos, classes), classes, settings, rng=rng),
    )
    model.save(whole, path)
    return path


@pytest.fixture(scope="module")
def traced(clip, fitted, tmp_path_factory):
    """A trace of all 23 frames through a model: all stages."""
    out = tmp_path_factory.mktemp("traces") / "all"
    words = ("trace", clip / "clip.mkv", out, "--model", fitted, "--frames", 0)
    assert cli.main([str(word) for word in words]) == 0
    return out


def test_trace_writes_stages_1_to_4_of_the_first_20_frames(clip, tmp_path, capsys):
    out = tmp_path / "trace"
    status, said = run(capsys, "trace", clip / "clip.mkv", out)
    assert status == 0
    manifest = read_manifest(out)
    assert f"{manifest['count']} tensors" in said.out
    assert {e["stage"] for e in manifest["tensors"]} == set(STAGES[:4])
    assert manifest["frames"] == 20
    assert manifest["config"]["dtype"] == "float64"
    greys = sorted(out.glob("01_video/*_scale_0/grey_HW.npy"))
    assert len(greys) == 20
    frames = list(video.read_frames(clip / "clip.mkv"))
    assert all(np.array_equal(np.load(p), f) for p, f in zip(greys, frames, strict=False))
    assert len(list(out.glob("02_flow/*_scale_1/flow_HW2.npy"))) == 19
    rows = np.load(out / "04_descriptors" / "frame_00015" / "descriptors_PD.npy")
    info = np.load(out / "04_descriptors" / "frame_00015" / "info_P10.npy")
    assert rows.shape == (len(info), 426)
    assert (info[:, 0] == 15).all()
    verdicts = np.load(out / "03_trajectories" / "frame_00015_scale_0" / "verdicts_p.npy")
    assert (verdicts == 0).sum() == (info[:, 6] == 1).sum()


def test_trace_takes_as_many_frames_and_stages_as_it_is_told(clip, traced, tmp_path, capsys):
    words = ("trace", clip / "clip.mkv", tmp_path / "a", "--stages", "video", "--frames", "3")
    assert run(capsys, *words)[0] == 0
    assert len(list((tmp_path / "a").glob("01_video/*_scale_0"))) == 3
    assert {p.name for p in (tmp_path / "a").iterdir()} == {"01_video", "manifest.json"}
    assert len(list(traced.glob("01_video/*_scale_0"))) == 23


def test_trace_with_a_model_records_all_stages_and_the_answer_of_classify(
    clip, fitted, traced, capsys
):
    stages = {entry["stage"] for entry in read_manifest(traced)["tensors"]}
    assert stages == set(STAGES[:10])
    words = ("classify", clip / "clip.mkv", "--model", fitted, "--json", "--cache", "none")
    status, said = run(capsys, *words)
    assert status == 0
    answer = json.loads(said.out)
    for task in ("background", "foreground"):
        shares = np.load(traced / "10_voting" / task / "confidence_1C.npy")[0]
        assert shares.tolist() == list(answer[task]["confidence"].values())
        decision = np.load(traced / "10_voting" / task / "decision_1.npy")[0]
        assert list(answer[task]["confidence"])[decision] == answer[task]["label"]
    assert np.load(traced / "07_pooling" / "video" / "n_points.npy") == answer["points"]
    codes = [np.load(path) for path in sorted(traced.glob("05_lsfnet/frame_*/codes_PE.npy"))]
    pooled = np.load(traced / "07_pooling" / "video" / "pooled_E.npy")
    np.testing.assert_allclose(np.concatenate(codes).mean(axis=0), pooled, rtol=1e-12)


def test_a_trace_agrees_with_itself_in_both_precisions_and_differences_are_found(
    traced, tmp_path, capsys
):
    assert run(capsys, "conform", traced, "--against", traced)[0] == 0
    port = Path(shutil.copytree(traced, tmp_path / "port"))
    for path in port.rglob("*.npy"):
        array = np.load(path)
        if array.dtype.kind == "f":
            np.save(path, array.astype(np.float32))
    assert run(capsys, "conform", port, "--against", traced)[0] == 0
    turned = port / "02_flow" / "frame_00007_scale_0" / "flow_HW2.npy"
    np.save(turned, -np.load(turned))
    status, said = run(capsys, "conform", port, "--against", traced, "--stages", "2-10")
    assert status == 1
    assert "is 2 of 10, flow, in case `frame_00007_scale_0` (flow_HW2)" in said.out


def test_trace_of_a_clip_without_trajectories(clip, fitted, tmp_path, capsys):
    status, said = run(capsys, "trace", clip / "short.mkv", tmp_path / "b", "--model", fitted)
    assert status == 1
    assert "15 frames; a trajectory needs 16" in said.err
    assert np.load(tmp_path / "b" / "07_pooling" / "video" / "n_points.npy") == 0
    assert {p.name for p in (tmp_path / "b").iterdir()} >= {"01_video", "02_flow", "05_lsfnet"}


def test_trace_refuses_what_it_cannot_do(clip, tmp_path, capsys):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").write_text("")
    status, said = run(capsys, "trace", clip / "clip.mkv", tmp_path / "full")
    assert (status, "not empty; give a new folder" in said.err) == (3, True)
    status, said = run(capsys, "trace", tmp_path / "none.mp4", tmp_path / "new")
    assert status == 1
    assert not (tmp_path / "new").exists()
    status, said = run(capsys, "trace", clip / "clip.mkv", tmp_path / "new", "--stages", "x")
    assert (status, "--stages" in said.err) == (2, True)


def test_parameter_axes_of_deeper_networks():
    assert trace.lsfnet_axes(1)["weights_1"] == ["D", "J"]
    deep = trace.lsfnet_axes(2)
    assert deep["weights_2"] == ["J1", "J2"]
    assert deep["decoder_bias_1"] == ["J2"]
    assert deep["decoder_bias_3"] == ["D"]


def test_every_tensor_of_a_trace_is_told_with_its_tolerances(traced):
    facts = trace.read_facts()
    for entry in read_manifest(traced)["tensors"]:
        name = Path(entry["file"]).stem
        if entry["role"] == "output":
            assert entry["equation"] == facts[entry["stage"], name]["equation"]
        real = entry["dtype"] == "<f8" and entry["role"] == "output"
        assert entry["tol"] is not None if real else not entry.get("tol"), entry["file"]
    told = {key for key in facts if key[1] != "homography_33"}
    names = {(e["stage"], Path(e["file"]).stem) for e in read_manifest(traced)["tensors"]}
    network = ("weights", "encoder", "decoder", "head")
    assert told == {key for key in names if not key[1].startswith(network)}


def test_memory_does_not_grow_with_the_frames(tmp_path, capsys):
    rng = np.random.default_rng(0)
    ground = np.kron(rng.integers(0, 256, (9, 22, 3)), np.ones((5, 5, 1))).astype(np.uint8)
    frames = [ground[:41, f : f + 43] for f in range(60)]
    writer.write_video(tmp_path / "long.mkv", np.stack(frames), fps=25)

    def peak(n):
        tracemalloc.start()
        words = ("trace", tmp_path / "long.mkv", tmp_path / str(n), "--frames", n, "--quiet")
        assert run(capsys, *words)[0] == 0
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    peak(16)  # what is imported on the way
    assert peak(60) < peak(36) + 100_000


def test_strict_refuses_damage_and_leaves_nothing(clip, tmp_path, capsys):
    data = (clip / "clip.mkv").read_bytes()
    cut = tmp_path / "cut.mkv"
    cut.write_bytes(data[: len(data) * 4 // 5])
    words = ("trace", cut, tmp_path / "out", "--frames", 0)
    status, said = run(capsys, *words, "--strict")
    assert (status, "damaged" in said.err) == (1, True)
    assert [path.name for path in tmp_path.iterdir()] == ["cut.mkv"]
    status, said = run(capsys, *words)
    assert (status, "warning: " in said.err) == (0, True)


def test_a_limit_of_its_own_is_not_told_as_damage(clip, tmp_path, capsys):
    data = (clip / "clip.mkv").read_bytes()
    cut = tmp_path / "cut.mkv"
    cut.write_bytes(data[: len(data) * 4 // 5])
    status, said = run(capsys, "trace", cut, tmp_path / "out", "--frames", 3, "--stages", "1")
    assert status == 0
    assert "3 frames were read" not in said.err
