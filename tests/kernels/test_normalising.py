from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastgru.kernels.normalising import (
    normalise_steps,
    normalise_steps_back,
    standardise,
    standardise_back,
    sum_steps,
)
from fastgru.kernels.workers import deal
from tests.comparing import assert_same_bits
from tests.problems import DTYPES
from tests.reference import around

EPSILON = 1e-5


def valid_steps(lengths: np.ndarray, n_steps: int) -> np.ndarray:
    return (np.arange(n_steps) < lengths[:, None]).reshape(-1)


problems = st.fixed_dictionaries(
    {
        "lengths": st.lists(st.integers(0, 6), max_size=7),
        "channels": st.integers(1, 37),
        "seed": st.integers(0, 2**16),
    }
)


def draw(problem: dict, dtype: str) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Lengths, and arrays whose steps past the end must not be read."""
    rng, lengths = np.random.default_rng(problem["seed"]), np.array(problem["lengths"], np.int64)
    shape = (len(lengths) * 6, problem["channels"])
    arrays = {name: rng.normal(1, 2, shape).astype(dtype) for name in ("z", "dy")}
    for array in arrays.values():
        array[~valid_steps(lengths, 6)] = np.nan
    arrays |= {name: rng.normal(size=shape[1]).astype(dtype) for name in ("weight", "bias")}
    return lengths, arrays


def allowed(dtype: str, channels: int, least_deviation: float = 1.0) -> float:
    return 50 * np.finfo(dtype).eps * channels / max(least_deviation, 1e-2)


def run_steps(lengths: np.ndarray, arrays: dict, n_workers: int = 1) -> list[np.ndarray]:
    z, dz = arrays["z"].copy(), arrays["dy"].copy()
    v, inverse = np.full_like(z, np.nan), np.full(len(z), np.nan, z.dtype)
    weight, bias = arrays["weight"], arrays["bias"]
    normalise_steps(deal(len(lengths), n_workers), 6, lengths, EPSILON, weight, bias, z, v, inverse)
    normalise_steps_back(deal(len(lengths), n_workers), 6, lengths, weight, v, inverse, dz)
    return [z, v, inverse, dz]


@pytest.mark.parametrize("dtype", DTYPES)
@given(problem=problems)
def test_normalise_steps__equals_reference(dtype: str, problem: dict) -> None:
    lengths, arrays = draw(problem, dtype)
    z, v, inverse, dz = run_steps(lengths, arrays)
    valid = valid_steps(lengths, 6)
    for array in (z, v, inverse, dz):
        assert np.isnan(array[~valid]).all()  # neither read nor written
    wide = {name: array.astype(np.float64) for name, array in arrays.items()}
    y, expected_v, deviation = around.normalise(
        wide["z"][valid], wide["weight"], wide["bias"], axis=1
    )
    expected_dz = around.normalise_gradient(
        wide["dy"][valid] * wide["weight"], expected_v, deviation, axis=1
    )
    bound = allowed(dtype, problem["channels"], deviation.min(initial=1.0) ** 2)
    np.testing.assert_allclose(v[valid], expected_v, rtol=0, atol=bound)
    np.testing.assert_allclose(z[valid], y, rtol=0, atol=5 * bound)
    np.testing.assert_allclose(inverse[valid, None] * deviation, 1, rtol=0, atol=bound)
    np.testing.assert_allclose(dz[valid] * deviation, expected_dz * deviation, atol=9 * bound)


@pytest.mark.parametrize("dtype", DTYPES)
@given(problem=problems)
def test_standardise__with_the_sums_of_a_batch_equals_reference(dtype: str, problem: dict) -> None:
    lengths, arrays = draw(problem, dtype)
    valid = valid_steps(lengths, 6)
    groups = np.array([0, len(lengths) // 2, len(lengths)])
    mean, inverse = (array.astype(dtype) for array in statistics(arrays["z"][valid]))
    z, dz, v = arrays["z"].copy(), arrays["dy"].copy(), np.full_like(arrays["z"], np.nan)
    standardise(
        deal(len(lengths), 1), 6, lengths, mean, inverse, arrays["weight"], arrays["bias"], z, v
    )
    sums, products = (np.zeros((2, z.shape[1]), dtype) for _ in range(2))
    zero = np.zeros(z.shape[1], dtype)
    sum_steps(deal(2, 1), 6, groups, lengths, zero, dz, v, sums, products)
    n_valid = max(1, valid.sum())
    means = (sums.sum(axis=0) / n_valid).astype(dtype), (products.sum(axis=0) / n_valid)
    scale = arrays["weight"] * inverse
    standardise_back(
        deal(len(lengths), 1), 6, lengths, scale, means[0], means[1].astype(dtype), v, dz
    )
    for array in (z, v, dz):
        assert np.isnan(array[~valid]).all()
    wide = {name: array.astype(np.float64) for name, array in arrays.items()}
    y, expected_v, deviation = around.normalise(
        wide["z"][valid], wide["weight"], wide["bias"], axis=0
    )
    expected_dz = around.normalise_gradient(
        wide["dy"][valid] * wide["weight"], expected_v, deviation, axis=0
    )
    bound = allowed(dtype, 42, deviation.min(initial=1.0) ** 2)
    np.testing.assert_allclose(v[valid], expected_v, rtol=0, atol=bound)
    np.testing.assert_allclose(z[valid], y, rtol=0, atol=5 * bound)
    np.testing.assert_allclose(dz[valid] * deviation, expected_dz * deviation, atol=9 * bound)


def statistics(z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    if not len(z):
        return np.zeros(z.shape[1]), np.ones(z.shape[1])
    return z.mean(axis=0, dtype=float), 1 / np.sqrt(z.var(axis=0, dtype=float) + EPSILON)


@pytest.mark.parametrize("dtype", DTYPES)
def test_kernels__leave_what_stands_past_the_end(dtype: str) -> None:
    lengths, arrays = draw({"lengths": [4, 0, 6, 1], "channels": 5, "seed": 1}, dtype)
    past = ~valid_steps(lengths, 6)
    for name in ("z", "dy"):
        arrays[name][past] = 7
    ones, bias = np.ones(5, dtype), arrays["bias"]
    z, v, inverse, dz = run_steps(lengths, arrays)
    other_z, other_dz, other_v = arrays["z"].copy(), arrays["dy"].copy(), np.full_like(v, np.nan)
    standardise(deal(len(lengths), 1), 6, lengths, bias, ones, ones, bias, other_z, other_v)
    standardise_back(deal(len(lengths), 1), 6, lengths, ones, bias, bias, other_v, other_dz)
    for written in (z, dz, other_z, other_dz):
        assert (written[past] == 7).all()
        assert not (written[~past] == 7).any()
    for fresh in (v, inverse, other_v):
        assert np.isnan(fresh[past]).all()


@pytest.mark.parametrize("dtype", DTYPES)
@given(problem=problems)
def test_sum_steps__sums_each_group(dtype: str, problem: dict) -> None:
    lengths, arrays = draw(problem, dtype)
    groups, valid = np.array([0, len(lengths) // 3, len(lengths)]), valid_steps(lengths, 6)
    sums, products = (np.zeros((2, problem["channels"]), dtype) for _ in range(2))
    p, q, shift = arrays["z"], arrays["dy"], arrays["bias"]
    sum_steps(deal(2, 1), 6, groups, lengths, shift, p, q, sums, products)
    for group, (first, last) in enumerate(pairwise(groups)):
        rows = np.flatnonzero(valid[: 6 * last])
        rows = rows[rows >= 6 * first]
        a, b = (array[rows].astype(float) - shift for array in (p, q))
        bound = 500 * np.finfo(dtype).eps
        np.testing.assert_allclose(sums[group], a.sum(axis=0), rtol=0, atol=bound)
        np.testing.assert_allclose(products[group], (a * b).sum(axis=0), rtol=0, atol=9 * bound)


@pytest.mark.parametrize("dtype", DTYPES)
def test_normalise_steps__gives_a_step_the_same_bits_wherever_it_stands(dtype: str) -> None:
    problem = {"lengths": [6, 2, 0, 5, 6, 1], "channels": 19, "seed": 3}
    lengths, arrays = draw(problem, dtype)
    together = run_steps(lengths, arrays, n_workers=2)
    for b in range(len(lengths)):
        rows = slice(6 * b, 6 * b + 6)
        own = {**arrays, "z": arrays["z"][rows], "dy": arrays["dy"][rows]}
        for found, alone in zip(together, run_steps(lengths[b : b + 1], own), strict=True):
            assert_same_bits(found[rows], alone)
