"""What preset `best` adds to a Config: X1 to X15, each with a row in CHOICES.md."""

from dataclasses import dataclass, replace

from lsfref.config import PRESETS, choice
from lsfref.study.classifiers.logistic import Kernel

NAME = "best"
BACKGROUND = "background"
CONFIG = replace(PRESETS["small"], enlarge=2)  # of its trajectories (X15)


@dataclass(frozen=True)
class Choices:
    """What preset `best` adds to a Config."""

    moments: str = choice(
        "frames", "X1", "moments of a video: mean; deviation too; that of its frames too",
        "frames deviation mean",
    )  # fmt: skip
    mirror: str = choice("yes", "X2", "describe a video and its mirror image as one", "yes no")
    kernel: str = choice("gaussian", "X3", "likeness of two videos", "gaussian linear")
    gamma: float = choice(1.0, "X4", "kernel's narrowness: tracks, changes", least=1e-6, most=1e6)
    gamma_few: float = choice(0.3, "X14", "kernel's narrowness: few columns", least=1e-6, most=1e6)
    cost: float = choice(60.0, "X5", "weight of the errors against smoothness", least=1e-6)
    limit: float = choice(4.0, "X11", "z-scores beyond it count as it", least=1e-3)
    changes: float = choice(0.5, "X7", "share of the changes beside the tracks, background", most=1)
    statistics: float = choice(
        0.5, "X8", "share of the picture statistics in the background answer", most=1
    )
    people: float = choice(0.5, "X9", "share of the people in the foreground answer", most=1)
    gate: str = choice("yes", "X10", "people in windows that move, too", "yes no")
    trackless: str = choice("yes", "X12", "learn from and answer videos without tracks", "yes no")

    def likeness(self, *, few: bool = False) -> Kernel:
        """Return the kernel of many columns (X4), or of few (X14)."""
        return Kernel(self.kernel, self.gamma_few if few else self.gamma, self.limit)

    def shares(self, task: str) -> dict[str, float]:
        """Return {expert: share} of the answer to a task where there are tracks; they add up to 1.

        Choices: X7 X8 the background is the tracks', the changes' and the statistics'. X9 the
                 foreground is the tracks' and the people's.
        """
        if task != BACKGROUND:
            return {"tracks": 1 - self.people, "people": self.people}
        rest = 1 - self.statistics
        return {
            "tracks": rest * (1 - self.changes),
            "changes": rest * self.changes,
            "statistics": self.statistics,
        }
