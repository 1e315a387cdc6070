"""The built-in scenes: drawing kernels, what each process does, the labelled set."""

import csv
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import imageio.v3 as iio
import numpy as np
import oracles_scenes as oracles
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsfref.scenes import clip_set, sheet
from lsfref.scenes.render import acts, clips, limbs, shapes, textures, weather
from lsfref.scenes.render.encode import encode
from lsfref.scenes.render.foliage import blown, draw_gusts
from lsfref.scenes.render.perspective import Camera, column_of, enlarged, ground_depth, row_of
from lsfref.scenes.render.sensor import exposure, sensed, shake_path, shaken
from lsfref.video import read_rgb

CAMERA = Camera(focal=170.0, height=3.0, horizon=31.0, centre=79.5)
SMALL = (96, 74)  # width, height
seeds = st.integers(0, 2**32 - 1)


def rng_of(seed):
    return np.random.default_rng(seed)


def window(n_frames, height, width):
    columns = np.broadcast_to(np.arange(width, dtype=np.float32), (n_frames, 1, width))
    rows = np.broadcast_to(np.arange(height, dtype=np.float32)[:, None], (n_frames, height, 1))
    zero = np.zeros(n_frames, np.int64)
    return shapes.Window(columns, rows, zero, zero)


# worked by hand


def test_a_camera_three_metres_up_sees_the_ground_where_it_should():
    assert row_of(CAMERA, 0.0, 10.0) == 31 + 170 * 3 / 10
    assert row_of(CAMERA, 3.0, 10.0) == 31  # what is as high as the camera lies on the horizon
    assert column_of(CAMERA, 2.0, 17.0) == 79.5 + 20
    rows = np.array([82.0, 31.0], np.float32)
    np.testing.assert_allclose(ground_depth(CAMERA, rows, farthest=99), [10, 99], rtol=1e-6)
    twice = enlarged(CAMERA, factor=2)
    assert (row_of(twice, 0.0, 10.0) - 0.5) / 2 == row_of(CAMERA, 0.0, 10.0)


def test_a_square_covers_its_pixels_and_nothing_from_behind():
    corners = np.array([[2.5, 2.5], [6.5, 2.5], [6.5, 5.5], [2.5, 5.5]], np.float32)  # clockwise
    columns_PF, rows_PF = corners.T[:, :, None]
    cover = shapes.polygon(window(1, 11, 13), columns_PF, rows_PF)
    wanted = np.zeros((11, 13))
    wanted[3:6, 3:7] = 1
    np.testing.assert_allclose(cover[0], wanted, atol=1e-6)
    behind = shapes.polygon(window(1, 11, 13), columns_PF[::-1], rows_PF[::-1])
    assert behind.max() == 0


def test_what_stands_nearer_hides_what_moves_behind():
    still = np.zeros((3, 5, 7), np.float32)
    depth = np.full((5, 7), 20.0, np.float32)
    depth[:, :3] = 4.0  # a wall on the left
    ground = depth > 10
    ground[:, 5:] = False
    bar = np.full((3, 1, 7), 0.5, np.float32), np.ones((1, 7), np.float32)
    layers = [shapes.Layer(*bar, left=0, top=top, depth=8.0) for top in (1, 9)]
    layers.append(shapes.Layer(*bar, left=-2, top=3, depth=8.0, on_ground=True))  # a shadow
    layers.append(shapes.Layer(*(part * 0.4 for part in bar), left=0, top=1, depth=6.0))
    frame = shapes.lay_over(still, depth, ground, layers)
    near = np.float32(0.5 * 0.6 + 0.5 * 0.4)
    np.testing.assert_allclose(frame[0, 1], [0, 0, 0, near, near, near, near])
    np.testing.assert_allclose(frame[0, 3], [0, 0, 0, 0.5, 0.5, 0, 0])
    assert frame[:, [0, 2, 4]].max() == 0
    assert still.max() == 0


# against literal loops


def test_reading_between_pixels_equals_the_loop():
    rng = rng_of(1)
    planes = rng.random((2, 5, 7)).astype(np.float32)
    x, y = rng.uniform(-2, 9, (3, 11)), rng.uniform(-2, 7, (3, 11))
    found = textures.read_at(planes, x.astype(np.float32), y.astype(np.float32))
    wanted = [[[oracles.read_at(p.tolist(), *at) for at in zip(*row, strict=True)]
               for row in zip(x, y, strict=True)] for p in planes]  # fmt: skip
    np.testing.assert_allclose(found, wanted, atol=1e-5)


