"""The command line: which commands there are, and how every one of them ends.

Each command is a module of `commands` with `run(args) -> status`; its flags are in `flags.json`. It
is imported when it is needed, and numpy with it, after the threads are set.
"""

import argparse
import contextlib
import functools
import importlib
import signal
import sys
from collections.abc import Iterator, Sequence
from typing import Any, NoReturn

from lsfref.app import flags, manual, streams
from lsfref.app.work import machine, signals
from lsfref.errors import LsfrefError, NoTrajectoriesError, UsageError, VideoError
from lsfref.storage.files import printable

STATUSES = """exit status:
  0    all good; a closed pipe ends quietly
  1    some inputs failed, the others are done
  2    usage
  3    model, label list or output unusable, or a package is missing
  130  interrupted"""


def build_parser(command: str | None, program: str = "lsfref") -> argparse.ArgumentParser:
    """Return the parser; only the asked command's own arguments are filled in."""
    parser = argparse.ArgumentParser(
        prog=program,
        description="lsfref: video classification by loss switching fusion and similarity search.",
        epilog=f"`{program} COMMAND --help` documents each flag with its default.\n\n{STATUSES}",
        formatter_class=manual.Formatter,
    )
    told = "print what computes here, and leave"
    parser.add_argument("--version", action=Versions, nargs=0, help=told)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, text in flags.COMMANDS.items():
        child = commands.add_parser(
            name, help=text, description=text[0].upper() + text[1:] + ".", allow_abbrev=False,
            formatter_class=manual.Formatter,
        )  # fmt: skip
        child.add_argument("--debug", action="store_true", help="show the traceback of an error")
        child.set_defaults(parser=child)
        if name == command:
            flags.add_command(child, name)
            manual.add_manual(child, name)
    return parser


class Versions(argparse.Action):
    """`--version`: the versions of lsfref and of all that computes."""

    def __call__(self, parser: argparse.ArgumentParser, *_rest: Any) -> NoReturn:
        from lsfref.model import versions

        print(", ".join(f"{name} {version}" for name, version in versions().items()))
        parser.exit(0)


def main(argv: Sequence[str] | None = None, *, program: str = "lsfref") -> int:
    """Run one command and return its exit status; every error is one sentence on stderr.

    `program` is what the user started, for usage and messages.
    """
    argv = sys.argv[1:] if argv is None else list(argv)
    command = next((word for word in argv if not word.startswith("-")), None)
    machine.use_one_thread()
    machine.keep_freed_memory()
    with streams.usable(), ended_by_signals():
        try:
            return run(argv, command, program)
        except KeyboardInterrupt:
            message, status = "interrupted", 130
        except BrokenPipeError:  # whoever read our output has left
            streams.lead_nowhere(1)
            return 0
        except Exception as fault:
            if getattr(fault, "filename", None) == streams.STDOUT:
                streams.lead_nowhere(1)
            message, status = explanation(fault)
            if not message or "--debug" in argv:
                raise
        print(f"{' '.join(filter(None, [program, command]))}: {message}", file=sys.stderr)
        return status


def run(argv: Sequence[str], command: str | None, program: str) -> int:
    """Run one command and return its exit status; what goes wrong is raised."""
    try:
        # An import that a signal stops halfway says anything.
        with signals.held(signal.SIGINT, signal.SIGTERM):
            parser = build_parser(command, program)
            args, unknown = parser.parse_known_args(argv)
            own = vars(args).pop("parser")  # not for workers: it cannot be sent to them
            if unknown:
                own.error(f"unrecognized arguments: {' '.join(map(printable, unknown))}")
            module = importlib.import_module(f"{__package__}.commands.{args.command}")
        try:
            return module.run(args)
        except UsageError:
            own.print_usage(sys.stderr)
            raise
    finally:
        sys.stdout.flush()


def explanation(fault: Exception) -> tuple[str, int]:
    """Return the sentence for an error and the exit status; an empty one for a fault of ours."""
    if isinstance(fault, LsfrefError):
        statuses = {UsageError: 2, VideoError: 1, NoTrajectoriesError: 1}
        return str(fault), statuses.get(type(fault), 3)
    if isinstance(fault, MemoryError):
        return "out of memory; use fewer --jobs or --preset small", 3
    if isinstance(fault, ImportError):
        package = (fault.name or "").partition(".")[0]
        first = str(fault).strip().partition("\n")[0]
        what = f"package {package} is not installed" if package else first
        cure = "activate the environment, or pip install -r requirements.txt"
        return ("" if package == "lsfref" else f"{what}; {cure}"), 3
    if isinstance(fault, OSError):
        where = "" if fault.filename is None else f"{printable(fault.filename)}: "
        return f"{where}{fault.strerror or fault}", 3
    return "", 3


@contextlib.contextmanager
def ended_by_signals() -> Iterator[None]:
    """Let TERM end a block as an exception, and Ctrl-C and TERM in a destructor come again."""

    def terminated(*_rest: object) -> NoReturn:
        raise SystemExit(143)

    hook, previous = sys.unraisablehook, None
    sys.unraisablehook = functools.partial(signals.told_again, hook)
    with contextlib.suppress(ValueError):  # not in the main thread
        previous = signal.signal(signal.SIGTERM, terminated)
    try:
        yield
    finally:
        sys.unraisablehook = hook
        if previous is not None:
            signal.signal(signal.SIGTERM, previous)
