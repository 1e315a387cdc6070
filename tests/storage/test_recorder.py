"""The recorder and the comparator: what is written, what passes, what each fault is called."""

import json
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from lsfref.storage import recorder as trace
from lsfref.storage import tensors
from lsfref.storage.tensors import Fault, axes_of, read_tensor, tensor_bytes, to_file_form

STAGE = "08_fisher"


def record(folder, arrays, **facts):
    recorder = trace.Recorder(folder)
    for name, array in arrays.items():
        real = np.asarray(array).dtype.kind == "f"
        tol = {"float64": 1e-12, "float32": 1e-5} if real else None
        recorder.add(STAGE, "tiny", name, array, **({"tol": tol} | facts))
    recorder.close()
    return recorder


def verdicts(folder, reference, **rest):
    return list(trace.compare_folders(folder, reference, **rest))


def only(folder, reference, **rest):
    (verdict,) = verdicts(folder, reference, **rest)
    return verdict


@pytest.fixture
def reference(tmp_path):
    record(tmp_path / "ours", {"scores_E": np.array([3.0, -4.0, 0.5])})
    return tmp_path / "ours"


@pytest.fixture
def port(tmp_path):
    folder = tmp_path / "port" / STAGE / "tiny"
    folder.mkdir(parents=True)
    return folder


# What is written.


def test_bytes_of_a_tensor_are_as_documented():
    data = tensor_bytes(np.array([[1.0, 2.0, 3.0]]))
    assert data[:10] == b"\x93NUMPY\x01\x00v\x00"
    text = b"{'descr': '<f8', 'fortran_order': False, 'shape': (1, 3), }"
    assert data[10:128] == text + b" " * (117 - len(text)) + b"\n"
    assert data[128:136] == b"\x00\x00\x00\x00\x00\x00\xf0\x3f"
    assert len(data) == 128 + 24


@given(
    hnp.arrays(
        st.sampled_from([np.float64, np.float32, np.int64, np.bool_, np.int8, np.dtype(">f8")]),
        hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=5),
        elements={"allow_nan": False, "allow_subnormal": False},
    ),
    st.booleans(),
)
def test_a_tensor_comes_back_and_numpy_reads_it(tmp_path_factory, array, transposed):
    array = array.T if transposed else array
    path = tmp_path_factory.mktemp("tensor") / "x.npy"
    path.write_bytes(tensor_bytes(to_file_form(array)))
    for back in (read_tensor(path), np.load(path)):
        assert back.shape == array.shape
        assert back.flags.c_contiguous
        assert np.array_equal(back, array)
    assert read_tensor(path).dtype.str in ("<f8", "<f4", "<i8")


def test_what_is_no_number_is_not_recorded():
    with pytest.raises(ValueError, match="NaN"):
        to_file_form(np.array([np.nan]))
    for array in (np.array(["x"]), np.array([1j]), np.float16(1)):
        with pytest.raises(TypeError):
            to_file_form(array)


def test_axes_are_the_end_of_a_name():
    assert axes_of("flow_HW2", 3) == ["H", "W", "2"]
    assert axes_of("info_P10", 2) == ["P", "10"]
    assert axes_of("max_side", 0) == []
    assert axes_of("labels_m", 1) == ["m"]
    assert axes_of("homography_33", 2) == ["3", "3"]
    for name, n_axes in (("flow_HW2", 2), ("weights", 1), ("points", 1)):
        with pytest.raises(ValueError, match="does not end in"):
            axes_of(name, n_axes)


def test_manifest_has_one_line_a_tensor_in_stage_order(tmp_path):
    recorder = trace.Recorder(tmp_path / "new")
    recorder.add("10_voting", "b", "decision_M", np.array([1]), tol=None)
    recorder.add("02_flow", "a", "flow_HW2", np.zeros((2, 3, 2)), tol={}, equation="x = 1")
    recorder.add("02_flow", "a", "weights_1", np.zeros((2, 3)), role="param", axes=["D", "J1"])
    recorder.describe("02_flow", "a", about="first", branch="sign")
    recorder.close(version="7")
    text = (tmp_path / "new" / "manifest.json").read_text()
    manifest = json.loads(text)
    assert manifest == trace.read_manifest(tmp_path / "new")
    assert manifest["count"] == 3
    assert manifest["version"] == "7"
    assert [e["stage"] for e in manifest["tensors"]] == ["02_flow", "02_flow", "10_voting"]
    lines = [line for line in text.splitlines() if '"sha256"' in line]
    assert [json.loads(line.rstrip(",")) for line in lines] == manifest["tensors"]
    assert manifest["tensors"][0]["axes"] == ["H", "W", "2"]
    assert manifest["tensors"][0]["shape"] == [2, 3, 2]
    assert manifest["tensors"][1]["axes"] == ["D", "J1"]
    assert manifest["cases"]["02_flow/a"]["branch"] == "sign"


