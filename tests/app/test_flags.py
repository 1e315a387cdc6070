"""The table of flags: complete, nothing in it unused, and what it lists is what the code knows."""

import argparse

import pytest

from lsfref.app import flags
from lsfref.app.evaluation.folding import FOLDS
from lsfref.app.lists.manifest import KNOWN
from lsfref.config import PRESETS, Config
from lsfref.scenes.render.clips import LATER
from lsfref.study.table1.features import FUSIONS
from lsfref.study.table1.rows import ROWS

TABLE = flags.TABLE


def words_of(command):
    """The flags of a command, one by one, groups and all."""
    found, waiting = [], TABLE["commands"][command]["flags"].split()
    while waiting:
        word = waiting.pop(0)
        if word in TABLE["groups"]:
            waiting[:0] = TABLE["groups"][word].split()
        else:
            found += word.split("|")
    return found


def parsed(command, *words):
    parser = argparse.ArgumentParser()
    flags.add_command(parser, command)
    return parser, parser.parse_args(words)


@pytest.mark.parametrize("command", flags.COMMANDS)
def test_every_flag_of_a_command_says_what_it_is(command):
    parser = argparse.ArgumentParser()
    flags.add_command(parser, command)
    actions = {",".join(a.option_strings) or a.dest: a for a in parser._actions[1:]}
    assert list(actions) == words_of(command)
    silent = {name for name, action in actions.items() if not action.help}
    assert silent == ({"video"} if command == "trace" else set())


def test_nothing_in_the_table_is_unused():
    used = {word for command in flags.COMMANDS for word in words_of(command)}
    for name in TABLE["flags"]:
        *command, flag = name.split()
        assert flag in (words_of(*command) if command else used), name
    text = " ".join(said["flags"] for said in TABLE["commands"].values())
    text += " ".join(TABLE["groups"].values())
    assert all(group in text.split() for group in TABLE["groups"])
    assert used - set(TABLE["flags"]) == {
        "--max-frames",
        "--max-pixels",
        "--flow",
        "--camera-motion",
    }


def test_what_can_be_chosen_is_what_the_code_knows():
    def choices(command, name):
        parser = argparse.ArgumentParser()
        flags.add_command(parser, command)
        return next(a.choices for a in parser._actions if name in a.option_strings)

    for command in ("extract", "explain", "trace", "compare"):
        assert choices(command, "--preset") == sorted(PRESETS)
    for command in ("train", "check", "evaluate"):
        assert choices(command, "--preset") == sorted([*PRESETS, "best"])
    for command in ("evaluate", "compare", "retrieve"):
        assert choices(command, "--task") == list(KNOWN)
    assert choices("compare", "--rows") == [*ROWS, "best"]
    assert TABLE["flags"]["--rows"]["default"] == [*ROWS, "best"]
    assert choices("evaluate", "--fuse") == sorted(FUSIONS)
    assert choices("scenes", "--extra") == list(LATER)
    assert choices("extract", "--flow") == Config.__dataclass_fields__["flow"].metadata["values"]
    assert f"(default: {FOLDS}, " in TABLE["flags"]["--folds"]["help"]


def test_one_command_may_say_otherwise():
    assert parsed("train")[1].labels is None
    with pytest.raises(SystemExit):
        parsed("evaluate")
    assert parsed("trace", "x.mp4", "out")[1].preset == "paper"
    assert parsed("extract", "x.mp4", "--out", "out")[1].preset == "small"
    assert parsed("explain", "x.mp4")[1].model is None
    assert parsed("inspect")[1].model == "model.npz"


def test_a_flag_of_no_default_is_not_there():
    args = parsed("evaluate", "--labels", "x")[1]
    assert not {"split", "folds", "max_frames", "max_pixels"} & set(vars(args))
    assert parsed("train", "--no-estimate")[1].estimate == "none"
    assert parsed("train")[1].estimate == "this"


def test_of_flags_joined_by_a_bar_one_is_given():
    for words in (["--json", "--csv"], ["--jobs", str(flags.cores()), "--cluster", "tcp://x:1"]):
        with pytest.raises(SystemExit):
            parsed("train", *words)


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        ("whole", {"0": 0, "7": 7}, ["-1", "1.5", "a", "9" * 20]),
        ("positive", {"1": 1}, ["0", "-1", "", "9" * 20]),
        ("share", {"0": 0.0, "1": 1.0, "0.25": 0.25}, ["-0.01", "1.01", "nan"]),
        ("amount", {"0.5": 0.5}, ["0", "-1", "inf", "nan", "1e308", "1e-320"]),
    ],
)
def test_numbers_in_their_ranges(kind, good, bad):
    parse = flags.KINDS[kind]
    assert {text: parse(text) for text in good} == good
    for text in bad:
        with pytest.raises((ValueError, argparse.ArgumentTypeError)):
            parse(text)


def test_sizes_are_even_and_within_limits():
    assert flags.picture_size("160x120") == (160, 120)
    assert flags.picture_size("1920x64") == (1920, 64)
    for text in "62x64 64x62 161x120 160x121 1922x64 64x1922 160 axb 1x2x3".split():
        with pytest.raises(argparse.ArgumentTypeError):
            flags.picture_size(text)


@pytest.mark.parametrize(
    ("base", "home", "folder"),
    [
        ("/x/cache", "/elsewhere/me", "/x/cache/lsfref"),
        ("", "/elsewhere/me", "/elsewhere/me/.cache/lsfref"),
        ("not/absolute", "/elsewhere/me", "/elsewhere/me/.cache/lsfref"),
    ],
)
def test_the_cache_is_where_xdg_says(monkeypatch, base, home, folder):
    monkeypatch.setenv("XDG_CACHE_HOME", base)
    monkeypatch.setenv("HOME", home)
    assert flags.cache_folder() == folder
