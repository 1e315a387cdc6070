"""Stages 5 to 10 on the page: the code, the training, the pooled video, the search, the vote."""

import html

import numpy as np

from lsfref.app.page import drawings
from lsfref.app.page.gather import Story, Verdict
from lsfref.app.page.writing import choices, figure, number, section, table
from lsfref.kernels.scaling import apply_scaling
from lsfref.model import Model, Task
from lsfref.storage.files import printable

QUESTIONS = {"background": "Which background motion?", "foreground": "Is there human motion?"}
NONE = "<p>This video has no trajectories, so there is nothing to go on with.</p>"


def _names(task: Task) -> list[str]:
    return [printable(name) for name in task.classes]


def stage_5(story: Story, model: Model) -> str:
    """The network, and the code of the example."""
    widths = [426, *model.config.hidden, model.config.n_code]
    layers = " - ".join(map(str, widths + widths[-2::-1]))
    body = (
        f"<p>The autoencoder has layers of {layers} units; its decoder uses the encoder's weights, "
        f"transposed. A softmax head on the code knows {len(model.head_classes)} background "
        "classes.</p>"
    )
    example, moment = story.example, story.moment
    if example is None or moment is None or example.code_E is None:
        body += NONE
    else:
        source = f"05_lsfnet/frame_{moment.frame:05d}/codes_PE[{example.row}"
        code = example.code_E
        body += figure(
            drawings.bars(code, f"The code: {len(code)} numbers"),
            f"The trajectory of stage 4 as a code of {len(code)} numbers. The first is "
            + number(float(code[0]), f"{source},0]")
            + ".",
        )
        scaled = apply_scaling(model.network.encoder.scaling, example.descriptor_D[None])
        from lsfref.lsfnet import decode

        rebuilt = decode(
            model.network.encoder.parameters, example.code_E[None].astype(scaled.dtype)
        )
        error = float(np.square(rebuilt - scaled).mean())
        spread = float(np.square(scaled).mean())
        body += (
            f"<p>Decoded again it differs from its input by {error:.3g} in the mean square; the "
            f"input's own mean square is {spread:.3g}.</p>"
        )
    return section(
        5,
        "LSFNet turns each description into a code",
        "Section 2.2, Fig. 2",
        f"descriptors_PD, scaled ({model.config.input_scaling})",
        f"codes_PE: {story.n_points} x {model.config.n_code}",
        "h = tanh(x W1 + b1),  z = h W2 + b2;   back: u = tanh(z W2' + d1),  x^ = u W1' + d2",
        body + choices("A11 C1 C2 C4 C5 C6", story.config),
    )


def stage_6(story: Story, model: Model) -> str:
    """Both losses over the switching."""
    curves = {
        "reconstruction (L1)": model.network.reconstruction_curve,
        "classification (L2)": model.network.classification_curve,
    }
    last, source = len(model.network.reconstruction_curve) - 1, "06_switching/network"
    body = figure(
        drawings.curves(curves, "Both losses over the passes of training"),
        "Both losses over training, each drawn to its own height. They ended at "
        + number(
            float(model.network.reconstruction_curve[-1]),
            f"{source}/reconstruction_curve_U[{last}]",
        )
        + " and "
        + number(
            float(model.network.classification_curve[-1]),
            f"{source}/classification_curve_U[{last}]",
        )
        + ".",
    )
    grains = {
        "step": "Each minibatch takes the other loss than the one before.",
        "epoch": "Each pass takes the other loss than the one before.",
        "both": "Each minibatch takes both losses, one after the other.",
    }
    body += (
        f"<p>This was done once, when the model was trained on {len(model.files)} videos; this "
        f"video changes nothing in it. {grains[model.config.switch]}</p>"
    )
    return section(
        6,
        "How the network was trained: two losses in turn",
        "Sections 2.2, 3.2",
        "sampled descriptors with the background label of their video",
        "the weights of stage 5",
        "L1 = mean (x^ - x)^2        L2 = - mean log softmax(z V + v)[label]",
        body + choices("B1 B2 C8 C9 C10 C11 C12 C13 C15", story.config),
    )


def stage_7(story: Story, model: Model) -> str:
    """The pooled code."""
    body = NONE
    if story.pooled_E is not None:
        body = figure(
            drawings.bars(story.pooled_E, "The pooled code of the video"),
            "The video as one vector: the mean of the codes of "
            + number(story.n_points, "07_pooling/video/n_points")
            + " trajectories. Its first element is "
            + number(float(story.pooled_E[0]), "07_pooling/video/pooled_E[0]")
            + ".",
        )
    return section(
        7,
        "The codes are averaged",
        "Section 2.3",
        f"codes_PE: {story.n_points} x {model.config.n_code}",
        f"pooled_E: 1 x {model.config.n_code}",
        "pooled = mean of all codes of the video",
        body + choices("D1 D2 D3", story.config),
    )


