from __future__ import annotations

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from fastgru.layers.initializers import glorot_uniform, orthogonal


@pytest.mark.parametrize(("fan_out", "fan_in"), [(1, 1), (40, 10), (64, 300)])
def test_glorot_uniform__fills_its_range(
    fan_out: int, fan_in: int, rng: np.random.Generator
) -> None:
    weight = glorot_uniform(rng, fan_out, fan_in)
    bound = np.sqrt(6 / (fan_out + fan_in))
    assert weight.shape == (fan_out, fan_in)
    assert np.abs(weight).max() <= bound
    if weight.size > 100:
        assert weight.var() == pytest.approx(bound**2 / 3, rel=0.15)
        assert np.abs(weight).max() > 0.95 * bound


@pytest.mark.parametrize("size", [1, 2, 17, 64])
def test_orthogonal__keeps_lengths(size: int, rng: np.random.Generator) -> None:
    weight = orthogonal(rng, size)
    np.testing.assert_allclose(weight @ weight.T, np.eye(size), rtol=0, atol=1e-13)


def test_orthogonal__is_uniformly_distributed(rng: np.random.Generator) -> None:
    # Without the correction of signs the first element would never be positive.
    firsts = np.array([orthogonal(rng, 2)[0, 0] for _ in range(400)])
    assert firsts.mean() == pytest.approx(0, abs=0.15)
    assert (firsts**2).mean() == pytest.approx(0.5, abs=0.08)


def test_orthogonal__gives_the_same_bits_whatever_threads_there_are() -> None:
    expected = orthogonal(np.random.default_rng(0), 200)
    with threadpool_limits(2, user_api="blas"):
        actual = orthogonal(np.random.default_rng(0), 200)
    np.testing.assert_array_equal(actual, expected)