def test_recorder_refuses_what_would_mix_or_mislead(tmp_path):
    recorder = trace.Recorder(tmp_path / "new")
    recorder.add(STAGE, "a", "scores_E", np.ones(3))
    with pytest.raises(ValueError, match="twice"):
        recorder.add(STAGE, "a", "scores_E", np.ones(3))
    with pytest.raises(ValueError, match="unknown stage"):
        recorder.add("12_more", "a", "scores_E", np.ones(3))
    with pytest.raises(ValueError, match="role"):
        recorder.add(STAGE, "a", "more_E", np.ones(3), role="guess")
    with pytest.raises(ValueError, match="axes"):
        recorder.add(STAGE, "a", "more_E", np.ones(3), axes=["E", "M"])
    recorder.close()
    for taken in (tmp_path / "new", tmp_path / "new" / "manifest.json"):
        with pytest.raises(trace.TraceError, match="not empty"):
            trace.Recorder(taken)


def test_a_record_is_there_whole_or_not_at_all(tmp_path):
    def interrupted():
        with trace.Recorder(tmp_path / "new") as recorder:
            recorder.add(STAGE, "a", "scores_E", np.ones(3))
            assert not (tmp_path / "new").exists()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "new").mkdir()
    with trace.Recorder(tmp_path / "new") as recorder:
        recorder.add(STAGE, "a", "scores_E", np.ones(3))
        recorder.close()
    assert [path.name for path in tmp_path.iterdir()] == ["new"]
    assert trace.read_manifest(tmp_path / "new")["count"] == 1


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("8", ["08_fisher"]),
        ("08_fisher", ["08_fisher"]),
        ("fisher,flow", ["02_flow", "08_fisher"]),
        ("3-5", ["03_trajectories", "04_descriptors", "05_lsfnet"]),
        ("voting-11", ["10_voting", "11_end_to_end"]),
        ("1-11", list(trace.STAGES)),
    ],
)
def test_stages_are_chosen_by_number_name_and_range(text, wanted):
    assert list(trace.choose_stages(text)) == wanted


@pytest.mark.parametrize("text", ["0", "12", "fish", "5-3", "3-", "-", "1-2-3"])
def test_stages_that_do_not_exist_are_refused(text):
    with pytest.raises(ValueError, match="want stages such as"):
        trace.choose_stages(text)


# The rule.


def test_worst_entry_is_found_with_both_values():
    want = np.array([[1.0, 2.0], [-8.0, 4.0]])
    got = want + np.array([[0, 1e-3], [0, -0.5]])
    found = trace.compare_arrays(got, want, tol=0.01)
    assert found == {"error": 0.5, "allowed": 0.08, "at": (1, 1), "got": 3.5, "want": 4.0}


def test_scale_is_one_a_tensor_and_the_limit_passes():
    want = np.array([1024.0, 0.0])
    found = trace.compare_arrays(want + np.array([0, 1]), want, tol=2**-10)
    assert found["error"] == found["allowed"] == 1


def test_zeros_must_be_met_exactly():
    found = trace.compare_arrays(np.array([1e-300]), np.array([0.0]), tol=0.1)
    assert found["error"] > found["allowed"] == 0


@pytest.mark.parametrize(
    ("got", "want", "passes"),
    [
        ([np.inf, 1], [np.inf, 1], True),
        ([-np.inf, 1], [np.inf, 1], False),
        ([1e308, 1], [np.inf, 1], False),
        ([np.inf, 1], [1, 1], False),
        ([np.nan, 1], [1, 1], False),
        ([np.nan, 1], [np.inf, 1], False),
        ([-1e308, 1], [1e308, 1], False),
    ],
)
def test_infinities_must_be_in_the_same_places_and_nan_never_passes(got, want, passes):
    found = trace.compare_arrays(np.array(got, float), np.array(want, float), tol=1e-9)
    assert (found["error"] is not None and found["error"] <= found["allowed"]) is passes


def test_whole_numbers_must_be_equal():
    want = np.array([3, 2**62, -5])
    assert trace.compare_arrays(want, want, tol=0)["error"] == 0
    found = trace.compare_arrays(want + np.array([0, 1, -7]), want, tol=0)
    assert (found["error"], found["at"], found["got"], found["want"]) == (7, (2,), -12, -5)
    wide = trace.compare_arrays(np.array([2**62]), np.array([-(2**62) - 2**61]), tol=0)
    assert wide["error"] == 2**63 + 2**61


