"""Golden cases of stages 5, 6 and 7: sample and scale, LSFNet, its training, pooling."""

import numpy as np

from golden.cases.base import Case, Kind, Output, Replay
from golden.cases.numbers import bells, reals, whole
from lsfref import lsfnet, pooling, switching
from lsfref.config import Config
from lsfref.errors import NoTrajectoriesError
from lsfref.kernels import scaling as scaling_of
from lsfref.phases import sampling


def parameter_axes(n_hidden):
    """Return {parameter: axes}, for 1 or 2 hidden layers of J (and I) units."""
    layers = "DJIE" if n_hidden == 2 else "DJE"
    depth = len(layers) - 1
    axes = {f"weights_{k}": layers[k - 1 : k + 1] for k in range(1, depth + 1)}
    axes |= {f"encoder_bias_{k}": layers[k] for k in range(1, depth + 1)}
    axes |= {f"decoder_bias_{k}": layers[depth - k] for k in range(1, depth + 1)}
    return axes | {"head_weights": "EC", "head_bias": "C"}


def network_axes(t):
    """Return the axes of all tensors of a case that are named after a parameter."""
    own = parameter_axes(sum(name.startswith("weights_") for name in t) - 1) | {"rows": "BD"}
    axes = dict(own) | {f"after_{name}": a for name, a in own.items()}
    for loss in ("reconstruction", "classification"):
        axes |= {f"{loss}_d_{name}": a for name, a in own.items()}
    return axes


def step_axes(t):
    """Return the same for four steps: states by step, gradients by step of their loss."""
    axes = network_axes(t)
    counts = {"after_": "4", "reconstruction_d_": "2", "classification_d_": "2"}
    for start, count in counts.items():
        axes |= {name: count + a for name, a in axes.items() if name.startswith(start)}
    return axes


def parameters_of(t):
    """Return the network among a case's tensors."""
    keys = ("weights_", "encoder_bias_", "decoder_bias_", "head_")
    return {name: array for name, array in t.items() if name.startswith(keys)}


def network(sizes, *, seed, spread=0.5):
    """Return parameters for sizes (D, J, E, C) or (D, J, I, E, C), none of them zero."""
    letters = {4: "DJEC", 5: "DJIEC"}[len(sizes)]
    size = dict(zip(letters, sizes, strict=True))
    return {
        name: bells([size[letter] for letter in axes], seed=seed + i) * spread
        for i, (name, axes) in enumerate(parameter_axes(len(sizes) - 3).items())
    }


# Stage 5: the network.


def run_network(t, _settings):
    parameters, rows_BD, labels_B = parameters_of(t), t["rows_BD"], t["labels_B"]
    codes_BE = lsfnet.encode(parameters, rows_BD)
    l1, d1 = lsfnet.reconstruction_loss(parameters, rows_BD, to_rows=True)
    l2, d2 = lsfnet.classification_loss(parameters, rows_BD, labels_B, to_rows=True)
    real = rows_BD.dtype.type
    return {
        "codes_BE": codes_BE,
        "rebuilt_BD": lsfnet.decode(parameters, codes_BE),
        "posteriors_BC": lsfnet.head_posteriors(parameters, codes_BE),
        "reconstruction_loss": real(l1),
        **{f"reconstruction_d_{name}": d1[name] for name in sorted(d1)},
        "classification_loss": real(l2),
        **{f"classification_d_{name}": d2[name] for name in sorted(d2)},
    }


NETWORK = Kind(
    "network",
    "05_lsfnet",
    run_network,
    {
        "codes_BE": Output("z = tanh(x W1 + b1) W2 + b2; C5", "loops, torch"),
        "rebuilt_BD": Output("x' = tanh(z W2^T + d1) W1^T + d2; C4 C5", "loops, torch"),
        "posteriors_BC": Output("softmax(z V + v); C6", "loops, torch"),
        "reconstruction_loss": Output("L1: mean over B and D of (x' - x)^2; C8", "loops, torch"),
        "reconstruction_d_*": Output(
            "gradient of L1; of a tied weight, its part as encoder plus its part as decoder; d_rows"
            " is the total derivative, of x as input and as target; C4 C10",
            "differences, torch",
        ),
        "classification_loss": Output("L2: mean over B of -log p[label]; C8", "loops, torch"),
        "classification_d_*": Output("gradient of L2; C10", "differences, torch"),
    },
    axes=network_axes,
)


