from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastgru.kernels.dots import add_multiple, dot, sum_of_lanes
from fastgru.kernels.registers import lanes_of
from fastgru.kernels.vectors import load
from tests.comparing import assert_same_bits
from tests.kernels.uncached import uncached_kernel
from tests.problems import DTYPES


@uncached_kernel
def write_dot(a: Any, a_at: Any, b: Any, b_at: Any, n: Any, out: Any) -> None:
    out[0] = dot(a, a_at, b, b_at, n)


@uncached_kernel
def write_multiple(factor: Any, a: Any, a_at: Any, out: Any, out_at: Any, n: Any) -> None:
    add_multiple(factor[0], a, a_at, out, out_at, n)


@uncached_kernel
def write_sum_of_lanes(a: Any, out: Any) -> None:
    out[0] = sum_of_lanes(load(a, 0))


@pytest.mark.parametrize("dtype", DTYPES)
def test_sum_of_lanes__adds_each_once(dtype: str) -> None:
    powers, out = 2.0 ** np.arange(lanes_of(np.dtype(dtype))), np.zeros(1, dtype)
    write_sum_of_lanes(powers.astype(dtype), out)
    assert out[0] == powers.sum()


@pytest.mark.parametrize("dtype", DTYPES)
@given(n=st.integers(0, 70), a_at=st.integers(0, 3), b_at=st.integers(0, 3))
def test_dot__equals_numpy_and_reads_its_rows_alone(
    dtype: str, n: int, a_at: int, b_at: int
) -> None:
    rng = np.random.default_rng(n)
    a, b = (np.full(at + n + 1, np.nan, dtype) for at in (a_at, b_at))
    a[a_at : a_at + n], b[b_at : b_at + n] = rng.standard_normal((2, n)).astype(dtype)
    out = np.zeros(1, dtype)
    write_dot(a, a_at, b, b_at, n, out)
    expected = a[a_at : a_at + n].astype(float) @ b[b_at : b_at + n].astype(float)
    np.testing.assert_allclose(out[0], expected, rtol=0, atol=100 * np.finfo(dtype).eps)


@pytest.mark.parametrize("dtype", DTYPES)
@given(n=st.integers(0, 70), a_at=st.integers(0, 3), out_at=st.integers(0, 3))
def test_add_multiple__equals_numpy_and_writes_its_row_alone(
    dtype: str, n: int, a_at: int, out_at: int
) -> None:
    # whole numbers, so that nothing is rounded
    rng = np.random.default_rng(n)
    a, out = (rng.integers(-99, 99, at + n + 1).astype(dtype) for at in (a_at, out_at))
    expected = out.copy()
    expected[out_at : out_at + n] += 3 * a[a_at : a_at + n]
    write_multiple(np.array([3], dtype), a, a_at, out, out_at, n)
    assert_same_bits(out, expected)
