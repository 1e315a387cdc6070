"""Golden cases of stage 2: how the flow is made, round by round, and the flow of whole layers."""

import contextlib
from unittest import mock

import numpy as np

from golden.cases.base import Case, Kind, Output
from golden.cases.numbers import reals, texture, whole
from lsfref import flow
from lsfref.cited import farneback
from lsfref.cited.medians import median_5x5
from lsfref.kernels import pyramid
from lsfref.kernels.pyramid import grey_layers
from lsfref.phases import motion

LUCAS_KANADE = {
    "window": flow.WINDOW,
    "iterations_finest_other": list(flow.ITERATIONS),
    "coarsest": flow.COARSEST,
    "normal": flow.NORMAL,
    "flat": flow.FLAT,
    "robust": flow.ROBUST,
    "lost": flow.LOST,
    "hold": flow.HOLD,
    "misfit": flow.MISFIT,
    "median": flow.MEDIAN,
}
FARNEBACK = {
    "fit_radius": farneback.RADIUS,
    "fit_sigma": farneback.SIGMA,
    "window_radius": farneback.WINDOW_RADIUS,
    "window_sigma": farneback.WINDOW_SIGMA,
    "iterations": farneback.ITERATIONS,
    "guard": farneback.GUARD,
    "border": list(farneback.BORDER),
    "median": 5,
}
CONSTANTS = {"lucas_kanade": LUCAS_KANADE, "farneback": FARNEBACK}


@contextlib.contextmanager
def listening(module, *names):
    """Yield {name: [(arguments, result), ...]} of what functions of a module do meanwhile."""
    heard = {name: [] for name in names}

    def listen(name, function):
        def heard_too(*args, **rest):
            result = function(*args, **rest)
            heard[name].append((args, result))
            return result

        return heard_too

    with contextlib.ExitStack() as stack:
        for name in names:
            changed = listen(name, getattr(module, name))
            stack.enter_context(mock.patch.object(module, name, changed))
        yield heard


# What one round of the default flow does.


def run_lk_round(t, _settings):
    flow_2HW = np.moveaxis(t["flow_HW2"], -1, 0).copy()
    names = ("read_at", "slopes", "add_up", "solve", "covering_sums")
    with listening(flow, *names) as heard:
        next_2HW = flow.refine(t["first_HW"], t["second_HW"], flow_2HW)
    warped_HW, seen_HW = heard["read_at"][0][1]
    gx_HW, gy_HW = heard["slopes"][0][1]
    sums = heard["add_up"][0][1]
    u_hw, v_hw, misfit_hw = heard["solve"][0][1]
    r_HW = warped_HW - t["first_HW"]
    medians = [flow.median(part_HW, size=flow.MEDIAN) for part_HW in next_2HW]
    return {
        "warped_HW": warped_HW,
        "seen_HW": seen_HW.astype(np.int64),
        "gx_HW": gx_HW,
        "gy_HW": gy_HW,
        "weights_HW": seen_HW / (1 + (r_HW / flow.ROBUST) ** 2),
        **{f"{name}_hw": sum_hw for name, sum_hw in zip(SUMS, sums, strict=True)},
        "u_hw": u_hw,
        "v_hw": v_hw,
        "misfit_hw": misfit_hw,
        "trust_hw": heard["covering_sums"][0][0][0][0],
        "blended_HW2": np.moveaxis(next_2HW, 0, -1),
        "median_HW2": np.stack(medians, axis=-1),
    }


