"""The golden files: each output agrees with an independent computation, and a change is seen."""

import json
import shutil
import sys
import time
from pathlib import Path

import numpy as np
import oracles_golden
import pytest

from golden import check as checking
from golden import make
from golden.cases import CASES, recompute
from lsfref.app import cli
from lsfref.phases import streaming
from lsfref.storage import comparator, tensors
from lsfref.storage.recorder import STAGES, Recorder, choose_stages, read_manifest

GOLDEN = Path(make.__file__).parent
MANIFEST = read_manifest(GOLDEN)
STORED = checking.stored_cases(GOLDEN, MANIFEST)
SMALL = "08_fisher/tiny"
# Where an output is computed once more without lsfref: here, or in tests/peers.
CHECKS = {"loops", "hand", "differences"}
PEERS = {"scipy", "sklearn", "torch", "opencv"}


def agree(key, found, entries, outputs):
    """Assert that `found` has all outputs of a case, each within its published tolerance."""
    assert found.keys() == outputs.keys()
    for name, want in outputs.items():
        got = tensors.to_file_form(found[name])
        assert got.shape == want.shape, (key, name)
        tol = entries[name]["tol"]["float64"] if entries[name]["tol"] else 0
        result = comparator.compare_arrays(got, want, tol=tol)
        passes = result["error"] is not None and result["error"] <= result["allowed"]
        assert passes, (key, name, comparator.in_words(result))


@pytest.mark.parametrize("key", [case.key for case in CASES if not case.whole])
@pytest.mark.unwatched
def test_outputs_agree_with_loops(key):
    inputs, outputs, entries = STORED[key]
    told = MANIFEST["cases"][key]
    found = oracles_golden.ORACLES[told["kind"]](inputs, told["settings"])
    agree(key, found, entries, outputs)


@pytest.mark.unwatched
def test_the_whole_agrees_with_loops_on_our_layers_and_flows():
    key = "11_end_to_end/clip"
    inputs, outputs, entries = STORED[key]
    greys, flows = ([], []), ([None], [None])

    def watch(stage, name, array, *, frame, scale):
        if name in ("grey_HW", "flow_HW2"):
            (greys if name == "grey_HW" else flows)[scale].append(array.copy())

    frames = inputs["frames_FHW"]
    for _ in streaming.extract_frames(frames, n_scales=2, watch=watch):
        pass
    agree(key, oracles_golden.whole(inputs, {}, greys, flows), entries, outputs)


@pytest.mark.unwatched
def test_quick_forms_in_the_oracles_are_the_literal_ones():
    image = STORED["03_trajectories/sample"][0]["grey_HW"]
    quick = oracles_golden.corner_strength_at_once(image)
    np.testing.assert_allclose(quick, oracles_golden.corner_strength(image), rtol=0, atol=1e-6)
    for key in ("04_descriptors/votes", "04_descriptors/votes_still"):
        flow = STORED[key][0]["flow_HW2"]
        for still in (None, 0.4):
            literal = oracles_golden.vote_planes(flow[..., 0], flow[..., 1], still)
            quick = oracles_golden.vote_planes_at_once(flow[..., 0], flow[..., 1], still)
            np.testing.assert_allclose(quick, literal, rtol=0, atol=1e-12)
        slopes = zip(
            oracles_golden.derivative(flow[..., 0]),
            oracles_golden.derivative_at_once(flow[..., 0]),
            strict=True,
        )
        assert all(np.array_equal(a, b) for a, b in slopes)