def stage_8(story: Story, model: Model) -> str:
    """The Fisher scores with the kept half, for each question."""
    body = ""
    for name, task in model.tasks.items():
        kept = np.zeros(len(task.scores_E), dtype=bool)
        kept[task.selected_Q] = True
        best = int(task.selected_Q[0])
        body += f"<h3>{QUESTIONS[name]}</h3>" + figure(
            drawings.bars(task.scores_E, f"Fisher scores for {name}", kept=kept.tolist()),
            f"The score of each feature; the {len(task.selected_Q)} kept ones are blue. "
            f"The best is feature {best}, with "
            + number(float(task.scores_E[best]), f"08_fisher/{name}/scores_E[{best}]")
            + ".",
        )
    return section(
        8,
        "The Fisher score keeps the better half",
        "Section 2.3, Eq. (1)",
        "pooled_ME and labels of the training videos",
        "selected_Q: which features are kept",
        "f_i = sum_c n_c (mu_c - mu)^2 / sum_c n_c sigma_c^2      (class c, feature i)",
        body + choices("F1 F2 F3 F4 F6", story.config),
    )


def stage_9(story: Story, model: Model) -> str:
    """The hash space with the query in it, and the neighbours by name."""
    if not story.answers:
        body = NONE
    else:
        body = "".join(_search(model, v) for v in story.answers.values())
    return section(
        9,
        "Similar labelled videos are found by hashing",
        "Section 2.4",
        "the kept features of this video and of the indexed ones",
        "neighbors_CMK: in each of C tables the K nearest indexed videos",
        "h(x) = a . x, a random;   g_c(x) = [h_1(x) ... h_N(x)];   nearest by |g_c(x) - g_c(y)|",
        body + choices("G1 G2 G3 G4", story.config),
    )


def _search(model: Model, verdict: Verdict) -> str:
    task = model.tasks[verdict.name]
    index_mN, query_N = task.hashes_CmN[0], verdict.query_hashes_CMN[0, 0]
    centred_mN = index_mN - index_mN.mean(axis=0)
    axes_2N = np.linalg.svd(centred_mN, full_matrices=False)[2][:2]
    axes_2N = np.concatenate([axes_2N, np.zeros((2 - len(axes_2N), axes_2N.shape[1]))])
    near = verdict.neighbors_CMK[0, 0].tolist()
    picture = drawings.scatter(
        centred_mN @ axes_2N.T,
        task.labels_m.tolist(),
        _names(task),
        (query_N - index_mN.mean(axis=0)) @ axes_2N.T,
        near,
        f"The first hash table for {verdict.name}, flattened to two dimensions",
    )
    rows = []
    for k, hit in enumerate(verdict.hits[:12]):
        at = int(np.flatnonzero(task.rows_m == hit.row)[0])
        tables = int((verdict.neighbors_CMK[:, 0] == at).sum())
        rows.append(
            [
                str(k + 1),
                html.escape(printable(model.files[hit.row])),
                html.escape(printable(task.classes[task.labels_m[at]])),
                f"{hit.hash_distance:.3g}",
                f"{hit.code_distance:.3g}",
                f"{tables} of {len(verdict.neighbors_CMK)}",
            ]
        )
    nearest = float(verdict.squared_distances_CMK[0, 0, 0])
    return (
        f"<h3>{QUESTIONS[verdict.name]}</h3>"
        + figure(
            picture,
            f"The first of {len(task.hashes_CmN)} tables: N = {index_mN.shape[1]} projections, "
            "drawn by their two strongest directions (the search uses all N). Lines lead to the "
            f"K = {len(near)} neighbours; the nearest is at squared distance "
            + number(nearest, f"09_lsh/{verdict.name}/squared_distances_T1K[0,0,0]")
            + ".",
        )
        + "<p>The most similar indexed videos over all tables at once:</p>"
        + table(
            ["", "video", "label", "hash distance", "code distance", "among the K in"],
            rows,
            numeric="n  nn ",
        )
    )


def stage_10(story: Story, model: Model) -> str:
    """The vote table and both answers."""
    body = ""
    for verdict in story.answers.values():
        task = model.tasks[verdict.name]
        labels_CK = task.labels_m[verdict.neighbors_CMK[:, 0]]
        shares = verdict.votes.confidence_MC[0]
        winner = int(verdict.votes.decision_M[0])
        rows = []
        for c, name in enumerate(_names(task)):
            counts = [str(int((row == c).sum())) for row in labels_CK]
            share = number(
                float(shares[c]), f"10_voting/{verdict.name}/confidence_1C[0,{c}]", ".3f"
            )
            colour = "bar" if c == winner else "bar rest"
            drawn = f'<span class="{colour}" style="width:{100 * shares[c]:.1f}px"></span>'
            rows.append(
                [
                    f"<b>{html.escape(name)}</b>" if c == winner else html.escape(name),
                    *counts,
                    share,
                    drawn,
                ]
            )
        header = ["class", *(f"g{c + 1}" for c in range(len(labels_CK))), "share", ""]
        decided = number(winner, f"10_voting/{verdict.name}/decision_1[0]")
        body += (
            f'<h3>{QUESTIONS[verdict.name]}</h3><p class="answer">Answer: '
            f"<b>{html.escape(printable(task.classes[winner]))}</b> (class {decided}), with "
            f"{100 * shares[winner]:.0f} % of the votes.</p>"
            "<p>How many of the K neighbours in each table have which label:</p>"
            + table(header, rows, numeric=" " + "n" * (len(labels_CK) + 1))
        )
    return section(
        10,
        "The neighbours vote",
        "Section 2.4",
        "neighbors_CMK and their labels",
        "confidence_MC: the share of each class; the largest is the answer",
        "share of class k = (1 / (C K)) sum over tables of neighbours with label k",
        (body or NONE) + choices("V1 T1 T7", story.config),
    )
