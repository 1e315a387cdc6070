"""`conform`: lines, JSON, the first stage and where to look, exit status."""

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from golden.cases import CASES
from lsfref.app import cli
from lsfref.app.commands import conform
from lsfref.storage.recorder import Recorder, read_manifest

pytestmark = pytest.mark.unwatched

GOLDEN = conform.GOLDEN
SEARCH = ("08_fisher", "09_lsh", "10_voting")


@pytest.fixture(scope="module")
def ported(tmp_path_factory):
    """Outputs of stages 8 to 10 as a port would write them."""
    folder = tmp_path_factory.mktemp("port")
    for entry in read_manifest(GOLDEN)["tensors"]:
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
    assert "`selected_Q` is: the best max(1, ceil(E top_percent / 100))" in said.out
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
    status, said = run(capsys, "conform", next(port.rglob("*.npy")))
    assert (status, "npy: a file; give the folder" in said.err) == (2, True)
    status, said = run(capsys, "conform", port, "--stages", "13")
    assert (status, "--stages: want stages such as 8" in said.err) == (2, True)
    status, said = run(capsys, "conform", port, "--against", tmp_path)
    assert (status, "manifest.json: not there" in said.err) == (3, True)


def test_every_case_says_where_to_look():
    cases = read_manifest(GOLDEN)["cases"]
    assert cases.keys() == {case.key for case in CASES}
    for case in cases.values():
        assert case["about"]
        assert case["branch"]


def test_inputs_may_lie_in_the_folder_and_changed_ones_are_told(port, tmp_path, capsys):
    whole = Path(shutil.copytree(GOLDEN / "08_fisher", tmp_path / "copy" / "08_fisher")).parent
    status, said = run(capsys, "conform", whole, "--stages", "8")
    assert status == 0
    changed = whole / "08_fisher" / "tiny" / "labels_M.npy"
    np.save(changed, np.load(changed)[::-1])
    for case in ("tiny", "share"):
        scores = whole / "08_fisher" / case / "scores_E.npy"
        np.save(scores, np.load(scores) * 0.5)
    status, said = run(capsys, "conform", whole, "--stages", "8")
    assert status == 1
    assert "1 of them are given (input, param, draw) and not the reference's" in said.out
    assert "8 of 10, fisher, in case `share` (scores_E)" in said.out  # its own inputs agree
    assert "Likely: every number is 0.5 times what it should be; the number kept" in said.out
    scores = whole / "08_fisher" / "share" / "scores_E.npy"
    np.save(scores, np.load(scores) * 2)
    said = run(capsys, "conform", whole, "--stages", "8")[1]
    assert "`labels_M` is given (input) and not the reference's: copy it again." in said.out


def test_golden_conforms_to_itself(capsys):
    status, said = run(capsys, "conform", GOLDEN, "--quiet")
    assert (status, said.out) == (
        0,
        f"\nAll {len(read_manifest(GOLDEN)['tensors'])} tensors agree.\n",
    )


def test_what_is_left_out_is_counted_and_what_differs_is_named_before_what_is_missing(port, capsys):
    shutil.rmtree(port / "08_fisher" / "large")
    (port / "09_lsh" / "stacked" / "neighbors_TMK.npy").unlink()
    votes = port / "10_voting" / "weighted" / "confidence_MC.npy"
    np.save(votes, np.load(votes) + 0.01)
    status, said = run(capsys, "conform", port, "--stages", "8-10")
    assert status == 1
    assert "is 10 of 10, voting, in case `weighted` (confidence_MC)" in said.out
    assert "\n3 of them are not there." in said.out
    words = ("conform", port, "--stages", "8-10", "--without", "08_fisher/large", "stacked")
    status, said = run(capsys, *words, "weighted")
    assert status == 0
    assert "14 were left out by --without (08_fisher/large, stacked, weighted)." in said.out
    rows = [json.loads(line) for line in run(capsys, *words, "--json")[1].out.splitlines()]
    assert rows[-1]["failed"] == 1
    assert rows[-1]["left_out"] == 2 + 4 + 2
    status, said = run(capsys, "conform", port, "--stages", "8-10", "--without", "farnback")
    assert (status, "--without: want the name of an option" in said.err) == (2, True)


def test_one_option_can_be_left_out_everywhere():
    manifest = read_manifest(GOLDEN)
    away = conform.comparator.left_out(manifest, ["farneback"])
    cases = {"/".join(file.split("/")[:2]) for file in away}
    assert {key for key in manifest["cases"] if "farneback" in key} <= cases
    assert "02_flow/pyramid_8bit" in cases
    assert "01_video/tiny/grey_8bit_HW.npy" in away
    assert "01_video/tiny/grey_HW.npy" not in away
    assert not any(file.startswith("03") for file in away)


