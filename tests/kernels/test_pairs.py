from __future__ import annotations

import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastgru._numba import cpu_features, jit_disabled
from fastgru.kernels.blocks import block_type
from fastgru.kernels.microkernel import tile_1, tile_2, tile_3
from fastgru.kernels.pairs import (
    columns_operand,
    pair,
    pair_matrix,
    rows_operand,
    unpair,
    words_for,
)
from fastgru.kernels.registers import lanes_of
from tests.kernels.uncached import uncached_kernel

can_multiply = pytest.mark.skipif(
    not jit_disabled and "avx512bf16" not in cpu_features(), reason="needs AVX512-BF16"
)
floats = st.floats(width=32)


@uncached_kernel
def run_columns(pairs: Any, source: Any, at: Any, sizes: Any) -> Any:
    a = columns_operand(
        pairs, at[0], source, *(at[1], at[2], at[3]), *(sizes[0], sizes[1], sizes[2])
    )
    at[:] = (a.at, a.row, a.outer, a.size)


@uncached_kernel
def run_rows(pairs: Any, source: Any, at: Any, sizes: Any) -> Any:
    a = rows_operand(pairs, at[0], source, at[1], at[2], sizes[0], sizes[1])
    at[:] = (a.at, a.row, a.outer, a.size)


@uncached_kernel
def run_tiles(shape: Any, c: Any, a: Any, b: Any, size: Any) -> None:
    lane = c.shape[1] // 6
    tile_1(shape, True, c, 0, 6 * lane, a, 0, size, 1, 0, b, 0, 6 * lane, lane, size, 1)
    tile_2(shape, True, c, lane, 6 * lane, a, 0, size, 1, 0, b, lane, 6 * lane, lane, size, 1)
    tile_3(
        shape, True, c, 3 * lane, 6 * lane, a, 0, size, 1, 0, b, 3 * lane, 6 * lane, lane, size, 1
    )


def nearest(value: float) -> float:
    """The nearest number of bfloat16, of two that are as near the one whose last bit is 0."""
    if np.isnan(value) or np.isinf(value):
        return value
    bits = struct.unpack("<I", struct.pack("<f", value))[0]
    below, above = bits & 0xFFFF0000, (bits & 0xFFFF0000) + 0x10000
    near = (
        below
        if bits - below < 0x8000 or (bits - below == 0x8000 and below % 0x20000 == 0)
        else above
    )
    return float(struct.unpack("<f", struct.pack("<I", near))[0])


@given(st.lists(st.tuples(floats, floats), min_size=1, max_size=9))
def test_pair__rounds_to_nearest_even(values: list[tuple[float, float]]) -> None:
    given_values = np.array(values, np.float32)
    low, high = unpair(pair(given_values[:, 0], given_values[:, 1]))
    with np.errstate(over="ignore"):
        expected = np.array([[nearest(v) for v in row] for row in values], np.float32)
    np.testing.assert_array_equal(np.stack([low, high], axis=1), expected)


def normal(shape: tuple[int, ...]) -> np.ndarray:
    return np.random.default_rng(0).standard_normal(shape).astype(np.float32)


@can_multiply
@pytest.mark.parametrize("width", [1, 2, 15, 16, 17, 40, 48, 64])
def test_columns_operand__pairs_neighbours_of_each_row(width: int) -> None:
    lane = lanes_of("float32")
    stride = -(-width // lane) * lane + lane
    source = np.zeros((2, 3, stride), np.float32)
    source[..., :width] = normal((2, 3, width))
    words = words_for(width, lane)
    pairs = np.zeros((1, 5 + 6 * words), np.uint32)
    at = np.array([5, 0, stride, 3 * stride])
    run_columns(pairs, source, at, np.array([3, width, 2]))
    assert at.tolist() == [5, words, 3 * words, (width + 1) // 2]
    found = pairs[0, 5:].reshape(2, 3, words)[..., : at[3]]
    expected = pair(source[..., : width + 1 : 2], source[..., 1 : width + 2 : 2])[..., : at[3]]
    np.testing.assert_array_equal(found, expected)
    assert not pairs[0, :5].any()


@can_multiply
@pytest.mark.parametrize("n_rows", [1, 2, 5, 8])
def test_rows_operand__pairs_rows_and_an_odd_one_with_zeros(n_rows: int) -> None:
    lane = lanes_of("float32")
    source = normal((n_rows, 3 * lane))
    pairs = np.zeros((1, 7 + 4 * 2 * lane), np.uint32)
    at = np.array([7, lane, 3 * lane, 0])
    run_rows(pairs, source, at, np.array([n_rows, 2 * lane]))
    assert at.tolist() == [7, 2 * lane, 0, (n_rows + 1) // 2]
    even = np.vstack([source, np.zeros((n_rows % 2, 3 * lane), np.float32)])[:, lane:]
    found = pairs[0, 7 : 7 + at[3] * 2 * lane].reshape(at[3], 2 * lane)
    np.testing.assert_array_equal(found, pair(even[::2], even[1::2]))


def test_operands__are_the_arrays_themselves_where_memory_is_of_floats() -> None:
    source, pairs = normal((4, 32)), np.empty((0, 0), np.float32)
    at = np.array([0, 3, 32, 128])
    run_columns(pairs, source, at, np.array([4, 20, 1]))
    assert at.tolist() == [3, 32, 128, 20]
    at = np.array([0, 3, 32, 0])
    run_rows(pairs, source, at, np.array([4, 20]))
    assert at.tolist() == [3, 32, 0, 4]


@can_multiply
def test_pair_matrix__pairs_rows() -> None:
    rows = normal((6, 2 * lanes_of("float32")))
    words = np.empty((3, rows.shape[1]), np.uint32)
    pair_matrix(rows, words)
    np.testing.assert_array_equal(words, pair(rows[::2], rows[1::2]))


@can_multiply
@pytest.mark.parametrize("size", [1, 2, 4, 7, 40])
@pytest.mark.parametrize("rows", [1, 4])
def test_tiles__multiply_pairs(rows: int, size: int) -> None:
    a, b = normal((rows, 2 * size)), normal((2 * size, 6 * lanes_of("float32")))
    c = normal((rows, b.shape[1]))
    words = [pair(a[:, ::2], a[:, 1::2]), pair(b[::2], b[1::2])]
    rounded = [np.vectorize(nearest)(array.astype(float)) for array in (a, b)]
    expected = c + rounded[0] @ rounded[1]
    run_tiles(np.zeros(0, block_type(rows)), c, *words, size)
    np.testing.assert_allclose(c, expected, rtol=0, atol=3e-6 * np.sqrt(size) * 4)
