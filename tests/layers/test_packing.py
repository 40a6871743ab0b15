from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastgru.kernels.registers import ROWS, VECTOR_BYTES, lanes_of
from fastgru.layers.packing import (
    aligned_empty,
    pack_columns,
    pack_rows,
    pack_stripes,
    pack_transposed,
    round_up,
    row_stride,
    unpack_columns,
    unpack_rows,
)
from tests.problems import DTYPES

sizes = st.integers(1, 3 * lanes_of("float32") + 3)
# Of how many gates, the ones that are packed, in which order: every cell's products.
orders = st.sampled_from([(3, (2, 0, 1)), (3, (0, 1)), (3, (2,)), (4, (0, 1, 2, 3)), (1, (0,))])


def weights(gates: int, hidden: int, k: int, dtype: str) -> np.ndarray:
    """(G * H, K), every element another number."""
    return 1 + np.arange(gates * hidden * k, dtype=dtype).reshape(gates * hidden, k)


@pytest.mark.parametrize("dtype", DTYPES)
@given(hidden=sizes, k=sizes, spare=st.integers(0, 3), packing=orders)
def test_pack_columns__puts_the_gates_of_a_panel_side_by_side(
    dtype: str, hidden: int, k: int, spare: int, packing: tuple[int, tuple[int, ...]]
) -> None:
    gates, order = packing
    weight, lanes = weights(gates, hidden, k, dtype), lanes_of(dtype)
    packed = pack_columns(weight, hidden, order, k + spare)
    assert packed.shape == (-(-hidden // lanes), k + spare, len(order) * lanes)
    for unit in range(len(packed) * lanes):
        for place, gate in enumerate(order):
            column = packed[unit // lanes, :, place * lanes + unit % lanes]
            expected = weight[gate * hidden + unit] if unit < hidden else 0
            np.testing.assert_array_equal(column[:k], expected)
            assert not column[k:].any()
    chosen = weight.reshape(gates, hidden, k)[list(order)]
    np.testing.assert_array_equal(unpack_columns(packed, hidden, k), chosen)


@pytest.mark.parametrize("dtype", DTYPES)
@given(hidden=sizes, n=st.integers(0, 4), gates=st.integers(1, 4))
def test_pack_rows__goes_round(dtype: str, hidden: int, n: int, gates: int) -> None:
    rows, lanes = weights(gates, hidden, n, dtype).T.reshape(n, gates, hidden), lanes_of(dtype)
    packed = pack_rows(rows)
    assert packed.shape == (n, -(-hidden // lanes), gates * lanes)
    assert packed.flags.c_contiguous
    np.testing.assert_array_equal(unpack_rows(packed, hidden), rows)
    for gate in range(gates):
        first_units = packed[:, 0, gate * lanes :][:, : min(hidden, lanes)]
        np.testing.assert_array_equal(first_units, rows[:, gate, : min(hidden, lanes)])


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
@given(hidden=sizes, k=sizes, packing=orders)
def test_pack_transposed__has_the_rows_of_each_panel_gate_by_gate(
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
    expected = pack_stripes(rows.reshape(-1, k), columns)
    np.testing.assert_array_equal(pack_transposed(weight, hidden, order, columns), expected)


@given(columns=st.integers(0, 300), dtype=st.sampled_from(DTYPES))
def test_row_stride__has_room_for_vectors_and_tiles(columns: int, dtype: str) -> None:
    stride, lanes = row_stride(columns, np.dtype(dtype)), lanes_of(dtype)
    assert stride % lanes == 0
    assert stride >= round_up(round_up(columns, lanes), ROWS)


@given(shape=st.lists(st.integers(1, 5), min_size=1, max_size=3), dtype=st.sampled_from(DTYPES))
def test_aligned_empty__starts_on_a_vector(shape: list[int], dtype: str) -> None:
    array = aligned_empty(tuple(shape), np.dtype(dtype))
    assert array.shape == tuple(shape)
    assert array.dtype == dtype
    assert array.ctypes.data % VECTOR_BYTES == 0
    array.fill(1)


def test_round_up__gives_the_next_multiple() -> None:
    assert [round_up(size, 8) for size in (0, 1, 8, 9)] == [0, 8, 8, 16]
