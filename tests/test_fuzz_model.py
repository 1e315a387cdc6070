"""Mutated model files and label lists: the documented error, or what was there before."""

import io
import json
import pickle
import resource
import struct
import subprocess
import sys
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests_model import make, npz_bytes
from texts import texts

from lsfref import model
from lsfref.app.lists import manifest
from lsfref.errors import LabelsError, ModelError
from lsfref.phases import testing
from lsfref.storage import npz

ROOT = Path(__file__).parents[1]
pytestmark = pytest.mark.unwatched  # the same lines run ten thousand times


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    """A path, the bytes of a good model, its arrays."""
    path = tmp_path_factory.mktemp("model") / "model.npz"
    model.save(make(), path)
    return path, path.read_bytes(), model.to_arrays(model.load(path))


def same(one, other):
    return list(one) == list(other) and all(np.array_equal(one[k], other[k]) for k in one)


def judge(good, content):
    """Load mutated bytes: ModelError in one sentence with the file's name, or the same model."""
    path, _, arrays = good
    path.write_bytes(content)
    said, found = "", None
    try:
        found = model.load(path)
    except ModelError as error:
        said = str(error)
    if found is None:
        assert said.startswith(f"{path}: ")
        assert said.isprintable()
        assert len(said) < 500
        return "error"
    assert same(model.to_arrays(found), arrays)
    return "same"


def flips(good, count, seed):
    _, content, _ = good
    outcomes = {"error": 0, "same": 0}
    rng = np.random.default_rng(seed)
    for at, bit in zip(
        rng.integers(0, len(content), count), rng.integers(0, 8, count), strict=True
    ):
        mutant = bytearray(content)
        mutant[at] ^= 1 << bit
        outcomes[judge(good, bytes(mutant))] += 1
    return outcomes


@pytest.mark.parametrize("count", [400, pytest.param(3000, marks=pytest.mark.slow)])
def test_random_bit_flips(good, count):
    outcomes = flips(good, count, seed=count)
    assert outcomes["error"] > 0.9 * count  # the rest hit dates and other padding of the zip


@pytest.mark.parametrize("bits", [(0, 7), pytest.param(range(8), marks=pytest.mark.slow)])
def test_every_bit_of_the_headers(good, bits):
    """Names, sizes, flags, offsets: where a zip can lie."""
    _, content, _ = good
    directory = content.index(b"PK\1\2")
    end = len(content)
    for at in [*range(120), *range(directory, directory + 120), *range(end - 22, end)]:
        for bit in bits:
            mutant = bytearray(content)
            mutant[at] ^= 1 << bit
            judge(good, bytes(mutant))


def test_truncations(good):
    _, content, _ = good
    for percent in range(100):
        assert judge(good, content[: len(content) * percent // 100]) == "error"
    for missing in range(1, 30):
        assert judge(good, content[:-missing]) == "error"


BYTES = st.one_of(st.binary(min_size=1, max_size=9), st.sampled_from([b"\0" * 8, b"\xff" * 8]))
SHARE = st.floats(0, 1, exclude_max=True)


@given(st.lists(st.tuples(SHARE, BYTES, st.sampled_from(["put", "add", "drop"])), min_size=1))
@settings(max_examples=100)
def test_mutants(good, changes):
    _, content, _ = good
    mutant = bytearray(content)
    for share, data, kind in changes:
        at = int(share * len(mutant))
        mutant[at : at + (0 if kind == "add" else len(data))] = b"" if kind == "drop" else data
    judge(good, bytes(mutant))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts(max_size=5), inner),
    max_leaves=8,
)


def keys_of(about, above=()):
    for key, value in about.items():
        yield (*above, key)
        if isinstance(value, dict):
            yield from keys_of(value, (*above, key))


@given(st.data(), JSON)
@settings(max_examples=100)
def test_any_value_anywhere_in_the_description(good, data, value):
    """A description that says something else is refused, or says nothing that decides a shape."""
    path, _, arrays = good
    about = json.loads(arrays["json"].tobytes())
    *above, last = data.draw(st.sampled_from(list(keys_of(about))))
    at = about
    for key in above:
        at = at[key]
    at[last] = value
    path.write_bytes(npz_bytes({**arrays, "json": npz.to_bytes(json.dumps(about))}))
    said, found = "", None
    try:
        found = model.load(path)
    except ModelError as error:
        said = str(error)
    assert said.isprintable()
    if found is not None:
        others = {k: v for k, v in model.to_arrays(found).items() if k != "json"}
        assert same(others, {k: v for k, v in arrays.items() if k != "json"})
        npz_bytes(model.to_arrays(found))  # and what was believed can be written


