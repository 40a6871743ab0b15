from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastgru._numba import threads_limited_to
from fastgru.kernels.pooling import pool_backward, pool_forward
from fastgru.kernels.workers import deal
from tests.comparing import assert_same_bits
from tests.gradients import TOLERANCE, central_differences
from tests.problems import DTYPES
from tests.reference import around


class Pooled(NamedTuple):
    """By sequence (B, C), and the gradient of the states (B, T, C)."""

    mean: np.ndarray
    maximum: np.ndarray
    dh: np.ndarray


def pool(
    h: np.ndarray,
    lengths: np.ndarray,
    dmean: np.ndarray,
    dmaximum: np.ndarray,
    n_workers: int = 1,
) -> Pooled:
    """Pool h (B, T, C) forward and back by the kernels."""
    mean, maximum = (np.full((len(h), h.shape[2]), np.nan, h.dtype) for _ in range(2))
    first = np.full((len(h), h.shape[2]), -1, np.int32)
    pool_forward(deal(len(h), n_workers), lengths, h, mean, maximum, first)
    dh = np.full_like(h, np.nan)
    pool_backward(deal(len(h), n_workers), lengths, dmean, dmaximum, first, dh)
    past = np.arange(h.shape[1]) >= lengths[:, None]
    assert np.isnan(dh[past]).all()  # written at valid steps alone
    dh[past] = 0
    return Pooled(mean, maximum, dh)


@pytest.mark.parametrize("at", [0, 1, 3])
def test_pooling__hides_no_nan(at: int) -> None:
    h = np.arange(10.0, dtype=np.float32).reshape(1, 5, 2)
    h[0, at, 1] = np.nan
    for sign in (1, -1):
        pooled = pool(sign * h, np.array([5]), *np.zeros((2, 1, 2), np.float32))
        assert np.isnan(pooled.maximum[0]).tolist() == [False, True]
        assert np.isnan(pooled.mean[0]).tolist() == [False, True]


@pytest.mark.parametrize("dtype", DTYPES)
@given(
    lengths=st.lists(st.integers(0, 9), max_size=11),
    seed=st.integers(0, 2**16),
    levels=st.sampled_from([2, 1000]),
)
def test_pooling__equals_reference(dtype: str, lengths: list[int], seed: int, levels: int) -> None:
    rng = np.random.default_rng(seed)
    shape = (len(lengths), max(lengths, default=0) + 1, 7)
    h = rng.integers(-levels, levels, shape).astype(dtype) / levels  # few levels: many equal maxima
    dmean, dmaximum = rng.standard_normal((2, shape[0], shape[2])).astype(dtype)
    steps = np.array(lengths, np.int64)
    actual = pool(h, steps, dmean, dmaximum)
    mean, maximum = around.pool(h.astype(float), steps)
    allowed = 20 * np.finfo(dtype).eps
    np.testing.assert_allclose(actual.mean, mean, rtol=0, atol=allowed)
    np.testing.assert_array_equal(actual.maximum, maximum)
    expected = around.pool_gradient(h, steps, dmean, dmaximum)
    np.testing.assert_allclose(actual.dh, expected, rtol=0, atol=allowed * 5)


def test_pool_backward__equals_central_differences(rng: np.random.Generator) -> None:
    lengths = np.array([3, 0, 1])
    h = rng.standard_normal((3, 3, 4))
    dmean, dmaximum = rng.standard_normal((2, 3, h.shape[2]))

    def value() -> float:
        found = pool(h, lengths, dmean, dmaximum)
        return float((found.mean * dmean + found.maximum * dmaximum).sum())

    expected = central_differences(value, h)
    found = pool(h, lengths, dmean, dmaximum).dh
    np.testing.assert_allclose(found, expected, rtol=0, atol=TOLERANCE)


def test_pool_forward__tells_the_first_maximum_of_long_sequences() -> None:
    h = np.zeros((1, 3000, 4), np.float32)
    h[0, [2500, 2900]] = 1
    maximum = np.ones((1, h.shape[2]), np.float32)
    found = pool(h, np.array([3000]), np.zeros_like(maximum), maximum)
    assert np.flatnonzero(found.dh[0, :, 0]).tolist() == [2500]


@pytest.mark.parametrize("dtype", DTYPES)
def test_pooling__gives_the_same_bits_on_any_number_of_threads(
    dtype: str, rng: np.random.Generator
) -> None:
    lengths = rng.integers(0, 30, 50)
    h = rng.standard_normal((50, 30, 5)).astype(dtype)
    gradients = rng.standard_normal((2, 50, 5)).astype(dtype)
    with threads_limited_to(1):
        expected = pool(h, lengths, *gradients)
    with threads_limited_to(2):
        actual = pool(h, lengths, *gradients, n_workers=2)
    for found, wanted in zip(actual, expected, strict=True):
        assert_same_bits(found, wanted)