SUMS = ("xx", "xy", "yy", "xt", "yt", "cost")
_WINDOW = "window [i, j] holds the pixels of rows 2i - 8 .. 2i + 1 and columns 2j - 8 .. 2j + 1"
LK_ROUND = Kind(
    "lk_round",
    "02_flow",
    run_lk_round,
    {
        "warped_HW": Output("second at (x + u0, y + v0), bilinear, positions clamped", "loops"),
        "seen_HW": Output("1: 0 <= x + u0 <= W - 1 and 0 <= y + v0 <= H - 1", "loops"),
        "gx_HW": Output(
            "(1, -8, 0, 8, -1) / 12 along x of (first + warped) / 2, 0 in the outer two columns;"
            " FL11",
            "loops",
        ),
        "gy_HW": Output("the same along y, 0 in the outer two rows; FL11", "loops"),
        "weights_HW": Output("w = seen / (1 + (r / robust)^2), r = warped - first; FL5", "loops"),
        "xx_hw": Output(
            f"sum w gx gx + sum h: {_WINDOW}; every window that holds a pixel, over all four"
            " borders; h = 4 hold / window^2 for each cell of 2 x 2 pixels that it holds; FL1 FL7",
            "loops",
        ),
        "xy_hw": Output("sum w gx gy; FL1", "loops"),
        "yy_hw": Output("sum w gy gy + sum h; FL1 FL7", "loops"),
        "xt_hw": Output(
            "sum w gx t + sum h u0, t = gx u0 + gy v0 - r; u0 of a cell is that of its first"
            " pixel, flow[::2, ::2]; FL7 FL12",
            "loops",
        ),
        "yt_hw": Output("sum w gy t + sum h v0; FL7 FL12", "loops"),
        "cost_hw": Output("sum w (t^2 - lost) + sum h (u0^2 + v0^2); FL6 FL7", "loops"),
        "u_hw": Output("(yy xt - xy yt) / (xx yy - xy^2)", "loops"),
        "v_hw": Output("(xx yt - xy xt) / (xx yy - xy^2)", "loops"),
        "misfit_hw": Output(
            "max(0, (cost - u xt - v yt) / window^2 + lost): what the equations leave, and for"
            " each pixel that counts less, or is not there, lost (1 - w); FL6",
            "loops",
        ),
        "trust_hw": Output("(1 + m / misfit)^-4, m the misfit of the window; FL8", "loops"),
        "blended_HW2": Output(
            "sum trust (u, v) / sum trust over the windows that hold the pixel's cell; FL1 FL2",
            "loops",
        ),
        "median_HW2": Output(
            "each component's 3 x 3 median, edge pixels repeated: only after the last round of a"
            " layer; FL2 FL9",
            "loops",
        ),
    },
    lambda t, _s, _out: seen_gap(t["flow_HW2"]),
)


def seen_gap(flow_HW2):
    """Return how far positions are from the border beyond which nothing is seen, pixels."""
    height, width = flow_HW2.shape[:2]
    y_HW, x_HW = np.indices((height, width))
    gaps = [
        np.abs(at_HW - edge)
        for at_HW, n in ((x_HW + flow_HW2[..., 0], width), (y_HW + flow_HW2[..., 1], height))
        for edge in (0, n - 1)
    ]
    return float(min(gap.min() for gap in gaps))


def run_enlarge(t, _settings):
    height, width = (int(n) for n in t["shape_2"])
    flow_2HW = flow.enlarge(np.moveaxis(t["flow_hw2"], -1, 0), (height, width))
    return {"flow_HW2": np.moveaxis(flow_2HW, 0, -1)}


ENLARGE = Kind(
    "enlarge",
    "02_flow",
    run_enlarge,
    {
        "flow_HW2": Output(
            "pixel i of n takes the flow of pixel trunc((i + 1/2) / (n / N)) of N, in double, the"
            " quotient n / N rounded first; dx times W / w, dy times H / h; FL10",
            "loops",
        )
    },
)


def run_searched(t, _settings):
    n_scales, shapes, counts, wanted = int(t["n_scales"]), [], [], []
    for height, width in t["shapes_M2"]:
        prepared = flow.prepare(grey_layers(np.zeros((int(height), int(width))), n_scales=n_scales))
        shapes += [layer.shape for layer in prepared.layers]
        counts.append(len(prepared.layers))
        wanted.append(prepared.n_wanted)
    return {
        "counts_M": np.array(counts),
        "wanted_M": np.array(wanted),
        "layers_R2": np.array(shapes),
    }


SEARCHED = Kind(
    "searched",
    "02_flow",
    run_searched,
    {
        "counts_M": Output(
            "layers that are searched: the greater of wanted and 1 + trunc(2 log2(max(1, shorter"
            " side / coarsest))); FL3",
            "loops",
        ),
        "wanted_M": Output(
            "layers whose flow is returned: those of `sizes`, n_scales at most, which limits"
            " nothing else; A3 FL3",
            "loops",
        ),
        "layers_R2": Output(
            "rows and columns of all layers: round(side / factor), halves to even, factors in"
            " single precision, finest first; A3 FL3",
            "loops",
        ),
    },
)


