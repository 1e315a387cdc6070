"""`conform` and `trace` as commands: lines, JSON, the first stage, exit status."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from golden.cases import CASES
from lsfref import config, lsfnet, model, video
from lsfref.app import cli
from lsfref.app.commands import conform
from lsfref.app.commands import trace as tracing
from lsfref.kernels.scaling import Scaling
from lsfref.storage import recorder as trace

pytestmark = pytest.mark.unwatched

GOLDEN = conform.GOLDEN
SEARCH = ("08_fisher", "09_lsh", "10_voting")


@pytest.fixture(scope="module")
def ported(tmp_path_factory):
    """Outputs of stages 8 to 10 as a port would write them."""
    folder = tmp_path_factory.mktemp("port")
    for entry in trace.read_manifest(GOLDEN)["tensors"]:
        if entry["role"] == "output" and entry["stage"] in SEARCH:
            target = folder / entry["file"]
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(GOLDEN / entry["file"], target)
    return folder


@pytest.fixture
def port(ported, tmp_path):
    return Path(shutil.copytree(ported, tmp_path / "port"))


def run(capsys, *words):
    status = cli.main([str(word) for word in words])
    return status, capsys.readouterr()


def test_equal_numbers_pass(port, capsys):
    status, said = run(capsys, "conform", port, "--stages", "8-10")
    assert status == 0
    lines = said.out.splitlines()
    assert all(line.startswith("PASS  ") for line in lines[:-2])
    assert lines[0] == "PASS  08_fisher/tiny/scores_E.npy  equal"
    assert lines[-1] == f"All {len(lines) - 2} tensors agree."


def test_the_first_stage_is_named_with_case_values_and_likely_branch(port, capsys):
    for file in ("10_voting/tie/decision_M.npy", "08_fisher/tie/selected_Q.npy"):
        np.save(port / file, np.load(port / file)[::-1] + 1)
    status, said = run(capsys, "conform", port, "--stages", "8-10")
    assert status == 1
    assert "FAIL  08_fisher/tie/selected_Q.npy  at [0]: 5, want 0" in said.out
    assert "\n2 of " in said.out
    assert (
        "The first stage that differs is 8 of 10, fisher, in case `tie` (selected_Q)." in said.out
    )
    assert "Likely: equal scores: the lower feature first (F3). 10 other cases" in said.out
    assert said.out.index("08_fisher/tie") < said.out.index("09_lsh") < said.out.index("10_voting")


def test_json_is_one_object_a_line_with_all_that_is_known(port, capsys):
    file = "09_lsh/tiny/squared_distances_TMK.npy"
    array = np.load(port / file)
    array[4, 2, 1] *= 1.5
    np.save(port / file, array)
    np.save(port / "08_fisher" / "constant" / "scores_E.npy", np.full(7, -np.inf))
    status, said = run(capsys, "conform", port, "--stages", "8-10", "--json")
    assert status == 1
    rows = [json.loads(line, parse_constant=pytest.fail) for line in said.out.splitlines()]
    row = next(row for row in rows[:-1] if row["file"] == file)
    assert (row["stage"], row["case"], row["name"]) == ("09_lsh", "tiny", "squared_distances_TMK")
    assert (row["passed"], row["fault"], row["at"]) == (False, "value", [4, 2, 1])
    assert row["got"] == 1.5 * row["want"] == array[4, 2, 1]
    assert row["error"] == pytest.approx(array[4, 2, 1] / 3)
    row = next(row for row in rows[:-1] if row["file"] == "08_fisher/constant/scores_E.npy")
    assert row["got"] == "-inf"
    assert rows[-1]["failed"] == 2
    assert rows[-1]["tensors"] == len(rows) - 1
    assert rows[-1]["first"] == {"stage": "08_fisher", "case": "constant", "tensor": "scores_E"}


@pytest.mark.parametrize("json_flag", [[], ["--json"]])
def test_an_empty_folder_fails(tmp_path, capsys, json_flag):
    status, said = run(capsys, "conform", tmp_path, *json_flag)
    assert status == 1
    assert "Nothing of this stage is there" in said.out
    assert "01_video" in said.out


def test_missing_extra_and_odd_files_fail_by_name(port, capsys):
    (port / "09_lsh" / "tie" / "neighbors_TMK.npy").unlink()
    np.save(port / "08_fisher" / "tiny" / "more.npy", np.ones(3))
    selected = port / "10_voting" / "tiny" / "confidence_MC.npy"
    np.save(selected, np.asfortranarray(np.load(selected)))
    np.save(port / "10_voting" / "tiny" / "decision_M.npy", np.zeros(3, np.int32))
    odd = port / "08_fisher" / "tiny" / "x\x1b[2J\n.npy"
    odd.write_bytes(b"")
    status, said = run(capsys, "conform", port, "--stages", "8-10")
    assert status == 1
    assert "FAIL  09_lsh/tie/neighbors_TMK.npy  no such file" in said.out
    assert "FAIL  08_fisher/tiny/more.npy  not a tensor of the reference" in said.out
    assert "FAIL  10_voting/tiny/confidence_MC.npy  Fortran order" in said.out
    assert "FAIL  10_voting/tiny/decision_M.npy  dtype <i4; want" in said.out
    assert "\x1b" not in said.out
    assert "Likely the file, not the numbers: not a tensor of the reference." in said.out


def test_stages_that_are_not_asked_for_do_not_matter(port, capsys):
    shutil.rmtree(port / "08_fisher")
    assert run(capsys, "conform", port, "--stages", "lsh,10")[0] == 0
    assert run(capsys, "conform", port, "--stages", "8,lsh,10")[0] == 1
    assert run(capsys, "conform", port)[0] == 1


def test_usage_is_told(port, tmp_path, capsys):
    status, said = run(capsys, "conform", tmp_path / "nowhere")
    assert (status, "no such folder" in said.err) == (2, True)
    status, said = run(capsys, "conform", port, "--stages", "13")
    assert (status, "--stages: want stages such as 8" in said.err) == (2, True)
    status, said = run(capsys, "conform", port, "--against", tmp_path)
    assert (status, "manifest.json: not there" in said.err) == (3, True)


def test_every_case_says_where_to_look():
    cases = trace.read_manifest(GOLDEN)["cases"]
    assert cases.keys() == {case.key for case in CASES}
    for case in cases.values():
        assert case["about"]
        assert case["branch"]


# trace


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """23 frames of moving blotches, and the first 15 of them."""
    folder = tmp_path_factory.mktemp("clips")
    rng = np.random.default_rng(0)
    ground = np.kron(rng.integers(0, 256, (30, 30, 3)), np.ones((5, 5, 1))).astype(np.uint8)
    frames = np.stack([ground[f : f + 47, 2 * f : 2 * f + 61] for f in range(23)])
    video.write_video(folder / "clip.mkv", frames, fps=25)
    video.write_video(folder / "short.mkv", frames[:15], fps=25)
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
        model_video(name, classes["background"][i % 3], classes["foreground"][i % 2])
        for i, name in enumerate(names)
    ]
    from lsfref.phases.phase2 import fit_tasks, labels_of

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


def model_video(name, background, foreground):
    from lsfref.model import LabelledVideo

    return LabelledVideo(name, name, background, foreground)


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
    manifest = trace.read_manifest(out)
    assert f"{manifest['count']} tensors" in said.out
    assert {e["stage"] for e in manifest["tensors"]} == set(trace.STAGES[:4])
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
    stages = {entry["stage"] for entry in trace.read_manifest(traced)["tensors"]}
    assert stages == set(trace.STAGES[:10])
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


@pytest.mark.unwatched
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
    assert tracing.lsfnet_axes(1)["weights_1"] == ["D", "J"]
    deep = tracing.lsfnet_axes(2)
    assert deep["weights_2"] == ["J1", "J2"]
    assert deep["decoder_bias_1"] == ["J2"]
    assert deep["decoder_bias_3"] == ["D"]