def _network_cases():
    def case(name, about, branch, sizes, n_rows, seed, parameters=None, rows=None, **rest):
        parameters = parameters or network(sizes, seed=seed)
        rows = bells((n_rows, sizes[0]), seed=seed + 90) if rows is None else rows
        labels = whole((n_rows,), seed=seed + 91, high=sizes[-1])
        return Case(
            NETWORK,
            name,
            about,
            branch,
            {"rows_BD": rows, "labels_B": labels},
            parameters,
            **rest,
        )

    yield case(
        "tiny",
        "one hidden layer",
        "the forward pass, the losses, or a half of a tied gradient",
        (13, 7, 5, 3),
        11,
        5100,
    )
    yield case(
        "deep",
        "two hidden layers",
        "the decoder runs through the layers backwards, with its own biases (C4)",
        (13, 11, 7, 5, 3),
        17,
        5200,
    )
    yield case("one_row", "a batch of one", "means over the batch", (7, 5, 3, 2), 1, 5300)
    steep = network((7, 5, 3, 2), seed=5400)
    steep["head_weights"] = steep["head_weights"] * 2**14
    yield case(
        "steep",
        "head outputs of some ten thousands",
        "softmax and cross-entropy are shifted by the largest output: no overflow, no log of 0",
        (7, 5, 3, 2),
        11,
        5400,
        parameters=steep,
    )
    flat = network((7, 5, 3, 2), seed=5500)
    yield case(
        "saturated",
        "hidden units at the ends of tanh",
        "the slope of tanh, 1 - tanh^2",
        (7, 5, 3, 2),
        11,
        5500,
        parameters=flat | {"encoder_bias_1": np.array([6, -6, 0, 7, 0.5])},
    )


# Stage 5: initial parameters, sampling, scaling.


def run_init(t, _settings):
    draws = [t[name] for name in ("unit_weights_1", "unit_weights_2", "unit_head_weights")]
    return lsfnet.init_parameters(
        Replay(draws),
        n_in=draws[0].shape[0],
        hidden=(draws[0].shape[1],),
        n_code=draws[1].shape[1],
        n_classes=draws[2].shape[1],
        dtype=draws[0].dtype.name,
    )


INIT = Kind(
    "init",
    "05_lsfnet",
    run_init,
    {
        "*": Output(
            "limit (2 u - 1), limit = sqrt(6 / (rows + columns)); the draws u in order weights_1,"
            " weights_2, head_weights; biases 0; C16",
            "loops",
        ),
    },
    axes=lambda _t: {
        "unit_weights_1": "DJ",
        "unit_weights_2": "JE",
        "unit_head_weights": "EC",
        **parameter_axes(1),
    },
)


def run_scaling(t, settings):
    scaling = scaling_of.fit_scaling(t["rows_PD"], kind=settings["scaling"])
    return {
        "mean_D": scaling.mean_D,
        "scale_D": scaling.scale_D,
        "scaled_BD": scaling_of.apply_scaling(scaling, t["rows_BD"]),
    }


SCALING = Kind(
    "scaling",
    "05_lsfnet",
    run_scaling,
    {
        "mean_D": Output("mean of the rows_PD; none, unit: 0; A11", "loops"),
        "scale_D": Output(
            "rms: sqrt(mean over columns of their variance), one number in all columns; zscore: the"
            " deviation of each column, 1 where it is constant; else 1; A11",
            "loops",
        ),
        "scaled_BD": Output("(row - mean) / scale; unit: each descriptor to norm 1; A11", "loops"),
    },
)


