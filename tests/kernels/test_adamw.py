from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fastgru.kernels.adamw import adamw_update, sum_of_squares
from fastgru.kernels.registers import lanes_of
from tests.problems import DTYPES
from tests.reference import around

OPTIONS = {"learning_rate": 3e-2, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8}


def update(
    weight: np.ndarray,
    gradient: np.ndarray,
    decay: np.ndarray,
    state: Any,
    step: int,
    scale: float = 1.0,
) -> None:
    adamw_update(weight, gradient, scale, decay, *state, step, *OPTIONS.values())


@pytest.mark.parametrize("dtype", DTYPES)
def test_adamw_update__equals_the_textbook_for_100_steps(
    dtype: str, rng: np.random.Generator
) -> None:
    size = 5 * lanes_of(dtype)
    weight = rng.standard_normal(size).astype(dtype)
    decay = rng.choice([0.0, 0.1], size).astype(dtype)
    state = around.Adam(np.zeros(size, dtype), np.zeros(size, dtype))
    expected, expected_state = weight.astype(float), around.Adam(np.zeros(size), np.zeros(size))
    for step in range(1, 101):
        gradient = (weight - 1 + rng.standard_normal(size)).astype(dtype)
        update(weight, gradient, decay, state, step)
        expected, expected_state = around.adamw_step(
            *(expected, gradient.astype(float), expected_state, step),
            decay=decay.astype(float),
            **OPTIONS,
        )
        # A step moves a weight by about the learning rate, with a relative error of some 20 eps.
        allowed = step * 20 * np.finfo(dtype).eps
        np.testing.assert_allclose(weight, expected, rtol=0, atol=allowed)
    np.testing.assert_allclose(state.m, expected_state.m, rtol=0, atol=100 * np.finfo(dtype).eps)
    np.testing.assert_allclose(state.v, expected_state.v, rtol=1e3 * np.finfo(dtype).eps)


@pytest.mark.parametrize("dtype", DTYPES)
def test_adamw_update__scales_the_gradient(dtype: str, rng: np.random.Generator) -> None:
    size = lanes_of(dtype)
    gradient, decay = rng.standard_normal(size).astype(dtype), np.zeros(size, dtype)
    clipped, scaled = np.zeros(size, dtype), np.zeros(size, dtype)
    update(clipped, gradient, decay, np.zeros((2, size), dtype), 1, scale=0.25)
    update(scaled, gradient * gradient.dtype.type(0.25), decay, np.zeros((2, size), dtype), 1)
    np.testing.assert_array_equal(clipped, scaled)


@pytest.mark.parametrize("dtype", DTYPES)
def test_adamw_update__leaves_weights_alone_without_gradient_and_decay(
    dtype: str, rng: np.random.Generator
) -> None:
    size = 3 * lanes_of(dtype)
    weight, zero = rng.standard_normal(size).astype(dtype), np.zeros(size, dtype)
    before = weight.copy()
    for step in range(1, 4):
        update(weight, zero, zero, np.zeros((2, size), dtype), step)
    np.testing.assert_array_equal(weight, before)


@pytest.mark.parametrize("dtype", DTYPES)
def test_sum_of_squares__is_taken_in_double_precision(dtype: str) -> None:
    values = np.array([1e25, -1e25, 3.0, 1e-30], dtype)
    assert sum_of_squares(values) == pytest.approx(2e50, rel=1e-6)
    assert sum_of_squares(np.full(4, 1e-25, dtype)) == pytest.approx(4e-50, rel=1e-6)
    assert sum_of_squares(np.zeros(0, dtype)) == 0
    assert np.isnan(sum_of_squares(np.array([1.0, np.nan], dtype)))
