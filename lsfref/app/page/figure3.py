"""Figure 3 for one's own data: the spaces of PCA, the autoencoder alone and LSFNet, side by side.

In: the spaces of one fold, a row a video.  Out: an SVG; the numbers stand under each map (H7).
"""

from collections.abc import Mapping, Sequence

import numpy as np

from lsfref.app.page.figures import Column, Panel, figure_svg, map_2d
from lsfref.arrays import Bools, Floats, Ints
from lsfref.study.protocol.protocol import TaskLabels
from lsfref.study.table1.rows import SPACES
from lsfref.study.table1.separation import scatter_ratio, silhouette

NOTE = (
    "Maps of the spaces in the first fold, drawn without knowledge of the labels. Filled marks are "
    "videos that were asked, open marks are those learned from: only the filled ones say how well "
    "a space separates what it has not seen. The numbers are of the whole space, not of the map, "
    "and of the filled marks alone."
)


def figure3(
    spaces: Mapping[str, Floats], asked_M: Bools, tasks: Sequence[TaskLabels], rows: Ints
) -> str:
    """Return the SVG. `rows` are the numbers, among the tasks' labels, of the videos in the spaces.

    asked_M tells which of those rows were not learned from.
    """
    maps = {kind: map_2d(space) for kind, space in spaces.items()}
    columns = []
    for task in tasks:
        labels = task.labels_M[rows]
        known = labels >= 0
        panels = [
            Panel(
                SPACES[kind],
                maps[kind].points_M2[known],
                labels[known],
                asked_M[known],
                (maps[kind].name, separation(space[known & asked_M], labels[known & asked_M])),
            )
            for kind, space in spaces.items()
        ]
        columns.append(Column(f"{task.name} motion", task.classes, tuple(panels)))
    return figure_svg(columns, title="Feature spaces of both tasks")


def separation(features_MQ: Floats, labels_M: Ints) -> str:
    """Return silhouette and scatter ratio in one line, or why there are none."""
    if len(np.unique(labels_M)) < 2:
        return "fewer than two classes were asked"
    return (
        f"silhouette {silhouette(features_MQ, labels_M):+.2f}, between / within "
        f"{scatter_ratio(features_MQ, labels_M):.2f} ({len(labels_M)} asked)"
    )
