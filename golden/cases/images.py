"""Golden cases of stages 1 and 2: grey, resampling, windows, flow."""

from unittest import mock

import numpy as np

from golden.cases.base import Case, Kind, Output
from golden.cases.numbers import reals, texture, whole
from lsfref import flow, video
from lsfref.cited import farneback
from lsfref.kernels import filters, medians, pyramid
from lsfref.phases import motion

# Stage 1: from decoded colours to grey, and smaller where asked.


def run_grey(t, _settings):
    rgb_HW3 = t["rgb_HW3"].astype(np.uint8)
    return {
        "grey_HW": video.grey_luma(rgb_HW3),
        "grey_8bit_HW": video.grey_8bit(rgb_HW3).astype(np.int64),
    }


GREY = Kind(
    "grey",
    "01_video",
    run_grey,
    {
        "grey_HW": Output("0.299 R + 0.587 G + 0.114 B, unrounded; A1", "loops, opencv"),
        "grey_8bit_HW": Output(
            "(9798 R + 19235 G + 3735 B + 16384) >> 15; A1, farneback", "loops, opencv"
        ),
    },
)


def run_shrink(t, _settings):
    return {"shrunk_HW": pyramid.shrink(t["frame_HW"], max_side=int(t["max_side"]))}


SHRINK = Kind(
    "shrink",
    "01_video",
    run_shrink,
    {"shrunk_HW": Output("mean over the area that a pixel covers; A1", "loops, opencv")},
    axes=lambda _t: {"shrunk_HW": "hw"},
)


def _video_cases():
    yield Case(
        GREY,
        "tiny",
        "any colours",
        "the weights of red, green and blue, or their order (A1)",
        {"rgb_HW3": whole((7, 11, 3), seed=101, high=256)},
    )
    corners = np.array([[[255 * (n >> b & 1) for b in (2, 1, 0)] for n in range(8)]])
    yield Case(
        GREY,
        "corners",
        "black, the pure colours and white",
        "white is 255 exactly; the 8-bit grey rounds, it does not cut (A1)",
        {"rgb_HW3": corners},
    )
    yield Case(
        GREY,
        "rounding",
        "colours whose weighted sum lies half-way between two whole numbers",
        "the 8-bit grey rounds halves up: 16384 is added before the shift (A1)",
        {"rgb_HW3": np.array([[[0, 12, 4], [0, 36, 12], [0, 60, 20], [0, 84, 28], [0, 108, 36]]])},
    )
    for name, about, shape, side in (
        ("shrink", "a longer side of 23 becomes 13", (17, 23), 13),
        ("shrink_tall", "the longer side is the height; the other rounds a half up", (10, 5), 7),
        ("shrink_none", "a frame that is small enough", (7, 11), 11),
        ("shrink_thin", "a side that would vanish keeps one pixel", (2, 29), 7),
        ("shrink_one", "one pixel is left: the mean of all", (5, 7), 1),
        ("shrink_off", "a longer side of 0: no limit", (5, 7), 0),
    ):
        yield Case(
            SHRINK,
            name,
            about,
            "pixels at the edge of an area count by the covered fraction; sizes round halves up"
            " and are never 0 or enlarged (A1)",
            {"frame_HW": texture(shape, seed=103)},
            {"max_side": np.int64(side)},
        )


# Stage 2: the kernels that it shares with stages 3 and 4.


def run_box(t, _settings):
    return {"sums_HW": filters.box_sums(t["image_HW"], size=int(t["size"]))}


def run_median(t, _settings):
    return {"median_HW": medians.median(t["image_HW"], size=int(t["size"]))}


def run_warp(t, _settings):
    return {"warped_HW": filters.warp(t["image_HW"], t["x_HW"], t["y_HW"])}


def run_slopes(t, _settings):
    gx_HW, gy_HW = filters.slopes(t["image_HW"])
    return {"gx_HW": gx_HW, "gy_HW": gy_HW}


def run_normalise(t, _settings):
    return {"texture_HW": flow.normalise(t["image_HW"])}


def run_layers(t, settings):
    n_scales = int(t["n_scales"])
    if settings["bits"] == "8":
        layers = farneback.grey_layers_8bit(t["frame_HW"].astype(np.uint8), n_scales=n_scales)
        layers = [layer.astype(np.int64) for layer in layers]
    else:
        layers = pyramid.grey_layers(t["frame_HW"], n_scales=n_scales)
    return {f"layer_{k}_HW": layer for k, layer in enumerate(layers) if k}


def run_sizes(t, _settings):
    shapes = [pyramid.layer_shapes((int(h), int(w))) for h, w in t["shapes_M2"]]
    factors = pyramid.scale_factors(8)
    return {
        "counts_M": np.array([len(s) for s in shapes]),
        "layers_R2": np.array([shape for s in shapes for shape in s]),
        "factors_8": np.array(factors),
    }


