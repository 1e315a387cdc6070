"""The golden case of the whole: a made-up clip through a small fixed model, from grey to answers.

Trajectories, descriptors, codes, pooled code; for each task Fisher scores, the kept features, the
hashes of the indexed videos and of the clip, neighbors, shares of the votes, the answer.
"""

from dataclasses import replace

import numpy as np

from golden.cases.base import Case, Kind, Output, Replay
from golden.cases.gaps import FollowGaps
from golden.cases.network import network, network_axes, parameters_of
from golden.cases.numbers import bells, texture, whole
from golden.cases.search import fisher_margin, search_margin, vote_margin
from golden.cases.tracks import INFO_TEXT, TRACK_OUTPUTS, TrackLog
from lsfref import config as settings_of
from lsfref import lsh, pooling
from lsfref.kernels.scaling import Scaling, apply_scaling
from lsfref.model import Encoder
from lsfref.phases import phase2, streaming, testing
from lsfref.phases.streaming import of_length

TASKS = {"background": 3, "foreground": 2}
CONFIG = settings_of.Config(
    n_scales=2, input_scaling="rms", n_code=7, hidden=(17,), n_projections=11, n_neighbors=5
)


SETTINGS = {
    name: getattr(CONFIG, name)
    for name in ("flow", "n_scales", "input_scaling", "fisher", "voting")
    if hasattr(CONFIG, name)
}


class _Fields:
    """Watches stages 1 and 2 over a video, and keeps layers and flows."""

    def __init__(self):
        self.layers, self.flows = [], {0: [], 1: []}

    def watch(self, _stage, name, array, *, frame, scale):
        if name == "grey_HW" and scale == 1:
            self.layers.append(array.copy())
        elif name == "flow_HW2":
            self.flows[scale].append(array.copy())

    def outputs(self):
        return {
            "layer_1_Fhw": np.stack(self.layers),
            "flow_0_fHW2": np.stack(self.flows[0]),
            "flow_1_fhw2": np.stack(self.flows[1]),
        }


def _extract(t, watch=None):
    frames = iter(t["frames_FHW"])
    return streaming.extract_frames(frames, flow=CONFIG.flow, n_scales=CONFIG.n_scales, watch=watch)


def run_whole(t, _settings):
    fields, tracks = _Fields(), TrackLog()

    def watch(*shown, **where):
        fields.watch(*shown, **where)
        tracks.watch(*shown, **where)

    blocks = list(_extract(t, watch))
    config = replace(CONFIG, n_neighbors=int(t["k"]), top_percent=float(t["top_percent"]))
    descriptors_PD = np.concatenate([b.descriptors_PD for b in blocks])
    scaling = Scaling(CONFIG.input_scaling, t["mean_D"], t["scale_D"])
    encode = Encoder(scaling, parameters_of(t))
    pooled = pooling.pool_codes([b.descriptors_PD for b in blocks], encode)
    out = fields.outputs() | tracks.outputs()
    out |= {
        "info_P10": of_length(np.concatenate([b.info_P10 for b in blocks]), len(t["frames_FHW"])),
        "descriptors_PD": descriptors_PD,
        "scaled_PD": apply_scaling(scaling, descriptors_PD),
        "codes_PE": encode(descriptors_PD),
        "pooled_E": pooled.pooled_E,
        "n_points": np.int64(pooled.n_points),
    }
    for name, n_classes in TASKS.items():
        rng = Replay([t[f"{name}_directions_TNQ"]])
        classes = tuple(map(str, range(n_classes)))
        task = phase2.fit_task(t["index_ME"], t[f"{name}_labels_M"], classes, config, rng=rng)
        neighbors, squared = testing.search(task, pooled.pooled_E[None], config)
        votes = testing.votes_of(task, pooled.pooled_E[None], config)
        query_1Q = pooled.pooled_E[None, task.selected_Q]
        found = {
            "scores_E": task.scores_E,
            "selected_Q": task.selected_Q,
            "index_hashes_TmN": task.hashes_CmN,
            "query_hashes_T1N": lsh.hash_features(query_1Q, task.directions_CNQ),
            "neighbors_T1K": neighbors,
            "squared_distances_T1K": squared,
            "confidence_1C": votes.confidence_MC,
            "decision_1": votes.decision_M,
        }
        out |= {f"{name}_{key}": value for key, value in found.items()}
    return out


