"""Progress on stderr: a bar on a terminal, else one line per stage, nothing when quiet."""

import os
import shutil
import sys
import time

UNITS = {"training": "passes", "folds": "folds"}


class Progress:
    """Call it with (stage, done, of); it draws at most ten times a second."""

    def __init__(self, *, quiet: bool) -> None:
        self.quiet = quiet
        self.bar = not quiet and sys.stderr.isatty()
        self.bold = self.bar and not os.environ.get("NO_COLOR")
        self.stage = ""
        self.began = self.drawn = 0.0

    def __call__(self, stage: str, done: int, of: int) -> None:
        """Show that `done` of `of` are done in this stage."""
        if self.quiet:
            return
        now = time.monotonic()
        if stage != self.stage:
            self.clear()
            self.stage, self.began, self.drawn = stage, now, 0.0
            if not self.bar:
                print(f"{stage}: {of} {UNITS.get(stage, 'videos')}", file=sys.stderr, flush=True)
        if self.bar and (done >= of or now - self.drawn > 0.1):
            self.drawn = now
            rate = done / max(now - self.began, 1e-9)
            left = (of - done) / rate if done else 0.0
            width = max(10, min(30, shutil.get_terminal_size().columns - 60))
            filled = "#" * (width * done // max(of, 1))
            name = f"\x1b[1m{stage}\x1b[0m" if self.bold else stage
            text = f"{name} [{filled:<{width}}] {done}/{of}  {rate:.1f}/s  {clock(left)} left"
            sys.stderr.write(f"\r\x1b[K{text}")
            sys.stderr.flush()
            if done >= of:
                sys.stderr.write("\n")
                self.stage = ""

    def clear(self) -> None:
        """End a bar that is half drawn."""
        if self.bar and self.stage:
            sys.stderr.write("\n")
            self.stage = ""

    def say(self, text: str) -> None:
        """Print a line between bars; warnings are said even when quiet."""
        self.clear()
        print(text, file=sys.stderr, flush=True)


def clock(seconds: float) -> str:
    """Return h:mm:ss or m:ss."""
    minutes, second = divmod(int(seconds + 0.5), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"
