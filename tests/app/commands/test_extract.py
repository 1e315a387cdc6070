"""`extract`: what is written, and what is said of a video that has nothing to write."""

import numpy as np
from clips import clip

from lsfref.app import cli
from lsfref.media.writer import write_video


def test_a_video_without_trajectories_says_why(tmp_path, capsys):
    write_video(tmp_path / "still.mkv", np.full((20, 41, 53), 90, np.uint8))
    write_video(tmp_path / "short.mkv", clip("normal", 1)[:9])
    words = ["extract", *map(str, sorted(tmp_path.glob("*.mkv"))), "--out", str(tmp_path / "out")]
    assert cli.main([*words, "--jobs", "1", "--cache", "none"]) == 0
    out, err = capsys.readouterr()
    assert out.count(": 0 trajectories") == 2
    assert f"warning: {tmp_path}/still.mkv: no trajectories: nothing moves, or nothing" in err
    assert f"warning: {tmp_path}/short.mkv: 9 frames; a trajectory needs 16" in err
    assert np.load(tmp_path / "out" / "still.mkv.npy").shape == (0, 436)


def test_outputs_are_checked_before_the_work_and_replaced_ones_are_mentioned(tmp_path, capsys):
    write_video(tmp_path / "a.mkv", clip("normal", 1))
    out = tmp_path / "out"
    words = ["extract", str(tmp_path / "a.mkv"), "--jobs", "1", "--cache", "none", "--out"]
    assert cli.main([*words, str(out)]) == 0
    assert "replaces" not in capsys.readouterr().err
    (out / "a.mkv.npy").chmod(0o600)
    assert cli.main([*words, str(out)]) == 0
    assert f"replaces what is there: {out}/a.mkv.npy" in capsys.readouterr().err
    assert (out / "a.mkv.npy").stat().st_mode & 0o777 == 0o600
    assert cli.main([*words, str(tmp_path / "a.mkv")]) == 3
    assert "extracting" not in capsys.readouterr().err
    (out / "a.mkv.npy").unlink()
    (out / "a.mkv.npy").mkdir()
    assert cli.main([*words, str(out)]) == 3
    assert "a folder or a device" in capsys.readouterr().err
