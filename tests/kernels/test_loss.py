from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastgru.kernels.loss import softmax, softmax_cross_entropy
from tests.gradients import TOLERANCE, central_differences
from tests.problems import DTYPES
from tests.reference import around


@st.composite
def batches(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Logits (B, K), targets and weights, exact in float32."""
    n, k = draw(st.integers(1, 6)), draw(st.integers(1, 5))
    rng = np.random.default_rng(draw(st.integers(0, 2**16)))
    scale = draw(st.sampled_from([0.0, 1.0, 30.0, 3000.0]))
    logits = (scale * rng.standard_normal((n, k))).astype(np.float32).astype(np.float64)
    weights = rng.uniform(0, 2, n) * (rng.uniform(0, 1, n) < 0.8)
    weights[0] = 1
    return logits, rng.integers(0, k, n), weights


PLAIN = (0.0, 0.0)


@pytest.mark.parametrize("dtype", DTYPES)
@given(batch=batches(), shape=st.sampled_from([PLAIN, (0.1, 0.0), (0.0, 2.0), (0.3, 0.5)]))
def test_softmax_cross_entropy__equals_reference(
    dtype: str,
    batch: tuple[np.ndarray, np.ndarray, np.ndarray],
    shape: tuple[float, float],
) -> None:
    logits, targets, weights = batch
    expected_loss, expected = around.cross_entropy(*batch, *shape)
    actual = np.empty(logits.shape, dtype)
    loss = softmax_cross_entropy(logits.astype(dtype), targets, weights, *shape, actual)
    # Rounding the difference of two logits of size s changes its exponential by eps * s.
    eps = np.finfo(dtype).eps * (4 + np.abs(logits).max())
    np.testing.assert_allclose(loss, expected_loss, rtol=0, atol=eps * 2)
    np.testing.assert_allclose(actual, expected, rtol=0, atol=eps)
    np.testing.assert_allclose(actual.sum(axis=1), 0, atol=eps)


@pytest.mark.parametrize("dtype", DTYPES)
@given(batch=batches())
def test_softmax__equals_reference(
    dtype: str, batch: tuple[np.ndarray, np.ndarray, np.ndarray]
) -> None:
    logits = batch[0]
    actual = np.empty(logits.shape, dtype)
    softmax(logits.astype(dtype), actual)
    eps = np.finfo(dtype).eps * (4 + np.abs(logits).max())
    np.testing.assert_allclose(actual, around.softmax(logits), rtol=0, atol=eps)
    assert ((actual >= 0) & (actual <= 1)).all()


@pytest.mark.parametrize("shape", [PLAIN, (0.2, 0.0), (0.0, 2.0), (0.1, 0.7)])
def test_softmax_cross_entropy__has_the_gradient_of_central_differences(
    rng: np.random.Generator, shape: tuple[float, float]
) -> None:
    logits, targets = rng.standard_normal((5, 3)), np.array([0, 2, 1, 1, 0])
    weights, found = np.array([1.0, 2.0, 0.0, 0.5, 1.0]), np.empty((5, 3))
    softmax_cross_entropy(logits, targets, weights, *shape, found)

    def value() -> float:
        return softmax_cross_entropy(logits, targets, weights, *shape, np.empty((5, 3)))

    expected = central_differences(value, logits)
    np.testing.assert_allclose(found, expected, rtol=0, atol=TOLERANCE)
    assert not found[2].any()  # a sequence without weight


@pytest.mark.parametrize("dtype", DTYPES)
def test_softmax_cross_entropy__does_not_overflow(dtype: str) -> None:
    logits = np.array([[1e30, -1e30, 0.0], [-1e30, 0.0, 1.0]], dtype)
    gradient = np.empty_like(logits)
    loss = softmax_cross_entropy(logits, np.array([0, 1]), np.ones(2), *PLAIN, gradient)
    assert loss == pytest.approx(np.log1p(np.e) / 2, rel=1e-6)
    assert np.isfinite(gradient).all()


def test_softmax_cross_entropy__shows_a_nan() -> None:
    logits = np.array([[0.0, np.nan]])
    gradient = np.empty_like(logits)
    assert np.isnan(softmax_cross_entropy(logits, np.array([0]), np.ones(1), *PLAIN, gradient))
