"""Plants faults in a copy of lsfref and looks whether `conform` sees each one, and where.

    python tests/mutate.py [--automatic 100] [--seed 0] [--only PATTERN] [--no-planted]

Planted faults are mistakes that a port makes. Automatic ones change one token of a stage module: an
operator, a comparison, a number, an index, an axis, a truth value. For each, the outputs of all
golden cases are recomputed by the broken copy and compared by `run.py conform`. Nothing in the
checkout is written. The outcome is a table; status 1 if a planted fault was missed, was blamed on
another stage, or an automatic one survived that equivalent.txt does not explain.
"""

import argparse
import ast
import contextlib
import io
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import numpy  # noqa: E402  (before the forks, so that each does not load it again)
import scipy.ndimage  # noqa: E402
import scipy.sparse  # noqa: E402, F401

ROOT = Path(__file__).resolve().parents[1]
SECONDS = 120  # after which a fault that hangs is taken for seen

# Where a fault of a module must show first. Of video.py only what follows decoding is looked at.
STAGE_OF = {
    "video": "01_video",
    "kernels.pyramid": "01_video 02_flow",
    "kernels.filters": "02_flow",
    "kernels.medians": "02_flow",
    "flow": "02_flow",
    "cited.farneback": "02_flow",
    "phases.motion": "02_flow",
    "trajectories": "03_trajectories",
    "descriptors": "04_descriptors",
    "phases.streaming": "03_trajectories 04_descriptors",
    "phases.sampling": "05_lsfnet",
    "kernels.scaling": "05_lsfnet",
    "lsfnet": "05_lsfnet",
    "switching": "06_switching",
    "pooling": "07_pooling",
    "fisher": "08_fisher",
    "lsh": "09_lsh",
    "kernels.shortlists": "09_lsh",
    "voting": "10_voting",
}
ONLY = {"video": ("grey_luma", "grey_8bit"), "phases.motion": ("steps",)}


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--automatic", type=int, default=100, help="how many, drawn from all")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", help="faults whose module or text holds this")
    parser.add_argument("--no-planted", action="store_true")
    parser.add_argument(
        "--quick", action="store_true", help="recompute the stage of the fault alone"
    )
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        copy_checkout(Path(folder))
        bad = 0
        planted = [] if args.no_planted else [f for f in planted_faults() if args.only in str(f)]
        bad |= report("Planted faults", planted, Path(folder), args.quick, exact=True)
        sites = [site for site in automatic_faults() if args.only in str(site)]
        drawn = random.Random(args.seed).sample(sites, min(args.automatic, len(sites)))
        drawn.sort(key=sites.index)
        title = f"Automatic faults, of {len(sites)}"
        bad |= report(title, drawn, Path(folder), args.quick, exact=False)
    return bad


def copy_checkout(folder):
    """Copy the package and the cases; the stored tensors stay where they are."""
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "lsfref", folder / "lsfref", ignore=ignore)
    (folder / "golden").mkdir()
    for path in (ROOT / "golden").glob("*.py"):
        shutil.copy(path, folder / "golden")
    shutil.copytree(ROOT / "golden" / "cases", folder / "golden" / "cases")


def source_of(folder, module):
    """Return where the source of a module of lsfref lies in a checkout."""
    return folder.joinpath("lsfref", *module.split(".")).with_suffix(".py")


def planted_faults(listed="faults.txt"):
    """Return (heading, module, label, broken source) of each fault in a list."""
    found, lost, stage = [], [], ""
    text = Path(__file__).with_name(listed).read_text(encoding="utf-8")
    for part in text.strip().split("\n\n"):
        if part.startswith("#"):
            stage = part.removeprefix("# ")
            continue
        title, *lines = part.split("\n")
        module, _, label = title.partition(": ")
        old = "\n".join(line[2:] for line in lines if line.startswith("-"))
        new = "\n".join(line[2:] for line in lines if line.startswith("+"))
        source = source_of(ROOT, module).read_text(encoding="utf-8")
        if source.count(old) != 1:
            lost.append(f"{title}: stands {source.count(old)} times in the code")
        found.append((stage, module, label, source.replace(old, new)))
    if lost:
        raise SystemExit("\n".join([f"{listed} does not fit the code:", *lost]))
    return found


