"""Entries of the cache, changed in every way that we could think of: none is believed."""

import hashlib
import io
import json
import os
import shutil
import signal
import zipfile
from pathlib import Path

import numpy as np
import pytest
from fakes import Fake, entries, rows, same

from lsfref.app.work import entries as entries_of_the_cache
from lsfref.app.work.cache import CachedExtract, entry_key
from lsfref.app.work.entries import check_rows, rebatch, seal
from lsfref.config import PRESETS
from lsfref.phases.streaming import Block
from lsfref.storage import npz

pytestmark = pytest.mark.unwatched

CONFIG = PRESETS["small"]


def unpacked(path):
    with zipfile.ZipFile(path) as archive:
        arrays = {name[:-4]: npz.read_member(archive, name[:-4]) for name in archive.namelist()}
    return arrays, json.loads(arrays.pop("json").tobytes())


def packed(path, arrays, about, *, sealed):
    """Write an entry as a forger would; `sealed`: as one who has read the code."""
    text = about if isinstance(about, (str, bytes)) else json.dumps(about)
    if sealed and isinstance(about, dict):
        said = {k: v for k, v in about.items() if k != "seal"}
        said["seal"] = seal(said, zipfile.ZipFile(io.BytesIO(plain(arrays))))
        text = json.dumps(said)
    text = text.encode() if isinstance(text, str) else text
    path.write_bytes(plain(arrays | {"json": np.frombuffer(text, np.uint8)}))


def plain(arrays):
    """Return a zip of stored arrays in the order, the byte order and of the kind that they have."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, array in arrays.items():
            member = io.BytesIO()
            np.save(member, array, allow_pickle=True)
            archive.writestr(f"{name}.npy", member.getvalue())
    return buffer.getvalue()


def put(row, column, value):
    def change(array):
        array = array.copy()
        array[row, column] = value
        return array

    return change


ARRAY_CHANGES = {
    "float32 or 64": lambda a: a.astype("f4" if a.dtype == "f8" else "f8"),
    "half": lambda a: a.astype("f2"),
    "integers": lambda a: a.astype("i8"),
    "big-endian": lambda a: a.astype(a.dtype.newbyteorder(">")),
    "complex": lambda a: a.astype("c16"),
    "objects": lambda a: a[:2].astype(object),
    "text": lambda a: a[:2].astype("U8"),
    "transposed": lambda a: np.ascontiguousarray(a.T),
    "Fortran order": np.asfortranarray,
    "flat": np.ravel,
    "three axes": lambda a: a[None],
    "no axes": lambda a: a[0, 0],
    "no rows": lambda a: a[:0],
    "a row less": lambda a: a[:-1],
    "a row more": lambda a: np.concatenate([a, a[-1:]]),
    "a column less": lambda a: np.ascontiguousarray(a[:, :-1]),
    "NaN": put(3, 4, np.nan),
    "infinite": put(-1, 1, np.inf),
    "minus infinite": put(-1, 0, -np.inf),
    "huge": put(0, 5, 1e30),
    "hugely negative": put(2, 6, -1e30),
    "too large": lambda a: a * 1000 + 1,
}
INFO_CHANGES = {
    "frames backwards": lambda a: np.ascontiguousarray(a[::-1]),
    "a frame beyond the end": put(-1, 0, 23),
    "clipped columns are not": put(0, 8, 1.5),
}
JSON_CHANGES = {
    **{f"no {key}": lambda j, key=key: {k: v for k, v in j.items() if k != key}
       for key in ("key", "n_frames", "n_points", "warnings")},
    **{f"{key} is {value!r}": lambda j, key=key, value=value: j | {key: value}
       for key in ("key", "n_frames", "n_points", "warnings")
       for value in (None, True, -1, 1.5, 10**400, "x", [1], ["\x1b[2J"], {}, [[[]]])},
    "another number of points": lambda j: j | {"n_points": j["n_points"] + 1},
    "a key more": lambda j: j | {"more": 1},
    "a list": lambda j: [j],
    "nothing": lambda j: "",
    "a number": lambda j: "17",
    "null": lambda j: "null",
    "nested": lambda j: "[" * 100_000,
    "many empty lists": lambda j: "[" + "[]," * 2_000_000 + "[]]",
    "not UTF-8": lambda j: b"\xff\xfe{}",
    "not a number": lambda j: json.dumps(j).replace("23", "NaN"),
}  # fmt: skip
UNSEALED = {
    "other frames": lambda j: j | {"n_frames": 24},
    "a warning less": lambda j: j | {"warnings": []},
    "a warning more": lambda j: j | {"warnings": ["all is well"]},
    "no seal": lambda j: {k: v for k, v in j.items() if k != "seal"},
    "seal of another kind": lambda j: j | {"seal": 5},
}


@pytest.fixture
def kept(tmp_path, monkeypatch):
    """A cached video of three blocks with a warning, the user's files around its entry."""
    folder, video = tmp_path / "cache", tmp_path / "video.mp4"
    video.write_bytes(b"abc")
    monkeypatch.setattr(entries_of_the_cache, "ROWS", 190)
    fake = Fake(n_points=503, warnings=["video.mp4: odd"])
    cached = CachedExtract(folder, compute=fake)
    good = rows(cached(video, CONFIG))
    for name in ("mine.npz", "thesis.tmp", f"{'f' * 64}.npz.bak"):
        (folder / name).write_bytes(os.urandom(99))
    return cached, video, entries(folder), good


