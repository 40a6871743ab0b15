from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastgru.kernels.microkernel import ROWS, VECTOR_BYTES, lanes_of
from fastgru.layers.packing import (
    INPUT,
    RECURRENT,
    aligned_empty,
    pack_rows,
    pack_transposed,
    pack_weight,
    round_up,
    row_stride,
    unpack_rows,
    unpack_weight,
)
from tests.gru_problems import DTYPES

sizes = st.integers(1, 2 * lanes_of("float32") + 3)
orders = st.sampled_from([RECURRENT, INPUT])


def weights(hidden: int, k: int, dtype: str) -> np.ndarray:
    """(3H, K), every element another number."""
    return 1 + np.arange(3 * hidden * k, dtype=dtype).reshape(3 * hidden, k)


@pytest.mark.parametrize("dtype", DTYPES)
@given(hidden=sizes, k=sizes, spare=st.integers(0, 3), order=orders)
def test_pack_weight__puts_the_gates_of_a_panel_side_by_side(
    dtype: str, hidden: int, k: int, spare: int, order: tuple[int, ...]
) -> None:
    weight, lanes = weights(hidden, k, dtype), lanes_of(dtype)
    packed = pack_weight(weight, order, k + spare)
    assert packed.shape == (-(-hidden // lanes), k + spare, 3 * lanes)
    for unit in range(len(packed) * lanes):
        for place, gate in enumerate(order):
            column = packed[unit // lanes, :, place * lanes + unit % lanes]
            expected = weight[gate * hidden + unit] if unit < hidden else 0
            np.testing.assert_array_equal(column[:k], expected)
            assert not column[k:].any()
    np.testing.assert_array_equal(unpack_weight(packed, order, hidden, k), weight)


@pytest.mark.parametrize("dtype", DTYPES)
@given(hidden=sizes, n=st.integers(0, 4))
def test_pack_rows__goes_round(dtype: str, hidden: int, n: int) -> None:
    rows, lanes = weights(hidden, n, dtype).T, lanes_of(dtype)
    packed = pack_rows(rows)
    assert packed.shape == (n, -(-hidden // lanes), 3 * lanes)
    assert packed.flags.c_contiguous
    np.testing.assert_array_equal(unpack_rows(packed, hidden), rows)
    for gate in range(3):
        first_units = packed[:, 0, gate * lanes :][:, : min(hidden, lanes)]
        expected = rows[:, gate * hidden :][:, : min(hidden, lanes)]
        np.testing.assert_array_equal(first_units, expected)


@pytest.mark.parametrize("dtype", DTYPES)
@given(hidden=sizes, k=sizes, order=orders)
def test_pack_transposed__has_pairs_of_panels_then_an_odd_one(
    dtype: str, hidden: int, k: int, order: tuple[int, ...]
) -> None:
    weight, lanes = weights(hidden, k, dtype), lanes_of(dtype)
    columns, panels = round_up(k, lanes), -(-hidden // lanes)
    packed = pack_transposed(weight, order, columns)
    n_rows, at = panels * 3 * lanes, 0
    for first in range(0, columns, 2 * lanes):
        width = min(2 * lanes, columns - first)
        block = packed[at : at + n_rows * width].reshape(panels, 3, lanes, width)
        at += n_rows * width
        for unit in range(panels * lanes):
            for place, gate in enumerate(order):
                expected = np.zeros(width)
                if unit < hidden:
                    given_row = weight[gate * hidden + unit, first : first + width]
                    expected[: len(given_row)] = given_row
                found = block[unit // lanes, place, unit % lanes]
                np.testing.assert_array_equal(found, expected)
    assert at == len(packed)


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
