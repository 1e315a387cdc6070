import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lsfref.app.lists.tables import (
    FeatureTable,
    align,
    labeled,
    read_features,
    read_label_table,
    short_names,
    uneven,
)
from lsfref.errors import LabelsError

NUMBERS = [[1.5, -2.0, 3e-4], [0.0, 7.25, -1.0]]


def write(tmp_path, text, name="table.csv"):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("1.5,-2,3e-4\n0,7.25,-1\n", None),
        ("\ufeff1.5,-2,3e-4\r\n0,7.25,-1", None),
        ("1.5;-2;3e-4\n\n0;7.25;-1\n", None),
        ("1.5\t-2\t3e-4\n0\t7.25\t-1\n", None),
        ("  1.5 -2   3e-4\n0 7.25 -1\n", None),
        ("a,b,c\n1.5,-2,3e-4\n0,7.25,-1\n", None),
        ("0,1,2\n1.5,-2,3e-4\n0,7.25,-1\n", None),  # pandas without index
        (",0,1,2\n0,1.5,-2,3e-4\n1,0,7.25,-1\n", None),  # pandas with index
        (",a,b,c\n0,1.5,-2,3e-4\n1,0,7.25,-1\n", None),
        ("x.mp4,1.5,-2,3e-4\ny.mp4,0,7.25,-1\n", ("x.mp4", "y.mp4")),
        ("file,a,b,c\nx.mp4,1.5,-2,3e-4\ny.mp4,0,7.25,-1\n", ("x.mp4", "y.mp4")),
        ("file,0,1,2\nx.mp4,1.5,-2,3e-4\ny.mp4,0,7.25,-1\n", ("x.mp4", "y.mp4")),
        ("video,0,1,2\n7,1.5,-2,3e-4\n8,0,7.25,-1\n", ("7", "8")),
        ('"file","a","b","c"\n"x,1.mp4",1.5,-2,3e-4\n"y",0,7.25,-1\n', ("x,1.mp4", "y")),
    ],
)
def test_forms_of_a_feature_table(tmp_path, text, names):
    table = read_features(write(tmp_path, text))
    np.testing.assert_array_equal(table.features_MV, NUMBERS)
    assert table.names == names


def test_one_column_and_one_row(tmp_path):
    np.testing.assert_array_equal(read_features(write(tmp_path, "3\n5\n")).features_MV, [[3], [5]])
    np.testing.assert_array_equal(read_features(write(tmp_path, "x\n3\n")).features_MV, [[3]])
    np.testing.assert_array_equal(read_features(write(tmp_path, "3,5\n")).features_MV, [[3, 5]])


@given(st.integers(1, 5), st.integers(1, 7), st.integers(0, 99), st.booleans(), st.booleans())
@settings(max_examples=40)
def test_what_numpy_writes_comes_back(tmp_path_factory, n_rows, n_columns, seed, header, names):
    rng = np.random.default_rng(seed)
    features = rng.standard_normal((n_rows, n_columns)) * 10.0 ** rng.integers(-5, 5)
    lines = [",".join(map(repr, row.tolist())) for row in features]
    if names:
        lines = [f"clip {i}," + line for i, line in enumerate(lines)]
    if header:
        lines = ["file," * names + ",".join(f"f{i}" for i in range(n_columns)), *lines]
    path = tmp_path_factory.getbasetemp() / "written.csv"
    path.write_text("\n".join(lines) + "\n")
    table = read_features(path)
    np.testing.assert_array_equal(table.features_MV, features)
    assert (table.names is not None) == names


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "empty"),
        ("\n  \n", "empty"),
        ("a,b\n", "no rows of numbers"),
        ("1,2\n3\n", "line 2: 1 cell; want 2"),
        ("1,2\n3,x\n", "line 2, column 2: 'x' is not a finite number"),
        ("1,2\n\n3,nan\n", "line 3, column 2: 'nan' is not"),
        ("a,b\n1,\n", "line 2, column 2: '' is not"),
        ("a,1\nb,2\na,3\n", "two rows are named 'a'"),
        (b"\xff\xfe1,2", "not a text file; save it as UTF-8"),
        (b"1,2\n\0", "not a text file; save it as UTF-8"),
        ("1,2\r3\r", "line 2: 1 cell; want 2"),
    ],
)
def test_bad_tables_are_told(tmp_path, text, fault):
    with pytest.raises(LabelsError, match=fault):
        read_features(write(tmp_path, text))
    with pytest.raises(LabelsError, match="cannot be read"):
        read_features(tmp_path / "none.csv")


