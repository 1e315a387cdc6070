"""Stages 5 to 10 on the page: the code, the training, the pooled video, the search, the vote."""

import numpy as np

from lsfref import lsfnet
from lsfref.app.output import counted
from lsfref.app.page import charts
from lsfref.app.page.marks import BLUE, class_numbers, legend, swatch, tag
from lsfref.app.page.shell import WORDS, columns, figure, number, percent, shown, soft, table
from lsfref.app.page.story import Search, Story, classes_of, label_of
from lsfref.kernels.scaling import apply_scaling
from lsfref.model import Model

QUESTIONS = {"background": "Which background motion?", "foreground": "Is there human motion?"}
NONE = "<p>This video has no trajectories, so there is nothing to go on with.</p>"
MOST = 12  # neighbors in a table


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
        return body + NONE
    code_E = example.code_E
    source = f"05_lsfnet/frame_{moment.frame:05d}/codes_PE[{example.row},0]"
    scaled_PD = apply_scaling(model.network.encoder.scaling, example.descriptor_D[None])
    parameters = model.network.encoder.parameters
    rebuilt_PD = lsfnet.decode(parameters, code_E[None].astype(scaled_PD.dtype))
    error = np.square(rebuilt_PD - scaled_PD).mean()
    body += figure(
        charts.bars(code_E, f"The code: {len(code_E)} numbers"),
        f"The trajectory of stage 4 as a code of {len(code_E)} numbers. The first is "
        f"{number(code_E[0], source)}.",
    )
    return body + (
        f"<p>Decoded again it differs from its input by {shown(error)} in the mean square; the "
        f"input's own mean square is {shown(np.square(scaled_PD).mean())}.</p>"
    )


def stage_6(story: Story, model: Model) -> str:
    """Both losses over the switching."""
    first_U, second_U = model.network.reconstruction_curve, model.network.classification_curve
    series = {"reconstruction (L1)": first_U, "classification (L2)": second_U}
    source, last = "06_switching/network", len(first_U) - 1
    first = number(first_U[-1], f"{source}/reconstruction_curve_U[{last}]")
    second = number(second_U[-1], f"{source}/classification_curve_U[{last}]")
    body = figure(
        charts.curves(series, "Both losses over the passes of training"),
        "Both losses over training, each drawn to its own height. They ended at "
        f"{first} and {second}.",
    )
    return body + (
        "<p>This was done once, when the model was trained on "
        f"{counted(f'{len(model.files):,}', 'video')}; this video changes nothing in it. "
        f"{WORDS[model.config.switch]}</p>"
    )


def stage_7(story: Story, model: Model) -> str:
    """The pooled code."""
    if story.pooled_E is None:
        return NONE
    count = number(story.n_points, "07_pooling/video/n_points")
    first = number(story.pooled_E[0], "07_pooling/video/pooled_E[0]")
    return figure(
        charts.bars(story.pooled_E, "The pooled code of the video"),
        f"The video as one vector: the mean of the codes of {count} trajectories. Its first "
        f"element is {first}.",
    )


def stage_8(story: Story, model: Model) -> str:
    """The Fisher scores with the kept half, for each question."""
    body = ""
    for name, task in model.tasks.items():
        kept = np.isin(np.arange(len(task.scores_E)), task.selected_Q)
        best = int(task.selected_Q[0])
        score = number(task.scores_E[best], f"08_fisher/{name}/scores_E[{best}]")
        body += f"<h3>{QUESTIONS[name]}</h3>" + figure(
            charts.bars(task.scores_E, f"Fisher scores for {name}", kept=kept),
            f"The score of each feature; the {len(task.selected_Q)} kept ones are blue "
            f"{swatch(BLUE)}. The best is feature {best}, with {score}.",
        )
    return body


def stage_9(story: Story, model: Model) -> str:
    """The hash space with the query in it, and the neighbors by name."""
    return "".join(_search(story, model, name) for name in story.searches) or NONE


def _search(story: Story, model: Model, name: str) -> str:
    task, search = model.tasks[name], story.searches[name]
    numbers = class_numbers(classes_of(model))
    index_mN, query_N = task.hashes_CmN[0], search.query_hashes_CMN[0, 0]
    origin_N, near = index_mN.mean(axis=0), search.neighbors_CMK[0, 0].tolist()
    strongest = np.linalg.svd(index_mN - origin_N, full_matrices=False)[2][:2]
    axes_2N = np.pad(strongest, ((0, 2 - len(strongest)), (0, 0)))
    picture = legend(classes_of(model), task.classes, "&#9711; this video") + charts.scatter(
        (index_mN - origin_N) @ axes_2N.T,
        np.array([numbers[label] for label in task.classes])[task.labels_m],
        f"The first hash table for {name}, flattened to two dimensions",
        query_2=(query_N - origin_N) @ axes_2N.T,
        near=near,
    )
    apart = search.squared_distances_CMK[0, 0, 0]
    nearest = number(apart, f"09_lsh/{name}/squared_distances_T1K[0,0,0]")
    caption = (
        f"The first of {len(task.hashes_CmN)} tables: N = {index_mN.shape[1]} projections, drawn "
        "by their two strongest directions (the search uses all N). Lines lead to the "
        f"K = {len(near)} neighbors; the nearest is at squared distance {nearest}."
    )
    return f"<h3>{QUESTIONS[name]}</h3>" + figure(picture, caption) + _hits(model, name, search)


def _hits(model: Model, name: str, search: Search) -> str:
    task, n_tables = model.tasks[name], len(search.neighbors_CMK)
    rows = []
    for k, hit in enumerate(search.hits[:MOST]):
        at = int(np.flatnonzero(task.rows_m == hit.row)[0])
        n_in = int((search.neighbors_CMK[:, 0] == at).sum())
        label = tag(classes_of(model), label_of(task, hit.row))
        distances = [shown(hit.hash_distance), shown(hit.code_distance)]
        rows.append([str(k + 1), soft(model.files[hit.row]), label, *distances, str(n_in)])
    return table(columns("neighbors", n_tables=n_tables), rows)


def stage_10(story: Story, model: Model) -> str:
    """The vote table and both answers of the paper's system."""
    return "".join(_votes(model, name, search) for name, search in story.searches.items()) or NONE


def _votes(model: Model, name: str, search: Search) -> str:
    task = model.tasks[name]
    labels_CK = task.labels_m[search.neighbors_CMK[:, 0]]
    shares_C, winner = search.votes.confidence_MC[0], int(search.votes.decision_M[0])
    answer = tag(classes_of(model), task.classes[winner], ",")
    decided = f'<data value="{winner}" data-from="10_voting/{name}/decision_1[0]">{answer}</data>'
    rows = []
    for c, label in enumerate(task.classes):
        counts = [str(int((row == c).sum())) for row in labels_CK]
        share = number(shares_C[c], f"10_voting/{name}/confidence_1C[0,{c}]")
        drawn = tag(classes_of(model), label)
        rows.append([f"<b>{drawn}</b>" if c == winner else drawn, share, *counts])
    heads = columns("votes")
    for t in range(1, len(labels_CK) + 1):
        heads += columns("votes of a table", t=t)
    vote = f"The vote: {decided} with {percent(shares_C[winner])} of the votes."
    return f'<h3>{QUESTIONS[name]}</h3><p class="answer">{vote}</p>{table(heads, rows)}'


DRAWN = (stage_5, stage_6, stage_7, stage_8, stage_9, stage_10)
