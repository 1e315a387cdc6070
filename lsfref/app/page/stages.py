"""Stages 1 to 4 on the page: what the video is, how it moves, what is tracked and described."""

import html

import numpy as np

from lsfref.app.page import drawings, pictures
from lsfref.app.page.gather import Moment, Story
from lsfref.app.page.pictures import BLUE, GREEN, GREY, ORANGE, PURPLE, RED, Canvas
from lsfref.app.page.writing import choices, figure, number, section, table
from lsfref.arrays import COLUMNS
from lsfref.descriptors import PATCH, patch_corners
from lsfref.kernels.pyramid import scale_factors
from lsfref.storage.files import printable
from lsfref.trajectories import TRACK_LENGTH, VERDICTS, candidates

RULES = {
    "valid": (GREEN, "kept"),
    "static": (GREY, "static: both standard deviations below sqrt(3) px"),
    "erratic": (PURPLE, "erratic: one standard deviation above 50 px"),
    "jump": (ORANGE, "jump: one step above 20 px and 70 % of the path"),
    "camera": (BLUE, "camera: moves as the background does"),
}


def swatch(colour: tuple[int, int, int], words: str) -> str:
    """Return a small coloured square and what it stands for."""
    return f'<span style="color:{drawings.rgb(colour)}">&#9632;</span> {html.escape(words)}'


def stage_1(story: Story) -> str:
    """The film strip."""
    config = story.config
    strip = [Canvas(grey_HW, longest=200).pixels for _, grey_HW in story.strip]
    frames = ", ".join(str(frame) for frame, _ in story.strip)
    body = ""
    if strip:
        picture = pictures.png(
            pictures.side_by_side(strip), f"{len(strip)} grey frames of the video, evenly spaced"
        )
        body = f'<div class="wide">{figure(picture, f"Frames {frames}, counted from 0.")}</div>'
        height, width = story.strip[0][1].shape
        shape = f"{width} x {height} px"
    else:
        shape = "unknown size"
    rate = f"{story.rate:g} a second" if story.rate else "without a constant rate"
    body += f"<p>{story.n_frames} frames, {rate}; worked on at {shape}, in {config.dtype}.</p>"
    for warning in story.warnings:
        body += f"<p><b>Warning:</b> {html.escape(printable(warning))}</p>"
    return section(
        1,
        "The video becomes grey frames",
        "Section 3.1",
        html.escape(printable(story.path)),
        f"frames_FHW: {story.n_frames} frames, rows, columns; grey from 0 to 255",
        "grey = 0.299 R + 0.587 G + 0.114 B",
        body + choices("A1 R1 R2 C17", config),
    )


