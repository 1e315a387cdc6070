"""The comparator: what passes, what each fault is called, what it looks like."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from lsfref.storage import comparator
from lsfref.storage.recorder import Recorder, TraceError, read_manifest
from lsfref.storage.tensors import read_tensor

STAGE = "08_fisher"


def record(folder, arrays, **facts):
    recorder = Recorder(folder)
    for name, array in arrays.items():
        real = np.asarray(array).dtype.kind == "f"
        tol = {"float64": 1e-12, "float32": 1e-5} if real else None
        recorder.add(STAGE, "tiny", name, array, **({"tol": tol} | facts))
    recorder.close()
    return recorder


def verdicts(folder, reference, **rest):
    return list(comparator.compare_folders(folder, reference, **rest))


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


# The rule.


def test_worst_entry_is_found_with_both_values():
    want = np.array([[1.0, 2.0], [-8.0, 4.0]])
    got = want + np.array([[0, 1e-3], [0, -0.5]])
    found = comparator.compare_arrays(got, want, tol=0.01)
    assert found == {"error": 0.5, "allowed": 0.08, "at": (1, 1), "got": 3.5, "want": 4.0}


def test_scale_is_one_a_tensor_and_the_limit_passes():
    want = np.array([1024.0, 0.0])
    found = comparator.compare_arrays(want + np.array([0, 1]), want, tol=2**-10)
    assert found == {"error": 1, "allowed": 1, "at": (1,), "got": 1, "want": 0}
    assert comparator.compare_arrays(want, want, tol=2**-10) == {"error": 0, "allowed": 1}


def test_zeros_must_be_met_exactly():
    found = comparator.compare_arrays(np.array([1e-300]), np.array([0.0]), tol=0.1)
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
    found = comparator.compare_arrays(np.array(got, float), np.array(want, float), tol=1e-9)
    assert (found["error"] is not None and found["error"] <= found["allowed"]) is passes


def test_whole_numbers_must_be_equal():
    want = np.array([3, 2**62, -5])
    assert comparator.compare_arrays(want, want, tol=0) == {"error": 0, "allowed": 0}
    found = comparator.compare_arrays(want + np.array([0, 1, -7]), want, tol=0)
    assert (found["error"], found["at"], found["got"], found["want"]) == (7, (2,), -12, -5)
    wide = comparator.compare_arrays(np.array([2**62]), np.array([-(2**62) - 2**61]), tol=0)
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
        found = comparator.compare_arrays(got, want, tol=1e-6)
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


def beyond_single(folder):
    """Record a case for both precisions, and one that single precision cannot follow."""
    with Recorder(folder) as recorder:
        for case, single in (("plain", 1e-5), ("large", None)):
            tol = {"float64": 1e-12, "float32": single}
            recorder.add(STAGE, case, "pooled_ME", np.ones((2, 3)), role="input")
            recorder.add(STAGE, case, "scores_E", np.array([3.0, -4.0, 0.5]), tol=tol)
            recorder.add(STAGE, case, "selected_Q", np.array([2, 0]), tol=None)
        recorder.close()
    return folder


def as_port(reference, folder, dtypes):
    """Write the outputs of each case in its dtype; no dtype, no case."""
    for case, dtype in dtypes.items():
        target = folder / STAGE / case
        target.mkdir(parents=True)
        for name in ("scores_E", "selected_Q"):
            array = read_tensor(reference / STAGE / case / f"{name}.npy")
            np.save(target / name, array.astype(dtype) if array.dtype.kind == "f" else array)


@pytest.mark.parametrize(
    ("dtypes", "passed", "skipped"),
    [
        ({"plain": "f4", "large": "f4"}, 4, 2),  # whole numbers of such a case are skipped too
        ({"plain": "f4"}, 4, 2),
        ({"plain": "f4", "large": "f8"}, 4, 0),
        ({"plain": "f8", "large": "f8"}, 4, 0),
        ({"plain": "f8"}, 2, 0),  # a port in double precision has to have them
        ({"plain": "f8", "large": "f4"}, 4, 2),
    ],
)
def test_cases_beyond_single_precision_are_skipped_for_a_port_in_it(
    tmp_path, dtypes, passed, skipped
):
    ours = beyond_single(tmp_path / "ours")
    as_port(ours, tmp_path / "port", dtypes)
    found = verdicts(tmp_path / "port", ours)
    assert len(found) == 4
    assert sum(v.passed for v in found) == passed
    assert sum(v.skipped for v in found) == skipped


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
    (folder / "more" / STAGE / "tiny").mkdir(parents=True)
    np.save(folder / "more" / STAGE / "tiny" / "scores_E.npy", np.ones(3))
    (folder / "notes.txt").write_text("not looked at")
    found = {v.file: (v.passed, v.fault) for v in verdicts(folder, reference)}
    assert found == {
        "08_fisher/tiny/scores_E.npy": (True, None),
        "08_fisher/tiny/score_E.npy": (False, "extra"),
        "//stray.npy": (False, "extra"),
        "more/08_fisher/tiny/scores_E.npy": (False, "extra"),
    }
    # with stages chosen, what belongs to none or to others is not looked at
    assert [v.fault for v in verdicts(folder, reference, stages=("02_flow",))] == []
    assert len(verdicts(folder, reference, stages=(STAGE,))) == 2


def test_inputs_may_be_left_out_but_not_be_others(tmp_path, port):
    recorder = Recorder(tmp_path / "ours")
    recorder.add(STAGE, "tiny", "labels_M", np.array([0, 1]), role="input", tol=None)
    recorder.add(STAGE, "tiny", "selected_Q", np.array([2, 0]), tol=None)
    recorder.close()
    np.save(port / "selected_Q.npy", np.array([2, 0]))
    assert [v.passed for v in verdicts(port.parents[1], tmp_path / "ours")] == [True]
    np.save(port / "labels_M.npy", np.array([0, 1]))
    assert [v.passed for v in verdicts(port.parents[1], tmp_path / "ours")] == [True, True]
    np.save(port / "labels_M.npy", np.array([1, 0]))
    first, second = verdicts(port.parents[1], tmp_path / "ours")
    assert (first.passed, first.role, first.fault) == (False, "input", "value")
    assert second.passed


def test_verdicts_come_in_stage_order(tmp_path):
    recorder = Recorder(tmp_path / "ours")
    for stage in ("10_voting", "02_flow", "08_fisher"):
        recorder.add(stage, "a", "labels_M", np.array([0, 1]), tol=None)
    recorder.close()
    order = [v.stage for v in verdicts(tmp_path / "ours", tmp_path / "ours")]
    assert order == ["02_flow", "08_fisher", "10_voting"]


def test_comparing_needs_neither_scipy_nor_ffmpeg():
    code = "import sys, lsfref.storage.comparator; print({'scipy', 'imageio'} & {*sys.modules})"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "set()"


def test_an_unsound_reference_is_refused(reference, port):
    folder = port.parents[1]
    np.save(port / "scores_E.npy", np.array([3.0, -4.0, 0.5]))
    tensor = reference / STAGE / "tiny" / "scores_E.npy"
    good = tensor.read_bytes()
    tensor.write_bytes(good[:-1] + b"\x01")
    with pytest.raises(TraceError, match="missing or changed"):
        verdicts(folder, reference)
    tensor.unlink()
    with pytest.raises(TraceError, match="missing or changed"):
        verdicts(folder, reference)
    manifest = reference / "manifest.json"
    text = manifest.read_text()
    for changed in (text.replace("1e-12", "1e-02"), text.replace('"count": 1', '"count": 2'), "{}"):
        manifest.write_text(changed)
        with pytest.raises(TraceError):
            read_manifest(reference)
    manifest.unlink()
    with pytest.raises(TraceError, match="not there"):
        read_manifest(reference)


def test_a_real_input_may_be_a_copy_in_single_precision(tmp_path, port):
    values = np.array([0.1, -0.7, 3.0])
    with Recorder(tmp_path / "ours") as recorder:
        recorder.add(STAGE, "tiny", "means_E", values, role="param")
        recorder.close()
    for copy, passes in ((values.astype(np.float32), True), (values * (1 + 1e-15), False)):
        np.save(port / "means_E.npy", copy)
        assert only(port.parents[1], tmp_path / "ours").passed is passes


@pytest.mark.parametrize(("copy", "passes"), [(0, True), (1, True), (2, False), (-1, False)])
def test_a_copy_in_single_precision_may_be_cut_off_but_not_be_two_away(
    tmp_path, port, copy, passes
):
    """Of 1 + 0.9 steps: both neighbors pass, the numbers beyond them do not."""
    with Recorder(tmp_path / "ours") as recorder:
        recorder.add(STAGE, "tiny", "means_E", np.array([1 + 0.9 * 2**-23]), role="param")
        recorder.close()
    np.save(port / "means_E.npy", np.array([1 + copy * 2**-23], np.float32))
    assert only(port.parents[1], tmp_path / "ours").passed is passes


# What it looks like.

IMAGE = np.arange(1.0, 31).reshape(5, 3, 2) ** 2


@pytest.mark.parametrize(
    ("got", "words"),
    [
        (-IMAGE, "the sign is turned over"),
        (IMAGE[..., ::-1], "x and y are swapped along axis 2"),
        (IMAGE[::-1], "the order is turned over along axis 0"),
        (IMAGE.swapaxes(0, 1), "the axes are in another order, (1, 0, 2) of them is right"),
        (IMAGE.transpose(2, 0, 1), "the axes are in another order, (1, 2, 0) of them is right"),
        (IMAGE.T.ravel().reshape(IMAGE.shape), "the first index is the fastest, want the last"),
        (IMAGE.reshape(15, 2), "the numbers are right, their shape is not"),
        (IMAGE / 2, "every number is 0.5 times what it should be"),
        (IMAGE * 1.001, "every number is 1.001 times what it should be"),
        (np.roll(IMAGE, 1, axis=0), "the same numbers are there, in another order"),
        (IMAGE + 1, None),
        (IMAGE[:4], None),
        (np.full_like(IMAGE, np.nan), None),
        (np.zeros_like(IMAGE), None),
    ],
)
def test_what_would_make_numbers_agree_is_told(got, words):
    assert comparator.likeness(np.ascontiguousarray(got), IMAGE, tol=1e-12) == words


@pytest.mark.parametrize(
    ("shape", "told"), [((2,), True), ((1,), False), ((2,) * 6, True), ((2,) * 7, False)]
)
def test_likeness_is_looked_for_from_two_numbers_on_and_up_to_six_axes(shape, told):
    want = np.arange(1.0, 1 + np.prod(shape)).reshape(shape) ** 2
    assert (comparator.likeness(-want, want, tol=0) is not None) is told


@given(hnp.arrays(np.int64, hnp.array_shapes(max_dims=7, max_side=3), elements=st.integers(-3, 3)))
def test_likeness_never_raises(array):
    for want in (array + 1, array.ravel(), np.where(array > 0, np.inf, array.astype(float))):
        comparator.likeness(array, want, tol=0)
        comparator.likeness(array * 1.0, want * 1.0, tol=0)


def test_names_leave_out_options_cases_kinds_and_tensors(tmp_path):
    with Recorder(tmp_path / "ours") as recorder:
        for case in ("tiny", "large"):
            recorder.add(STAGE, case, "scores_E", np.ones(3), tol=None)
        recorder.add(STAGE, "tiny", "more_E", np.ones(3), tol=None, option="grand")
        recorder.describe(STAGE, "large", kind="fisher", settings={"method": "other", "n": 3})
        recorder.close()
    manifest = read_manifest(tmp_path / "ours")
    tiny, large, more = (
        f"{STAGE}/{name}.npy" for name in ("tiny/scores_E", "large/scores_E", "tiny/more_E")
    )
    for names, files in (
        ([], set()),
        (["tiny"], {tiny, more}),
        ([f"{STAGE}/tiny"], {tiny, more}),
        (["fisher"], {large}),
        (["other", "grand"], {large, more}),
        (["scores_E"], {tiny, large}),
        ([large], {large}),
    ):
        assert comparator.left_out(manifest, names) == files
    with pytest.raises(ValueError, match="'tini'"):
        comparator.left_out(manifest, ["tiny", "tini"])
    (tmp_path / "port").mkdir()
    assert [v.file for v in verdicts(tmp_path / "port", tmp_path / "ours", away={large, more})] == [
        tiny
    ]
