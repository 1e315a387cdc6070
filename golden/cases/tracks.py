"""Golden cases of stages 3 and 4: points that start, move and are judged; what describes them."""

import numpy as np

from golden.cases.base import Case, Kind, Output
from golden.cases.gaps import FollowGaps, inside_gap, judge_gap, rint_gap, sample_gap, still_gap
from golden.cases.numbers import bells, texture, whole
from lsfref import descriptors, trajectories
from lsfref.phases import motion, streaming

JUDGED = {
    "static": trajectories.STATIC,
    "erratic": trajectories.ERRATIC,
    "jump": trajectories.JUMP,
    "jump_share": trajectories.JUMP_SHARE,
    "camera": trajectories.CAMERA,
}
SAMPLED = {"grid": trajectories.GRID, "quality": trajectories.QUALITY}
FOLLOWED = {**SAMPLED, **JUDGED, "track_length": trajectories.TRACK_LENGTH}
VOTED = {"still": descriptors.STILL}
DESCRIBED = {"patch": descriptors.PATCH, "runs": descriptors.TIME_CELLS, **VOTED}
DESCRIBED |= {"epsilon": descriptors.EPSILON}
SIDE = 3 * 2**-8  # added to flows of eighths: no position is ever half-way between two pixels


# Stage 3, step by step.


def run_sample(t, _settings):
    seeds = trajectories.sample(t["grey_HW"], t["live_P2"])
    return {
        "strength_HW": seeds.strength_HW,
        "threshold": np.asarray(seeds.threshold),
        "occupied_hw": seeds.occupied_hw.astype(np.int64),
        "points_p2": seeds.points_P2,
    }


SAMPLE = Kind(
    "sample",
    "03_trajectories",
    run_sample,
    {
        "strength_HW": Output(
            "(a+c)/2 - sqrt(((a-c)/2)^2 + b^2); a, b, c the 3x3 sums of dx dx, dx dy, dy dy; dx, dy"
            " 3x3 Sobel (1 2 1), not scaled; image and products mirrored without repeating the edge"
            " pixel; A4",
            "loops, scipy",
        ),
        "threshold": Output("0.001 max(strength); A4", "loops"),
        "occupied_hw": Output(
            "1: a live point is in this 5x5 cell, floor(x / 5), floor(y / 5); beyond the last whole"
            " cell it occupies none; A4",
            "loops",
        ),
        "points_p2": Output(
            "(x, y) = (5 j + 2, 5 i + 2) of each whole 5x5 cell that is not occupied and whose"
            " strength there is above the threshold, row by row; A4",
            "loops",
        ),
    },
    lambda t, _s, out: sample_gap(t["live_P2"], **out),
    constants=SAMPLED,
)


def run_move(t, _settings):
    moves_P2 = trajectories.read_flow(t["flow_HW2"], t["points_P2"])
    moved_P2 = trajectories.single(t["points_P2"] + moves_P2)
    stays_P = trajectories.inside(moved_P2, t["flow_HW2"].shape[:2])
    return {"moves_P2": moves_P2, "moved_P2": moved_P2, "stays_P": stays_P.astype(np.int64)}


MOVE = Kind(
    "move",
    "03_trajectories",
    run_move,
    {
        "moves_P2": Output("flow at the rounded position, halves to even, clamped; A5", "loops"),
        "moved_P2": Output("point + move, rounded to float32; A5", "loops"),
        "stays_P": Output("1: 0 < x < W and 0 < y < H; A5", "loops"),
    },
    lambda t, _s, out: min(
        rint_gap(t["points_P2"]), inside_gap(out["moved_P2"], t["flow_HW2"].shape[:2])
    ),
)


def run_judge(t, _settings):
    return {"verdicts_P": trajectories.judge(t["tracks_PS2"], t.get("own_moves_PL2"))}


JUDGE = Kind(
    "judge",
    "03_trajectories",
    run_judge,
    {
        "verdicts_P": Output(
            "the first that holds: 1 static, both deviations (n, not n - 1) below sqrt(3); 2"
            " erratic, one above 50; 3 jump, the longest step above 20 and above 0.7 of the path; 4"
            " camera, no own move above 1; else 0 valid; A7 H6",
            "loops",
        )
    },
    lambda t, _s, _out: judge_gap(t["tracks_PS2"], t.get("own_moves_PL2")),
    constants=JUDGED,
)


