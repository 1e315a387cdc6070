"""No text overflows, none is broken inside a word, none is under 11 px at the width of a phone.

Computed from the pages' own numbers; where a Chromium is installed, measured in it as well.
"""

import dataclasses
import html
import json
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from pages import Page

from lsfref.app.page import compare_page, folder_page, shell
from lsfref.app.page.explain_page import explain_page
from lsfref.app.page.figure3 import figure3
from lsfref.app.page.folder_page import card_of
from lsfref.study.protocol.outcome import Outcome
from lsfref.study.protocol.protocol import TaskLabels
from lsfref.study.table1.compare import against
from lsfref.study.table1.rows import ROWS, SPACES

pytestmark = pytest.mark.unwatched

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("chrome")
PHONE, DESKTOP = 390, 1280
LEAST = 11  # px
CLASSES = (
    "normal",
    "illumination",
    "noise",
    "rain",
    "camera shaking",
    "tree waving",
    "thunderstorm",
    "snow or hail, with <wind> & fog that comes from the north-west",  # 62 letters
    "dust or smoke of a <fire> & more, as on a dry day of late July",
)
ONE_WORD = "supercalifragilistic" * 3  # 60 letters, which no line of a phone can hold
QUIET = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --hide-scrollbars "
    "--disable-background-networking --disable-component-update --disable-sync"
).split()
MEASURE = r"""
const faults = [], width = document.documentElement.clientWidth;
if (document.documentElement.scrollWidth > width) faults.push("the page is wider than the screen");
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
for (let node; (node = walker.nextNode());) {
  const parent = node.parentElement, scrolls = parent.closest(".wide");
  if (!node.data.trim() || parent.closest("script, style")) continue;
  const size = parseFloat(getComputedStyle(parent).fontSize);
  if (size < LEAST) faults.push(size + " px: " + node.data.trim());
  for (const word of node.data.matchAll(/[^\s\u2010-\u2014\/-]+/g)) {
    const range = document.createRange();
    range.setStart(node, word.index);
    range.setEnd(node, word.index + word[0].length);
    const boxes = [...range.getClientRects()].filter((box) => box.width > 0.5);
    const lines = new Set(boxes.map((box) => Math.round(box.top)));
    if (lines.size > 1 && !(LONG + ':').includes(word[0])) faults.push("broken: " + word[0]);
    if (!scrolls && boxes.some((box) => box.right > width + 0.5 || box.left < -0.5))
      faults.push("outside: " + word[0]);
  }
}
for (const cell of document.querySelectorAll("td, th, .tag, .name, dt, figcaption, h2, .legend, p"))
  if (cell.clientWidth && cell.scrollWidth > cell.clientWidth + 1)
    faults.push("overflows: " + cell.innerText);
parent.faults.push(...faults.map((fault) => window.name + ": " + fault));
"""
COLLECT = (
    "document.body.innerHTML = `<pre id='faults'></pre>`; "
    "document.getElementById('faults').textContent = JSON.stringify(faults)"
)


@pytest.fixture(scope="module")
def pages(stories):
    """Every kind of page, with names and numbers as long as they may be."""
    path = "a folder/with_a_rather_long_name_of_a_video-from.somewhere_0001.mp4"
    named = dict(zip(stories[1].model.tasks["background"].classes, CLASSES[6:], strict=True))
    shares = stories[1].answer.confidence["background"]
    tasks, told = dict(stories[1].model.tasks), {named[name]: s for name, s in shares.items()}
    tasks["background"] = dataclasses.replace(tasks["background"], classes=tuple(named.values()))
    asked = dataclasses.replace(
        stories[1], path=path, model=dataclasses.replace(stories[1].model, tasks=tasks),
        answer=stories[1].answer._replace(
            confidence=stories[1].answer.confidence | {"background": told}
        ),
        intervals=[
            (interval, labels | {"background": named.get(labels["background"])})
            for interval, labels in stories[1].intervals
        ],
    )  # fmt: skip
    shares = {name: 1 / len(CLASSES) for name in CLASSES}
    cards = [
        folder_page.Card(asked.path, "p/a.html", None, {"background": shares}, "in the index"),
        folder_page.Card("c.mp4", "", None, {"background": {CLASSES[-1]: 0.6, CLASSES[0]: 0.4}}),
        folder_page.Card("b.mp4", "", None, {}, f"{asked.path}: it is no video; leave it out"),
        card_of(asked, "p/b.html"),
    ]
    rng = np.random.default_rng(0)
    true = np.arange(70) % len(CLASSES)
    outcomes = [
        Outcome(recipe.name, "background", CLASSES, true, rng.integers(-1, 9, (3, 70)))
        for recipe in ROWS.values()
    ]
    drawn = figure3(
        {kind: rng.standard_normal((70, 5)) for kind in SPACES}, np.arange(70) < 30,
        [TaskLabels("background", CLASSES, true)], np.arange(70),
    )  # fmt: skip
    whole, classes = ROWS["whole"].name, {"background": CLASSES, "foreground": ("none", "human")}
    return {
        "explain": explain_page(asked, [], "../all.html"),
        "bare": explain_page(stories[0], []),
        "folder": folder_page.folder_page(cards, classes),
        "compare": compare_page.compare_page(
            outcomes, against(outcomes, whole), title="Table 1 for labels.csv",
            lines=["One line."], figure=drawn,
        ),
    }  # fmt: skip


