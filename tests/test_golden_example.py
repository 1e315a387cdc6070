"""The example port: one file of standard C that reads golden files, and what it writes conforms."""

import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from lsfref.app import cli

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "golden" / "example"
CASES = sorted((ROOT / "golden" / "08_fisher").iterdir())
COMPILER = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
needs_compiler = pytest.mark.skipif(COMPILER is None, reason="no C compiler on this machine")


@pytest.fixture(scope="module")
def fisher(tmp_path_factory):
    program = tmp_path_factory.mktemp("example") / "fisher"
    strict = ["-std=c99", "-pedantic", "-Wall", "-Wextra", "-Wconversion", "-Werror"]
    source = str(EXAMPLE / "fisher.c")
    subprocess.run([COMPILER, *strict, "-o", str(program), source, "-lm"], check=True)
    return str(program)


@needs_compiler
def test_example_computes_stage_8_and_conforms(fisher, tmp_path, capsys):
    for case in CASES:
        out = tmp_path / "08_fisher" / case.name
        out.mkdir(parents=True)
        ran = subprocess.run([fisher, str(case), str(out)], capture_output=True, text=True)
        assert ran.returncode == 0
        assert ran.stdout.startswith("OK ")
    assert cli.main(["conform", str(tmp_path), "--stages", "8"]) == 0
    assert f"All {2 * len(CASES)} tensors agree" in capsys.readouterr().out


@needs_compiler
def test_example_says_fail_where_a_stored_number_is_another(fisher, tmp_path):
    case = shutil.copytree(CASES[0], tmp_path / "case")
    scores = np.load(case / "scores_E.npy")
    np.save(case / "scores_E.npy", scores * (1 + 1e-6))
    ran = subprocess.run([fisher, str(case), str(tmp_path)], capture_output=True, text=True)
    assert ran.returncode == 1
    assert ran.stdout.startswith("FAIL")


@needs_compiler
@pytest.mark.parametrize("array", [np.ones((3, 2), np.float32), np.asfortranarray(np.ones((3, 2)))])
def test_example_refuses_other_formats(fisher, tmp_path, array):
    case = shutil.copytree(CASES[0], tmp_path / "case")
    np.save(case / "pooled_ME.npy", array)
    ran = subprocess.run([fisher, str(case), str(tmp_path)], capture_output=True, text=True)
    assert ran.returncode == 2
    assert "not a case of stage 8" in ran.stderr


def test_readme_shows_the_reader_of_the_example():
    text = (ROOT / "golden" / "README.md").read_text(encoding="utf-8")
    shown = re.search(r"```c\n(.*?)```", text, re.DOTALL)[1]
    assert shown.strip() in (EXAMPLE / "fisher.c").read_text(encoding="utf-8")


def test_script_of_the_example_is_what_the_readme_names():
    assert "sh golden/example/run.sh" in (ROOT / "golden" / "README.md").read_text(encoding="utf-8")
    assert "run.py conform" in (EXAMPLE / "run.sh").read_text(encoding="utf-8")
