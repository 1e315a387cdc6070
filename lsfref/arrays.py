"""How arrays are named: `name_AXES`, one letter an axis, digits for a fixed size.

A lower-case letter is a subset of the axis with the same upper-case letter: `class_mE` holds some
of the M videos. Displacements are (dx right, dy down) in pixels, and positions are (x, y).
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]
Ints = NDArray[np.integer]
Bools = NDArray[np.bool_]

AXES = {
    "F": "frames",
    "H": "rows of an image",
    "W": "columns of an image",
    "P": "tracked points, one row a trajectory",
    "A": "pixels of a layer, row after row",
    "O": "vote planes of a layer, one a direction and field (33)",
    "Z": "boxes around people on one frame",
    "L": "displacements of a trajectory (15)",
    "S": "points of a trajectory (16)",
    "D": "elements of a descriptor (426)",
    "J": "hidden units",
    "I": "units of a second hidden layer",
    "E": "elements of a code (128)",
    "B": "rows of a batch",
    "M": "videos",
    "C": "classes of a task",
    "Q": "features kept by the Fisher score (64)",
    "T": "hash tables searched: one a class, or all stacked in one",
    "N": "projections of one hash function",
    "K": "neighbours",
    "U": "epochs",
    "G": "Gaussians of a mixture",
    "V": "columns of a feature table, one row a video",
    "R": "principal or canonical directions kept",
    "Y": "rounds of a protocol: repetitions of the folds times drawn (N, K)",
}

# The columns of a descriptor (A12); with both halves of MBH joined, the paper's four descriptors.
COLUMNS = {
    "trajectory": slice(0, 30),
    "hog": slice(30, 126),
    "hof": slice(126, 234),
    "mbhx": slice(234, 330),
    "mbhy": slice(330, 426),
}
N_COLUMNS = COLUMNS["mbhy"].stop
DESCRIPTORS = {name: COLUMNS[name] for name in ("trajectory", "hog", "hof")}
DESCRIPTORS["mbh"] = slice(COLUMNS["mbhx"].start, N_COLUMNS)
