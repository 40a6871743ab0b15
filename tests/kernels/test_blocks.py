from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastgru.kernels.blocks import (
    add_row,
    block_rows,
    block_type,
    caller_row,
    clear_row,
    clear_span,
    copy_row,
    count_active,
    rows_of,
)
from fastgru.kernels.registers import lanes_of
from tests.kernels.uncached import uncached_kernel
from tests.problems import DTYPES


@uncached_kernel
def look_up(blocks: Any, t: Any, n_steps: Any, reverse: Any, out: Any) -> Any:
    """Write the caller's row of each active sequence of each block at step `t`."""
    for block in range(blocks.shape[0]):
        active = count_active(blocks, block, t)
        for i in range(active):
            out[block, i] = caller_row(blocks, block, i, t, n_steps, reverse)
    return rows_of(blocks)


@pytest.mark.parametrize("rows", [1, 4, 8])
def test_block_type__carries_its_rows(rows: int) -> None:
    table = np.zeros(2, block_type(rows))
    assert block_rows(table.dtype) == rows
    assert table["lengths"].shape == table["sequences"].shape == (2, rows)
    assert look_up(table, 0, 1, False, np.zeros((2, rows), np.int64)) == rows


@given(lengths=st.lists(st.integers(0, 6), max_size=8), t=st.integers(0, 6), reverse=st.booleans())
def test_caller_row__finds_each_step_of_each_sequence(
    lengths: list[int], t: int, reverse: bool
) -> None:
    table, n_steps = np.zeros(2, block_type(4)), 7
    padded = sorted(lengths, reverse=True) + [0] * (8 - len(lengths))
    table["lengths"] = np.reshape(padded, (2, 4))
    numbers = np.random.default_rng(0).permutation(8).reshape(2, 4)
    table["sequences"] = numbers
    expected = np.full((2, 4), -1)
    for place in np.ndindex(2, 4):
        length = table["lengths"][place]
        if t < length:
            expected[place] = numbers[place] * n_steps + (length - 1 - t if reverse else t)
    actual = np.full((2, 4), -1)
    look_up(table, t, n_steps, reverse, actual)
    np.testing.assert_array_equal(actual, expected)


@uncached_kernel
def move(source: Any, target: Any, at: Any, width: Any, add: Any) -> None:
    if add:
        add_row(source, at[0], at[1], target, at[2], at[3], width)
    else:
        copy_row(source, at[0], at[1], target, at[2], at[3], width)


@pytest.mark.parametrize("dtype", DTYPES)
@given(width=st.integers(0, 40), columns=st.tuples(*[st.integers(0, 3)] * 2), add=st.booleans())
def test_copy_row__touches_its_columns_alone(
    dtype: str, width: int, columns: tuple[int, int], add: bool
) -> None:
    rng = np.random.default_rng(width)
    source = rng.standard_normal((3, columns[0] + width)).astype(dtype)
    target = rng.standard_normal((2, columns[1] + width + 2)).astype(dtype)
    expected = target.copy()
    place = (1, slice(columns[1], columns[1] + width))
    expected[place] = source[2, columns[0] :] + (expected[place] if add else 0)
    move(source, target, np.array([2, columns[0], 1, columns[1]]), width, add)
    np.testing.assert_array_equal(target, expected)


@uncached_kernel
def clear(target: Any, row: Any, column: Any, width: Any, begin: Any, end: Any) -> None:
    clear_row(target, row, column, width)
    clear_span(target, begin, end)


@pytest.mark.parametrize("dtype", DTYPES)
def test_clear__sets_rows_and_spans_to_zero(dtype: str) -> None:
    lane = lanes_of(dtype)
    target = np.full((4, 2 * lane), np.nan, dtype)
    clear(target, 0, 1, 3, 2 * lane, 5 * lane)
    expected = np.full_like(target, np.nan)
    expected[0, 1:4] = expected[1] = expected[2, :lane] = 0
    np.testing.assert_array_equal(target, expected)