CHANGES = {
    "huge": lambda a: np.full_like(a, 1e308 if a.dtype == "f8" else np.finfo(a.dtype).max),
    "one huge": lambda a: np.put(a, 1, 1e308 if a.dtype == "f8" else np.finfo(a.dtype).max) or a,
    "one hugely negative": lambda a: np.put(a, 0, -1e300 if a.dtype == "f8" else -1e38) or a,
    "zeroed": np.zeros_like,
    "negated": np.negative,
    "reversed": lambda a: np.ascontiguousarray(a[::-1]),
    "shuffled": lambda a: np.random.default_rng(1).permutation(a.ravel()).reshape(a.shape),
    "one changed": lambda a: np.put(a, 0, a.ravel()[0] * 1.01 + 0.01) or a,
}
DERIVED = ("hashes_CmN", "directions_CNQ", "scores_E", "selected_Q", "rows_m", "labels_m")


def changed(arrays, *, signed):
    """Yield what a file would hold after each change; `signed`: its digest mended as well."""
    for key, array in arrays.items():
        for name, change in CHANGES.items():
            if key == "json" or (array.dtype.kind not in "f" and "huge" in name):
                continue
            if array.dtype.kind == "b" and name == "negated":
                continue
            after = {**arrays, key: change(array.copy())}
            if np.array_equal(after[key], array):
                continue
            if signed:
                about = json.loads(after.pop("json").tobytes())
                about["content"] = npz.digest(after)
                after = {"json": npz.to_bytes(json.dumps(about, sort_keys=True)), **after}
            yield key, name, after


def test_no_changed_array_is_believed(good):
    _, _, arrays = good
    n = 0
    for key, name, after in changed(arrays, signed=False):
        assert judge(good, npz_bytes(after)) == "error", (key, name)
        n += 1
    assert n > 140


def test_what_follows_from_the_codes_is_held_against_them(good):
    """Also where the digest was mended: derived arrays follow, and the rest overflows nowhere."""
    path, _, arrays = good
    rows_PD = np.random.default_rng(3).uniform(-1, 1, (50, 426)).astype("f4")
    for key, name, after in changed(arrays, signed=True):
        path.write_bytes(npz_bytes(after))
        try:
            found = model.load(path)
        except ModelError:
            continue
        assert not key.endswith(DERIVED[:4]), (key, name)
        assert "huge" not in name, (key, name)
        pooled_ME = found.network.encoder(rows_PD).astype("f8")[:3]
        for task in found.tasks.values():
            assert np.isfinite(testing.votes_of(task, pooled_ME, found.config).confidence_MC).all()


def test_models_of_extreme_but_allowed_numbers_answer(good):
    """What the limits let pass does not overflow further on."""
    made = make()
    encoder = made.network.encoder
    most = {key: np.full_like(value, 1e4) for key, value in encoder.parameters.items()}
    scaling = encoder.scaling._replace(
        mean_D=np.full_like(encoder.scaling.mean_D, -1e6),
        scale_D=np.full_like(encoder.scaling.scale_D, 1e-12),
    )
    rows_PD = np.ones((5, 426), encoder.scaling.mean_D.dtype)
    codes_PE = model.Encoder(scaling, most)(rows_PD).astype("f8")
    assert np.isfinite(codes_PE).all()
    for task in made.tasks.values():
        assert np.isfinite(testing.votes_of(task, codes_PE, made.config).confidence_MC).all()


@pytest.mark.parametrize(
    "text", ["[" + "[]," * 10_000_000 + "[]]", '{"a": [' + "0," * 9**7 + "0]}"]
)
def test_a_description_of_many_values_costs_little(good, text):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert judge(good, npz_bytes({"json": npz.to_bytes(text)})) == "error"
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 300 << 10