# What Farneback's flow is made of.


def run_fit(t, _settings):
    return {"fit_5HW": np.stack(farneback.expand(t["image_HW"]))}


def run_blur(t, _settings):
    factors = pyramid.scale_factors(int(t["n_scales"]))
    return {
        f"blurred_{k}_HW": farneback._blur(t["frame_HW"], sigma=(factor - 1) / 2)
        for k, factor in enumerate(factors)
    }


def run_farneback_round(t, _settings):
    one, two = (farneback.Quadratic(*t[name]) for name in ("first_5HW", "second_5HW"))
    dx_HW, dy_HW = np.moveaxis(t["flow_HW2"], -1, 0)
    with listening(farneback, "_window") as heard:
        next_2HW = farneback.update(one, two, dx_HW, dy_HW)
    return {
        "products_5HW": np.stack([args[0] for args, _result in heard["_window"]]),
        "sums_5HW": np.stack([result for _args, result in heard["_window"]]),
        "next_HW2": np.stack(next_2HW, axis=-1),
        "median_HW2": np.stack([median_5x5(p_HW) for p_HW in next_2HW], axis=-1),
    }


FIT = Kind(
    "farneback_fit",
    "02_flow",
    run_fit,
    {
        "fit_5HW": Output(
            "bx, by, axx, ayy, axy of f = bx x + by y + axx x^2 + ayy y^2 + axy x y + c, least"
            " squares over 15 x 15 pixels, edge pixels repeated, weights exp(-(x^2 + y^2) / (2"
            " fit_sigma^2)), kernels in double; A2",
            "loops",
        )
    },
)
BLUR = Kind(
    "farneback_blur",
    "02_flow",
    run_blur,
    {
        "blurred_*": Output(
            "the full frame before layer k is cut from it: a Gaussian of sigma (factor - 1) / 2"
            " and max(3, round(5 sigma) | 1) taps of sum 1, layer 0: (1, 2, 1) / 4; mirrored about"
            " the edge pixels; then layer k reads it as `pyramid` reads; A2",
            "loops",
        )
    },
)
FARNEBACK_ROUND = Kind(
    "farneback_round",
    "02_flow",
    run_farneback_round,
    {
        "products_5HW": Output(
            "axx^2 + axy^2, (axx + ayy) axy, ayy^2 + axy^2, axx hx + axy hy, axy hx + ayy hy; a ="
            " (axx1 + axx2) / 2, (axy1 + axy2) / 4; h = (b1 - b2) / 2 + A d; 2 read bilinearly at"
            " p + d where 0 <= x < W - 1 and 0 <= y < H - 1, elsewhere b2 = 0, axx2 = axx1, ayy2 ="
            " ayy1, axy2 = axy1; a and (b1 - b2) / 2 times the border weights along x and y, from"
            " each of the four edges; A2",
            "loops",
        ),
        "sums_5HW": Output(
            "each smoothed by a Gaussian of window_radius and window_sigma, taps of sum 1, edge"
            " pixels repeated: xx, xy, yy, xh, yh; A2",
            "loops",
        ),
        "next_HW2": Output(
            "((yy xh - xy yh), (xx yh - xy xh)) / (xx yy - xy^2 + guard): the flow, not what is"
            " added to it; A2",
            "loops",
        ),
        "median_HW2": Output("each component's 5 x 5 median, after the last round; A2", "loops"),
    },
    lambda t, _s, _out: seen_gap(t["flow_HW2"]),
)