def explained(module, label, listed="equivalent.txt"):
    """Return why a change of one token changes no number, from a list, or None."""
    text = Path(__file__).with_name(listed).read_text(encoding="utf-8")
    for line in text.splitlines():
        place, part, reason = [*line.split(" :: "), "", ""][:3]
        if place == module and all(piece in label for piece in part.split(" ... ")):
            return reason
    return None


def report(title, faults, folder, quick, *, exact):
    """Run the faults, print the table, return 1 if one was missed."""
    print(f"\n{title}: {len(faults)}\n")
    print("| stage | module | fault | seen | first stage that differs | case |")
    print("| --- | --- | --- | --- | --- | --- |", flush=True)
    caught, bad, seconds = 0, 0, time.monotonic()
    for stage, module, label, source in faults:
        first = run_broken(folder, module, source, stage if quick else None)
        where, case = first or (None, None)
        right = where is not None and where in stage.split()
        reason = explained(module, label)
        caught += right if exact else where is not None
        if exact:
            bad += not right
        elif where is None:
            bad += reason is None
        seen = "yes" if where else "no" + (f": {reason}" if reason else "")
        stage_text = stage if exact else STAGE_OF[module]
        print(f"| {stage_text} | {module} | {label} | {seen} | {where} | {case} |", flush=True)
    seconds = time.monotonic() - seconds
    print(f"\n{caught} of {len(faults)} seen, {bad} unexplained, {seconds:.0f} s", flush=True)
    return int(bad > 0)


def run_broken(folder, module, source, stages=None):
    """Return (stage, case) that `conform` names first for the broken copy, None where it passes."""
    target = source_of(folder, module)
    whole = target.read_text(encoding="utf-8")
    target.write_text(source, encoding="utf-8")
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        try:
            with contextlib.redirect_stderr(io.StringIO()):
                first = conform(folder, stages.split() if stages else None)
        except BaseException as fault:
            first = ["(none)", type(fault).__name__]
        with os.fdopen(writing, "w") as pipe:
            json.dump(first, pipe)
        os._exit(0)
    os.close(writing)
    signal.signal(signal.SIGALRM, lambda *_: os.kill(child, signal.SIGKILL))
    signal.alarm(SECONDS)
    with os.fdopen(reading) as pipe:
        told = pipe.read()
    os.waitpid(child, 0)
    signal.alarm(0)
    target.write_text(whole, encoding="utf-8")
    return json.loads(told) if told else ["(hangs)", "killed"]


def conform(folder, stages=None):
    """In the child: recompute with the broken copy, compare, return the first difference."""
    sys.dont_write_bytecode = True
    sys.path.insert(0, str(folder))
    sys.argv = ["make.py"]
    from golden import make
    from lsfref.app import cli
    from lsfref.storage.recorder import STAGES

    make.GOLDEN = ROOT / "golden"
    numpy.seterr(all="ignore")
    with tempfile.TemporaryDirectory() as out:
        make.write_outputs(Path(out) / "port", "float64", stages or STAGES)
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            command = ["conform", f"{out}/port", "--against", str(ROOT / "golden"), "--json"]
            status = cli.main([*command, "--stages", ",".join(stages or STAGES)])
    last = json.loads(said.getvalue().splitlines()[-1])
    if (status == 0) != (last["first"] is None):
        raise AssertionError(f"status {status}, {last}")
    return last["first"] and [last["first"]["stage"], last["first"]["case"]]


# One token at a time.