def test_no_size_in_the_style_is_under_11_px():
    style = Path(shell.__file__).with_name("page.css").read_text()
    assert "html { font-size: 16px" in style
    sizes = re.findall(r"font(?:-size)?: *([\d.]+)(\w+|%)", style)
    assert len(sizes) > 10
    for size, unit in sizes:
        assert unit in ("rem", "px"), "a size that depends on what it stands in"
        assert float(size) * {"rem": 16, "px": 1}[unit] >= LEAST, size
    assert re.search(r"^sub, sup \{ font-size: .75rem", style, re.M), "a browser makes them smaller"


def test_figures_hold_no_text_and_whatever_is_wide_scrolls(pages):
    for name, text in pages.items():
        body = text.partition("</style>")[2]
        assert "<text" not in body, name
        assert "font-size" not in body, name
        for wide in ("<table", "<tr><td"):
            before = [body[: match.start()] for match in re.finditer(wide, body)]
            assert all(part.rfind('class="wide') > part.rfind("</table>") for part in before), name


def test_no_word_outside_what_scrolls_is_wider_than_a_phone(pages):
    room = (PHONE - 2 * 16 - 2 * 13) / (0.62 * 16)  # letters of the page's size in a card
    for name, text in pages.items():
        body = re.sub(r'<div class="wide.*?</(table|div)>', "", text.partition("</style>")[2])
        for piece in re.split(r"<[^>]*>|[\s/-]", body):
            assert len(html.unescape(piece)) <= room, (name, piece)


@pytest.mark.skipif(BROWSER is None, reason="no Chromium is installed")
def test_in_the_browser_nothing_overflows_or_breaks(pages, tmp_path):
    frames = ""
    for name, text in pages.items():
        text = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", text)
        text = text.replace("thunderstorm", ONE_WORD)
        script = f"<script>const LEAST = {LEAST}, LONG = '{ONE_WORD}';{MEASURE}</script>"
        text = text.replace("<details>", "<details open>").replace("</body>", f"{script}</body>")
        for width in (PHONE, DESKTOP):
            frames += (
                f'<iframe name="{name} at {width}" width="{width}" height="900" '
                f'style="border:0" srcdoc="{html.escape(text)}"></iframe>'
            )
    start = "<script>window.faults = []</script>"
    body = f'<body onload="{html.escape(COLLECT)}">{start}{frames}</body>'
    (tmp_path / "all.html").write_text(f'<!DOCTYPE html><meta charset="utf-8">{body}')
    words = [BROWSER, *QUIET, f"--user-data-dir={tmp_path / 'user'}", "--window-size=1400,900"]
    ran = subprocess.run(
        [*words, "--dump-dom", (tmp_path / "all.html").as_uri()],
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    found = re.search(r'<pre id="faults">(.*?)</pre>', ran.stdout, re.S)
    assert found is not None, ran.stderr[-2000:]
    faults = json.loads(html.unescape(found[1]))
    assert not faults, "\n".join(faults)


HEAD = re.compile(  # what belongs to the thing below it
    r'<(h\d|summary|p class="lead"|p class="io"|p class="ends")>(.*?)</(?:h\d|summary|p)>'
    r"|<(p)>([^<]*)</p>(?=<figure|<div)|<(dd)>([^<]*)</dd></dl></details>(?=\s*<div)"
)


@pytest.mark.slow
@pytest.mark.skipif(BROWSER is None, reason="no Chromium is installed")
@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="no poppler is installed")
def test_on_paper_all_is_open_and_no_page_ends_with_a_head(pages, tmp_path):
    for name, text in pages.items():
        (tmp_path / "page.html").write_text(text, encoding="utf-8")
        pdf = tmp_path / f"{name}.pdf"
        words = [BROWSER, *QUIET, f"--user-data-dir={tmp_path / 'user'}", f"--print-to-pdf={pdf}"]
        subprocess.run(
            [*words, "--no-pdf-header-footer", (tmp_path / "page.html").as_uri()],
            capture_output=True, check=True, timeout=120,
        )  # fmt: skip
        said = subprocess.run(
            ["pdftotext", "-layout", pdf, "-"], capture_output=True, text=True, check=True
        ).stdout
        inside = [found[found.lastindex] for found in HEAD.finditer(text)]
        heads = {Page(shell.page("", [part])).text for part in inside}
        assert len(heads) > 1
        for sheet in said.rstrip("\f\n").split("\f")[:-1]:
            end = " ".join([line for line in sheet.split("\n") if line.strip()][-1].split())
            assert not any(len(end) > 5 and head.endswith(end[-40:]) for head in heads), (name, end)
        whole = " ".join(said.split())
        for words in re.findall(r"<dd>(.*?)</dd>", text):
            assert html.unescape(words) in whole, name
