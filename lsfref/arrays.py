"""How arrays are named: `name_AXES`, one letter an axis, digits for a fixed size.

Frames are F images of H rows and W columns; P trajectories have D numbers each, and E of a code; M
videos are of C classes. `storage/axes.json` has all letters. A lower-case letter is a subset of the
axis with the same upper-case letter: `class_mE` holds some of the M videos. Displacements are
(dx right, dy down) in pixels, and positions are (x, y).
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]
Ints = NDArray[np.integer]
Bools = NDArray[np.bool_]

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