@given(
    hnp.arrays(float, (3, 5), elements=st.floats(-1e6, 1e6, allow_subnormal=False)),
    st.integers(0, 14),
    st.floats(2.0, 100.0),
)
def test_more_than_the_tolerance_fails_and_less_passes(want, place, factor):
    scale = np.abs(want).max()
    if scale < 1e-3:
        return
    for times, passes in ((factor, False), (1 / factor, True)):
        got = want.copy()
        got.flat[place] += times * 1e-6 * scale
        found = trace.compare_arrays(got, want, tol=1e-6)
        assert (found["error"] <= found["allowed"]) is passes


# Folders.


def test_equal_folders_agree(reference):
    assert only(reference, reference).passed


@pytest.mark.parametrize(
    ("array", "kind", "words"),
    [
        (np.array([3.0, -4.0, 0.6]), "value", "at [2]: 0.6, want 0.5"),
        (np.array([3.0, -4.0]), "shape", "shape (2,); want (3,)"),
        (np.array([[3.0, -4.0, 0.5]]), "shape", "want (3,)"),
        (np.array([3, -4, 0]), "dtype", "dtype <i8; want <f8"),
        (np.array([3.0, -4.0, 0.5], ">f8"), "dtype", "dtype >f8"),
        (np.array([3.0, -4.0, 0.5], "f2"), "dtype", "dtype <f2"),
        (np.array(["3", "-4", "0.5"]), "dtype", "dtype <U3"),
        (np.array([3.0, np.nan, 0.5]), "value", "not finite"),
    ],
)
def test_each_fault_has_a_name_and_words(reference, port, array, kind, words):
    np.save(port / "scores_E.npy", array)
    verdict = only(port.parents[1], reference)
    assert not verdict.passed
    assert verdict.fault == kind
    assert words in verdict.text


def test_fortran_order_is_a_fault_of_its_own(tmp_path):
    record(tmp_path / "ours", {"pooled_ME": np.arange(6.0).reshape(2, 3)})
    folder = tmp_path / "port" / STAGE / "tiny"
    folder.mkdir(parents=True)
    np.save(folder / "pooled_ME.npy", np.asfortranarray(np.arange(6.0).reshape(2, 3)))
    verdict = only(tmp_path / "port", tmp_path / "ours")
    assert (verdict.passed, verdict.fault) == (False, "order")


def test_an_array_of_objects_is_never_unpickled(reference, port):
    np.save(port / "scores_E.npy", np.array([print, {}, []], dtype=object), allow_pickle=True)
    assert only(port.parents[1], reference).fault == "dtype"


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"",
        lambda data: data[:5],
        lambda data: data[:100],
        lambda data: data[:-1],
        lambda data: data + b"\0",
        lambda data: b"\x93NUMPY\x02\x00" + data[8:],
        lambda data: data.replace(b"(3,)", b"(9,)"),
        lambda data: data.replace(b"(3,)", b"(-3,)"),
        lambda data: data.replace(b"(3,)", b"(10**9,)"),
        lambda data: b"PK\x03\x04" + data,
        lambda data: data[:10] + b"[" * 117 + b"\n" + data[128:],
    ],
)
def test_damaged_files_are_told_and_never_raise(reference, port, damage):
    data = (reference / STAGE / "tiny" / "scores_E.npy").read_bytes()
    (port / "scores_E.npy").write_bytes(damage(data))
    verdict = only(port.parents[1], reference)
    assert (verdict.passed, verdict.fault) == (False, "unreadable")


@given(st.integers(0, 127), st.integers(1, 255))
def test_any_byte_of_a_header_may_change_without_an_exception(place, change):
    data = bytearray(tensor_bytes(np.array([3.0, -4.0, 0.5])))
    data[place] ^= change
    kind = "read"
    try:
        assert tensors.parse_tensor(bytes(data)).nbytes == 24
    except Fault as fault:
        kind = fault.args[0]
    assert kind in ("read", "unreadable", "dtype", "order")


def test_other_header_lengths_are_read(reference, port):
    data = (reference / STAGE / "tiny" / "scores_E.npy").read_bytes()
    header = data[10:128].rstrip() + b"\n"
    (port / "scores_E.npy").write_bytes(
        data[:8] + len(header).to_bytes(2, "little") + header + data[128:]
    )
    assert only(port.parents[1], reference).passed


def test_a_header_of_python_2_is_read(reference, port):
    data = (reference / STAGE / "tiny" / "scores_E.npy").read_bytes()
    (port / "scores_E.npy").write_bytes(data.replace(b"(3,), } ", b"(3L,), }"))
    assert only(port.parents[1], reference).passed