def _sample_cases():
    grey = texture((37, 43), seed=301)
    grey[:, 23:] = 96 + (grey[:, 23:] - 96) / 2**12  # too weak to start a track
    live = np.array([[2.25, 2.25], [4.75, 9.5], [41.5, 13.25], [11.5, 36.25], [7, 7], [22, 17]])
    yield Case(
        SAMPLE,
        "sample",
        "the first frame: no track lives",
        "corner strength, its threshold, the grid; a corner just as strong does not start (A4)",
        {"grey_HW": grey, "live_P2": np.empty((0, 2))},
    )
    yield Case(
        SAMPLE,
        "sample_occupied",
        "live tracks, two of them beyond the last whole cell",
        "a cell with a live point starts none; floor of x over 5, floor of y over 5 (A4)",
        {"grey_HW": texture((37, 43), seed=303), "live_P2": live},
    )
    yield Case(
        SAMPLE,
        "no_track",
        "a constant image",
        "strength must be above the threshold, not equal to it: 0 is not above 0 (A4)",
        {"grey_HW": np.full((11, 17), 71.0), "live_P2": np.empty((0, 2))},
        exact=True,
    )


def _move_cases():
    flow = whole((11, 17, 2), seed=311, low=-24, high=25) / 8
    points = np.stack(
        [whole((23,), seed=312, high=16 * 8), whole((23,), seed=313, high=10 * 8)], axis=-1
    )
    yield Case(
        MOVE,
        "move",
        "points anywhere",
        "x and y: flow[y, x] holds (dx, dy); a point moves by the flow of its nearest pixel (A5)",
        {"flow_HW2": flow, "points_P2": points / 8 + SIDE},
    )
    leaps = {  # (x, y) of a point: its move
        (1, 5): (-2, 0),
        (15, 5): (3, 0),
        (8, 1): (0, -2),
        (8, 9): (0, 3),
        (3, 3): (-3, 0),  # to x = 0
        (3, 7): (0, -7),  # to y = 0
        (15, 8): (2, 0),  # to x = W
        (5, 8): (0, 3),  # to y = H
        (13, 7): (3.5, 0),
        (13, 3): (0, 7.75),
        (16, 10): (0, 0),
    }
    strong = np.zeros((11, 17, 2))
    for (x, y), leap in leaps.items():
        strong[y, x] = leap
    places = [*leaps, (0.25, 0.25)]
    yield Case(
        MOVE,
        "move_leaving",
        "tracks that leave on each side, that end on a side, and between the last pixel and it",
        "a track is dropped where x <= 0 or x >= W (not W - 1), and likewise for y and H (A5)",
        {"flow_HW2": strong, "points_P2": np.array(places)},
        exact=True,
    )
    halves = np.array([[0.5, 1.5], [1.5, 2.5], [2.5, 0.5], [3.5, 4.5], [16.75, 10.75], [16.5, 3.5]])
    yield Case(
        MOVE,
        "move_single",
        "points anywhere, and a flow that single precision does not hold",
        "positions are rounded to single precision at each step, not kept in double (A5)",
        {"flow_HW2": flow / 7, "points_P2": points / 8 + SIDE},
        exact=True,
    )
    yield Case(
        MOVE,
        "move_halves",
        "points half-way between pixels, and beyond the middle of the last pixel",
        "halves round to even, in C: nearbyint, not round; what rounds off the image is clamped",
        {"flow_HW2": flow, "points_P2": halves},
        exact=True,
    )


def _track(dx, dy):
    """Return the 16 points of a track from its displacements."""
    steps = np.stack(np.broadcast_arrays(dx, dy, np.zeros(15))[:2], axis=-1)
    return np.concatenate([np.zeros((1, 2)), np.cumsum(steps, axis=0)]) + 100.0