def test_a_limb_equals_the_loop():
    start, end, radii = (3.2, 2.1), (8.7, 6.4), (2.5, 1.2)
    cover, side = shapes.capsule(
        window(1, 11, 13),
        np.array(start, np.float32)[:, None],
        np.array(end, np.float32)[:, None],
        radii_2F=np.array(radii, np.float32)[:, None],
    )
    wanted = [[oracles.capsule(x, y, start, end, radii) for x in range(13)] for y in range(11)]
    np.testing.assert_allclose(cover[0], wanted, atol=1e-5)
    assert -1 <= side.min() < 0 < side.max() <= 1


def test_drops_are_spread_as_the_loop_spreads_them():
    rng = rng_of(2)
    row, column, weight = rng.uniform(0, 6, 17), rng.uniform(0, 13, 17), rng.uniform(0, 0.2, 17)
    found = weather.spread(row, column, weight, height=7, width=13)
    wanted = oracles.spread(zip(row, column, weight, strict=True), 7, 13)
    np.testing.assert_allclose(found, wanted, atol=1e-6)


# what always holds


@given(seeds)
def test_the_lower_foot_of_a_figure_is_on_the_ground_and_limbs_keep_their_length(seed):
    rng = rng_of(seed)
    person = limbs.draw_person(rng)
    path = acts.Path(0.0, 8.0, float(rng.uniform(-3, 3)), float(rng.uniform(0.8, 3.4)))
    pose = acts.walk(rng, path, np.arange(23) / 15)
    at = limbs.joints(person, pose)
    for s in (0, 1):
        for a, b, share in (("thigh", "knee", 0.245), ("knee", "foot", 0.235)):
            long = np.linalg.norm(at[f"{b}{s}"] - at[f"{a}{s}"], axis=0)
            np.testing.assert_allclose(long, share * person.tall, rtol=1e-6)
    lowest = np.minimum(at["foot0"][1], at["foot1"][1])
    np.testing.assert_allclose(lowest - pose.jump_F, 0.04 * person.tall, rtol=1e-6)


@pytest.mark.parametrize("act", [*acts.STAYS, *acts.OBJECTS, *acts.OTHERS])
def test_every_act_moves_joints_and_stays_finite(act):
    clock = np.arange(31) / 15
    found = act(rng_of(3), acts.Path(1.0, 8.0, 0.3, 1.2), clock)
    poses = [found] if act in acts.STAYS else [found[0]] if act in acts.OBJECTS else found
    assert len(poses) == (2 if act in acts.OTHERS else 1)
    for pose in poses:
        at = limbs.joints(limbs.draw_person(rng_of(4)), pose)
        assert all(np.isfinite(joint).all() for joint in at.values())
        moved = max(float(np.ptp(joint, axis=1).max()) for joint in at.values())
        assert moved > 0.1


@given(seeds, st.floats(20, 200), st.floats(0.3, 1.5))
def test_exposure_sets_the_mean_brightness_of_any_clip(seed, brightness, contrast):
    frames = rng_of(seed).random((3, 2, 7, 11), dtype=np.float32)
    gain, offset = exposure(frames, brightness=brightness, contrast=contrast)
    luma = np.tensordot([0.299, 0.587, 0.114], frames * gain + offset, 1)
    np.testing.assert_allclose(luma.mean(), brightness, rtol=1e-3)


@given(seeds)
def test_a_process_of_no_strength_does_nothing(seed):
    frames = rng_of(seed).random((3, 2, 37, 41), dtype=np.float32) * 200
    shake = shake_path(rng_of(seed), n_frames=2, fps=15.0, strength=0.0, height=31)
    seen = shaken(frames[:, 1], shake, 1, margin=3)
    np.testing.assert_allclose(seen, frames[:, 1, 3:-3, 3:-3], atol=2e-3)
    noisy = sensed(rng_of(seed), frames, gain=1.0, offset=0.0, strength=0.0)
    assert np.array_equal(noisy, np.moveaxis((frames + np.float32(0.5)).astype(np.uint8), 0, 3))
    settings = {"n_frames": 3, "fps": 15.0, "strength": 0.0, "moving": False}
    depth = np.full((37, 41), 9.0, np.float32)
    gains = list(weather.light(rng_of(seed), CAMERA, depth, **settings))
    assert np.array_equal(gains, np.ones((3, 37, 41)))


