"""The protocol on videos: what is fitted on what, who is asked, how answers are counted."""

import dataclasses
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from fakes import CLASSES, FakeExtract, videos

from lsfref import pipeline
from lsfref.config import PRESETS
from lsfref.errors import LsfrefError
from lsfref.phases import passes, phase2, testing
from lsfref.phases.extraction import Work
from lsfref.phases.phase2 import encode_labels
from lsfref.study.protocol import asking, evaluate, protocol, splits, sureness
from lsfref.study.protocol.evaluate import Counted, evaluate_videos
from lsfref.study.protocol.outcome import as_json, figures
from lsfref.study.protocol.protocol import Round, TaskLabels
from lsfref.study.table1.features import answer_tasks
from lsfref.study.table1.rows import ROWS

pytestmark = pytest.mark.unwatched

CONFIG = dataclasses.replace(
    PRESETS["small"], epochs=2, n_samples=200, hidden=(11,), n_code=7, batch_size=67
)


@pytest.fixture(autouse=True)
def three_pairs(monkeypatch):
    monkeypatch.setattr(asking, "N_PAIRS", 3)


def labels_of(made):
    return [
        TaskLabels(task, names, encode_labels([getattr(v, task) for v in made], names))
        for task, names in CLASSES.items()
    ]


def counted(made, extract):
    counts = [passes.survey(v.path, config=CONFIG, extract=extract).n_points for v in made]
    return Counted([v.path for v in made], np.array(counts))


def grouped_folds(made, tasks, n_folds=3, n_repeats=1):
    groups = np.array([v.group or v.name for v in made])
    return splits.repeated_folds(
        protocol.strata(tasks), groups, n_folds=n_folds, n_repeats=n_repeats, seed=0
    )


def run(made, extract, *, repeats=None, config=None, **rest):
    tasks = labels_of(made)
    repeats = repeats or grouped_folds(made, tasks)
    return evaluate_videos(
        counted(made, extract),
        tasks,
        repeats,
        config or CONFIG,
        work=Work(extract, **rest),
    )


@pytest.fixture(scope="module")
def made():
    return videos(per_class=8, groups=5)


def test_labels_that_show_in_the_features_are_found(made):
    background, foreground = run(made, FakeExtract(strength=2.0))
    assert [background.task, foreground.task] == ["background", "foreground"]
    assert background.predicted_YM.shape == (3, 24)
    assert figures(background).accuracy_mean > 0.9
    assert np.all(background.confidence_YM > 0)
    assert np.all(background.confidence_YM <= 1)


def test_a_fold_by_hand(made):
    """Round after round as `train` and `classify` would do it on the same rows."""
    extract = FakeExtract()
    tasks = labels_of(made)
    repeats = grouped_folds(made, tasks)
    outcomes = run(made, extract, repeats=repeats)
    for fold, (train, test) in enumerate(repeats[0]):
        trained = pipeline.train(
            [made[i] for i in train], CONFIG, classes=CLASSES, work=Work(extract)
        ).model
        answers = [pipeline.classify(made[i].path, trained, extract=extract) for i in test]
        assert not any(a.error for a in answers)
        pooled_ME = np.stack(
            [
                passes.pool_video(
                    v.path, config=CONFIG, extract=extract,
                    encoder=trained.network.encoder,
                ).pooled_E
                for v in made
            ]
        )  # fmt: skip
        for number, task in enumerate(tasks):
            pairs = asking.draw_pairs(
                np.random.default_rng([0, 0]), CONFIG, n_index=len(train), n_pairs=3
            )
            rng = np.random.default_rng([0, 0, fold, number])
            for y, pair in enumerate(pairs):
                config = dataclasses.replace(
                    CONFIG, n_projections=pair.n_projections, n_neighbors=pair.k, k_rule="fixed"
                )
                fitted = phase2.fit_task(
                    pooled_ME[train], task.labels_M[train], task.classes, config, rng=rng
                )
                votes = testing.votes_of(fitted, pooled_ME[test], config)
                said = outcomes[number].predicted_YM[y, test]
                np.testing.assert_array_equal(said, votes.decision_M)
                sure = outcomes[number].confidence_YM[y, test]
                np.testing.assert_array_equal(sure, votes.confidence_MC.max(axis=1))