def run_draw(t, settings):
    counts_M = t["counts_M"]
    config = Config(n_samples=int(t["n_samples"]), balance=settings["balance"])
    owner_P = np.repeat(np.arange(len(counts_M)), counts_M)
    return {"rows_p": sampling.draw_rows(t["keys_P"], owner_P, counts_M, t["labels_M"], config)}


DRAW = Kind(
    "draw",
    "05_lsfnet",
    run_draw,
    {
        "rows_p": Output(
            "of each group the rows with the smallest keys_P, as many as its quota; of equal keys"
            " the earlier row; numbered through all videos, ascending; B1 B2",
            "loops",
        )
    },
)


def _sampling_cases():
    draws = {
        "unit_weights_1": reals((11, 5), seed=5601, span=0.5) + 0.5,
        "unit_weights_2": reals((5, 3), seed=5602, span=0.5) + 0.5,
        "unit_head_weights": reals((3, 2), seed=5603, span=0.5) + 0.5,
    }
    yield Case(INIT, "init", "first parameters", "the limit of Glorot's rule (C16)", {}, {}, draws)
    rows, more = bells((11, 7), seed=5701) * 3 + 5, bells((5, 7), seed=5702) * 3 + 5
    rows[:, 2] = more[:, 2] = 0.1
    for kind in ("none", "center", "rms", "zscore"):
        yield Case(
            SCALING,
            f"scale_{kind}",
            f"scaling {kind}; column 2 is constant",
            f"{kind}: what is subtracted and divided by; a constant column is divided by 1 (A11)",
            {"rows_PD": rows, "rows_BD": more},
            settings={"scaling": kind},
            exact=kind == "zscore",  # rounding the inputs would make the constant column vary
        )
    wide = bells((3, 426), seed=5703)
    wide[1, 30:126] = 0
    yield Case(
        SCALING,
        "scale_unit",
        "each of the four descriptors to norm 1; one of them is zero",
        "the columns of the four descriptors, 30 96 108 192; a zero one stays zero (A11)",
        {"rows_PD": wide[:1], "rows_BD": wide},
        settings={"scaling": "unit"},
    )
    counts, labels = np.array([3, 0, 7, 11, 2, 5]), np.array([0, 1, 1, 0, -1, 2])
    keys = reals((28,), seed=5800, span=0.5) + 0.5
    keys[[4, 12, 13, 17, 20]] = np.sort(keys)[13]  # equal ones, some within the quota
    for balance, n in (("none", 13), ("video", 13), ("class", 13), ("all", 29)):
        yield Case(
            DRAW,
            f"draw_{balance}",
            f"{n} of 26 rows; one video has none, one has no label; five keys are equal",
            "all rows, but for videos without label (B1)"
            if balance == "all"
            else "the smallest keys, of equal ones the earlier rows (B1); quotas are equal, what a"
            " small group lacks the others share, the rest goes to the largest (B2)",
            {"counts_M": counts, "labels_M": labels},
            {"n_samples": np.int64(n)},
            {"keys_P": keys},
            {"balance": "none" if balance == "all" else balance},
            exact=True,  # rounding may make keys equal
        )


# Stage 6: training.


def _train(t, settings, epochs):
    return switching.train_network(
        parameters_of(t),
        t["rows_PD"],
        t["labels_P"],
        epochs=epochs,
        batch_size=int(t["batch_size"]),
        switch=settings["switch"],
        optimizer=settings["optimizer"],
        lr_ae=float(t["lr_ae"]),
        lr_mlp=float(t["lr_mlp"]),
        rng=Replay(t["order_4P"] if "order_4P" in t else t["order_UP"]),
    )


def run_steps(t, settings):
    """Four epochs of one minibatch each: after n epochs, the state after step n."""
    before = [parameters_of(t)] + [_train(t, settings, n).parameters for n in (1, 2, 3, 4)]
    out = {f"after_{name}": np.stack([s[name] for s in before[1:]]) for name in before[0]}
    real = t["rows_PD"].dtype.type
    for loss, first in (("reconstruction", 0), ("classification", 1)):
        found = []
        for step in (first, first + 2):
            rows_BD, labels_B = (
                t["rows_PD"][t["order_4P"][step]],
                t["labels_P"][t["order_4P"][step]],
            )
            if first == 0:
                found.append(lsfnet.reconstruction_loss(before[step], rows_BD))
            else:
                found.append(lsfnet.classification_loss(before[step], rows_BD, labels_B))
        out[f"{loss}_losses_2"] = np.array([real(f[0]) for f in found])
        for name in sorted(found[0][1]):
            out[f"{loss}_d_{name}"] = np.stack([f[1][name] for f in found])
    return out


