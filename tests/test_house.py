"""The house: arrows run one way, the map is right, every choice has its row."""

import ast
import functools
import io
import re
import tokenize
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
pytestmark = pytest.mark.unwatched
PACKAGE = ROOT / "lsfref"
STAGES = "video flow trajectories descriptors lsfnet switching pooling fisher lsh voting".split()
DATA_FLOW = {("switching", "lsfnet"), ("descriptors", "trajectories")}
ID = re.compile(r"\b(?:FL|[A-HRSTVX])[0-9]{1,2}\b")


@functools.cache
def modules():
    return {".".join(p.relative_to(ROOT).with_suffix("").parts): p for p in PACKAGE.rglob("*.py")}


@functools.cache
def imports(path):
    """The names of lsfref's modules that a file imports, at its top or inside functions."""
    known, found = modules(), set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        else:
            continue
        found.update(name for name in names if name in known)
    return found


GROUND = {"arrays", "config", "errors", "__init__"}
ROOT_MODULES = {*STAGES, *GROUND, "model", "pipeline", "__main__"}
FLOOR = {  # an arrow runs downwards or stays on its floor
    "ground": 0,
    "storage": 1, "kernels": 1, "media": 2, "cited": 3, "stages": 3,
    "model": 4,
    "phases": 5,
    "pipeline": 6,
    "study": 7, "scenes": 7,
    "app": 8, "__main__": 9,
}  # fmt: skip


def wing(name):
    """The wing of a module: its folder, or what it is in the root."""
    first, *rest = name.removeprefix("lsfref.").split(".")
    if rest or first in FLOOR:
        return first
    return "stages" if first in STAGES else "ground"


def test_every_module_of_the_root_is_a_stage_or_one_of_seven():
    assert {path.stem for path in PACKAGE.glob("*.py")} <= ROOT_MODULES


def test_arrows_run_down_the_floors():
    wrong = [
        (name, other)
        for name, path in modules().items()
        for other in imports(path)
        if name != "lsfref.__init__" and FLOOR[wing(other)] > FLOOR[wing(name)]
    ]
    assert not wrong


def test_no_circles():
    edges = {name: imports(path) - {name} for name, path in modules().items()}
    done = set()

    def visit(name, above):
        assert name not in above, f"circle: {' -> '.join([*above, name])}"
        if name not in done:
            for other in edges[name]:
                visit(other, [*above, name])
            done.add(name)

    for name in edges:
        visit(name, [])


def test_stages_import_other_stages_only_along_the_data():
    wrong = {
        (stage, other.removeprefix("lsfref."))
        for stage in STAGES
        for other in imports(PACKAGE / f"{stage}.py")
        if other.removeprefix("lsfref.") in STAGES
    }
    assert wrong <= DATA_FLOW


def test_no_run_time_package_but_the_four():
    allowed = {"numpy", "scipy", "imageio", "imageio_ffmpeg", "lsfref"}
    allowed_where_present = {"umap", "dask", "distributed"}
    import sys

    for name, path in modules().items():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                tops = {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                tops = {node.module.partition(".")[0]}
            else:
                continue
            assert tops <= allowed | allowed_where_present | sys.stdlib_module_names, name


# What the workers of a run do, in a folder of its own that no other user may enter.
OWN_PICKLE = "lsfref.app.work.workers", "import pickle"


def test_nothing_runs_code_from_data():
    for name, path in modules().items():
        tree = ast.parse(path.read_text())
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id not in {"eval", "exec", "compile"}, name
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                text = ast.unparse(node)
                found = re.findall(r"\b(pickle|joblib|marshal|shelve)\b", text)
                assert found == (["pickle"] if (name, text) == OWN_PICKLE else []), name
            if isinstance(node, ast.keyword):
                assert node.arg != "shell", name
                if node.arg == "allow_pickle":
                    assert ast.unparse(node.value) == "False", name


@pytest.mark.parametrize(("number", "stage"), list(enumerate(STAGES, start=1)))
def test_the_map_the_modules_and_the_readme_agree(number, stage):
    docstring = ast.get_docstring(ast.parse((PACKAGE / f"{stage}.py").read_text()))
    assert docstring.startswith(f"Stage {number} of 10")
    the_map = ast.get_docstring(ast.parse((PACKAGE / "__init__.py").read_text()))
    assert re.search(rf"^{number} +{stage}\b", the_map, re.M)
    assert re.search(rf"^\| {number} \| `{stage}\.py`", (ROOT / "README.md").read_text(), re.M)
    assert list((ROOT / "golden").glob(f"{number:02}_{stage}")) or stage == "video"


def test_every_cited_choice_has_a_row_and_every_row_is_cited():
    rows = set(re.findall(r"^\| ([A-Z]+\d+) \|", (PACKAGE / "CHOICES.md").read_text(), re.M))
    sources = [*modules().values(), *PACKAGE.rglob("*.json")]
    cited = {found for path in sources for found in ID.findall(path.read_text())}
    assert cited - rows == set(), "cited in the code, no row in CHOICES.md"
    not_built = {"V3", "V4"}
    assert rows - cited - not_built == set(), "a row in CHOICES.md that no code cites"


def test_every_config_field_names_its_choice():
    import dataclasses

    from lsfref.config import Config

    rows = set(re.findall(r"^\| ([A-Z]+\d+) \|", (PACKAGE / "CHOICES.md").read_text(), re.M))
    for field in dataclasses.fields(Config):
        assert set(field.metadata["ids"]) <= rows, field.name
        assert field.metadata["text"]


def test_every_folder_says_what_may_live_there():
    for path in PACKAGE.rglob("__init__.py"):
        about = ast.get_docstring(ast.parse(path.read_text())) or ""
        assert about.partition("\n\n")[0].endswith("."), path


# A test file for each module

WITHOUT = {  # a module without a test file of its name, and where it is held
    "arrays": "names, no code: test_conftest.py holds arrays to them",
    "errors": "classes without code",
    "cited.medians": "beside the other networks, in kernels/test_medians.py",
    "app.lists.rows": "types; the readers of lists give them",
    "study.table1.rows": "a table, each row of which test_compare.py runs",
}


def test_every_module_has_a_test_file_of_its_name():
    names = {name.removeprefix("lsfref.") for name in modules() if "__" not in name}
    missing = {name for name in names if not test_file(name).exists()}
    assert missing == set(WITHOUT)


def test_file(name):
    *above, last = name.split(".")
    return (ROOT / "tests").joinpath(*above, f"test_{last}.py")


test_file.__test__ = False


# Budgets, in code lines: lines that hold a token other than a comment or docstring

LAYOUT = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT}