BOX = Kind(
    "box", "02_flow", run_box, {"sums_HW": Output("window sums, 0 outside", "loops, scipy, opencv")}
)
MEDIAN = Kind(
    "median",
    "02_flow",
    run_median,
    {"median_HW": Output("edge pixels repeated; A2", "loops, scipy, opencv")},
)
WARP = Kind(
    "warp",
    "02_flow",
    run_warp,
    {"warped_HW": Output("bilinear, positions clamped", "loops, scipy, opencv")},
)
SLOPES = Kind(
    "slopes",
    "02_flow",
    run_slopes,
    {
        "gx_HW": Output(
            "(1, -8, 0, 8, -1) / 12 along x, 0 in the outer two columns", "loops, scipy"
        ),
        "gy_HW": Output("the same along y, 0 in the outer two rows", "loops, scipy"),
    },
)
NORMALISE = Kind(
    "normalise",
    "02_flow",
    run_normalise,
    {"texture_HW": Output("less the 7x7 mean, over sqrt(9 + 7x7 mean square); FL4", "loops")},
)
LAYERS = Kind(
    "layers",
    "02_flow",
    run_layers,
    {
        "layer_*": Output(
            "pixel i of n reads (i + 1/2) N / n - 1/2, bilinear, clamped; A3", "loops, opencv"
        )
    },
    axes=lambda _t: {f"layer_{k}_HW": ["h", "w"] for k in range(8)},
)
SIZES = Kind(
    "sizes",
    "02_flow",
    run_sizes,
    {
        "counts_M": Output(
            "layers while the shorter side is 32 or more, in float32; A3", "loops, hand"
        ),
        "layers_R2": Output("rows and columns of all layers, frame after frame; A3", "loops, hand"),
        "factors_8": Output("products of sqrt(2) in float32; A3", "loops, hand"),
    },
)


def _kernel_cases():
    image = texture((11, 13), seed=201)
    for size in (3, 9):
        yield Case(
            BOX,
            f"box_{size}",
            f"sums over {size} x {size} pixels",
            "windows that reach over the border: what is outside is 0",
            {"image_HW": image},
            {"size": np.int64(size)},
        )
    for size in (3, 5):
        noisy = whole((11, 13), seed=203, high=1021) / 4
        yield Case(
            MEDIAN,
            f"median_{size}",
            f"medians of {size} x {size} pixels",
            "the border: edge pixels are repeated, not mirrored, not 0 (A2)",
            {"image_HW": noisy},
            {"size": np.int64(size)},
        )
    yield Case(
        SLOPES,
        "slopes",
        "derivatives along x and y",
        "the five taps, or the border: 0 in the two outermost pixels",
        {"image_HW": image},
    )
    yield Case(
        NORMALISE,
        "normalise",
        "an image less its local mean, over its local deviation",
        "windows of 7 x 7 hold fewer pixels at the border; what is flat stays small (FL4)",
        {"image_HW": np.where(np.indices((23, 29))[1] < 13, texture((23, 29), seed=209), 64)},
    )
    y, x = np.indices(image.shape)
    yield Case(
        WARP,
        "warp",
        "positions within the image and far outside",
        "x and y, the fraction, or the border: positions are clamped",
        {
            "image_HW": image,
            "x_HW": x + reals(image.shape, seed=205, span=7),
            "y_HW": y + reals(image.shape, seed=206, span=7),
        },
    )
    yield Case(
        WARP,
        "warp_whole",
        "whole positions, the last row and column among them",
        "a whole position is that pixel, also at the far edge",
        {
            "image_HW": image,
            "x_HW": whole(image.shape, seed=207, low=-1, high=15) * 1.0,
            "y_HW": whole(image.shape, seed=208, low=-1, high=13) * 1.0,
        },
    )


def _pyramid_cases():
    frame = texture((67, 71), seed=211)
    for bits, frame_HW in (("float", frame), ("8", np.floor(frame).astype(np.int64))):
        yield Case(
            LAYERS,
            "pyramid" if bits == "float" else "pyramid_8bit",
            "all layers of a frame",
            "the position that a pixel reads, each layer from the one before"
            + (" (A3)" if bits == "float" else "; 11-bit weights, two shifts, one rounding (A2)"),
            {"frame_HW": frame_HW},
            {"n_scales": np.int64(8)},
            settings={"bits": bits},
        )
    yield Case(
        LAYERS,
        "pyramid_2",
        "two layers at most",
        "the number of layers is limited (A3)",
        {"frame_HW": texture((89, 67), seed=213)},
        {"n_scales": np.int64(2)},
        settings={"bits": "float"},
    )
    sizes = [(120, 160), (480, 640), (64, 101), (64, 64), (31, 57), (32, 32), (127, 91), (241, 359)]
    yield Case(
        SIZES,
        "sizes",
        "how many layers, and how large",
        "sides are divided in float32: 64 gives three layers, the last 32; halves round to even",
        {"shapes_M2": np.array(sizes)},
        exact=True,
    )


# Stage 2: flow.