def test_numbers_worked_by_hand():
    def stored(key, name):
        inputs, outputs, _ = STORED[key]
        return (outputs if name in outputs else inputs)[name]

    # white is 255, and green is the brightest color: order black B G C R M Y white
    grey = stored("01_video/corners", "grey_HW")[0]
    assert grey.tolist() == [0, 29.07, 149.685, 178.755, 76.245, 105.315, 225.93, 255]
    # sides 120 480 64 64 31 32 91 241: layers while side / sqrt(2)^k is 32 or more
    assert stored("02_flow/sizes", "counts_M").tolist() == [4, 8, 3, 3, 1, 1, 4, 6]
    layers = stored("02_flow/sizes", "layers_R2")
    assert layers[:4].tolist() == [[120, 160], [85, 113], [60, 80], [42, 57]]
    assert layers[11].tolist() == [42, 57]  # 480 x 640 ends as 120 x 160 does
    assert layers[12:15].tolist() == [[64, 101], [45, 71], [32, 51]]  # 50.5000004 is 51
    assert stored("03_trajectories/move_leaving", "stays_P").tolist() == [0] * 8 + [1] * 4
    assert stored("03_trajectories/judge_static", "verdicts_P").tolist() == [1, 1, 1, 0, 0, 0, 1]
    assert stored("03_trajectories/judge_erratic", "verdicts_P").tolist() == [2, 2, 2, 0, 0]
    assert stored("03_trajectories/judge_jump", "verdicts_P").tolist() == [3, 3, 3, 0, 0, 0]
    assert stored("03_trajectories/judge_order", "verdicts_P").tolist() == [2, 2, 0]
    assert stored("03_trajectories/judge_limits", "verdicts_P").tolist() == [0, 0, 0]
    assert stored("03_trajectories/no_track", "points_p2").shape == (0, 2)
    # (8, 0)/8 px: all of 1 to bin 0; (1, 1): sqrt(2) to bin 1
    votes = stored("04_descriptors/votes", "hof_OHW")
    assert votes[:, 0, 0].tolist() == [1, 0, 0, 0, 0, 0, 0, 0, 0]
    np.testing.assert_allclose(votes[1, 0, 1], np.sqrt(2), rtol=1e-15)
    # a patch without gradient: each of 32 bins has 0.05 of 1.6
    flat = stored("04_descriptors/describe_flat", "descriptors_PD")[0]
    np.testing.assert_allclose(flat[30:126], np.sqrt(1 / 32), rtol=1e-14)
    np.testing.assert_allclose(flat[126:234], np.sqrt(1 / 36), rtol=1e-14)
    assert stored("07_pooling/none", "n_points") == 0
    assert stored("07_pooling/none", "pooled_E").shape == (0,)
    constant = stored("08_fisher/constant", "scores_E")
    assert constant[[1, 3, 4, 5]].tolist() == [0, np.inf, 0, np.inf]
    assert stored("08_fisher/constant", "selected_Q")[:2].tolist() == [3, 5]
    # columns 0 2 3 (one turned over, one moved) and 1 4 score alike: lower ones first
    assert stored("08_fisher/tie", "scores_E").tolist() == [4, 0.25, 4, 4, 0.25, 0]
    assert stored("08_fisher/tie", "selected_Q").tolist() == [0, 2, 3, 1, 4]
    assert stored("09_lsh/tie", "neighbors_TMK").shape == (2, 2, 3)
    assert stored("10_voting/tie", "decision_M") == 1
    assert stored("10_voting/silent", "confidence_MC").tolist() == [[0.5, 0.5]]


def test_every_output_says_who_checked_it_and_every_decision_how_clear_it_is():
    peers = (Path(__file__).parent / "peers" / "test_peers_golden.py").read_text(encoding="utf-8")
    for entry in MANIFEST["tensors"]:
        if entry["role"] != "output":
            continue
        who = set(entry["checked_by"].split(", "))
        assert who & CHECKS, entry["file"]
        assert who <= CHECKS | PEERS, entry["file"]
        assert all(name in peers for name in who & PEERS), entry["file"]
        margin = entry["margin"]
        if entry["stage"] == STAGES[-1]:
            assert margin > 1000 * (entry["spread"] or {"float64": 0})["float64"]
        else:
            assert margin is None or margin == 0 or margin > 1e-3, entry["file"]
        if entry["dtype"] == "<f8":
            for dtype, tol in entry["tol"].items():
                assert tol is None or tol >= 99 * entry["spread"][dtype]
                largest = {"float64": 1e-4, "float32": 1e-2}[dtype]
                assert tol is None or tol <= largest, entry["file"]