def test_every_network_is_the_one_that_train_gives(made):
    extract = FakeExtract()
    tasks = labels_of(made)
    rounds = protocol.rounds_of(grouped_folds(made, tasks))
    networks = evaluate.fit_networks(
        counted(made, extract), tasks[0].labels_M, rounds, CONFIG, work=Work(extract)
    )
    for one, network in zip(rounds, networks, strict=True):
        part = [made[i] for i in one.split[0]]
        trained = pipeline.train(part, CONFIG, classes=CLASSES, work=Work(extract)).model
        own, theirs = network.encoder, trained.network.encoder
        for key, array in theirs.parameters.items():
            np.testing.assert_array_equal(own.parameters[key], array)
        np.testing.assert_array_equal(own.scaling.mean_D, theirs.scaling.mean_D)


def test_the_same_answers_whatever_computes_them(made, monkeypatch):
    extract = FakeExtract()
    plain = run(made, extract)
    with ThreadPoolExecutor(2) as threads:
        side_by_side = run(made, extract, each=lambda stage, *tasks: threads.map(*tasks))
    monkeypatch.setattr(evaluate, "SAMPLE_BYTES", 1)  # one fold's sample at a time
    one_by_one = run(made, extract)
    for other in (side_by_side, one_by_one):
        for a, b in zip(plain, other, strict=True):
            np.testing.assert_array_equal(a.predicted_YM, b.predicted_YM)
            np.testing.assert_array_equal(a.confidence_YM, b.confidence_YM)


SAMPLE = 200 * 426 * 4  # bytes of what one network of CONFIG learns from


@pytest.mark.parametrize(
    ("held", "readings", "together"),
    [(1 << 30, 2, 1), (2 * SAMPLE, 3, 1), (2 * SAMPLE - 1, 4, 0), (1, 4, 0)],
)
def test_videos_are_read_twice_where_samples_fit(made, monkeypatch, held, readings, together):
    """Once more for each further part of the folds; two networks at least are fitted together."""
    monkeypatch.setattr(evaluate, "SAMPLE_BYTES", held)
    read, extract, tasks, stages = Counter(), FakeExtract(), labels_of(made), Counter()

    def counting(path, config):
        read[path] += 1
        return extract(path, config)

    def each(stage, *work):
        stages[stage] += 1
        return map(*work)

    counts = counted(made, extract)
    evaluate_videos(counts, tasks, grouped_folds(made, tasks), CONFIG, work=Work(counting, each))
    assert read == Counter({video.path: readings for video in made})
    assert stages["networks"] == together


def test_one_trajectory_is_enough_to_teach_and_to_be_asked(made):
    few = made[11]
    assert few.background == "rain"
    extract = FakeExtract(strength=2.0, sizes={few.name: 1})
    background, _ = run(made, extract)
    assert set(background.predicted_YM[:, 11]) == {1}  # and not for a still scene
    one = Round((np.array([0, 11]), np.arange(24)), 0, 0)
    counts, tasks = counted(made, extract), labels_of(made)
    evaluate.checked_rounds([[one.split]], counts, tasks[:1])
    (network,) = evaluate.fit_networks(counts, tasks[0].labels_M, [one], CONFIG, work=Work(extract))
    (pooled_ME,) = evaluate.pool_videos(counts, [network], CONFIG, work=Work(extract))
    assert pooled_ME[11].any()
    counts.counts_M[11] = 0
    with pytest.raises(LsfrefError, match="fewer than two classes"):
        evaluate.checked_rounds([[one.split]], counts, tasks[:1])


def test_a_second_repetition_leaves_the_first_as_it_is(made):
    tasks, extract = labels_of(made), FakeExtract()
    once = run(made, extract, repeats=grouped_folds(made, tasks))
    twice = run(made, extract, repeats=grouped_folds(made, tasks, n_repeats=2))
    for a, b in zip(once, twice, strict=True):
        assert b.predicted_YM.shape == (6, 24)
        np.testing.assert_array_equal(a.predicted_YM, b.predicted_YM[:3])
        np.testing.assert_array_equal(a.confidence_YM, b.confidence_YM[:3])


