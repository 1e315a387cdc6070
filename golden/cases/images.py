"""Golden cases of stage 1, and of the kernels and the pyramid that stage 2 is made of."""

import numpy as np

from golden.cases.base import Case, Kind, Output
from golden.cases.numbers import reals, texture, whole
from lsfref import flow, video
from lsfref.cited import farneback
from lsfref.cited.medians import median_5x5
from lsfref.kernels import filters, medians, pyramid

MEDIANS = {3: medians.median, 5: median_5x5}


# Stage 1: from decoded colors to grey, and smaller where asked.


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
            "(9798 R + 19235 G + 3735 B + 16384) >> 15; A1, farneback", "loops, opencv", "farneback"
        ),
    },
)


def run_shrink(t, _settings):
    return {"shrunk_HW": pyramid.resize(t["frame_HW"], max_side=int(t["max_side"]))}


SHRINK = Kind(
    "shrink",
    "01_video",
    run_shrink,
    {
        "shrunk_HW": Output(
            "mean over the area that a pixel covers; the longer side becomes max_side, the other"
            " max(1, floor(side max_side / longer + 1/2)); 0 or a smaller frame: as it is; A1",
            "loops, opencv",
        )
    },
    axes=lambda _t: {"shrunk_HW": "hw"},
)


def _video_cases():
    yield Case(
        GREY,
        "tiny",
        "any colors",
        "the weights of red, green and blue, or their order (A1)",
        {"rgb_HW3": whole((7, 11, 3), seed=101, high=256)},
    )
    corners = np.array([[[255 * (n >> b & 1) for b in (2, 1, 0)] for n in range(8)]])
    yield Case(
        GREY,
        "corners",
        "black, the pure colors and white",
        "white is 255 exactly; the 8-bit grey rounds, it does not cut (A1)",
        {"rgb_HW3": corners},
    )
    yield Case(
        GREY,
        "rounding",
        "colors whose weighted sum lies half-way between two whole numbers",
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
    return {"median_HW": MEDIANS[int(t["size"])](t["image_HW"])}


def run_warp(t, _settings):
    return {"warped_HW": filters.read_at(t["image_HW"], t["x_HW"], t["y_HW"])[0]}


def run_slopes(t, _settings):
    gx_HW, gy_HW = filters.slopes(t["image_HW"])
    return {"gx_HW": gx_HW, "gy_HW": gy_HW}


def run_normalise(t, _settings):
    return {"texture_HW": flow.normalize(t["image_HW"])}


def run_layers(t, settings):
    n_scales = int(t["n_scales"])
    if settings["bits"] == "8":
        layers = farneback.grey_layers(t["frame_HW"], n_scales=n_scales)
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
            "layer k of `sizes` from layer k - 1: pixel i of n reads (i + 1/2) N / n - 1/2,"
            " bilinear, clamped, positions in double also where pixels are in single precision; 8"
            " bits: weights of 11 bits, (.. >> 4) along x, (.. >> 16) along y, (sum + 2) >> 2; A2"
            " A3",
            "loops, opencv",
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
            "layers while the shorter side, divided by sqrt(2) again and again in float32, is 32 or"
            " more; 1 to 8; A3",
            "loops, hand",
        ),
        "layers_R2": Output(
            "round(side / factor), halves to even: rows and columns of all layers, frame after"
            " frame; A3",
            "loops, hand",
        ),
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
            settings={"bits": bits} | ({"option": "farneback"} if bits == "8" else {}),
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
    yield Case(
        SIZES,
        "sizes_limits",
        "frames with one pixel more or less than another layer takes, and a large one",
        "32 px of the shorter side, at most eight layers (A3)",
        {"shapes_M2": np.array([(45, 60), (46, 62), (62, 90), (63, 57), (91, 91), (1080, 1920)])},
        exact=True,
    )


CASES = [*_video_cases(), *_kernel_cases(), *_pyramid_cases()]