def hashes(folder, besides):
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.iterdir()
        if path.name != besides.name and path.is_file()
    }


def refuses(kept):
    """Hold that what lies in the entry's place is computed again, told and mended, in time."""
    cached, video, _, good = kept
    entry = cached.folder / f"{entry_key(video, CONFIG)}.npz"
    before = hashes(cached.folder, entry)
    signal.alarm(60)  # a hang ends the test
    calls = cached.compute.calls
    found = cached(video, CONFIG)
    assert same(rows(found), good)
    assert cached.compute.calls == calls + 1, "believed"
    assert any("broken cache entry; computed again" in text for text in found.warnings)
    again = cached(video, CONFIG)
    assert (again.n_frames, again.n_points, again.warnings) == (23, 503, ("video.mp4: odd",))
    assert same(rows(again), good)
    assert cached.compute.calls == calls + 1
    signal.alarm(0)
    assert hashes(cached.folder, entry) == before


@pytest.mark.parametrize("sealed", [False, True])
def test_no_changed_array_is_believed(kept, sealed):
    entry = next(path for path in kept[2] if len(path.stem) == 64)
    arrays, about = unpacked(entry)
    assert len(arrays) == 6
    for name in arrays:
        changes = ARRAY_CHANGES | (INFO_CHANGES if name.endswith("info_P10") else {})
        for change in changes.values():
            with np.errstate(all="ignore"):
                packed(entry, arrays | {name: change(arrays[name])}, about, sealed=sealed)
            refuses(kept)
        packed(entry, {k: a for k, a in arrays.items() if k != name}, about, sealed=sealed)
        refuses(kept)
    packed(entry, arrays | {"000009.info_P10": arrays[name]}, about, sealed=sealed)
    refuses(kept)
    names = list(arrays)
    swapped = dict(zip(names, [arrays[n] for n in [*names[2:], *names[:2]]], strict=True))
    packed(entry, swapped, about, sealed=sealed)
    refuses(kept)


@pytest.mark.parametrize("sealed", [False, True])
def test_no_changed_description_is_believed(kept, sealed):
    entry = next(path for path in kept[2] if len(path.stem) == 64)
    arrays, about = unpacked(entry)
    for change in [*JSON_CHANGES.values(), *([] if sealed else UNSEALED.values())]:
        if change(about) != about:
            packed(entry, arrays, change(about), sealed=sealed)
            refuses(kept)