def test_seeds_give_the_same_answers_again_and_others_for_others(made):
    config = dataclasses.replace(CONFIG, seed=4)
    tasks, extract = labels_of(made), FakeExtract()
    repeats = grouped_folds(made, tasks)
    one, again, other = (
        evaluate_videos(counted(made, extract), tasks, repeats, c, work=Work(extract))
        for c in (config, config, CONFIG)
    )
    for a, b, c in zip(one, again, other, strict=True):
        np.testing.assert_array_equal(a.confidence_YM, b.confidence_YM)
        np.testing.assert_array_equal(a.predicted_YM, b.predicted_YM)
        assert not np.array_equal(a.confidence_YM, c.confidence_YM)


def test_random_labels_stay_at_chance():
    """Features that know their labels, labels dealt anew: only a leak could find them."""
    shares = []
    for seed in range(3):
        rng = np.random.default_rng(seed)
        made = videos(per_class=20, groups=20, rng=rng)
        shares.append([figures(o).accuracy_mean for o in run(made, FakeExtract(strength=2.0))])
    background, foreground = np.mean(shares, axis=0)
    assert abs(background - 1 / 3) < 0.1  # 180 videos: a standard error of 0.035
    assert abs(foreground - 1 / 2) < 0.11


def test_huge_values_in_test_rows_leave_all_that_is_fitted_unchanged(made):
    tasks = labels_of(made)
    repeats = grouped_folds(made, tasks)
    one = Round(repeats[0][1], 0, 1)
    test_files = frozenset(made[i].name for i in one.split[1])
    fitted = []
    for extract in (FakeExtract(), FakeExtract(poisoned=test_files)):
        counts = counted(made, extract)
        (network,) = evaluate.fit_networks(
            counts, tasks[0].labels_M, [one], CONFIG, work=Work(extract)
        )
        (pooled_ME,) = evaluate.pool_videos(counts, [network], CONFIG, work=Work(extract))
        train = one.split[0]
        selections = [phase2.select(pooled_ME[train], t.labels_M[train], CONFIG) for t in tasks]
        tables = [
            phase2.fit_task(
                pooled_ME[train], t.labels_M[train], t.classes, CONFIG,
                rng=np.random.default_rng(0),
            )
            for t in tasks
        ]  # fmt: skip
        tables = [vars(table).values() for table in tables]
        fitted.append((network, pooled_ME, selections, tables))
    (network, pooled_ME, selections, tables), poisoned = fitted
    own, theirs = network.encoder, poisoned[0].encoder
    for key, array in own.parameters.items():
        np.testing.assert_array_equal(array, theirs.parameters[key])
    np.testing.assert_array_equal(own.scaling.mean_D, theirs.scaling.mean_D)
    np.testing.assert_array_equal(own.scaling.scale_D, theirs.scaling.scale_D)
    test_rows = one.split[1]
    assert not np.any(pooled_ME[test_rows] == poisoned[1][test_rows])
    for own, other in zip([*selections, *tables], [*poisoned[2], *poisoned[3]], strict=True):
        for a, b in zip(own, other, strict=True):
            np.testing.assert_array_equal(a, b)


def test_huge_values_in_one_folds_rows_change_no_other_answers_of_that_fold(made):
    """In fold f the poisoned video is asked; what the fold's other videos are told stays."""
    tasks = labels_of(made)
    repeats = grouped_folds(made, tasks)
    train, test = repeats[0][0]
    alone = [[(train, test)]]
    victim = test[0]
    plain = run(made, FakeExtract(), repeats=alone)
    poisoned = run(made, FakeExtract(poisoned=frozenset([made[victim].name])), repeats=alone)
    for a, b in zip(plain, poisoned, strict=True):
        np.testing.assert_array_equal(a.predicted_YM[:, 1:], b.predicted_YM[:, 1:])


def test_no_group_is_on_both_sides(made):
    groups = np.array([v.group for v in made])
    for train, test in grouped_folds(made, labels_of(made))[0]:
        assert not set(groups[train]) & set(groups[test])