def whole_margin(t, _settings, out):
    """Return the least gap of all decisions on the way; integer votes are far apart or tied."""
    gaps = FollowGaps()
    for _ in _extract(t, watch=gaps.watch):
        pass
    least = gaps.least
    for name in TASKS:
        own = {k.removeprefix(f"{name}_"): v for k, v in out.items() if k.startswith(name)}
        renamed = {
            "index_hashes_TmN": own["index_hashes_TmN"],
            "query_hashes_TMN": own["query_hashes_T1N"],
            "neighbors_TMK": own["neighbors_T1K"],
            "confidence_MC": own["confidence_1C"],
        }
        least = min(least, fisher_margin({}, {}, own), search_margin({}, {}, renamed))
        least = min(least, vote_margin({}, {}, renamed))
    return least


_TASK_OUTPUTS = {
    "scores_E": "paper Eq. (1), stage 8",
    "selected_Q": "the kept features, best first, stage 8",
    "index_hashes_TmN": "hashes of the indexed videos, stage 9",
    "query_hashes_T1N": "hashes of the clip, stage 9",
    "neighbors_T1K": "the K nearest, places among the labeled videos, stage 9",
    "squared_distances_T1K": "and their squared distances, stage 9",
    "confidence_1C": "shares of the votes, stage 10",
    "decision_1": "the answer, stage 10",
}
WHOLE = Kind(
    "whole",
    "11_end_to_end",
    run_whole,
    {
        "layer_1_Fhw": Output("stage 1: the second layer of each frame (`pyramid`); A3", "loops"),
        "flow_0_fHW2": Output(
            "stage 2: from frame f to f + 1, pixels of layer 0; A2 FL1 to FL12", "loops"
        ),
        "flow_1_fhw2": Output("stage 2: the same in pixels of layer 1; A2 FL1 to FL12", "loops"),
        **TRACK_OUTPUTS,
        "info_P10": Output(INFO_TEXT, "loops"),
        "descriptors_PD": Output(
            "stage 4: the 426 columns of each valid track (`scales` of 04_descriptors)", "loops"
        ),
        "scaled_PD": Output("stage 5: (row - mean) / scale; A11", "loops"),
        "codes_PE": Output("stage 5: encode(scaled row); C5", "loops"),
        "pooled_E": Output("stage 7: mean of the codes", "loops"),
        "n_points": Output("stage 7: the number of trajectories", "loops"),
        **{
            f"{task}_{name}": Output(text, "loops")
            for task in TASKS
            for name, text in _TASK_OUTPUTS.items()
        },
    },
    whole_margin,
    axes=network_axes,
)


def _clip(n_frames, shape):
    """Return frames of a patterned ground that drifts, and on it a square that goes its own way."""
    frames = []
    for f in range(n_frames):
        frame = texture(shape, seed=1101, at=(-f * 5 / 8, -f * 2 / 8))
        top, left = 5 + f // 2, shape[1] - 24 - (3 * f) // 4
        frame[top : top + 17, left : left + 17] = texture((17, 17), seed=1102)
        frames.append(frame)
    return np.array(frames)


def _whole_case():
    labels = whole((13,), seed=1105, high=3)
    humans = whole((13,), seed=1106, high=2)
    humans[4] = -1
    yield Case(
        WHOLE,
        "clip",
        "17 frames of 47 x 53 px, two layers, a network 426-17-7-17-426, 13 indexed videos",
        "how the stages are joined: the stages' own cases agree",
        {
            "frames_FHW": _clip(17, (47, 53)),
            "index_ME": bells((13, 7), seed=1103) / 4,
            "background_labels_M": labels,
            "foreground_labels_M": humans,
        },
        {
            **network((426, 17, 7, 3), seed=1110, spread=2**-4),
            "mean_D": (bells((426,), seed=1107) + 16) / 128,
            "scale_D": np.full(426, 0.0625),
            "k": np.int64(CONFIG.n_neighbors),
            "top_percent": np.float64(CONFIG.top_percent),
        },
        {
            "background_directions_TNQ": bells((3, 11, 4), seed=1108),
            "foreground_directions_TNQ": bells((2, 11, 4), seed=1109),
        },
        settings=SETTINGS,
        single=False,
        whole=True,
    )


CASES = [*_whole_case()]
