"""The page of one video: the answer of `classify` on top, over time, by expert, and why."""

import dataclasses
import re

import pytest
from pages import Page

from lsfref.app.page.evidence import Evidence
from lsfref.app.page.explain_page import explain_page, summary
from lsfref.model import Extras

pytestmark = pytest.mark.unwatched


def page_of(story, folders=(), back=""):
    return Page(explain_page(story, list(folders), back))


def test_the_headline_is_the_answer_of_classify(stories):
    story = stories[1]
    answer = story.answer._replace(
        labels={"background": "normal", "foreground": "human"},
        confidence={
            "background": {"normal": 0.625, "camera shaking": 0.25, "tree waving": 0.125},
            "foreground": {"none": 0.1, "human": 0.9},
        },
    )
    text = page_of(dataclasses.replace(story, answer=answer)).text
    assert "Which background motion? normal, with a share of 62 %." in text
    assert "camera shaking 25 %" in text
    assert "tree waving 12 %" in text
    assert "human, with a share of 90 %" in text


def test_classes_of_equal_shares_are_all_named_as_classify_does(stories):
    shares = {
        "background": {"normal": 0.4, "camera shaking": 0.4, "tree waving": 0.2},
        "foreground": {"none": 0.5, "human": 0.5},
    }
    answer = stories[1].answer._replace(confidence=shares)
    text = page_of(dataclasses.replace(stories[1], answer=answer)).text
    assert "normal or camera shaking, with a share of 40 % each. " in text
    assert "none or human, with a share of 50 % each. " in text
    assert "each. tree waving 20 %" in text
    assert "Of the 3 labeled videos most like this one, 3 have that label" in text  # none, human


def test_no_mark_stands_for_classes_of_two_tasks(stories):
    story, names = stories[1], {"background": ("a", "b", "c"), "foreground": ("d", "e")}
    tasks = {n: dataclasses.replace(t, classes=names[n]) for n, t in story.model.tasks.items()}
    answer = story.answer._replace(
        confidence={n: dict.fromkeys(classes, 1 / len(classes)) for n, classes in names.items()}
    )
    changed = dataclasses.replace(
        story, model=dataclasses.replace(story.model, tasks=tasks), answer=answer, intervals=[]
    )
    found = re.findall(r'<span class="tag">(<svg.*?</svg>) (\w)\b', explain_page(changed, []))
    marks = {(name, mark) for mark, name in found}
    assert len(marks) == len(dict(marks)) == len({mark for _, mark in marks}) == 5


def test_the_ten_stages_are_listed_and_there(stories):
    page = page_of(stories[1])
    assert page.ids("section") == [f"stage{n}" for n in range(1, 11)]
    links = [value for tag, name, value in page.attributes if (tag, name) == ("a", "href")]
    assert links == [f"#stage{n}" for n in range(1, 11)]
    bare = page_of(stories[0])
    assert bare.ids("section") == [f"stage{n}" for n in range(1, 5)]
    assert "No model was given" in bare.text


def test_a_video_of_the_index_is_named_as_such(stories, labeled_clips):
    page = page_of(stories[1], [labeled_clips.parent])
    assert "This video itself is in the index, as 10.mkv" in page.text
    shown = [image["alt"] for image in page.images if image["alt"].startswith("Indexed video")]
    hits = [hit for search in stories[1].searches.values() for hit in search.hits[:6]]
    assert shown == [f"Indexed video {stories[1].model.files[hit.row]}" for hit in hits]
    assert "no picture" not in page.text
    assert "--videos" not in page.text
    other = dataclasses.replace(stories[1], indexed_as=None)
    assert "itself" not in summary(other, [])
    assert summary(other, []).count("no picture") == len(hits)
    assert summary(other, []).count("<code>--videos</code>") == 2


