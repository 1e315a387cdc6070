"""What a user should know: why a video or a list cannot be used, and what a fit is worth."""

from collections.abc import Sequence

import numpy as np

from lsfref.arrays import Floats, Ints
from lsfref.config import Config
from lsfref.errors import LsfrefError, VideoError
from lsfref.media.ffmpeg import PathLike
from lsfref.model import LabeledVideo, Model
from lsfref.phases.phase2 import neighbor_count
from lsfref.storage.files import printable
from lsfref.trajectories import TRACK_LENGTH


def unusable(path: PathLike, n_frames: int, n_points: int, config: Config) -> str | None:
    """Return why a video with so many frames and trajectories is not used (D1), None if it is."""
    name = printable(path)
    if n_points >= max(1, config.min_points):
        return None
    if n_frames <= TRACK_LENGTH:
        frames = "1 frame" if n_frames == 1 else f"{n_frames} frames"
        return f"{name}: {frames}; a trajectory needs {TRACK_LENGTH + 1}"
    if n_points == 0:
        return f"{name}: no trajectories: nothing moves, or nothing has texture"
    return f"{name}: only {n_points} trajectories; lower min_points to accept it"


def check_finite(path: PathLike, picked_pD: Floats, rows_p: Ints) -> None:
    """Raise VideoError where one of the rows that were picked is not finite."""
    finite_p = np.isfinite(picked_pD).all(axis=1)
    if not finite_p.all():
        row = rows_p[finite_p.argmin()]
        raise VideoError(f"{printable(path)}: descriptor row {row} is not finite; leave it out")


def check_classes(
    videos: Sequence[LabeledVideo], classes: dict[str, tuple[str, ...]], skipped: Sequence[str]
) -> None:
    """Raise LsfrefError unless every class still has a video and there are two of each task."""
    more = f" and {len(skipped) - 1} more" if skipped[1:] else ""
    why = f"; skipped: {skipped[0]}{more}" if skipped else ""
    if "background" not in classes:
        raise LsfrefError("no background labels: LSFNet is trained on them; label some videos")
    for task, names in classes.items():
        if len(names) < 2:
            raise LsfrefError(f"{task}: only the class '{names[0]}'; label videos of a second one")
        left = {getattr(v, task) for v in videos}
        empty = [name for name in names if name not in left]
        if empty:
            raise LsfrefError(f"{task}: no usable video of class '{empty[0]}' is left{why}")


def fit_warnings(model: Model) -> list[str]:
    """Return what is odd about a fitted model: K against the index and its classes (G4)."""
    remarks = []
    for name, task in model.tasks.items():
        n = len(task.rows_m)
        k, wanted = neighbor_count(model.config, n), model.config.n_neighbors
        if model.config.k_rule == "fixed" and wanted > n:
            remarks.append(f"{name}: K = {wanted} exceeds the {n} indexed videos; all of them vote")
        elif k > n / 10 and model.config.k_rule == "fixed":
            remarks.append(f"{name}: K = {k} neighbors of {n} videos is more than a tenth of them")
        sizes_C = np.bincount(task.labels_m, minlength=len(task.classes))
        for c in np.flatnonzero(sizes_C * len(task.classes) < k):
            remarks.append(
                f"{name}: class '{task.classes[c]}' has {sizes_C[c]} videos; K = {k} outvotes it"
            )
    return remarks