def run_training(t, settings):
    trained = _train(t, settings, len(t["order_UP"]))
    curves = {
        "reconstruction_curve_U": np.array(trained.curves[0]),
        "classification_curve_U": np.array(trained.curves[1]),
    }
    if settings["end"] == "losses":
        return curves
    return curves | {f"after_{name}": array for name, array in trained.parameters.items()}


_ADAM = {"beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-8}  # written out in switching.Adam
_RULE = (
    "sgd: p - rate g; adam: p - rate (m / (1 - beta_1^t)) / (sqrt(v / (1 - beta_2^t)) + epsilon),"
    " m, v and t of each loss's own steps; L1 moves weights, encoder and decoder biases at lr_ae,"
    " L2 weights, encoder biases and the head at lr_mlp; C9 C10 C11 C12"
)
_CURVE = (
    "the mean over the rows of its steps in an epoch, each batch measured before its own step; in"
    " an epoch without such steps, the loss of every max(1, n // probe)-th row at the end of the"
    " epoch; C8 C9"
)
STEPS = Kind(
    "steps",
    "06_switching",
    run_steps,
    {
        "after_*": Output(f"after each of four steps. {_RULE}", "differences, torch"),
        "reconstruction_losses_2": Output("L1 before steps 1 and 3; C8", "differences, torch"),
        "classification_losses_2": Output("L2 before steps 2 and 4; C8", "differences, torch"),
        "reconstruction_d_*": Output("gradients of steps 1 and 3; C10", "differences, torch"),
        "classification_d_*": Output("gradients of steps 2 and 4; C10", "differences, torch"),
    },
    axes=step_axes,
    constants=_ADAM,
)
TRAINING = Kind(
    "training",
    "06_switching",
    run_training,
    {
        "reconstruction_curve_U": Output(f"of L1, {_CURVE}", "differences, torch"),
        "classification_curve_U": Output(f"of L2, {_CURVE}", "differences, torch"),
        "after_*": Output(f"at the end. {_RULE}", "differences, torch"),
    },
    axes=network_axes,
    constants=_ADAM | {"probe": switching.PROBE},
)


TURNS = {
    "step": "L1 on even steps, L2 on odd ones, counted through all epochs",
    "epoch": "L1 in even epochs, L2 in odd ones; the curve of the other loss is that at their end",
    "both": "each minibatch descends L1, then L2 from where L1 left it",
    "reconstruction": "L1 alone; the curve of L2 is that at the end of each epoch",
}


def _training_cases():
    sizes = (7, 5, 3, 2)

    def case(
        kind, name, about, branch, optimizer, switch, epochs, batch, seed, end="state", n_rows=17
    ):
        n_rows = 11 if kind is STEPS else n_rows
        rates = {"sgd": (2**-4, 2**-3), "adam": (2**-7, 2**-6)}[optimizer]
        order = np.argsort(whole((epochs, n_rows), seed=seed + 92, high=2**40), axis=1)
        settings = {"optimizer": optimizer, "switch": switch}
        return Case(
            kind,
            name,
            about,
            branch,
            {
                "rows_PD": bells((n_rows, sizes[0] if n_rows < 100 else 1), seed=seed + 90),
                "labels_P": whole((n_rows,), seed=seed + 91, high=2),
            },
            {
                **network(sizes if n_rows < 100 else (1, 3, 2, 2), seed=seed),
                "batch_size": np.int64(batch),
                "lr_ae": np.float64(rates[0]),
                "lr_mlp": np.float64(rates[1]),
            },
            {"order_4P" if kind is STEPS else "order_UP": order},
            settings if kind is STEPS else settings | {"end": end},
        )

    yield case(
        STEPS,
        "tiny",
        "four steps of gradient descent: L1, L2, L1, L2",
        "which loss a step descends, what it moves, at which rate (C9 C10 C11)",
        "sgd",
        "step",
        4,
        11,
        6100,
    )
    yield case(
        STEPS,
        "adam",
        "four steps of Adam: L1, L2, L1, L2",
        "moments of their own for each loss, bias correction by each loss's own steps (C12)",
        "adam",
        "step",
        4,
        11,
        6200,
    )
    for switch in ("step", "epoch", "both", "reconstruction"):
        for optimizer in ("sgd", "adam"):
            yield case(
                TRAINING,
                f"{switch}_{optimizer}",
                "three epochs of minibatches of 7, 7 and 3 rows",
                f"when the loss is switched: {TURNS[switch]}; the short last minibatch of 3 rows;"
                " curves are means by rows (C9 C15)",
                optimizer,
                switch,
                3,
                7,
                6300,
            )
    yield case(
        TRAINING,
        "curves",
        "five epochs, L1 and L2 in turn, losses alone",
        "the curve of a loss in an epoch without its steps is that loss at the end of the epoch,"
        " not of the minibatches, nor at its start; else each batch is measured before its step"
        " (C9)",
        "sgd",
        "epoch",
        5,
        3,
        6500,
        "losses",
    )
    yield case(
        TRAINING,
        "probe",
        "one epoch of 8192 rows, L1 alone, losses alone",
        "a loss that is only read is that of every (n // 4096)-th row: here of every second (C9)",
        "sgd",
        "reconstruction",
        1,
        4096,
        6600,
        "losses",
        n_rows=8192,
    )
    yield case(
        TRAINING,
        "long",
        "31 epochs, losses alone",
        "small differences of a step that add up",
        "adam",
        "step",
        31,
        11,
        6400,
        "losses",
    )


# Stage 7: pooling.


def run_pooling(t, _settings):
    parameters = parameters_of(t)
    ends = np.cumsum(t["blocks_F"])
    blocks = np.split(t["rows_PD"], ends[:-1])

    def encode(rows_BD):
        return lsfnet.encode(parameters, rows_BD)

    try:
        pooled = pooling.pool_codes(blocks, encode, batch=int(t["batch"]))
    except NoTrajectoriesError:
        return {"pooled_E": np.empty(0, t["rows_PD"].dtype), "n_points": np.int64(0)}
    return {"pooled_E": pooled.pooled_E, "n_points": np.int64(pooled.n_points)}


POOLING = Kind(
    "pooling",
    "07_pooling",
    run_pooling,
    {
        "pooled_E": Output(
            "mean of encode(row) over all rows, whatever the blocks; D1 D2", "loops"
        ),
        "n_points": Output("N_p, the rows of the video; D1", "loops"),
    },
    axes=network_axes,
)


def _pooling_cases():
    def case(name, about, branch, blocks, batch, **rest):
        n_rows = sum(blocks)
        return Case(
            POOLING,
            name,
            about,
            branch,
            {"rows_PD": bells((n_rows, 7), seed=7100) * 2, "blocks_F": np.array(blocks)},
            {**network((7, 5, 3, 2), seed=7200), "batch": np.int64(batch)},
            **rest,
        )

    yield case(
        "tiny",
        "one block",
        "encode each row, then average; not the other way round (D2)",
        [11],
        4096,
    )
    yield case(
        "blocks",
        "trajectories of several frames, encoded five at a time",
        "every row counts once, however the video is cut (D1)",
        [3, 0, 11, 1, 4],
        5,
    )
    yield case("one_point", "a video with one trajectory", "nothing special", [1], 3)
    yield case(
        "none",
        "a video without trajectories: N_p = 0, and no pooled code",
        "a video without trajectories has no mean, not NaN, not zeros",
        [0],
        3,
    )


CASES = [*_network_cases(), *_sampling_cases(), *_training_cases(), *_pooling_cases()]