def test_equal_answers_over_time_are_one(stories):
    story = stories[1]
    one, two = story.intervals
    labels = [None, "normal", "normal", "rain", "normal"]
    parts = [
        (two[0]._replace(first=10 * i, last=10 * i + 9, seconds=(0.4 * i, 0.4 * i + 0.4)),
             {"background": label, "foreground": None})
        for i, label in enumerate(labels)
    ]  # fmt: skip
    model = dataclasses.replace(
        story.model,
        tasks={n: dataclasses.replace(t, classes=("normal", "rain", "x")[: len(t.classes)])
               for n, t in story.model.tasks.items()},
    )  # fmt: skip
    answer = story.answer._replace(
        labels={"background": "rain", "foreground": "rain"},
        confidence={n: {"normal": 0.5, "rain": 0.5} for n in ("background", "foreground")},
    )
    changed = dataclasses.replace(story, intervals=parts, model=model, answer=answer)
    text = Page(explain_page(changed, [])).text
    assert "0.0 to 0.4 s: no answer; 0.4 to 1.2 s: normal; 1.2 to 1.6 s: rain; 1.6" in text
    untimed = [(interval._replace(seconds=None), labels) for interval, labels in parts]
    text = Page(explain_page(dataclasses.replace(changed, intervals=untimed), [])).text
    assert "frames 0 to 9: no answer; frames 10 to 29: normal" in text
    assert "Over time" not in summary(dataclasses.replace(story, intervals=[one]), [])


def test_the_experts_of_preset_best_are_named_with_what_they_say(stories):
    shares = {"normal": 0.2, "camera shaking": 0.7, "tree waving": 0.1}
    said = {"background": {"the <pictures>": shares}, "foreground": {"people": {"human": 1}}}
    kind = "<script>best</script>"  # a model may come from a stranger
    model = dataclasses.replace(stories[1].model, extras=Extras(kind, {}, {}))
    page = page_of(dataclasses.replace(stories[1], evidence=Evidence(said, None, {}), model=model))
    assert page.text.count("Which expert said what") == 2
    assert "the <pictures>: camera shaking 70 %" in page.text
    assert "people: human 100 %" in page.text
    assert f"of preset {kind}" in page.text
    assert "Which expert" not in page_of(stories[1]).text


def test_without_an_answer_the_reason_stands_there(stories):
    nothing = {"background": None, "foreground": None}
    answer = stories[1].answer._replace(
        error="a.mkv: <nothing> moves", labels=nothing, confidence={}
    )
    text = page_of(dataclasses.replace(stories[1], answer=answer)).text
    assert "No answer. a.mkv: <nothing> moves." in text
    assert "Which background motion? " not in text.split("Grey frames")[0]


def test_the_way_back_leads_to_the_page_of_all(stories):
    page = page_of(stories[0], back='../a"b.html')
    assert ("a", "href", '../a"b.html') in page.attributes


def test_what_the_answers_are_worth_stands_below_them(stories):
    row = {
        "accuracy": 0.625, "interval": [0.5, 0.75], "majority": 0.25, "majority_class": "<fog>",
        "recall_mean": 0.6, "videos": 64, "drawn": False, "by_group": True, "sources": {"<fog>": 2},
        "threshold": None, "coverage": None,
    }  # fmt: skip
    model = dataclasses.replace(stories[1].model, estimate={"background": row})
    text = page_of(dataclasses.replace(stories[1], model=model)).text
    assert "background: expect 62 % right (50 % to 75 %) on cameras not seen" in text
    assert "always '<fog>' 25 %" in text
    assert "foreground: expect" not in text
    model = dataclasses.replace(model, estimate=None)
    text = page_of(dataclasses.replace(stories[1], model=model)).text
    assert "How far to trust it: the model holds no estimate" in text


def test_warnings_stand_first(stories):
    story = dataclasses.replace(stories[1], warnings=["a <b> \u202e"])
    assert summary(story, []).startswith("<p><b>Warning:</b> a &lt;b&gt; \\u202e.</p>")
