from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastgru.kernels.blocks import block_type
from fastgru.kernels.microkernel import tile_1, tile_2, tile_3
from fastgru.kernels.products import tile_4
from fastgru.kernels.registers import ROWS, lanes_of
from tests.kernels.uncached import uncached_kernel
from tests.problems import DTYPES


@uncached_kernel
def run_tile_1(shape: Any, add: bool, c: Any, at: Any, a: Any, b: Any, sizes: Any) -> None:
    tile_1(
        *(shape, add, c, at[0], at[1], a, at[2], at[3], at[4], at[5]),
        *(b, at[6], at[7], at[8], sizes[0], sizes[1]),
    )


@uncached_kernel
def run_tile_2(shape: Any, add: bool, c: Any, at: Any, a: Any, b: Any, sizes: Any) -> None:
    tile_2(
        *(shape, add, c, at[0], at[1], a, at[2], at[3], at[4], at[5]),
        *(b, at[6], at[7], at[8], sizes[0], sizes[1]),
    )


@uncached_kernel
def run_tile_3(shape: Any, add: bool, c: Any, at: Any, a: Any, b: Any, sizes: Any) -> None:
    tile_3(
        *(shape, add, c, at[0], at[1], a, at[2], at[3], at[4], at[5]),
        *(b, at[6], at[7], at[8], sizes[0], sizes[1]),
    )


@uncached_kernel
def run_tile_4(shape: Any, add: bool, c: Any, at: Any, a: Any, b: Any, sizes: Any) -> None:
    tile_4(
        *(shape, add, c, at[0], at[1], a, at[2], at[3], at[4], at[5]),
        *(b, at[6], at[7], at[8], sizes[0], sizes[1]),
    )


RUNNERS: dict[int, Callable[..., None]] = {
    1: run_tile_1,
    2: run_tile_2,
    3: run_tile_3,
    4: run_tile_4,
}


def highest(offset: int, *axes: tuple[int, int]) -> int:
    """The last place that strides reach, for (size, stride) of each axis."""
    return offset + sum((size - 1) * stride for size, stride in axes if size)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("vectors", RUNNERS)
@pytest.mark.parametrize("rows", sorted({1, 4, ROWS, ROWS + 3, 2 * ROWS}))
@given(add=st.booleans(), data=st.data())
def test_tile__equals_its_definition(
    rows: int, vectors: int, dtype: str, add: bool, data: st.DataObject
) -> None:
    lane, width = lanes_of(dtype), vectors * lanes_of(dtype)
    offset, stride = st.integers(0, 5), st.integers(0, 40)
    inner, outer = data.draw(st.integers(0, 6)), data.draw(st.integers(0, 3))
    c_at, c_row = data.draw(offset), width + data.draw(offset)
    a_at, a_row, a_k, a_outer = data.draw(offset), *(data.draw(stride) for _ in range(3))
    b_at, b_k, b_vector = data.draw(offset), data.draw(stride), data.draw(stride)
    rng = np.random.default_rng(data.draw(st.integers(0, 2**16)))

    def random(last: int) -> np.ndarray:  # exactly as long as the tile reaches
        return rng.standard_normal(last + 1).astype(dtype)

    c = random(highest(c_at, (rows, c_row), (width, 1)) + 3)
    a = random(highest(a_at, (rows, a_row), (inner, a_k), (outer, a_outer)))
    b = random(highest(b_at, (inner * outer, b_k), (vectors, b_vector), (lane, 1)))
    expected = c.astype(np.float64)
    if not add:
        for m in range(rows):
            expected[c_at + m * c_row : c_at + m * c_row + width] = 0
    magnitude = np.abs(expected)
    for o in range(outer):
        for k in range(inner):
            for m in range(rows):
                for v in range(vectors):
                    place = c_at + m * c_row + v * lane + np.arange(lane)
                    factor = float(a[a_at + m * a_row + o * a_outer + k * a_k])
                    column = b[b_at + (o * inner + k) * b_k + v * b_vector :][:lane]
                    expected[place] += factor * column.astype(np.float64)
                    magnitude[place] += np.abs(factor * column)
    strides = np.array([c_at, c_row, a_at, a_row, a_k, a_outer, b_at, b_k, b_vector])
    shape = None if rows == ROWS else np.zeros(0, block_type(rows))
    RUNNERS[vectors](shape, add, c, strides, a, b, np.array([inner, outer]))
    # Each of the sum's terms is rounded at most twice.
    allowed = 2 * (inner * outer + 1) * np.finfo(dtype).eps * magnitude
    assert (np.abs(c - expected) <= allowed).all()


@pytest.mark.parametrize("dtype", DTYPES)
def test_tile__gives_rows_the_same_bits_wherever_they_stand(dtype: str) -> None:
    lane = lanes_of(dtype)
    rng = np.random.default_rng(0)
    a, b = (rng.standard_normal(size).astype(dtype) for size in (ROWS * 50, 50 * 3 * lane))
    forwards, backwards = np.zeros((2, ROWS, 3 * lane), dtype)
    sizes = np.array([50, 1])
    run_tile_3(
        None, True, forwards, np.array([0, 3 * lane, 0, 50, 1, 0, 0, 3 * lane, lane]), a, b, sizes
    )
    turned = np.ascontiguousarray(a.reshape(ROWS, 50)[::-1])
    run_tile_3(
        None,
        True,
        backwards,
        np.array([0, 3 * lane, 0, 50, 1, 0, 0, 3 * lane, lane]),
        turned,
        b,
        sizes,
    )
    np.testing.assert_array_equal(backwards[::-1], forwards)
    expected = a.reshape(ROWS, 50).astype(float) @ b.reshape(50, -1).astype(float)
    np.testing.assert_allclose(forwards, expected, rtol=0, atol=100 * np.finfo(dtype).eps)
