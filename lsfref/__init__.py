"""The map of lsfref: the ten stages of the paper [WHM19], each in a module of its own.

stage  module           paper       out
1      video            3.1         frames_FHW
2      flow             [26]        flow_HW2
3      trajectories     2.1, [26]   points_PS2
4      descriptors      2.1, [26]   descriptors_PD
5      lsfnet           2.2, Fig 2  losses, gradients
6      switching        2.2, 3.2    parameters
7      pooling          2.3         pooled_ME
8      fisher           2.3, Eq. 1  selected_Q
9      lsh              2.4         neighbors_TMK
10     voting           2.4         confidence_MC

`model` is the fitted system, `pipeline` is Figure 1, `config` holds every choice that the paper
leaves open: CHOICES.md beside it says why, REFERENCES.md what the works in brackets are. `arrays`
and `errors` are the ground. The wings, from the ground up:

storage   numbers on disk: files written whole, arrays, recorded stages and their comparison
kernels   arrays in, arrays out, what stages share: filters, pyramids, scaling, shortlists
media     what a video file is: containers, ffmpeg, decoding, writing
cited     what the paper cites and the default replaces: Farneback's flow, the camera's homography
phases    the arrows of Figure 1: streaming, sampling, both training phases, testing
scenes    the drawn videos that a model can be trained on without any
study     what the paper compares with, its protocol, and preset `best`
app       what a person touches: commands, label lists, work on many videos, pages

The public names, imported as they are first used:

read_labels   the label list of a CSV: `videos`, and `classes` for `train`
train         a model of labeled videos, with what was skipped and what is to be known
classify      the answers of both tasks for one video, of preset `best` too
retrieve      the indexed videos most similar to one
save, load    a model to a file and back
Config        every choice; PRESETS: `paper` and `small`
read_frames   the grey frames of a video (stage 1)
dense_flow    the flow between two frames (stage 2)
extract       the trajectories of a video with their descriptors (stages 1 to 4)
fisher_score  Eq. (1); select_top: the best features by it (stage 8)
"""

TYPE_CHECKING = False  # typing itself may not be imported here: see __main__
if TYPE_CHECKING:
    from typing import Any

    from lsfref.app.evaluation.systems import classify
    from lsfref.app.lists.manifest import read_labels
    from lsfref.config import PRESETS, Config
    from lsfref.fisher import fisher_score, select_top
    from lsfref.flow import dense_flow
    from lsfref.model import load, save
    from lsfref.pipeline import extract, retrieve, train
    from lsfref.video import read_frames

__version__ = "2.0.0"
__all__ = [
    "PRESETS", "Config", "classify", "dense_flow", "extract", "fisher_score", "load", "read_frames",
    "read_labels", "retrieve", "save", "select_top", "train",
]  # fmt: skip
_HOMES = {
    "app.evaluation.systems": ("classify",),
    "app.lists.manifest": ("read_labels",),
    "config": ("PRESETS", "Config"),
    "fisher": ("fisher_score", "select_top"),
    "flow": ("dense_flow",),
    "model": ("load", "save"),
    "pipeline": ("extract", "retrieve", "train"),
    "video": ("read_frames",),
}


def __getattr__(name: str) -> "Any":
    """Return a public name, imported from its module when it is first asked for."""
    from importlib import import_module

    for home, names in _HOMES.items():
        if name in names:
            return globals().setdefault(name, getattr(import_module(f"lsfref.{home}"), name))
    raise AttributeError(f"module 'lsfref' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