def test_light_moves_over_the_ground_and_not_over_the_sky():
    depth = np.full((37, 41), 9.0, np.float32)
    depth[:11] = 300.0
    for seed in range(6):
        settings = {"n_frames": 9, "fps": 15.0, "strength": 1.0, "moving": True}
        gains = np.array(list(weather.light(rng_of(seed), CAMERA, depth, **settings)))
        assert np.ptp(gains[:, :11], axis=(1, 2)).max() < 1e-6
        assert np.ptp(gains[:, 11:], axis=(1, 2)).max() > 0.2
        assert gains.min() > 0


def test_wind_moves_leaves_with_their_neighbours_and_not_what_holds_them():
    place = clip_set.scene_of(0, 0, SMALL)
    plant = max(place.plants, key=lambda one: one.cover_hw.sum())

    def covers(plant, strength):
        wind = np.full(3, strength, np.float32)
        return np.array([one.cover_hw for one in blown(plant, draw_gusts(rng_of(0)), wind, fps=15)])

    inside = (slice(None), slice(1, -1), slice(1, -1))
    np.testing.assert_allclose(
        covers(plant, 0.0)[inside], [plant.cover_hw[1:-1, 1:-1]] * 3, atol=0.01
    )
    held = plant._replace(give_hw=np.zeros_like(plant.give_hw))
    assert np.ptp(covers(held, 3.0), axis=0).max() == 0
    assert np.ptp(covers(plant, 3.0), axis=0).max() > 0.3


def test_rain_is_upright_and_falls_and_snow_is_round_and_slower():
    size, along, across, step = (96, 74), [], [], []
    for snow in (False, True):
        drops = weather.draw_drops(rng_of(0), size=size, fps=15.0, strength=1.0, snow=snow)
        veils = np.array(list(weather.rain(drops, size=size, n_frames=5, fps=15.0, soft=snow)))
        assert 0 <= veils.min() <= veils.max() <= 0.85
        along.append(np.corrcoef(veils[:, 1:].ravel(), veils[:, :-1].ravel())[0, 1])
        across.append(np.corrcoef(veils[:, :, 1:].ravel(), veils[:, :, :-1].ravel())[0, 1])
        step.append(np.median(drops.step))
    assert along[0] > across[0] + 0.2
    assert abs(along[1] - across[1]) < 0.2
    assert step[0] > 4 * step[1]
    near = drops.step > np.median(drops.step)
    assert drops.cover[near].mean() > drops.cover[~near].mean()


def test_each_class_is_its_process_in_force_and_the_others_weaker():
    drawn = {b: [clips.draw_strengths(rng_of(k), b) for k in range(40)] for b in clips.CLASSES}
    fields = {"camera shaking": "shake", "tree waving": "tree"}
    for background in set(clips.CLASSES) - {"normal"}:
        field = fields.get(background, background)
        own = [getattr(one, field) for one in drawn[background]]
        traces = [getattr(one, field) for b in drawn if b != background for one in drawn[b]]
        assert min(own) >= 0.9 * clips.MIDDLES.get(background, 1.0)
        assert max(traces) < 0.2 * min(own)
    assert all(one.snow == 0 and one.fog < 0.02 for b in drawn for one in drawn[b])


def test_quiet_and_noisy_clips_are_files_of_one_size(tmp_path):
    sizes = []
    for background in ("normal", "noise"):
        frames_FHW3 = clip_set.render_clip(
            seed=0, scene=0, background=background, foreground="none"
        )
        encode(tmp_path / "clip.mp4", frames_FHW3, fps=clips.FPS)
        sizes.append((tmp_path / "clip.mp4").stat().st_size)
    assert max(sizes) < 1.05 * min(sizes)


# the labelled set


def test_a_scene_has_every_class_with_and_without_people_in_an_order_that_tells_nothing():
    listed = clip_set.list_clips(5, 3)
    assert {(c.background, c.foreground) for c in listed} == {
        (b, f) for b in clips.CLASSES for f in ("none", "human")
    }
    assert [c.file for c in listed] == [f"camera04-{k:02d}.mp4" for k in range(1, 13)]
    orders = {tuple(c[1:3] for c in clip_set.list_clips(5, k)) for k in range(20)}
    assert len(orders) == 20
    first = [clip_set.list_clips(seed, 0)[0].background for seed in range(60)]
    assert len(set(first)) == 6
    later = clip_set.list_clips(5, 3, extra=("fog",))
    assert len(later) == 14
    assert {c.split for k in range(15) for c in clip_set.list_clips(0, k)} == {"train"}
    assert {c.split for k in range(15, 20) for c in clip_set.list_clips(0, k)} == {"test"}