OPERATORS = {
    ast.Add: ("+", "-"), ast.Sub: ("-", "+"), ast.Mult: ("*", "/"), ast.Div: ("/", "*"),
    ast.FloorDiv: ("//", "/"), ast.Mod: ("%", "*"), ast.Pow: ("**", "*"),
    ast.LShift: ("<<", ">>"), ast.RShift: (">>", "<<"), ast.BitAnd: ("&", "|"),
    ast.BitOr: ("|", "&"), ast.Lt: ("<", "<="), ast.LtE: ("<=", "<"), ast.Gt: (">", ">="),
    ast.GtE: (">=", ">"), ast.Eq: ("==", "!="), ast.NotEq: ("!=", "=="), ast.And: ("and", "or"),
    ast.Or: ("or", "and"),
}  # fmt: skip


def automatic_faults():
    """Return (stages, module, label, broken source) of every change of one token of a stage."""
    return [(STAGE_OF[fault[0]], *fault) for fault in broken_sources(STAGE_OF)]


def broken_sources(modules):
    """Return (module, label, broken source) of every change of one token of some modules."""
    found = []
    for module in modules:
        source = source_of(ROOT, module).read_text(encoding="utf-8")
        for line, first, last, new in sorted(set(sites_of(ast.parse(source), source, module))):
            lines = source.splitlines(keepends=True)
            old = lines[line - 1]
            lines[line - 1] = old[:first] + new + old[last:]
            label = f"`{old.strip()}`: `{old[first:last]}` at {first} to `{new}`"
            found.append((module, label.replace("|", "\\|"), "".join(lines)))
    return found


def sites_of(tree, source, module):
    """Yield (line, first column, last column, new text) of tokens that carry numbers."""
    lines = source.splitlines()
    for node in walk(tree, module):
        if isinstance(node, ast.BinOp):
            yield from between(lines, node.left, node.right, node.op)
        elif isinstance(node, ast.BoolOp):
            for left, right in zip(node.values, node.values[1:], strict=False):
                yield from between(lines, left, right, node.op)
        elif isinstance(node, ast.Compare) and len(node.ops) == 1:
            yield from between(lines, node.left, node.comparators[0], node.ops[0])
        elif isinstance(node, ast.AugAssign):
            yield from between(lines, node.target, node.value, node.op)
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            yield node.lineno, node.col_offset, node.col_offset + 1, ""
        elif isinstance(node, ast.Constant) and node.lineno == node.end_lineno:
            place = (node.lineno, node.col_offset, node.end_col_offset)
            if isinstance(node.value, bool):
                yield (*place, str(not node.value))
            elif isinstance(node.value, int):
                yield (*place, str(node.value + 1))
                if node.value:
                    yield (*place, str(node.value - 1))
            elif isinstance(node.value, float):
                yield (*place, repr(node.value * 1.25 if node.value else 1.0))


def between(lines, left, right, operator):
    """Yield the site of an operator that stands between two expressions on one line."""
    old, new = OPERATORS.get(type(operator), (None, None))
    if old is None or left.end_lineno != right.lineno:
        return
    text = lines[left.end_lineno - 1].encode()[left.end_col_offset : right.col_offset].decode()
    if text.count(old) == 1:
        first = left.end_col_offset + text.index(old)
        yield left.end_lineno, first, first + len(old), new


def walk(tree, module):
    """Yield the nodes that compute: no annotations, messages, or checks of arguments."""
    wanted = ONLY.get(module)

    def visit(node):
        if isinstance(node, ast.FunctionDef):
            for part in [*node.args.defaults, *node.args.kw_defaults, *node.body]:
                if part is not None:
                    yield from visit(part)
        elif isinstance(node, ast.Raise | ast.Import | ast.ImportFrom | ast.JoinedStr):
            return
        elif isinstance(node, ast.If) and all(isinstance(part, ast.Raise) for part in node.body):
            for part in node.orelse:
                yield from visit(part)
        elif isinstance(node, ast.AnnAssign):
            if node.value is not None:
                yield from visit(node.value)
        else:
            yield node
            for part in ast.iter_child_nodes(node):
                yield from visit(part)

    for node in tree.body:
        if wanted is None or getattr(node, "name", None) in wanted:
            yield from visit(node)


if __name__ == "__main__":
    sys.exit(main())