def test_a_model_of_another_version_is_not_called_damaged(good):
    path, _, arrays = good
    about = json.loads(arrays["json"].tobytes())
    for other in (1, 2, 77):
        text = json.dumps(about | {"format": other})
        path.write_bytes(npz_bytes({**arrays, "json": npz.to_bytes(text)}))
        with pytest.raises(ModelError, match=rf"another version .format {other}.*train again"):
            model.load(path)
    for other in (0, -1, None, "2", True, [2]):
        text = json.dumps(about | {"format": other})
        path.write_bytes(npz_bytes({**arrays, "json": npz.to_bytes(text)}))
        with pytest.raises(ModelError, match="damaged"):
            model.load(path)


class Canary:
    """Unpickled, it would leave a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (self.path, "w"))


def deflated(size):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        with archive.open("json.npy", "w", force_zip64=True) as member:
            for _ in range(size >> 20):
                member.write(bytes(1 << 20))
    return buffer.getvalue()


def stored_bomb():
    """One member whose directory entry claims 100 GB."""
    content = bytearray(npz_bytes({"json": npz.to_bytes("{}")}))
    at = content.index(b"PK\1\2")
    struct.pack_into("<II", content, at + 20, 0xFFFFFFF0, 0xFFFFFFF0)
    return bytes(content)


def header_bomb(good):
    """A member whose .npy header claims 10^12 numbers, its checksum mended."""
    _, _, arrays = good
    content = npz_bytes(arrays)
    at = content.index(b"(5, 11)")
    lie = content.replace(b"(5, 11), }   ", b"(1000000000,)")
    assert lie != content or at
    return lie


BOMBS = {
    "deflated": lambda good: deflated(100 << 20),
    "directory": lambda good: stored_bomb(),
    "header": header_bomb,
    "text": lambda good: b"contains pickled data\n" * 100,
    "csv": lambda good: b"file,background\n",
    "one zip of nothing": lambda good: b"PK\5\6" + bytes(18),
    "png": lambda good: b"\x89PNG\r\n\x1a\n" + zlib.compress(bytes(100)),
    "npy": lambda good: npy(np.zeros(3)),
    "deep json": lambda good: npz_bytes({"json": npz.to_bytes("[" * 100_000)}),
    "huge number": lambda good: npz_bytes({"json": npz.to_bytes('{"format": 1e999}')}),
    "long number": lambda good: npz_bytes({"json": npz.to_bytes('{"format": ' + "9" * 9999 + "}")}),
}


def npy(array):
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()


@pytest.mark.parametrize("kind", BOMBS)
def test_bombs_and_strangers_in_little_memory(good, kind):
    content = BOMBS[kind](good)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert judge(good, content) == "error"
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 300 << 10


def test_no_pickle_is_opened(good, tmp_path):
    canary = tmp_path / "canary"
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        assert judge(good, pickle.dumps(Canary(str(canary)), protocol)) == "error"
    buffer = io.BytesIO()
    np.savez(buffer, json=np.array([Canary(str(canary))], dtype=object))
    assert judge(good, buffer.getvalue()) == "error"
    assert not canary.exists()


def test_the_command_says_it_in_one_line_with_status_3(good, tmp_path):
    path, content, _ = good
    path.write_bytes(content[:-5])
    words = ["classify", str(tmp_path), "--model", str(path)]
    command = [sys.executable, str(ROOT / "run.py"), *words]
    done = subprocess.run(command, capture_output=True, check=False)
    assert done.returncode == 3
    assert done.stdout == b""
    (line,) = done.stderr.decode().splitlines()
    assert str(path) in line


# ------------------------------------------------------------------ label lists

LIST = b"""file,background,foreground,group,split
a.mp4,rain,human,g1,train
b.mp4,"tree, waving",none,g2,test
c.mp4,,human,g1,train
"""


@given(
    st.lists(
        st.tuples(SHARE, st.binary(max_size=6), st.sampled_from(["put", "add", "drop"])), max_size=6
    )
)
@settings(max_examples=100)
def test_mutated_label_lists(tmp_path, changes):
    for name in "abc":
        (tmp_path / f"{name}.mp4").write_bytes(name.encode())
    mutant = bytearray(LIST)
    for share, data, kind in changes:
        at = int(share * len(mutant))
        mutant[at : at + (0 if kind == "add" else len(data))] = b"" if kind == "drop" else data
    path = tmp_path / "labels.csv"
    path.write_bytes(bytes(mutant))
    said = ""
    try:
        manifest.read_labels(path)
    except LabelsError as error:
        said = str(error)
    assert all(line.isprintable() for line in said.split("\n"))