def _round_cases():
    def pair(shape, *, seed):
        one = texture(shape, seed=seed)
        two = texture(shape, seed=seed, at=(-5 / 8, 3 / 8))
        return {"first_HW": (one - 128) / 64, "second_HW": (two - 128) / 64}

    def so_far(shape, *, seed, low, high):
        return whole((*shape, 2), seed=seed, low=low, high=high) / 8 + 3 * 2**-8

    for name, about, branch, shape, low, high in (
        (
            "lk_round",
            "one round on normalized images, from a flow that is at hand",
            "the weights, the window sums, the windows over the border, the misfit or the trust",
            (17, 22),
            -8,
            9,
        ),
        (
            "lk_round_leaving",
            "one round from a flow of up to 6 px, which leaves the image on all sides",
            "pixels that are read outside the second image count nothing and cost all of it (FL6)",
            (13, 15),
            -48,
            49,
        ),
    ):
        yield Case(
            LK_ROUND,
            name,
            about,
            branch,
            pair(shape, seed=231) | {"flow_HW2": so_far(shape, seed=232, low=low, high=high)},
            settings=LUCAS_KANADE,
        )
    for name, about, branch, coarse, fine in (
        (
            "enlarge",
            "from 7 x 11 to 10 x 15 pixels",
            "a pixel takes the flow of the pixel it lies in, times the ratio of sizes (FL10)",
            (7, 11),
            (10, 15),
        ),
        (
            "enlarge_edges",
            "226 from 160 columns, 31 from 22 rows: pixels that begin where two others meet",
            "exact edges: column 169 is (169 + 1/2) / (226 / 160) = 119.99999999999999 in double"
            " and takes column 119; row 15 is 11 and takes row 11 (FL10)",
            (22, 160),
            (31, 226),
        ),
    ):
        yield Case(
            ENLARGE,
            name,
            about,
            branch,
            {"flow_hw2": reals((*coarse, 2), seed=233, span=4, step=2**-6)},
            {"shape_2": np.array(fine)},
        )
    sides = [(28, 31), (37, 29), (39, 41), (40, 57), (56, 61), (57, 59), (80, 81), (79, 97)]
    yield Case(
        SEARCHED,
        "searched",
        "how many layers are searched, and how many are returned",
        "the coarsest layer has a shorter side of 20 px or more, whatever n_scales is (FL3)",
        {"shapes_M2": np.array([*sides, (19, 23), (20, 20), (1, 3)])},
        {"n_scales": np.int64(2)},
        settings=LUCAS_KANADE,
        exact=True,
    )


def _farneback_round_cases():
    frame = texture((21, 26), seed=241)
    yield Case(
        FIT,
        "farneback_fit",
        "the quadratic around each pixel",
        "the weights of the fit, or the border: edge pixels are repeated (A2)",
        {"image_HW": frame},
        settings={"method": "farneback", **FARNEBACK},
    )
    yield Case(
        BLUR,
        "farneback_blur",
        "what is done to a frame before each of six layers is cut from it",
        "sigma (factor - 1) / 2, the number of taps, the border: mirrored (A2)",
        {"frame_HW": texture((13, 17), seed=242)},
        {"n_scales": np.int64(6)},
        settings={"method": "farneback", **FARNEBACK},
    )
    shape = (14, 17)
    yield Case(
        FARNEBACK_ROUND,
        "farneback_round",
        "one round, from quadratics and a flow that is at hand",
        "the border weights, what is not seen, the window, or the guard of the 2x2 system (A2)",
        {
            "first_5HW": reals((5, *shape), seed=243, span=2),
            "second_5HW": reals((5, *shape), seed=244, span=2),
            "flow_HW2": whole((*shape, 2), seed=245, low=-24, high=25) / 8 + 3 * 2**-8,
        },
        settings={"method": "farneback", **FARNEBACK},
    )


# The flow of whole layers.


def run_flow(t, settings):
    method, n_scales = motion.METHODS[settings["method"]], int(t["n_scales"])
    pair = [grey_layers(t[name], n_scales=n_scales) for name in ("first_HW", "second_HW")]
    flows = method.layer_flows(*map(method.prepare, pair))  # frames that nothing rounds
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
    module, name = {"lucas_kanade": (flow, "read_at"), "farneback": (farneback, "read_at")}[
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
    {
        "flow_*": Output(
            "dx right, dy down, in pixels of layer k, median filtered. lucas_kanade: images less"
            " their 7 x 7 mean, over their deviation (`normalise`); from the coarsest layer that is"
            " searched (`searched`), zero flow, to the finest: `enlarge`, then `lk_round` twice,"
            " once on layer 0, then the median; A2 FL1 to FL12. farneback: frames as they are, not"
            " rounded; each layer cut from the blurred frame (`farneback_blur`), fitted"
            " (`farneback_fit`), two times `farneback_round`, the median; the flow handed on is"
            " read as `pyramid` reads, times sqrt(2) in double; A2",
            "loops",
        )
    },
    flow_margin,
    axes=lambda _t: {f"flow_{k}_HW2": ["h", "w", "2"] if k else ["H", "W", "2"] for k in range(8)},
)


