"""The lesson of README.md: its commands are run, and what they print is what the page shows."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
LESSON = README.partition("## How it works")[2]
LESSON = LESSON.partition("\n## ")[0]
BLOCKS = re.findall(r"^```\n(\$ .*?)^```$", LESSON, re.MULTILINE | re.DOTALL)
NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
WITHIN = 0.05  # another processor rounds otherwise: now and then a track more, another neighbor


def commands():
    """Return (words after `python run.py`, what is printed) of each command of the lesson."""
    found = []
    for part in re.split(r"^\$ ", "".join(BLOCKS), flags=re.MULTILINE)[1:]:
        line, _, said = part.partition("\n")
        words = shlex.split(line)
        assert words[:2] == ["python", "run.py"]
        found.append((words[2:], said.splitlines()))
    return found


def agree(line, shown):
    """Whether a line is the one shown: the same words, every number within WITHIN, counts one."""
    words = [re.sub(r"[\s-]+", " ", NUMBER.sub("#", text)).strip() for text in (line, shown)]
    if words[0] != words[1]:
        return False
    pairs = zip(NUMBER.findall(line), NUMBER.findall(shown), strict=True)
    return all(
        abs(float(a) - float(b)) <= max("." not in b, WITHIN * abs(float(b))) for a, b in pairs
    )


def test_lines_agree_but_for_rounding():
    assert agree("a: 103 tracks, loss 0.5", "a:  100 tracks,  loss 0.49")
    assert not agree("a: 120 tracks", "a: 100 tracks")
    assert not agree("loss 0.5", "loss 0.6")
    assert not agree("b: 100 tracks", "a: 100 tracks")
    assert not agree("a: 100 tracks, 3", "a: 100 tracks")


def test_the_lesson_has_its_commands_and_pictures():
    assert {words[0] for words, _ in commands()} >= {
        *("scenes", "extract", "train", "classify", "retrieve", "explain")
    }
    pictures = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", README)
    assert 2 <= len(pictures) <= 3
    assert all((ROOT / picture).is_file() for picture in pictures)


def test_the_ten_lines_of_python_do_what_they_say(labeled_clips, tmp_path):
    lines = re.search(r"^```python\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)[1]
    assert len([line for line in lines.splitlines() if line]) <= 10
    shutil.copytree(labeled_clips.parent, tmp_path / "demo")
    shutil.copy(tmp_path / "demo/11.mkv", tmp_path / "demo/camera02-04.mp4")
    done = subprocess.run(
        [sys.executable, "-c", lines], cwd=tmp_path, capture_output=True, text=True, timeout=300,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[1] == "(41, 53, 2)"
    assert "'background': 'tree waving'" in done.stdout


@pytest.mark.slow
def test_the_lesson_is_what_a_reader_sees(tmp_path):
    variables = os.environ | {"XDG_CACHE_HOME": str(tmp_path / "cache"), "PYTHONUTF8": "1"}
    for words, shown in commands():
        command = [sys.executable, str(ROOT / "run.py"), *words]
        done = subprocess.run(
            command, cwd=tmp_path, env=variables, capture_output=True, text=True, timeout=300
        )
        assert done.returncode == 0, done.stderr
        lines = done.stdout.splitlines()
        if "..." in shown:  # only the beginning is shown
            lines, shown = lines[: shown.index("...")], shown[: shown.index("...")]
        assert len(lines) == len(shown), "\n".join(lines)
        for line, wanted in zip(lines, shown, strict=True):
            assert agree(line, wanted), f"{' '.join(words)} prints\n{line}\nnot\n{wanted}"
