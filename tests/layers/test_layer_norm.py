from __future__ import annotations

import numpy as np
import pytest

from fastgru.layers.layer_norm import EPSILON, normalise, normalise_gradient
from tests.comparing import assert_same_bits
from tests.gradients import TOLERANCE, central_differences
from tests.problems import DTYPES

V = np.random.default_rng(0).normal(2, 3, (2, 4, 7))


def test_normalise__gives_mean_zero_and_variance_one() -> None:
    values, inverse_deviation = normalise(V)
    np.testing.assert_allclose(values.mean(axis=-1), 0, atol=1e-15)
    variance = V.var(axis=-1, keepdims=True)
    np.testing.assert_allclose(values.var(axis=-1, keepdims=True), variance / (variance + EPSILON))
    np.testing.assert_allclose(inverse_deviation, (variance + EPSILON) ** -0.5)


def test_normalise__of_equal_numbers_is_zero() -> None:
    values, _ = normalise(np.full((1, 2, 1), 3.0))  # one unit: nothing to compare it with
    np.testing.assert_array_equal(values, 0)


def test_normalise_gradient__equals_central_differences() -> None:
    v, d = V.copy(), np.random.default_rng(1).standard_normal(V.shape)
    expected = central_differences(lambda: float((normalise(v).values * d).sum()), v)
    found = normalise_gradient(d, normalise(v))
    np.testing.assert_allclose(found, expected, rtol=0, atol=10 * TOLERANCE)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("hidden", [1, 7, 8, 9, 130, 600])
def test_normalise__treats_each_row_by_itself(hidden: int, dtype: str) -> None:
    v = np.random.default_rng(0).standard_normal((3, 11, hidden)).astype(dtype)
    whole = normalise(v)
    for gates, rows in ((slice(3), slice(1)), (slice(1, 2), slice(10, 11)), (slice(2), slice(5))):
        part = normalise(np.ascontiguousarray(v[gates, rows]))
        assert_same_bits(part.values, whole.values[gates, rows])
    assert whole.values.dtype == dtype
