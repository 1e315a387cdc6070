"""The command line: which commands there are, and how every one of them ends.

Exit status: 0 all good; 1 some inputs failed, the others are done; 2 usage; 3 model, label list or
output unusable; 130 interrupted; a closed pipe ends quietly. Each command is a module of
`commands` with `add_arguments(parser)` and `run(args) -> status`, imported when it is asked for.
"""

import argparse
import contextlib
import functools
import importlib
import os
import signal
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from lsfref.app.work import signals

for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")  # before numpy: jobs are the parallelism, bytes stay the same

COMMANDS = {
    "train": "fit both tasks from labelled videos, or from the built-in scenes",
    "classify": "answer both questions about videos",
    "retrieve": "list the indexed videos most similar to a video",
    "check": "read a label list, decode every video, say what is wrong",
    "add": "put labelled videos into the index of a model",
    "evaluate": "measure accuracy by the paper's protocol on your own data",
    "compare": "the paper's Table 1 and Figure 3 for your own data",
    "scenes": "render the built-in labelled videos",
    "extract": "write the dense trajectories of videos",
    "explain": "one page that walks a video through all ten stages",
    "trace": "write every stage's inputs and outputs",
    "conform": "compare another implementation's numbers with ours, stage by stage",
    "inspect": "say what a model file holds",
}


def build_parser(command: str | None) -> argparse.ArgumentParser:
    """Return the parser; only the asked command's own arguments are filled in."""
    parser = argparse.ArgumentParser(
        prog="run.py",
        description="lsfref: video classification by loss switching fusion and similarity search.",
        epilog="`run.py COMMAND --help` documents each flag with its default.",
    )
    parser.add_argument("--version", action=Versions, help="print what computes here, and leave")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, text in COMMANDS.items():
        child = commands.add_parser(
            name, help=text, description=text[0].upper() + text[1:] + ".", allow_abbrev=False,
            formatter_class=argparse.ArgumentDefaultsHelpFormatter,
        )  # fmt: skip
        child.add_argument("--debug", action="store_true", help="show the traceback of an error")
        if name == command:
            importlib.import_module(f"{__package__}.commands.{name}").add_arguments(child)
    return parser


class Versions(argparse.Action):
    """`--version`: the versions of lsfref and of all that computes."""

    def __init__(self, option_strings: Sequence[str], dest: str, **rest: Any) -> None:
        super().__init__(option_strings, dest, nargs=0, **rest)

    def __call__(self, parser: argparse.ArgumentParser, *_rest: Any) -> NoReturn:
        from lsfref.model import versions

        print(", ".join(f"{name} {version}" for name, version in versions().items()))
        parser.exit(0)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status; every error is one sentence on stderr."""
    argv = sys.argv[1:] if argv is None else list(argv)
    if sys.platform == "win32":
        print("lsfref runs on Linux, macOS and WSL; on Windows, start it in WSL", file=sys.stderr)
        return 2
    command = next((word for word in argv if not word.startswith("-")), None)

    def fail(message: str, status: int) -> int:
        with contextlib.suppress(BrokenPipeError):
            print(f"run.py {command}: {message}", file=sys.stderr)
        return status

    def terminated(*_rest: object) -> NoReturn:
        raise SystemExit(143)

    for stream in (sys.stdout, sys.stderr):  # names are any: a narrow terminal escapes, not fails
        with contextlib.suppress(AttributeError):
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]

    hook, previous = sys.unraisablehook, None
    sys.unraisablehook = functools.partial(signals.told_again, hook)
    with contextlib.suppress(ValueError):  # not in the main thread
        previous = signal.signal(signal.SIGTERM, terminated)
    try:
        with signals.held(signal.SIGINT, signal.SIGTERM):  # an import stopped halfway says anything
            args = build_parser(command).parse_args(argv)
            module = importlib.import_module(f"{__package__}.commands.{args.command}")
        status = module.run(args)
        sys.stdout.flush()
        return status
    except KeyboardInterrupt:
        return fail("interrupted", 130)
    except BrokenPipeError:  # whoever read our output has left
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as fault:
        from lsfref.app.options import UsageError
        from lsfref.errors import LsfrefError, NoTrajectoriesError, VideoError
        from lsfref.storage.files import printable

        if "--debug" in argv or not isinstance(fault, (LsfrefError, OSError, MemoryError)):
            raise
        if isinstance(fault, LsfrefError):
            statuses = {UsageError: 2, VideoError: 1, NoTrajectoriesError: 1}
            return fail(str(fault), statuses.get(type(fault), 3))
        if isinstance(fault, MemoryError):
            return fail("out of memory; use fewer --jobs or --preset small", 3)
        where = printable(fault.filename) + ": " if fault.filename is not None else ""
        return fail(f"{where}{fault.strerror or fault}", 3)
    finally:
        sys.unraisablehook = hook
        if previous is not None:
            signal.signal(signal.SIGTERM, previous)