def code_lines(source):
    """The numbers of the lines of a source that hold code."""
    docstrings = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            docstrings.update(range(node.lineno, node.end_lineno + 1))
    held = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in LAYOUT and token.string:
            held.update(range(token.start[0], token.end[0] + 1))
    return held - docstrings


@functools.cache
def size_of(path):
    return len(code_lines(path.read_text()))


def test_code_lines_by_hand():
    source = '"""Title.\n\nMore.\n"""\n\nX = """a\n\nb"""  # why\n\n# no\ndef f(a,\n      b):\n'
    assert sorted(code_lines(source + '    """Doc."""\n    return a  # b\n')) == [
        6,
        7,
        8,
        11,
        12,
        14,
    ]


BESIDE = {"growth", "timeline", "advice", "__init__"}  # of phases: not between frames and answer


def on_the_path(name):
    wing_of, _, last = name.removeprefix("lsfref.").rpartition(".")
    if not wing_of:
        return last in {*STAGES, "arrays", "config", "pipeline"}
    return wing_of in ("kernels", "phases") and last not in BESIDE


BUDGETS = [  # (what, its modules, at most)
    ("from frames to answer", on_the_path, 1800),
    ("lsfref", lambda name: True, 12000),
    ("scenes", lambda name: name.startswith("lsfref.scenes."), 1500),
    ("study/best", lambda name: name.startswith("lsfref.study.best."), 1000),
    ("app/page", lambda name: name.startswith("lsfref.app.page."), 1350),
    ("pipeline", lambda name: name == "lsfref.pipeline", 90),
    ("video", lambda name: name == "lsfref.video", 60),
    ("lsh", lambda name: name == "lsfref.lsh", 65),
]


@pytest.mark.parametrize(("what", "belongs", "most"), BUDGETS)
def test_budgets(what, belongs, most):
    n = sum(size_of(path) for name, path in modules().items() if belongs(name))
    print(f"{what}: {n} of {most} code lines")  # pytest -s, or -rP
    assert n <= most


def test_no_file_is_over_250_lines():
    assert {name: size_of(path) for name, path in modules().items() if size_of(path) > 250} == {}


LONG = {  # why a function is over 50 lines
    ("lsfref.model", "_load"): "one check after the other, in the order of trust",
    ("lsfref.switching", "train_network"): "the training loop, to be read in one place",
    ("lsfref.phases.growth", "add"): "what grows, array by array",
}


def test_no_function_is_over_50_lines():
    long = {}
    for name, path in modules().items():
        source = path.read_text()
        held = code_lines(source)
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.FunctionDef):
                n = len(held & set(range(node.lineno, node.end_lineno + 1)))
                if n > 50 and (name, node.name) not in LONG:
                    long[f"{name}.{node.name}"] = n
    assert not long