def _judge_cases():
    one = np.ones(15)
    turn = np.resize([1.0, -1.0], 15)
    jump = np.zeros(15)
    jump[7] = 25.0
    groups = {
        "static": (
            "tracks that hardly move; moving in x or in y alone is enough to stay",
            "static: both standard deviations below sqrt(3), population (n, not n - 1)",
            [_track(0.25 * one, 0), _track(0.375 * one, 0.375 * one), _track(turn, 0.125 * turn)],
            [_track(0.5 * one, 0), _track(0, -0.5 * one), _track(0.5 * one, 0.125 * one)],
            # deviations 1.729 and 1.671 (n), 1.785 and 1.726 (n - 1): static by n alone
            [_track(0.375 * one, 0.3625 * one)],
        ),
        "erratic": (
            "tracks all over the image, in x or in y",
            "erratic: one standard deviation above 50",
            [_track(11 * one, 0), _track(0, 11.25 * one), _track(-12 * one, 12 * one)],
            [_track(10.5 * one, 10.5 * one), _track(10.75 * one, 0 * one)],
        ),
        "jump": (
            "one long step; a long path forgives it, and so does a step of less than 20",
            "jump: the longest step above 20 and above 0.7 of the path, both",
            [_track(jump + 0.25, 0), _track(0.125, jump + 0.5), _track(-jump, 0.5 * turn)],
            [_track(jump + one * 1.25, 0), _track(0.75 * jump + 0.25, 0), _track(0.7 * jump, 0)],
        ),
    }
    for name, (about, branch, *tracks) in groups.items():
        yield Case(
            JUDGE,
            f"judge_{name}",
            about,
            f"rule {branch} (A7)",
            {
                "tracks_PS2": np.array(
                    [t for group in tracks for t in group], dtype=np.float32
                ).astype(float)
            },
        )
    calm_P = [1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]  # own moves just below 1 px
    just, twice = np.zeros((15, 2)), np.zeros((15, 2))
    just[:, 0], twice[:, 0] = 0.998046875, 1.001953125
    yield Case(
        JUDGE,
        "judge_thresholds",
        "pairs of tracks a few thousandths below and above each threshold",
        "the thresholds themselves: sqrt(3), 50, 20, 0.7, 1 (A7 H6)",
        {
            "tracks_PS2": np.array(
                [
                    _track(0.375 * one, 0),
                    _track(0.37646484375 * one, 0),
                    _track(0, 0.37646484375 * one),
                    _track(one, 2 * one),
                    _track(10.828125 * one, 0),
                    _track(10.8671875 * one, 0),
                    _track(0, 10.8671875 * one),
                    _track(jump * 0.798828125, 0),
                    _track(jump * 0.8017578125, 0),
                    _track(np.where(jump > 0, 25, 0.7734375), 0),
                    _track(np.where(jump > 0, 25, 0.7578125), 0),
                ]
            ),
            "own_moves_PL2": np.array([just if calm else twice for calm in calm_P]),
        },
    )
    far = np.zeros(15)
    far[7] = 128.0
    yield Case(
        JUDGE,
        "judge_order",
        "tracks that break two rules",
        "static is looked for first, then erratic, then jump (A7)",
        {"tracks_PS2": np.array([_track(far, 0), _track(far, far), _track(0.75 * one, one)])},
    )
    calm, lively = np.zeros((15, 2)), np.zeros((15, 2))
    calm[:, 0], lively[4] = 0.5, (0.75, -1)
    calm[9] = (0, 1)  # of length 1
    yield Case(
        JUDGE,
        "judge_camera",
        "tracks whose motion is the camera's, all or in part; their own motion is given",
        "rule camera: no own displacement above 1 px, after the other rules (H6)",
        {
            "tracks_PS2": np.array([_track(one, 0), _track(one, 0), _track(0.25 * one, 0)]),
            "own_moves_PL2": np.array([calm, lively, calm]),
        },
        exact=True,
    )
    swing = np.resize([100.0, -100.0], 15)
    step = np.zeros(15)
    step[3] = 20.0
    slow = np.full(15, 0.25)
    slow[3] = 0.0
    yield Case(
        JUDGE,
        "judge_limits",
        "a standard deviation of exactly 50; a longest step of exactly 20",
        "limits are strict: at the limit a track is kept (A7)",
        {"tracks_PS2": np.array([_track(swing, 0), _track(0.125, swing), _track(step, slow)])},
        exact=True,
    )


# Stages 3 and 4 over a video.


