"""Stages 1 to 4 on the page: what the video is, how it moves, what is tracked and described."""

import numpy as np

from lsfref.app.output import counted
from lsfref.app.page import charts, marks, pixels
from lsfref.app.page.pixels import Canvas
from lsfref.app.page.shell import columns, figure, number, table
from lsfref.app.page.story import Example, Moment, Story
from lsfref.arrays import COLUMNS, Floats
from lsfref.descriptors import PATCH, patch_corners
from lsfref.kernels.pyramid import scale_factors
from lsfref.trajectories import TRACK_LENGTH, VERDICTS, candidates

RULES: dict[str, tuple[marks.Color, str]] = {
    "valid": (marks.GREEN, "kept"),
    "static": (marks.GREY, "static: both standard deviations below 1.73 px"),
    "erratic": (marks.PURPLE, "erratic: one standard deviation above 50 px"),
    "jump": (marks.ORANGE, "jump: one step above 20 px and 70 % of the path"),
    "camera": (marks.BLUE, "camera: moves as the background does"),
}
HISTOGRAMS = (
    ("hog", marks.BLUE, "HOG (96): directions of the picture's gradient."),
    ("hof", marks.GREEN, "HOF (108): directions of the flow; the disc is the ninth, stillness."),
    ("mbhx", marks.PURPLE, "MBHx (96): directions of the gradient of the flow's x part."),
    ("mbhy", marks.RED, "MBHy (96): the same of its y part. MBH is both, 192."),
)


def stage_1(story: Story) -> str:
    """The film strip."""
    pictures, shape = "", "unknown size"
    for frame, grey_HW in story.strip:
        picture = pixels.thumb(grey_HW, f"Frame {frame} of the video, grey")
        pictures += figure(picture, f"frame {frame}")
        shape = f"{grey_HW.shape[1]} x {grey_HW.shape[0]} px"
    rate = f"{story.rate:.4g} per second" if story.rate else "without a constant rate"
    return (
        f'<div class="gallery">{pictures}</div><p>{counted(f"{story.n_frames:,}", "frame")} '
        f"(counted from 0), {rate}; worked on at {shape}, in {story.config.dtype}.</p>"
    )


