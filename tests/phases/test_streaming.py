"""lsfref/extraction.py: frames to rows, against the original program and against loops."""

import tracemalloc

import numpy as np
import oracles_trajectories as oracles
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lsfref.arrays import COLUMNS
from lsfref.cited import homography
from lsfref.descriptors import cell_sums, describe
from lsfref.errors import VideoError
from lsfref.flow import layer_flows, prepare
from lsfref.kernels.pyramid import grey_layers, scale_factors
from lsfref.phases.motion import Step
from lsfref.phases.streaming import Block, _info, extract_frames, follow, of_length
from lsfref.video import read_frames

CLIPS = ("synth", "carphone")
TEN_CLIPS = [
    "illum__cdnet_highway_syn.mp4",
    "noise__cctv_cross_syn.mp4",
    "noise__film_plank_0.mp4",
    "normal__cafe1.mp4",
    "normal__psu_walk_0.mp4",
    "rain__lake_0.mp4",
    "rain__terrace.mp4",
    "shake__stab_needle_0.mp4",
    "shake__stab_selfie1.mp4",
    "tree__stock_reeds_0.mp4",
]
N_FRAMES = 18  # of each clip where the flow is computed here


def texture(height, width, seed=0):
    """Return grey_HW, smooth enough to be tracked."""
    image_HW = np.random.default_rng(seed).uniform(0, 255, (height, width))
    for axis in (0, 1):
        image_HW = (image_HW + np.roll(image_HW, 1, axis) + np.roll(image_HW, -1, axis)) / 3
    return 3 * (image_HW - image_HW.mean()) + 128


def sliding(n_frames, height=41, width=59, step=(1, 1), seed=0):
    """Return frames in which a texture moves by whole pixels (right, down)."""
    world = texture(height + 3 * n_frames, width + 3 * n_frames, seed)
    top, left = 2 * n_frames, 2 * n_frames
    return [
        world[top - step[1] * t :, left - step[0] * t :][:height, :width] for t in range(n_frames)
    ]


def join(blocks):
    blocks = list(blocks)
    return Block(*map(np.concatenate, zip(*blocks, strict=True)))


def oracle_steps(clip, dtype):
    n_layers = len(clip["scales"])
    for t in range(len(clip["frames_bgr"])):
        greys = [clip[f"grey_s{k}"][t].astype(dtype) for k in range(n_layers)]
        flows = [clip[f"flow_s{k}"][t - 1].astype(dtype) for k in range(n_layers)] if t else None
        yield Step(greys, flows)


def cosines(rows_PD, others_PD):
    rows_PD, others_PD = rows_PD.astype(float), others_PD.astype(float)
    norms_P = np.sqrt((rows_PD**2).sum(axis=1) * (others_PD**2).sum(axis=1))
    return (rows_PD * others_PD).sum(axis=1) / norms_P


@pytest.mark.unwatched
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", CLIPS)
def test_given_layers_and_flow_it_is_the_original_program(name, dtype):
    clip = oracles.clip(name)
    started, tracks = {}, {}

    def watch(stage, name, value, *, frame, scale):
        if (stage, name) == ("trajectories", "points_P2"):
            started.setdefault(scale, []).extend((frame, *point) for point in value.tolist())
        if name == "complete_pS2":
            tracks[scale, frame] = value
        if name == "verdicts_p":
            tracks[scale, frame] = tracks[scale, frame][value == 0]

    steps = oracle_steps(clip, dtype)
    info_P10, rows_PD = join(follow(steps, watch=watch))
    info_P10 = of_length(info_P10, len(clip["frames_bgr"]))
    wanted_PD = clip["features"]
    assert rows_PD.dtype == dtype
    assert info_P10.dtype == np.float64
    for k in range(len(clip["scales"])):
        np.testing.assert_array_equal(started[k], clip[f"sampled_s{k}"])
    keys = dict.fromkeys(map(tuple, clip["tracks_scale_frame"].tolist()))
    np.testing.assert_array_equal(np.concatenate([tracks[key] for key in keys]), clip["tracks"])
    np.testing.assert_allclose(info_P10, wanted_PD[:, :10], rtol=0, atol=1e-4)
    np.testing.assert_array_equal(info_P10[:, 0], wanted_PD[:, 0])
    shape = COLUMNS["trajectory"]
    np.testing.assert_allclose(rows_PD[:, shape], wanted_PD[:, 10:40], rtol=0, atol=1e-6)
    np.testing.assert_allclose(rows_PD[:, 30:], wanted_PD[:, 40:], rtol=0, atol=1e-4)


