"""Progress on stderr: a bar on a terminal, else one line per stage, nothing when quiet."""

import contextlib
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from lsfref.app.work.workers import Mapper
from lsfref.model import Trained
from lsfref.phases.extraction import Resume
from lsfref.storage.files import printable
from lsfref.switching import State

UNITS = {
    "training": "passes",
    "folds": "folds",
    "networks": "folds",
    "rows": "pieces",
    "long video": "frames",
}
ONE = {"passes": "pass"}  # of units, where it is no plural without its s
EVERY = 0.1  # seconds between two drawings


class Progress:
    """Call it with (stage, done, of); it draws ten times a second at most; stage "" is silent."""

    def __init__(self, *, quiet: bool) -> None:
        self.quiet = quiet
        terminal = bool(sys.stderr) and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
        self.bar = terminal and not quiet
        self.bold = self.bar and not os.environ.get("NO_COLOR")
        self.stage = ""
        self.began = self.drawn = 0.0
        self.said: set[str] = set()
        self.causes: list[str] = []

    def __call__(self, stage: str, done: int, of: int) -> None:
        """Show that `done` of `of` are done in this stage."""
        if self.quiet or not stage:
            return
        now = time.monotonic()
        if stage != self.stage:
            self.clear()
            self.stage, self.began, self.drawn = stage, now, 0.0
            if not self.bar:
                unit = UNITS.get(stage, "videos")
                unit = ONE.get(unit, unit[:-1]) if of == 1 else unit
                tell(f"{stage}: {of or 'many'} {unit}")
        if self.bar and (done >= of > 0 or now - self.drawn > EVERY):
            self.drawn = now
            self._draw(done, of, seconds=now - self.began)

    def _draw(self, done: int, of: int, *, seconds: float) -> None:
        name = f"\x1b[1m{self.stage}\x1b[0m" if self.bold else self.stage
        width = max(4, min(30, shutil.get_terminal_size().columns - len(self.stage) - 36))
        filled = "#" * (width * done // max(of, 1))
        text = f"{name} [{filled:<{width}}] {done}/{of}  {speed(done, seconds)}"
        if of == 0:  # nobody knows how many there are
            tell(f"\r\x1b[K{name} {done}  {speed(done, seconds)}", end="")
        elif done < of:
            left = clock((of - done) * seconds / done) if done else "?"
            tell(f"\r\x1b[K{text}  {left} left", end="")
        else:
            tell(f"\r\x1b[K{text}  {clock(seconds)}")
            self.stage = ""

    def each(
        self,
        mapper: Mapper,
        stage: str,
        function: Callable[..., Any],
        items: Sequence[Any],
        *more: Iterable[Any],
    ) -> Iterator[Any]:
        """Yield function(item, ...) in order, as `Work.each` does, and show how many are done."""
        self(stage, 0, len(items))
        for done, result in enumerate(mapper(function, items, *more), start=1):
            self(stage, done, len(items))
            yield result

    def training(self, resume: Resume, *training: Any) -> tuple[State | None, Callable[..., None]]:
        """Return what `resume` does, and show every pass."""
        (state, keep), epochs = resume(*training), training[-1].epochs

        def after(state: State) -> None:
            self("training", len(state.curves[0]), epochs)
            if keep:
                keep(state)

        self("training", len(state.curves[0]) if state else 0, epochs)
        return state, after

    def clear(self) -> None:
        """End a bar that is half drawn."""
        if self.bar and self.stage:
            tell("")
            self.stage = ""

    def explain(self, lines: Iterable[str]) -> None:
        """Print lines that say what was understood, unless quiet."""
        for line in () if self.quiet else lines:
            self.say(line)

    def report(self, warnings: Iterable[str], error: str | None, *, fate: str = "error") -> None:
        """Print what is wrong with one input, even when quiet; `fate` is what an error means."""
        for text in warnings:
            self.say(f"warning: {printable(text)}")
        if error:
            self.causes.append(printable(error))
            self.say(f"{fate}: {self.causes[-1]}")

    def conclude(self, of: int) -> int:
        """Return the exit status of `of` inputs, 1 where one failed; say how many of several."""
        n_failed = len(self.causes)
        if n_failed and of > 1:  # the causes were said as they came
            self.say(f"{of - n_failed} ok, {n_failed} failed")
        return 1 if n_failed else 0

    def report_fit(self, trained: Trained) -> None:
        """Print the warnings of a fit and the videos that it left out, even when quiet."""
        self.report(trained.warnings, None)
        for text in trained.skipped:
            self.say(f"skipped: {printable(text)}")

    def say(self, text: str) -> None:
        """Print a line between bars, once; warnings are said even when quiet."""
        if text in self.said:
            return
        self.said.add(text)
        self.clear()
        tell(text)


def tell(text: str, end: str = "\n") -> None:
    """Write to stderr; where it is closed or full, the result goes out all the same."""
    if sys.stderr is not None:
        with contextlib.suppress(OSError, ValueError):
            print(text, end=end, file=sys.stderr, flush=True)


def speed(done: int, seconds: float) -> str:
    """Return how many a second, or a minute where they are slow."""
    rate = done / max(seconds, 1e-9)
    return f"{rate:.1f}/s" if rate >= 1 else f"{60 * rate:.1f}/min"


def clock(seconds: float) -> str:
    """Return h:mm:ss or m:ss."""
    minutes, second = divmod(int(seconds + 0.5), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"
