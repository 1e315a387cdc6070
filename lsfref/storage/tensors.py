"""A tensor as a file: `.npy` version 1.0, little-endian, C order, int64, float64 or float32.

In: an array.  Out: its bytes, the same in every release of numpy; and back, or a Fault that says
what is wrong with a file that somebody else's program wrote.
"""

import contextlib
import io
import json
import math
import re
import tokenize
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from lsfref.storage.files import PathLike, open_own, printable
from lsfref.storage.npz import UNREADABLE

# The letters in the names of arrays (arrays.py), and what they count.
AXES: dict[str, str] = json.loads(Path(__file__).with_name("axes.json").read_text("ascii"))
HEADER = 128  # bytes before the data of every tensor that is written here
WHOLE, REALS = "<i8", {"<f8": "float64", "<f4": "float32"}


class Fault(Exception):
    """What makes a tensor fail before its values are looked at: (kind, sentence)."""


def axes_of(name: str, n_axes: int) -> list[str]:
    """Return the axes that a name ends in: `flow_HW2` has H, W, 2. Raises ValueError."""
    ending = name.rpartition("_")[2] if n_axes else ""
    axes = re.findall(r"\d+|[A-Za-z]", ending)
    axes = axes if len(axes) == n_axes else list(ending)  # a 3 x 3 matrix ends in 33
    if len(axes) != n_axes or not all(a.isdigit() or a.upper() in AXES for a in axes):
        raise ValueError(f"{name} does not end in the names of {n_axes} axes")
    return axes


def to_file_form(array: Any) -> NDArray[Any]:
    """Return the array as it is written: int64 for whole numbers and yes or no, reals as they are.

    Raises ValueError for a NaN, TypeError for what is no number.
    """
    array = np.asarray(array)
    if array.dtype.kind in "biu":
        return np.array(array, dtype=WHOLE, order="C")
    if array.dtype.newbyteorder("<").str not in REALS:
        raise TypeError(f"want whole numbers, float64 or float32; got {array.dtype}")
    if np.isnan(array).any():
        raise ValueError("want numbers; got NaN")
    return np.array(array, dtype=array.dtype.newbyteorder("<"), order="C")


def header(dtype: str, shape: tuple[int, ...]) -> bytes:
    """Return the HEADER bytes before the data: the same in every release of numpy."""
    text = f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape}, }}"
    size = HEADER - 10
    if len(text) >= size:
        raise ValueError(f"too many axes for one header: {shape}")
    return b"\x93NUMPY\x01\x00" + size.to_bytes(2, "little") + f"{text:<{size - 1}}\n".encode()


def tensor_bytes(array: NDArray[Any]) -> bytes:
    """Return the bytes of a tensor's file."""
    return header(array.dtype.str, array.shape) + array.tobytes()


def read_tensor(path: PathLike) -> NDArray[Any]:
    """Return the array of a tensor's file. Raises Fault(kind, sentence)."""
    try:
        with open_own(path, follow=True) as file:
            return parse_tensor(file.read())
    except OSError as fault:
        raise Fault("unreadable", f"cannot be read: {fault.strerror or fault}") from None


def header_dtype(path: PathLike) -> str | None:
    """Return which of the dtypes the head of a tensor's file names, None where it names none."""
    with contextlib.suppress(OSError), open_own(path, follow=True) as file:
        head = file.read(HEADER)
        return next((dtype for dtype in (*REALS, WHOLE) if dtype.encode() in head), None)
    return None


def parse_tensor(data: bytes) -> NDArray[Any]:
    """Return the array that the bytes of a file hold. Raises Fault(kind, sentence)."""
    file = io.BytesIO(data)
    try:
        version = npy.read_magic(file)
        if version != (1, 0):
            raise Fault("unreadable", f".npy version {version[0]}.{version[1]}; want 1.0")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # headers of Python 2 are read, not talked about
            shape, fortran, dtype = npy.read_array_header_1_0(file, max_header_size=10_000)
    except (*UNREADABLE, tokenize.TokenError) as fault:
        why = str(fault).partition("\n")[0]
        raise Fault("unreadable", f"not a .npy: {printable(why)}") from None
    if dtype.hasobject or dtype.str not in (WHOLE, *REALS):
        raise Fault("dtype", f"dtype {printable(dtype.str)}; want <f8, <f4 or {WHOLE}")
    if fortran:
        raise Fault("order", "Fortran order; want C order, the last index fastest")
    n_bytes = dtype.itemsize * math.prod(shape)
    if min(shape, default=0) < 0 or n_bytes != len(data) - file.tell():
        raise Fault("unreadable", f"{len(data) - file.tell()} bytes of data; want {n_bytes}")
    try:
        return np.frombuffer(data, dtype=dtype, offset=file.tell()).reshape(shape)
    except (ValueError, OverflowError, TypeError):  # (True,), 65 axes, axes too long for numpy
        raise Fault("unreadable", f"no array has shape {str(shape)[:99]}") from None
