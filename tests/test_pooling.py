import numpy as np
import oracles
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lsfref import lsfnet
from lsfref.errors import LsfrefError, NoTrajectoriesError
from lsfref.pooling import pool_codes


def encoder(*, dtype="float64", seed=0):
    parameters = lsfnet.init_parameters(
        np.random.default_rng(seed), n_in=7, hidden=(5,), n_code=3, n_classes=2, dtype=dtype
    )
    return parameters, lambda rows_BD: lsfnet.encode(parameters, rows_BD)


def some_rows(n_rows, *, dtype="float64", seed=1):
    return np.random.default_rng(seed).normal(size=(n_rows, 7)).astype(dtype)


def test_by_hand():
    """Encode, then average: the squares of 1, 2 and 3, not the square of 2."""
    blocks = [np.array([[1.0], [2.0]]), np.array([[3.0]])]
    pooled = pool_codes(blocks, np.square, batch=2)
    np.testing.assert_allclose(pooled.pooled_E, [14 / 3], rtol=1e-15)
    assert pooled.n_points == 3


@given(
    n_rows=st.integers(1, 60),
    cuts=st.lists(st.integers(0, 60), max_size=6),
    batch=st.sampled_from([1, 7, 13, 64]),
    dtype=st.sampled_from(["float64", "float32"]),
)
@settings(max_examples=50)
def test_cutting_changes_no_byte(n_rows, cuts, batch, dtype):
    """Blocks of any sizes, empty ones among them; float64 out, whatever comes in."""
    _, encode = encoder(dtype=dtype)
    rows_PD = some_rows(n_rows, dtype=dtype)
    whole = pool_codes([rows_PD], encode, batch=batch)
    blocks = np.split(rows_PD, sorted(min(c, n_rows) for c in cuts))
    pieces = pool_codes(iter(blocks), encode, batch=batch)
    assert pieces.pooled_E.tobytes() == whole.pooled_E.tobytes()
    assert pieces.n_points == whole.n_points == n_rows
    assert whole.pooled_E.dtype == np.float64


@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-13), ("float32", 1e-6)])
def test_mean_is_the_loop(dtype, tolerance):
    parameters, encode = encoder(dtype=dtype)
    rows_PD = some_rows(97, dtype=dtype)
    pooled_E = pool_codes([rows_PD], encode, batch=13).pooled_E
    wanted = oracles.mean_code(parameters, rows_PD)
    np.testing.assert_allclose(pooled_E, wanted, rtol=0, atol=tolerance)


def test_float32_codes_are_summed_in_float64():
    """In float32 a sum of 2^25 ones stops at 2^24; here 40 times 1e8 + 1 is exact."""
    rows_PD = np.full((40, 1), 1e8 + 8, np.float32)
    rows_PD[::2] = 8
    assert pool_codes([rows_PD], lambda r: r, batch=3).pooled_E[0] == (1e8 + 16) / 2


def test_batches_are_full_but_the_last():
    seen = []

    def encode(rows_BD):
        seen.append(len(rows_BD))
        return rows_BD

    rows_PD = some_rows(31)
    pool_codes([rows_PD[:3], rows_PD[3:4], rows_PD[4:]], encode, batch=7)
    assert seen == [7, 7, 7, 7, 3]


@pytest.mark.parametrize("blocks", [[], [np.empty((0, 7))], [np.empty((0, 7))] * 3])
def test_no_rows(blocks):
    with pytest.raises(NoTrajectoriesError):
        pool_codes(blocks, encoder()[1])


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("row", [0, 6, 7, 30])
def test_what_is_not_finite_is_named(bad, row):
    rows_PD = some_rows(31)
    rows_PD[row, 2] = bad
    with pytest.raises(LsfrefError, match=f"row {row} is not finite"):
        pool_codes(np.split(rows_PD, [5, 19]), encoder()[1], batch=7)


def test_blocks_of_another_width_are_refused():
    with pytest.raises(ValueError, match="broadcast"):
        pool_codes([some_rows(3), np.ones((3, 5))], encoder()[1], batch=7)
