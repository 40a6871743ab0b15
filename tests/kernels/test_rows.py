from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fastgru.kernels.blocks import block_type
from fastgru.kernels.registers import lanes_of
from fastgru.kernels.rows import (
    add_picked,
    group_of,
    load_picked,
    load_picked_first,
    load_rows,
    prefetch_rows,
    store_picked_first,
    store_rows,
)
from tests.kernels.uncached import uncached_kernel
from tests.problems import DTYPES


@uncached_kernel
def copy_rows(blocks: Any, a: Any, b: Any, at: Any, count: int) -> Any:
    """Copy rows from `a` to `b`, both flat: at[0], at[1] and at[2], at[3] are place and stride."""
    prefetch_rows(blocks, b, at[2], at[3])
    store_rows(blocks, load_rows(blocks, a, at[0], at[1]), b, at[2], at[3], count)
    return group_of(blocks)


@uncached_kernel
def fill_rows(blocks: Any, b: Any, at: int, stride: int, count: int) -> None:
    store_rows(blocks, 0.5, b, at, stride, count)


@uncached_kernel
def copy_picked(blocks: Any, a: Any, b: Any, places: Any, at: int, width: int, count: int) -> None:
    """Copy the rows at the second group's places, `width` numbers of each."""
    first = group_of(blocks)
    value = load_picked_first(blocks, a, places, first, at, width)
    store_picked_first(blocks, value, b, places, first, at, width, count)


@uncached_kernel
def add_all(blocks: Any, a: Any, b: Any, places: Any, at: int, count: int) -> None:
    add_picked(blocks, load_picked(blocks, a, places, 0, at), b, places, 0, at, count)


def numbers(size: int, dtype: str) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((2, size)).astype(dtype)
    return a, b


every_dtype = pytest.mark.parametrize("dtype", DTYPES)
every_size = pytest.mark.parametrize("rows", [1, 4, 8])


@every_dtype
@every_size
def test_store_rows__stores_so_many_rows(rows: int, dtype: str) -> None:
    blocks, lane = np.zeros(0, block_type(rows)), lanes_of(dtype)
    for count in range(1, 4):
        a, b = numbers(9 * lane, dtype)
        before = b.copy()
        group = copy_rows(blocks, a, b, np.array([3, lane + 1, 1, 2 * lane]), count)
        assert group == min(2, rows)
        for j in range(min(group, count)):
            place = slice(1 + j * 2 * lane, 1 + j * 2 * lane + lane)
            np.testing.assert_array_equal(b[place], a[3 + j * (lane + 1) :][:lane])
            b[place] = before[place]
        np.testing.assert_array_equal(b, before)


@every_dtype
def test_store_rows__repeats_a_number(dtype: str) -> None:
    blocks, lane = np.zeros(0, block_type(4)), lanes_of(dtype)
    _, b = numbers(4 * lane, dtype)
    fill_rows(blocks, b, lane, lane, 2)
    assert ((b == 0.5) == (np.arange(4 * lane) // lane % 3 > 0)).all()


@every_dtype
@every_size
def test_picked_rows__stand_where_the_places_say(rows: int, dtype: str) -> None:
    blocks, lane = np.zeros(0, block_type(rows)), lanes_of(dtype)
    group = min(2, rows)
    places = np.array([[7, 7], [4 * lane, lane]])[:, :group].copy()
    for width in (1, lane - 1, lane, lane + 5):
        for count in range(1, group + 1):
            a, b = numbers(6 * lane, dtype)
            expected = b.copy()
            for place in places[1, :count] + 2:
                expected[place : place + min(width, lane)] = a[place : place + min(width, lane)]
            copy_picked(blocks, a, b, places, 2, width, count)
            np.testing.assert_array_equal(b, expected)


@every_dtype
@every_size
@pytest.mark.parametrize("same_place", [False, True])
def test_add_picked__adds_row_by_row(rows: int, dtype: str, same_place: bool) -> None:
    blocks, lane = np.zeros(0, block_type(rows)), lanes_of(dtype)
    group = min(2, rows)
    places = np.array([lane, lane if same_place else 3 * lane])[:group].copy()
    for count in range(1, group + 1):
        a, b = numbers(6 * lane, dtype)
        expected = b.copy()
        for place in places[:count] + 1:
            expected[place : place + lane] += a[place : place + lane]
        add_all(blocks, a, b, places, 1, count)
        np.testing.assert_array_equal(b, expected)
