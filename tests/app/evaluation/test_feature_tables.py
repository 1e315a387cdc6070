"""`evaluate --features` as a person meets it."""

import argparse
import csv
import json

import numpy as np
import pytest

from lsfref.app import flags
from lsfref.app.evaluation import feature_tables, folding
from lsfref.app.evaluation.folding import groups_of
from lsfref.app.evaluation.videos import task_labels
from lsfref.errors import LabelsError

pytestmark = pytest.mark.unwatched

SIZES = {"normal": 23, "illumination": 17, "rain": 3, "tree waving": 19}


def parse(*words):
    parser = argparse.ArgumentParser()
    flags.add(parser, "--labels CONFIG COMMON OUTPUT TABLES --fuse SPLIT")
    return parser.parse_args([*words, "--jobs", "1", "--quiet"])


@pytest.fixture(autouse=True)
def few_pairs(monkeypatch):
    monkeypatch.setattr("lsfref.study.protocol.asking.N_PAIRS", 3)


@pytest.fixture
def files(tmp_path):
    rng = np.random.default_rng(0)
    names = [name for name, size in SIZES.items() for _ in range(size)]
    number = np.unique(names, return_inverse=True)[1]
    paths = []
    for table, width in enumerate((11, 7)):
        rows = 2.0 * rng.standard_normal((4, width))[number] + rng.standard_normal((62, width))
        path = tmp_path / f"table{table}.csv"
        np.savetxt(path, rows, delimiter=",", header=",".join(map(str, range(width))), comments="")
        paths.append(str(path))
    bare = tmp_path / "bare.csv"
    bare.write_text("\n".join(["0", *names]) + "\n")
    full = tmp_path / "labels.csv"
    with open(full, "w") as file:
        writer = csv.writer(file)
        writer.writerow(["file", "background", "foreground", "group"])
        for i, name in enumerate(names):
            human = "" if i == 5 else ("none", "human")[int(rng.integers(0, 2))]
            writer.writerow([f"{i}.mp4", name, human, f"camera {i % 29}"])
    return paths, str(bare), str(full)


def test_text_names_every_class_its_size_and_recall(files, capsys):
    paths, bare, _ = files
    assert feature_tables.run(parse("--features", *paths, "--labels", bare)) == 0
    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert lines[0].startswith("background, Fisher score + LSH: accuracy 0.")
    assert "62 videos, 3 rounds" in lines[0]
    assert lines[1].split() == [
        *("true \\ answer normal illumination rain tree waving recall").split()
    ]
    assert lines[4].split()[:2] == ["rain", "3"]
    assert lines[5].startswith("tree waving")
    assert lines[-1].startswith("  shares of votes and accuracy lie")
    assert err == ""


def test_it_says_what_it_understood_and_what_is_thin(files, capsys):
    paths, _, full = files
    args = parse("--features", *paths, "--labels", full, "--set", "k_rule=fixed")
    args.quiet = False
    assert feature_tables.run(args) == 0
    err = capsys.readouterr().err
    assert "62 videos, 11 + 7 columns" in err
    assert "background: normal 23, illumination 17, rain 3, tree waving 19" in err
    assert "class 'rain' has 3 videos" in err
    assert "K is drawn from 50 to 100, and cut to the 49 videos" in err


@pytest.mark.parametrize("fuse", ["none", "lsfnet", "cca", "pca"])
def test_json_has_the_documented_keys_and_both_tasks(files, capsys, fuse):
    paths, _, full = files
    words = ["--features", *paths, "--labels", full, "--json", "--fuse", fuse, "--folds", "3"]
    words += ["--set", "hidden=13", "--set", "n_code=11"]
    assert feature_tables.run(parse(*words)) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["task"] for row in rows] == ["background", "foreground"]
    assert [row["videos"] for row in rows] == [62, 61]
    for row in rows:
        wanted = "method task videos accuracy_mean accuracy_sd interval recall_mean majority"
        assert set(wanted.split()) < set(row)
        confusion = np.array(row["confusion"])
        assert confusion.sum() == pytest.approx(row["videos"], rel=1e-12)
        share = np.trace(confusion) / confusion.sum()
        assert share == pytest.approx(row["accuracy_mean"], rel=1e-12)
        assert row["interval"][0] < row["accuracy_mean"] < row["interval"][1]
    assert rows[0]["accuracy_mean"] > 0.7
    assert rows[0]["class_sizes"] == list(SIZES.values())


