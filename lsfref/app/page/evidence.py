"""What preset `best` looked at: who said what, people and motion found, its numbers (X7 to X12).

In: an answerer of the preset and the vector of a video.  Out: Evidence, and its HTML.
"""

from typing import NamedTuple

import numpy as np

from lsfref.app.page import charts, marks, pixels
from lsfref.app.page.shell import WORDS, figure, folded, shown
from lsfref.arrays import Bools, Floats
from lsfref.media.ffmpeg import PathLike
from lsfref.study.best import people, pictures
from lsfref.study.best.experts import Experts, answer_rows, seen_by
from lsfref.study.best.preset import Answerer
from lsfref.study.best.vectors import MOMENTS, read_frames

FAR = 4.0  # standard deviations: numbers further from those of the training clips are drawn there


class Sight(NamedTuple):
    """A frame, and its windows that move and look like people; without one, the most alike."""

    frame: int
    score: float  # of the most alike
    grey_HW: Floats
    moving_HW: Bools
    corners_N22: Floats  # (x, y) of left upper and right lower corners, the most alike first


class Evidence(NamedTuple):
    """All of it; first the frame with the window most like a person, none where no window moves.

    `families` hold distances from the training clips.

    `experts` hold, by task, what each of them says: {class: share}.
    """

    experts: dict[str, dict[str, dict[str, float]]]
    sights: list[Sight]
    families: dict[str, Floats]


def evidence_of(system: Answerer, path: PathLike, vector_V: Floats) -> Evidence:
    """Return the Evidence of a video, described as `vector_V`."""
    said: dict[str, dict[str, dict[str, float]]] = {}
    for task, experts in system.experts.items():
        said[task] = {}
        for name, classifier in experts.classifiers.items():
            if seen_by(name, vector_V[None])[0]:
                alone = Experts({name: classifier}, {name: 1.0})
                shares_C = answer_rows(alone, vector_V[None], system.choices)[0].tolist()
                classes = system.model.tasks[task].classes
                said[task][name] = dict(zip(classes, shares_C, strict=True))
    extras = system.model.extras
    assert extras is not None
    families = from_training(vector_V, extras.arrays["vectors_MV"])
    return Evidence(said, sights_of(system, path), families)


def sights_of(system: Answerer, path: PathLike) -> list[Sight]:
    """Return the Sights of a video, looked for as `people` does (X10)."""
    seen, sights = pictures.look(read_frames(path, system.model.config)), []
    plan = pictures.plan(seen.n_frames, seen.kept.keys())
    for look, grey_HW, moving_HW in seen.looks(plan):
        counts_hw = people.cumulated(moving_HW)
        scores: list[Floats] = [np.empty(0)]
        corners: list[Floats] = [np.empty((0, 2, 2))]
        for windows in people.search(grey_HW):
            moves_HW = people.moving_share(counts_hw, windows) > people.MOVING
            places_N2 = np.argwhere(moves_HW)
            sides_N22 = np.stack([places_N2, places_N2 + people.WINDOW + 1], axis=1) * people.CELL
            scores.append(windows.scores_HW[moves_HW])
            corners.append((sides_N22 * windows.scale_2)[:, :, ::-1])
        score_N = np.concatenate(scores)
        if len(score_N):
            order = np.argsort(-score_N, kind="stable")[: max(1, np.sum(score_N > 0))]
            found = grey_HW, moving_HW, np.concatenate(corners)[order]
            sights.append(Sight(look, float(score_N[order[0]]), *found))
    return sorted(sights, key=lambda sight: -sight.score)


def from_training(vector_V: Floats, vectors_MV: Floats) -> dict[str, Floats]:
    """Return, by family of numbers, how far they are from the mean of the training clips, in
    standard deviations of those, FAR at most."""
    spread_V = vectors_MV.std(axis=0)
    apart_V = (vector_V - vectors_MV.mean(axis=0)) / np.where(spread_V > 0, spread_V, np.inf)
    seen_V, start = np.clip(apart_V, -FAR, FAR)[MOMENTS:], pictures.PARTS["statistics"].start
    families = {name: seen_V[pictures.PARTS[name]] for name in ("changes", "people")}
    for name, n in pictures.FAMILIES.items():
        families[name], start = seen_V[start : start + n], start + n
    return families


def drawn_sight(sight: Sight, *, longest: int = pixels.WIDEST) -> str:
    """Return a frame with its windows and what moves on it, as HTML."""
    canvas = pixels.Canvas(sight.grey_HW, dim=0.8, longest=longest)
    canvas.dot(np.argwhere(sight.moving_HW)[:, ::-1].astype(float), marks.SKY, radius=0)
    around_N52 = sight.corners_N22[:, [[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]], [0, 1]]
    canvas.line(around_N52[1:], marks.PURPLE)
    canvas.line(around_N52[:1], marks.ORANGE)
    alt = f"Frame {sight.frame} with the windows most like people, and the pixels that move"
    more = len(sight.corners_N22) - 1
    too = f", {more} more above 0 {marks.swatch(marks.PURPLE)}" if more else ""
    return figure(
        pixels.png(canvas.pixels, alt),
        f"Frame {sight.frame}: the window most like a person {marks.swatch(marks.ORANGE)} of "
        f"those that move, with a score of {shown(sight.score)} (people are mostly above 0){too}, "
        f"and the pixels taken for moving {marks.swatch(marks.SKY)}.",
    )


def evidence(found: Evidence) -> str:
    """Return what was looked at, beside what each expert said, as HTML."""
    body = "<p>No window of the size of a person moves enough.</p>"
    if found.sights:
        body, others = drawn_sight(found.sights[0]), found.sights[1:]
        small = "".join(drawn_sight(sight, longest=pixels.WIDEST // 2) for sight in others)
        body += folded("The other frames looked at", small) if others else ""
    drawn = "".join(
        figure(charts.bars(far, f"Numbers of {name}"), f"{name}: {len(far)} numbers")
        for name, far in found.families.items()
    )
    words = WORDS["families"].format(far=shown(FAR))
    summary = "The numbers of each family, against those of the training clips"
    return f"<h2>What was looked at</h2>{body}{folded(summary, words + drawn)}"
