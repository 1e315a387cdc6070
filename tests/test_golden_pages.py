"""The pages golden/NN_stage/README.md: what they say of stored numbers is so."""

import re
from pathlib import Path

import numpy as np
import pytest

from lsfref import fisher
from lsfref.flow import add_up, blend, enlarge, grey_layers, normalize, prepare, refine, solve
from lsfref.kernels import filters, medians
from lsfref.storage.recorder import STAGES

GOLDEN = Path(__file__).parents[1] / "golden"
STORED = re.compile(r"`([a-z0-9_]+)/([A-Za-z0-9_]+)\[([\d, ]*)\]` = (-?\d+(?:\.\d+)?)")


def page_of(stage):
    return (GOLDEN / stage / "README.md").read_text(encoding="utf-8")


def shown(text):
    """Return a number as text, and half a unit of its last digit."""
    return float(text), 0.5 * 10.0 ** -len(text.partition(".")[2]) if "." in text else 0.0


@pytest.mark.parametrize("stage", STAGES)
def test_stored_numbers_on_the_page_are_right_to_the_digit_shown(stage):
    found = STORED.findall(page_of(stage).replace("\n", " "))
    assert len(found) >= 1
    for case, name, place, text in found:
        array = np.load(GOLDEN / stage / case / f"{name}.npy")
        stored = array[tuple(int(i) for i in place.split(",") if i.strip())]
        value, half = shown(text)
        assert abs(stored - value) <= half * (1 + 1e-9), f"{stage}/{case}/{name}[{place}]: {stored}"


@pytest.mark.parametrize("stage", STAGES)
def test_paragraphs_are_numbered_in_order(stage):
    numbers = [int(n) for n in re.findall(r"^\*\*(\d+)\.\*\*", page_of(stage), re.MULTILINE)]
    assert numbers == list(range(1, len(numbers) + 1))


@pytest.mark.parametrize("stage", STAGES)
def test_cases_named_on_the_page_are_there(stage):
    text = page_of(stage)
    tables = " ".join(line for line in text.splitlines() if line.startswith("|"))
    cases = {path.name for path in (GOLDEN / stage).iterdir() if path.is_dir()}
    columns = re.findall(r"\| ([^|]*) \|$", "\n".join(text.splitlines()), re.MULTILINE)
    assert tables or stage == STAGES[-1]
    named = {name for column in columns for name in re.findall(r"`([a-z0-9_]+)`", column)}
    assert named - cases <= {"n_scales"}


def test_flow_by_hand_is_the_flow_of_the_case():
    """02 par. 27: every number of it, from our own functions."""
    text = page_of("02_flow")
    hand = text[text.index("## By hand") : text.index("## Mistakes")]
    first_HW, second_HW = (
        np.load(GOLDEN / f"02_flow/tiny/{n}_HW.npy") for n in ("first", "second")
    )
    one, two = (prepare(grey_layers(frame_HW)) for frame_HW in (first_HW, second_HW))
    flow_2hw = np.zeros((2, *one.layers[1].shape))
    for _ in range(2):
        flow_2hw = refine(one.layers[1], two.layers[1], flow_2hw)
    flow_2hw = np.stack([medians.median(part, size=3) for part in flow_2hw])
    flow_2HW = enlarge(flow_2hw, first_HW.shape)
    y, x = 18, 20
    height, width = first_HW.shape
    x_HW, y_HW = flow_2HW[0] + np.arange(width), flow_2HW[1] + np.arange(height)[:, None]
    warped_HW, seen_HW = filters.read_at(two.layers[0], x_HW, y_HW)
    r_HW = warped_HW - one.layers[0]
    gx_HW, gy_HW = filters.slopes((one.layers[0] + warped_HW) / 2)
    sums_6hw = add_up(gx_HW, gy_HW, r_HW, seen_HW, flow_2HW)
    u_hw, v_hw, misfit_hw = solve(sums_6hw)
    blended_2hw = blend(u_hw, v_hw, misfit_hw)
    window = (11, 12)
    values = [
        normalize(first_HW)[y, x], *flow_2hw[:, 13, 14], *flow_2HW[:, y, x], warped_HW[y, x],
        r_HW[y, x], gx_HW[y, x], gy_HW[y, x], 1 / (1 + r_HW[y, x] ** 2),
        *(sums_6hw[k][window] for k in (1, 2, 4, 5)),  # xy, yy, yt, cost
        u_hw[window], v_hw[window], misfit_hw[window], *blended_2hw[:, 9, 10],
    ]  # fmt: skip
    for value in values:
        assert f"{value:.6f}" in hand, value


def test_fisher_by_hand_is_what_the_function_gives():
    column = np.array([1, 3, 1, 3, 5, 7, 5, 7.0])[:, None]
    assert fisher.fisher_score(column, np.repeat([0, 1], 4)) == [4.0]


def test_exact_edge_of_the_page_goes_down():
    """02 par. 12: FL10."""
    flow_2hw = np.stack([np.arange(160.0)[None], np.zeros((1, 160))])
    enlarged = enlarge(flow_2hw, (1, 226))[0, 0] / (226 / 160)
    assert round(enlarged[169]) == 119
