"""Transposed tiles against the equations, element by element, and what stands around them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastgru.kernels.registers import lanes_of
from fastgru.kernels.transposing import add_transposed, store_transposed
from tests.kernels.uncached import uncached_kernel
from tests.problems import DTYPES

TILE = lanes_of("float32")
counts = st.integers(-2, TILE + 2)


@uncached_kernel
def store(source: Any, at: int, rows: int, columns: int, target: Any, to: int, to_rows: int,
          to_columns: int) -> None:  # fmt: skip
    store_transposed(source, at, source.shape[1], rows, columns,
                     target, to, target.shape[1], to_rows, to_columns)  # fmt: skip


@uncached_kernel
def add(source: Any, at: int, rows: int, columns: int, target: Any, to: int, to_rows: int,
        to_columns: int) -> None:  # fmt: skip
    add_transposed(source, at, source.shape[1], rows, columns,
                   target, to, target.shape[1], to_rows, to_columns)  # fmt: skip


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("transpose", "adds"), [(store, 0), (add, 1)])
@given(read=st.tuples(counts, counts), written=st.tuples(counts, counts))
def test_transposed__is_what_was_read_and_touches_nothing_else(
    transpose: Callable[..., None],
    adds: int,
    dtype: str,
    read: tuple[int, int],
    written: tuple[int, int],
) -> None:
    size = 3 * TILE
    lanes = lanes_of(dtype)
    source = np.arange(1, size * (size + 1) + 1, dtype=dtype).reshape(size, size + 1)
    target = -source[:, ::-1].copy()
    tile = np.zeros((lanes, lanes), dtype)
    rows, columns = (slice(0, min(max(count, 0), lanes)) for count in read)
    tile[rows, columns] = source[2:, 3:][rows, columns]
    expected = target.copy()
    rows, columns = (slice(0, min(max(count, 0), lanes)) for count in written)
    place = expected[1:, 5:][rows, columns]
    place[:] = tile.T[rows, columns] + adds * place
    transpose(source, 2 * (size + 1) + 3, *read, target, size + 1 + 5, *written)
    np.testing.assert_array_equal(target, expected)