def stage_2(story: Story) -> str:
    """Flow in colours with its key, as arrows, and the pyramid."""
    moment, body = story.moment, ""
    if moment is not None and moment.flows:
        flow_HW2 = moment.flows[-1].astype(np.float64)
        length_HW = np.sqrt((flow_HW2**2).sum(axis=-1))
        largest = max(float(np.percentile(length_HW, 99)), 0.5)
        coloured = pictures.flow_colours(flow_HW2, largest)
        whole = max(1, 480 // max(coloured.shape))
        coloured = np.kron(coloured, np.ones((whole, whole, 1), np.uint8))
        step = max(1, coloured.shape[0] // 480, coloured.shape[1] // 640)
        pair = pictures.side_by_side([coloured[::step, ::step], pictures.flow_key()])
        alt = (
            f"Optical flow into frame {moment.frame}: mean length {length_HW.mean():.2f} pixels, "
            f"at the right the key"
        )
        body += figure(
            pictures.png(pair, alt),
            f"Flow from frame {moment.frame - 1} to {moment.frame}. Colour is direction, as in the "
            f"disc (right is right, down is down); full colour is {largest:.1f} px a frame or "
            f"more, white is no motion. The mean length is "
            + number(
                float(length_HW.mean()), _scale(moment, "02_flow", "flow_HW2") + ":mean_length"
            )
            + " px.",
        )
        canvas = Canvas(moment.greys[-2], dim=0.8)
        every = max(6, round(14 / canvas.zoom))
        height, width = length_HW.shape
        for y in range(every // 2, height, every):
            for x in range(every // 2, width, every):
                if length_HW[y, x] > 0.15:
                    tip = np.array([[x, y], [x, y] + flow_HW2[y, x] * 3])
                    canvas.line(tip, pictures.YELLOW)
                    canvas.dot(tip[:1], RED, radius=1)
        body += figure(
            pictures.png(canvas.pixels, "The same flow as short lines on the frame"),
            "The same flow as lines, three times as long as it is; each begins at a red dot.",
        )
    if moment is not None:
        step = max(1, moment.layers[0].shape[1] // 320)
        layers = [Canvas(g, longest=max(g.shape)).pixels[::step, ::step] for g in moment.layers]
        sizes = ", ".join(f"{g.shape[1]} x {g.shape[0]}" for g in moment.layers)
        picture = pictures.png(
            pictures.side_by_side(layers), f"The frame at {len(layers)} scales, side by side"
        )
        caption = f"The pyramid: {sizes} px, each smaller by the square root of 2."
        body += f'<div class="wide">{figure(picture, caption)}</div>'
    return section(
        2,
        "Neighbouring frames become optical flow",
        "Section 2.1, [26]",
        "two frames_HW",
        "flow_HW2: for each pixel (dx right, dy down) in pixels of its scale",
        "find d at each pixel so that  first(p) = second(p + d)  in a window around it",
        body + choices("A2 A3", story.config),
    )


def stage_3(story: Story) -> str:
    """Where tracks begin, the tracks in motion, and what was rejected."""
    moment, body = story.moment, ""
    if moment is not None:
        body += _seeds(moment) + _tracks(moment)
    counts = story.counts
    rows = [
        [swatch(colour, words), str(counts[name])]
        for name, (colour, words) in RULES.items()
        if counts[name] or name != "camera"
    ]
    rows.append(["left the image before its 15th step", str(counts["left the image"])])
    body += table(["tracks, over all frames and scales", "number"], rows, numeric=" n")
    return section(
        3,
        "Points are tracked along the flow",
        "Section 2.1, [26]",
        "grey_HW, flow_HW2",
        f"points_PS2: P = {story.n_points} trajectories of S = 16 points (x, y)",
        "p(t+1) = p(t) + flow at the pixel nearest to p(t),  for 15 steps",
        body + choices("A4 A5 A6 A7", story.config),
    )


def _seeds(moment: Moment) -> str:
    seeds = moment.seeds
    points_hw2 = candidates(moment.greys[-1].shape)
    rows, columns = points_hw2.shape[:2]
    strength_hw = seeds["strength_HW"][2::5, 2::5][:rows, :columns]
    occupied_hw = seeds["occupied_hw"]
    weak_hw = ~occupied_hw & (strength_hw <= seeds["threshold"])
    canvas = Canvas(moment.greys[-1], dim=0.75)
    canvas.dot(points_hw2[occupied_hw], pictures.SKY)
    canvas.dot(points_hw2[weak_hw], ORANGE)
    canvas.dot(seeds["points_P2"], GREEN)
    n_new, n_taken, n_weak = len(seeds["points_P2"]), int(occupied_hw.sum()), int(weak_hw.sum())
    source = _scale(moment, "03_trajectories", "points_P2")
    return figure(
        pictures.png(canvas.pixels, f"Candidates on frame {moment.frame}: {n_new} begin"),
        f"The 5 px grid of frame {moment.frame}, finest scale. {swatch(GREEN, '')}"
        f"{number(n_new, source + ':rows')} tracks begin; {swatch(pictures.SKY, '')}{n_taken} "
        f"cells have a live track already; {swatch(ORANGE, '')}{n_weak} have too little texture.",
    )


def _tracks(moment: Moment) -> str:
    if not any(len(c) for c in moment.complete):
        return f"<p>No track is complete on frame {moment.frame}.</p>"
    canvas = Canvas(moment.greys[-1], dim=0.6)
    factors = scale_factors(len(moment.complete))
    kept = []
    for factor, complete_pS2, verdicts_p in zip(
        factors, moment.complete, moment.verdicts, strict=True
    ):
        for points_S2, verdict in zip(complete_pS2 * float(factor), verdicts_p, strict=True):
            if verdict == 0:
                kept.append(points_S2)
            else:
                canvas.line(points_S2, RULES[VERDICTS[verdict]][0])
    frames = []
    shown = kept[:: max(1, len(kept) // 400)]
    for step, grey_HW in enumerate(moment.greys[-TRACK_LENGTH - 1 :]):
        film = Canvas(grey_HW, dim=0.75, longest=480)
        for points_S2 in shown:
            film.line(points_S2[: step + 1], GREEN)
            film.dot(points_S2[step : step + 1], RED)
        frames.append(film.pixels)
    told = ""
    if kept:
        told = figure(
            pictures.gif(frames, f"{len(shown)} trajectories as they grow over 16 frames"),
            f"The trajectories that end on frame {moment.frame}, as they grow: green behind, red "
            f"where they are. {len(shown)} of {len(kept)} are drawn.",
        )
    for points_S2 in shown:
        canvas.line(points_S2, GREEN)
    key = " ".join(swatch(c, name) for name, (c, _) in RULES.items() if name != "camera")
    return told + figure(
        pictures.png(canvas.pixels, "Complete tracks by the rule that kept or rejected them"),
        f"All tracks that are complete on frame {moment.frame}, by rule: {key}.",
    )


def stage_4(story: Story) -> str:
    """One trajectory: its patch, shape, HOG, HOF, MBH, and the 426 numbers."""
    example, moment = story.example, story.moment
    if example is None or moment is None:
        body = "<p>There is no trajectory to describe.</p>"
    else:
        case = f"04_descriptors/frame_{moment.frame:05d}/descriptors_PD[{example.row}"
        layer_HW = moment.layers[example.scale]
        corner = patch_corners(example.points_S2[-1:], layer_HW.shape)[0]
        patch = layer_HW[corner[1] : corner[1] + PATCH, corner[0] : corner[0] + PATCH]
        canvas = Canvas(patch, longest=192)
        for at in (0, PATCH // 2, PATCH):
            edge = np.array([[at - 0.5, -0.5], [at - 0.5, PATCH - 0.5]])
            canvas.line(edge, pictures.SKY)
            canvas.line(edge[:, ::-1], pictures.SKY)
        canvas.line(example.points_S2 - corner, GREEN)
        canvas.dot(example.points_S2[-1:] - corner, RED, radius=2)
        vector = example.descriptor_D
        body = (
            f"<p>One of the {story.n_points} trajectories: the one with the longest path on frame "
            f"{moment.frame}, at scale {example.scale} (row {example.row} of its frame).</p>"
        )
        body += figure(
            pictures.png(
                canvas.pixels, "The 32 x 32 patch with its 2 x 2 cells and the trajectory"
            ),
            "Its patch of 32 x 32 px on the last frame, the four cells, and its track.",
        )
        shape = vector[COLUMNS["trajectory"]]
        body += figure(
            drawings.path(example.points_S2 * example.factor, "The trajectory from dot to ring"),
            "Shape (30): its 15 displacements over the length of the path. The first is ("
            + number(float(shape[0]), f"{case},0]")
            + ", "
            + number(float(shape[1]), f"{case},1]")
            + ").",
        )
        for name, n_bins, colour, words in (
            ("hog", 8, BLUE, "HOG (96): directions of the picture's gradient."),
            (
                "hof",
                9,
                GREEN,
                "HOF (108): directions of the flow; the disc is the ninth bin, stillness.",
            ),
            ("mbhx", 8, PURPLE, "MBHx (96): directions of the gradient of the flow's x part."),
            ("mbhy", 8, RED, "MBHy (96): the same of its y part. MBH is both, 192."),
        ):
            histogram = vector[COLUMNS[name]]
            alt = f"{name}: three moments of 2 x 2 cells with {n_bins} bins each"
            first = COLUMNS[name].start
            caption = f"{words} Its largest element is " + number(
                float(histogram.max()), f"{case},{first + int(histogram.argmax())}]"
            )
            body += figure(drawings.roses(histogram, n_bins, alt, colour), caption + ".")
        body += figure(
            drawings.bars(vector, "All 426 numbers of this trajectory"),
            "All 426 numbers, in the order shape, HOG, HOF, MBHx, MBHy.",
        )
    return section(
        4,
        "Each trajectory is described by 426 numbers",
        "Section 2.1, [26]",
        "grey_HW and flow_HW2 around each of its 15 steps",
        f"descriptors_PD: {story.n_points} x 426",
        "histogram = sqrt((cell sums + 0.05) / their total),  averaged over 5 steps",
        body + choices("A8 A9 A10 A12", story.config),
    )


def _scale(moment: Moment, stage: str, name: str) -> str:
    return f"{stage}/frame_{moment.frame:05d}_scale_0/{name}"
