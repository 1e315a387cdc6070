"""The features that are kept: same rows as computed ones, whatever happens to the folder."""

import ast
import dataclasses
import os
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from fakes import Fake, entries, rows, same

from lsfref.app.work import cache
from lsfref.app.work.cache import (
    BESIDE,
    CachedExtract,
    claim,
    entry_key,
    place,
    stage_sources,
)
from lsfref.app.work.entries import rebatch
from lsfref.app.work.session import strict_extract
from lsfref.config import PRESETS
from lsfref.errors import VideoError, WriteError
from lsfref.phases.extraction import Extraction, extract
from lsfref.phases.passes import survey
from lsfref.phases.streaming import Block
from lsfref.storage import files

pytestmark = pytest.mark.unwatched

CONFIG = PRESETS["small"]
PACKAGE = Path(cache.lsfref.__file__).parent


@pytest.fixture
def video(tmp_path):
    path = tmp_path / "video.mp4"
    path.write_bytes(b"abc")
    return path


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "cache"


def kept_in(folder):
    """What lies in a folder of ours beside its mark."""
    return [path for path in sorted(folder.iterdir()) if path.name != "CACHEDIR.TAG"]


def test_kept_rows_are_the_computed_ones(video, folder):
    fake = Fake()
    kept = CachedExtract(folder, compute=fake)
    first, again = kept(video, CONFIG), None
    assert first.n_points is None
    computed = rows(first)
    again = kept(video, CONFIG)
    assert (fake.calls, again.n_points, again.n_frames, again.warnings) == (1, 5003, 23, ())
    assert same(rows(again), computed)
    assert same(computed, rows(Fake()(video, CONFIG)))
    assert [path.suffix for path in kept_in(folder)] == [".npz"]


def test_blocks_are_cut_anew_and_nothing_is_lost():
    sizes = [1, 5000, 3, 2044, 1, 7]
    blocks = [Block(np.full((n, 10), i), np.full((n, 3), i)) for i, n in enumerate(sizes)]
    cut = list(rebatch(iter(blocks)))
    assert [len(b.info_P10) for b in cut] == [5001, 2048, 7]
    assert same(rows(cut), rows(blocks))
    assert list(rebatch(iter([]))) == []


def test_no_trajectories_and_warnings_are_remembered_too(video, folder):
    fake = Fake(n_points=0, warnings=["video.mp4: damaged"])
    kept = CachedExtract(folder, compute=fake)
    for _ in range(2):
        found = survey(video, config=CONFIG, extract=kept)
        assert (found.n_points, found.warnings) == (0, ("video.mp4: damaged",))
    assert fake.calls == 1


def test_the_key_is_content_parameters_and_code(video, tmp_path, monkeypatch):
    key = entry_key(video, CONFIG)
    copy = tmp_path / "copy.avi"
    copy.write_bytes(b"abc")
    assert entry_key(copy, CONFIG) == key
    assert entry_key(video, dataclasses.replace(CONFIG, seed=5, epochs=3)) == key
    copy.write_bytes(b"abd")
    others = [
        entry_key(copy, CONFIG),
        entry_key(video, dataclasses.replace(CONFIG, n_scales=3)),
        entry_key(video, dataclasses.replace(CONFIG, dtype="float64")),
        entry_key(video, dataclasses.replace(CONFIG, max_frames=9)),
    ]
    monkeypatch.setattr(cache, "code_version", lambda: "another")
    others.append(entry_key(video, CONFIG))
    assert len({key, *others}) == 6
    assert entry_key(tmp_path / "absent", CONFIG) is None
    assert entry_key(tmp_path, CONFIG) is None


def imported(name):
    """Every module of lsfref that a module imports, at any depth, itself among them."""
    known = {".".join(p.relative_to(PACKAGE).with_suffix("").parts) for p in PACKAGE.rglob("*.py")}
    found, waiting = set(), [name]
    while waiting:
        name = waiting.pop()
        if name in found or name not in known:
            continue
        found.add(name)
        tree = ast.parse(PACKAGE.joinpath(*name.split(".")).with_suffix(".py").read_text())
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module.split(".")[0] == "lsfref":
                names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
                waiting += [n.removeprefix("lsfref.") for n in names]
    return found


def test_the_code_is_all_that_stages_1_to_4_import():
    stages = imported("phases.streaming") | imported("video") | imported("media.repeats")
    assert set(cache.SOURCES) == stages | {"phases.extraction"}
    assert set(stage_sources()) == set(cache.SOURCES)


