from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastgru._numba import threads_limited_to
from fastgru.kernels.matrices import multiply_columns_of, multiply_rows_of
from fastgru.kernels.registers import ROWS, lanes_of
from fastgru.kernels.workers import deal
from tests.comparing import assert_same_bits
from tests.problems import DTYPES


def draw(rng: np.random.Generator, shape: tuple[int, int], dtype: str) -> np.ndarray:
    return rng.standard_normal(shape).astype(dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@given(
    tiles=st.integers(1, 4),
    inner=st.integers(0, 40),
    vectors=st.integers(1, 7),
    add=st.booleans(),
    seed=st.integers(0, 2**16),
)
def test_multiply_rows_of__is_the_product(
    dtype: str, tiles: int, inner: int, vectors: int, add: bool, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    a, b = (
        draw(rng, (tiles * ROWS, inner + 3), dtype),
        draw(rng, (inner + 2, vectors * lanes_of(dtype)), dtype),
    )
    out = draw(rng, (len(a), b.shape[1]), dtype)
    expected = a[:, :inner].astype(float) @ b[:inner] + (out if add else 0)
    multiply_rows_of(deal(len(a) // ROWS, 1), add, a, b, out, inner)
    np.testing.assert_allclose(out, expected, rtol=0, atol=100 * np.finfo(dtype).eps)


@pytest.mark.parametrize("dtype", DTYPES)
@given(
    tiles=st.integers(1, 4),
    inner=st.integers(0, 40),
    vectors=st.integers(1, 7),
    seed=st.integers(0, 2**16),
)
def test_multiply_columns_of__is_the_product_of_the_transpose(
    dtype: str, tiles: int, inner: int, vectors: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    a = draw(rng, (inner + 3, tiles * ROWS), dtype)
    b = draw(rng, (inner + 2, vectors * lanes_of(dtype)), dtype)
    out = np.full((a.shape[1], b.shape[1]), np.nan, dtype)
    multiply_columns_of(deal(a.shape[1] // ROWS, 1), a, b, out, inner)
    expected = a[:inner].T.astype(float) @ b[:inner]
    np.testing.assert_allclose(out, expected, rtol=0, atol=100 * np.finfo(dtype).eps)


@pytest.mark.parametrize("dtype", DTYPES)
def test_multiply__gives_a_row_the_same_bits_on_its_own_and_on_any_number_of_threads(
    dtype: str, rng: np.random.Generator
) -> None:
    a, b = draw(rng, (9 * ROWS, 21), dtype), draw(rng, (21, 5 * lanes_of(dtype)), dtype)
    together, alone = np.empty((len(a), b.shape[1]), dtype), np.empty((ROWS, b.shape[1]), dtype)
    with threads_limited_to(2):
        multiply_rows_of(deal(9, 2), False, a, b, together, 21)
    multiply_rows_of(deal(1, 1), False, a[-ROWS:].copy(), b, alone, 21)
    assert_same_bits(together[-ROWS:], alone)
    transposed = np.empty_like(together)
    with threads_limited_to(2):
        multiply_columns_of(deal(9, 2), np.ascontiguousarray(a.T), b, transposed, 21)
    assert_same_bits(transposed, together)