def test_files_are_small_plain_and_in_one_format():
    files = sorted(GOLDEN.glob("[01][0-9]_*/*/*.npy"))
    assert len(files) == MANIFEST["count"] == len(MANIFEST["tensors"])
    ours = [path for path in GOLDEN.rglob("*.*") if path.suffix != ".pyc"]
    assert sum(path.stat().st_size for path in ours) < 8e6
    for path in files:
        with path.open("rb") as file:
            head = file.read(128)
        assert head[:10] == b"\x93NUMPY\x01\x00\x76\x00"
        assert b"'fortran_order': False" in head
        assert b"'<f8'" in head or b"'<i8'" in head
        assert head[127:] == b"\n"
        array = np.load(path)
        assert path.stat().st_size == 128 + array.nbytes


def test_branches_of_the_system_have_a_case_each():
    keys = set(MANIFEST["cases"])
    wanted = """
        03_trajectories/no_track 03_trajectories/move_leaving 03_trajectories/judge_static
        03_trajectories/judge_erratic 03_trajectories/judge_jump 04_descriptors/cells_zero_flow
        04_descriptors/cells_border 08_fisher/tie 09_lsh/tie 10_voting/tie 08_fisher/constant
        08_fisher/one_video 10_voting/one_video 07_pooling/none 11_end_to_end/clip
    """.split()
    wanted += [f"{stage}/tiny" for stage in STAGES[:-1]]
    assert set(wanted) <= keys
    settings = [case["settings"] for case in MANIFEST["cases"].values()]
    assert {s["rule"] for s in settings if "rule" in s} == {
        "average",
        "table",
        "weighted",
        "stacked",
    }
    assert {s["switch"] for s in settings if "switch" in s} >= {"step", "epoch", "both"}
    assert {s["optimizer"] for s in settings if "optimizer" in s} == {"sgd", "adam"}


@pytest.mark.unwatched
def test_check_passes_and_all_stages_take_less_than_10_seconds():
    began = time.process_time()
    assert checking.check(GOLDEN) == []
    assert time.process_time() - began < 10


INEXACT = ("constant", "scale_", "single", "move_single")  # they hold 0.1, or are about A5


def test_inputs_are_exact_in_single_precision_but_where_it_is_told():
    for case in CASES:
        if not case.single or case.name.startswith(INEXACT):
            continue
        for array in case.given().values():
            if array.dtype.kind == "f" and array.ndim:
                assert np.array_equal(array.astype(np.float32), array), case.key


@pytest.fixture
def copy(tmp_path):
    """A copy of the golden files of one stage, with a manifest of its own."""
    recorder = Recorder(tmp_path / "golden")
    for key, (inputs, outputs, entries) in STORED.items():
        stage, case = key.split("/")
        if stage == "08_fisher":
            for name, entry in entries.items():
                facts = {k: v for k, v in entry.items() if k not in ("file", "stage", "case")}
                facts = {k: v for k, v in facts.items() if k not in ("shape", "dtype", "sha256")}
                array = inputs[name] if name in inputs else outputs[name]
                recorder.add(stage, case, name, array, **facts)
            recorder.describe(stage, case, **MANIFEST["cases"][key])
    recorder.close(version=checking.VERSION, rule=checking.RULE)
    shutil.copy(GOLDEN / "README.md", recorder.target)
    return recorder.target


@pytest.fixture
def only_fisher(monkeypatch):
    monkeypatch.setattr(checking, "CASES", [c for c in CASES if c.kind.stage == "08_fisher"])


