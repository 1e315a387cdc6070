"""The recorder: what is written, whole or not at all, in how much memory; manifests read back."""

import hashlib
import json
import resource
import tracemalloc

import numpy as np
import pytest

from lsfref.errors import WriteError
from lsfref.storage.recorder import (
    STAGES,
    Recorder,
    TraceError,
    choose_stages,
    read_manifest,
)

STAGE = "08_fisher"


def test_manifest_has_one_line_a_tensor_in_stage_order(tmp_path):
    recorder = Recorder(tmp_path / "far" / "above" / "new")
    recorder.add("10_voting", "b", "decision_M", np.array([1]), tol=None)
    recorder.add("02_flow", "a", "flow_HW2", np.zeros((2, 3, 2)), tol={}, equation="x = 1")
    recorder.add("02_flow", "a", "weights_1", np.zeros((2, 3)), role="param", axes=["D", "J1"])
    recorder.describe("02_flow", "a", about="first", branch="sign")
    recorder.close(version="7")
    text = (tmp_path / "far" / "above" / "new" / "manifest.json").read_text()
    manifest = json.loads(text)
    assert manifest == read_manifest(tmp_path / "far" / "above" / "new")
    assert recorder.size == 128 + 8 + 128 + 8 * 12 + 128 + 8 * 6
    assert manifest["count"] == 3
    assert manifest["version"] == "7"
    assert [e["stage"] for e in manifest["tensors"]] == ["02_flow", "02_flow", "10_voting"]
    lines = [line for line in text.splitlines() if '"sha256"' in line]
    assert [json.loads(line.rstrip(",")) for line in lines] == manifest["tensors"]
    assert list(manifest["tensors"][0])[:3] == ["file", "stage", "case"]
    assert manifest["tensors"][0]["axes"] == ["H", "W", "2"]
    assert manifest["tensors"][0]["shape"] == [2, 3, 2]
    assert manifest["tensors"][1]["axes"] == ["D", "J1"]
    assert manifest["cases"]["02_flow/a"]["branch"] == "sign"


def test_recorder_refuses_what_would_mix_or_mislead(tmp_path):
    recorder = Recorder(tmp_path / "new")
    recorder.add(STAGE, "a", "scores_E", np.ones(3))
    with pytest.raises(ValueError, match="twice"):
        recorder.add(STAGE, "a", "scores_E", np.ones(3))
    with pytest.raises(ValueError, match="unknown stage"):
        recorder.add("12_more", "a", "scores_E", np.ones(3))
    with pytest.raises(ValueError, match="role"):
        recorder.add(STAGE, "a", "more_E", np.ones(3), role="guess")
    with pytest.raises(ValueError, match="axes"):
        recorder.add(STAGE, "a", "more_E", np.ones(3), axes=["E", "M"])
    with pytest.raises(ValueError, match="JSON"):
        recorder.add(STAGE, "a", "some_E", np.ones(3), tol={"float64": np.nan})
    recorder.close()
    for taken in (tmp_path / "new", tmp_path / "new" / "manifest.json"):
        with pytest.raises(TraceError, match="not empty"):
            Recorder(taken)


def test_a_link_stays_and_the_record_is_where_it_leads(tmp_path):
    (tmp_path / "empty").mkdir()
    for name in ("empty", "absent"):
        link = tmp_path / f"to {name}"
        link.symlink_to(tmp_path / name)
        with Recorder(link) as recorder:
            recorder.add(STAGE, "a", "scores_E", np.ones(3))
            recorder.close()
        assert link.is_symlink()
        assert (tmp_path / name / "manifest.json").is_file()


def test_what_cannot_be_replaced_is_refused_before_the_work(tmp_path, monkeypatch):
    here, disk, loop = tmp_path / "here", tmp_path / "disk", tmp_path / "loop"
    here.mkdir()
    disk.mkdir()
    loop.symlink_to(loop)
    monkeypatch.chdir(here)
    monkeypatch.setattr("os.path.ismount", lambda path: path == disk)
    for folder, why in ((".", "the current folder"), (disk, "a mount point"), (loop, "not empty")):
        with pytest.raises(TraceError, match=f"{why}.*; give a new folder"):
            Recorder(folder)


def test_a_record_is_there_whole_or_not_at_all(tmp_path):
    def interrupted():
        with Recorder(tmp_path / "new") as recorder:
            recorder.add(STAGE, "a", "scores_E", np.ones(3))
            assert not (tmp_path / "new").exists()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "new").mkdir()
    with Recorder(tmp_path / "new") as recorder:
        recorder.add(STAGE, "a", "scores_E", np.ones(3))
        recorder.close()
    assert [path.name for path in tmp_path.iterdir()] == ["new"]
    assert read_manifest(tmp_path / "new")["count"] == 1


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("8", ["08_fisher"]),
        ("08_fisher", ["08_fisher"]),
        ("08,02", ["02_flow", "08_fisher"]),
        ("fisher,flow", ["02_flow", "08_fisher"]),
        ("3-5", ["03_trajectories", "04_descriptors", "05_lsfnet"]),
        ("voting-11", ["10_voting", "11_end_to_end"]),
        ("1-11", list(STAGES)),
    ],
)
def test_stages_are_chosen_by_number_name_and_range(text, wanted):
    assert list(choose_stages(text)) == wanted