def steps_of(t):
    """Return the frames and flows of a case as `follow` takes them: few pictures, in turn."""
    n_scales = sum(name.startswith("grey_") for name in t) - 1
    for picture, field in zip(t["grey_at_F"], t["flow_at_F"], strict=True):
        greys = [t[f"grey_{k}_4HW"][picture] for k in range(n_scales)]
        flows = [t[f"flow_{k}_3HW2"][field] for k in range(n_scales)]
        own = [t["own_flow_0_3HW2"][field]] if "own_flow_0_3HW2" in t else None
        yield motion.Step(greys, *((None, None) if field < 0 else (flows, own)))


class TrackLog:
    """Watches stage 3 over a video, and keeps what its golden files hold."""

    def __init__(self):
        self.started, self.finished, self.verdicts, self.ends, self.scales = [], [], [], [], []

    def watch(self, stage, name, array, *, frame, scale):
        """Take what `streaming.follow` shows."""
        if stage != "trajectories":
            return
        if name == "points_P2":
            self.started.extend([frame, scale, *point] for point in array.tolist())
        elif name == "complete_pS2":
            self.finished.append(np.array(array))
            self.ends.extend([frame] * len(array))
            self.scales.extend([scale] * len(array))
        elif name == "verdicts_p":
            self.verdicts.append(array)

    def outputs(self):
        return {
            "started_p4": np.array(self.started, dtype=np.int64),
            "tracks_PS2": np.concatenate(self.finished),
            "verdicts_P": np.concatenate(self.verdicts),
            "end_frames_P": np.array(self.ends, dtype=np.int64),
            "scales_P": np.array(self.scales, dtype=np.int64),
        }


def run_tracks(t, _settings):
    log = TrackLog()
    for _ in streaming.follow(steps_of(t), watch=log.watch):
        pass
    return log.outputs()


def run_descriptors(t, _settings):
    blocks = list(streaming.follow(steps_of(t)))
    n_frames = int(t["n_frames"])
    info = [np.empty((0, 10)), *(streaming.of_length(b.info_P10, n_frames) for b in blocks)]
    rows = [np.empty((0, 426), t["grey_0_4HW"].dtype), *(b.descriptors_PD for b in blocks)]
    return {"info_P10": np.concatenate(info), "descriptors_PD": np.concatenate(rows)}


def follow_margin(t, _settings, _out):
    gaps = FollowGaps()
    for _ in streaming.follow(steps_of(t), watch=gaps.watch):
        pass
    return gaps.least


def _follow_axes(_t):
    return {"grey_1_4HW": ["4", "h", "w"], "flow_1_3HW2": ["3", "h", "w", "2"]}


INFO_TEXT = (
    "last frame, from 0; mean x, y; deviation of x, y (n, not n - 1); length of the path; scale"
    " factor, not its index; mean x / W, mean y / H, (last frame - 7.5) / frames, these three"
    " clipped to [0, 0.999]; in pixels of the frame"
)
TRACK_OUTPUTS = {
    "started_p4": Output("frame, scale, x, y of each track that starts, in order; A4", "loops"),
    "tracks_PS2": Output(
        "the 16 points of each track that ends, pixels of its layer, each rounded to single"
        " precision; frame after frame, layer after layer, in order of start; A5 A6",
        "loops",
    ),
    "verdicts_P": Output(
        "0 valid, 1 static, 2 erratic, 3 jump, of points times the scale factor, rounded to"
        " single precision; A5 A7",
        "loops",
    ),
    "end_frames_P": Output("the frame of the last point; A6", "loops"),
    "scales_P": Output("the scale of the track; A3", "loops"),
}
TRACKS = Kind(
    "tracks",
    "03_trajectories",
    run_tracks,
    TRACK_OUTPUTS,
    follow_margin,
    axes=_follow_axes,
    constants=FOLLOWED,
)
DESCRIPTORS = Kind(
    "descriptors",
    "04_descriptors",
    run_descriptors,
    {
        "info_P10": Output(INFO_TEXT, "loops"),
        "descriptors_PD": Output(
            "shape 30, HOG 96, HOF 108, MBHx 96, MBHy 96 (`describe`) of the valid tracks, frame of"
            " their end after frame, layer after layer, in order of start; points times the scale"
            " factor are rounded to single precision before shape, means and verdict; cells on the"
            " frame that a step leaves, and the flow from there; A5 A8 to A12",
            "loops",
        ),
    },
    follow_margin,
    axes=_follow_axes,
    constants=FOLLOWED | DESCRIBED,
)