def stage_2(story: Story) -> str:
    """Flow in colors with its key, and the pyramid."""
    moment = story.moment
    if moment is None:
        return ""
    body = "" if moment.seen[0].get("flow_HW2") is None else _flow_in_colors(moment)
    drawn, sizes, step = "", [], max(1, moment.greys[-1].shape[1] // 320)
    for scale, grey_HW in enumerate(layer["grey_HW"] for layer in moment.seen):
        sizes.append(f"{grey_HW.shape[1]} x {grey_HW.shape[0]}")
        picture = Canvas(grey_HW, longest=max(grey_HW.shape)).pixels[::step, ::step]
        drawn += pixels.png(picture, f"The frame at scale {scale}, {sizes[-1]} pixels")
    caption = f"The pyramid: {', '.join(sizes)} px, each smaller by the square root of 2."
    return body + figure(f'<div class="row">{drawn}</div>', caption)


def _flow_in_colors(moment: Moment) -> str:
    flow_HW2 = moment.seen[0]["flow_HW2"].astype(np.float64)
    length_HW = np.sqrt((flow_HW2**2).sum(axis=-1))
    largest = max(float(np.percentile(length_HW, 99)), 0.5)
    colored = pixels.flow_colors(flow_HW2, largest)
    whole = max(1, 480 // max(colored.shape))
    step = max(1, colored.shape[0] // 480, colored.shape[1] // 640)
    colored = np.kron(colored, np.ones((whole, whole, 1), np.uint8))[::step, ::step]
    alt = f"Optical flow into frame {moment.frame}: mean length {length_HW.mean():.2f} pixels"
    disc = pixels.png(pixels.flow_key(), "Key of the colors: a disc of directions", kind="round")
    source = f"02_flow/frame_{moment.frame:05d}_scale_0/flow_HW2"
    mean = number(length_HW.mean(), f"{source}:mean_length")
    return figure(
        f'<div class="row">{pixels.png(colored, alt)}{disc}</div>',
        f"Flow from frame {moment.frame - 1} to {moment.frame}. Color is direction, as in the "
        f"disc (right is right, down is down); full color is {largest:.1f} px per frame or "
        f"more, white is no motion. The mean length is {mean} px.",
    )


def stage_3(story: Story) -> str:
    """Where tracks begin, the tracks in motion, and what was rejected."""
    counts, body = story.counts, ""
    if story.moment is not None:
        body = _seeds(story.moment) + _tracks(story.moment)
    rows = [
        [marks.swatch(color, words), f"{counts[name]:,}"]
        for name, (color, words) in RULES.items()
        if counts[name] or name != "camera"
    ]
    rows.append(["left the image before its 15th step", f"{counts['left the image']:,}"])
    return body + table(columns("tracks"), rows)


def _seeds(moment: Moment) -> str:
    seeds = moment.seen[0]
    points_hw2 = candidates(moment.greys[-1].shape)
    height, width = points_hw2.shape[:2]
    strength_hw = seeds["strength_HW"][2::5, 2::5][:height, :width]
    occupied_hw = seeds["occupied_hw"]
    weak_hw = ~occupied_hw & (strength_hw <= seeds["threshold"])
    canvas = Canvas(moment.greys[-1], dim=0.75)
    canvas.dot(points_hw2[occupied_hw], marks.SKY)
    canvas.dot(points_hw2[weak_hw], marks.ORANGE)
    canvas.dot(seeds["points_P2"], marks.GREEN)
    n_new, n_taken, n_weak = len(seeds["points_P2"]), int(occupied_hw.sum()), int(weak_hw.sum())
    source = f"03_trajectories/frame_{moment.frame:05d}_scale_0/points_P2"
    return figure(
        pixels.png(canvas.pixels, f"Candidates on frame {moment.frame}: {n_new} begin"),
        f"The 5 px grid of frame {moment.frame}, finest scale. {marks.swatch(marks.GREEN)} "
        f"{number(n_new, source + ':rows')} tracks begin; {marks.swatch(marks.SKY)} {n_taken:,} "
        f"cells have a live track already; {marks.swatch(marks.ORANGE)} {n_weak:,} have too "
        "little texture.",
    )


def _tracks(moment: Moment) -> str:
    if not any(len(complete_pS2) for complete_pS2, _ in moment.tracks):
        return f"<p>No track is complete on frame {moment.frame}.</p>"
    complete, verdicts = zip(*moment.tracks, strict=True)
    canvas, factors = Canvas(moment.greys[-1], dim=0.6), scale_factors(len(complete))
    scaled = [points * factor for factor, points in zip(factors, complete, strict=True)]
    tracks_PS2, verdicts_P = np.concatenate(scaled), np.concatenate(verdicts)
    kept_PS2, grown = tracks_PS2[verdicts_P == 0], ""
    shown_PS2 = kept_PS2[:: max(1, len(kept_PS2) // 400)]
    for verdict in range(1, len(VERDICTS)):
        canvas.line(tracks_PS2[verdicts_P == verdict], RULES[VERDICTS[verdict]][0])
    canvas.line(shown_PS2, marks.GREEN)
    if len(kept_PS2):
        frames = []
        for step, grey_HW in enumerate(moment.greys[-TRACK_LENGTH - 1 :]):
            film = Canvas(grey_HW, dim=0.75, longest=480)
            film.line(shown_PS2[:, : step + 1], marks.GREEN)
            film.dot(shown_PS2[:, step], marks.RED)
            frames.append(film.pixels)
        grown = figure(
            pixels.gif(frames, f"{len(shown_PS2)} trajectories as they grow over 16 frames"),
            f"The trajectories that end on frame {moment.frame}, as they grow: green behind, red "
            f"where they are. {len(shown_PS2)} of {len(kept_PS2):,} are drawn.",
        )
    key = " ".join(marks.swatch(c, name) for name, (c, _) in RULES.items() if name != "camera")
    return grown + figure(
        pixels.png(canvas.pixels, "Complete tracks by the rule that kept or rejected them"),
        f"All tracks that are complete on frame {moment.frame}, by rule: {key}.",
    )


def stage_4(story: Story) -> str:
    """One trajectory: its patch, shape, HOG, HOF, MBH, and the 426 numbers."""
    example, moment = story.example, story.moment
    if example is None or moment is None:
        return "<p>There is no trajectory to describe.</p>"
    vector_D = example.descriptor_D
    case = f"04_descriptors/frame_{moment.frame:05d}/descriptors_PD[{example.row}"
    numbers = figure(
        charts.bars(vector_D, "All 426 numbers of this trajectory"),
        "All 426 numbers, in the order shape, HOG, HOF, MBHx, MBHy.",
    )
    return (
        f"<p>One of the {story.n_points:,} trajectories: the one with the longest path on "
        f"frame {moment.frame}, at scale {example.scale} (row {example.row} of its frame).</p>"
        f"{_patch(moment, example, case)}{_histograms(vector_D, case)}{numbers}"
    )


def _patch(moment: Moment, example: Example, case: str) -> str:
    """Return the track with its patch, cut out of the layer that it was found in."""
    layer_HW, points_S2 = moment.seen[example.scale]["grey_HW"], example.points_S2
    corner = patch_corners(points_S2[-1:], layer_HW.shape)[0]
    low = np.maximum(np.minimum(points_S2.min(axis=0), corner) - 4, 0).astype(int)
    high = np.maximum(points_S2.max(axis=0), corner + PATCH).astype(int) + 5
    canvas = Canvas(layer_HW[low[1] : high[1], low[0] : high[0]], dim=0.8, longest=400)
    grid = np.array([[[at, 0.0], [at, PATCH]] for at in (0.0, PATCH / 2, PATCH)]) - 0.5
    for lines in (grid, grid[..., ::-1]):
        canvas.line(lines + (corner - low), marks.SKY)
    canvas.line((points_S2 - low)[None], marks.GREEN)
    canvas.dot(points_S2 - low, marks.GREEN)
    canvas.dot(points_S2[-1:] - low, marks.RED, radius=2)
    first, second = example.descriptor_D[COLUMNS["trajectory"]][:2]
    return figure(
        pixels.png(canvas.pixels, "The trajectory, and the 32 x 32 patch with its 2 x 2 cells"),
        "Its track, which ends at the red point, and its patch of 32 x 32 px on the last frame, "
        "with the four cells. Shape (30): its 15 displacements over the length of the path. The "
        f"first is ({number(first, f'{case},0]')}, {number(second, f'{case},1]')}).",
    )


def _histograms(vector_D: Floats, case: str) -> str:
    body = ""
    for name, color, words in HISTOGRAMS:
        histogram_D, first = vector_D[COLUMNS[name]], COLUMNS[name].start
        alt = f"{name}: three moments of 2 x 2 cells with {len(histogram_D) // 12} bins each"
        top = int(histogram_D.argmax())
        largest = number(histogram_D[top], f"{case},{first + top}]")
        body += figure(
            charts.roses(histogram_D, alt, color),
            f"{words} Left to right: steps 1 to 5, 6 to 10, 11 to 15. Its largest element is "
            f"{largest}.",
        )
    return body


DRAWN = (stage_1, stage_2, stage_3, stage_4)