def damage(path, at):
    data = bytearray(path.read_bytes())
    place = int(at * (len(data) - 1))
    data[place] ^= 0x10
    path.write_bytes(data)


@pytest.mark.parametrize("at", [0.0, 0.001, 0.3, 0.5, 0.7, 0.99, 0.9995, 1.0])
def test_a_flipped_bit_is_found_and_mended_with_a_warning(video, folder, at):
    fake = Fake()
    kept = CachedExtract(folder, compute=fake)
    good = rows(kept(video, CONFIG))
    entry = entries(folder)[0]
    before = entry.read_bytes()
    damage(entry, at)
    found = kept(video, CONFIG)
    assert same(rows(found), good)
    if fake.calls == 2:  # some bits of a zip say nothing: names' lengths twice, dates
        assert len(found.warnings) == 1
        assert "broken cache entry; computed again" in found.warnings[0]
        assert found.notices[0].kind == "machine"
        assert entry.read_bytes() == before
    assert same(rows(kept(video, CONFIG)), good)
    assert fake.calls <= 2


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(path.read_bytes()[:-1]),
        lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
        lambda path: path.write_text("not an archive"),
        lambda path: np.savez(path, json=np.frombuffer(b'{"blocks": 1}', np.uint8)),
        lambda path: np.savez(path, json=np.zeros(3, object), allow_pickle=True),
        lambda path: (path.unlink(), path.mkdir()),
    ],
    ids=["empty", "one byte short", "half", "text", "incomplete", "pickle", "folder"],
)
def test_what_is_no_entry_is_computed(video, folder, spoil):
    fake = Fake()
    kept = CachedExtract(folder, compute=fake)
    good = rows(kept(video, CONFIG))
    spoil(entries(folder)[0])
    found = kept(video, CONFIG)
    assert same(rows(found), good)
    assert fake.calls == 2
    assert "broken cache entry" in found.warnings[0]


@pytest.mark.parametrize("put", [None, b"another file"])
def test_an_entry_that_vanishes_while_it_is_read_is_computed_without_a_word(video, folder, put):
    fake = Fake()
    kept = CachedExtract(folder, compute=fake)
    good = rows(kept(video, CONFIG))
    found = kept(video, CONFIG)
    (entry,) = entries(folder)
    if put:
        entry.with_suffix(".new").write_bytes(put)
        entry.with_suffix(".new").rename(entry)
    else:
        entry.unlink()
    assert same(rows(found), good)
    assert found.warnings == ()


def test_who_stops_reading_or_fails_leaves_nothing_behind(video, folder):
    kept = CachedExtract(folder, compute=Fake())
    blocks = kept(video, CONFIG).blocks
    next(blocks)
    blocks.close()
    assert kept_in(folder) == []

    def failing(path, config):
        def blocks():
            yield from Fake().blocks(path, config)
            raise VideoError("no more")

        return Extraction(blocks(), 23)

    with pytest.raises(VideoError, match="no more"):
        rows(CachedExtract(folder, compute=failing)(video, CONFIG))
    assert kept_in(folder) == []


def test_errors_of_the_video_are_never_taken_for_the_disks(video, folder):
    """A reader that ends with OSError must not look like a short video."""

    def failing(path, config):
        def blocks():
            yield from Fake().blocks(path, config)
            raise OSError("ffmpeg cannot be started")

        return Extraction(blocks(), 23)

    with pytest.raises(OSError, match="ffmpeg"):
        rows(CachedExtract(folder, compute=failing)(video, CONFIG))