def test_label_forms(tmp_path):
    text = "file,background,foreground,group,note\na.mp4,rain,human,g1,x\nb.mp4,,none,g2,\n"
    labels = read_label_table(write(tmp_path, text), n_rows=2)
    assert labels == [
        labeled(file="a.mp4", background="rain", foreground="human", group="g1"),
        labeled(file="b.mp4", foreground="none", group="g2"),
    ]
    text = "background,group\nrain,\nsnow,\n"
    labels = read_label_table(write(tmp_path, text), n_rows=2)
    assert labels == [labeled(background="rain"), labeled(background="snow")]
    text = "clips/a 1.mp4 rain\nclips/b.mp4\tsnow\n"
    labels = read_label_table(write(tmp_path, text), n_rows=2)
    assert labels == [
        labeled(file="clips/a 1.mp4", background="rain"),
        labeled(file="clips/b.mp4", background="snow"),
    ]


@pytest.mark.parametrize(
    ("text", "task"),
    [
        ("tree waving\nrain\nrain\n", "background"),
        ("label\ntree waving\nrain\nrain\n", "background"),
        ("background\ntree waving\nrain\nrain", "background"),
        ("Foreground\r\ntree waving\r\nrain\r\nrain\r\n", "foreground"),
        ('"tree waving"\n"rain"\n"rain"\n', "background"),
    ],
)
def test_bare_lists(tmp_path, text, task):
    labels = read_label_table(write(tmp_path, text), n_rows=3)
    assert labels == [labeled(**{task: label}) for label in ("tree waving", "rain", "rain")]


def test_bare_numbers_are_class_names(tmp_path):
    labels = read_label_table(write(tmp_path, "0\n11\n0\n"), n_rows=3)
    assert [row.background for row in labels] == ["0", "11", "0"]


def test_alignment_by_name_and_by_row(tmp_path):
    named = read_features(write(tmp_path, "a.mp4,1\nb.mp4,2\nc.mp4,3\n"))
    bare = read_features(write(tmp_path, "10\n20\n", "bare.csv"))
    text = "file,background\nc.mp4,rain\na.mp4,snow\n"
    labels = read_label_table(write(tmp_path, text, "labels.csv"), n_rows=2)
    one, other = align([named, bare], [row.file for row in labels], "labels.csv")
    np.testing.assert_array_equal(one, [[3], [1]])
    np.testing.assert_array_equal(other, [[10], [20]])
    with pytest.raises(LabelsError, match=r"3 rows; .*labels.csv has 2 labels"):
        align([named], ["", ""], "labels.csv")
    with pytest.raises(LabelsError, match=r"no row named 'x' and 1 more"):
        align([named], ["x", "y"], "labels.csv")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("file,background\na,rain\na,snow\n", "line 3: 'a' listed twice"),
        ("file,background\na\n", "line 2: 1 cell; want 2"),
        ("a,rain\nb,snow\n", "line 1: want a header"),
        ("", "empty"),
    ],
)
def test_bad_label_lists_are_told(tmp_path, text, fault):
    with pytest.raises(LabelsError, match=fault):
        read_label_table(write(tmp_path, text), n_rows=2)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("x1.5,2,3\n4,5,6\n7,8,9\n", "line 1, column 1: 'x1.5' is not a finite number"),
        ("1.5,,3\n4,5,6\n", "line 1, column 2: '' is not a finite number"),
        ("1,5x\n4,5\n7,8\n", "line 1, column 2: '5x' is not"),
        (",2,3\n4,5,6\n7,8,9\n", "line 1, column 1: '' is not"),
        ("1.5o\n4\n7\n", "line 1, column 1: '1.5o' is not"),
        ("1,2\nx3,4\n5,6\n", "line 2, column 1: 'x3' is not"),
        ("1,2\n1_5,4\n5,6\n", "line 2, column 1: '1_5' is not"),
        ("a.mp4,1,two\nb.mp4,3,4\n", "line 1, column 3: 'two' is not"),
        ("1,2\n3," + "9" * 500 + "\n", "line 2, column 2: '9{80}' is not a finite number"),
        ('1,2\n"' + "1" * 140_000 + '",4\n', "line 2: field larger than field limit"),
        ("1,2\n3,1e308\n5,6\n", "line 2, column 2: 1e\\+308 is out of all proportion"),
        ("a,b\n1,2\n-1e200,4\n5,6\n", "line 3, column 1: -1e\\+200 is out of all proportion"),
        ("1," * 200_001 + "1\n", "1 row of 200002 columns, beyond 200000"),
        ("1" * (8 << 20), "line 1: beyond 8 million characters"),
    ],
)
def test_damaged_rows_are_told_with_their_line(tmp_path, text, fault):
    with pytest.raises(LabelsError, match=fault):
        read_features(write(tmp_path, text))


