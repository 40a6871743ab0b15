from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastgru.kernels.microkernel import ROWS, lanes_of
from fastgru.kernels.pooling import pool_backward, pool_forward
from fastgru.layers.blocks import plan_blocks
from tests import reference
from tests.gradients import TOLERANCE, central_differences
from tests.gru_problems import DTYPES


class Pooled(NamedTuple):
    """By sequence (B, C), and the gradient of the states (B, T, C)."""

    mean: np.ndarray
    maximum: np.ndarray
    dh: np.ndarray


def pool(h: np.ndarray, lengths: np.ndarray, dmean: np.ndarray, dmaximum: np.ndarray) -> Pooled:
    """Pool h (B, T, C) forward and back by the kernels; C is a number of whole vectors."""
    blocks = plan_blocks(lengths, h.shape[1])
    blocked = np.full((blocks.n_rows, h.shape[2] + lanes_of(h.dtype)), np.nan, h.dtype)
    steps = [
        (block[0] + (t + 1) * ROWS + i, b, t)
        for block, sequences in zip(blocks.table, blocks.sequences, strict=True)
        for i, b in enumerate(sequences)
        for t in range(block[2 + i])
    ]
    for row, b, t in steps:
        blocked[row, : h.shape[2]] = h[b, t]
    shape = (blocks.n_blocks, ROWS, h.shape[2])
    mean, maximum, first = (np.full(shape, np.nan, h.dtype) for _ in range(3))
    pool_forward(blocks.table, blocked, mean, maximum, first)
    dblocked = np.full_like(blocked, np.nan)
    slots = [blocks.to_slots(gradient, h.shape[2]) for gradient in (dmean, dmaximum)]
    pool_backward(blocks.table, *slots, first, dblocked)
    dh = np.zeros_like(h)
    for row, b, t in steps:
        dh[b, t] = dblocked[row, : h.shape[2]]
    assert np.isnan(dblocked[:, h.shape[2] :]).all()
    return Pooled(*(blocks.from_slots(part, h.shape[2]) for part in (mean, maximum)), dh)


@pytest.mark.parametrize("dtype", DTYPES)
@given(
    lengths=st.lists(st.integers(0, 9), max_size=ROWS + 3),
    seed=st.integers(0, 2**16),
    levels=st.sampled_from([2, 1000]),
)
def test_pooling__equals_reference(dtype: str, lengths: list[int], seed: int, levels: int) -> None:
    rng = np.random.default_rng(seed)
    shape = (len(lengths), max(lengths, default=0) + 1, 2 * lanes_of(dtype))
    h = rng.integers(-levels, levels, shape).astype(dtype) / levels  # few levels: many equal maxima
    dmean, dmaximum = rng.standard_normal((2, shape[0], shape[2])).astype(dtype)
    steps = np.array(lengths, np.int64)
    actual = pool(h, steps, dmean, dmaximum)
    mean, maximum = reference.pool(h.astype(float), steps)
    allowed = 20 * np.finfo(dtype).eps
    np.testing.assert_allclose(actual.mean, mean, rtol=0, atol=allowed)
    np.testing.assert_array_equal(actual.maximum, maximum)
    expected = reference.pool_gradient(h, steps, dmean, dmaximum)
    np.testing.assert_allclose(actual.dh, expected, rtol=0, atol=allowed * 5)


def test_pool_backward__equals_central_differences(rng: np.random.Generator) -> None:
    lengths = np.array([3, 0, 1])
    h = rng.standard_normal((3, 3, lanes_of("float64")))
    dmean, dmaximum = rng.standard_normal((2, 3, h.shape[2]))

    def value() -> float:
        found = pool(h, lengths, dmean, dmaximum)
        return float((found.mean * dmean + found.maximum * dmaximum).sum())

    expected = central_differences(value, h)
    found = pool(h, lengths, dmean, dmaximum).dh
    np.testing.assert_allclose(found, expected, rtol=0, atol=TOLERANCE)


def test_pool_forward__tells_the_first_maximum_of_long_sequences() -> None:
    h = np.zeros((1, 3000, lanes_of("float32")), np.float32)
    h[0, [2500, 2900]] = 1
    maximum = np.ones((1, h.shape[2]), np.float32)
    found = pool(h, np.array([3000]), np.zeros_like(maximum), maximum)
    assert np.flatnonzero(found.dh[0, :, 0]).tolist() == [2500]
