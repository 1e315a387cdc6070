"""Plain `.npz`: what numpy reads, reproducible, and nothing odd gets through."""

import contextlib
import io
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from tests_model import npz_bytes

from lsfref.storage import npz

pytestmark = pytest.mark.unwatched

ARRAYS = {
    "a.b": np.arange(6.0).reshape(2, 3).T,
    "counts": np.array([3, -1], dtype=np.int64),
    "nothing": np.empty((0, 7), dtype=np.float32),
    "one": np.array(2.5),
    "yes": np.array([True, False]),
    "json": npz.to_bytes('{"x": "\u00e9"}'),
}


def read_all(data):
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        headers = npz.headers(archive, len(data))
        return {name: npz.read_member(archive, name) for name in headers}


def test_numpy_reads_what_we_write():
    with np.load(io.BytesIO(npz_bytes(ARRAYS)), allow_pickle=False) as found:
        assert list(found) == list(ARRAYS)
        for name, array in ARRAYS.items():
            np.testing.assert_array_equal(found[name], array)
            assert found[name].dtype == array.dtype


def test_we_read_what_we_write_and_can_write_into_it():
    for name, array in read_all(npz_bytes(ARRAYS)).items():
        np.testing.assert_array_equal(array, ARRAYS[name])
        assert array.flags.writeable


@given(
    hnp.arrays(
        st.sampled_from(["<f8", "<f4", "<i8", "u1", "?"]), hnp.array_shapes(min_dims=0, min_side=0)
    )
)
def test_any_plain_array_survives(array):
    found = read_all(npz_bytes({"x": array}))["x"]
    assert found.dtype == array.dtype
    assert found.shape == array.shape
    assert found.tobytes() == array.tobytes()


def test_the_same_arrays_give_the_same_bytes_at_any_time():
    assert npz_bytes(ARRAYS) == npz_bytes(ARRAYS)
    with zipfile.ZipFile(io.BytesIO(npz_bytes(ARRAYS))) as archive:
        dates = {member.date_time for member in archive.infolist()}
    assert dates == {(1980, 1, 1, 0, 0, 0)}  # the first that a zip knows


def test_members_may_be_larger_than_zip_once_allowed(monkeypatch):
    """Beyond 2 GB, that is; here beyond 1000 bytes."""
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 1000)
    large = {"x": np.arange(500.0), "y": np.arange(3)}
    for name, array in read_all(npz_bytes(large)).items():
        np.testing.assert_array_equal(array, large[name])


def test_objects_and_text_are_not_written():
    for odd in (np.array([{}]), np.array(["text"])):
        with pytest.raises(TypeError, match="cannot store"):
            npz_bytes({"odd": odd})


def _archive(members, compression=zipfile.ZIP_STORED):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, data in members:
            archive.NameToInfo.pop(name, None)  # a name may stand twice
            archive.writestr(name, data)
    return buffer.getvalue()


def _npy(array, **options):
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, array, **options)
    return buffer.getvalue()


@pytest.mark.parametrize(("size", "fine"), [(1000, True), (1001, False)])
def test_a_header_of_a_thousand_bytes_is_read_and_a_longer_one_is_not(size, fine):
    text = b"{'descr': '<i8', 'fortran_order': False, 'shape': (1,), }"
    member = b"\x93NUMPY\x01\x00" + size.to_bytes(2, "little") + text.ljust(size - 1) + b"\n"
    data = _archive([("x.npy", member + bytes(8))])
    with contextlib.nullcontext() if fine else pytest.raises(ValueError, match="large"):
        np.testing.assert_array_equal(read_all(data)["x"], [0])


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (_archive([("x.npy", _npy(np.zeros(5)))], zipfile.ZIP_DEFLATED), "not a stored array"),
        (_archive([("x.txt", b"hello")]), "not a stored array"),
        (_archive([("x.npy", _npy(np.zeros(5))), ("x.npy", _npy(np.ones(5)))]), "stands twice"),
        (_archive([("x.npy", _npy(np.zeros(5))[:-1])]), "has not the size"),
        (_archive([("x.npy", _npy(np.zeros(5)) + b"\0")]), "has not the size"),
        (_archive([("x.npy", _npy(np.zeros((2, 3)).T))]), "C order"),
        (_archive([("x.npy", _npy(np.zeros(5, dtype=">f8")))]), "C order"),
        (_archive([("x.npy", _npy(np.array(["a"])))]), "C order"),
        (_archive([("x.npy", _npy(np.array([{}], dtype=object), allow_pickle=True))]), "C order"),
        (_archive([("x.npy", _npy(np.zeros(5), version=(2, 0)))]), "version 1.0"),
        (_archive([("x.npy", b"not an array at all")]), "magic"),
    ],
)
def test_odd_members_are_refused_before_data_is_read(data, why):
    with zipfile.ZipFile(io.BytesIO(data)) as archive, pytest.raises(ValueError, match=why):
        npz.headers(archive, len(data))


def test_a_flipped_bit_in_the_data_is_seen():
    data = bytearray(npz_bytes({"x": np.arange(100.0)}))
    data[400] ^= 1
    with pytest.raises(zipfile.BadZipFile, match="CRC"):
        read_all(bytes(data))


def test_a_flipped_bit_far_behind_the_header_is_seen_as_the_data_is_read():
    data = bytearray(npz_bytes({"x": np.arange(9000.0)}))
    data[50_000] ^= 1
    with pytest.raises(zipfile.BadZipFile, match="the checksum does not agree"):
        read_all(bytes(data))


def test_a_digest_is_of_names_and_numbers_in_any_order():
    one, other = np.arange(3), np.arange(4.0)
    whole = npz.digest({"a": one, "b": other})
    assert npz.digest({"b": other, "a": one}) == whole
    assert npz.digest({"a": one, "c": other}) != whole
    assert npz.digest({"a": one + 1, "b": other}) != whole


@pytest.mark.parametrize("numbers", [[], [-1, 0], [0, 5], [2, 2]])
def test_numbers_of_something_are_some_all_different_and_below_the_end(numbers):
    npz.check_numbers(np.array([4, 0, 2]), 5, "rows_m")
    with pytest.raises(ValueError, match="rows_m is out of range"):
        npz.check_numbers(np.array(numbers, np.int64), 5, "rows_m")
