"""A session: a cache where one helps, strictness about damage, progress of long videos."""

import argparse
import contextlib

import pytest
from fakes import Fake, rows, same

from lsfref.app.work import cluster
from lsfref.app.work import session as module
from lsfref.app.work.cache import CachedExtract
from lsfref.config import PRESETS
from lsfref.errors import Notice, VideoError
from lsfref.phases.extraction import Extraction, extract


def flags(cache, **more):
    return argparse.Namespace(
        **{"cluster": None, "jobs": 1, "cache": str(cache), "cache_limit": 1.0, "quiet": True}
        | more
    )


def test_no_cache_for_one_pass_and_a_passing_one_for_more(tmp_path):
    with module.session(flags("none"), passes=1, n_videos=3) as doing:
        assert not isinstance(doing.work.extract, CachedExtract)
    with module.session(flags("none"), passes=2, n_videos=3) as doing:
        folder = doing.work.extract.folder
        assert folder.exists()
    assert not folder.exists()
    with module.session(flags(tmp_path / "kept"), passes=1, n_videos=3) as doing:
        assert isinstance(doing.work.extract, CachedExtract)
        assert tmp_path in doing.work.extract.folder.parents


def test_strict_makes_damage_an_error_after_the_last_good_row(tmp_path):
    path, config = tmp_path / "a.mp4", PRESETS["small"]
    path.write_bytes(b"abc")
    inner = Fake(n_points=203, warnings=("a.mp4: damaged",))
    found = module.strict_extract(path, config, inner=inner)
    with pytest.raises(VideoError, match="damaged"):
        list(found)
    whole = Fake(n_points=203)
    strict = rows(module.strict_extract(path, config, inner=whole))
    assert same(strict, rows(whole(path, config)))


def test_strict_refuses_at_once_what_is_known_and_only_what_is_of_the_video():
    known = Extraction(iter(()), 23, 7, [Notice("machine", "the cache is full")])
    assert list(module.strict_extract("a", None, inner=lambda *_: known)) == []
    known = Extraction(iter(()), 23, 7, [Notice("video", "damaged")])
    with pytest.raises(VideoError, match="damaged"):
        module.strict_extract("a", None, inner=lambda *_: known)


def test_only_long_videos_say_how_far_they_are():
    shown = []
    for number in (1, 499, 500, 501):
        module.show_frame(lambda *words: shown.append(words), number)
    assert shown == [("long video", 500, 0), ("long video", 501, 0)]


def test_a_cluster_gets_the_plain_reader_and_no_folder_of_this_machine(monkeypatch):
    monkeypatch.setattr(cluster, "mapper", lambda address, say: contextlib.nullcontext(map))
    with module.session(flags("none", cluster="tcp://there"), passes=3, n_videos=1) as doing:
        assert doing.work.extract is extract
        assert list(doing.work.each("", abs, [-1, 2])) == [1, 2]