def test_without_a_place_the_features_are_still_there_and_it_is_told(video, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    found = CachedExtract(tmp_path / "file", compute=Fake())(video, CONFIG)
    assert len(rows(found)[0]) == 5003
    assert "features are not kept" in found.warnings[0]

    def refuse(path, **_how):
        raise WriteError(f"{path}: no") from PermissionError(13, "Permission denied", "a-new-name")

    with monkeypatch.context() as patch:
        patch.setattr(cache, "write_whole", refuse)
        found = CachedExtract(tmp_path / "closed", compute=Fake())(video, CONFIG)
        assert len(rows(found)[0]) == 5003
    assert found.warnings[0].endswith("features are not kept: Permission denied")  # same for all

    full = tmp_path / "full"
    real = cache.npz.write_member

    def no_room(archive, name, array):
        if name.startswith("000001"):
            raise OSError(28, "No space left on device")
        real(archive, name, array)

    monkeypatch.setattr(cache.npz, "write_member", no_room)
    found = CachedExtract(full, compute=Fake())(video, CONFIG)
    assert len(rows(found)[0]) == 5003
    assert "No space left" in found.warnings[0]
    assert kept_in(full) == []


def make(tmp_path, n):
    paths = [tmp_path / f"{i}.mp4" for i in range(n)]
    for i, path in enumerate(paths):
        path.write_bytes(bytes([i]))
    return paths


def test_the_limit_is_kept_and_the_oldest_by_use_goes_first(tmp_path, folder):
    fake = Fake(n_points=101)
    kept = CachedExtract(folder, compute=fake)
    paths = make(tmp_path, 7)
    for age, path in enumerate(paths[:5]):
        rows(kept(path, CONFIG))
        os.utime(folder / f"{entry_key(path, CONFIG)}.npz", (0, 1000 + age))
    size = entries(folder)[0].stat().st_size
    rows(kept(paths[0], CONFIG))  # used again: no longer the oldest
    small = dataclasses.replace(kept, limit=5 * size + 10)
    for path in paths[5:]:
        rows(small(path, CONFIG))
    left = {path.stem for path in entries(folder)}
    assert left == {entry_key(paths[i], CONFIG) for i in (0, 3, 4, 5, 6)}


def test_a_run_larger_than_the_limit_keeps_what_it_kept_first(tmp_path, folder):
    fake = Fake(n_points=101)
    old, *paths = make(tmp_path, 6)
    rows(CachedExtract(folder, compute=fake)(old, CONFIG))
    size = entries(folder)[0].stat().st_size
    os.utime(entries(folder)[0], (0, 1000))
    kept = CachedExtract(folder, compute=fake, limit=4 * size, since=time.time() - 1)
    told = []
    for path in paths:
        found = kept(path, CONFIG)
        rows(found)
        told += found.warnings
    left = {path.stem for path in entries(folder)}
    assert left == {entry_key(path, CONFIG) for path in paths[:4]}
    assert len(told) == 1
    assert "cache is full" in told[0]


def test_an_entry_beyond_a_quarter_of_the_limit_is_not_kept(video, folder):
    found = CachedExtract(folder, compute=Fake(), limit=10_000_000)(video, CONFIG)
    assert len(rows(found)[0]) == 5003
    assert kept_in(folder) == []
    assert "quarter" in found.warnings[0]


def test_leavings_of_killed_runs_go(video, folder):
    claim(folder)
    (folder / f".lsfref-{'a' * 16}.tmp").write_bytes(b"x")
    files.sweep_once.cache_clear()
    rows(CachedExtract(folder, compute=Fake())(video, CONFIG))
    assert len(kept_in(folder)) == 1


def of_a_user(folder):
    """Put what a user may keep into a folder, all of it old; return names with their bytes."""
    folder.mkdir(exist_ok=True)
    names = ["my_model.npz", "thesis.tmp", "notes.txt", f"{'0' * 63}.npz", f"{'0' * 64}.npz.bak"]
    for name in names:
        (folder / name).write_bytes(name.encode() * 1000)
        os.utime(folder / name, (0, 1000))
    return {name: (folder / name).read_bytes() for name in names}


@pytest.mark.parametrize("marked", [False, True])
def test_nothing_of_the_users_is_ever_removed(tmp_path, folder, marked):
    if marked:
        claim(folder)
    before = of_a_user(folder)
    ours = place(folder)
    assert ours == (folder if marked else folder / BESIDE)
    kept = CachedExtract(ours, compute=Fake(n_points=101), limit=900_000)
    for path in make(tmp_path, 9):
        rows(kept(path, CONFIG))
    assert 0 < len(entries(ours)) < 9 + 2 * marked  # some made room
    assert {name: (folder / name).read_bytes() for name in before} == before


def test_a_folder_of_others_is_not_claimed_even_when_it_fills_late(video, folder):
    kept = CachedExtract(place(folder), compute=Fake())
    before = of_a_user(folder)
    found = kept(video, CONFIG)
    assert len(rows(found)[0]) == 5003
    assert "features are not kept: it holds other things" in found.warnings[0]
    assert {path.name for path in folder.iterdir()} == set(before)


def test_places_by_hand(tmp_path):
    assert place(tmp_path / "new") == tmp_path / "new"
    (tmp_path / "empty").mkdir()
    assert place(tmp_path / "empty") == tmp_path / "empty"
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "CACHEDIR.TAG").write_text("Signature: 8a477f597d28d172789f06886806bc55")
    assert place(foreign) == foreign / BESIDE  # a cache, but another program's
    (foreign / "CACHEDIR.TAG").unlink()
    os.mkfifo(foreign / "CACHEDIR.TAG")
    assert place(foreign) == foreign / BESIDE