VIDEO = Kind(
    "moments",
    "02_flow",
    run_steps,
    {
        "grey_3HW": Output(
            "the frames, for farneback in whole numbers, halves to even, before anything else; A2",
            "loops",
        ),
        "flow_2HW2": Output("from frame 0 to 1, and from 1 to 2; A2", "loops"),
    },
    lambda t, settings, out: flow_margin(t, settings, out, run_steps),
)


def _flow_cases(method):
    """Yield the cases of a method, from one layer to a video."""
    tag = "" if method == "lucas_kanade" else "farneback_"
    settings = {"method": method, **CONSTANTS[method]}

    def case(name, about, branch, first, second, n_scales=8):
        return Case(
            FLOW,
            f"{tag}{name}",
            about,
            branch,
            {"first_HW": first, "second_HW": second},
            {"n_scales": np.int64(n_scales)},
            settings=settings,
        )

    shape = (37, 43)
    still, moved = texture(shape, seed=221), texture(shape, seed=221, at=(-5 / 8, 3 / 8))
    yield case(
        "tiny",
        "the picture moves by (5/8, -3/8) px: right and up",
        "x and y, their signs, the window, or the median (A2)",
        still,
        moved,
    )
    wide = texture((47, 53), seed=223), texture((47, 53), seed=223, at=(17 / 8, -11 / 8))
    yield case(
        "one_layer",
        "the frames of `layers` with n_scales 1",
        "n_scales limits what is returned, not the search: flow_0 is that of `layers` (FL3)"
        if not tag
        else "one layer starts from zero flow: here n_scales limits the search too (A2)",
        *wide,
        n_scales=1,
    )
    yield case(
        "layers",
        "two layers, a motion of (-17/8, 11/8) px",
        "the coarser layer's flow, resampled and multiplied by the ratio of sizes"
        if not tag
        else "the coarser layer's flow, resampled and multiplied by sqrt(2) in double, whatever"
        " the ratio of sizes (A2)",
        *wide,
    )
    if not tag:
        edges = (31, 79)  # after 22 x 56
        yield case(
            "layers_edges",
            "31 x 79 pixels after 22 x 56: pixels that begin where two others meet",
            "exact edges: row 15 takes row 11, column 39 takes column 27, not 28 (FL10)",
            texture(edges, seed=227),
            texture(edges, seed=227, at=(11 / 8, -9 / 8)),
        )
    yield case(
        "gain",
        "the second frame is darker by a quarter",
        "what is done against changes of brightness",
        still,
        texture(shape, seed=221, at=(-5 / 8, 3 / 8), scale=0.75),
    )
    half, empty = still.copy(), moved.copy()
    half[7:30, 11:34] = empty[7:30, 11:34] = 64
    yield case(
        "flat",
        "no texture in the middle",
        "where nothing has texture, windows keep the flow so far and the border of the flat part"
        " moves it by up to 0.5 px: no division by 0 (FL4 FL7)"
        if not tag
        else "the guard of the 2x2 system: hardly any flow without texture, no division by 0 (A2)",
        half,
        empty,
    )
    shown = np.array([texture((37, 41), seed=225, at=(-f * 5 / 8, f * 3 / 8)) for f in range(3)])
    yield Case(
        VIDEO,
        f"{tag}video",
        "three frames of a video",
        "flow leads from a frame to the next one, and stands on the grid of the first (A2)",
        {"frames_3HW": shown},
        settings=settings,
        exact=method == "farneback",
    )


CASES = [
    *_round_cases(),
    *_flow_cases("lucas_kanade"),
    *_farneback_round_cases(),
    *_flow_cases("farneback"),
]