def run_flow(t, settings):
    how = {"n_scales": int(t["n_scales"]), "method": settings["method"]}
    first, second = (flow.prepare(t[name], **how) for name in ("first_HW", "second_HW"))
    flows = flow.layer_flows(first, second, method=settings["method"])
    return {f"flow_{k}_HW2": flow_HW2 for k, flow_HW2 in enumerate(flows)}


def run_steps(t, settings):
    found = motion.steps(t["frames_3HW"], flow=settings["method"], n_scales=1)
    greys, flows, _ = zip(*found, strict=True)
    return {
        "grey_3HW": np.stack([layers[0] for layers in greys]),
        "flow_2HW2": np.stack([layers[0] for layers in flows[1:]]),
    }


def flow_margin(t, settings, _out, run=run_flow):
    """Return how far warped positions are from the edge, pixels, where they are not on it.

    Beyond it the second image is not seen. A layer begins with no flow: then positions are whole.
    """
    module, name = {"lucas_kanade": (flow, "read_at"), "farneback": (farneback, "warp")}[
        settings["method"]
    ]
    read, gaps = getattr(module, name), [np.inf]

    def watched(image_HW, x_HW, y_HW):
        height, width = image_HW.shape
        for values, last in ((x_HW, width - 1), (y_HW, height - 1)):
            for edge in (0, last):
                apart = np.abs(values - edge)
                gaps.append(float(np.min(apart[apart > 0], initial=np.inf)))
        return read(image_HW, x_HW, y_HW)

    with mock.patch.object(module, name, watched):
        run(t, settings)
    return min(gaps)


FLOW = Kind(
    "flow",
    "02_flow",
    run_flow,
    {"flow_*": Output("dx right, dy down, in pixels of layer k, median filtered; A2", "loops")},
    flow_margin,
    axes=lambda _t: {f"flow_{k}_HW2": ["h", "w", "2"] if k else ["H", "W", "2"] for k in range(8)},
)


MOMENTS = Kind(
    "moments",
    "02_flow",
    run_steps,
    {
        "grey_3HW": Output(
            "the frames, for farneback in whole numbers, halves to even; A2", "loops"
        ),
        "flow_2HW2": Output("from frame 0 to 1, and from 1 to 2; A2", "loops"),
    },
    lambda t, settings, out: flow_margin(t, settings, out, run_steps),
)


def _flow_cases():
    shown = np.array([texture((37, 41), seed=225, at=(-f * 5 / 8, f * 3 / 8)) for f in range(3)])
    for method in ("lucas_kanade", "farneback"):
        yield Case(
            MOMENTS,
            "video" if method == "lucas_kanade" else "farneback_video",
            "three frames of a video",
            "flow leads from a frame to the next one, and stands on the grid of the first (A2)",
            {"frames_3HW": shown},
            settings={"method": method},
            exact=method == "farneback",
        )

    def case(name, about, branch, first, second, n_scales=8, method="lucas_kanade", **rest):
        return Case(
            FLOW,
            name,
            about,
            branch,
            {"first_HW": first, "second_HW": second},
            {"n_scales": np.int64(n_scales)},
            settings={"method": method},
            **rest,
        )

    shape = (37, 43)
    still = texture(shape, seed=221)
    for method in ("lucas_kanade", "farneback"):
        tag = "" if method == "lucas_kanade" else "farneback_"
        yield case(
            f"{tag}tiny",
            "the picture moves by (5/8, -3/8) px: right and up",
            "x and y, their signs, the window, or the median (A2)",
            still,
            texture(shape, seed=221, at=(-5 / 8, 3 / 8)),
            method=method,
        )
        yield case(
            f"{tag}layers",
            "two layers, a motion of (-17/8, 11/8) px",
            "the coarser layer's flow, resampled and multiplied by the ratio of sizes",
            texture((47, 53), seed=223),
            texture((47, 53), seed=223, at=(17 / 8, -11 / 8)),
            method=method,
        )
        yield case(
            f"{tag}one_layer",
            "the same frames with one layer",
            "one layer starts from zero flow",
            texture((47, 53), seed=223),
            texture((47, 53), seed=223, at=(17 / 8, -11 / 8)),
            n_scales=1,
            method=method,
        )
        bright = texture(shape, seed=221, at=(-5 / 8, 3 / 8), scale=0.75)
        yield case(
            f"{tag}gain",
            "the second frame is darker by a quarter",
            "what is done against changes of brightness",
            still,
            bright,
            method=method,
        )
        half, moved = still.copy(), texture(shape, seed=221, at=(-5 / 8, 3 / 8))
        half[7:30, 11:34] = moved[7:30, 11:34] = 64
        yield case(
            f"{tag}flat",
            "no texture in the middle",
            "the guard of the 2x2 system: no texture gives no flow, not a division by 0 (A2)",
            half,
            moved,
            method=method,
        )


CASES = [*_video_cases(), *_kernel_cases(), *_pyramid_cases(), *_flow_cases()]
