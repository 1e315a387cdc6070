"""A tensor as a file: its bytes, and what is said of a file that is none."""

import contextlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from lsfref.storage import tensors
from lsfref.storage.tensors import (
    Fault,
    axes_of,
    header_dtype,
    parse_tensor,
    read_tensor,
    tensor_bytes,
    to_file_form,
)


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


@pytest.mark.parametrize(("data", "why"), [(b"not an array", "magic"), (b"", "EOF")])
def test_a_file_that_is_none_says_why_in_one_line(data, why):
    with pytest.raises(Fault) as fault:
        parse_tensor(data)
    kind, sentence = fault.value.args
    assert kind == "unreadable"
    assert sentence.startswith("not a .npy: ")
    assert why in sentence
    assert sentence.isprintable()


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


def with_shape(text, data=b""):
    """Return a file whose header tells this shape."""
    header = f"{{'descr': '<i8', 'fortran_order': False, 'shape': {text}, }}".encode() + b"\n"
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + data


@pytest.mark.parametrize(
    ("shape", "n_bytes"),
    [
        ("(" + "1, " * 65 + ")", 8),
        ("(True,)", 8),
        ("(False, 3)", 0),
        (f"(0, {2**63})", 0),
        (f"(0, {2**62}, {2**62})", 0),
    ],
)
def test_a_shape_that_no_array_has_is_a_fault_not_a_traceback(shape, n_bytes):
    with pytest.raises(Fault) as fault:
        parse_tensor(with_shape(shape, bytes(n_bytes)))
    assert fault.value.args[0] == "unreadable"


@pytest.mark.parametrize(("length", "reads"), [(10_000, True), (10_001, False)])
def test_headers_are_read_as_long_as_numpy_reads_them(tmp_path, length, reads):
    data = with_shape("(1, )" + " " * (length - len(with_shape("(1, )")) + 10), bytes(8))
    (tmp_path / "x.npy").write_bytes(data)
    for read, refused in ((parse_tensor, Fault), (np.load, ValueError)):
        with contextlib.nullcontext() if reads else pytest.raises(refused):
            assert read(data if read is parse_tensor else tmp_path / "x.npy").tolist() == [0]


def test_the_dtype_is_told_by_the_head_alone(tmp_path):
    for dtype in ("<f8", "<f4", "<i8"):
        path = tmp_path / f"{dtype[1:]}.npy"
        path.write_bytes(tensor_bytes(np.zeros(3, dtype)))
        assert header_dtype(path) == dtype
    (tmp_path / "no.npy").write_bytes(b"nothing")
    assert header_dtype(tmp_path / "no.npy") is None
    assert header_dtype(tmp_path / "nowhere.npy") is None
    assert header_dtype(tmp_path) is None
