"""What `evaluate` and `compare` share about videos: who can be asked, and about what."""

import functools
from collections.abc import Mapping

import numpy as np

from lsfref.app.lists.manifest import Manifest, part
from lsfref.app.output import counted
from lsfref.app.work.session import Session
from lsfref.config import Config
from lsfref.errors import LabelsError
from lsfref.phases.passes import Pooled, survey
from lsfref.phases.phase2 import labels_of
from lsfref.phases.sampling import Describe
from lsfref.storage.files import printable
from lsfref.study.protocol.evaluate import Counted
from lsfref.study.protocol.protocol import TaskLabels, Tasks
from lsfref.trajectories import TRACK_LENGTH


def labeled(manifest: Manifest) -> Manifest:
    """Return the videos that carry a label of some task; the others cannot be asked."""
    wanted = [bool(v.background or v.foreground) for v in manifest.videos]
    left_out = wanted.count(False)
    notes = [f"{counted(left_out, 'video')} without labels left out"] if left_out else []
    return part(manifest, wanted)._replace(notes=[*manifest.notes, *notes])


def count(
    manifest: Manifest,
    config: Config,
    doing: Session,
    *,
    quiet: bool = False,
    describe: Describe = survey,
    known: Mapping[str, Pooled] | None = None,
) -> tuple[Manifest, Counted, int]:
    """Return the videos that can be read, their trajectories, and how many cannot.

    `known` is what `describe` made of each, by its name, where it did.

    A video without trajectories stays and is asked (D4, E2). One that cannot be read, or is too
    short for any, is nobody's fault but the file's: it is left out, and named (unless `quiet`).
    """
    look = functools.partial(describe, config=config, extract=doing.work.extract)
    paths = [v.path for v in manifest.videos]
    if known is None:
        surveys = list(doing.work.each("extracting", look, paths))
    else:
        surveys = [known[v.name] for v in manifest.videos]
    for found in () if quiet else surveys:
        fate = "without trajectories" if found.n_frames > TRACK_LENGTH else "left out"
        doing.progress.report(found.warnings, found.error, fate=fate)
    readable = [not found.error or found.n_frames > TRACK_LENGTH for found in surveys]
    counts_M = np.array([0 if s.error else s.n_points for s in surveys], dtype=np.int64)
    kept = part(manifest, readable)
    made = () if describe is survey else surveys
    described = [found for found, yes in zip(made, readable, strict=False) if yes]
    videos = Counted([v.path for v in kept.videos], counts_M[readable], described)
    return kept, videos, readable.count(False)


def task_labels(manifest: Manifest, *, network: bool = True) -> Tasks:
    """Return the tasks that have labels. Raises LabelsError where nothing can be asked.

    `network`: LSFNet is to be trained, on the labels of the background.
    """
    classes = {name: names for name, names in manifest.classes.items() if names}
    for name, names in classes.items():
        if len(names) == 1:
            why = f"{name}: only the class '{printable(names[0])}'; label videos of a second"
            raise LabelsError(f"{manifest.source}: {why}")
    if network and "background" not in classes:
        why = "no background labels: LSFNet is trained on them; label some videos"
        raise LabelsError(f"{manifest.source}: {why}")
    labels = labels_of(manifest.videos, classes)
    return [TaskLabels(name, classes[name], labels[name]) for name in classes]
