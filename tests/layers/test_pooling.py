from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastgru._numba import threads_limited_to
from fastgru.layers.pooling import Pooling
from tests.comparing import assert_same_bits
from tests.gradients import TOLERANCE, central_differences
from tests.problems import DTYPES
from tests.reference import around

POOLINGS = ("last", "mean", "max")
CHOSEN = [names for size in (1, 2, 3) for names in permutations(POOLINGS, size)]
LENGTHS = np.array([3, 0, 4, 1])


def make_states(
    rng: np.random.Generator, lengths: np.ndarray = LENGTHS, dtype: str = "float64"
) -> tuple[np.ndarray, np.ndarray]:
    """States of all steps (B, T, C) and final ones (2, B, C / 2)."""
    shape = (len(lengths), int(lengths.max(initial=0)), 6)
    y, last = rng.standard_normal(shape), rng.standard_normal((2, shape[0], 3))
    return y.astype(dtype), last.astype(dtype)


@pytest.mark.parametrize("names", CHOSEN, ids="+".join)
def test_forward__puts_the_poolings_side_by_side(
    names: tuple[str, ...], rng: np.random.Generator
) -> None:
    y, last = make_states(rng)
    pooling = Pooling(names, 6)
    mean, most = around.pool(y, LENGTHS)
    pooled = {"last": np.hstack(list(last)), "mean": mean, "max": most}
    features = pooling.forward(y, last, LENGTHS)
    assert features.shape == (len(LENGTHS), pooling.output_size)
    expected = np.hstack([pooled[name] for name in names])
    np.testing.assert_allclose(features, expected, rtol=0, atol=1e-14)


@pytest.mark.parametrize("names", CHOSEN, ids="+".join)
def test_backward__equals_central_differences(
    names: tuple[str, ...], rng: np.random.Generator
) -> None:
    y, last = make_states(rng)
    pooling = Pooling(names, 6)
    dfeatures = rng.standard_normal((len(LENGTHS), pooling.output_size))
    steps = y if pooling.needs_steps else None

    def value() -> float:
        features = pooling.forward(steps, last, LENGTHS)
        return float((features * dfeatures).sum())

    value()
    dy, d_last = pooling.backward(dfeatures)
    np.testing.assert_allclose(d_last, central_differences(value, last), rtol=0, atol=TOLERANCE)
    if not pooling.needs_steps:
        assert dy is None
        return
    assert dy is not None
    valid = np.arange(y.shape[1]) < LENGTHS[:, None]
    expected = central_differences(value, y)
    np.testing.assert_allclose(dy[valid], expected[valid], rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("names", CHOSEN, ids="+".join)
def test_needs_steps__unless_the_last_state_is_all(names: tuple[str, ...]) -> None:
    assert Pooling(names, 6).needs_steps == (names != ("last",))


@pytest.mark.parametrize("dtype", DTYPES)
@given(lengths=st.lists(st.integers(0, 30), min_size=2, max_size=40), seed=st.integers(0, 2**16))
def test_pooling__gives_the_same_bits_on_any_number_of_threads(
    dtype: str, lengths: list[int], seed: int
) -> None:
    rng = np.random.default_rng(seed)
    steps = np.array(lengths)
    y, last = make_states(rng, steps, dtype)
    dfeatures = rng.standard_normal((len(steps), 3 * 6)).astype(dtype)
    found = []
    for threads in (1, 2):
        pooling = Pooling(POOLINGS, 6)
        with threads_limited_to(threads):
            features = pooling.forward(y, last, steps)
            dy, _ = pooling.backward(dfeatures)
        assert dy is not None
        dy[np.arange(y.shape[1]) >= steps[:, None]] = 0
        found.append((features, dy))
    for one, two in zip(*found, strict=True):
        assert_same_bits(two, one)
