from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastgru.kernels.pairs import pair
from fastgru.kernels.registers import ROWS, lanes_of
from fastgru.layers.packing import (
    pack_gate_in_stripes,
    pack_stripes,
    pack_transposed,
    round_up,
    row_stride,
    stripes_in_pairs,
)
from tests.kernels.packed import ORDERS, weights
from tests.problems import DTYPES

sizes = st.integers(1, 3 * lanes_of("float32") + 3)
orders = st.sampled_from(ORDERS)


@pytest.mark.parametrize("dtype", DTYPES)
@given(n_rows=st.integers(0, 5), columns=sizes)
def test_pack_stripes__has_three_vectors_at_a_time_then_the_rest(
    dtype: str, n_rows: int, columns: int
) -> None:
    matrix, lanes = weights(1, n_rows, columns, dtype), lanes_of(dtype)
    padded, at = round_up(columns, lanes), 0
    packed = pack_stripes(matrix, padded)
    for first in range(0, padded, 3 * lanes):
        width = min(3 * lanes, padded - first)
        expected = np.zeros((n_rows, width))
        given_columns = matrix[:, first : first + width]
        expected[:, : given_columns.shape[1]] = given_columns
        found = packed[at : at + n_rows * width].reshape(n_rows, width)
        np.testing.assert_array_equal(found, expected)
        at += n_rows * width
    assert at == len(packed)


@pytest.mark.parametrize("dtype", DTYPES)
@given(hidden=sizes, k=sizes, gate=st.integers(0, 2), spare=st.integers(0, 3))
def test_pack_gate_in_stripes__is_that_of_its_transpose(
    dtype: str, hidden: int, k: int, gate: int, spare: int
) -> None:
    weight, columns = weights(3, hidden, k, dtype), round_up(hidden, lanes_of(dtype))
    packed = np.full((k + spare) * columns, np.nan, dtype)
    pack_gate_in_stripes(weight, hidden, gate, columns, packed)
    matrix = np.zeros((k + spare, hidden), dtype)
    matrix[:k] = weight[gate * hidden : (gate + 1) * hidden].T
    np.testing.assert_array_equal(packed, pack_stripes(matrix, columns))


@pytest.mark.parametrize("dtype", DTYPES)
@given(hidden=sizes, k=sizes, packing=orders)
def test_pack_transposed__is_the_stripes_of_the_rows_of_each_panel_gate_by_gate(
    dtype: str, hidden: int, k: int, packing: tuple[int, tuple[int, ...]]
) -> None:
    gates, order = packing
    weight, lanes = weights(gates, hidden, k, dtype), lanes_of(dtype)
    panels = -(-hidden // lanes)
    rows = np.zeros((panels, len(order), lanes, k), dtype)
    for unit in range(hidden):
        for place, gate in enumerate(order):
            rows[unit // lanes, place, unit % lanes] = weight[gate * hidden + unit]
    columns = round_up(k, lanes)
    packed = np.full(panels * lanes * len(order) * columns, np.nan, dtype)
    pack_transposed(weight, hidden, order, columns, packed)
    np.testing.assert_array_equal(packed, pack_stripes(rows.reshape(-1, k), columns))


@given(panels=st.integers(1, 7), pairs=st.integers(1, 4))
def test_stripes_in_pairs__pairs_the_rows_of_each_stripe(panels: int, pairs: int) -> None:
    lanes = lanes_of("float32")
    columns, n_rows = panels * lanes, 2 * pairs
    matrix = np.arange(n_rows * columns, dtype=np.float32).reshape(n_rows, columns)
    found = stripes_in_pairs(pack_stripes(matrix, columns), columns)
    words = pair(matrix[::2], matrix[1::2])
    # Words have as many lanes as numbers: the stripes of words are those of a matrix of them.
    np.testing.assert_array_equal(found, pack_stripes(words, columns))


@given(columns=st.integers(0, 300), dtype=st.sampled_from(DTYPES))
def test_row_stride__has_room_for_vectors_and_tiles(columns: int, dtype: str) -> None:
    stride, lanes = row_stride(columns, np.dtype(dtype)), lanes_of(dtype)
    assert stride % lanes == 0
    assert stride >= round_up(round_up(columns, lanes), ROWS)


def test_round_up__gives_the_next_multiple() -> None:
    assert [round_up(size, 8) for size in (0, 1, 8, 9)] == [0, 8, 8, 16]