def test_csv_and_the_ways_to_divide(files, capsys):
    paths, bare, full = files
    for words in (["--labels", full, "--split", "one"], ["--labels", full, "--split", "random"]):
        assert feature_tables.run(parse("--features", paths[0], "--csv", *words)) == 0
        rows = list(csv.DictReader(capsys.readouterr().out.splitlines()))
        assert [row["task"] for row in rows] == ["background", "foreground"]
        assert float(rows[0]["interval_low"]) < float(rows[0]["accuracy_mean"])
    with pytest.raises(LabelsError, match="wants a column 'group'"):
        feature_tables.run(parse("--features", *paths, "--labels", bare, "--split", "group"))


def test_groups_are_kept_together_and_the_same_seed_gives_the_same(files, capsys):
    paths, _, full = files
    args = parse("--features", *paths, "--labels", full, "--json")
    _, manifest = feature_tables.read(args)
    tasks, groups = task_labels(manifest, network=False), groups_of(manifest)
    for fold in folding.divide(manifest, tasks, args):
        for train, test in fold:
            assert not set(groups[train]) & set(groups[test])
    feature_tables.run(args)
    first = capsys.readouterr().out
    feature_tables.run(args)
    assert capsys.readouterr().out == first
    args.seed = 1
    feature_tables.run(args)
    assert capsys.readouterr().out != first


def test_a_bare_list_may_be_about_the_foreground(files, tmp_path, capsys):
    paths, bare, _ = files
    words = ["--features", paths[0], "--labels", bare, "--json", "--task", "foreground"]
    feature_tables.run(parse(*words))
    assert json.loads(capsys.readouterr().out)["task"] == "foreground"


@pytest.mark.parametrize(
    ("labels", "fault"),
    [
        ("a\n" * 62, "only the class 'a'"),
        ("a\n" * 61 + "b\n", "class 'b' has one video"),
        ("a\n" * 31 + "b\n" * 29, "62 rows; .* has 60 labels"),
        ("background,foreground\n" + ",\n" * 62, "no labels"),
    ],
)
def test_label_lists_that_cannot_work_are_told(files, tmp_path, labels, fault):
    path = tmp_path / "bad.csv"
    path.write_text(labels)
    with pytest.raises(LabelsError, match=fault):
        feature_tables.run(parse("--features", *files[0], "--labels", str(path)))


def test_a_class_asked_without_being_learned_is_told(files):
    _, _, full = files
    args = parse("--features", *files[0], "--labels", full)
    _, manifest = feature_tables.read(args)
    tasks = task_labels(manifest, network=False)
    rain = [
        v._replace(group="one camera") if v.background == "rain" else v for v in manifest.videos
    ]
    together = manifest._replace(videos=rain)
    told = folding.thin_classes(tasks, folding.divide(together, tasks, args))
    assert any("'rain' has 3 videos; 1 of 5 folds ask it without" in line for line in told)


@pytest.mark.parametrize(("preset", "told"), [("small", True), ("best", False)])
def test_uneven_columns_are_told_where_they_decide(files, capsys, preset, told):
    """Preset best makes each column a z-score."""
    paths, _, full = files
    table = np.loadtxt(paths[0], delimiter=",", skiprows=1) * np.array([1.0] * 6 + [1e9] * 5)
    np.savetxt(paths[0], table, delimiter=",")
    args = parse("--features", paths[0], "--labels", full)
    args.preset = preset
    feature_tables.read(args)
    assert ("decide alone" in capsys.readouterr().err) == told