def test_a_port_in_single_precision_exits_0(port, capsys):
    for path in port.rglob("*.npy"):
        array = np.load(path)
        if array.dtype.kind == "f":
            with np.errstate(over="ignore", under="ignore"):
                np.save(path, array.astype(np.float32))
    shutil.rmtree(port / "08_fisher" / "large")  # squares of 1e200: no port in it has them
    status, said = run(capsys, "conform", port, "--stages", "8-10")
    assert status == 0
    assert "SKIP  08_fisher/large/scores_E.npy  single precision cannot follow" in said.out
    assert said.out.endswith("were skipped: single precision cannot follow their cases.\n")


def sentence(tmp_path, capsys, key, name, change):
    """Return what is said of a port that is right but for one output."""
    target = tmp_path / "port" / key
    target.mkdir(parents=True)
    for path in (GOLDEN / key).glob("*.npy"):
        shutil.copyfile(path, target / path.name)
    np.save(target / f"{name}.npy", np.ascontiguousarray(change(np.load(target / f"{name}.npy"))))
    status, said = run(capsys, "conform", tmp_path / "port", "--stages", key[:2])
    assert status == 1
    return said.out


def test_a_wrong_size_a_curve_and_a_swapped_axis_get_the_right_sentence(tmp_path, capsys):
    text = sentence(tmp_path / "size", capsys, "02_flow/pyramid", "layer_1_HW", lambda a: a[:, :-1])
    assert "shape (47, 49); want (47, 50) (h w)" in text
    assert "Likely: a size that is counted or rounded in another way; " in text
    assert "`layer_1_HW` is: layer k of `sizes`" in text
    text = sentence(
        tmp_path / "curve", capsys, "06_switching/curves", "reconstruction_curve_U", lambda a: a + 1
    )
    assert "Likely: the curve of a loss in an epoch without its steps" in text
    text = sentence(tmp_path / "x", capsys, "02_flow/tiny", "flow_0_HW2", lambda a: a[..., ::-1])
    assert "Likely: x and y are swapped along axis 2; x and y, their signs" in text


def test_cases_come_from_plain_to_whole():
    keys = list(read_manifest(GOLDEN)["cases"])
    for earlier, later in (
        ("02_flow/box_3", "02_flow/lk_round"),
        ("02_flow/lk_round", "02_flow/tiny"),
        ("02_flow/tiny", "02_flow/layers"),
        ("02_flow/layers", "02_flow/video"),
        ("02_flow/video", "02_flow/farneback_fit"),
        ("02_flow/farneback_round", "02_flow/farneback_tiny"),
        ("03_trajectories/judge_static", "03_trajectories/tiny"),
        ("04_descriptors/votes", "04_descriptors/tiny"),
    ):
        assert keys.index(earlier) < keys.index(later)


def test_every_output_has_an_equation():
    for entry in read_manifest(GOLDEN)["tensors"]:
        assert entry["role"] != "output" or len(entry["equation"]) > 8, entry["file"]


def test_an_installed_package_says_where_the_golden_files_are(port, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(conform, "GOLDEN", tmp_path / "nowhere")
    status, said = run(capsys, "conform", port)
    assert status == 2
    assert "get the folder `golden` of the source code" in said.err
    assert run(capsys, "conform", port, "--against", GOLDEN, "--stages", "8-10")[0] == 0


def test_a_reference_of_another_kind_ends_in_a_sentence(tmp_path, capsys):
    with Recorder(tmp_path / "ours") as recorder:
        recorder.add("08_fisher", "tiny", "scores_E", np.ones(2), role="input")
        recorder.close()
    (tmp_path / "port").mkdir()
    words = ("conform", tmp_path / "port", "--against", tmp_path / "ours", "--stages", "8")
    status, said = run(capsys, *words)
    assert (status, "has no tensor of stages 8" in said.err) == (2, True)


def test_what_is_no_file_is_not_waited_for(port, tmp_path, capsys):
    tensor = port / "08_fisher" / "tiny" / "scores_E.npy"
    tensor.unlink()
    os.mkfifo(tensor)
    status, said = run(capsys, "conform", port, "--stages", "8")
    assert (status, "FAIL  08_fisher/tiny/scores_E.npy" in said.out) == (1, True)
    (tmp_path / "manifest.json").write_text("[" * 100_000)
    status, said = run(capsys, "conform", port, "--against", tmp_path)
    assert (status, said.err.count("cannot be read")) == (3, 1)
