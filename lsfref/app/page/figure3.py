"""Figure 3 for one's own data: the spaces of PCA, the autoencoder alone and LSFNet, side by side.

In: the spaces of one fold, one row per video.  Out: HTML; the numbers stand under each map (H7).
"""

import importlib.util
import math
from collections.abc import Mapping

import numpy as np

from lsfref.app.page import charts
from lsfref.app.page.marks import class_numbers, legend
from lsfref.app.page.shell import text
from lsfref.arrays import Bools, Floats, Ints
from lsfref.study.protocol.protocol import Tasks
from lsfref.study.table1.pca import fit_pca, project
from lsfref.study.table1.rows import SPACES
from lsfref.study.table1.separation import scatter_ratio, silhouette


def map_2d(features_MQ: Floats) -> tuple[Floats, str]:
    """Return points_M2 of an unsupervised map, and what made it.

    That is UMAP [MHM18] where it is installed, else two components (H7).

    Labels are never shown to it: a supervised map would separate anything.
    """
    if importlib.util.find_spec("umap") is not None and len(features_MQ) > 15:
        import umap

        mapper = umap.UMAP(n_neighbors=15, min_dist=0.0, n_components=2, random_state=42)
        return np.asarray(mapper.fit_transform(features_MQ), dtype=float), "UMAP"
    fitted = fit_pca(features_MQ, n_components=2)
    projected_MR = project(fitted, features_MQ)
    points_M2 = np.pad(projected_MR, ((0, 0), (0, 2 - projected_MR.shape[1])))
    return points_M2, f"PCA, {fitted.shares_R.sum():.0%} of the variance"


def figure3(spaces: Mapping[str, Floats], asked_M: Bools, tasks: Tasks, rows_M: Ints) -> str:
    """Return the maps of each task under one legend.

    rows_M are the numbers, among the tasks' labels, of the videos in the spaces; asked_M says which
    of them were not learned from.
    """
    maps = {kind: map_2d(space) for kind, space in spaces.items()}
    classes = [name for task in tasks for name in task.classes]
    parts = []
    for task in tasks:
        labels_M = task.labels_M[rows_M]
        known = labels_M >= 0
        numbers = np.array([class_numbers(classes)[name] for name in task.classes])[labels_M]
        panels = ""
        for kind, space in spaces.items():
            name, asked = SPACES[kind], known & asked_M
            points_M2, maker = maps[kind]
            alt = f"{name}: map of the {task.name} classes"
            drawn = charts.scatter(points_M2[known], numbers[known], alt, filled_M=asked_M[known])
            notes = (maker, separation(space[asked], labels_M[asked]))
            words = "".join(f"<p>{text(note)}</p>" for note in notes)
            panels += f"<div><h4>{text(name)}</h4>{drawn}{words}</div>"
        head = f"<h3>{text(task.name.capitalize())} motion</h3>{legend(classes, task.classes)}"
        parts.append(f'{head}<div class="panels">{panels}</div>')
    return "".join(parts)


def separation(features_MQ: Floats, labels_M: Ints) -> str:
    """Return silhouette and scatter ratio in one line, or why there are none."""
    if len(np.unique(labels_M)) < 2:
        return "fewer than two classes were asked"
    ratio = scatter_ratio(features_MQ, labels_M)
    shown = f"{ratio:.2f}" if math.isfinite(ratio) else "infinite"
    scatter = f"between / within {shown} ({len(labels_M)} asked)"
    return f"silhouette {silhouette(features_MQ, labels_M):+.2f}, {scatter}"
