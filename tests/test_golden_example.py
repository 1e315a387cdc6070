"""The port in golden/example: standard C++ that reads golden files; what it writes conforms."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import mutate_port
import numpy as np
import pytest

from lsfref.app import cli
from lsfref.storage.recorder import STAGES

ROOT = Path(__file__).parents[1]
GOLDEN = ROOT / "golden"
EXAMPLE = GOLDEN / "example"
SOURCES = sorted([*EXAMPLE.glob("*.h"), *EXAMPLE.glob("*.cpp")])
COMPILER = shutil.which("c++") or shutil.which("g++") or shutil.which("clang++")
needs_compiler = pytest.mark.skipif(COMPILER is None, reason="no C++ compiler on this machine")


def build(folder, real, level):
    """Return the program, compiled without a warning."""
    program = folder / f"port_{real}_{level}"
    strict = ["-std=c++17", "-pedantic", "-Wall", "-Wextra", "-Werror", "-ffp-contract=off"]
    options = [*strict, f"-O{level}", f"-DREAL={real}", "-o", str(program)]
    subprocess.run([COMPILER, *options, str(EXAMPLE / "port.cpp")], check=True)
    return program


def outcome_of(program, out, capsys):
    """Run the port on all cases; return the status and the last object of `conform --json`."""
    subprocess.run([str(program), str(GOLDEN), str(out)], check=True)
    capsys.readouterr()
    status = cli.main(["conform", str(out), "--json"])
    return status, [json.loads(line) for line in capsys.readouterr().out.splitlines()]


@pytest.fixture(scope="module")
def quick_port(tmp_path_factory):
    """Return the port in double precision, at the level where building and running take least."""
    return build(tmp_path_factory.mktemp("port"), "double", "1")


@needs_compiler
def test_port_passes_every_output_in_double_precision(quick_port, tmp_path, capsys):
    status, rows = outcome_of(quick_port, tmp_path / "out", capsys)
    assert [row for row in rows[:-1] if not row["passed"]] == []
    assert status == 0
    assert rows[-1]["failed"] == 0


@needs_compiler
@pytest.mark.slow
@pytest.mark.parametrize("level", ["0", "2"])
def test_port_passes_in_double_precision_at_other_levels(level, tmp_path, capsys):
    status, rows = outcome_of(build(tmp_path, "double", level), tmp_path / "out", capsys)
    assert [row for row in rows[:-1] if not row["passed"]] == []
    assert status == 0
    assert rows[-1]["failed"] == 0


@needs_compiler
@pytest.mark.slow
@pytest.mark.parametrize("level", ["0", "2"])
def test_port_passes_in_single_precision(level, tmp_path, capsys):
    status, rows = outcome_of(build(tmp_path, "float", level), tmp_path / "out", capsys)
    assert [row for row in rows[:-1] if not row["passed"]] == []
    assert status == 0


@needs_compiler
@pytest.mark.slow
def test_script_of_the_example_builds_runs_and_compares(tmp_path):
    script = ["sh", "golden/example/run.sh", str(tmp_path / "out")]
    setting = os.environ | {"CXX": COMPILER, "FLAGS": "-O1", "PYTHON": os.sys.executable}
    ran = subprocess.run(script, cwd=ROOT, env=setting, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    assert "tensors agree" in ran.stdout


@needs_compiler
@pytest.mark.slow
@pytest.mark.parametrize("real", ["double", "float"])
def test_port_follows_a_trace(real, tmp_path, capsys):
    demo, trace, out = tmp_path / "demo", tmp_path / "trace", tmp_path / "out"
    cli.main(["scenes", str(demo), "--scenes", "1", "--frames", "20", "--jobs", "1", "--quiet"])
    cli.main(["trace", str(min(demo.glob("*.mp4"))), str(trace), "--quiet"])
    subprocess.run([str(build(tmp_path, real, "2")), str(trace), str(out)], check=True)
    capsys.readouterr()
    assert cli.main(["conform", str(out), "--against", str(trace), "--quiet"]) == 0
    assert "tensors agree" in capsys.readouterr().out


@needs_compiler
def test_port_refuses_other_formats(quick_port, tmp_path):
    for array in (np.ones((3, 2), np.complex64), np.asfortranarray(np.ones((3, 2)))):
        copy = shutil.copytree(
            GOLDEN / "08_fisher" / "tiny", tmp_path / "golden/08_fisher/tiny", dirs_exist_ok=True
        )
        shutil.copy(GOLDEN / "manifest.json", tmp_path / "golden")
        np.save(copy / "pooled_ME.npy", array)
        command = [
            str(quick_port),
            str(tmp_path / "golden"),
            str(tmp_path / "out"),
            "08_fisher/tiny",
        ]
        ran = subprocess.run(command, capture_output=True, text=True)
        assert ran.returncode == 2
        assert "not a tensor of golden" in ran.stderr


def test_readme_shows_the_reader_of_the_example():
    text = (GOLDEN / "README.md").read_text(encoding="utf-8")
    shown = re.search(r"```c\+\+\n(.*?)```", text, re.DOTALL)[1]
    assert shown.strip() in (EXAMPLE / "tensor.h").read_text(encoding="utf-8")


def test_script_of_the_example_is_what_the_readme_names():
    assert "sh golden/example/run.sh" in (GOLDEN / "README.md").read_text(encoding="utf-8")
    assert 'run.py" conform' in (EXAMPLE / "run.sh").read_text(encoding="utf-8")


def test_port_has_nine_hundred_lines_at_most_of_a_hundred_characters():
    lines = [line for path in EXAMPLE.iterdir() for line in path.read_text("utf-8").splitlines()]
    assert len(lines) <= 900
    assert max(map(len, lines)) <= 100


def cited(text):
    """Return the numbers of the paragraphs that a comment cites: par. 2, (1), and 5; 13 to 18."""
    found = set()
    for numbers in re.findall(r"[Pp]ar\. (\d+(?:(?:,| and| to|, \(\d+\),?(?: and)?) \d+)*)", text):
        first, *rest = map(int, re.findall(r"(?<!\()\b\d+", numbers))
        last = max([first, *rest])
        found |= set(range(first, last + 1)) if " to " in numbers else {first, *rest}
    return found


def test_port_cites_paragraphs_that_stand_on_the_pages():
    """Files of a stage cite its page, which their first line names; the others say which page."""
    paragraphs = {}
    for page in GOLDEN.glob("[01][0-9]_*/README.md"):
        numbers = re.findall(r"^\*\*(\d+)\.\*\*", page.read_text("utf-8"), re.MULTILINE)
        paragraphs[page.parent.name] = set(map(int, numbers))
    for path in SOURCES:
        text = path.read_text(encoding="utf-8")
        pages = re.match(r"// .*\.\./(\d\d_\w+)/README\.md", text)
        for number, rest in re.findall(r"\b(\d\d) (par\. [^\n]*)", text):
            (page,) = (name for name in paragraphs if name.startswith(number))
            assert cited(rest) <= paragraphs[page], f"{path.name}: {number} {rest}"
        assert (pages is not None) == path.name[:2].isdigit(), path.name
        if pages:
            own = cited(re.sub(r"\b\d\d par\. [^\n]*", "", text))
            assert own, path.name
            assert own <= paragraphs[pages[1]], path.name
    assert {path.name[:2] for path in SOURCES if path.name[0].isdigit()} == {
        name[:2] for name in paragraphs
    }


def test_functions_of_the_stages_are_headed_by_what_they_follow():
    """A paragraph or a numbered equation, on a function's first line or on the line above it."""
    for path in SOURCES:
        above, bare = "", []
        for line in path.read_text(encoding="utf-8").splitlines():
            if re.match(r"(?!KIND|struct|using|const [A-Z])[A-Za-z][^;]*\(.*\{", line):
                bare += [] if re.search(r"//.*[Pp]ar\. ", f"{above}\n{line}") else [line]
            above = line
        assert not path.name[0].isdigit() or bare == [], path.name


def test_planted_faults_fit_the_port_and_are_a_hundred_or_more():
    faults = mutate_port.planted_faults()
    assert len(faults) >= 100
    assert {fault.stage for fault in faults} == set(STAGES)
    assert all(fault.old != fault.new and fault.words for fault in faults)