def test_only_who_changes_nothing_or_knows_the_seal_is_believed(kept):
    """What the checks above refuse is the change, not the way in which it was written."""
    cached, video, _, good = kept
    entry = next(path for path in kept[2] if len(path.stem) == 64)
    for sealed in (False, True):
        arrays, about = unpacked(entry)
        packed(entry, arrays, about, sealed=sealed)
        assert same(rows(cached(video, CONFIG)), good)
    assert cached.compute.calls == 1


def test_an_entry_of_one_video_is_none_of_another(kept, tmp_path):
    cached, video, _, _ = kept
    other = tmp_path / "other.mp4"
    other.write_bytes(b"other")
    rows(cached(other, CONFIG))
    mine, others = (cached.folder / f"{entry_key(v, CONFIG)}.npz" for v in (video, other))
    shutil.copyfile(others, mine)
    refuses(kept)
    mine.unlink()
    os.link(others, mine)
    refuses(kept)


def a_fifo(path):
    os.mkfifo(path)


def a_folder(path):
    path.mkdir()
    (path / "mine.txt").write_text("mine")


def a_link_to(target):
    def make(path):
        path.symlink_to(target)

    return make


@pytest.mark.parametrize(
    "make", [a_fifo, *map(a_link_to, ("/dev/zero", "/dev/null", "nowhere", "/", "mine.npz"))]
)
def test_what_is_no_file_is_replaced(kept, make):
    entry = next(path for path in kept[2] if len(path.stem) == 64)
    entry.unlink()
    make(entry)
    refuses(kept)


def test_a_folder_in_the_place_of_an_entry_stays_and_is_told(kept):
    cached, video, _, good = kept
    entry = next(path for path in kept[2] if len(path.stem) == 64)
    entry.unlink()
    a_folder(entry)
    found = cached(video, CONFIG)
    assert same(rows(found), good)
    assert "broken cache entry" in found.warnings[1]
    assert "features are not kept" in found.warnings[2]
    assert (entry / "mine.txt").read_text() == "mine"


def test_an_entry_that_shrinks_while_it_is_read_is_told_in_a_sentence(kept):
    """It is read again after it was checked."""
    from lsfref.errors import VideoError

    cached, video, _, _ = kept
    entry = next(path for path in kept[2] if len(path.stem) == 64)
    assert same(rows(cached(video, CONFIG)), kept[3])
    found = cached(video, CONFIG)
    os.truncate(entry, entry.stat().st_size // 2)
    with pytest.raises(VideoError, match="changed while it was read"):
        rows(found)


def test_what_stages_1_to_4_make_is_never_refused(labeled_clips, tmp_path):
    """At every setting of the extraction that widens what a row may hold."""
    import dataclasses

    from lsfref.phases.extraction import extract

    path = Path(labeled_clips).parent / "00.mkv"
    for values in ({}, {"dtype": "float64"}, {"camera_motion": "homography"}):
        config = dataclasses.replace(CONFIG, n_scales=8, **values)
        found = extract(path, config)
        plain_rows = rows(found)
        check_rows(*plain_rows, found.n_frames, 0, config.dtype)
        cached = CachedExtract(tmp_path / "kept")
        assert same(rows(cached(path, config)), plain_rows)
        assert cached(path, config).warnings == ()


def test_rows_by_hand():
    block = Block(np.zeros((2, 10)), np.zeros((2, 426), "f4"))
    check_rows(*block, 20, 0, "float32")
    with pytest.raises(ValueError, match="order"):
        check_rows(*block, 20, 1, "float32")
    with pytest.raises(ValueError, match="types"):
        check_rows(*block, 20, 0, "float64")
    with pytest.raises(ValueError, match="info"):
        check_rows(*block, 0, 0, "float32")
    assert list(rebatch(iter([]))) == []