@pytest.mark.parametrize("power", [-700, -400, 0, 300, 900])
def test_a_table_is_brought_into_range_by_a_power_of_two(tmp_path, power):
    rng = np.random.default_rng(5)
    features = rng.standard_normal((7, 3))
    lines = [",".join(map(repr, row)) for row in np.ldexp(features, power).tolist()]
    found = read_features(write(tmp_path, "\n".join(lines))).features_MV
    if power in (0, 300):
        np.testing.assert_array_equal(found, np.ldexp(features, power))
    factor = found[0, 0] / features[0, 0]
    np.testing.assert_array_equal(found, features * factor)
    assert np.frexp(factor)[0] == 0.5
    assert 1e-100 < np.abs(found).max() < 1e100


def test_zeros_alone_are_in_range(tmp_path):
    np.testing.assert_array_equal(read_features(write(tmp_path, "0,0\n0,0\n")).features_MV, 0)


def test_very_unequal_columns_are_told_with_the_cure():
    rng = np.random.default_rng(5)
    features = rng.standard_normal((11, 6)) * [1e-6, 1e-6, 1e-6, 1e6, 1e6, 1e6]
    table = FeatureTable("t.csv", features, None)
    assert "1e+12 times" in uneven(table)
    assert "--set input_scaling=zscore" in uneven(table)
    assert uneven(table._replace(features_MV=rng.standard_normal((11, 6)))) is None
    assert uneven(table._replace(features_MV=np.ones((11, 6)))) is None


def test_the_heading_of_a_bare_list_is_no_label_of_another_row(tmp_path):
    """A row that a table lost must not take its label along."""
    labels = read_label_table(write(tmp_path, "weather\nrain\nsnow\nrain\n"), n_rows=3)
    assert [row.background for row in labels] == ["rain", "snow", "rain"]
    labels = read_label_table(write(tmp_path, "snow\nrain\nsnow\nrain\n"), n_rows=3)
    assert [row.background for row in labels] == ["snow", "rain", "snow", "rain"]
    table = read_features(write(tmp_path, "1\n2\n3\n"))
    with pytest.raises(LabelsError, match=r"3 rows; .* 4 labels"):
        align([table], [row.file for row in labels], "labels.csv")


def test_names_without_folders_where_these_tell_nothing():
    assert short_names(["a/hog.csv", "b/hof.csv"]) == ["hog.csv", "hof.csv"]
    assert short_names(["a/x.csv", "b/x.csv"]) == ["a/x.csv", "b/x.csv"]
