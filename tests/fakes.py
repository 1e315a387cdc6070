"""Features without videos: rows drawn from a file's name, so that protocols are tested quickly."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from lsfref.errors import Notice
from lsfref.model import LabeledVideo
from lsfref.phases.extraction import Extraction
from lsfref.phases.streaming import Block
from lsfref.study.protocol.answering import answer_as

CLASSES = {"background": ("normal", "rain", "tree waving"), "foreground": ("none", "human")}


def ask(system, path, **how):
    """What a system answers for a video."""
    return answer_as(system, system.describe(path, **how))


@dataclass(frozen=True)
class FakeExtract:
    """Rows around a center that the labels in a file's name decide: `rain-human-3-g1.mp4`.

    `strength` 0: labels say nothing. Files in `poisoned` have huge values; `sizes` gives their
    number of rows where it is not 23. Picklable; counts nothing.
    """

    strength: float = 1.0
    poisoned: frozenset = frozenset()
    sizes: dict = field(default_factory=dict)

    def __call__(self, path, config, **_more):
        return Extraction(self.blocks(Path(path).name, config), 23)

    def blocks(self, name, config):
        background, foreground, *_rest = name.split("-")
        rng = np.random.default_rng(list(name.encode()))
        center = np.random.default_rng(list(background.encode())).normal(size=426)
        center[:200] += np.random.default_rng(list(foreground.encode())).normal(size=426)[:200]
        n = self.sizes.get(name, 23)
        rows = 0.3 * self.strength * center + rng.normal(size=(n, 426))
        if name in self.poisoned:
            rows *= 1e6
        for start in range(0, n, 13):
            part = rows[start : start + 13]
            yield Block(np.zeros((len(part), 10)), part.astype(config.dtype))


def videos(*, per_class=8, groups=None, rng=None):
    """Return labeled videos, sorted by name; with `rng` the labels told are drawn anew."""
    made = []
    for background in CLASSES["background"]:
        for i in range(per_class):
            foreground = CLASSES["foreground"][i % 2]
            group = None if groups is None else f"g{i % groups}"
            name = f"{background}-{foreground}-{i}-{group}.mp4"
            made.append(LabeledVideo(name, name, background, foreground, group))
    made.sort()
    if rng is not None:
        told = [made[i] for i in rng.permutation(len(made))]
        made = [
            v._replace(background=t.background, foreground=t.foreground)
            for v, t in zip(made, told, strict=True)
        ]
    return made


class Fake:
    """An extract whose rows follow from the bytes of the file; it counts how often it works."""

    def __init__(self, *, n_points=5003, per_block=97, warnings=()):
        self.n_points, self.per_block, self.warnings = n_points, per_block, warnings
        self.calls = 0

    def __call__(self, path, config, **_more):
        self.calls += 1
        notices = [Notice("video", text) for text in self.warnings]
        return Extraction(self.blocks(path, config), 23, None, notices)

    def blocks(self, path, config):
        rng = np.random.default_rng(list(Path(path).read_bytes()))
        for start in range(0, self.n_points, self.per_block):
            n = min(self.per_block, self.n_points - start)
            info_P10 = rng.random((n, 10))
            info_P10[:, 0] = 14 + 9 * start // self.n_points
            yield Block(info_P10, rng.random((n, 426)).astype(config.dtype))


def rows(found):
    blocks = list(found)
    return [np.concatenate(part) for part in zip(*blocks, strict=True)]


def same(one, other):
    return all(a.dtype == b.dtype and np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def entries(folder):
    return sorted(folder.glob("*.npz"))
