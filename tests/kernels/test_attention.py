from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastgru._numba import threads_limited_to
from fastgru.kernels.attention import attention_backward, attention_forward
from fastgru.kernels.workers import deal
from tests.comparing import assert_same_bits
from tests.gradients import TOLERANCE, central_differences
from tests.problems import DTYPES
from tests.reference import around


class Attended(NamedTuple):
    """Weights (B, T), pooled (B, C), and the gradients of h (B, T, C) and, by sequence, of w."""

    attention: np.ndarray
    pooled: np.ndarray
    dh: np.ndarray
    dweight: np.ndarray


def attend(
    h: np.ndarray,
    lengths: np.ndarray,
    weight: np.ndarray,
    dpooled: np.ndarray,
    n_workers: int = 1,
    before: np.ndarray | None = None,
) -> Attended:
    """Pool h (B, T, C) forward and back by the kernels; the gradient is added to `before`."""
    attention, scratch = (np.full(h.shape[:2], np.nan, h.dtype) for _ in range(2))
    pooled, dweight = (np.full((len(h), h.shape[2]), np.nan, h.dtype) for _ in range(2))
    attention_forward(deal(len(h), n_workers), lengths, h, weight, attention, pooled)
    dh = np.full_like(h, np.nan) if before is None else before.copy()
    given = (lengths, h, weight, attention, dpooled)
    shares = deal(len(h), n_workers)
    attention_backward(shares, *given, scratch, dweight, dh, before is not None)
    past = np.arange(h.shape[1]) >= lengths[:, None]
    for array in (attention, dh) if before is None else (attention,):
        assert np.isnan(array[past]).all()  # written at valid steps alone
        array[past] = 0
    return Attended(attention, pooled, dh, dweight)


def reference(
    h: np.ndarray, lengths: np.ndarray, weight: np.ndarray, dpooled: np.ndarray
) -> Attended:
    attention, dh = np.zeros(h.shape[:2]), np.zeros(h.shape)
    pooled, dweight = np.zeros((2, len(h), h.shape[2]))
    for b, length in enumerate(lengths):
        states = h[b, :length].astype(float)
        attention[b, :length], pooled[b] = around.attend(states, weight.astype(float))
        dh[b, :length], dweight[b] = around.attend_gradient(
            states, weight.astype(float), dpooled[b].astype(float)
        )
    return Attended(attention, pooled, dh, dweight)


