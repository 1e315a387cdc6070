"""The package as it is installed, imported and started: names, folders, threads, floors."""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import lsfref

pytestmark = pytest.mark.unwatched

ROOT = Path(__file__).parents[1]
PROJECT = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
GATE = (ROOT / ".ci/run").read_text(encoding="utf-8")
PROGRAMS = {"run.py": [str(ROOT / "run.py")], "python -m lsfref": ["-m", "lsfref"]}


def python(*words, cwd=ROOT, **variables):
    """Run a Python whose environment is ours but for some variables."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONSAFEPATH"} | variables
    command = [sys.executable, *map(str, words)]
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True)


def test_every_public_name_is_there_and_on_the_map():
    for name in lsfref.__all__:
        assert name in dir(lsfref)
        assert getattr(lsfref, name) is lsfref.__getattr__(name)
        assert re.search(rf"\b{name}\b", lsfref.__doc__)
    assert sorted(lsfref.__all__) == sorted(n for names in lsfref._HOMES.values() for n in names)
    with pytest.raises(AttributeError, match="no attribute 'trian'"):
        lsfref.trian  # noqa: B018


def test_the_map_names_every_wing():
    for folder in (ROOT / "lsfref").iterdir():
        if folder.is_dir() and any(folder.glob("*.py")):
            assert re.search(rf"^{folder.name} ", lsfref.__doc__, re.M), folder.name


def test_the_names_that_type_checkers_see_are_the_public_ones():
    tree = ast.parse((ROOT / "lsfref/__init__.py").read_text(encoding="utf-8"))
    block = next(node for node in tree.body if isinstance(node, ast.If))
    homes = {n.module: tuple(a.name for a in n.names) for n in block.body if n.module != "typing"}
    assert homes == {f"lsfref.{home}": names for home, names in lsfref._HOMES.items()}


def test_the_package_and_the_first_help_import_neither_numpy_nor_scipy():
    code = (
        "import sys, lsfref; from lsfref.app import cli; cli.build_parser(None).format_help();"
        "print({'numpy', 'scipy', 'imageio'} & set(sys.modules))"
    )
    assert python("-c", code).stdout == "set()\n"


def test_classify_starts_without_the_protocols_of_evaluate():
    code = "import sys, lsfref.app.commands.classify; print('lsfref.study.protocol.evaluate' in {})"
    assert python("-c", code.format("sys.modules")).stdout == "False\n"


def test_importing_a_module_computes_nothing():
    """No expression stands alone in the body of a module: nothing is called, nothing allocated."""
    for path in (ROOT / "lsfref").rglob("*.py"):
        _docstring, *rest = ast.parse(path.read_text(encoding="utf-8")).body or [None]
        assert not any(isinstance(node, ast.Expr) for node in rest), path


@pytest.mark.parametrize("program", PROGRAMS)
def test_nothing_in_the_current_folder_is_run(program, tmp_path, labeled_clips):
    """Modules beside the videos have the names of those that are imported first."""
    for name in "typing json numpy argparse signal threading scipy multiprocessing".split():
        (tmp_path / f"{name}.py").write_text(
            f"open({str(tmp_path / 'ran')!r}, 'a').write('{name} ')"
        )
    words = [*PROGRAMS[program], "check", labeled_clips, "--jobs", "2"]
    done = python(*words, cwd=tmp_path, PYTHONPATH=str(ROOT))
    assert not (tmp_path / "ran").exists(), (tmp_path / "ran").read_text()
    assert "all 9 videos can be used" in done.stdout, done.stderr


def test_workers_find_a_package_that_is_only_in_the_current_folder(labeled_clips):
    done = python("-m", "lsfref", "check", labeled_clips, "--jobs", "2")
    assert "all 9 videos can be used" in done.stdout, done.stderr


def test_a_current_folder_that_is_gone(tmp_path):
    gone = f"import os, sys; os.rmdir({str(tmp_path)!r}); os.execv(sys.executable, sys.argv[1:])"
    words = [sys.executable, "-m", "lsfref", "inspect", "/absent/model.npz"]
    done = python("-c", gone, *words, cwd=tmp_path, PYTHONPATH=str(ROOT))
    assert done.stderr.startswith("python -m lsfref inspect: /absent/model.npz: no such model")


@pytest.mark.parametrize("program", PROGRAMS)
def test_usage_and_messages_name_the_program_as_it_was_started(program):
    done = python(*PROGRAMS[program], "inspect", "absent.npz")
    assert done.stderr.startswith(f"{program} inspect: absent.npz")
    assert python(*PROGRAMS[program], "--help").stdout.startswith(f"usage: {program} [-h]")


def test_the_environment_does_not_change_the_bytes_of_a_model(labeled_clips, tmp_path):
    models = []
    for threads in ("1", "4"):
        path = tmp_path / f"{threads}.npz"
        quick = ["--set", "epochs=3", "--set", "n_samples=2000", "--set", "n_scales=1"]
        words = ["train", "--labels", labeled_clips, "--model", path, "--jobs", "1", *quick]
        variables = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"), threads)
        done = python(*PROGRAMS["run.py"], *words, "--cache", "none", **variables)
        assert done.returncode == 0, done.stderr
        models.append(path.read_bytes())
    assert models[0] == models[1]


def test_the_package_asks_for_what_requirements_names():
    run, test = (ROOT / "requirements.txt").read_text(encoding="utf-8").split("# to test\n")
    dependencies = re.search(r"^dependencies = \[(.*)\]$", PROJECT, re.M)[1]
    assert re.findall(r'"(.*?)"', dependencies) == run.split()[3:]
    floors = re.search(r"^floors=\((.*)\)$", GATE, re.M)[1].split()
    assert [re.sub(r"==(.*?)(\.0)*$", r">=\1", floor) for floor in floors] == [
        re.sub(r"(\.0)*$", "", wanted) for wanted in [*run.split()[3:], *test.split()]
    ]


KEY = re.compile(r"\[(?:[A-Z][A-Za-z]{1,3}\d{2,3}|26|XDG|CDT)\]")


def test_every_cited_source_has_a_row_and_every_row_is_cited():
    table = (ROOT / "lsfref/REFERENCES.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\[\w+\]) \|", table, re.M)
    assert len(rows) == len(set(rows))
    sources = [p for p in (ROOT / "lsfref").rglob("*") if p.suffix in (".py", ".md")]
    cited = {
        key
        for path in sources
        if path.name != "REFERENCES.md"
        for key in KEY.findall(path.read_text(encoding="utf-8"))
    }
    assert cited == set(rows)


def test_only_documents_that_are_here_are_mentioned():
    absent = re.compile(r"\b(?:ledger|style\.md|house\.md|design\.md|stage [A-F]\b)", re.I)
    folders = [ROOT / name for name in ("lsfref", "tests", "golden")]
    for path in [*ROOT.glob("*.md"), *(p for folder in folders for p in folder.rglob("*"))]:
        if path.suffix in (".py", ".md", ".c", ".sh") and path != Path(__file__):
            assert not absent.search(path.read_text(encoding="utf-8")), path


def test_the_changelog_begins_with_this_version():
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(r"^## (\S+)", text, re.M)[1] == lsfref.__version__
    assert f"\nversion: {lsfref.__version__}\n" in (ROOT / "CITATION.cff").read_text("utf-8")