def test_same_seed_same_bytes_whatever_else_is_rendered(tmp_path):
    settings = {"seed": 7, "n_scenes": 2, "frames": 2, "size": (64, 66)}
    told = []
    with ThreadPoolExecutor(2) as pool:
        labels = clip_set.render_set(
            tmp_path / "both", **settings, mapper=pool.map,
            progress=lambda done, of: told.append((done, of)),
        )  # fmt: skip
    assert told == [(1, 2), (2, 2)]
    with labels.open() as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["file", "background", "foreground", "group", "split"]
    assert len(rows) == 24
    (tmp_path / "one").mkdir()
    clips = clip_set.render_scene(1, out_dir=tmp_path / "one", extra=(), **settings)
    assert [clip._asdict() for clip in clips] == rows[12:]
    for clip in clips:
        both, one = (tmp_path / "both" / clip.file), (tmp_path / "one" / clip.file)
        assert both.read_bytes() == one.read_bytes()
    frames = np.stack(list(read_rgb(one)))
    assert frames.shape == (2, 66, 64, 3)


def test_a_clip_repeats_and_differs_by_seed():
    settings = {"scene": 1, "background": "rain", "foreground": "human", "frames": 3, "size": SMALL}
    clip = clip_set.render_clip(seed=0, **settings)
    assert clip.shape == (3, SMALL[1], SMALL[0], 3)
    assert clip.dtype == np.uint8
    clip_set.scene_of.cache_clear()
    assert np.array_equal(clip, clip_set.render_clip(seed=0, **settings))
    other = clip_set.render_clip(seed=1, **settings)
    assert np.abs(clip.astype(int) - other).mean() > 5


@pytest.mark.parametrize("background", [*clips.CLASSES, *clips.LATER])
def test_every_class_moves_and_lies_in_the_same_range_of_brightness(background):
    clip = clip_set.render_clip(
        seed=3, scene=2, background=background, foreground="none", frames=6, size=SMALL
    ).astype(float)
    assert 70 < clip.mean() < 155
    assert np.abs(np.diff(clip, axis=0)).mean() > 0.1


def test_the_contact_sheet_is_a_picture_with_a_row_for_each_class(tmp_path):
    for name, head in (("s.png", b"\x89PNG"), ("s.JPG", b"\xff\xd8\xff")):
        sheet.contact_sheet(tmp_path / name, seed=0, scenes=(0,), frames=3, size=(64, 64))
        picture = iio.imread(tmp_path / name)
        assert picture.shape == (6 * (18 + 64), 2 * 64 + 4, 3)
        assert (tmp_path / name).read_bytes().startswith(head)
    strip = sheet.label("rain", 50)
    assert strip.shape == (18, 50, 3)
    assert set(np.unique(strip)) == {40, 255}


# errors and the command


@pytest.mark.parametrize(
    "wrong", [{"background": "thunder"}, {"foreground": "dog"}, {"background": "human"}]
)
def test_an_unknown_class_is_refused(wrong):
    settings = {"background": "rain", "foreground": "none", **wrong}
    with pytest.raises(ValueError, match="want one of"):
        clip_set.render_clip(seed=0, scene=0, frames=1, size=SMALL, **settings)


def test_the_command_renders_and_says_so(tmp_path):
    root = Path(__file__).parents[2]
    program = "import sys; from lsfref.app.cli import main; sys.exit(main())"
    command = [sys.executable, "-c", program]
    asked = ["scenes", str(tmp_path / "out"), "--scenes", "1", "--frames", "2", "--size", "64x66"]
    done = subprocess.run(
        [*command, *asked, "--jobs", "1"], cwd=root, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert "12 clips of 1 cameras" in done.stdout
    assert len(list((tmp_path / "out").iterdir())) == 13
    asked[-1] = "65x64"
    done = subprocess.run([*command, *asked], cwd=root, capture_output=True, text=True, timeout=120)
    assert done.returncode == 2
    assert "even sides" in done.stderr


@pytest.mark.slow
@pytest.mark.unwatched
def test_a_clip_of_48_frames_takes_at_most_half_a_second():
    best = np.inf
    for seed in range(3):
        start = time.process_time()
        clip_set.render_clip(seed=seed, scene=0, background="rain", foreground="human")
        best = min(best, time.process_time() - start)
    assert best < 0.5