@pytest.mark.parametrize("dtype", DTYPES)
@given(
    lengths=st.lists(st.integers(0, 40), max_size=11),
    channels=st.integers(1, 40),
    seed=st.integers(0, 2**16),
)
def test_attention__equals_reference(
    dtype: str, lengths: list[int], channels: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    steps = np.array(lengths, np.int64)
    h = rng.uniform(-1, 1, (len(lengths), max(lengths, default=0) + 1, channels)).astype(dtype)
    weight = rng.standard_normal(channels).astype(dtype)
    dpooled = rng.standard_normal((len(lengths), channels)).astype(dtype)
    actual = attend(h, steps, weight, dpooled)
    expected = reference(h, steps, weight, dpooled)
    for name, found, wanted in zip(Attended._fields, actual, expected, strict=True):
        scale = np.finfo(dtype).eps * 50 * (1 + channels)
        np.testing.assert_allclose(found, wanted, rtol=0, atol=scale, err_msg=name)


def test_attention_backward__equals_central_differences(rng: np.random.Generator) -> None:
    lengths = np.array([3, 0, 1, 4])
    h = rng.standard_normal((4, 4, 3))
    weight, dpooled = rng.standard_normal(3), rng.standard_normal((4, 3))

    def value() -> float:
        return float((attend(h, lengths, weight, dpooled).pooled * dpooled).sum())

    found = attend(h, lengths, weight, dpooled)
    np.testing.assert_allclose(found.dh, central_differences(value, h), rtol=0, atol=TOLERANCE)
    expected = central_differences(value, weight)
    np.testing.assert_allclose(found.dweight.sum(axis=0), expected, rtol=0, atol=TOLERANCE)


def test_attention_backward__adds_to_what_is_there(rng: np.random.Generator) -> None:
    lengths = np.array([3, 0, 2])
    h, before = rng.standard_normal((2, 3, 4, 5))
    weight, dpooled = rng.standard_normal(5), rng.standard_normal((3, 5))
    alone = attend(h, lengths, weight, dpooled)
    added = attend(h, lengths, weight, dpooled, before=before)
    np.testing.assert_allclose(added.dh, before + alone.dh, rtol=0, atol=1e-14)
    assert_same_bits(added.dweight, alone.dweight)


@pytest.mark.parametrize("dtype", DTYPES)
@given(lengths=st.lists(st.integers(1, 40), min_size=1, max_size=5), seed=st.integers(0, 2**16))
def test_attention_forward__weights_are_shares(dtype: str, lengths: list[int], seed: int) -> None:
    rng = np.random.default_rng(seed)
    h = (100 * rng.standard_normal((len(lengths), max(lengths), 3))).astype(dtype)
    weight = (10 * rng.standard_normal(3)).astype(dtype)
    attention = attend(h, np.array(lengths), weight, np.zeros((len(lengths), 3), dtype)).attention
    assert (attention >= 0).all()
    np.testing.assert_allclose(attention.sum(axis=1), 1, rtol=0, atol=20 * np.finfo(dtype).eps)


@pytest.mark.parametrize("dtype", DTYPES)
def test_attention_forward__of_zero_is_the_mean(dtype: str, rng: np.random.Generator) -> None:
    lengths = np.array([7, 1, 0, 4])
    h = rng.standard_normal((4, 7, 5)).astype(dtype)
    pooled = attend(h, lengths, np.zeros(5, dtype), np.zeros((4, 5), dtype)).pooled
    mean, _ = around.pool(h.astype(float), lengths)
    np.testing.assert_allclose(pooled, mean, rtol=0, atol=10 * np.finfo(dtype).eps)


@pytest.mark.parametrize("dtype", DTYPES)
def test_attention__does_not_overflow(dtype: str) -> None:
    # scores of 0 and +-1e30: the softmax is that of the largest alone
    h = np.array([[[0.0], [1e15], [-1e15]]], dtype)
    found = attend(h, np.array([3]), np.array([1e15], dtype), np.ones((1, 1), dtype))
    np.testing.assert_allclose(found.attention, [[0, 1, 0]], rtol=0, atol=np.finfo(dtype).tiny * 3)
    assert all(np.isfinite(array).all() for array in found)


@pytest.mark.parametrize("at", [0, 1, 3])
def test_attention_forward__hides_no_nan(at: int) -> None:
    h = np.ones((2, 5, 2), np.float32)
    h[0, at, 1] = np.nan
    weight = np.ones(2, np.float32)
    found = attend(h, np.array([5, 5]), weight, np.zeros((2, 2), np.float32))
    assert np.isnan(found.attention).all(axis=1).tolist() == [True, False]
    assert np.isnan(found.pooled).all(axis=1).tolist() == [True, False]
    assert not np.isnan(found.attention[1]).any()


@pytest.mark.parametrize("dtype", DTYPES)
@given(length=st.integers(0, 40), beside=st.integers(0, 30), seed=st.integers(0, 2**16))
def test_attention__of_a_sequence_does_not_depend_on_its_batch(
    dtype: str, length: int, beside: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    lengths = np.array([beside, length])
    h = rng.standard_normal((2, max(length, beside) + 3, 7)).astype(dtype)
    weight, dpooled = (
        rng.standard_normal(7).astype(dtype),
        rng.standard_normal((2, 7)).astype(dtype),
    )
    together = attend(h, lengths, weight, dpooled)
    alone = attend(h[1:, :length].copy(), lengths[1:], weight, dpooled[1:])
    for name, found, wanted in zip(Attended._fields, together, alone, strict=True):
        row = found[1, :length] if name in ("attention", "dh") else found[1]
        assert_same_bits(row, wanted[0], name)


@pytest.mark.parametrize("dtype", DTYPES)
def test_attention__gives_the_same_bits_on_any_number_of_threads(
    dtype: str, rng: np.random.Generator
) -> None:
    lengths = rng.integers(0, 30, 50)
    h = rng.standard_normal((50, 30, 5)).astype(dtype)
    weight, dpooled = (
        rng.standard_normal(5).astype(dtype),
        rng.standard_normal((50, 5)).astype(dtype),
    )
    with threads_limited_to(1):
        expected = attend(h, lengths, weight, dpooled)
    with threads_limited_to(2):
        actual = attend(h, lengths, weight, dpooled, n_workers=2)
    for found, wanted in zip(actual, expected, strict=True):
        assert_same_bits(found, wanted)