def test_single_precision_has_a_tolerance_of_its_own(reference, port):
    for off, passes in ((2e-5, True), (1e-4, False)):
        np.save(port / "scores_E.npy", np.array([3.0, -4.0 + off, 0.5], np.float32))
        assert only(port.parents[1], reference).passed is passes


def test_single_precision_is_refused_where_there_is_no_tolerance(tmp_path, port):
    arrays = {"scores_E": np.array([3.0, -4.0, 0.5])}
    record(tmp_path / "whole", arrays, tol={"float64": 1e-9, "float32": None})
    np.save(port / "scores_E.npy", arrays["scores_E"].astype(np.float32))
    verdict = only(port.parents[1], tmp_path / "whole")
    assert verdict.fault == "dtype"
    assert "no float32 tolerance" in verdict.text


def test_a_reference_in_single_precision_takes_both(tmp_path, port):
    arrays = {"scores_E": np.array([3.0, -4.0, 0.5], np.float32)}
    record(tmp_path / "single", arrays, tol={"float64": 1e-9, "float32": 1e-5})
    for dtype in (np.float32, np.float64):
        np.save(port / "scores_E.npy", arrays["scores_E"].astype(dtype) + dtype(1e-5))
        assert only(port.parents[1], tmp_path / "single").passed


def test_missing_and_extra_tensors_fail(reference, port):
    folder = port.parents[1]
    assert only(folder, reference).fault == "missing"
    np.save(port / "scores_E.npy", np.array([3.0, -4.0, 0.5]))
    np.save(port / "score_E.npy", np.ones(3))
    np.save(folder / "stray.npy", np.ones(3))
    (folder / "notes.txt").write_text("not looked at")
    found = {v.file: v.fault for v in verdicts(folder, reference)}
    assert found == {
        "08_fisher/tiny/scores_E.npy": None,
        "08_fisher/tiny/score_E.npy": "extra",
        "//stray.npy": "extra",
    }
    # with stages chosen, what belongs to none or to others is not looked at
    assert [v.fault for v in verdicts(folder, reference, stages=("02_flow",))] == []
    assert len(verdicts(folder, reference, stages=(STAGE,))) == 2


def test_inputs_may_be_left_out_but_not_be_others(tmp_path, port):
    recorder = trace.Recorder(tmp_path / "ours")
    recorder.add(STAGE, "tiny", "labels_M", np.array([0, 1]), role="input", tol=None)
    recorder.add(STAGE, "tiny", "selected_Q", np.array([2, 0]), tol=None)
    recorder.close()
    np.save(port / "selected_Q.npy", np.array([2, 0]))
    assert [v.passed for v in verdicts(port.parents[1], tmp_path / "ours")] == [True]
    np.save(port / "labels_M.npy", np.array([1, 0]))
    assert [v.passed for v in verdicts(port.parents[1], tmp_path / "ours")] == [False, True]


def test_verdicts_come_in_stage_order(tmp_path):
    recorder = trace.Recorder(tmp_path / "ours")
    for stage in ("10_voting", "02_flow", "08_fisher"):
        recorder.add(stage, "a", "labels_M", np.array([0, 1]), tol=None)
    recorder.close()
    order = [v.stage for v in verdicts(tmp_path / "ours", tmp_path / "ours")]
    assert order == ["02_flow", "08_fisher", "10_voting"]


def test_an_unsound_reference_is_refused(reference, port):
    folder = port.parents[1]
    np.save(port / "scores_E.npy", np.array([3.0, -4.0, 0.5]))
    tensor = reference / STAGE / "tiny" / "scores_E.npy"
    good = tensor.read_bytes()
    tensor.write_bytes(good[:-1] + b"\x01")
    with pytest.raises(trace.TraceError, match="missing or changed"):
        verdicts(folder, reference)
    tensor.unlink()
    with pytest.raises(trace.TraceError, match="missing or changed"):
        verdicts(folder, reference)
    manifest = reference / "manifest.json"
    text = manifest.read_text()
    for changed in (text.replace("1e-12", "1e-02"), text.replace('"count": 1', '"count": 2'), "{}"):
        manifest.write_text(changed)
        with pytest.raises(trace.TraceError):
            trace.read_manifest(reference)
    manifest.unlink()
    with pytest.raises(trace.TraceError, match="not there"):
        trace.read_manifest(reference)


def test_comparing_needs_neither_scipy_nor_ffmpeg():
    code = "import sys, lsfref.storage.recorder; print({'scipy', 'imageio'} & set(sys.modules))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "set()"