def _flow_field(shape, *, frame, seed):
    """Return a flow_HW2 that changes slowly over space and time: eighths, and a little more."""
    y, x = np.indices(shape)
    u = 4 + (x * 5 // shape[1]) - (y * 3 // shape[0]) + (frame + seed) % 3 - 1
    v = 3 - (x * 7 // shape[1]) + (y * 4 // shape[0]) - (frame * seed) % 2
    quiet = (x < shape[1] // 3) & (y < shape[0] // 3)
    # Quiet tracks have deviations of 1.4: static on the finest layer, not on one sqrt(2) smaller.
    u, v = np.where(quiet, 2 + frame % 2, u), np.where(quiet, 0, v)
    return np.stack([u, v], axis=-1) / 8 + SIDE


def _video(shapes, n_frames, *, seed):
    """Return greys and flows of a made-up video; layers need not show the same picture.

    With one layer, the right part of the first picture is blank, and the lower part of the first
    two: tracks begin there on the second and third frame. Later, two pictures take turns.
    """
    inputs = {
        "grey_at_F": np.array([0, 1, *(2 + f % 2 for f in range(n_frames - 2))]),
        "flow_at_F": np.array([-1, *(f % 3 for f in range(n_frames - 1))]),
    }
    for k, shape in enumerate(shapes):
        greys = [texture(shape, seed=seed + k, at=(-f / 2, f / 4)) for f in range(4)]
        if len(shapes) == 1:
            greys[0][:, shape[1] // 2 :] = 128
            greys[0][shape[0] // 2 :] = greys[1][shape[0] // 2 :] = 128
        inputs[f"grey_{k}_4HW"] = np.array(greys)
        fields = [_flow_field(shape, frame=f, seed=seed + k) for f in range(3)]
        inputs[f"flow_{k}_3HW2"] = np.array(fields)
    return inputs


def _follow_cases():
    yield Case(
        TRACKS,
        "tiny",
        "17 frames, one layer",
        "a track has 16 points and ends 15 frames after it began; points start on every frame",
        _video([(37, 41)], 17, seed=321),
    )
    single = _video([(33, 37)], 17, seed=327)
    single["flow_0_3HW2"] = single["flow_0_3HW2"] * 8 / 7  # no multiple of a power of two
    yield Case(
        TRACKS,
        "single",
        "17 frames, one layer, a flow that single precision does not hold",
        "positions are rounded to single precision at each step, not once at the end (A5)",
        single,
        exact=True,
    )
    yield Case(
        TRACKS,
        "scales",
        "17 frames, two layers",
        "layers are tracked by themselves; a track is judged in pixels of the frame (A3)",
        _video([(41, 43), (37, 47)], 17, seed=323),
    )
    yield Case(
        DESCRIPTORS,
        "tiny",
        "17 of 41 frames, one layer",
        "HOG is that of the earlier frame of a pair; the order of rows; the ten info columns",
        _video([(37, 43)], 17, seed=331),
        {"n_frames": np.int64(41)},
    )
    yield Case(
        DESCRIPTORS,
        "scales",
        "17 frames, two layers",
        "patches have 32 pixels of their own layer; shapes are in pixels of the frame (A9)",
        _video([(47, 61), (37, 41)], 17, seed=333),
        {"n_frames": np.int64(17)},
    )
    moving = _video([(37, 41)], 19, seed=335)
    own = moving["flow_0_3HW2"].copy()
    own[:, :, 20:] += (1, 0.5)
    yield Case(
        DESCRIPTORS,
        "camera",
        "19 frames, one layer; the flow is given with and without the camera's motion",
        "tracks follow the flow; shape, HOF and MBH are made of the flow without the camera's (H6)",
        moving | {"own_flow_0_3HW2": own},
        {"n_frames": np.int64(19)},
    )


# Stage 4, step by step.


def run_votes(t, _settings):
    u_HW, v_HW = t["flow_HW2"][..., 0], t["flow_HW2"][..., 1]
    votes = descriptors.orientation_votes
    return {
        "hog_OHW": votes(*descriptors.gradient(t["grey_HW"])),
        "hof_OHW": votes(u_HW, v_HW, still=descriptors.STILL),
        "mbhx_OHW": votes(*descriptors.gradient(u_HW)),
        "mbhy_OHW": votes(*descriptors.gradient(v_HW)),
    }


VOTES = Kind(
    "votes",
    "04_descriptors",
    run_votes,
    {
        "hog_OHW": Output(
            "gradient (I(x+1) - I(x-1), I(y+1) - I(y-1)), not halved, 0 along an axis in its outer"
            " pixels; its length is shared by the two of 8 bins, centers every 45 degrees from +x"
            " over +y, that are nearest, by angle; A9",
            "loops",
        ),
        "hof_OHW": Output(
            "the same of the flow itself; where it is at most 0.4 px long, 1 in the ninth bin and"
            " nothing else; A9",
            "loops",
        ),
        "mbhx_OHW": Output("as HOG, of dx in place of the image; A9", "loops"),
        "mbhy_OHW": Output("as HOG, of dy; A9", "loops"),
    },
    lambda t, _s, _out: still_gap(t["flow_HW2"]),
    axes=lambda _t: {"hof_OHW": ["9", "H", "W"]},
    constants=VOTED,
)


def run_cells(t, _settings):
    return {
        "corners_P2": descriptors.patch_corners(t["points_P2"], t["grey_HW"].shape),
        "sums_O4P": descriptors.cell_sums(t["grey_HW"], t["flow_HW2"], t["points_P2"]),
    }


CELLS = Kind(
    "cells",
    "04_descriptors",
    run_cells,
    {
        "corners_P2": Output(
            "top left pixel of the 32x32 patch, moved inside the image; A9", "loops"
        ),
        "sums_O4P": Output("33 planes of votes summed over four 16x16 cells; A9 A12", "loops"),
    },
    lambda t, _s, _out: min(rint_gap(t["points_P2"]), still_gap(t["flow_HW2"])),
    constants=DESCRIBED,
)


def run_describe(t, _settings):
    return {"descriptors_PD": descriptors.describe(t["moves_PL2"], t["sums_LO4P"])}


DESCRIBE = Kind(
    "describe",
    "04_descriptors",
    run_describe,
    {
        "descriptors_PD": Output(
            "30 columns (dx, dy) of 15 moves over the sum of their lengths; then HOG, HOF, MBHx,"
            " MBHy: of a frame (sums + epsilon) over the total of the descriptor's 4 cells, the"
            " square root of that, means of three runs of 5 frames; columns by run, cell,"
            " bin; A8 A10 A12",
            "loops",
        )
    },
    constants=DESCRIBED,
)


def run_info(t, _settings):
    shape, factor = tuple(t["shape_2"].tolist()), float(t["factor"])
    frame, n_frames = int(t["frame"]), int(t["n_frames"])
    info_P10 = streaming._info(t["tracks_PS2"], frame, factor, shape)
    return {"info_P10": streaming.of_length(info_P10, n_frames)}


INFO = Kind("info", "04_descriptors", run_info, {"info_P10": Output(INFO_TEXT, "loops")})


def _info_cases():
    one = np.ones(15)
    border = _track(0, one) + np.array([53 - 100 - 2**-6, -94])
    for name, about, branch, tracks, n_frames in (
        (
            "info",
            "two tracks of a layer",
            "the ten columns: population deviations, the factor, the middle of the track's frames",
            [_track(one, 0.5 * one) - 90, _track(0.25 * one, -2 * one) - 60],
            41,
        ),
        (
            "info_clipped",
            "a track along the right border, at the end of the video",
            "the last three columns are clipped to [0, 0.999]",
            [border],
            9,
        ),
    ):
        yield Case(
            INFO,
            name,
            about,
            branch,
            {"tracks_PS2": np.array(tracks)},
            {
                "frame": np.int64(17),
                "n_frames": np.int64(n_frames),
                "factor": np.float64(np.float32(2**0.5)),
                "shape_2": np.array([47, 53]),
            },
        )


def _describe_cases():
    circle = np.array(
        [
            [8 * c, 8 * s]
            for c, s in [(1, 0), (1, 1), (0, 1), (-1, 1), (-1, 0), (-1, -1), (0, -1), (1, -1)]
        ]
    )
    between = np.array(
        [[16, 3], [5, 16], [-4, 15], [-15, 7], [-16, -1], [-9, -16], [2, -15], [14, -9]]
    )
    flow = np.array([circle, between, circle[::-1] * 2, between[::-1] // 4]) / 8
    yield Case(
        VOTES,
        "votes",
        "flow in all directions, on the centers of bins and between them; also no flow",
        "bins of 45 degrees from +x over +y (down); two nearest bins share by angle (A9)",
        {"grey_HW": whole((4, 8), seed=341, high=256) * 1.0, "flow_HW2": flow},
    )
    slow = whole((7, 11, 2), seed=343, low=-3, high=4) / 8
    yield Case(
        VOTES,
        "votes_still",
        "flow around 0.4 px",
        "up to 0.4 px a pixel votes 1 for the ninth bin and for no other (A9)",
        {"grey_HW": texture((7, 11), seed=344), "flow_HW2": slow},
    )
    edge = np.array([[0.4, 0], [0, -0.4], [0.3984375, 0], [0.40234375, 0], [0.25, 0.3125]])
    yield Case(
        VOTES,
        "votes_limit",
        "flow of exactly 0.4 px, and of a few thousandths less and more",
        "at 0.4 px a pixel still votes for the ninth bin: at most, not less than (A9)",
        {"grey_HW": np.zeros((3, 5)), "flow_HW2": np.stack([edge, -edge, edge[::-1]])},
        exact=True,
        single=False,
    )
    fast = whole((37, 43, 2), seed=351, low=-24, high=25) / 8
    grey = texture((37, 43), seed=352)
    inner = np.array([[19.25, 18.0], [21.75, 16.25], [24, 20]])
    yield Case(
        CELLS,
        "cells",
        "points whose patch lies in the image",
        "the patch begins 16 pixels before the rounded point; cells by column, then row (A9 A12)",
        {"grey_HW": grey, "flow_HW2": fast, "points_P2": inner},
    )
    edge = np.array(
        [[0.25, 0.25], [42.75, 36.75], [1, 35], [41, 2], [20, 0.25], [16, 21], [27, 20]]
    )
    yield Case(
        CELLS,
        "cells_border",
        "points near the border, one beyond the middle of the last pixel",
        "near the border a patch is moved inside, not cut (A9)",
        {"grey_HW": grey, "flow_HW2": fast, "points_P2": edge},
    )
    yield Case(
        CELLS,
        "cells_halves",
        "points half-way between pixels",
        "halves round to even (A9)",
        {"grey_HW": grey, "flow_HW2": fast, "points_P2": np.array([[20.5, 18.5], [21.5, 17.5]])},
        exact=True,
    )
    large = (89, 97)
    yield Case(
        CELLS,
        "cells_large",
        "a larger image",
        "sums over cells of a larger image",
        {
            "grey_HW": texture(large, seed=353),
            "flow_HW2": whole((*large, 2), seed=354, low=-24, high=25) / 8,
            "points_P2": np.array([[9.25, 70], [48, 44], [90, 13.75], [61, 88], [77, 52]]),
        },
    )
    yield Case(
        CELLS,
        "cells_zero_flow",
        "no flow, and one of less than 0.4 px",
        "all pixels vote for the ninth bin, and MBH gets nothing (A9)",
        {"grey_HW": grey, "flow_HW2": fast * 0 + 0.25, "points_P2": inner},
    )
    moves = whole((3, 15, 2), seed=361, low=-16, high=17) / 8
    sums = np.abs(bells((15, 33, 4, 3), seed=362)) * 64
    yield Case(
        DESCRIBE,
        "describe",
        "three tracks",
        "0.05 is added to sums, each descriptor of a frame divided by its sum, then the root;"
        " three runs of five frames; columns by run, cell, bin (A10 A12)",
        {"moves_PL2": moves, "sums_LO4P": sums},
    )
    sums = sums.copy()
    sums[:, :, :, 0] = 0
    sums[3:9, 8:17, :, 1] = 0
    sums[:, :, :, 2] *= np.resize([0, 0, 1, 2**-7], 33)[:, None]
    yield Case(
        DESCRIBE,
        "describe_flat",
        "patches without gradient, with little, and frames without flow votes",
        "0.05 in every bin decides where nothing votes: sqrt(1/32) or sqrt(1/36) (A10)",
        {"moves_PL2": moves, "sums_LO4P": sums},
    )


CASES = [
    *_sample_cases(),
    *_move_cases(),
    *_judge_cases(),
    *_describe_cases(),
    *_info_cases(),
    *_follow_cases(),
]