def test_check_sees_any_change_of_files_and_says_how_to_repair(
    copy, only_fisher, capsys, monkeypatch
):
    assert checking.check(copy) == []
    monkeypatch.setattr(make, "GOLDEN", copy)
    files = sorted(copy.glob("0*/*/*.npy"))
    for number, path in enumerate(files):
        data = path.read_bytes()
        place = (0, 60, 127, len(data) - 1 - number % 8)[number % 4]
        changed = bytearray(data)
        changed[place] ^= 1 << number % 8
        path.write_bytes(changed)
        assert checking.check(copy), (path.name, place)
        path.unlink()
        assert checking.check(copy)
        path.write_bytes(data)
    (files[0].parent / "more_E.npy").write_bytes(data)
    monkeypatch.setattr(sys, "argv", ["make.py", "--check"])
    assert make.main() == 1
    told = capsys.readouterr().out
    assert "more_E.npy: not in the manifest" in told
    assert "python golden/make.py" in told
    (files[0].parent / "more_E.npy").unlink()
    assert make.main() == 0


def test_check_sees_any_change_of_the_manifest(copy, only_fisher):
    path = copy / "manifest.json"
    lines = path.read_text().split("\n")
    for number, line in enumerate(lines):
        for changed in (None, line[:-1], line.replace("e-", "e-0", 1), line.replace("1", "2", 1)):
            if changed == line or (changed is None and not line):
                continue
            middle = [] if changed is None else [changed]
            path.write_text("\n".join(lines[:number] + middle + lines[number + 1 :]))
            assert checking.check(copy), line
    path.write_text("\n".join(lines))
    assert checking.check(copy) == []


def test_check_sees_a_change_of_the_code(copy, only_fisher, monkeypatch):
    def other(array, **_rest):
        return array.argsort()[:1]

    monkeypatch.setattr("lsfref.fisher.select_top", other)
    faults = checking.check(copy)
    assert any("tie/selected_Q.npy: float64" in f or "tie/selected_Q.npy" in f for f in faults)


def test_check_wants_a_line_in_the_change_log(copy, only_fisher):
    (copy / "README.md").write_text("nothing")
    assert "change log" in checking.check(copy)[0]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.unwatched
def test_our_own_outputs_conform(dtype, tmp_path, capsys):
    assert make.write_outputs(tmp_path / "out", dtype, STAGES) == 0
    assert cli.main(["conform", str(tmp_path / "out"), "--json"]) == 0
    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    wanted = sum(entry["role"] == "output" for entry in MANIFEST["tensors"])
    assert (last["tensors"], last["failed"], last["skipped"]) == (wanted, 0, 0)
    assert (last["first"], last["likely"]) == (None, None)
    if dtype == "float32":
        stored = tensors.read_tensor(tmp_path / "out" / SMALL / "scores_E.npy")
        assert stored.dtype == np.float32


# In float64 by choice, whatever goes in: grey, fitted means, a video's mean, curves, information.
WIDE = {"grey_HW", "factors_8", "pooled_E", "info_P10", "confidence_MC"}
WIDE |= {"reconstruction_curve_U", "classification_curve_U"}


@pytest.mark.parametrize("key", [case.key for case in CASES if case.single])
def test_a_float32_run_stays_in_float32(key):
    case = next(case for case in CASES if case.key == key)
    given = {
        name: array.astype(np.float32) if array.dtype.kind == "f" else array
        for name, array in case.given().items()
    }
    found = case.kind.run(given, case.settings)
    assert {n for n, a in found.items() if np.asarray(a).dtype == np.float64} <= WIDE


def test_recompute_names_a_case_that_fails_and_goes_on(tmp_path, monkeypatch, capsys):
    def broken(*_args, **_rest):
        raise ZeroDivisionError("no")

    monkeypatch.setattr("lsfref.fisher.fisher_score", broken)
    stages = choose_stages("8,10")
    assert make.write_outputs(tmp_path / "out", "float64", stages) == 1
    assert "08_fisher/tiny" in capsys.readouterr().err
    assert cli.main(["conform", str(tmp_path / "out"), "--stages", "8,10"]) == 1
    assert "8 of 10, fisher" in capsys.readouterr().out


def test_recompute_takes_stored_numbers_not_formulas():
    inputs, outputs, _ = STORED[SMALL]
    assert np.array_equal(
        recompute("fisher", inputs, {}, dtype="float64")["scores_E"], outputs["scores_E"]
    )