@pytest.mark.unwatched
@pytest.mark.parametrize("name", CLIPS)
def test_with_its_flow_the_frames_alone_give_the_rows_of_the_original_program(name):
    clip = oracles.clip(name)
    blue, green, red = np.moveaxis(clip["frames_bgr"].astype(np.int64), -1, 0)
    grey_FHW = (9798 * red + 19235 * green + 3735 * blue + 16384) >> 15
    frames = (frame_HW.astype(float) for frame_HW in grey_FHW[:N_FRAMES])
    rows = join(extract_frames(frames, flow="farneback"))
    wanted_PD = clip["features"][clip["features"][:, 0] < N_FRAMES]
    assert len(rows.info_P10) == len(wanted_PD)
    np.testing.assert_array_equal(rows.info_P10[:, 0], wanted_PD[:, 0])
    info_P10 = of_length(rows.info_P10, len(grey_FHW))
    np.testing.assert_allclose(info_P10, wanted_PD[:, :10], rtol=0, atol=2e-3)
    np.testing.assert_allclose(rows.descriptors_PD, wanted_PD[:, 10:], rtol=0, atol=1e-3)
    assert (cosines(rows.descriptors_PD, wanted_PD[:, 10:]) >= 0.9999).mean() >= 0.99


@pytest.mark.unwatched
@pytest.mark.parametrize("name", CLIPS)
def test_our_own_flow_describes_the_same_tracks_alike(name):
    clip = oracles.clip(name)
    frames_FHW = clip["frames_bgr"][:N_FRAMES] @ np.array([0.114, 0.587, 0.299])
    prepared = [prepare(grey_layers(frame_HW)) for frame_HW in frames_FHW]
    seen = clip["tracks_scale_frame"][:, 1] < N_FRAMES
    tracks_PS2 = clip["tracks"][seen].astype(float)
    scale_P, end_P = clip["tracks_scale_frame"][seen].T
    sums_LO4P = np.empty((15, 33, 4, len(tracks_PS2)))
    for t in range(len(frames_FHW) - 1):
        flows = layer_flows(prepared[t], prepared[t + 1])
        for k, flow_HW2 in enumerate(flows):
            for step in range(15):
                now = np.flatnonzero((scale_P == k) & (end_P - 15 + step == t))
                sums_LO4P[step][..., now] = cell_sums(
                    clip[f"grey_s{k}"][t].astype(float), flow_HW2, tracks_PS2[now, step]
                )
    rows_PD = describe(np.diff(tracks_PS2, axis=1), sums_LO4P)
    for part in ("hof", "mbhx", "mbhy"):
        columns = COLUMNS[part]
        same = cosines(rows_PD[:, columns], clip["features"][seen, 10:][:, columns])
        assert same.mean() >= 0.93, part


@pytest.mark.slow
def test_our_own_flow_tells_the_same_clips_apart():
    """Ten clips of ten groups: the mean row of a clip, less that of all clips, under both flows."""
    means = {}
    for flow, grey in (("lucas_kanade", "luma"), ("farneback", "8bit")):
        for name in TEN_CLIPS:
            path = oracles.development_file("videos", name)
            frames = [f.astype(np.float32) for f in read_frames(path, grey=grey, max_frames=40)]
            rows = join(extract_frames(frames, flow=flow)).descriptors_PD
            means.setdefault(flow, []).append(rows.mean(axis=0, dtype=float))
    ours_MD, theirs_MD = (np.array(m) - np.mean(m, axis=0) for m in means.values())
    ours_MD /= np.sqrt((ours_MD**2).sum(axis=1, keepdims=True))
    theirs_MD /= np.sqrt((theirs_MD**2).sum(axis=1, keepdims=True))
    alike = ours_MD @ theirs_MD.T
    assert np.diag(alike).mean() >= 0.85
    assert np.count_nonzero(alike.argmax(axis=1) == np.arange(10)) >= 9