def test_k_and_n_come_from_their_ranges():
    def draws(config, n_index):
        rng = np.random.default_rng(1)
        pairs = asking.draw_pairs(rng, config, n_index=n_index, n_pairs=2000)
        n, k = zip(*pairs, strict=True)
        return (min(n), max(n)), (min(k), max(k))

    assert draws(PRESETS["paper"], 1000) == ((10, 50), (50, 100))
    assert draws(PRESETS["paper"], 60) == ((10, 50), (50, 60))
    assert phase2.neighbor_count(PRESETS["small"], 120) == 5
    assert draws(PRESETS["small"], 120) == ((10, 50), (3, 10))


def test_videos_without_trajectories_are_still_scenes(made):
    """D4; where no class is called so, or more trajectories are wanted, they have no answer."""
    silent = made[5].name
    extract = FakeExtract(strength=2.0, sizes={silent: 0})
    for outcome in run(made, extract):
        assert np.all(outcome.predicted_YM[:, 5] == 0)  # normal, none
        assert np.all(outcome.confidence_YM[:, 5] == 1)
        assert sum(as_json(outcome)["unanswered"]) == 0
    for outcome in run(made, extract, config=dataclasses.replace(CONFIG, min_points=2)):
        assert np.all(outcome.predicted_YM[:, 5] == -1)
        assert np.all(outcome.confidence_YM[:, 5] == 0)
        told = as_json(outcome)
        assert told["videos"] == 24
        assert sum(told["unanswered"]) == 1
        assert sum(map(sum, told["confusion"])) == pytest.approx(23)
        assert max(row["coverage"] for row in sureness.as_json(outcome)["coverage"]) < 1


def test_videos_without_a_label_teach_and_are_asked_the_other_task_alone(made):
    some = [v._replace(foreground=None) if i % 4 == 0 else v for i, v in enumerate(made)]
    background, foreground = run(some, FakeExtract(strength=2.0))
    assert len(background.true_M) == 24
    assert len(foreground.true_M) == 18
    assert np.all(foreground.predicted_YM >= 0)


def test_a_class_that_training_never_saw_is_an_error_and_stays_in_the_table(made):
    tasks = labels_of(made)
    rain = np.flatnonzero(tasks[0].labels_M == 1)
    train = np.setdiff1d(np.arange(24), rain)[::2]
    test = np.setdiff1d(np.arange(24), train)
    background, foreground = run(made, FakeExtract(strength=2.0), repeats=[[(train, test)]])
    assert len(background.true_M) == len(foreground.true_M) == len(test)
    told = as_json(background)
    assert told["class_sizes"][1] == 8
    assert told["recall"][1] == 0
    assert set(np.unique(background.predicted_YM)) <= {0, 2}


def test_a_training_part_of_one_class_is_refused(made):
    train = np.arange(6)  # all "normal"
    with pytest.raises(LsfrefError, match="background: a training part has fewer than two classes"):
        run(made, FakeExtract(), repeats=[[(train, np.arange(6, 24))]])


def test_ties_go_to_the_first_class(monkeypatch):
    """Two classes in mirror places, K = 2: one vote each, in every table."""
    monkeypatch.setattr(asking, "N_PAIRS", 30)
    pooled_ME = np.array([[1.0, 3.0], [1.0, 3.0], [0.0, 0.0], [9.0, 9.0], [1.0, 3.0]])
    task = TaskLabels("background", ("a", "b"), np.array([1, 0, 1, 0, 1]))
    one = Round((np.array([0, 1, 2, 3]), np.array([4])), 0, 0)
    config = dataclasses.replace(CONFIG, top_percent=100, n_code=2)
    (asked,) = answer_tasks(
        ROWS["whole"], [pooled_ME], np.arange(5), [task], one=one,
        config=dataclasses.replace(config, k_rule="sqrt"),
    )  # fmt: skip
    ks = [
        p.k for p in asking.draw_pairs(np.random.default_rng([0, 0]), config, n_index=4, n_pairs=30)
    ]
    ties = np.array(ks) == 2
    assert ties.any()
    assert np.all(asked.decision_Ym[ties, 0] == 0)
    assert np.all(asked.confidence_Ym[ties, 0] == 0.5)