def linked(entry, outside):
    entry.unlink()
    entry.symlink_to(outside)


def piped(entry, outside):
    entry.unlink()
    os.mkfifo(entry)


def device(entry, outside):
    entry.unlink()
    entry.symlink_to("/dev/zero")


@pytest.mark.parametrize("there", [True, False])
@pytest.mark.parametrize("spoil", [linked, piped, device])
def test_an_entry_that_is_no_regular_file_is_replaced_not_followed(
    video, folder, tmp_path, spoil, there
):
    outside = tmp_path / "outside.npz"
    if there:
        outside.write_bytes(b"mine")
    fake = Fake()
    kept = CachedExtract(folder, compute=fake)
    good = rows(kept(video, CONFIG))
    (entry,) = entries(folder)
    spoil(entry, outside)
    found = kept(video, CONFIG)
    assert same(rows(found), good)
    assert "broken cache entry" in found.warnings[0]
    assert entry.is_file()
    assert not entry.is_symlink()
    assert outside.exists() == there
    assert not there or outside.read_bytes() == b"mine"


def test_several_may_share_a_folder(tmp_path, folder):
    """Threads stand for processes: nothing is shared but the folder."""
    paths = make(tmp_path, 3)
    wanted = {path: rows(Fake()(path, CONFIG)) for path in paths}
    wrong = []

    def work():
        kept = CachedExtract(folder, compute=Fake(), limit=40_000_000)
        for _ in range(3):
            for path in paths:
                found = kept(path, CONFIG)
                if not same(rows(found), wanted[path]) or found.warnings:
                    wrong.append(found.warnings)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert len(entries(folder)) == 3
    assert not list(folder.glob("*.tmp"))


def test_strict_refuses_damage_computed_or_kept_and_no_remark_on_the_cache(video, folder):
    fake = Fake(warnings=["video.mp4: damaged: 20 frames were read"])
    kept = CachedExtract(folder, compute=fake)
    for _ in range(2):
        with pytest.raises(VideoError, match="damaged"):
            rows(strict_extract(video, CONFIG, inner=kept))
        assert (
            "damaged"
            in survey(
                video, config=CONFIG, extract=lambda p, c: strict_extract(p, c, inner=kept)
            ).error
        )
    assert fake.calls == 1
    (folder.parent / "file").touch()
    unkept = CachedExtract(folder.parent / "file", compute=Fake())
    assert len(rows(strict_extract(video, CONFIG, inner=unkept))[0]) == 5003


def test_real_clips_give_the_same_rows_from_the_folder(labeled_clips, folder):
    path = labeled_clips.parent / "00.mkv"
    config = dataclasses.replace(CONFIG, n_scales=1)
    plain = rows(extract(path, config))
    kept = CachedExtract(folder)
    assert same(rows(kept(path, config)), plain)
    assert kept(path, config).n_points == len(plain[0])
    assert same(rows(kept(path, config)), plain)


@pytest.mark.parametrize("name", ["absent.mp4", "text.mp4", "folder"])
def test_what_is_no_video_is_the_readers_to_tell(tmp_path, folder, name):
    (tmp_path / "text.mp4").write_text("no video")
    (tmp_path / "folder").mkdir()
    with pytest.raises(VideoError, match=name):
        rows(CachedExtract(folder)(tmp_path / name, CONFIG))
    assert not folder.exists() or kept_in(folder) == []


def test_what_another_process_is_marking_is_not_taken_for_other_things(tmp_path, monkeypatch):
    (tmp_path / ".lsfref-0123456789abcdef.tmp").touch()
    assert cache.place(tmp_path) == tmp_path

    def marked_meanwhile(folder):
        (tmp_path / cache.TAG).write_bytes(cache.MARK)
        return [cache.TAG]

    monkeypatch.setattr(os, "listdir", marked_meanwhile)
    assert cache.place(tmp_path) == tmp_path