@pytest.mark.unwatched
def test_equal_to_the_loops():
    rng = np.random.default_rng(0)
    n_frames, factors = 16, [1.0, float(np.float32(np.sqrt(2)))]
    shapes = [(35, 43), (32, 33)]
    greys = [[rng.uniform(0, 255, shape) for shape in shapes] for _ in range(n_frames)]
    flows = [
        [rng.normal(0, 0.1, (*shape, 2)) + np.array([0.6, 0.05]) for shape in shapes]
        for _ in range(n_frames - 1)
    ]
    for frame in flows:  # most of the image stands still, and its tracks are not valid
        for flow_HW2 in frame:
            flow_HW2[5:] *= 0.3
    wanted, wanted_starts = oracles.extract(greys, flows, factors)
    starts = {0: [], 1: []}

    def watch(stage, name, value, *, frame, scale):
        if (stage, name) == ("trajectories", "points_P2"):
            starts[scale] += [(frame, *point) for point in value.tolist()]

    steps = [Step(greys[t], flows[t - 1] if t else None) for t in range(n_frames)]
    rows = join(follow(steps, watch=watch))
    assert starts == wanted_starts
    assert len(rows.info_P10) == len(wanted) > 2
    assert set(rows.info_P10[:, 6]) == set(factors)
    info_P10 = of_length(rows.info_P10, n_frames)
    np.testing.assert_allclose(info_P10, wanted[:, :10], rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(rows.descriptors_PD, wanted[:, 10:], rtol=0, atol=1e-12)


@pytest.mark.parametrize("flow", ["lucas_kanade", "farneback"])
def test_a_sliding_texture_is_followed(flow):
    rows = join(extract_frames(sliding(19, step=(2, 1)), flow=flow, n_scales=1))
    assert set(rows.info_P10[:, 0]) <= {15, 16, 17, 18}
    assert rows.info_P10[0, 0] == 15
    steps_PL2 = rows.descriptors_PD[:, :30].reshape(-1, 15, 2) * rows.info_P10[:, 5, None, None]
    assert np.median(np.abs(steps_PL2 - np.array([2, 1]))) < 0.2
    assert np.isfinite(rows.descriptors_PD).all()
    assert (rows.info_P10[:, 7:9] <= 0.999).all()


@pytest.mark.parametrize("n_frames", [0, 1, 2, 14, 15])
def test_fewer_than_16_frames_give_no_rows(n_frames):
    assert list(extract_frames(sliding(n_frames))) == []


@settings(max_examples=5)
@given(st.integers(0, 99))
def test_a_still_video_gives_no_rows(seed):
    assert list(extract_frames([texture(37, 41, seed)] * 17)) == []


@pytest.mark.parametrize("flow", ["lucas_kanade", "farneback"])
def test_a_textureless_video_gives_no_rows(flow):
    frames = [np.full((37, 41), float(t)) for t in range(18)]
    assert list(extract_frames(frames, flow=flow)) == []


def test_rows_come_frame_by_frame_then_fine_to_coarse_then_row_by_row():
    frames = sliding(18, 67, 71, step=(2, 0))
    blocks = list(extract_frames(frames))
    assert blocks[0].info_P10[0, 0] == 15
    assert (np.diff([block.info_P10[0, 0] for block in blocks]) > 0).all()
    for block in blocks:
        assert len(set(block.info_P10[:, 0])) == 1
        assert (np.diff(block.info_P10[:, 6]) >= 0).all()
    assert len(set(blocks[0].info_P10[:, 6])) == len(set(scale_factors(3))) == 3


def test_n_scales_limits_the_scales():
    frames = sliding(17, 67, 71)
    every = join(extract_frames(frames))
    first = join(extract_frames(frames, n_scales=1))
    fine = every.info_P10[:, 6] == 1
    assert 0 < fine.sum() < len(fine)
    assert set(first.info_P10[:, 6]) == {1.0}


def test_eight_scales_where_none_are_chosen():
    """The sides of a ninth would be 32.5 pixels."""
    scales = []

    def watch(stage, name, value, *, frame, scale):
        scales.append(scale)

    list(extract_frames([np.zeros((520, 520))], watch=watch))
    assert sorted(set(scales)) == list(range(8))


def test_people_are_told_to_what_takes_the_camera_out(monkeypatch):
    told, boxes = [], {3: np.zeros((1, 4))}
    monkeypatch.setattr(homography, "steadied", lambda steps, **how: told.append(how) or steps)
    for some in (None, boxes):
        list(extract_frames([], camera_motion="homography", boxes=some))
    assert [how["boxes"] for how in told] == [{}, boxes]


@pytest.mark.parametrize("n_frames", [3, 18])
def test_what_is_described_is_shown_frame_by_frame(n_frames):
    """On every frame but the last, where no step begins; also where nothing ends."""
    shown = []

    def watch(stage, name, value, *, frame, scale):
        if name == "sums_O4P":
            shown.append(frame)

    list(extract_frames(sliding(n_frames), n_scales=1, watch=watch))
    assert shown == list(range(n_frames - 1))


def test_a_track_is_told_by_hand():
    """It hops up and down by 2 at the right end of the rows, above the frame by 1."""
    y_S = -1 + np.array([1, -1] * 8)
    points_PS2 = np.stack([np.full(16, 1000), y_S], axis=-1)[None].astype(float)
    info_P10 = _info(points_PS2, 20, 2.0, (40, 1001))
    assert info_P10.tolist() == [[20, 1000, -1, 0, 1, 30, 2, 0.999, 0, 12.5]]


def test_the_last_column_is_the_middle_frame_and_then_a_share_of_all():
    info_P10 = join(extract_frames(sliding(18))).info_P10
    np.testing.assert_array_equal(info_P10[:, 9], info_P10[:, 0] - 7.5)
    shares = of_length(info_P10, 18)
    np.testing.assert_array_equal(shares[:, :9], info_P10[:, :9])
    np.testing.assert_allclose(shares[:, 9], (info_P10[:, 0] - 7.5) / 18, rtol=1e-15)
    np.testing.assert_array_equal(of_length(info_P10, 1)[:, 9], 0.999)


def test_farneback_rounds_frames_to_whole_grey_levels():
    frames = [frame_HW.clip(0, 255) for frame_HW in sliding(17)]
    rows = join(extract_frames(frames, flow="farneback"))
    whole = join(extract_frames(map(np.rint, frames), flow="farneback"))
    np.testing.assert_array_equal(rows.descriptors_PD, whole.descriptors_PD)


def test_what_is_described_is_the_motion_without_the_camera():
    rng, factor = np.random.default_rng(0), scale_factors(2)[1]
    flat_HW, grey_HW = np.full((47, 53), 7.0), texture(33, 37)
    flow_HW2 = np.zeros((33, 37, 2)) + np.array([0.8, 0.4])  # what is followed
    own_HW2 = rng.normal(0, 0.4, (33, 37, 2))  # longest: 1 px of the frame, and more, and less
    greys, still_HW2 = [flat_HW, grey_HW], np.zeros((47, 53, 2))
    step = Step(greys, [still_HW2, flow_HW2], [still_HW2, own_HW2])
    seen = {}

    def watch(stage, name, value, *, frame, scale):
        seen[name, frame, scale] = value

    rows = join(follow([Step(greys, None), *[step] * 15], watch=watch))
    moves_PL2 = seen["own_moves_pL2", 15, 1] * factor
    camera_P = np.sqrt((moves_PL2**2).sum(axis=2)).max(axis=1) <= 1
    verdicts_P = seen["verdicts_p", 15, 1]
    assert 0 < np.count_nonzero(verdicts_P == 4) < len(verdicts_P)
    np.testing.assert_array_equal(verdicts_P == 4, camera_P & ~np.isin(verdicts_P, [1, 2, 3]))
    valid_P = verdicts_P == 0
    points_PS2 = seen["complete_pS2", 15, 1][valid_P]
    sums = [cell_sums(grey_HW, own_HW2, points_PS2[:, i]) for i in range(15)]
    wanted_PD = describe(moves_PL2[valid_P], np.stack(sums))
    np.testing.assert_allclose(rows.descriptors_PD, wanted_PD, rtol=0, atol=1e-12)


def test_dtype_in_is_dtype_out():
    frames = sliding(17)
    assert join(extract_frames(frames)).descriptors_PD.dtype == np.float64
    single = join(extract_frames([f.astype(np.float32) for f in frames]))
    assert single.descriptors_PD.dtype == np.float32
    assert single.info_P10.dtype == np.float64


def test_blocks_tell_on_which_frame_their_tracks_end():
    """Of 33 frames, those described while frames still come, and those of the last 14."""
    complete = {}

    def watch(stage, name, array, *, frame, scale):
        if name == "verdicts_p" and (array == 0).any():
            complete[frame] = complete.get(frame, 0) + (array == 0).sum()

    blocks = list(extract_frames(sliding(33), watch=watch))
    ends = {int(block.info_P10[0, 0]): len(block.info_P10) for block in blocks}
    assert all(np.all(block.info_P10[:, 0] == end) for block, end in zip(blocks, ends, strict=True))
    assert ends == complete
    assert min(ends) < 18 < max(ends)


def test_memory_does_not_depend_on_the_length():
    frames = sliding(31, 37, 41)
    prepared = [prepare(grey_layers(frame_HW)) for frame_HW in frames[:2]]
    moment = Step(grey_layers(frames[1]), layer_flows(*prepared))

    def peak(n_frames):
        steps = (Step(moment.greys, moment.flows if t else None) for t in range(n_frames))
        tracemalloc.start()
        for _ in follow(steps):
            pass
        size = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return size

    assert peak(46) < 1.25 * peak(23)  # a leak of every frame would double it


@pytest.mark.parametrize("shape", [(31, 40), (40, 31), (8, 8)])
def test_small_frames_are_refused(shape):
    with pytest.raises(VideoError, match=f"{shape[1]}x{shape[0]} pixels are too small"):
        list(extract_frames([np.zeros(shape)]))


def test_a_change_of_frame_size_is_refused():
    frames = [np.zeros((37, 41)), np.zeros((37, 43))]
    with pytest.raises(VideoError, match="changes from 41x37 to 43x37"):
        list(extract_frames(frames))