@pytest.mark.parametrize("text", ["0", "12", "fish", "5-3", "3-", "1-", "1-x", "x-3", "-", "1-2-3"])
def test_stages_that_do_not_exist_are_refused(text):
    with pytest.raises(ValueError, match="want stages such as"):
        choose_stages(text)


# What is held, and what a full disk says.


def test_memory_does_not_grow_with_the_number_of_tensors(tmp_path):
    def peak(n):
        with Recorder(tmp_path / str(n)) as recorder:
            tracemalloc.start()
            for i in range(n):
                recorder.add(STAGE, f"case_{i}", "scores_E", np.zeros(50), equation="x" * 300)
            recorder.close()
            found = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
        assert read_manifest(tmp_path / str(n))["count"] == n
        return found

    peak(10)  # what is imported on the way
    assert peak(600) < peak(150) + 20_000


def test_a_full_disk_names_the_file(tmp_path):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    limit = 5000
    with Recorder(tmp_path / "out") as recorder:
        recorder.add(STAGE, "tiny", "labels_M", np.zeros(5))
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
        try:
            with pytest.raises(WriteError, match=r"out/08_fisher/tiny/scores_E\.npy: cannot be wr"):
                recorder.add(STAGE, "tiny", "scores_E", np.zeros(limit))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_is_full_at_the_last_says_so_of_the_manifest(tmp_path):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with Recorder(tmp_path / "out") as recorder:
        recorder.describe(STAGE, "tiny", about="x" * 5000)
        resource.setrlimit(resource.RLIMIT_FSIZE, (5000, hard))
        try:
            with pytest.raises(WriteError, match=r"manifest\.json: cannot be .* .File too large"):
                recorder.close()
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list(tmp_path.iterdir()) == []


# Manifests that cannot be.


def forge(folder, change):
    """Rewrite a manifest, changed, with the digest and count that it should have."""
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    change(manifest)
    del manifest["digest"]
    body = json.dumps(manifest)[1:-1]
    digest = hashlib.sha256(body.encode()).hexdigest()
    path.write_text(f'{{\n"digest": "{digest}",\n{body}\n}}\n')


@pytest.mark.parametrize(
    "change",
    [
        lambda m: m["tensors"][0].update(file="scores_E.npy"),
        lambda m: m["tensors"][0].update(file="08_fisher/tiny/more/scores_E.npy"),
        lambda m: m["tensors"][0].update(file=7),
        lambda m: m["tensors"][0].update(file="../tiny/scores_E.npy", stage=".."),
        lambda m: m["tensors"][0].update(case="other"),
        lambda m: m["tensors"][0].update(role="guess"),
        lambda m: m["tensors"][0].update(tol={"float64": "much"}),
        lambda m: m["tensors"][0].update(tol=[1]),
        lambda m: m["tensors"][0].pop("sha256"),
        lambda m: m.update(tensors=[3]),
        lambda m: m.update(tensors="x"),
        lambda m: m.update(cases=[]),
        lambda m: m.pop("format_version"),
    ],
)
def test_a_forged_manifest_is_refused_in_one_sentence(tmp_path, change):
    with Recorder(tmp_path / "ours") as recorder:
        recorder.add(STAGE, "tiny", "scores_E", np.ones(3), tol={"float64": 0, "float32": None})
        recorder.close()
    forge(tmp_path / "ours", lambda m: None)
    assert read_manifest(tmp_path / "ours")["count"] == 1
    forge(tmp_path / "ours", change)
    with pytest.raises(TraceError, match=r"manifest\.json: "):
        read_manifest(tmp_path / "ours")


def test_a_manifest_that_was_changed_is_not_whole(tmp_path):
    """A count that the digest knows of, and a digest that is not."""
    with Recorder(tmp_path / "ours") as recorder:
        recorder.add(STAGE, "tiny", "scores_E", np.ones(3), equation="x = 1")
        recorder.close()
    whole = (tmp_path / "ours" / "manifest.json").read_text()
    forge(tmp_path / "ours", lambda m: m.update(count=2))
    forged = (tmp_path / "ours" / "manifest.json").read_text()
    for text in (forged, whole.replace("x = 1", "x = 2")):
        (tmp_path / "ours" / "manifest.json").write_text(text)
        with pytest.raises(TraceError, match="changed after it was written"):
            read_manifest(tmp_path / "ours")


def test_a_manifest_of_another_format_is_told_from_this_one(tmp_path):
    with Recorder(tmp_path / "ours") as recorder:
        recorder.close()
    forge(tmp_path / "ours", lambda m: m.update(format_version=2))
    with pytest.raises(TraceError, match="format 2; this version reads format 1"):
        read_manifest(tmp_path / "ours")


def test_a_folder_below_a_file_is_told_in_one_sentence(tmp_path):
    (tmp_path / "file").write_text("mine")
    for place in ("file/trace", "file/more/trace"):
        with pytest.raises(WriteError, match=r"file.*: cannot be written"):
            Recorder(tmp_path / place)
    assert (tmp_path / "file").read_text() == "mine"
