from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastgru.kernels.blocks import block_type
from fastgru.kernels.microkernel import Ahead
from fastgru.kernels.pairs import Operand
from fastgru.kernels.products import multiply_rows, product
from fastgru.kernels.registers import lanes_of
from fastgru.layers.packing import pack_stripes
from tests.kernels.uncached import uncached_kernel
from tests.problems import DTYPES


@uncached_kernel
def run_multiply_rows(
    shape: Any, add: bool, out: Any, at: Any, a: Any, sizes: Any, packed: Any, ahead: Any
) -> None:
    multiply_rows(
        *(shape, sizes[2], add, out, at[0], out.shape[1], sizes[0]),
        Operand(a, at[1], a.shape[2], a.shape[1] * a.shape[2], sizes[1]),
        *(a.shape[0], packed, ahead),
    )


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("rows", [1, 4])
@given(add=st.booleans(), data=st.data())
def test_multiply_rows__adds_or_writes_the_product(
    rows: int, dtype: str, add: bool, data: st.DataObject
) -> None:
    lane, rng = lanes_of(dtype), np.random.default_rng(0)
    panels, outer, inner, tiles = (data.draw(st.integers(low, 6)) for low in (0, 1, 0, 0))
    n = tiles * rows
    a = rng.standard_normal((outer, n + 1, inner + 2)).astype(dtype)  # outer panels of rows
    matrix = rng.standard_normal((outer * inner, panels * lane)).astype(dtype)
    out = rng.standard_normal((n + 2, panels * lane + 3)).astype(dtype)
    expected = out.astype(float)
    used = np.concatenate([a[o, 1:, 2:] for o in range(outer)], axis=1).astype(float)
    place = (slice(1, 1 + n), slice(1, 1 + panels * lane))
    expected[place] = expected[place] * add + used @ matrix.astype(float)
    at = np.array([out.shape[1] + 1, a.shape[2] + 2])
    sizes = np.array([panels, inner, tiles])
    table = np.zeros(0, block_type(rows))
    ahead = Ahead(matrix, data.draw(st.integers(-9, 9)), data.draw(st.integers(0, 99)))
    run_multiply_rows(table, add, out, at, a, sizes, pack_stripes(matrix, panels * lane), ahead)
    np.testing.assert_allclose(out, expected, rtol=0, atol=300 * np.finfo(dtype).eps)


@pytest.mark.parametrize("dtype", DTYPES)
@given(sizes=st.tuples(*[st.integers(0, 7)] * 3), transposed=st.booleans())
def test_product__adds_the_matrix_product(
    dtype: str, sizes: tuple[int, int, int], transposed: bool
) -> None:
    m, k, n = sizes
    rng = np.random.default_rng(0)
    a, b, out = (rng.standard_normal(shape).astype(dtype) for shape in ((m, k), (k, n), (m, n)))
    expected = out.astype(float) + a.astype(float) @ b.astype(float)
    product(a, np.ascontiguousarray(b.T).T if transposed else b, out)
    np.testing.assert_allclose(out, expected, rtol=0, atol=60 * np.finfo(dtype).eps)
