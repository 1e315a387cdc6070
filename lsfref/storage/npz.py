"""Plain `.npz`: a zip of stored `.npy` members. Reproducible bytes out, nothing trusted in.

numpy's own reader unpacks before it can be asked how much, and offers pickles in its messages; its
writer pickles object arrays silently. Here every size is checked against the file's before a byte
of data is read, and members are stored, never deflated, so nothing can unpack to more.
"""

import hashlib
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Mapping
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

UNREADABLE = (  # what Python and numpy raise on damaged zips, headers, JSON and values
    zipfile.BadZipFile, zlib.error, struct.error, EOFError, SyntaxError, NotImplementedError,
    ValueError, TypeError, LookupError, AttributeError, ArithmeticError, MemoryError, RuntimeError,
)  # fmt: skip
Header = tuple[tuple[int, ...], np.dtype]  # shape, dtype
KINDS = "biuf"  # bool, integers, floats: no strings, no objects


def write_member(archive: zipfile.ZipFile, name: str, array: NDArray[Any]) -> None:
    """Add one array as member `name`.npy, little-endian, C order, with a fixed date."""
    array = array.astype(array.dtype.newbyteorder("<"), order="C", copy=False)
    if array.dtype.kind not in KINDS:
        raise TypeError(f"{name}: cannot store {array.dtype}")
    info = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
    with archive.open(info, "w", force_zip64=True) as member:
        npy.write_array_header_1_0(member, npy.header_data_from_array_1_0(array))
        member.write(array.tobytes())


def write(file: IO[bytes], arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write arrays to an open file, in their order: the same arrays give the same bytes."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name, array in arrays.items():
            write_member(archive, name, array)


def headers(archive: zipfile.ZipFile, file_size: int) -> dict[str, Header]:
    """Return {name: (shape, dtype)} of all members, without reading their data.

    Raises ValueError where a member is not a stored, C-order `.npy` 1.0 of plain numbers whose size
    is the one that its header gives, or where members add up to more than the file holds.
    """
    found: dict[str, Header] = {}
    members = archive.infolist()
    if sum(m.file_size for m in members) > file_size:
        raise ValueError("members overlap")
    for member in members:
        name = member.filename
        if member.compress_type != zipfile.ZIP_STORED or not name.endswith(".npy"):
            raise ValueError(f"member {name!r} is not a stored array")
        if name[:-4] in found:
            raise ValueError(f"member {name!r} stands twice")
        with archive.open(member) as data:
            shape, fortran, dtype = _read_header(data, name)
            size = member.file_size - data.tell()
        if fortran or dtype.kind not in KINDS or dtype.hasobject or dtype.byteorder == ">":
            raise ValueError(f"member {name!r} is not of plain little-endian numbers in C order")
        if any(n < 0 for n in shape) or size != dtype.itemsize * int(np.prod(shape, dtype=object)):
            raise ValueError(f"member {name!r} has not the size that its header gives")
        found[name[:-4]] = (shape, dtype)
    return found


def _read_header(data: IO[bytes], name: str) -> tuple[tuple[int, ...], bool, np.dtype]:
    if npy.read_magic(data) != (1, 0):
        raise ValueError(f"member {name!r} is not of .npy version 1.0")
    try:
        return npy.read_array_header_1_0(data, max_header_size=1000)
    except (SyntaxError, TypeError, tokenize.TokenError, RecursionError) as fault:
        raise ValueError(f"member {name!r} has a damaged header") from fault


def read_member(archive: zipfile.ZipFile, name: str, *, check: bool = True) -> NDArray[Any]:
    """Return one array, which `headers` has accepted; with `check` its checksum is verified.

    Where it lies in the file is what the zip says, but the zip's own reader takes seven times as
    long. Raises ValueError (BadZipFile for the checksum) where it is not what it should be.
    """
    info, file = archive.getinfo(f"{name}.npy"), archive.fp
    assert file is not None  # open
    file.seek(info.header_offset + 26)  # of the member's own header, which two lengths end
    start = file.tell() + 4 + sum(struct.unpack("<HH", file.read(4)))
    file.seek(start)
    shape, _fortran, dtype = _read_header(file, name)
    n_header = file.tell() - start
    array = np.empty(shape, dtype)
    if file.readinto(array.reshape(-1).view(np.uint8)) < array.nbytes:  # type: ignore[attr-defined]
        raise ValueError(f"member {name!r} ends early")
    if check:
        file.seek(start)
        if zlib.crc32(array.data, zlib.crc32(file.read(n_header))) != info.CRC:
            raise zipfile.BadZipFile(f"member {name!r}: the checksum does not agree")
    return array


def to_bytes(text: str) -> NDArray[np.uint8]:
    """Return text as an array of its UTF-8 bytes."""
    return np.frombuffer(text.encode(), dtype=np.uint8)


def digest(arrays: Mapping[str, NDArray[Any]]) -> str:
    """Return a digest of arrays and their names, whatever their order."""
    found = hashlib.sha256()
    for name, array in sorted(arrays.items()):
        found.update(name.encode() + array.tobytes())
    return found.hexdigest()


def below(prefix: str, arrays: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Return the arrays whose names begin with a prefix, without it."""
    return {k.removeprefix(prefix): v for k, v in arrays.items() if k.startswith(prefix)}


def check_ranges(
    arrays: Mapping[str, NDArray[Any]], ranges: Mapping[str, tuple[float, float]]
) -> None:
    """Raise ValueError for a number outside (low, high) of the first part that is in its name."""
    for name, array in arrays.items():
        low, high = next(limits for part, limits in ranges.items() if part in name)
        if array.size and not (low <= array.min() and array.max() <= high):
            raise ValueError(f"{name} holds what no fit gives")


def check_numbers(numbers: NDArray[Any], stop: int, name: str) -> None:
    """Raise ValueError unless there are some, all different, from 0 to below `stop`."""
    low, high = (numbers.min(), numbers.max()) if len(numbers) else (-1, 0)
    if low < 0 or high >= stop or len(np.unique(numbers)) != len(numbers):
        raise ValueError(f"{name} is out of range")
